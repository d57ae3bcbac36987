//! Several threads and one server: whether what they share holds them up.
//!
//! One thread, two, and so on take turns, in one order and then in the other, so that whatever else the machine does slows
//! all of them. Each thread makes its own tokens and proofs, before anything is timed.

use std::ops::Range;
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Instant;

use fapi_benches::{Call, Setup};
use fapi_core::ResourceServer;
use fapi_core::jose::Algorithm;
use fapi_testkit::TestClient;

use crate::Run;
use crate::figure::{Curve, Report, Target, Unit, grouped, median};

/// Client keys, of which each has one token.
const MANY_KEYS: usize = 10_000;
/// Calls of each thread in one round, and of all threads together at most: the server remembers as many of one client.
const CALLS: usize = 10_000;
const ALL_CALLS: usize = 100_000;
const ROUNDS: usize = 8;

type Client = (TestClient, String);

pub(crate) fn measure(run: &Run, report: &mut Report) {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // 1, 2, powers of two, and all.
    let mut counts: Vec<usize> = (0..).map(|power| 1 << power).take_while(|count| *count < cores).collect();
    counts.extend([cores, 2]);
    counts.sort_unstable();
    counts.dedup();
    for keys in [1, run.instead(MANY_KEYS, MANY_KEYS / 10)] {
        let calls = run.instead(CALLS, CALLS / 10).min(ALL_CALLS / cores.max(2));
        let rounds = run.instead(ROUNDS, 3);
        run.show(&format!("{keys} client keys"));
        let rates = measure_keys(&counts, keys, calls, rounds);
        let ratios = |count: usize| {
            let index = counts.iter().position(|other| *other == count).unwrap_or_default();
            median(rates.iter().map(|round| round[index] / round[0]))
        };
        let points = counts.iter().map(|count| (*count as f64, ratios(*count))).collect();
        let name = format!("{} client key{}", grouped(keys as u64), if keys == 1 { "" } else { "s" });
        let alone = median(rates.iter().map(|round| round[0]));
        let in_place = if keys > 1 { run.in_place_of(keys as u64, MANY_KEYS as u64) } else { String::new() };
        let detail = format!(
            "{} calls a second of one thread; median of {rounds} rounds of {} calls a thread; {cores} cores",
            grouped(alone as u64),
            grouped(calls as u64)
        );
        let what = format!("two threads beside one, {name}{in_place}");
        report.add(what, Target::AtLeast(1.9), ratios(2), Unit::Ratio, detail);
        if let Some(two) = report.figures.last_mut() {
            two.judged = cores >= 2;
        }
        report.scaling.push(Curve { name, points });
    }
    let ideal = counts.iter().map(|count| (*count as f64, *count as f64)).collect();
    report.scaling.push(Curve { name: "as many times as threads".to_owned(), points: ideal });
}

/// Calls a second with each number of threads, in each round.
fn measure_keys(counts: &[usize], keys: usize, calls: usize, rounds: usize) -> Vec<Vec<f64>> {
    let setup = Setup::new(100_000);
    let clients: Vec<Client> = (0..keys).map(|_| client(&setup)).collect();
    let first: Vec<Call> = clients.iter().map(|(client, token)| setup.call(client, token)).collect();
    let most = counts.iter().copied().max().unwrap_or(1);
    let threads: Vec<Vec<Call>> = thread::scope(|scope| {
        let make = |thread: usize| {
            let (setup, clients) = (&setup, &clients);
            // Threads are at different clients wherever there are several.
            let start = thread * clients.len() / most;
            scope.spawn(move || made(setup, clients, start..start + calls))
        };
        let making: Vec<_> = (0..most).map(make).collect();
        making.into_iter().map(|thread| thread.join().expect("proofs can be made")).collect()
    });
    let rate = |count: usize| {
        let server = setup.server();
        send(&server, &first);
        rate(&server, &threads[..count])
    };
    let round = |number: usize| {
        let mut rates = vec![0.0; counts.len()];
        let forwards = 0..counts.len();
        let order: Vec<usize> =
            if number.is_multiple_of(2) { forwards.collect() } else { forwards.rev().collect() };
        for index in order {
            rates[index] = rate(counts[index]);
        }
        rates
    };
    (0..rounds).map(round).collect()
}

fn client(setup: &Setup) -> Client {
    let client = setup.client(Algorithm::Es256);
    let token = setup.token(&client);
    (client, token)
}

/// Calls of all clients in turn.
fn made(setup: &Setup, clients: &[Client], numbers: Range<usize>) -> Vec<Call> {
    let call = |number: usize| {
        let (client, token) = &clients[number % clients.len()];
        setup.call(client, token)
    };
    numbers.map(call).collect()
}

fn send(server: &ResourceServer, calls: &[Call]) {
    for call in calls {
        assert_eq!(call.send(server), Ok(()));
    }
}

/// Calls a second from when the first thread begins until the last one is done.
fn rate(server: &ResourceServer, threads: &[Vec<Call>]) -> f64 {
    let barrier = Barrier::new(threads.len());
    let times = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for calls in threads {
            let (barrier, times) = (&barrier, &times);
            scope.spawn(move || {
                barrier.wait();
                let start = Instant::now();
                send(server, calls);
                let end = Instant::now();
                times.lock().expect("no call is refused").push((start, end));
            });
        }
    });
    let times = times.into_inner().expect("no call is refused");
    let start = times.iter().map(|(start, _)| *start).min().expect("a thread");
    let end = times.iter().map(|(_, end)| *end).max().expect("a thread");
    threads.iter().map(Vec::len).sum::<usize>() as f64 / end.duration_since(start).as_secs_f64()
}
