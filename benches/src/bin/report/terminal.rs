//! The table on the terminal.

use comfy_table::{Table, presets};

use crate::figure::{Report, Verdict};

pub(crate) fn print(report: &Report) {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["what", "target", "measured", "", "on this machine"]);
    for figure in &report.figures {
        let verdict = match figure.verdict() {
            Verdict::Missed => "MISSED",
            other => other.text(),
        };
        table.add_row([&figure.what, &figure.target_text(), &figure.value_text(), verdict, &figure.detail]);
    }
    println!("{table}\n{}", report.machine);
    if report.quick {
        println!("A quick run: the figures mean little.");
    }
}
