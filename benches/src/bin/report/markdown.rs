//! The table as Markdown, for a README: of each group of figures the worst.

use std::fmt::Write as _;

use crate::figure::{Figure, Report, Target};

pub(crate) fn render(report: &Report) -> String {
    let mut text = String::from("| What | Target | Measured | | On this machine |\n|---|---|---|---|---|\n");
    for figure in worst_of_each_group(&report.figures) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            figure.what,
            figure.target_text(),
            figure.value_text(),
            figure.verdict().text(),
            figure.detail
        );
    }
    let quick = if report.quick { ", in a quick run, whose figures mean little" } else { "" };
    let _ = writeln!(text, "\n{}{quick}; `cargo run --release -p fapi-benches --bin report`", report.machine);
    text
}

/// The figures, in the place of each group its worst one, which says so.
fn worst_of_each_group(figures: &[Figure]) -> Vec<Figure> {
    let mut shown: Vec<(Figure, u32)> = Vec::new();
    for figure in figures {
        let known = shown.iter_mut().find(|(known, _)| known.group.is_some() && known.group == figure.group);
        match known {
            Some((worst, count)) => {
                *count += 1;
                if is_worse(figure, worst) {
                    *worst = figure.clone();
                }
            }
            None => shown.push((figure.clone(), 1)),
        }
    }
    shown.into_iter().map(|(worst, count)| named(worst, count)).collect()
}

fn is_worse(figure: &Figure, than: &Figure) -> bool {
    match figure.target {
        Target::AtMost(_) => figure.value > than.value,
        Target::AtLeast(_) => figure.value < than.value,
    }
}

fn named(worst: Figure, count: u32) -> Figure {
    match worst.group {
        Some(group) if count > 1 => {
            let name = worst.what.strip_prefix("refused: ").unwrap_or(&worst.what);
            Figure {
                what: group.to_owned(),
                detail: format!("worst of {count}: {name}, {}", worst.detail),
                ..worst
            }
        }
        _ => worst,
    }
}
