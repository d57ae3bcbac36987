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
    /// Calls a second beside those of one thread, by the number of threads.
    pub(crate) scaling: Vec<Curve>,
    /// Nanoseconds of an insert, by the number of remembered proofs.
    pub(crate) inserts: Vec<Curve>,
    /// Latencies of an answer, by service.
    pub(crate) latencies: Vec<Latencies>,
}

/// The points of one line of a plot.
#[derive(Debug)]
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) what: String,
    /// What it is one of, for a table that shows only the worst of each group.
    pub(crate) group: Option<&'static str>,
    pub(crate) target: Target,
    pub(crate) value: f64,
    pub(crate) unit: Unit,
    /// Absolute values, for this machine only.
    pub(crate) detail: String,
    /// Whether the measurement says anything about the target.
    pub(crate) judged: bool,
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

/// What comes of a figure and its target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// Something else than what the target is about has limited the measurement.
    NotJudged,
}

/// Microseconds until an answer, sorted.
#[derive(Debug)]
pub(crate) struct Latencies {
    pub(crate) service: &'static str,
    pub(crate) sorted: Vec<f64>,
}

impl Report {
    pub(crate) const fn new(machine: String, quick: bool) -> Self {
        Self {
            machine,
            quick,
            figures: Vec::new(),
            rows: Vec::new(),
            scaling: Vec::new(),
            inserts: Vec::new(),
            latencies: Vec::new(),
        }
    }

    pub(crate) fn add(
        &mut self,
        what: impl Into<String>,
        target: Target,
        value: f64,
        unit: Unit,
        detail: impl Into<String>,
    ) {
        let (what, detail) = (what.into(), detail.into());
        self.figures.push(Figure { what, group: None, target, value, unit, detail, judged: true });
    }

    /// How many figures have this verdict.
    pub(crate) fn count(&self, verdict: Verdict) -> usize {
        self.figures.iter().filter(|figure| figure.verdict() == verdict).count()
    }
}

impl Figure {
    pub(crate) fn verdict(&self) -> Verdict {
        let met = match self.target {
            Target::AtMost(most) => self.value <= most,
            Target::AtLeast(least) => self.value >= least,
        };
        match (self.judged, met) {
            (false, _) => Verdict::NotJudged,
            (true, true) => Verdict::Met,
            (true, false) => Verdict::Missed,
        }
    }

    pub(crate) const fn is_memory(&self) -> bool {
        matches!(self.unit, Unit::Bytes)
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
}

impl Verdict {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::NotJudged => "not judged",
        }
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

/// A number with separated thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
