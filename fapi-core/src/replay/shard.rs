//! One lock's part of the in-memory replay store: a table of fixed size with the fingerprints of used proofs.
//!
//! A proof may lie in either of two bins of eight places; it goes into the emptier one, so that bins fill up evenly. The
//! table is larger than the processor's caches: a question reads both bins up to the first place that was never taken, which
//! is a cache line each until the store is well filled, and two when it is full. A place is free again when the period of
//! its proof has passed, and never before (pitfalls P4, P10): nothing is swept, grown or dropped (P11). How many proofs there may be, and
//! to which period a proof belongs, is decided in `memory.rs`.

/// Places of a bin. A table twice as large as needed has four proofs in a bin on average; that both bins of a proof are
/// full then has a chance of 10^-13 or so (Azar et al., "Balanced Allocations": it falls doubly exponentially).
const PLACES: usize = 8;
/// Places for each proof that a shard is made for.
const PLACES_PER_PROOF: usize = 2;

/// The period of a place that was never taken.
const NEVER: u32 = 0;

/// A place: half of a fingerprint, and the rest of it beside the period through which it is remembered.
type Place = [u64; 2];

/// One lock's part of the store.
pub(super) struct Shard {
    /// The earliest period that is not over. Never goes back, even if the clock does.
    first: u32,
    bins: Box<[[Place; PLACES]]>,
}

/// A keyed hash of a key and a `jti`. It chooses a shard and two bins, and 96 of its bits are kept, so that among
/// 10,000,000 proofs two share one only by a chance of 2^-70; and if they do, the later one is refused, never accepted.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) struct Fingerprint {
    pub(super) high: u64,
    pub(super) low: u64,
}

/// A shard has no free place for the proof.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct NoPlace;

impl Shard {
    /// Room for this many proofs. The memory is the operating system's until it is used.
    pub(super) fn for_proofs(proofs: usize) -> Self {
        let bins = proofs.saturating_mul(PLACES_PER_PROOF).div_ceil(PLACES).max(1);
        Self { first: 1, bins: vec![[[0; 2]; PLACES]; bins].into_boxed_slice() }
    }

    /// Moves on to period `now`; what is remembered through earlier ones only is forgotten. Returns the first period that
    /// the shard can vouch for.
    pub(super) fn advance_to(&mut self, now: u32) -> u32 {
        self.first = self.first.max(now);
        self.first
    }

    pub(super) fn contains(&self, fingerprint: Fingerprint) -> bool {
        let of_this = |place: &Place| fingerprint.is_in(*place) && period(*place) >= self.first;
        fingerprint.bins(self.bins.len()).into_iter().any(|bin| self.taken(bin).any(of_this))
    }

    /// Remembers a proof through `until`.
    pub(super) fn insert(&mut self, fingerprint: Fingerprint, until: u32) -> Result<(), NoPlace> {
        let [one, other] = fingerprint.bins(self.bins.len()).map(|bin| (self.live(bin), bin));
        let (_, emptier) = if other.0 < one.0 { other } else { one };
        let first = self.first;
        let free = self.bins.get_mut(emptier).into_iter().flatten().find(|place| period(**place) < first);
        *free.ok_or(NoPlace)? = fingerprint.place(until);
        Ok(())
    }

    /// The places of a bin that were ever taken: since the first free one is taken, they come first.
    fn taken(&self, bin: usize) -> impl Iterator<Item = &Place> {
        self.bins.get(bin).into_iter().flatten().take_while(|place| period(**place) != NEVER)
    }

    fn live(&self, bin: usize) -> usize {
        self.taken(bin).filter(|place| period(**place) >= self.first).count()
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.bins)
    }
}

impl Fingerprint {
    /// Which of `shards`.
    pub(super) fn shard(self, shards: usize) -> usize {
        scale(self.high, shards)
    }

    /// The two bins, by bits that did not choose the shard.
    fn bins(self, bins: usize) -> [usize; 2] {
        [scale(self.high.rotate_left(32), bins), scale(self.low, bins)]
    }

    fn place(self, until: u32) -> Place {
        [self.high, (self.low << 32) | u64::from(until)]
    }

    fn is_in(self, [high, rest]: Place) -> bool {
        self.high == high && self.low << 32 == rest & !u64::from(u32::MAX)
    }
}

/// Through which period a place is taken.
#[allow(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
const fn period([_, rest]: Place) -> u32 {
    rest as u32
}

/// A hash as an index below `length`, by its upper bits: evenly, and without a division.
fn scale(hash: u64, length: usize) -> usize {
    let scaled = (u128::from(hash)).wrapping_mul(length as u128) >> 64;
    usize::try_from(scaled).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spreads consecutive numbers as the keyed hash does (the finaliser of SplitMix64).
    fn spread(number: u64) -> u64 {
        let number = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    fn fingerprint(number: u64) -> Fingerprint {
        Fingerprint { high: spread(number), low: spread(number + (1 << 40)) }
    }

    // R61: what a shard is made for finds a place, whatever the hashes are.
    #[test]
    fn a_shard_takes_what_it_is_made_for() {
        for start in 0..200_u64 {
            let mut shard = Shard::for_proofs(2_048);
            for number in 0..2_048 {
                assert_eq!(shard.insert(fingerprint((start << 16) + number), 1), Ok(()));
            }
            assert!((0..2_048).all(|number| shard.contains(fingerprint((start << 16) + number))));
        }
    }

    // P10: full is an answer, and nothing is overwritten for it.
    #[test]
    fn a_full_shard_says_so_and_forgets_nothing() {
        let mut shard = Shard::for_proofs(4);
        let taken: Vec<u64> =
            (0..100).filter(|number| shard.insert(fingerprint(*number), 1).is_ok()).collect();
        assert_eq!(taken.len(), PLACES);
        assert!(taken.iter().all(|number| shard.contains(fingerprint(*number))));
    }

    // P4: a place is free when its period has passed, not in it.
    #[test]
    fn a_place_is_free_when_its_period_has_passed() {
        let mut shard = Shard::for_proofs(4);
        for number in 0..8 {
            assert_eq!(shard.insert(fingerprint(number), 7), Ok(()));
        }
        shard.advance_to(7);
        assert!(shard.contains(fingerprint(0)));
        assert_eq!(shard.insert(fingerprint(8), 7), Err(NoPlace));
        shard.advance_to(8);
        assert!(!shard.contains(fingerprint(0)));
        assert_eq!(shard.insert(fingerprint(8), 8), Ok(()));
        assert_eq!(shard.advance_to(6), 8, "it never goes back");
    }

    // P10: what is behind places that are free again is found.
    #[test]
    fn a_place_that_is_free_again_hides_none() {
        let mut shard = Shard::for_proofs(4);
        for (number, until) in [(0, 1), (1, 9), (2, 1), (3, 9)] {
            assert_eq!(shard.insert(fingerprint(number), until), Ok(()));
        }
        shard.advance_to(2);
        assert_eq!(
            [0, 1, 2, 3].map(|number| shard.contains(fingerprint(number))),
            [false, true, false, true]
        );
        assert_eq!(shard.insert(fingerprint(4), 9), Ok(()));
        assert_eq!([1, 3, 4].map(|number| shard.contains(fingerprint(number))), [true; 3]);
        assert_eq!(shard.live(0), 3);
    }

    #[test]
    fn every_kept_bit_of_a_fingerprint_counts() {
        let mut shard = Shard::for_proofs(4);
        let one = fingerprint(1);
        shard.insert(one, 1).unwrap();
        for bit in 0..64 {
            assert!(!shard.contains(Fingerprint { high: one.high ^ (1 << bit), ..one }));
        }
        for bit in 0..32 {
            assert!(!shard.contains(Fingerprint { low: one.low ^ (1 << bit), ..one }));
        }
    }

    #[test]
    fn an_index_is_below_the_length() {
        for length in [1, 2, 3, 1_000] {
            assert_eq!(scale(0, length), 0);
            assert_eq!(scale(u64::MAX, length), length - 1);
        }
        assert_eq!(scale(u64::MAX, 0), 0);
    }
}
