//! The in-memory replay store (RFC 9449 §11.1, R60-R61, pitfalls P4-P14).
#![cfg(feature = "aws-lc-rs")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use std::collections::HashMap;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use fapi_core::crypto::AwsLcProvider;
use fapi_core::jose::JwkThumbprint;
use fapi_core::{
    ConfigError, MemoryReplayStore, ProofClient, ProofUse, Replay, ReplayStore, ReplayStoreError, UnixTime,
};
use proptest::prelude::*;

/// In the middle of a period of 30 s.
const NOW: UnixTime = UnixTime::from_secs(1_562_262_615);
const WINDOW: Duration = Duration::from_secs(60);
const MILLISECOND: Duration = Duration::from_millis(1);

fn store(capacity: usize) -> MemoryReplayStore {
    MemoryReplayStore::with_capacity(&AwsLcProvider, NOW, capacity).unwrap()
}

fn key(number: u8) -> JwkThumbprint {
    JwkThumbprint::from_bytes([number; 32])
}

const CLIENT: ProofClient<'_> = client("client");

const fn client(client_id: &str) -> ProofClient<'_> {
    ProofClient { issuer: "https://as.example.com", client_id }
}

/// Uses the proof `jti` of key `number`, which a client of the same number has, at `now`, acceptable for another minute.
fn insert(
    store: &MemoryReplayStore,
    number: u8,
    jti: &str,
    now: UnixTime,
) -> Result<Replay, ReplayStoreError> {
    insert_of(store, client(&number.to_string()), number, jti, now)
}

/// Uses the proof `jti` of key `number` of this client.
fn insert_of(
    store: &MemoryReplayStore,
    client: ProofClient<'_>,
    number: u8,
    jti: &str,
    now: UnixTime,
) -> Result<Replay, ReplayStoreError> {
    store.insert(ProofUse::new(client, &key(number), jti, now.saturating_add(WINDOW), now))
}

// R60: the second use is found, whatever the time of the second proof with the same jti.
#[test]
fn a_proof_is_fresh_once() {
    let store = store(100);
    assert_eq!(insert(&store, 1, "jti", NOW), Ok(Replay::Fresh));
    assert_eq!(insert(&store, 1, "jti", NOW), Ok(Replay::Replayed));
    for seconds in [1, 15, 29, 31, 60] {
        let later = NOW.saturating_add(Duration::from_secs(seconds));
        assert_eq!(insert(&store, 1, "jti", later), Ok(Replay::Replayed), "after {seconds} s");
    }
}

// P8: a jti belongs to its key.
#[test]
fn another_key_may_use_the_same_jti() {
    let store = store(100);
    assert_eq!(insert(&store, 1, "jti", NOW), Ok(Replay::Fresh));
    assert_eq!(insert(&store, 2, "jti", NOW), Ok(Replay::Fresh));
    assert_eq!(insert(&store, 1, "jti2", NOW), Ok(Replay::Fresh));
    assert_eq!(insert(&store, 1, "JTI", NOW), Ok(Replay::Fresh));
}

// P4: through the last millisecond at which the proof can be accepted, wherever in a period that lies.
#[test]
fn a_proof_is_remembered_through_its_last_millisecond() {
    for offset in [0, 1, 14_999, 15_000, 15_001, 29_999] {
        let used = NOW.saturating_add(Duration::from_millis(offset));
        let store = store(100);
        assert_eq!(insert(&store, 1, "jti", used), Ok(Replay::Fresh));
        let until = used.saturating_add(WINDOW);
        assert_eq!(
            store.insert(ProofUse::new(CLIENT, &key(1), "jti", until, until)),
            Ok(Replay::Replayed),
            "{offset}"
        );
    }
}

// R60, P11: and no longer than a period of 30 s after it.
#[test]
fn a_proof_is_forgotten_within_thirty_seconds_of_its_last_millisecond() {
    let store = store(100);
    assert_eq!(insert(&store, 1, "jti", NOW), Ok(Replay::Fresh));
    let forgotten = NOW.saturating_add(WINDOW + Duration::from_secs(30));
    assert_eq!(insert(&store, 1, "jti", forgotten), Ok(Replay::Fresh));
}

// P6: of parallel uses, exactly one is the first.
#[test]
fn of_parallel_uses_one_is_fresh() {
    const THREADS: usize = 8;
    let store = store(10_000);
    for round in 0..200 {
        let jti = round.to_string();
        let barrier = Barrier::new(THREADS);
        let use_it = || {
            barrier.wait();
            insert(&store, 1, &jti, NOW).unwrap()
        };
        let answers: Vec<Replay> = thread::scope(|scope| {
            let uses: Vec<_> = (0..THREADS).map(|_| scope.spawn(use_it)).collect();
            uses.into_iter().map(|answer| answer.join().unwrap()).collect()
        });
        assert_eq!(answers.iter().filter(|answer| **answer == Replay::Fresh).count(), 1);
    }
}

// R61: a store of none would refuse every proof, and one without bounds would end the process.
#[test]
fn a_capacity_is_within_bounds() {
    let with_capacity =
        |capacity| MemoryReplayStore::with_capacity(&AwsLcProvider, NOW, capacity).map(|_store| ());
    assert_eq!(with_capacity(1), Ok(()));
    for value in [0, 100_000_001, usize::MAX] {
        assert_eq!(with_capacity(value), Err(ConfigError::ReplayCapacity { value, most: 100_000_000 }));
    }
}

// R61, P10: a full store refuses, and forgets nothing.
#[test]
fn a_flood_evicts_nothing() {
    let store = store(100).with_client_share(usize::MAX);
    for number in 0..100 {
        assert_eq!(insert(&store, number, "jti", NOW), Ok(Replay::Fresh));
    }
    for number in 100..=255 {
        assert_eq!(insert(&store, number, "jti", NOW), Err(ReplayStoreError::Full));
    }
    for number in 0..100 {
        assert_eq!(insert(&store, number, "jti", NOW), Ok(Replay::Replayed));
    }
    let later = NOW.saturating_add(WINDOW + Duration::from_secs(30));
    assert_eq!(insert(&store, 100, "jti", later), Ok(Replay::Fresh));
}

// R61: no shard is full before the store is, up to the last place.
#[test]
fn a_store_of_many_shards_takes_its_whole_capacity() {
    let store = store(50_000).with_client_share(usize::MAX);
    for jti in 0..50_000 {
        assert_eq!(insert(&store, 1, &jti.to_string(), NOW), Ok(Replay::Fresh));
    }
    assert_eq!(insert(&store, 1, "one more", NOW), Err(ReplayStoreError::Full));
}

// P9: one client may use half of the store freely, and then only if that is less than its share.
#[test]
fn one_client_cannot_use_up_the_store() {
    let store = store(80);
    for jti in 0..40 {
        assert_eq!(insert(&store, 1, &jti.to_string(), NOW), Ok(Replay::Fresh));
    }
    assert_eq!(insert(&store, 1, "one more", NOW), Err(ReplayStoreError::Full));
    // Four other clients have their eighth each, the last place included.
    for number in 2..6 {
        for jti in 0..10 {
            assert_eq!(insert(&store, number, &jti.to_string(), NOW), Ok(Replay::Fresh));
        }
        assert_eq!(insert(&store, number, "one more", NOW), Err(ReplayStoreError::Full));
    }
}

// P9: with however many keys; a client of the same name at another issuer is another one.
#[test]
fn many_keys_of_one_client_share_its_share() {
    let store = store(80);
    for number in 0..40 {
        assert_eq!(insert_of(&store, CLIENT, number, "jti", NOW), Ok(Replay::Fresh));
    }
    for number in 40..60 {
        assert_eq!(insert_of(&store, CLIENT, number, "jti", NOW), Err(ReplayStoreError::Full));
    }
    for other in [client("other"), ProofClient { issuer: "https://as.example.org", ..CLIENT }] {
        assert_eq!(insert_of(&store, other, 40, other.issuer, NOW), Ok(Replay::Fresh));
    }
}

// R60, P8: the client is no part of what makes a proof the same.
#[test]
fn a_proof_is_fresh_once_for_all_clients() {
    let store = store(80);
    assert_eq!(insert_of(&store, CLIENT, 1, "jti", NOW), Ok(Replay::Fresh));
    assert_eq!(insert_of(&store, client("other"), 1, "jti", NOW), Ok(Replay::Replayed));
}

// P9: a share too small to be told from the error of the counts would shut everybody out.
#[test]
fn the_least_share_shuts_nobody_out() {
    let store = store(100_000).with_client_share(0);
    for name in 0..90_000 {
        let name = name.to_string();
        assert_eq!(insert_of(&store, client(&name), 1, &name, NOW), Ok(Replay::Fresh));
    }
    // A thirty-second of the capacity it is, but for the error.
    let jtis = 0..4_000;
    let accepted = jtis.filter(|jti| insert(&store, 2, &jti.to_string(), NOW).is_ok()).count();
    assert!((2_500..=3_125).contains(&accepted), "{accepted}");
}

// P9: the share is of what is remembered, so that a refused client recovers with time.
#[test]
fn a_client_gets_its_share_back_when_its_proofs_have_passed() {
    let store = store(80);
    for jti in 0..40 {
        insert(&store, 1, &jti.to_string(), NOW).unwrap();
    }
    assert_eq!(insert(&store, 1, "later", NOW), Err(ReplayStoreError::Full));
    let later = NOW.saturating_add(WINDOW + Duration::from_secs(30));
    assert_eq!(insert(&store, 1, "later", later), Ok(Replay::Fresh));
}

#[test]
fn the_share_of_a_client_can_be_set() {
    let store = store(80).with_client_share(50);
    for jti in 0..50 {
        assert_eq!(insert(&store, 1, &jti.to_string(), NOW), Ok(Replay::Fresh));
    }
    assert_eq!(insert(&store, 1, "one more", NOW), Err(ReplayStoreError::Full));
}

// P1, P14: a clock that goes back does not make the store say "fresh" of what it may have forgotten.
#[test]
fn a_clock_that_goes_back_reopens_nothing() {
    let store = store(1);
    assert_eq!(insert(&store, 1, "jti", NOW), Ok(Replay::Fresh));
    let ahead = NOW.saturating_add(Duration::from_secs(3600));
    assert_eq!(insert(&store, 2, "jti", ahead), Ok(Replay::Fresh));
    assert_eq!(insert(&store, 1, "jti", NOW), Err(ReplayStoreError::Unavailable));
}

// A small step back is of no consequence.
#[test]
fn a_clock_that_goes_back_a_little_is_no_outage() {
    let store = store(100);
    assert_eq!(insert(&store, 1, "a", NOW), Ok(Replay::Fresh));
    let earlier = NOW.saturating_sub(Duration::from_secs(80));
    assert_eq!(insert(&store, 1, "a", earlier), Ok(Replay::Replayed));
    assert_eq!(insert(&store, 1, "b", earlier), Err(ReplayStoreError::Unavailable));
    let earlier = NOW.saturating_sub(Duration::from_secs(70));
    assert_eq!(insert(&store, 1, "b", earlier), Ok(Replay::Fresh));
}

// P1: no time makes it panic, forget or grow.
#[test]
fn extreme_times_are_refused() {
    let store = store(100);
    let window = MemoryReplayStore::MAX_WINDOW;
    let use_proof = |until, now| store.insert(ProofUse::new(CLIENT, &key(1), "jti", until, now));
    assert_eq!(use_proof(UnixTime::MAX, NOW), Err(ReplayStoreError::Unavailable));
    let too_far = NOW.saturating_add(window + MILLISECOND);
    assert_eq!(use_proof(too_far, NOW), Err(ReplayStoreError::Unavailable));
    assert_eq!(use_proof(NOW.saturating_add(window), NOW), Ok(Replay::Fresh));
    assert_eq!(use_proof(UnixTime::default(), NOW), Ok(Replay::Replayed));
    assert_eq!(use_proof(UnixTime::MAX, UnixTime::MAX), Err(ReplayStoreError::Unavailable));
}

// P14: what was used before the store began, it cannot know.
#[test]
fn the_store_says_since_when_it_remembers() {
    assert_eq!(store(1).complete_since(), NOW);
}

#[tokio::test]
async fn the_trait_gives_the_same_answers() {
    let store: Box<dyn ReplayStore> = Box::new(store(100));
    let (key, until) = (key(1), NOW.saturating_add(WINDOW));
    assert_eq!(store.insert(ProofUse::new(CLIENT, &key, "jti", until, NOW)).await, Ok(Replay::Fresh));
    assert_eq!(store.insert(ProofUse::new(CLIENT, &key, "jti", until, NOW)).await, Ok(Replay::Replayed));
}

proptest! {
    // R60, P4, P10: against a store that forgets nothing at all. In between the last moment of a proof and the end of its
    // period, either answer is right.
    #[test]
    fn agrees_with_a_map_that_forgets_nothing(
        uses in prop::collection::vec((0_u8..4, 0_u8..6, 0_u64..120_000, -20_000_i64..90_000), 1..200),
    ) {
        let store = store(10_000);
        let mut model: HashMap<(u8, u8), UnixTime> = HashMap::new();
        let mut latest = NOW;
        for (number, jti, window, step) in uses {
            let now = UnixTime::from_millis(latest.as_millis().saturating_add_signed(step));
            let until = now.saturating_add(Duration::from_millis(window));
            latest = latest.max(now);
            let answer = store.insert(ProofUse::new(CLIENT, &key(number), &jti.to_string(), until, now));
            match model.get(&(number, jti)) {
                Some(remembered) if *remembered >= latest => prop_assert_eq!(answer, Ok(Replay::Replayed)),
                None if until >= latest => prop_assert_eq!(answer, Ok(Replay::Fresh)),
                // The store may have forgotten, and must not vouch then.
                Some(_) | None => {}
            }
            if answer == Ok(Replay::Fresh) {
                // Whoever says fresh has not seen it, or the proof seen can no longer be accepted.
                if let Some(remembered) = model.insert((number, jti), until) {
                    prop_assert!(remembered < latest);
                }
            }
        }
    }
}
