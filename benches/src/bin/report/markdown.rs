//! The table as Markdown, for the README and for CI logs.

use std::fmt::Write as _;

use crate::figure::Report;

pub(crate) fn render(report: &Report) -> String {
    let mut text = String::from("| What | Target | Measured | | On this machine |\n|---|---|---|---|---|\n");
    for figure in &report.figures {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            figure.what,
            figure.target_text(),
            figure.value_text(),
            figure.verdict(),
            figure.detail
        );
    }
    let _ = writeln!(text, "\n{}; `cargo run --release -p fapi-benches --bin report`", report.machine);
    text
}
