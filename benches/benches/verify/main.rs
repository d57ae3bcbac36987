//! What `ResourceServer::verify` costs, as a ratio to the signature verifications that it cannot do without.
//!
//! `cargo bench -p fapi-benches --bench verify`, optionally with a filter after `--`; one table at the end. What is
//! compared stands in `case.rs`, how in `paired.rs`. No tracing subscriber is installed, and nothing is awaited.
#![allow(missing_docs, reason = "a benchmark, not a library")]

mod table;

use std::time::Duration;

use criterion::{Criterion, SamplingMode};
use fapi_benches::{ALGORITHMS, Case, Fixture, Row, Scenario};

fn main() {
    let measuring = is_measuring();
    let mut criterion = Criterion::default().configure_from_args();
    let mut rows = Vec::new();
    for algorithm in ALGORITHMS {
        let fixture = Fixture::new(algorithm, measuring);
        for case in Case::all(algorithm) {
            rows.extend(run(&case, &fixture, &mut criterion));
        }
    }
    criterion.final_summary();
    if measuring && !rows.is_empty() {
        table::print(&rows);
    }
}

/// Whether this is a measurement: `cargo bench` says `--bench`, and whoever wants each benchmark run once says `--test`.
fn is_measuring() -> bool {
    let given = |name: &str| std::env::args().any(|argument| argument == name);
    given("--bench") && !given("--test") && !given("--list")
}

/// Runs one case under criterion, which decides how often; `None` if the filter leaves it out.
fn run(case: &Case, fixture: &Fixture, criterion: &mut Criterion) -> Option<Row> {
    let mut scenario: Option<Scenario> = None;
    let mut group = criterion.benchmark_group("verify");
    group
        .sample_size(50)
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    group.bench_function(case.name.as_str(), |bencher| {
        let scenario = scenario.get_or_insert_with(|| case.scenario(fixture));
        bencher.iter_custom(|calls| scenario.measure(&fixture.setup, calls));
    });
    group.finish();
    Some(Row::new(case, &scenario?))
}
