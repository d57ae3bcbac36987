//! How many remembered proofs each key has, so that no key can use up the store (pitfall P9).
//!
//! A count-min sketch per bucket of time: fixed memory however many keys there are, and a count is never too low. It is
//! too high by more than 0.6 % of all remembered proofs for one key in fifty at most; since the rows are chosen by a
//! keyed hash, nobody can choose a key that shares its cells with a victim's.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::memory::BUCKETS;

/// Independent rows: a count is wrong only if all of its cells are shared with busy keys.
const ROWS: usize = 4;
/// Cells of a row: the expected excess of a count is (all proofs) / 512.
const COLUMNS: usize = 512;
/// A cell holds the bucket of time it counts for in its upper half, and the count in its lower half.
const COUNT_MASK: u64 = u32::MAX as u64;

/// The proofs remembered per key and bucket of time. It takes 1 MiB.
pub(super) struct KeyCounts {
    cells: Box<[[[AtomicU64; COLUMNS]; ROWS]]>,
    /// The latest bucket with a proof in it.
    latest: AtomicU64,
}

impl KeyCounts {
    pub(super) fn new() -> Self {
        let bucket = || [const { [const { AtomicU64::new(0) }; COLUMNS] }; ROWS];
        Self { cells: (0..BUCKETS).map(|_| bucket()).collect(), latest: AtomicU64::new(0) }
    }

    /// Counts one more proof of the key with this hash, remembered in bucket number `bucket`.
    pub(super) fn add(&self, key: u64, bucket: u64) {
        if self.latest.load(Relaxed) < bucket {
            self.latest.fetch_max(bucket, Relaxed);
        }
        for cell in self.cells(key, bucket) {
            // A cell left over from an earlier bucket starts again from zero: there is nothing to sweep.
            let next = |cell| (bucket << 32) | count(cell, bucket).saturating_add(1).min(COUNT_MASK);
            let mut current = cell.load(Relaxed);
            while let Err(changed) = cell.compare_exchange_weak(current, next(current), Relaxed, Relaxed) {
                current = changed;
            }
        }
    }

    /// At least the number of proofs of this key that are remembered in the buckets from number `first` on.
    pub(super) fn remembered(&self, key: u64, first: u64) -> u64 {
        let mut rows = [0_u64; ROWS];
        for bucket in (first..=self.latest.load(Relaxed)).take(BUCKETS) {
            for (row, cell) in rows.iter_mut().zip(self.cells(key, bucket)) {
                *row = row.saturating_add(count(cell.load(Relaxed), bucket));
            }
        }
        rows.into_iter().min().unwrap_or(u64::MAX)
    }

    /// The cell of each row that counts for this key and bucket.
    fn cells(&self, key: u64, bucket: u64) -> impl Iterator<Item = &AtomicU64> {
        let columns = [key, key >> 16, key >> 32, key >> 48];
        let rows = self.cells.get(remainder(bucket, BUCKETS)).into_iter().flatten();
        rows.zip(columns).filter_map(|(row, column)| row.get(remainder(column, COLUMNS)))
    }
}

/// The count in `cell`, if it counts for this bucket.
fn count(cell: u64, bucket: u64) -> u64 {
    if cell >> 32 == bucket & COUNT_MASK { cell & COUNT_MASK } else { 0 }
}

/// `number` modulo `divisor`, as an index.
pub(super) fn remainder(number: u64, divisor: usize) -> usize {
    number.checked_rem(divisor as u64).and_then(|index| usize::try_from(index).ok()).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    /// Spreads consecutive numbers as the keyed hash does (the finaliser of SplitMix64).
    fn hash(key: u64) -> u64 {
        let key = key.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        key ^ (key >> 31)
    }

    #[test]
    fn counts_are_exact_for_few_keys_and_fall_when_a_bucket_has_passed() {
        let counts = KeyCounts::new();
        for bucket in [1_000, 1_000, 1_001, 1_063] {
            counts.add(hash(1), bucket);
        }
        assert_eq!(counts.remembered(hash(1), 1_000), 4);
        assert_eq!(counts.remembered(hash(1), 1_001), 2);
        assert_eq!(counts.remembered(hash(1), 1_002), 1);
        assert_eq!(counts.remembered(hash(1), 1_064), 0);
        assert_eq!(counts.remembered(hash(2), 1_000), 0);
    }

    #[test]
    fn a_cell_is_reused_when_its_bucket_has_passed() {
        let counts = KeyCounts::new();
        counts.add(hash(1), 7);
        counts.add(hash(1), 7 + BUCKETS as u64);
        assert_eq!(counts.remembered(hash(1), 8), 1);
    }

    #[test]
    fn counts_are_never_too_low_and_hardly_too_high() {
        let counts = KeyCounts::new();
        for key in 0..100_000 {
            counts.add(hash(key), 5);
        }
        let excess: Vec<u64> = (0..1_000).map(|key| counts.remembered(hash(key), 5) - 1).collect();
        assert!(excess.iter().filter(|excess| **excess > 600).count() <= 20, "{excess:?}");
    }

    #[test]
    fn the_last_bucket_there_is_does_not_overflow() {
        let counts = KeyCounts::new();
        counts.add(hash(1), u64::MAX);
        assert_eq!(counts.remembered(hash(1), u64::MAX), 1);
    }
}
