//! How many remembered proofs each client has, so that no client can use up the store (pitfall P9).
//!
//! A count-min sketch per bucket of time: fixed memory however many clients there are, and a count is never too low. It
//! is too high by more than 0.6 % of all remembered proofs for one client in fifty at most; since the rows are chosen by
//! a keyed hash, nobody can choose a name that shares its cells with a victim's.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::shard::BUCKETS;

/// Independent rows: a count is wrong only if all of its cells are shared with busy clients.
const ROWS: usize = 4;
/// Cells of a row: the expected excess of a count is (all proofs) / 512.
const COLUMNS: usize = 512;
/// The smallest share that can be told from such an excess, as a multiple of it. Of any row, at most one cell in 16 holds
/// that many proofs of others; of the clients without proofs, at most one in 16^4 = 65,536 seems to have a share.
const SHARE_PER_EXCESS: usize = 16;
/// A cell holds the bucket of time it counts for in its upper half, and the count in its lower half.
const COUNT_MASK: u64 = u32::MAX as u64;

/// The smallest share of `proofs` remembered proofs that the counts can tell: 1/32, about 3 %.
pub(super) const fn least_share(proofs: usize) -> usize {
    proofs / (COLUMNS / SHARE_PER_EXCESS)
}

/// The proofs remembered per client and bucket of time. It takes 1 MiB.
pub(super) struct ClientCounts {
    cells: Box<[[[AtomicU64; COLUMNS]; ROWS]]>,
    /// The latest bucket with a proof in it.
    latest: AtomicU64,
}

impl ClientCounts {
    pub(super) fn new() -> Self {
        let bucket = || [const { [const { AtomicU64::new(0) }; COLUMNS] }; ROWS];
        Self { cells: (0..BUCKETS).map(|_| bucket()).collect(), latest: AtomicU64::new(0) }
    }

    /// Counts one more proof of the client with this hash, remembered in bucket number `bucket`.
    pub(super) fn add(&self, client: u64, bucket: u64) {
        if self.latest.load(Relaxed) < bucket {
            self.latest.fetch_max(bucket, Relaxed);
        }
        for cell in self.cells(client, bucket) {
            // A cell left over from an earlier bucket starts again from zero: there is nothing to sweep.
            let next = |cell| (bucket << 32) | count(cell, bucket).saturating_add(1).min(COUNT_MASK);
            let mut current = cell.load(Relaxed);
            while let Err(changed) = cell.compare_exchange_weak(current, next(current), Relaxed, Relaxed) {
                current = changed;
            }
        }
    }

    /// At least the number of proofs of this client that are remembered in the buckets from number `first` on.
    pub(super) fn remembered(&self, client: u64, first: u64) -> u64 {
        let mut rows = [0_u64; ROWS];
        for bucket in (first..=self.latest.load(Relaxed)).take(BUCKETS) {
            for (row, cell) in rows.iter_mut().zip(self.cells(client, bucket)) {
                *row = row.saturating_add(count(cell.load(Relaxed), bucket));
            }
        }
        rows.into_iter().min().unwrap_or(u64::MAX)
    }

    /// The cell of each row that counts for this client and bucket.
    fn cells(&self, client: u64, bucket: u64) -> impl Iterator<Item = &AtomicU64> {
        let columns = [client, client >> 16, client >> 32, client >> 48];
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
    fn counts_are_exact_for_few_clients_and_fall_when_a_bucket_has_passed() {
        let counts = ClientCounts::new();
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
        let counts = ClientCounts::new();
        counts.add(hash(1), 7);
        counts.add(hash(1), 7 + BUCKETS as u64);
        assert_eq!(counts.remembered(hash(1), 8), 1);
    }

    #[test]
    fn counts_are_never_too_low_and_hardly_too_high() {
        let counts = ClientCounts::new();
        for client in 0..100_000 {
            counts.add(hash(client), 5);
        }
        let excess: Vec<u64> = (0..1_000).map(|client| counts.remembered(hash(client), 5) - 1).collect();
        assert!(excess.iter().filter(|excess| **excess > 600).count() <= 20, "{excess:?}");
    }

    // P9: the worst case, all proofs with as many clients as can have the least share.
    #[test]
    fn a_client_without_proofs_does_not_seem_to_have_a_share() {
        let counts = ClientCounts::new();
        let share = least_share(100_000);
        for client in 0..32 {
            for _ in 0..share {
                counts.add(hash(client), 5);
            }
        }
        let seeming = (32..100_032).filter(|client| counts.remembered(hash(*client), 5) >= share as u64);
        let seeming = seeming.count();
        assert!(seeming <= 5, "{seeming} of 100,000");
    }

    #[test]
    fn the_last_bucket_there_is_does_not_overflow() {
        let counts = ClientCounts::new();
        counts.add(hash(1), u64::MAX);
        assert_eq!(counts.remembered(hash(1), u64::MAX), 1);
    }
}
