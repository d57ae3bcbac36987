//! Which DPoP proofs have been used before (RFC 9449 §11.1, R60-R61).
//!
//! A store answers one question with one atomic step: was this proof new? It never forgets a proof that could still
//! be accepted, and when it cannot answer, the request is refused with 503 (R61). What the acceptance window of a proof
//! is, is decided in `dpop/proof.rs`; that the question is asked last and once per request, in `resource_server.rs`.

mod counts;
mod memory;
mod shard;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use thiserror::Error as ThisError;

use crate::clock::UnixTime;
use crate::jose::JwkThumbprint;
use crate::token::TokenFacts;

#[cfg(feature = "config")]
pub(crate) use counts::least_share;
pub use memory::MemoryReplayStore;

/// Who used a proof: the client to which the issuer of a verified token granted it.
///
/// The same `client_id` at two issuers is two clients. Neither text is a stranger's, but clients may have chosen their
/// `client_id` (dynamic registration), and each is only as short as the token that it came in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ProofClient<'a> {
    /// The token's `iss`: one of the configured issuers.
    pub issuer: &'a str,
    /// The token's `client_id`.
    pub client_id: &'a str,
}

impl<'a> ProofClient<'a> {
    pub(crate) fn of(facts: &'a TokenFacts) -> Self {
        Self { issuer: &facts.issuer, client_id: facts.client_id.as_str() }
    }
}

/// One use of a DPoP proof, to be remembered.
///
/// What makes two uses the same is `jkt` and `jti`, nothing else. The proof's signature has been verified, so that its
/// holder has chosen both; a store must not trust `jti` in any other way: hash it rather than make it part of a name.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ProofUse<'a> {
    /// Whose share of the store the use counts against (pitfall P9). A client may have any number of keys.
    pub client: ProofClient<'a>,
    /// Thumbprint of the key that signed the proof; a `jti` counts per key (pitfall P8).
    pub jkt: &'a JwkThumbprint,
    /// The proof's `jti`, as sent: any text of at least one byte and at most
    /// [`Profile::max_jti_bytes`](crate::Profile::max_jti_bytes).
    pub jti: &'a str,
    /// The last moment at which the proof could be accepted again; it must be remembered through this moment.
    pub accepted_until: UnixTime,
    /// The time of this request, by the clock of the server that asks.
    pub now: UnixTime,
}

impl<'a> ProofUse<'a> {
    /// The use, at `now`, by `client`, of the proof `jti` of the key `jkt`, which could be accepted until
    /// `accepted_until`.
    #[must_use]
    pub fn new(
        client: ProofClient<'a>,
        jkt: &'a JwkThumbprint,
        jti: &'a str,
        accepted_until: UnixTime,
        now: UnixTime,
    ) -> Self {
        Self { client, jkt, jti, accepted_until, now }
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
    /// The store, or this client's share of it, is full.
    #[error("the replay store is full")]
    Full,
    /// The store did not answer.
    #[error("the replay store is unavailable")]
    Unavailable,
}

/// Remembers used proofs. One store is shared by all workers and all nodes that accept the same tokens (pitfall P12).
///
/// A store needs bounded memory, and may bound each client's share of it; what has passed its `accepted_until` may be
/// forgotten, and nothing else (pitfalls P9, P10). The time that an answer may take is the store's to limit: the request
/// waits for it.
///
/// The clocks of the store and of the servers that ask it may differ. Whatever expires by the store's own clock, such as
/// an entry with a time to live, must be kept for as much longer as they may differ.
#[async_trait]
pub trait ReplayStore: fmt::Debug + Send + Sync {
    /// Remembers this use, in one atomic step, and says whether it is the first (pitfall P6).
    ///
    /// A proof whose `accepted_until` has passed by the store's own clock may have been forgotten already, and an entry
    /// for it would be forgotten at once: for such a proof the answer is never [`Replay::Fresh`], but
    /// [`ReplayStoreError::Unavailable`].
    ///
    /// # Errors
    /// [`ReplayStoreError`] if the store cannot tell. It must never answer [`Replay::Fresh`] in doubt.
    async fn insert(&self, proof: ProofUse<'_>) -> Result<Replay, ReplayStoreError>;

    /// From when on the store has seen every use: its start, or the time of its last flush (pitfall P14).
    ///
    /// Called several times per request: it must not block, and so returns what the store has last heard.
    ///
    /// After a flush, a failover to a copy that may lack entries, or any other loss, this time must have moved forward,
    /// to the moment of the loss or later, *before* any later [`insert`](Self::insert) answers [`Replay::Fresh`]. It
    /// never moves back. The server reads it before and after each insert, and refuses a proof that was found fresh
    /// under an earlier one.
    fn complete_since(&self) -> UnixTime;
}

/// The replay store: the in-memory one is called directly, without boxing a future.
#[derive(Debug)]
pub(crate) enum Replays {
    Memory(MemoryReplayStore),
    Shared(Arc<dyn ReplayStore>),
}

impl Replays {
    pub(crate) fn complete_since(&self) -> UnixTime {
        match self {
            Self::Memory(store) => store.complete_since(),
            Self::Shared(store) => store.complete_since(),
        }
    }
}
