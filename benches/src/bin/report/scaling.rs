//! Two threads and one server: whether what they share holds them up.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use fapi_benches::{Call, Setup};
use fapi_core::ResourceServer;
use fapi_core::jose::Algorithm;

use crate::Effort;
use crate::figure::{Report, Target, Unit, median};

/// Client keys, of which each has one token.
const MANY_KEYS: usize = 10_000;
/// Calls of each thread in one round.
const CALLS: usize = 10_000;
const ROUNDS: usize = 7;

pub(crate) fn measure(effort: Effort, report: &mut Report) {
    let (calls, rounds) = if effort.quick { (CALLS / 10, 3) } else { (CALLS, ROUNDS) };
    for keys in [1, MANY_KEYS.min(calls)] {
        let setup = Setup::new(100_000);
        let clients: Vec<_> = (0..keys).map(|_| setup.client(Algorithm::Es256)).collect();
        let tokens: Vec<_> = clients.iter().map(|client| setup.token(client)).collect();
        let call = |number: usize| setup.call(&clients[number % keys], &tokens[number % keys]);
        // Three threads' worth: one alone, then two together.
        let all: Vec<Call> = (0..calls * 3).map(call).collect();
        let first: Vec<Call> = (0..keys).map(call).collect();
        let (alone, together) = all.split_at(calls);
        let (left, right) = together.split_at(calls);
        let ratios = (0..rounds).map(|_| {
            let server = setup.server();
            send(&server, &first);
            let one = calls as f64 / time_of(|| send(&server, alone));
            let two = 2.0 * calls as f64 / both(&server, left, right);
            two / one
        });
        let what = format!("two threads beside one, {keys} client keys");
        let detail = format!("{calls} calls of each thread, median of {rounds} rounds");
        report.add(what, Target::AtLeast(1.9), median(ratios), Unit::Ratio, detail);
    }
}

fn send(server: &ResourceServer, calls: &[Call]) {
    for call in calls {
        assert_eq!(call.send(server), Ok(()));
    }
}

/// Seconds until both threads are done.
fn both(server: &ResourceServer, left: &[Call], right: &[Call]) -> f64 {
    let barrier = Barrier::new(3);
    thread::scope(|scope| {
        let threads = [left, right].map(|calls| {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                send(server, calls);
            })
        });
        barrier.wait();
        time_of(|| threads.into_iter().for_each(|thread| thread.join().expect("no call is refused")))
    })
}

fn time_of(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}
