//! The resident memory of this process, sampled over time.
//!
//! In the first half everything fills up that may: caches, the replay store, the allocator's own. From then on it must not
//! grow, but for what an allocator may.

use std::fmt;
use std::time::{Duration, Instant};

use tokio::time::sleep;

const SAMPLE: Duration = Duration::from_millis(250);
/// What may come on top of what there was: a tenth, and 8 MiB.
const GROWTH_PERCENT: u64 = 10;
const GROWTH_KIB: u64 = 8 * 1024;

/// The largest values, in KiB, soon after half of the time and at the end; `None` where they cannot be had.
pub(crate) struct Memory {
    at_half: Option<u64>,
    at_end: Option<u64>,
}

impl Memory {
    pub(crate) async fn watch(duration: Duration) -> Self {
        let start = Instant::now();
        let largest = async |from: f64, to: f64| {
            let (from, to) = (duration.mul_f64(from), duration.mul_f64(to));
            sleep(from.saturating_sub(start.elapsed())).await;
            let mut largest = None;
            while start.elapsed() < to {
                largest = largest.max(resident_kib());
                sleep(SAMPLE).await;
            }
            largest
        };
        Self { at_half: largest(0.5, 0.65).await, at_end: largest(0.85, 0.98).await }
    }

    /// What is wrong with it, if it grew.
    pub(crate) fn fault(&self) -> Option<String> {
        let most = bound(self.at_half?);
        (self.at_end? > most).then(|| format!("the memory grew beyond {} MiB: {self}", most / 1024))
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.at_half, self.at_end) {
            (Some(half), Some(end)) => write!(
                formatter,
                "memory {} MiB at half and {} MiB at the end (at most {} MiB)",
                half / 1024,
                end / 1024,
                bound(half) / 1024
            ),
            _ => write!(formatter, "memory not measured on this system"),
        }
    }
}

const fn bound(kib: u64) -> u64 {
    kib + kib * GROWTH_PERCENT / 100 + GROWTH_KIB
}

fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
