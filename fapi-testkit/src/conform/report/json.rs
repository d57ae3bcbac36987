//! The report as JSON, for programs.

use super::Report;

/// The whole report as indented JSON.
///
/// # Panics
/// Never: a report has no maps with keys that are not text.
#[must_use]
pub fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("a report can be written as JSON")
}
