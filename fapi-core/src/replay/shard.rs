//! One lock's part of the in-memory replay store: fingerprints of used proofs, in buckets of time.
//!
//! A bucket is dropped whole when its time has passed, and nothing is dropped before (pitfalls P4, P10, P11). Which bucket
//! a proof belongs to, and how many proofs there may be, is decided in `memory.rs`.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// Buckets at most: far more than any sensible window needs (R52: seconds to minutes).
pub(super) const BUCKETS: usize = 64;

/// One lock's part of the store.
#[derive(Default)]
pub(super) struct Shard {
    /// The number of the first bucket; all before it are forgotten.
    first: u64,
    /// The buckets from `first` on, without gaps.
    pub(super) buckets: VecDeque<HashSet<Fingerprint, BuildHasherDefault<FingerprintHasher>>>,
}

impl Shard {
    /// Forgets the buckets that have passed, and says how many proofs they held. Never goes back, even if the clock does.
    pub(super) fn drop_buckets_before(&mut self, bucket: u64) -> usize {
        let passed = usize::try_from(bucket.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let passed = passed.min(self.buckets.len());
        self.first = self.first.max(bucket);
        // As nearly always
        if passed == 0 {
            return 0;
        }
        self.buckets.drain(..passed).map(|fingerprints| fingerprints.len()).sum()
    }

    pub(super) fn contains(&self, fingerprint: Fingerprint) -> bool {
        self.buckets.iter().any(|fingerprints| fingerprints.contains(&fingerprint))
    }

    /// The bucket with this number; none if it has been forgotten or is too far ahead.
    pub(super) fn bucket_mut(
        &mut self,
        bucket: u64,
    ) -> Option<&mut HashSet<Fingerprint, BuildHasherDefault<FingerprintHasher>>> {
        let index = usize::try_from(bucket.checked_sub(self.first)?).ok().filter(|index| *index < BUCKETS)?;
        if index >= self.buckets.len() {
            self.buckets.resize_with(index.saturating_add(1), HashSet::default);
        }
        self.buckets.get_mut(index)
    }
}

/// A keyed hash of a key and a `jti`: 128 bits, so that two proofs share one only by a chance of 2^-80 even among
/// 10,000,000; and if they do, the later one is refused, never accepted.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) struct Fingerprint {
    pub(super) high: u64,
    pub(super) low: u64,
}

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.low);
    }
}

/// Passes a fingerprint's bits through: it is a keyed hash already.
#[derive(Default)]
pub(super) struct FingerprintHasher(u64);

impl Hasher for FingerprintHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, bits: u64) {
        self.0 = bits;
    }
}
