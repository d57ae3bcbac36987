//! The machine on which was measured, since no time means anything without it.

use std::fs;

/// The processor, its cores and the compiler's target.
pub(crate) fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("unknown processor", |(_, model)| model.trim());
    format!("{model}, {cores} cores, {} {}", std::env::consts::OS, std::env::consts::ARCH)
}

/// The memory of this process that is in use, in bytes; not a number where that cannot be found out.
pub(crate) fn resident_bytes() -> f64 {
    const PAGE: f64 = 4096.0;
    let pages = fs::read_to_string("/proc/self/statm").ok();
    let resident = pages.and_then(|pages| pages.split_whitespace().nth(1)?.parse::<f64>().ok());
    resident.map_or(f64::NAN, |pages| pages * PAGE)
}
