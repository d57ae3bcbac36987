//! Which DPoP proofs have been used before (RFC 9449 §11.1, R60-R61).
//!
//! A store answers one question with one atomic step: was this proof new? It never forgets a proof that could still
//! be accepted, and when it cannot answer, the request is refused with 503 (R61). What the acceptance window of a proof
//! is, is decided in `dpop/proof.rs`; that the question is asked last and once per request, in `resource_server.rs`.

mod key_counts;
mod memory;

use std::fmt;

use async_trait::async_trait;
use thiserror::Error as ThisError;

use crate::clock::UnixTime;
use crate::jose::JwkThumbprint;

pub use memory::MemoryReplayStore;

/// One use of a DPoP proof, to be remembered.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ProofUse<'a> {
    /// Thumbprint of the key that signed the proof; a `jti` counts per key (pitfall P8).
    pub jkt: &'a JwkThumbprint,
    /// The proof's `jti`, as sent: untrusted, at most as long as the profile allows.
    pub jti: &'a str,
    /// The last moment at which the proof could be accepted again; it must be remembered through this moment.
    pub accepted_until: UnixTime,
    /// The time of this request.
    pub now: UnixTime,
}

impl<'a> ProofUse<'a> {
    /// The use, at `now`, of the proof `jti` of the key `jkt`, which could be accepted until `accepted_until`.
    #[must_use]
    pub fn new(jkt: &'a JwkThumbprint, jti: &'a str, accepted_until: UnixTime, now: UnixTime) -> Self {
        Self { jkt, jti, accepted_until, now }
    }
}

impl fmt::Debug for ProofUse<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProofUse")
            .field("accepted_until", &self.accepted_until)
            .finish_non_exhaustive()
    }
}

/// The answer of a [`ReplayStore`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Replay {
    /// The proof is new, and is now remembered.
    Fresh,
    /// The proof was used before.
    Replayed,
}

/// Why a [`ReplayStore`] could not answer; the request is then refused with 503.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum ReplayStoreError {
    /// The store, or this key's share of it, is full.
    #[error("the replay store is full")]
    Full,
    /// The store did not answer.
    #[error("the replay store is unavailable")]
    Unavailable,
}

/// Remembers used proofs. One store is shared by all workers and all nodes that accept the same tokens (pitfall P12).
#[async_trait]
pub trait ReplayStore: fmt::Debug + Send + Sync {
    /// Remembers this use, in one atomic step, and says whether it is the first (pitfall P6).
    ///
    /// # Errors
    /// [`ReplayStoreError`] if the store cannot tell. It must never answer [`Replay::Fresh`] in doubt.
    async fn insert(&self, proof: ProofUse<'_>) -> Result<Replay, ReplayStoreError>;

    /// From when on the store has seen every use: its start, or the time of its last flush (pitfall P14).
    fn complete_since(&self) -> UnixTime;
}
