//! The names of keys that an issuer was found not to have (R118, pitfall P34).
//!
//! Decides what is remembered of them: since when each has been missing, and of so many only that strangers, whose tokens
//! may name anything, fill no memory; those that were not asked for lately make room. When such a key is looked for again is
//! decided in `keys.rs`.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::clock::UnixTime;

/// More than an issuer's clients have old keys, at 256 bytes each at most.
const CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(127);

#[derive(Debug)]
pub(super) struct UnknownKeys(Mutex<LruCache<Box<str>, UnixTime>>);

impl UnknownKeys {
    /// Since when this key has been missing.
    pub(super) fn since(&self, key_id: &str) -> Option<UnixTime> {
        self.lock().get(key_id).copied()
    }

    /// Remembers that this key is missing, unless that is known.
    pub(super) fn remember(&self, key_id: &str, now: UnixTime) {
        let mut missing = self.lock();
        if !missing.contains(key_id) {
            missing.put(key_id.into(), now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<Box<str>, UnixTime>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for UnknownKeys {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CAPACITY)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    // R118, P34: made-up names push out only what nobody asks for, and fill no memory.
    #[test]
    fn memory_is_bounded() {
        let missing = UnknownKeys::default();
        missing.remember("old", NOW);
        for made_up in 0..10_000 {
            missing.remember(&format!("made up {made_up}"), NOW);
            assert_eq!(missing.since("old"), Some(NOW));
        }
        assert_eq!(missing.lock().len(), CAPACITY.get());
        assert_eq!(missing.since("made up 0"), None);
    }

    // R118: the first time counts, so that asking again makes nothing young.
    #[test]
    fn the_first_time_counts() {
        let missing = UnknownKeys::default();
        missing.remember("old", NOW);
        missing.remember("old", UnixTime::from_secs(1_700_000_100));
        assert_eq!(missing.since("old"), Some(NOW));
    }
}
