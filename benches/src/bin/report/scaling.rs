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
        let calls_from =
            |start: usize, count: usize| -> Vec<Call> { (start..start + count).map(call).collect() };
        let first = calls_from(0, keys);
        // One thread alone, then two together, which are at different clients wherever there are several.
        let [alone, left, right] = [0, 0, keys / 2].map(|start| calls_from(start, calls));
        let ratios = (0..rounds).map(|_| {
            let server = setup.server();
            send(&server, &first);
            let one = calls as f64 / time_of(|| send(&server, &alone));
            let two = 2.0 * calls as f64 / both(&server, &left, &right);
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
