//! How many proofs are remembered: of all clients, and of each, so that no client can use up the store (pitfall P9).
//!
//! Counted per period of time, so that what has passed drops out of the sum without a sweep (P11). Clients are counted in a
//! count-min sketch: fixed memory however many there are, and a count is never too low. It is too high by more than 0.6 %
//! of all remembered proofs for one client in fifty at most; since the rows are chosen by a keyed hash, nobody can choose
//! a name that shares its cells with a victim's.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// Periods that are counted at a time.
pub(super) const PERIODS: usize = 64;
/// Independent rows: a count is wrong only if all of its cells are shared with busy clients.
const ROWS: usize = 4;
/// Cells of a row: the expected excess of a count is (all proofs) / 512.
const COLUMNS: usize = 512;
/// The smallest share that can be told from such an excess, as a multiple of it. Of any row, at most one cell in 16 holds
/// that many proofs of others; of the clients without proofs, at most one in 16^4 = 65,536 seems to have a share.
const SHARE_PER_EXCESS: usize = 16;

/// The smallest share of `proofs` remembered proofs that the counts can tell: 1/32, about 3 %.
pub(crate) const fn least_share(proofs: usize) -> usize {
    proofs / (COLUMNS / SHARE_PER_EXCESS)
}

/// The proofs remembered per period. It takes 1 MiB.
pub(super) struct Counts {
    /// Of all clients.
    totals: Box<[Cell]>,
    clients: Box<[ClientCounts]>,
    /// The latest period with a proof in it.
    latest: AtomicU32,
}

/// The counts of one period, and later of another one.
type ClientCounts = [[Cell; COLUMNS]; ROWS];

/// The period that is counted for in the upper half, and the count in the lower half.
struct Cell(AtomicU64);

impl Counts {
    pub(super) fn new() -> Self {
        let clients = || [const { [const { Cell::EMPTY }; COLUMNS] }; ROWS];
        Self {
            totals: (0..PERIODS).map(|_| Cell::EMPTY).collect(),
            clients: (0..PERIODS).map(|_| clients()).collect(),
            latest: AtomicU32::new(0),
        }
    }

    /// Counts one more proof of the client with this hash, remembered through `period`.
    pub(super) fn add(&self, client: u64, period: u32) {
        if self.latest.load(Relaxed) < period {
            self.latest.fetch_max(period, Relaxed);
        }
        if let Some(total) = self.totals.get(index(period)) {
            total.add(period);
        }
        self.cells(client, period).for_each(|cell| cell.add(period));
    }

    /// The number of proofs that are remembered through the periods from `first` on.
    pub(super) fn remembered(&self, first: u32) -> u64 {
        let totals = |period| self.totals.get(index(period)).map(|total| total.count(period));
        self.counted(first).filter_map(totals).sum()
    }

    /// At least the number of proofs of this client that are remembered through the periods from `first` on.
    pub(super) fn remembered_of(&self, client: u64, first: u32) -> u64 {
        let mut rows = [0_u64; ROWS];
        for period in self.counted(first) {
            for (row, cell) in rows.iter_mut().zip(self.cells(client, period)) {
                *row = row.saturating_add(cell.count(period));
            }
        }
        rows.into_iter().min().unwrap_or(u64::MAX)
    }

    fn counted(&self, first: u32) -> impl Iterator<Item = u32> + use<> {
        (first..=self.latest.load(Relaxed)).take(PERIODS)
    }

    /// The cell of each row that counts for this client and period.
    fn cells(&self, client: u64, period: u32) -> impl Iterator<Item = &Cell> {
        let columns = [client, client >> 16, client >> 32, client >> 48];
        let rows = self.clients.get(index(period)).into_iter().flatten();
        rows.zip(columns).filter_map(|(row, column)| row.get(below(COLUMNS, column)))
    }
}

/// Where a period is counted.
fn index(period: u32) -> usize {
    below(PERIODS, period.into())
}

/// `number` modulo `length`, as an index.
fn below(length: usize, number: u64) -> usize {
    number.checked_rem(length as u64).and_then(|index| usize::try_from(index).ok()).unwrap_or_default()
}

impl Cell {
    #[allow(clippy::declare_interior_mutable_const, reason = "to fill arrays with")]
    const EMPTY: Self = Self(AtomicU64::new(0));

    fn add(&self, period: u32) {
        let mut current = self.0.load(Relaxed);
        // A cell left over from an earlier period starts again from zero: there is nothing to sweep.
        let next =
            |cell| u64::from(period) << 32 | count(cell, period).saturating_add(1).min(u32::MAX.into());
        while let Err(changed) = self.0.compare_exchange_weak(current, next(current), Relaxed, Relaxed) {
            current = changed;
        }
    }

    fn count(&self, period: u32) -> u64 {
        count(self.0.load(Relaxed), period)
    }
}

/// The count in a cell, if it counts for this period.
const fn count(cell: u64, period: u32) -> u64 {
    if cell >> 32 == period as u64 { cell & u32::MAX as u64 } else { 0 }
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
    fn counts_are_exact_for_few_clients_and_fall_when_a_period_has_passed() {
        let counts = Counts::new();
        for period in [1_000, 1_000, 1_001, 1_063] {
            counts.add(hash(1), period);
        }
        assert_eq!(counts.remembered_of(hash(1), 1_000), 4);
        assert_eq!(counts.remembered_of(hash(1), 1_001), 2);
        assert_eq!(counts.remembered_of(hash(1), 1_002), 1);
        assert_eq!(counts.remembered_of(hash(1), 1_064), 0);
        assert_eq!(counts.remembered_of(hash(2), 1_000), 0);
        assert_eq!([1_000, 1_001, 1_064].map(|first| counts.remembered(first)), [4, 2, 0]);
    }

    #[test]
    fn a_cell_is_reused_when_its_period_has_passed() {
        let counts = Counts::new();
        counts.add(hash(1), 7);
        counts.add(hash(1), 7 + PERIODS as u32);
        assert_eq!(counts.remembered_of(hash(1), 8), 1);
    }

    #[test]
    fn counts_are_never_too_low_and_hardly_too_high() {
        let counts = Counts::new();
        for client in 0..100_000 {
            counts.add(hash(client), 5);
        }
        let excess: Vec<u64> = (0..1_000).map(|client| counts.remembered_of(hash(client), 5) - 1).collect();
        assert!(excess.iter().filter(|excess| **excess > 600).count() <= 20, "{excess:?}");
    }

    // P9: the worst case, all proofs with as many clients as can have the least share.
    #[test]
    fn a_client_without_proofs_does_not_seem_to_have_a_share() {
        let counts = Counts::new();
        let share = least_share(100_000);
        for client in 0..32 {
            for _ in 0..share {
                counts.add(hash(client), 5);
            }
        }
        let seeming = (32..100_032).filter(|client| counts.remembered_of(hash(*client), 5) >= share as u64);
        let seeming = seeming.count();
        assert!(seeming <= 5, "{seeming} of 100,000");
    }

    #[test]
    fn the_last_period_there_is_does_not_overflow() {
        let counts = Counts::new();
        counts.add(hash(1), u32::MAX);
        assert_eq!(counts.remembered_of(hash(1), u32::MAX), 1);
    }
}
