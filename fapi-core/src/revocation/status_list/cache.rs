//! The status lists of one issuer, by their URI, and the fetches under way.
//!
//! Decides that one list has one fetch at a time, how long a list counts, and that a list which cannot be had is not asked
//! for again at once. What a list is, `list.rs` decides. The lock is held for a few instructions, never while anything is
//! fetched (pitfall P35).

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;
use tokio::sync::watch;

use super::list::{MAX_LIST_BYTES, StatusList};
use crate::clock::UnixTime;
use crate::error::Error;
use crate::issuer::distance;

/// Lists of one issuer that are kept.
const CAPACITY: usize = 64;
/// Bytes of all of them together.
const MAX_TOTAL_BYTES: usize = 64 * 1024 * 1024;
const _: () = assert!(MAX_LIST_BYTES < MAX_TOTAL_BYTES);
/// How long a list is kept at least, unless it expires before: below, `ttl` would only ask for load.
const MIN_AGE: Duration = Duration::from_secs(5);
/// How long a list that could not be had is not asked for: a client's retry finds an issuer that has recovered. A fetch
/// that is older is taken for dead.
pub(super) const COOL_DOWN: Duration = Duration::from_secs(5);

/// What came of a fetch.
pub(super) type Outcome = Result<Arc<FetchedList>, Error>;
/// The outcome of a fetch; `None` while it is under way.
pub(super) type Pending = watch::Receiver<Option<Outcome>>;

/// A list and how long it counts.
#[derive(Debug)]
pub(super) struct FetchedList {
    pub(super) list: StatusList,
    fetched_at: UnixTime,
    keep_for: Duration,
}

impl FetchedList {
    /// Draft-20 §8.3 and §11.5, R134: kept for `ttl` at most, and for `max_age`.
    pub(super) fn new(list: StatusList, fetched_at: UnixTime, max_age: Duration) -> Self {
        let keep_for = list.time_to_live.map_or(max_age, |time| time.min(max_age)).max(MIN_AGE);
        Self { list, fetched_at, keep_for }
    }

    fn counts(&self, now: UnixTime) -> bool {
        let expired = self.list.expires_at.is_some_and(|end| now >= end);
        !expired && distance(self.fetched_at, now) < self.keep_for
    }
}

/// What there is to know of a list.
pub(super) enum Known {
    Outcome(Outcome),
    Pending(Pending),
    /// Nothing: a fetch is registered, which the caller must make. Dropping the sender is a failure.
    Nothing(watch::Sender<Option<Outcome>>),
}

#[derive(Debug)]
pub(super) struct Lists(Mutex<LruCache<Box<str>, Fetch>>);

#[derive(Debug)]
struct Fetch {
    started: UnixTime,
    result: Pending,
}

impl Lists {
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(NonZeroUsize::new(CAPACITY).unwrap_or(NonZeroUsize::MIN))))
    }

    /// The list of this URI while it counts, or the fetch under way for it, or that it cannot be had.
    pub(super) fn look_up(&self, uri: &str, now: UnixTime) -> Known {
        let mut fetches = self.lock();
        if let Some(known) = fetches.get(uri).and_then(|fetch| fetch.known(now)) {
            return known;
        }
        let (sender, result) = watch::channel(None);
        fetches.put(uri.into(), Fetch { started: now, result });
        Known::Nothing(sender)
    }

    /// Tells everybody what came of a fetch, and makes room for it.
    pub(super) fn take_in(&self, sender: &watch::Sender<Option<Outcome>>, outcome: Outcome) {
        sender.send_replace(Some(outcome));
        self.trim();
    }

    /// Gives up the lists that were not needed for longest, until the others are within the bound.
    fn trim(&self) {
        let mut fetches = self.lock();
        while fetches.iter().map(|(_, fetch)| fetch.size()).fold(0, usize::saturating_add) > MAX_TOTAL_BYTES {
            fetches.pop_lru();
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<Box<str>, Fetch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fetch {
    /// What this fetch tells now; `None` if it is time for another one.
    fn known(&self, now: UnixTime) -> Option<Known> {
        let recent = distance(self.started, now) < COOL_DOWN;
        match self.outcome() {
            // A list is used until its own bound is over, and not a moment longer.
            Some(Ok(list)) => list.counts(now).then_some(Known::Outcome(Ok(list))),
            // P34: one question in five seconds, however many ask.
            Some(Err(error)) => recent.then_some(Known::Outcome(Err(error))),
            None => recent.then(|| Known::Pending(self.result.clone())),
        }
    }

    /// `None` while it is under way. One whose task is gone without a result has failed.
    fn outcome(&self) -> Option<Outcome> {
        // Borrowed while the sender is looked for: otherwise the result could come, and the sender go, in between.
        let outcome = self.result.borrow();
        let gone = self.result.has_changed().is_err();
        outcome.clone().or_else(|| gone.then_some(Err(Error::RevocationUnavailable)))
    }

    fn size(&self) -> usize {
        match &*self.result.borrow() {
            Some(Ok(fetched)) => fetched.list.size(),
            Some(Err(_)) | None => 0,
        }
    }
}
