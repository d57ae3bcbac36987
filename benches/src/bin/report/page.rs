//! The page: one self-contained file, dark and light.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::figure::{Latencies, Report};
use crate::plot;
use crate::replay_store::grouped;

const STYLE: &str = include_str!("page.css");
/// Parts of the answers whose latency is plotted, and how far from all of them that is.
const PERCENTILES: [(f64, f64, &str); 5] = [
    (0.5, 2.0, "p50"),
    (0.9, 10.0, "p90"),
    (0.99, 100.0, "p99"),
    (0.999, 1_000.0, "p99.9"),
    (1.0, 10_000.0, "max"),
];

pub(crate) fn render(report: &Report) -> String {
    let met = report.figures.iter().filter(|figure| figure.is_met()).count();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "What a check costs" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "What a check costs" }
                p.lead {
                    strong { (met) " of " (report.figures.len()) " targets met" }
                    @if report.quick { " in a quick run, whose figures mean little" }
                    ". " (report.machine) "."
                }
                p { "A request with a DPoP proof needs one signature verification at least. Every figure is a ratio to it, measured in turns with it, in one run." }
                (table(report))
                h2 { "Calls beside their floor" }
                p { "1 is the raw verification of the provider (aws-lc-rs), or two where token and proof are both new. The mark is the target." }
                (plot::bars(&near_the_floor(report), ""))
                h2 { "Refusals without a signature" }
                (plot::bars(&far_below(report), ""))
                h2 { "The replay store, however full" }
                p { "Nanoseconds of one insert in a store for ten million proofs." }
                (inserts(report))
                h2 { "Answers over loopback" }
                p { "Microseconds from sending a request to its answer, with eight requests under way on one connection and one thread that serves them." }
                (latencies(&report.latencies))
                footer { "cargo run --release -p fapi-benches --bin report" }
            }
        }
    }
    .into_string()
}

fn table(report: &Report) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th { "What" } th { "Target" } th { "Measured" } th { "" } th { "On this machine" } } }
            tbody {
                @for figure in &report.figures {
                    tr {
                        td { (figure.what) }
                        td.number { (figure.target_text()) }
                        td.number { strong { (figure.value_text()) } }
                        td { span class=(figure.verdict()) { (figure.verdict()) } }
                        td.detail { (figure.detail) }
                    }
                }
            }
        } }
    }
}

fn bars(report: &Report, wanted: impl Fn(f64) -> bool) -> Vec<(String, f64, Option<f64>)> {
    let rows = report.rows.iter().filter(|row| wanted(row.ratio.median));
    rows.map(|row| (row.case.name.to_owned(), row.ratio.median, row.case.target)).collect()
}

fn near_the_floor(report: &Report) -> Vec<(String, f64, Option<f64>)> {
    bars(report, |ratio| ratio > 0.5)
}

fn far_below(report: &Report) -> Vec<(String, f64, Option<f64>)> {
    bars(report, |ratio| ratio <= 0.5)
}

fn inserts(report: &Report) -> Markup {
    let points = report.inserts.iter().map(|(proofs, time)| (*proofs as f64, *time)).collect();
    let labels: Vec<_> =
        report.inserts.iter().map(|(proofs, _)| (*proofs as f64, grouped(*proofs))).collect();
    plot::curve(&[("insert", points)], &labels, " ns")
}

fn latencies(all: &[Latencies]) -> Markup {
    let lines: Vec<_> = all
        .iter()
        .map(|one| {
            let points = PERCENTILES.iter().map(|(part, x, _)| (*x, one.percentile(*part)));
            (one.service, points.take(4).collect())
        })
        .collect();
    let labels: Vec<_> = PERCENTILES.iter().take(4).map(|(_, x, name)| (*x, (*name).to_owned())).collect();
    plot::curve(&lines, &labels, " µs")
}
