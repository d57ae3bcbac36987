//! The replay store of one process (RFC 9449 §11.1, R60-R61).
//!
//! Keeps a 128-bit keyed fingerprint of every used proof (key and `jti`) in buckets of time, by the last moment at which
//! the proof could be accepted again. A bucket is dropped whole when its time has passed, and nothing is dropped before
//! (pitfalls P4, P10, P11). The store is split into shards with a lock each, small enough that growing or dropping one of
//! their tables is a short pause. Several processes need a store that they share (pitfall P12).

use std::fmt;
use std::hash::Hasher;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use siphasher::sip128::{Hasher128, SipHasher13};

use super::client_counts::{ClientCounts, least_share, remainder};
use super::shard::{Fingerprint, Shard};
use super::{ProofClient, ProofUse, Replay, ReplayStore, ReplayStoreError};
use crate::clock::UnixTime;
use crate::crypto::{CryptoProvider, RandomError};

/// Proofs remembered by default: more than 10,000 a second for a window of 60 s, in at most 40 MB.
const DEFAULT_CAPACITY: usize = 1_000_000;
/// One client's share by default: an eighth of the capacity. It takes five greedy clients to fill the store: one takes its
/// half, four an eighth each.
const DEFAULT_CLIENT_SHARE_DIVISOR: usize = 8;
/// A shard's share of the capacity: small tables make short pauses, and locks that are seldom waited for.
const PROOFS_PER_SHARD: usize = 2048;
/// Milliseconds of a bucket. Proofs are remembered at most this much longer than needed; fewer, wider buckets are
/// quicker to search.
const BUCKET_MILLIS: u64 = 30_000;

/// Remembers used proofs in the memory of this process.
///
/// A remembered proof takes at most 40 bytes, so the default of 1,000,000 proofs takes at most 40 MB. A store that is
/// full refuses new proofs and forgets none. So that one client cannot use it up, with however many keys, a client whose
/// share is used up is refused once half of the store is in use.
///
/// ```
/// use fapi_core::{Clock, MemoryReplayStore, SystemClock, crypto::AwsLcProvider};
///
/// let store = MemoryReplayStore::with_capacity(&AwsLcProvider, SystemClock.now(), 200_000)?.with_client_share(50_000);
/// # Ok::<(), fapi_core::crypto::RandomError>(())
/// ```
pub struct MemoryReplayStore {
    hasher: SipHasher13,
    shards: Box<[Mutex<Shard>]>,
    client_counts: ClientCounts,
    remembered: AtomicUsize,
    capacity: usize,
    client_share: usize,
    complete_since: UnixTime,
}

impl MemoryReplayStore {
    /// How far ahead of `now` a proof's `accepted_until` may be. A proof that could be accepted for longer is answered
    /// with [`ReplayStoreError::Unavailable`]; no client can cause that, only a configuration with longer windows.
    pub const MAX_WINDOW: Duration = Duration::from_secs(30 * 60);

    /// A store for 1,000,000 proofs, whose memory begins `now`: no proof from before that is trusted (pitfall P14).
    ///
    /// # Errors
    /// [`RandomError`] if there are no random bytes for the key of the fingerprints.
    pub fn new(crypto: &dyn CryptoProvider, now: UnixTime) -> Result<Self, RandomError> {
        Self::with_capacity(crypto, now, DEFAULT_CAPACITY)
    }

    /// A store for `capacity` proofs, whose memory begins `now`.
    ///
    /// It needs room for the proofs of the acceptance window and another 30 seconds at the busiest time.
    ///
    /// # Errors
    /// [`RandomError`] if there are no random bytes for the key of the fingerprints.
    pub fn with_capacity(
        crypto: &dyn CryptoProvider,
        now: UnixTime,
        capacity: usize,
    ) -> Result<Self, RandomError> {
        let mut key = [0; 16];
        crypto.fill_random(&mut key)?;
        let shards = capacity.div_ceil(PROOFS_PER_SHARD).max(1);
        Ok(Self {
            hasher: SipHasher13::new_with_key(&key),
            shards: (0..shards).map(|_| Mutex::default()).collect(),
            client_counts: ClientCounts::new(),
            remembered: AtomicUsize::new(0),
            capacity,
            client_share: (capacity / DEFAULT_CLIENT_SHARE_DIVISOR).max(1),
            complete_since: now,
        })
    }

    /// How many remembered proofs a client may have once half of the store is in use; an eighth of the capacity by
    /// default, and never less than a thirty-second of it.
    ///
    /// Counted without a list of the clients, and therefore roughly: a client may be refused early by about 0.6 % of all
    /// remembered proofs. A share that is lost in this error would shut out clients that have sent nothing, which is why
    /// there is a least one.
    #[must_use]
    pub fn with_client_share(self, proofs: usize) -> Self {
        let client_share = proofs.max(least_share(self.capacity)).max(1);
        Self { client_share, ..self }
    }

    /// This store, if it begins at `now` or later; otherwise one that begins at `now`.
    ///
    /// P14: it can have seen no use before the server that it belongs to was built, whatever it was told.
    pub(crate) fn begin_at_least(self, now: UnixTime) -> Self {
        Self { complete_since: self.complete_since.max(now), ..self }
    }

    /// Remembers this use and says whether it is the first, without waiting for anything but a short lock.
    ///
    /// # Errors
    /// [`ReplayStoreError::Full`] if the store or the client's share of it is full. [`ReplayStoreError::Unavailable`] if the
    /// store cannot vouch for the proof: its `accepted_until` has passed and may have been forgotten (the clock went
    /// back), or is more than [`MAX_WINDOW`](Self::MAX_WINDOW) ahead.
    pub fn insert(&self, proof: ProofUse<'_>) -> Result<Replay, ReplayStoreError> {
        if proof.accepted_until.saturating_since(proof.now) > Self::MAX_WINDOW {
            return Err(ReplayStoreError::Unavailable);
        }
        let (client, fingerprint) = (self.client_hash(proof.client), self.fingerprint(&proof));
        let (now, bucket) = (bucket_number(proof.now), bucket_number(proof.accepted_until));

        // A thread that died while it held this lock may have left the shard incomplete: fail closed.
        let mut shard = self.shard(fingerprint)?.lock().map_err(|_poisoned| ReplayStoreError::Unavailable)?;
        let dropped = shard.drop_buckets_before(now);
        if dropped > 0 {
            self.remembered.fetch_sub(dropped, Relaxed);
        }

        // Another proof with the same jti may have another iat, and be in any bucket.
        if shard.contains(fingerprint) {
            return Ok(Replay::Replayed);
        }
        let fingerprints = shard.bucket_mut(bucket).ok_or(ReplayStoreError::Unavailable)?;
        self.reserve(client, now)?;
        fingerprints.insert(fingerprint);
        self.client_counts.add(client, bucket);
        Ok(Replay::Fresh)
    }

    /// The keyed hash by which a client's proofs are counted.
    fn client_hash(&self, client: ProofClient<'_>) -> u64 {
        let mut hasher = self.hasher;
        hasher.write(client.issuer.as_bytes());
        // No UTF-8 contains this byte, so that where the issuer ends is unambiguous.
        hasher.write(&[0xff]);
        hasher.write(client.client_id.as_bytes());
        hasher.finish()
    }

    /// The keyed hash of the proof.
    fn fingerprint(&self, proof: &ProofUse<'_>) -> Fingerprint {
        let mut hasher = self.hasher;
        // A thumbprint is 32 bytes long, so that where the jti begins is unambiguous (pitfall P8).
        hasher.write(proof.jkt.as_bytes());
        hasher.write(proof.jti.as_bytes());
        let (high, low) = hasher.finish128().as_u64();
        Fingerprint { high, low }
    }

    fn shard(&self, fingerprint: Fingerprint) -> Result<&Mutex<Shard>, ReplayStoreError> {
        // Not the bits that the tables use, or each table would be used in part only.
        let index = remainder(fingerprint.high, self.shards.len());
        self.shards.get(index).ok_or(ReplayStoreError::Unavailable)
    }

    /// Takes a place for one more proof of this client.
    fn reserve(&self, client: u64, now: u64) -> Result<(), ReplayStoreError> {
        // R61, pitfall P9: free use of the first half, a share each of the other one.
        if self.remembered.load(Relaxed) >= self.capacity / 2
            && self.client_counts.remembered(client, now) >= self.client_share as u64
        {
            return Err(ReplayStoreError::Full);
        }
        // R61, pitfall P10: a full store refuses; it does not forget.
        self.remembered
            .fetch_update(Relaxed, Relaxed, |proofs| {
                proofs.checked_add(1).filter(|proofs| *proofs <= self.capacity)
            })
            .map_err(|_full| ReplayStoreError::Full)?;
        Ok(())
    }
}

impl fmt::Debug for MemoryReplayStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MemoryReplayStore")
            .field("remembered", &self.remembered)
            .field("capacity", &self.capacity)
            .field("client_share", &self.client_share)
            .field("complete_since", &self.complete_since)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl ReplayStore for MemoryReplayStore {
    async fn insert(&self, proof: ProofUse<'_>) -> Result<Replay, ReplayStoreError> {
        Self::insert(self, proof)
    }

    fn complete_since(&self) -> UnixTime {
        self.complete_since
    }
}

/// The bucket in which `time` lies. A bucket is kept while any moment of it is not in the past, so that a proof is
/// remembered through the last millisecond at which it can be accepted (pitfall P4).
fn bucket_number(time: UnixTime) -> u64 {
    time.as_millis() / BUCKET_MILLIS
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use std::collections::HashSet;
    use std::iter;

    use super::*;
    use crate::jose::JwkThumbprint;
    use crate::replay::shard::BUCKETS;

    #[derive(Debug)]
    struct FixedRandom;

    impl CryptoProvider for FixedRandom {
        fn verifying_key(
            &self,
            _jwk: &crate::jose::Jwk,
            _algorithm: crate::jose::Algorithm,
        ) -> Result<std::sync::Arc<dyn crate::crypto::VerifyingKey>, crate::jose::KeyError> {
            Err(crate::jose::KeyError::Unfit)
        }

        fn sha256(&self, _data: &[u8]) -> [u8; 32] {
            [0; 32]
        }

        fn hmac_sha256(&self, _key: &[u8], _data: &[u8]) -> [u8; 32] {
            [0; 32]
        }

        fn fill_random(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
            buffer.fill(7);
            Ok(())
        }
    }

    const NOW: UnixTime = UnixTime::from_secs(1_562_262_600);
    const CLIENT: ProofClient<'_> = ProofClient { issuer: "https://as.example.com", client_id: "client" };

    fn store(capacity: usize) -> MemoryReplayStore {
        MemoryReplayStore::with_capacity(&FixedRandom, NOW, capacity).unwrap()
    }

    /// Uses `count` proofs of as many keys and clients, spread evenly over a minute, and says when that minute ends.
    fn use_proofs(store: &MemoryReplayStore, start: UnixTime, count: u64) -> UnixTime {
        let minute = Duration::from_secs(60);
        for number in 0..count {
            let now = UnixTime::from_millis(start.as_millis() + number * 60_000 / count);
            let mut jkt = [0; 32];
            jkt[..8].copy_from_slice(&number.to_be_bytes());
            let jkt = JwkThumbprint::from_bytes(jkt);
            let jti = now.as_millis().to_string();
            let client = ProofClient { client_id: &jti, ..CLIENT };
            let proof = ProofUse::new(client, &jkt, &jti, now.saturating_add(minute), now);
            assert_eq!(store.insert(proof), Ok(Replay::Fresh));
        }
        start.saturating_add(minute)
    }

    /// The bytes of all tables: a power of two of places, of which 7/8 are used at most, each with a byte of its own.
    fn table_bytes(store: &MemoryReplayStore) -> usize {
        let place = size_of::<Fingerprint>() + 1;
        let bucket = |proofs: &HashSet<_, _>| (proofs.capacity() * 8 / 7).next_power_of_two() * place;
        let shard = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap();
            let tables: usize = shard.buckets.iter().filter(|proofs| proofs.capacity() > 0).map(bucket).sum();
            tables + shard.buckets.capacity() * size_of::<HashSet<Fingerprint>>() + size_of::<Mutex<Shard>>()
        };
        store.shards.iter().map(shard).sum()
    }

    // R61: bounded memory, and what the documentation says of it.
    #[test]
    fn a_remembered_proof_takes_at_most_forty_bytes() {
        for count in [60_000, 100_000] {
            let store = store(100_000);
            use_proofs(&store, NOW, count);
            let bytes = table_bytes(&store) / usize::try_from(count).unwrap();
            assert!(bytes <= 40, "{bytes} bytes for each of {count} proofs");
        }
    }

    // P11: what has passed goes without a sweep, as the shards are used.
    #[test]
    fn memory_falls_when_buckets_have_passed() {
        let store = store(100_000);
        let end = use_proofs(&store, NOW, 50_000);
        let full = table_bytes(&store);
        let later = end.saturating_add(Duration::from_secs(60 + 30));
        use_proofs(&store, later, 500);
        assert!(table_bytes(&store) < full / 4);
        assert_eq!(store.remembered.load(Relaxed), 500);
    }

    // R61: a hostile jti or time makes no more than the permitted number of buckets.
    #[test]
    fn the_number_of_buckets_is_bounded() {
        let store = store(10);
        let jkt = JwkThumbprint::from_bytes([1; 32]);
        let last = NOW.saturating_add(MemoryReplayStore::MAX_WINDOW);
        for (jti, until) in ["a", "b", "c"].into_iter().zip([NOW, last, UnixTime::MAX]) {
            let _ = store.insert(ProofUse::new(CLIENT, &jkt, jti, until, NOW));
        }
        assert!(store.shards.iter().all(|shard| shard.lock().unwrap().buckets.len() <= BUCKETS));
        assert_eq!(store.remembered.load(Relaxed), 2);
    }

    // P8: where the thumbprint ends and the jti begins is unambiguous, and every byte counts.
    #[test]
    fn fingerprints_differ_when_any_part_does() {
        let store = store(10);
        let jkts = [[0; 32], [1; 32]].map(JwkThumbprint::from_bytes);
        let jtis = ["", "\0", "a", "aa", "b", "\u{1}"];
        let mut seen = HashSet::new();
        for (jkt, jti) in jkts.iter().flat_map(|jkt| iter::repeat(jkt).zip(jtis)) {
            let fingerprint = store.fingerprint(&ProofUse::new(CLIENT, jkt, jti, NOW, NOW));
            assert!(seen.insert((fingerprint.high, fingerprint.low)));
        }
        assert_eq!(seen.len(), 12);
    }

    // P9: so is where the issuer ends and the client_id begins.
    #[test]
    fn clients_differ_when_any_part_does() {
        let store = store(10);
        let parts = [("", ""), ("", "ab"), ("a", "b"), ("ab", ""), ("a", "c"), ("b", "a"), ("a", "\u{ff}b")];
        let hashes = parts.map(|(issuer, client_id)| store.client_hash(ProofClient { issuer, client_id }));
        assert_eq!(HashSet::from(hashes).len(), parts.len());
    }

    // P14: a start can be moved forward, never back.
    #[test]
    fn a_store_is_no_older_than_it_can_be() {
        let later = NOW.saturating_add(Duration::from_millis(1));
        assert_eq!(store(10).begin_at_least(later).complete_since, later);
        assert_eq!(store(10).begin_at_least(UnixTime::default()).complete_since, NOW);
    }

    // P13: in doubt, neither fresh nor replayed.
    #[test]
    fn a_poisoned_shard_is_unavailable() {
        let store = store(10);
        let jkt = JwkThumbprint::from_bytes([1; 32]);
        std::thread::scope(|scope| {
            let died = scope.spawn(|| {
                let _guard = store.shards[0].lock();
                panic!("expected: this thread dies with the lock");
            });
            assert!(died.join().is_err());
        });
        let answer = store.insert(ProofUse::new(CLIENT, &jkt, "a", NOW, NOW));
        assert_eq!(answer, Err(ReplayStoreError::Unavailable));
    }

    #[test]
    fn debug_shows_neither_key_nor_fingerprints() {
        assert_eq!(
            format!("{:?}", store(80)),
            "MemoryReplayStore { remembered: 0, capacity: 80, client_share: 10, complete_since: UnixTime(1562262600000), .. }"
        );
    }
}
