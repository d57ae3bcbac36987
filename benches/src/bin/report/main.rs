//! Every performance target in one run: what is measured, how it compares with its target, and whether it is met.
//!
//! `cargo run --release -p fapi-benches --bin report` prints a table and writes a page and a Markdown table. Each figure
//! is measured beside its own floor, since times differ between machines; what is measured stands in the modules.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
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
use fapi_core::jose::Algorithm;
use indicatif::{ProgressBar, ProgressStyle};

use figure::{Report, grouped};

/// Measures every performance target, and says which are met.
#[derive(Debug, Parser)]
#[command(after_help = "Close what else runs on the machine: ratios bear noise, but not all of it.
The exit status is 0 also where a target is missed; for a gate, see .ci/bench, which counts instructions.")]
struct Arguments {
    /// Where report.html and report.md are written
    #[arg(long, value_name = "DIR", default_value = "target/report")]
    out: PathBuf,

    /// A tenth of the calls, and smaller stores, which are marked: to see that everything runs, not to believe the figures
    #[arg(long)]
    quick: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let report = measure(&Run::new(arguments.quick));
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

/// How much is measured, and the line that says how far it has come.
#[derive(Debug)]
struct Run {
    /// Of each kind of call; four times as long where a hundredth counts.
    time: Duration,
    /// Proofs in the largest replay store.
    proofs: u64,
    quick: bool,
    bar: ProgressBar,
}

impl Run {
    fn new(quick: bool) -> Self {
        let milliseconds = if quick { 100 } else { 700 };
        let proofs = if quick { 2_000_000 } else { 10_000_000 };
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {prefix}: {msg} ({elapsed})");
        let bar = ProgressBar::no_length().with_style(style.expect("a valid template"));
        Self { time: Duration::from_millis(milliseconds), proofs, quick, bar }
    }

    /// Says what is measured now.
    fn show(&self, what: &str) {
        self.bar.set_message(what.to_owned());
        self.bar.tick();
    }

    /// The full amount, or that of a quick run.
    const fn instead<T: Copy>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// For the name of a figure that a quick run has measured with a smaller number.
    fn in_place_of(&self, number: u64, full: u64) -> String {
        if number == full { String::new() } else { format!(" (quick, in place of {})", grouped(full)) }
    }
}

/// Adds figures to the report.
type Step = fn(&Run, &mut Report);

const STEPS: [(&str, Step); 10] = [
    // First: its memory is measured as that of the process, which has none of its own yet.
    ("replay store, memory", replay_store::bytes),
    ("verify", |run, report| cases::measure(Algorithm::Es256, run, report)),
    ("verify", |run, report| cases::measure(Algorithm::EdDsa, run, report)),
    ("verify", |run, report| cases::measure(Algorithm::Ps256, run, report)),
    ("allocations", allocations::measure),
    ("threads", scaling::measure),
    ("middleware", middleware::measure),
    ("loopback", end_to_end::measure),
    ("replay store, flatness", replay_store::flatness),
    ("replay store, pauses", replay_store::pauses),
];

fn measure(run: &Run) -> Report {
    let mut report = Report::new(machine::describe(), run.quick);
    run.bar.set_length(STEPS.len() as u64);
    for (name, step) in STEPS {
        run.bar.set_prefix(name);
        run.show("");
        step(run, &mut report);
        run.bar.inc(1);
    }
    // What had to be measured first belongs to the other figures of the replay store.
    let memory = report.figures.iter().take_while(|figure| figure.is_memory()).count();
    report.figures.rotate_left(memory);
    run.bar.finish_and_clear();
    report
}

fn write(directory: &std::path::Path, report: &Report) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    std::fs::write(directory.join("report.html"), page::render(report))?;
    std::fs::write(directory.join("report.md"), markdown::render(report))
}
