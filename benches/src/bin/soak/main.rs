//! A resource server under load for a while, and issuers that rotate their keys, withdraw tokens, go down, are slow and talk
//! rubbish.
//!
//! Every answer is held against what is known at that moment: a good token under a known key is accepted, at once; none is
//! refused for a fault of its issuer; nothing forged, replayed (`traffic.rs`) or withdrawn, by introspection, status list
//! or event (`revocations.rs`), is accepted for longer than was configured. A decision
//! that does not come, and a panic anywhere, are faults. Afterwards the memory must be what it was when the caches were full
//! (`memory.rs`). Time runs five times as fast as outside, so that a
//! minute has ten cool-downs.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    reason = "a soak that is set up wrongly must not go on"
)]

mod clock;
mod memory;
mod phases;
mod report;
mod revocations;
mod stage;
mod traffic;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;

use crate::memory::Memory;
use crate::report::Report;
use crate::stage::Stage;

/// Loads a resource server while its issuer fails in every way, and checks every answer.
#[derive(Parser)]
#[command(name = "soak", version)]
struct Arguments {
    /// How long, in seconds; one round of all faults takes 54.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(20..))]
    seconds: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let duration = Duration::from_secs(Arguments::parse().seconds);
    let stage = Stage::set().await;
    let report = Arc::new(Report::default());
    report.watch_panics();
    let workers = traffic::start(&stage, &report);
    let memory = tokio::spawn(Memory::watch(duration));
    phases::play(&stage, duration).await;
    for worker in workers {
        worker.abort();
    }
    let memory = memory.await.expect("the watch does not panic");
    report.conclude(&stage, duration, &memory)
}
