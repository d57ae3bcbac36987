//! The clock and NumericDate (RFC 7519 §2).

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// The largest time in seconds that a double holds exactly.
const MAX: f64 = 9_007_199_254_740_992.0;

/// The time of one request.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    /// Seconds since 1970.
    pub(super) now: f64,
    /// How many requests came before.
    pub(super) requests: f64,
}

impl Clock {
    pub(super) fn read(requests: u32) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self { now: now.as_secs_f64(), requests: f64::from(requests) }
    }
}

// P1: a number of seconds that arithmetic cannot make wrap or vanish.
pub(super) fn numeric_date(value: &Value, also_text: bool) -> Option<f64> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) if also_text => text.parse().ok()?,
        _ => return None,
    };
    (0.0..=MAX).contains(&seconds).then_some(seconds)
}
