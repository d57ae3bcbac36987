//! The table on the terminal.

use comfy_table::Table;

use crate::figure::Report;

pub(crate) fn print(report: &Report) {
    let mut table = Table::new();
    table.set_header(["what", "target", "measured", "", "on this machine"]);
    for figure in &report.figures {
        let verdict = if figure.is_met() { "met" } else { "MISSED" };
        table.add_row([&figure.what, &figure.target_text(), &figure.value_text(), verdict, &figure.detail]);
    }
    println!("{table}\n{}", report.machine);
    if report.quick {
        println!("A quick run: the figures mean little.");
    }
}
