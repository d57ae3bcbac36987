//! Every performance target in one run: what is measured, how it compares with its target, and whether it is met.
//!
//! `cargo run --release -p fapi-benches --bin report` prints a table and writes a page and a Markdown table. Each figure
//! is measured beside its own floor, since times differ between machines; what is measured stands in the modules.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    reason = "a measurement that went wrong must not go on"
)]

mod allocations;
mod cases;
mod end_to_end;
mod figure;
mod machine;
mod markdown;
mod middleware;
mod page;
mod plot;
mod replay_store;
mod scaling;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use figure::Report;

/// Measures every performance target, and says which are met.
#[derive(Debug, Parser)]
#[command(after_help = "Close what else runs on the machine: ratios bear noise, but not all of it.
The exit status is 0 also where a target is missed; for a gate, see .ci/bench, which counts instructions.")]
struct Arguments {
    /// Where report.html and report.md are written
    #[arg(long, value_name = "DIR", default_value = "target/report")]
    out: PathBuf,

    /// A tenth of the calls: to see that everything runs, not to believe the figures
    #[arg(long)]
    quick: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let effort = if arguments.quick { Effort::QUICK } else { Effort::FULL };
    let report = measure(effort);
    terminal::print(&report);
    match write(&arguments.out, &report) {
        Ok(()) => {
            println!("\nwritten: {0}/report.html, {0}/report.md", arguments.out.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: cannot write to {}: {error}", arguments.out.display());
            ExitCode::FAILURE
        }
    }
}

/// How long is measured.
#[derive(Clone, Copy, Debug)]
struct Effort {
    /// Of each kind of call.
    time: Duration,
    /// Proofs in the largest replay store.
    proofs: u64,
    quick: bool,
}

impl Effort {
    const FULL: Self = Self { time: Duration::from_secs(4), proofs: 10_000_000, quick: false };
    const QUICK: Self = Self { time: Duration::from_millis(400), proofs: 1_000_000, quick: true };
}

/// Adds figures to the report.
type Step = fn(Effort, &mut Report);

fn measure(effort: Effort) -> Report {
    let mut report = Report::new(machine::describe(), effort.quick);
    let steps: [(&str, Step); 6] = [
        // First: its memory is measured as that of the process, which has none of its own yet.
        ("replay store", replay_store::measure),
        ("verify, beside raw verifications", cases::measure),
        ("allocations", allocations::measure),
        ("two threads", scaling::measure),
        ("middleware", middleware::measure),
        ("end to end on loopback", end_to_end::measure),
    ];
    let bar = ProgressBar::new(steps.len() as u64).with_style(
        ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} ({elapsed})").expect("a valid template"),
    );
    for (name, step) in steps {
        bar.set_message(name);
        bar.tick();
        step(effort, &mut report);
        bar.inc(1);
    }
    bar.finish_and_clear();
    report
}

fn write(directory: &std::path::Path, report: &Report) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    std::fs::write(directory.join("report.html"), page::render(report))?;
    std::fs::write(directory.join("report.md"), markdown::render(report))
}
