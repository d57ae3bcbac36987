//! The comparison at the end of a run: each case beside its floor, measured in the same run.

use std::collections::BTreeMap;

use comfy_table::Table;
use fapi_core::jose::Algorithm;

use crate::paired::{Pair, TURN};

/// One line of the table.
pub(crate) struct Row {
    name: &'static str,
    algorithm: Algorithm,
    floor: u32,
    aim: Option<f64>,
    call: Quartiles,
    raw: Quartiles,
    ratio: Quartiles,
}

/// The middle half of some measurements.
#[derive(Clone, Copy)]
struct Quartiles {
    lower: f64,
    median: f64,
    upper: f64,
}

impl Row {
    /// The medians of `pairs`, where `floor` raw verifications are the floor of one call.
    pub(crate) fn new(
        name: &'static str,
        algorithm: Algorithm,
        floor: u32,
        aim: Option<f64>,
        pairs: &[Pair],
    ) -> Self {
        Self {
            name,
            algorithm,
            floor,
            aim,
            call: Quartiles::of(pairs.iter().map(|pair| pair.call)),
            raw: Quartiles::of(pairs.iter().map(|pair| pair.raw)),
            ratio: Quartiles::of(pairs.iter().map(|pair| pair.call / (f64::from(floor) * pair.raw))),
        }
    }

    fn cells(&self) -> [String; 6] {
        let floor = if self.floor == 1 { String::new() } else { format!("{} x ", self.floor) };
        let [aim, verdict] = match self.aim {
            None => ["".to_owned(), "".to_owned()],
            Some(aim) if self.ratio.median <= aim => [format!("{aim:.2}"), "met".to_owned()],
            Some(aim) => [format!("{aim:.2}"), "MISSED".to_owned()],
        };
        [
            self.name.to_owned(),
            microseconds(self.call.median),
            format!("{floor}{} {}", microseconds(self.raw.median), self.algorithm),
            format!("{:.3} ({:.3}..{:.3})", self.ratio.median, self.ratio.lower, self.ratio.upper),
            aim,
            verdict,
        ]
    }
}

impl Quartiles {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_unstable_by(f64::total_cmp);
        let at = |quarters: usize| {
            let index = values.len().saturating_sub(1).saturating_mul(quarters) / 4;
            values.get(index).copied().unwrap_or(f64::NAN)
        };
        Self { lower: at(1), median: at(2), upper: at(3) }
    }
}

fn microseconds(nanoseconds: f64) -> String {
    format!("{:.2} µs", nanoseconds / 1000.0)
}

/// Prints the rows, and how noisy the machine was.
#[allow(clippy::print_stdout, reason = "the table is what the program is for")]
pub(crate) fn print(rows: &[Row]) {
    let mut table = Table::new();
    table.set_header(["verify", "time", "floor: raw verification", "ratio (middle half)", "aim", ""]);
    for row in rows {
        table.add_row(row.cells());
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
