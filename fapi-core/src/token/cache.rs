//! Tokens verified before, keyed by SHA-256 of their text, so that a warm request verifies one signature, not two.
//!
//! A hit vouches for one thing only: that this text was signed by a key of this key set and fits the profile. What
//! changes with time is checked again on every request: `exp` and `nbf`, and whether the key set is still the issuer's
//! current one (pitfall P46). Binding and proof are never cached. Forgetting is harmless, hence an LRU.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use lru::LruCache;

use crate::issuer::{KeySet, Validity};
use crate::token::ErasedToken;
use crate::token::encrypted::InnerToken;

/// How many tokens are remembered: one per active client is typical, at about 1 kB each.
pub(crate) const CAPACITY: usize = 16 * 1024;
/// A power of two, so that two busy cores seldom meet.
const SHARDS: usize = 16;

/// A token that was verified, by the rules of the issuer with this index.
pub(crate) struct VerifiedToken {
    pub(crate) token: ErasedToken,
    pub(crate) issuer: usize,
    pub(crate) vouched: Vouched,
    /// `None`: the issuer is not asked, or the token was not encrypted.
    pub(crate) inner: Option<InnerToken>,
}

/// What vouches for a token.
pub(crate) enum Vouched {
    /// A signature under a key of this set.
    Keys(Arc<KeySet>),
    /// The issuer's answer, which counts for this long.
    Introspection(Validity),
}

pub(crate) struct TokenCache {
    shards: Vec<Mutex<LruCache<[u8; 32], Arc<VerifiedToken>>>>,
}

impl TokenCache {
    pub(crate) fn new(capacity: usize) -> Self {
        let per_shard = NonZeroUsize::new(capacity / SHARDS).unwrap_or(NonZeroUsize::MIN);
        Self { shards: (0..SHARDS).map(|_| Mutex::new(LruCache::new(per_shard))).collect() }
    }

    pub(crate) fn get(&self, digest: &[u8; 32]) -> Option<Arc<VerifiedToken>> {
        self.shard(digest)?.lock().ok()?.get(digest).cloned()
    }

    pub(crate) fn insert(&self, digest: [u8; 32], token: Arc<VerifiedToken>) {
        if let Some(Ok(mut shard)) = self.shard(&digest).map(Mutex::lock) {
            shard.put(digest, token);
        }
    }

    pub(crate) fn remove(&self, digest: &[u8; 32]) {
        if let Some(Ok(mut shard)) = self.shard(digest).map(Mutex::lock) {
            shard.pop(digest);
        }
    }

    fn shard(&self, digest: &[u8; 32]) -> Option<&Mutex<LruCache<[u8; 32], Arc<VerifiedToken>>>> {
        let [first, ..] = *digest;
        self.shards.get(usize::from(first) % SHARDS)
    }
}
