//! The replay store in memory: bytes, time of an insert however full it is, and its longest pauses.

use std::time::{Duration, Instant};

use fapi_core::crypto::AwsLcProvider;
use fapi_core::jose::JwkThumbprint;
use fapi_core::{MemoryReplayStore, ProofClient, ProofUse, Replay, UnixTime};

use crate::figure::{Curve, Latencies, Report, Target, Unit, grouped, median};
use crate::{Run, machine};

const NOW: UnixTime = UnixTime::from_secs(1_750_000_020);
const WINDOW: Duration = Duration::from_secs(60);
/// Inserts that are timed together, long beside reading the clock.
const TURN: u64 = 16;
/// Inserts up to a fill level that its figure is the median of.
const AROUND: u64 = 1_000;
const SMALL: u64 = 1_000;
/// The capacity of a store that nobody has sized.
const DEFAULT: u64 = 1_000_000;
/// The largest store that has a target.
const LARGE: u64 = 10_000_000;

pub(crate) fn bytes(run: &Run, report: &mut Report) {
    memory(DEFAULT, String::new(), report);
    memory(run.proofs, run.in_place_of(run.proofs, LARGE), report);
}

/// The memory that the process has more when a store of `proofs` proofs is full.
fn memory(proofs: u64, in_place: String, report: &mut Report) {
    let before = machine::resident_bytes();
    let store = store(proofs);
    fill(&store, 0..proofs, NOW);
    let bytes = (machine::resident_bytes() - before) / proofs as f64;
    let what = format!("bytes of a remembered proof, {} proofs{in_place}", grouped(proofs));
    report.add(what, Target::AtMost(40.0), bytes, Unit::Bytes, "resident memory of the process");
    assert_eq!(insert(&store, 0, NOW), Ok(Replay::Replayed));
}

/// Whether an insert takes longer in a store that is fuller, and in one that is larger.
pub(crate) fn flatness(run: &Run, report: &mut Report) {
    let in_place = run.in_place_of(run.proofs, LARGE);
    let mut full = Vec::new();
    for (capacity, in_place) in [(run.proofs, in_place.as_str()), (DEFAULT, "")] {
        run.show(&format!("insert, store for {}", grouped(capacity)));
        let points = levels(capacity);
        let [least, most] =
            [points.first(), points.last()].map(|point| point.map_or(f64::NAN, |point| point.1));
        let size = grouped(capacity);
        let what = format!("insert, store for {size}: full beside {} proofs{in_place}", grouped(SMALL));
        let detail = format!("{most:.0} ns beside {least:.0} ns, in one store");
        report.add(what, Target::AtMost(1.5), most / least, Unit::Ratio, detail);
        report.inserts.push(Curve { name: format!("store for {size}"), points });
        full.push(most);
    }
    let (large, small) = (full.first().copied().unwrap_or(f64::NAN), small_store());
    let (size, smaller) = (grouped(run.proofs), grouped(SMALL));
    let what = format!("insert, full store for {size} beside a full store for {smaller}{in_place}");
    let detail =
        format!("{large:.0} ns beside {small:.0} ns, where the small one is in the processor's cache");
    report.add(what, Target::AtMost(1.5), large / small, Unit::Ratio, detail);
}

/// Nanoseconds of an insert into one store of this capacity, at powers of ten up to full.
fn levels(capacity: u64) -> Vec<(f64, f64)> {
    let store = store(capacity);
    // The operating system clears a page when it is used first, once in the life of the process.
    fill(&store, 0..capacity, NOW);
    let later = NOW.saturating_add(Duration::from_secs(120));
    let mut filled = 0;
    let levels = (3..).map(|zeros| 10_u64.pow(zeros)).take_while(|level| *level < capacity);
    let mut points = Vec::new();
    for level in levels.chain([capacity]) {
        fill(&store, capacity + filled..capacity + level - AROUND, later);
        points.push((level as f64, median(turns(&store, capacity + level - AROUND, later))));
        filled = level;
    }
    points
}

/// Nanoseconds of an insert into a store of the smallest fill level, while it becomes full; of many such stores.
fn small_store() -> f64 {
    const STORES: usize = 200;
    let later = NOW.saturating_add(Duration::from_secs(120));
    let stores = (0..STORES).flat_map(|_| {
        let store = store(SMALL);
        fill(&store, 0..SMALL, NOW);
        turns(&store, SMALL, later)
    });
    median(stores)
}

/// Nanoseconds of each insert of the next [`AROUND`] proofs from `first` on.
fn turns(store: &MemoryReplayStore, first: u64, now: UnixTime) -> Vec<f64> {
    let turn = |turn: u64| {
        let from = first + turn * TURN;
        let until = (from + TURN).min(first + AROUND);
        let start = Instant::now();
        fill(store, from..until, now);
        start.elapsed().as_secs_f64() * 1e9 / (until - from) as f64
    };
    (0..AROUND.div_ceil(TURN)).map(turn).collect()
}

/// Single inserts while the clock runs through many periods, at three quarters of the capacity.
pub(crate) fn pauses(run: &Run, report: &mut Report) {
    for (named, capacity) in
        [(DEFAULT, run.instead(DEFAULT, DEFAULT / 10)), (LARGE, run.instead(LARGE, DEFAULT))]
    {
        run.show(&format!("pauses, store for {}", grouped(capacity)));
        pauses_of(capacity, &run.in_place_of(capacity, named), report);
    }
}

fn pauses_of(capacity: u64, in_place: &str, report: &mut Report) {
    let store = store(capacity);
    // 90 s are remembered at most: the window and a period. So the store is filled more than twice.
    let (per_second, inserts) = (capacity * 3 / 4 / 90, capacity * 2);
    let microseconds = (0..inserts).map(|number| {
        let now = NOW.saturating_add(Duration::from_millis(number * 1000 / per_second));
        let start = Instant::now();
        let answer = insert(&store, number, now);
        let time = start.elapsed().as_secs_f64() * 1e6;
        assert_eq!(answer, Ok(Replay::Fresh));
        time
    });
    let latencies = Latencies::new("insert", microseconds.collect());
    let detail = format!(
        "{} inserts in {} s of the store's clock; median {:.2} µs, longest {:.0} µs",
        grouped(inserts),
        inserts / per_second,
        latencies.percentile(0.5),
        latencies.percentile(1.0)
    );
    let what = format!("p99.9 of an insert while periods pass, store for {}{in_place}", grouped(capacity));
    report.add(what, Target::AtMost(20.0), latencies.percentile(0.999), Unit::Microseconds, detail);
}

fn store(proofs: u64) -> MemoryReplayStore {
    let capacity = usize::try_from(proofs).expect("64 bits");
    let store = MemoryReplayStore::with_capacity(&AwsLcProvider, NOW, capacity).expect("random bytes");
    store.with_client_share(usize::MAX)
}

fn fill(store: &MemoryReplayStore, numbers: std::ops::Range<u64>, now: UnixTime) {
    for number in numbers {
        assert_eq!(insert(store, number, now), Ok(Replay::Fresh));
    }
}

/// A proof as clients make them: a `jti` of 22 characters.
fn insert(
    store: &MemoryReplayStore,
    number: u64,
    now: UnixTime,
) -> Result<Replay, fapi_core::ReplayStoreError> {
    let mut jti = *b"e1j3V_bKic8-LAEB000000";
    let mut rest = number;
    for byte in jti.iter_mut().rev() {
        *byte = b'0' + u8::try_from(rest % 64).unwrap_or_default();
        rest /= 64;
    }
    let jti = std::str::from_utf8(&jti).unwrap_or_default();
    let client = ProofClient { issuer: "https://as.example.com", client_id: "client" };
    let key = JwkThumbprint::from_bytes([7; 32]);
    store.insert(ProofUse::new(client, &key, jti, now.saturating_add(WINDOW), now))
}
