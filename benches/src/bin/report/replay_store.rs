//! The replay store in memory: bytes, time of an insert however full it is, and its longest pauses.

use std::time::{Duration, Instant};

use fapi_core::crypto::AwsLcProvider;
use fapi_core::jose::JwkThumbprint;
use fapi_core::{MemoryReplayStore, ProofClient, ProofUse, Replay, UnixTime};

use crate::figure::{Latencies, Report, Target, Unit, median};
use crate::{Effort, machine};

const NOW: UnixTime = UnixTime::from_secs(1_750_000_020);
const WINDOW: Duration = Duration::from_secs(60);
/// Inserts that are timed together, long beside reading the clock.
const TURN: u64 = 16;
/// Inserts on each side of a fill level that its figure is the median of.
const AROUND: u64 = 1_000;
const SMALL: u64 = 1_000;

pub(crate) fn measure(effort: Effort, report: &mut Report) {
    memory(1_000_000, report);
    if effort.proofs > 1_000_000 {
        memory(effort.proofs, report);
    }
    flatness(effort.proofs, report);
    pauses(effort, report);
}

/// The memory that the process has more when a store of `proofs` proofs is full.
fn memory(proofs: u64, report: &mut Report) {
    let before = machine::resident_bytes();
    let store = store(proofs);
    fill(&store, 0..proofs, NOW);
    let bytes = (machine::resident_bytes() - before) / proofs as f64;
    let what = format!("bytes of a remembered proof, {} proofs", grouped(proofs));
    report.add(what, Target::AtMost(40.0), bytes, Unit::Bytes, "resident memory of the process");
    assert_eq!(insert(&store, 0, NOW), Ok(Replay::Replayed));
}

/// One store for `proofs` proofs, at different fill levels.
fn flatness(proofs: u64, report: &mut Report) {
    let store = store(proofs);
    // The operating system clears a page when it is used first, once in the life of the process.
    fill(&store, 0..proofs, NOW);
    let later = NOW.saturating_add(Duration::from_secs(120));
    let mut next = proofs;
    let mut filled = 0;
    for level in (3..=7).map(|zeros| 10_u64.pow(zeros)).filter(|level| *level <= proofs) {
        let until = level.saturating_sub(AROUND);
        fill(&store, next..next + until.saturating_sub(filled), later);
        next += until.saturating_sub(filled);
        let nanoseconds = (0..AROUND / TURN).map(|turn| {
            let start = Instant::now();
            fill(&store, next + turn * TURN..next + (turn + 1) * TURN, later);
            start.elapsed().as_secs_f64() * 1e9 / TURN as f64
        });
        report.inserts.push((level, median(nanoseconds)));
        next += AROUND;
        filled = until.max(filled) + AROUND;
    }
    let at = |index: Option<&(u64, f64)>| index.map_or(f64::NAN, |(_, nanoseconds)| *nanoseconds);
    let (least, most) = (at(report.inserts.first()), at(report.inserts.last()));
    let what = format!("insert with {} proofs beside {}", grouped(proofs), grouped(SMALL));
    let detail = format!("{most:.0} ns beside {least:.0} ns, in one store for {}", grouped(proofs));
    report.add(what, Target::AtMost(1.5), most / least, Unit::Ratio, detail);
}

/// Single inserts while the clock runs through many periods, at three quarters of the capacity.
fn pauses(effort: Effort, report: &mut Report) {
    let (capacity, inserts) = if effort.quick { (100_000, 300_000) } else { (1_000_000, 4_000_000) };
    let store = store(capacity);
    // 90 s are remembered at most: the window and a period.
    let per_second = capacity * 3 / 4 / 90;
    let microseconds = (0..inserts).map(|number| {
        let now = NOW.saturating_add(Duration::from_millis(number * 1000 / per_second));
        let start = Instant::now();
        let answer = insert(&store, number, now);
        let time = start.elapsed().as_secs_f64() * 1e6;
        assert_eq!(answer, Ok(Replay::Fresh));
        time
    });
    let latencies = Latencies::new("insert", microseconds.collect());
    let p999 = latencies.percentile(0.999);
    let detail = format!(
        "{} inserts, {} a second by the store's clock; median {:.2} µs",
        grouped(inserts),
        grouped(per_second),
        latencies.percentile(0.5)
    );
    report.add(
        "p99.9 of an insert while periods pass",
        Target::AtMost(20.0),
        p999,
        Unit::Microseconds,
        detail,
    );
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

/// A number with separated thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
