//! Medians: what the measurements of one case come to.

use fapi_core::jose::Algorithm;

use crate::{Case, Pair, Scenario};

/// One line of the table.
#[derive(Debug)]
pub struct Row {
    /// What the calls are called.
    pub name: String,
    /// The algorithm of their floor.
    pub algorithm: Algorithm,
    /// How many raw verifications are their floor.
    pub floor: u32,
    /// How many times that floor they may cost.
    pub target: Option<f64>,
    /// Nanoseconds of a call.
    pub call: Quartiles,
    /// Nanoseconds of a raw verification.
    pub raw: Quartiles,
    /// How many times its floor a call costs.
    pub ratio: Quartiles,
}

impl Row {
    /// What `scenario` has measured of `case`.
    #[must_use]
    pub fn new(case: &Case, scenario: &Scenario) -> Self {
        let (pairs, floor) = (scenario.pairs(), f64::from(case.floor));
        let each = |value: fn(&Pair) -> f64| Quartiles::of(pairs.iter().map(value));
        Self {
            name: case.name.clone(),
            algorithm: case.algorithm,
            floor: case.floor,
            target: case.target,
            call: each(|pair| pair.call),
            raw: each(|pair| pair.raw),
            ratio: Quartiles::of(pairs.iter().map(|pair| pair.call / (floor * pair.raw))),
        }
    }
}

/// The middle half of some measurements.
#[derive(Clone, Copy, Debug)]
pub struct Quartiles {
    /// A quarter is below.
    pub lower: f64,
    /// Half are below.
    pub median: f64,
    /// A quarter is above.
    pub upper: f64,
}

impl Quartiles {
    /// The quartiles of `values`; not a number if there are none.
    #[must_use]
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_unstable_by(f64::total_cmp);
        let at = |quarters: usize| {
            let index = values.len().saturating_sub(1).saturating_mul(quarters) / 4;
            values.get(index).copied().unwrap_or(f64::NAN)
        };
        Self { lower: at(1), median: at(2), upper: at(3) }
    }
}
