//! Requests over loopback sockets: a protected API beside an unprotected one and a raw verification.
//!
//! The server has one thread, whose own CPU time is counted, and the client keeps so many requests under way that the
//! server is what limits the throughput. How busy its thread was is measured as well: if it was not, then nothing was
//! measured that a target could be about.

mod client;
mod server;

use fapi_benches::{Call, RawVerification, Setup};
use fapi_core::ResourceServer;
use fapi_core::jose::Algorithm;

use crate::Run;
use crate::figure::{Latencies, Report, Target, Unit};
use client::{Batch, Load};
use server::{Framework, Server, cpu_seconds_of_thread};

const CALLS: usize = 20_000;
const ROUNDS: usize = 5;
/// Raw verifications of one round.
const RAW: usize = 4_000;
/// How much of the time the server's thread must have been at work to be called the limit.
const BUSY: f64 = 0.95;

/// One service under load.
struct Loaded {
    load: Load,
    /// Seconds of the server's thread for each request.
    cpu: f64,
    /// How much of the time that thread was at work, from 0 to 1.
    busy: f64,
}

struct Round {
    open: Loaded,
    protected: Loaded,
    /// Seconds of a raw verification, also of CPU time.
    raw: f64,
}

impl Round {
    /// Requests a second, beside as many as the server could answer if protection cost a raw verification.
    fn ratio(&self) -> f64 {
        (self.open.cpu + self.raw) / self.protected.load.seconds
    }

    fn is_limited_by_server(&self) -> bool {
        self.open.busy.min(self.protected.busy) >= BUSY
    }

    fn detail(&self) -> String {
        let service = |loaded: &Loaded| {
            format!(
                "{:.0} requests/s, {:.1} µs CPU each, thread {:.0} % busy",
                1.0 / loaded.load.seconds,
                loaded.cpu * 1e6,
                loaded.busy * 100.0
            )
        };
        let [protected, open] = [&self.protected, &self.open].map(service);
        let raw = self.raw * 1e6;
        format!("protected: {protected}; unprotected: {open}; raw verification: {raw:.1} µs")
    }
}

pub(crate) fn measure(run: &Run, report: &mut Report) {
    let (count, rounds) = (run.instead(CALLS, CALLS / 10), run.instead(ROUNDS, 3));
    let setup = Setup::new(100_000);
    let client = setup.client(Algorithm::Es256);
    let token = setup.token(&client);
    let calls: Vec<Call> = (0..count).map(|_| setup.call(&client, &token)).collect();
    let batches = client::batches(&calls);
    let mut raw = RawVerification::of(&client, &calls);
    let frameworks = [
        (Framework::Axum, ["axum, unprotected", "axum, protected"]),
        (Framework::Actix, ["actix, unprotected", "actix, protected"]),
    ];
    for (framework, names) in frameworks {
        run.show(framework.name());
        let rounds = (0..rounds).map(|_| Round {
            open: load(framework, None, &batches),
            protected: load(framework, Some(setup.server()), &batches),
            raw: time_of_raw(&mut raw),
        });
        let round = median_round(rounds.collect());
        let what = format!("requests a second over loopback beside the floor, {}", framework.name());
        report.add(what, Target::AtLeast(0.95), round.ratio(), Unit::Ratio, round.detail());
        if let Some(figure) = report.figures.last_mut() {
            figure.judged = round.is_limited_by_server();
        }
        let latencies = [round.open, round.protected].map(|loaded| loaded.load.latencies);
        let named = names.into_iter().zip(latencies);
        report.latencies.extend(named.map(|(name, latencies)| Latencies::new(name, latencies)));
    }
}

fn median_round(mut rounds: Vec<Round>) -> Round {
    rounds.sort_by(|one, other| one.ratio().total_cmp(&other.ratio()));
    let middle = rounds.len() / 2;
    rounds.swap_remove(middle)
}

/// Sends all requests to a new server, of which the first tenth is not counted.
fn load(framework: Framework, protection: Option<ResourceServer>, batches: &[Batch]) -> Loaded {
    let server = Server::start(framework, protection);
    let (first, counted) = batches.split_at(batches.len() / 10);
    client::send(server.address, first);
    let before = server.cpu_seconds();
    let load = client::send(server.address, counted);
    let cpu = (server.cpu_seconds() - before) / load.requests as f64;
    server.stop();
    Loaded { busy: cpu / load.seconds, cpu, load }
}

fn time_of_raw(raw: &mut RawVerification) -> f64 {
    let signed = raw.take(RAW);
    let start = cpu_seconds_of_thread();
    raw.verify(&signed);
    (cpu_seconds_of_thread() - start) / RAW as f64
}
