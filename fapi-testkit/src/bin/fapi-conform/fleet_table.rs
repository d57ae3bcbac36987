//! How a fleet stands, for a terminal.

use std::cmp::Reverse;
use std::time::Duration;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use fapi_testkit::conform::fleet::{Standing, State};

/// One row for each API, the worst first.
pub(crate) fn table(standings: &[Standing]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header([
            "API",
            "result",
            "attacks refused",
            "honest accepted",
            "failed",
            "skipped",
            "worst",
            "took",
        ]);
    let mut rows: Vec<&Standing> = standings.iter().collect();
    rows.sort_by_key(|standing| Reverse(standing.state()));
    for standing in rows {
        table.add_row(row(standing));
    }
    table
}

fn row(standing: &Standing) -> Vec<Cell> {
    let state = standing.state();
    let result = match standing.obstacle() {
        Some(why) => format!("could not test: {why}"),
        None => state.name().to_owned(),
    };
    let attempt = standing.last.as_ref();
    let counts = match attempt.and_then(|attempt| attempt.result.as_deref().ok()) {
        Some(report) => {
            let summary = &report.summary;
            let [failed, skipped] = [summary.failed, summary.skipped].map(|count| count.to_string());
            [summary.attacks.to_string(), summary.acceptances.to_string(), failed, skipped]
        }
        None => Default::default(),
    };
    let worst = if let State::Failed(severity) = state { severity.name() } else { "" };
    let took = attempt.map(|attempt| seconds(attempt.duration)).unwrap_or_default();
    let number = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let mut cells = vec![Cell::new(&standing.name), Cell::new(result)];
    cells.extend(counts.map(number));
    cells.extend([Cell::new(worst), number(took)]);
    cells
}

/// One line: how many APIs stand how.
pub(crate) fn summary(standings: &[Standing]) -> String {
    let count =
        |wanted: fn(State) -> bool| standings.iter().filter(|standing| wanted(standing.state())).count();
    let passed = count(|state| state == State::Passed);
    let failed = count(|state| matches!(state, State::Failed(_)));
    let untested = standings.len().saturating_sub(passed).saturating_sub(failed);
    let apis = match standings.len() {
        1 => "1 API".to_owned(),
        apis => format!("{apis} APIs"),
    };
    format!("{apis}: {passed} passed, {failed} failed, {untested} could not be tested")
}

/// What was found on an API, in one line.
pub(crate) fn line(standing: &str, attempt: &fapi_testkit::conform::fleet::Attempt) -> String {
    let took = seconds(attempt.duration);
    match &attempt.result {
        Ok(report) => {
            let counts = &report.summary;
            let worst = counts.failed_by_severity.last_key_value();
            let worst = worst.map(|(severity, _)| format!(" (worst: {severity})")).unwrap_or_default();
            format!(
                "{standing}: {}; {} failed{worst}, {} skipped in {took}",
                counts.scores(),
                counts.failed,
                counts.skipped
            )
        }
        Err(why) => format!("{standing}: could not test: {why}"),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
