//! One fetch of an issuer's keys, under way or over: who waits for it, and for how long it stands.
//!
//! Decides the time between two of them (R118, pitfall P34) and the time of one. When keys are due, and what a fetch does, is
//! decided in `keys.rs`.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::discovery::FetchError;
use super::jwks::KeySet;
use super::keys::distance;
use crate::clock::UnixTime;

/// How long a fetch stands at most before the next, for a key that was long missing.
const MISSING_COOL_DOWN: Duration = Duration::from_secs(120);

/// Least time between the starts of two fetches: a stranger's made-up `kid` values cost the issuer two requests a minute
/// at most, and a key that signs before it is published works half a minute later.
pub(super) const FETCH_COOL_DOWN: Duration = Duration::from_secs(30);
/// Time for a whole fetch, metadata and key set: as long as a client may be kept waiting for its answer. A fetch is over
/// before the next may begin, so there is never more than one.
pub(super) const FETCH_TIME_LIMIT: Duration = Duration::from_secs(5);
const _: () = assert!(FETCH_TIME_LIMIT.as_millis() < FETCH_COOL_DOWN.as_millis());

/// The issuer's keys were never loaded, are too old, or could not be checked for a new one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct KeysUnavailable;

pub(super) type FetchResult = Result<Arc<KeySet>, KeysUnavailable>;

/// A fetch: its result is `None` until it is over.
#[derive(Clone, Debug)]
pub(super) struct Fetch {
    pub(super) started: UnixTime,
    result: watch::Receiver<Option<FetchResult>>,
}

impl Fetch {
    /// A fetch that begins now. Dropping the sender is a failure.
    pub(super) fn begin(now: UnixTime) -> (watch::Sender<Option<FetchResult>>, Self) {
        let (sender, result) = watch::channel(None);
        (sender, Self { started: now, result })
    }

    /// What came of it.
    pub(super) async fn wait(mut self) -> FetchResult {
        if let Some(outcome) = self.outcome() {
            return outcome;
        }
        // The task may be on a runtime that is blocked or gone: nobody waits for it longer than a fetch takes.
        match within(FETCH_TIME_LIMIT, self.result.wait_for(Option::is_some)).await {
            Ok(Ok(result)) => result.clone().unwrap_or(Err(KeysUnavailable)),
            Ok(Err(_)) | Err(_) => Err(KeysUnavailable),
        }
    }

    /// Whether it has brought nothing, or not yet.
    pub(super) fn has_failed(&self) -> bool {
        !matches!(self.outcome(), Some(Ok(_)))
    }

    /// How long it stands before the next may begin, for a key that has been missing since this time: as long as it had been
    /// missing, but not for long: a stranger may have named a key that its issuer is only now about to use (P37).
    pub(super) fn cool_down(&self, missing_since: Option<UnixTime>) -> Duration {
        let missing = missing_since.filter(|_| !self.has_failed()).map(|since| distance(since, self.started));
        missing.unwrap_or_default().clamp(FETCH_COOL_DOWN, MISSING_COOL_DOWN)
    }

    /// `None` while it is under way. One whose task is gone without a result has failed.
    fn outcome(&self) -> Option<FetchResult> {
        // Borrowed while the sender is looked for: otherwise the result could come, and the sender go, in between.
        let outcome = self.result.borrow();
        let gone = self.result.has_changed().is_err();
        outcome.clone().or_else(|| gone.then_some(Err(KeysUnavailable)))
    }
}

/// What `future` comes to within `time`.
pub(crate) async fn within<F: Future>(time: Duration, future: F) -> Result<F::Output, FetchError> {
    // tokio panics where the runtime was built without `enable_time`, which cannot be asked beforehand; a request must
    // not panic for that.
    let limited = catch_unwind(AssertUnwindSafe(|| timeout(time, future)));
    let limited = limited.map_err(|_panic| FetchError::NoTimer)?;
    limited.await.map_err(|_elapsed| FetchError::TimedOut(time.as_secs()))
}
