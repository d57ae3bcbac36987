//! What issuers said of tokens lately, keyed by SHA-256 of the token, and the calls under way (R125, pitfall P46).
//!
//! Decides that one token has one call at a time, however many requests carry it, and how long an answer counts. Active
//! and inactive tokens are remembered apart: a stranger's made-up ones push out only each other. The lock is held for a
//! few instructions, never while an issuer is asked (pitfall P35).

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;
use tokio::sync::watch;

use super::ActiveToken;
use crate::clock::UnixTime;
use crate::error::Error;
use crate::issuer::keys::distance;

/// Active tokens remembered: one per active client is typical, at about 1 kB each.
const ACTIVE_CAPACITY: usize = 16 * 1024;
/// Inactive ones, at 100 bytes each: those of some seconds.
const INACTIVE_CAPACITY: usize = 16 * 1024;

/// SHA-256 of a token.
pub(super) type Digest = [u8; 32];
/// What is known of a token: what its issuer says, or why that is not known.
pub(super) type Outcome = Result<Arc<ActiveToken>, Error>;
/// The outcome of a call; `None` while it is under way.
pub(super) type Pending = watch::Receiver<Option<Outcome>>;

/// What there is to know of a token.
pub(super) enum Known<T> {
    Outcome(Outcome),
    Pending(Pending),
    /// Nothing: a call is registered, which the caller must make, or give up by [`Memory::end_call`].
    Nothing(T, watch::Sender<Option<Outcome>>),
}

pub(super) struct Memory {
    time_limit: Duration,
    state: Mutex<State>,
}

struct State {
    active: LruCache<Digest, Arc<ActiveToken>>,
    /// Until when each of them counts as inactive.
    inactive: LruCache<Digest, UnixTime>,
    calls: HashMap<Digest, Call>,
}

struct Call {
    started: UnixTime,
    pending: Pending,
}

impl Memory {
    /// A call that is older than `time_limit` is taken for dead.
    pub(super) fn new(time_limit: Duration) -> Self {
        let capacity = |capacity| NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        let state = State {
            active: LruCache::new(capacity(ACTIVE_CAPACITY)),
            inactive: LruCache::new(capacity(INACTIVE_CAPACITY)),
            calls: HashMap::new(),
        };
        Self { time_limit, state: Mutex::new(state) }
    }

    /// What is known of a token, or the call under way for it. If there is none, `admit` decides whether there may be one;
    /// it is told whether the token was active lately.
    pub(super) fn look_up<T, E>(
        &self,
        digest: &Digest,
        now: UnixTime,
        admit: impl FnOnce(bool) -> Result<T, E>,
    ) -> Result<Known<T>, E> {
        let mut state = self.lock();
        let active = state.active.get(digest).cloned();
        let was_active = active.is_some();
        // R125, P46: no longer than its time, counted from the moment of the question.
        if let Some(active) = active.filter(|active| active.counts(now)) {
            return Ok(Known::Outcome(Ok(active)));
        }
        if state.inactive.get(digest).is_some_and(|until| now < *until) {
            return Ok(Known::Outcome(Err(Error::TokenInactive)));
        }
        let call = state.calls.get(digest);
        if let Some(call) = call.filter(|call| distance(call.started, now) < self.time_limit) {
            return Ok(Known::Pending(call.pending.clone()));
        }
        let admitted = admit(was_active)?;
        let (sender, pending) = watch::channel(None);
        state.calls.insert(*digest, Call { started: now, pending });
        Ok(Known::Nothing(admitted, sender))
    }

    /// Remembers what came of a call; `inactive_until` is how long "inactive" counts.
    pub(super) fn remember(&self, digest: &Digest, outcome: &Outcome, inactive_until: UnixTime) {
        let mut state = self.lock();
        match outcome {
            Ok(active) => {
                state.inactive.pop(digest);
                state.active.put(*digest, Arc::clone(active));
            }
            Err(Error::TokenInactive) => {
                state.active.pop(digest);
                state.inactive.put(*digest, inactive_until);
            }
            // Not known: what was known before has run out, and nothing else takes its place.
            Err(_) => {}
        }
    }

    /// Forgets that a token was active.
    pub(super) fn forget(&self, digest: &Digest) {
        self.lock().active.pop(digest);
    }

    /// Forgets a call that is over, unless another one has taken its place.
    pub(super) fn end_call(&self, digest: &Digest, pending: &Pending) {
        let mut state = self.lock();
        if state.calls.get(digest).is_some_and(|call| call.pending.same_channel(pending)) {
            state.calls.remove(digest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
