//! What was measured, and what it should be.

use fapi_benches::{Quartiles, Row};

/// All figures of one run.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) quick: bool,
    pub(crate) figures: Vec<Figure>,
    /// Calls beside their floor, for the bars.
    pub(crate) rows: Vec<Row>,
    /// (remembered proofs, nanoseconds of an insert)
    pub(crate) inserts: Vec<(u64, f64)>,
    /// Latencies of an answer, by service.
    pub(crate) latencies: Vec<Latencies>,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) what: String,
    pub(crate) target: Target,
    pub(crate) value: f64,
    pub(crate) unit: Unit,
    /// Absolute values, for this machine only.
    pub(crate) detail: String,
}

/// What a figure should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
}

/// What a figure counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    /// Times its floor.
    Ratio,
    Microseconds,
    Bytes,
    Allocations,
}

/// Microseconds until an answer, sorted.
#[derive(Debug)]
pub(crate) struct Latencies {
    pub(crate) service: &'static str,
    pub(crate) sorted: Vec<f64>,
}

impl Report {
    pub(crate) fn new(machine: String, quick: bool) -> Self {
        let (figures, rows, inserts, latencies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { machine, quick, figures, rows, inserts, latencies }
    }

    pub(crate) fn add(
        &mut self,
        what: impl Into<String>,
        target: Target,
        value: f64,
        unit: Unit,
        detail: impl Into<String>,
    ) {
        self.figures.push(Figure { what: what.into(), target, value, unit, detail: detail.into() });
    }
}

impl Figure {
    pub(crate) fn is_met(&self) -> bool {
        match self.target {
            Target::AtMost(most) => self.value <= most,
            Target::AtLeast(least) => self.value >= least,
        }
    }

    pub(crate) fn value_text(&self) -> String {
        self.unit.text(self.value)
    }

    pub(crate) fn target_text(&self) -> String {
        match self.target {
            Target::AtMost(most) => format!("≤ {}", self.unit.target(most)),
            Target::AtLeast(least) => format!("≥ {}", self.unit.target(least)),
        }
    }

    pub(crate) fn verdict(&self) -> &'static str {
        if self.is_met() { "met" } else { "missed" }
    }
}

impl Unit {
    fn text(self, value: f64) -> String {
        match self {
            Self::Ratio => format!("{value:.3}"),
            Self::Microseconds => format!("{value:.2} µs"),
            Self::Bytes => format!("{value:.1} B"),
            Self::Allocations => format!("{value:.0}"),
        }
    }

    fn target(self, value: f64) -> String {
        match self {
            Self::Ratio => format!("{value:.2}"),
            Self::Microseconds => format!("{value} µs"),
            Self::Bytes => format!("{value} B"),
            Self::Allocations => format!("{value}"),
        }
    }
}

impl Latencies {
    pub(crate) fn new(service: &'static str, mut microseconds: Vec<f64>) -> Self {
        microseconds.sort_unstable_by(f64::total_cmp);
        Self { service, sorted: microseconds }
    }

    /// The latency that this part of the answers, from 0 to 1, does not exceed.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part from 0 to 1")]
    pub(crate) fn percentile(&self, part: f64) -> f64 {
        let index = (self.sorted.len().saturating_sub(1) as f64 * part) as usize;
        self.sorted.get(index).copied().unwrap_or(f64::NAN)
    }
}

/// The median of some values.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    Quartiles::of(values.into_iter()).median
}

/// Nanoseconds as microseconds, in words.
pub(crate) fn microseconds(nanoseconds: f64) -> String {
    format!("{:.2} µs", nanoseconds / 1000.0)
}
