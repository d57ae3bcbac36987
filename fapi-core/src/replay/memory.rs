//! The replay store of one process (RFC 9449 §11.1, R60-R61).
//!
//! Keeps a keyed fingerprint of every used proof (key and `jti`) through the period of time in which the proof could be
//! accepted last, and forgets nothing before (pitfalls P4, P10). The memory is reserved when the store is made and never
//! grows; the store is split into shards with a lock each, held for some dozens of instructions (P11). Several processes
//! need a store that they share (pitfall P12).

use std::fmt;
use std::hash::Hasher;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use siphasher::sip128::{Hasher128, SipHasher13};

use super::counts::{Counts, least_share};
use super::shard::{Fingerprint, Shard};
use super::{ProofClient, ProofUse, Replay, ReplayStore, ReplayStoreError};
use crate::clock::UnixTime;
use crate::config_error::ConfigError;
use crate::crypto::CryptoProvider;

/// Proofs remembered by default: more than 10,000 a second for a window of 60 s, in at most 40 MB.
const DEFAULT_CAPACITY: usize = 1_000_000;
/// The largest capacity, in at most 4 GB: more than 100,000 proofs a second for the longest window of a profile.
const MAX_CAPACITY: usize = 100_000_000;
/// One client's share by default: an eighth of the capacity. It takes five greedy clients to fill the store: one takes its
/// half, four an eighth each.
const DEFAULT_CLIENT_SHARE_DIVISOR: usize = 8;
/// A shard's share of the capacity: so many locks that they are seldom waited for.
const PROOFS_PER_SHARD: usize = 4096;
/// Room in each shard beyond its even share, since a hash shares out unevenly: ten standard deviations of 64, which is
/// the root of 4,096.
const SPARE_PER_SHARD: usize = 640;
/// Milliseconds of a period: proofs are remembered at most this much longer than needed.
const PERIOD_MILLIS: u64 = 30_000;

const UNAVAILABLE: ReplayStoreError = ReplayStoreError::Unavailable;

/// Remembers used proofs in the memory of this process.
///
/// A remembered proof takes less than 40 bytes, so the default of 1,000,000 proofs takes less than 40 MB, which the
/// operating system provides as they are used. A store that is full refuses new proofs and forgets none. So that one client cannot use it up, with however many keys, a client whose
/// share is used up is refused once half of the store is in use.
///
/// ```
/// use fapi_core::{Clock, MemoryReplayStore, SystemClock, crypto::AwsLcProvider};
///
/// let store = MemoryReplayStore::with_capacity(&AwsLcProvider, SystemClock.now(), 200_000)?.with_client_share(50_000);
/// # Ok::<(), fapi_core::ConfigError>(())
/// ```
pub struct MemoryReplayStore {
    hasher: SipHasher13,
    shards: Box<[Mutex<Shard>]>,
    counts: Counts,
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
    /// [`ConfigError::Random`] if there are no random bytes for the key of the fingerprints.
    pub fn new(crypto: &dyn CryptoProvider, now: UnixTime) -> Result<Self, ConfigError> {
        Self::with_capacity(crypto, now, DEFAULT_CAPACITY)
    }

    /// A store for `capacity` proofs, from 1 to 100,000,000, whose memory begins `now`.
    ///
    /// It needs room for the proofs of the acceptance window and another 30 seconds at the busiest time.
    ///
    /// # Errors
    /// [`ConfigError::ReplayCapacity`] if there cannot be as many, [`ConfigError::Random`] if there are no random bytes for the
    /// key of the fingerprints.
    pub fn with_capacity(
        crypto: &dyn CryptoProvider,
        now: UnixTime,
        capacity: usize,
    ) -> Result<Self, ConfigError> {
        // R61: none would refuse every proof, and what does not fit in memory would end the process.
        if !(1..=MAX_CAPACITY).contains(&capacity) {
            return Err(ConfigError::ReplayCapacity { value: capacity, most: MAX_CAPACITY });
        }
        let mut key = [0; 16];
        crypto.fill_random(&mut key)?;
        let shards = capacity.div_ceil(PROOFS_PER_SHARD).max(1);
        let per_shard =
            capacity.div_ceil(shards).saturating_add(if shards > 1 { SPARE_PER_SHARD } else { 0 });
        Ok(Self {
            hasher: SipHasher13::new_with_key(&key),
            shards: (0..shards).map(|_| Mutex::new(Shard::for_proofs(per_shard))).collect(),
            counts: Counts::new(),
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
            return Err(UNAVAILABLE);
        }
        let (client, fingerprint) = (self.client_hash(proof.client), self.fingerprint(&proof));
        let (now, until) = period_of(proof.now).zip(period_of(proof.accepted_until)).ok_or(UNAVAILABLE)?;

        // A thread that died while it held this lock may have left the shard incomplete: fail closed.
        let mut shard = self.shard(fingerprint)?.lock().map_err(|_poisoned| UNAVAILABLE)?;
        let first = shard.advance_to(now);
        // Another proof with the same jti may have another iat, and be remembered through any period.
        if shard.contains(fingerprint) {
            return Ok(Replay::Replayed);
        }
        // The clock went back: what the proof is asked about may have been forgotten.
        if until < first {
            return Err(UNAVAILABLE);
        }
        self.check_room(client, first)?;
        // R61, pitfall P10: never in another one's place.
        shard.insert(fingerprint, until).map_err(|_no_place| ReplayStoreError::Full)?;
        self.counts.add(client, until);
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
        self.shards.get(fingerprint.shard(self.shards.len())).ok_or(UNAVAILABLE)
    }

    /// Whether there is room for one more proof of this client. Uses at the same moment may each find the last place; the
    /// tables have room for them.
    fn check_room(&self, client: u64, first: u32) -> Result<(), ReplayStoreError> {
        let remembered = self.counts.remembered(first);
        // R61, pitfall P9: free use of the first half, a share each of the other one. P10: a full store refuses.
        let full = remembered >= self.capacity as u64;
        let share_used = remembered >= self.capacity as u64 / 2
            && self.counts.remembered_of(client, first) >= self.client_share as u64;
        if full || share_used { Err(ReplayStoreError::Full) } else { Ok(()) }
    }
}

impl fmt::Debug for MemoryReplayStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MemoryReplayStore")
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

/// The period in which `time` lies; none after the year 6000. A proof is remembered while any moment of its period is not
/// in the past, and so through the last millisecond at which it can be accepted (pitfall P4). Counted from 1, since 0 is
/// the period of what never was.
fn period_of(time: UnixTime) -> Option<u32> {
    u32::try_from(time.as_millis() / PERIOD_MILLIS).ok()?.checked_add(1)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use std::collections::HashSet;
    use std::iter;

    use super::*;
    use crate::crypto::RandomError;
    use crate::jose::JwkThumbprint;
    use crate::replay::counts::PERIODS;

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

    // R61: bounded memory, and what the documentation says of it.
    #[test]
    fn a_remembered_proof_takes_less_than_forty_bytes() {
        for capacity in [1_000_000, 10_000_000] {
            let tables =
                store(capacity).shards.iter().map(|shard| shard.lock().unwrap().bytes()).sum::<usize>();
            let bytes =
                tables + size_of::<Counts>() + size_of::<Mutex<Shard>>() * capacity / PROOFS_PER_SHARD;
            assert!(bytes < 40 * capacity, "{bytes} bytes for {capacity} proofs");
        }
    }

    // P11: what has passed goes without a sweep.
    #[test]
    fn what_has_passed_is_not_counted() {
        let store = store(100_000);
        let end = use_proofs(&store, NOW, 50_000);
        assert_eq!(store.counts.remembered(period_of(end).unwrap()), 50_000);
        let later = end.saturating_add(Duration::from_secs(60 + 30));
        use_proofs(&store, later, 500);
        assert_eq!(store.counts.remembered(period_of(later).unwrap()), 500);
    }

    // R61: every period that a proof may be remembered through is counted.
    #[test]
    fn no_window_is_longer_than_what_is_counted() {
        let periods = MemoryReplayStore::MAX_WINDOW.as_millis() / u128::from(PERIOD_MILLIS) + 2;
        assert!(periods <= PERIODS as u128);
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
            "MemoryReplayStore { capacity: 80, client_share: 10, complete_since: UnixTime(1562262600000), .. }"
        );
    }
}
