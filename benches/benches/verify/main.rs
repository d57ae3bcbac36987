//! What `ResourceServer::verify` costs, as a ratio to the signature verifications that it cannot do without.
//!
//! `cargo bench -p fapi-benches --bench verify`, optionally with a filter after `--`; one table at the end. What is
//! compared stands here, how in `paired.rs`. No tracing subscriber is installed, and nothing is awaited.
#![allow(missing_docs, clippy::expect_used, reason = "a benchmark, not a library")]

mod paired;
mod table;

use std::time::Duration;

use criterion::{Criterion, SamplingMode};
use fapi_benches::{Call, RawVerification, Setup};
use fapi_core::Error;
use fapi_core::jose::Algorithm;
use fapi_testkit::TestClient;

use paired::Scenario;
use table::Row;

/// Proofs and cold clients made ahead of time for one server.
const CALLS: usize = 4096;
/// Proofs of other clients that a server remembers: those of the last 60 s at 4,000 a second.
const REMEMBERED: u64 = 240_000;
/// The default limit of a token is 16 KiB.
const OVERSIZED: usize = 17 * 1024;

/// One line of the table: what it is called, how many raw verifications are its floor, and how many times that floor
/// it may cost.
struct Case {
    name: &'static str,
    floor: u32,
    aim: Option<f64>,
    scenario: fn(&Fixture) -> Scenario,
}

const CASES: [Case; 10] = [
    Case {
        name: "warm, ES256",
        floor: 1,
        aim: Some(1.05),
        scenario: |fixture| fixture.warm(Algorithm::Es256),
    },
    Case {
        name: "warm, EdDSA",
        floor: 1,
        aim: Some(1.05),
        scenario: |fixture| fixture.warm(Algorithm::EdDsa),
    },
    Case {
        name: "warm, PS256",
        floor: 1,
        aim: Some(1.05),
        scenario: |fixture| fixture.warm(Algorithm::Ps256),
    },
    Case { name: "cold, ES256 and ES256", floor: 2, aim: Some(1.10), scenario: Fixture::cold },
    Case { name: "warm, client certificate", floor: 1, aim: None, scenario: Fixture::certificate },
    Case {
        name: "refused: no credentials",
        floor: 1,
        aim: Some(0.05),
        scenario: |fixture| fixture.garbage(&Call::default(), Error::CredentialsMissing),
    },
    Case {
        name: "refused: malformed header",
        floor: 1,
        aim: Some(0.05),
        scenario: |fixture| {
            fixture.garbage(&Call::with_authorization("DPoP not a token"), Error::CredentialsMalformed)
        },
    },
    Case {
        name: "refused: oversized token",
        floor: 1,
        aim: Some(0.05),
        scenario: |fixture| {
            let line = format!("DPoP {}", "a".repeat(OVERSIZED));
            fixture.garbage(&Call::with_authorization(line), Error::CredentialsTooLarge)
        },
    },
    Case { name: "refused: bad signature", floor: 1, aim: None, scenario: Fixture::forged },
    Case { name: "refused: replay", floor: 1, aim: None, scenario: Fixture::replayed },
];

fn main() {
    let measuring = is_measuring();
    let fixture = Fixture::new(measuring);
    let mut criterion = Criterion::default().configure_from_args();
    let mut rows = Vec::new();
    for case in &CASES {
        rows.extend(run(case, &fixture, &mut criterion));
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
    group.bench_function(case.name, |bencher| {
        let scenario = scenario.get_or_insert_with(|| (case.scenario)(fixture));
        bencher.iter_custom(|calls| scenario.measure(&fixture.setup, calls));
    });
    group.finish();
    let scenario = scenario?;
    Some(Row::new(case.name, scenario.algorithm, case.floor, case.aim, scenario.pairs()))
}

/// Makes the requests of each scenario, once it is known that the scenario runs.
struct Fixture {
    setup: Setup,
    calls: usize,
}

impl Fixture {
    fn new(measuring: bool) -> Self {
        let (calls, remembered) = if measuring { (CALLS, REMEMBERED) } else { (4, 0) };
        Self { setup: Setup::new(remembered), calls }
    }

    /// Token and key were seen before; every proof is new.
    fn warm(&self, algorithm: Algorithm) -> Scenario {
        let (client, first, calls) = self.client_with_calls(algorithm);
        let raw = RawVerification::of(&client, &calls);
        Scenario::new(algorithm, calls, Ok(()), raw).after([first])
    }

    /// Every call has a new token, bound to a new key.
    fn cold(&self) -> Scenario {
        let call = || {
            let client = self.setup.client(Algorithm::Es256);
            self.setup.call(&client, &self.setup.token(&client))
        };
        self.scenario((0..self.calls).map(|_| call()), Ok(()))
    }

    fn certificate(&self) -> Scenario {
        let call = self.setup.certificate_call();
        self.scenario(self.repeat(&call), Ok(())).after([call])
    }

    fn garbage(&self, call: &Call, error: Error) -> Scenario {
        self.scenario(self.repeat(call), Err(error))
    }

    /// A known token and a known key, but the signatures are others.
    fn forged(&self) -> Scenario {
        let client = self.setup.client(Algorithm::Es256);
        let token = self.setup.token(&client);
        let forged = (0..self.calls).map(|_| self.setup.forged_call(&client, &token));
        self.scenario(forged, Err(Error::ProofSignature)).after([self.setup.call(&client, &token)])
    }

    fn replayed(&self) -> Scenario {
        let (_, _, calls) = self.client_with_calls(Algorithm::Es256);
        self.scenario(calls.clone(), Err(Error::ProofReplayed)).after(calls)
    }

    /// A scenario whose floor are ES256 verifications of another client's proofs.
    fn scenario(&self, calls: impl IntoIterator<Item = Call>, expected: Result<(), Error>) -> Scenario {
        let (client, _, other_calls) = self.client_with_calls(Algorithm::Es256);
        let raw = RawVerification::of(&client, &other_calls);
        Scenario::new(Algorithm::Es256, calls.into_iter().collect(), expected, raw)
    }

    /// A new client, its first call, and those that follow with the same token.
    fn client_with_calls(&self, algorithm: Algorithm) -> (TestClient, Call, Vec<Call>) {
        let client = self.setup.client(algorithm);
        let token = self.setup.token(&client);
        let call = || self.setup.call(&client, &token);
        let (first, calls) = (call(), (0..self.calls).map(|_| call()).collect());
        (client, first, calls)
    }

    fn repeat(&self, call: &Call) -> Vec<Call> {
        vec![call.clone(); self.calls]
    }
}
