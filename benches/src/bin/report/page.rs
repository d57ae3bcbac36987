//! The page: one self-contained file, dark and light.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use fapi_benches::Row;

use crate::figure::{Curve, Latencies, Report, Verdict, grouped};
use crate::plot::{self, Bar};

const STYLE: &str = include_str!("page.css");
/// Parts of the answers whose latency is plotted, and how far from all of them that is.
const PERCENTILES: [(f64, f64, &str); 4] =
    [(0.5, 2.0, "p50"), (0.9, 10.0, "p90"), (0.99, 100.0, "p99"), (0.999, 1_000.0, "p99.9")];

/// Bars of refusals end here: ten times their target.
const FAR: f64 = 0.3;

pub(crate) fn render(report: &Report) -> String {
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
                (summary(report))
                p { "A request with a DPoP proof needs one signature verification at least. Every figure is a ratio to it, measured in turns with it, in one run." }
                (table(report))
                h2 { "Calls beside their floor" }
                p { "1 is the raw verification of the provider (aws-lc-rs), or two where token and proof are both new. The mark is the target." }
                (plot::bars(&bars(report, |row| row.name.starts_with("warm") || row.target.is_none_or(|target| target > 1.0)), f64::INFINITY))
                h2 { "Refusals without a signature" }
                p { "The same scale, enlarged; a bar that reaches the right edge goes on behind it." }
                (plot::bars(&bars(report, |row| row.target.is_some() && row.name.starts_with(REFUSED)), FAR))
                h2 { "Threads that share one server" }
                p { "Times the calls a second of one thread, in the median of all rounds." }
                (plot::curve(&report.scaling, &thread_labels(report), "×"))
                h2 { "The replay store, however full" }
                p { "Nanoseconds of one insert, by the number of proofs that are remembered." }
                (plot::curve(&report.inserts, &proof_labels(report), " ns"))
                h2 { "Answers over loopback" }
                p { "Microseconds from sending a request to reading its answer, with eight requests under way on each of eight connections and one thread that serves them: mostly the time that a request waits for those before it." }
                (latencies(&report.latencies))
                footer { "cargo run --release -p fapi-benches --bin report" }
            }
        }
    }
    .into_string()
}

fn summary(report: &Report) -> Markup {
    let [missed, unjudged] = [Verdict::Missed, Verdict::NotJudged].map(|verdict| report.count(verdict));
    html! {
        p.lead {
            strong { (report.count(Verdict::Met)) " of " (report.figures.len()) " targets met" }
            ", " (missed) " missed"
            @if unjudged > 0 { ", " (unjudged) " not judged, since something else has limited the measurement" }
            @if report.quick { ". A quick run, whose figures mean little" }
            ". " (report.machine) "."
        }
    }
}

fn table(report: &Report) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th { "What" } th { "Target" } th { "Measured" } th { "" } th { "On this machine" } } }
            tbody {
                @for figure in &report.figures {
                    @let verdict = figure.verdict().text();
                    tr {
                        td { (figure.what) }
                        td.number { (figure.target_text()) }
                        td.number { strong { (figure.value_text()) } }
                        td.number { span class=(verdict) { (verdict) } }
                        td.detail { (figure.detail) }
                    }
                }
            }
        } }
    }
}

const REFUSED: &str = "refused: ";

fn bars(report: &Report, wanted: impl Fn(&Row) -> bool) -> Vec<Bar<'_>> {
    report.rows.iter().filter(|row| wanted(row)).map(bar).collect()
}

fn bar(row: &Row) -> Bar<'_> {
    let name = row.name.strip_prefix(REFUSED).unwrap_or(&row.name);
    Bar { name, value: row.ratio.median, target: row.target }
}

fn thread_labels(report: &Report) -> Vec<(f64, String)> {
    let points = report.scaling.first().map(|curve| curve.points.as_slice()).unwrap_or_default();
    points.iter().map(|(threads, _)| (*threads, threads.to_string())).collect()
}

fn proof_labels(report: &Report) -> Vec<(f64, String)> {
    let points = report.inserts.first().map(|curve| curve.points.as_slice()).unwrap_or_default();
    points.iter().map(|(proofs, _)| (*proofs, grouped(*proofs as u64))).collect()
}

fn latencies(all: &[Latencies]) -> Markup {
    let points = |one: &Latencies| PERCENTILES.map(|(part, x, _)| (x, one.percentile(part))).to_vec();
    let curves: Vec<_> =
        all.iter().map(|one| Curve { name: one.service.to_owned(), points: points(one) }).collect();
    plot::curve(&curves, &PERCENTILES.map(|(_, x, name)| (x, name.to_owned())), " µs")
}
