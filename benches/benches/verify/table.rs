//! The comparison at the end of a run: each case beside its floor, measured in the same run.

use std::collections::BTreeMap;

use comfy_table::Table;
use fapi_benches::{Row, TURN};
use fapi_core::jose::Algorithm;

fn cells(row: &Row) -> [String; 6] {
    let floor = if row.floor == 1 { String::new() } else { format!("{} x ", row.floor) };
    let [target, verdict] = match row.target {
        None => ["".to_owned(), "".to_owned()],
        Some(target) if row.ratio.median <= target => [format!("{target:.2}"), "met".to_owned()],
        Some(target) => [format!("{target:.2}"), "MISSED".to_owned()],
    };
    [
        row.name.clone(),
        microseconds(row.call.median),
        format!("{floor}{} {}", microseconds(row.raw.median), row.algorithm),
        format!("{:.3} ({:.3}..{:.3})", row.ratio.median, row.ratio.lower, row.ratio.upper),
        target,
        verdict,
    ]
}

fn microseconds(nanoseconds: f64) -> String {
    format!("{:.2} µs", nanoseconds / 1000.0)
}

/// Prints the rows, and how noisy the machine was.
#[allow(clippy::print_stdout, reason = "the table is what the program is for")]
pub(crate) fn print(rows: &[Row]) {
    let mut table = Table::new();
    table.set_header(["verify", "time", "floor: raw verification", "ratio (middle half)", "target", ""]);
    for row in rows {
        table.add_row(cells(row));
    }
    println!("\n{table}");
    println!(
        "Times and ratios are medians of turns of {TURN} calls, each beside {TURN} raw verifications of aws-lc-rs."
    );
    for (algorithm, [least, most]) in drift(rows) {
        println!(
            "Noise: the raw {algorithm} verification took {} to {} from row to row ({:+.1} %).",
            microseconds(least),
            microseconds(most),
            (most / least - 1.0) * 100.0
        );
    }
}

/// The least and the greatest median of each raw verification, which should be the same in all rows.
fn drift(rows: &[Row]) -> BTreeMap<Algorithm, [f64; 2]> {
    let mut ranges = BTreeMap::new();
    for row in rows {
        let [least, most] = ranges.entry(row.algorithm).or_insert([f64::INFINITY, 0.0]);
        *least = row.raw.median.min(*least);
        *most = row.raw.median.max(*most);
    }
    ranges
}
