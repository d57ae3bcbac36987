//! Keeps an issuer's keys young while nobody asks for them (R118, R120).
//!
//! A task of its own, for each issuer, starts a fetch as soon as one is due, so that the first request after an idle night
//! finds young keys. It holds no more than a weak reference, and ends with the keys that it
//! serves or with its runtime; then requests refresh the keys themselves, as `keys.rs` has it.

use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::discovery::FetchError;
use super::fetch::within;
use super::keys::IssuerKeys;

/// The task, if it was started; dropping this ends it.
#[derive(Debug, Default)]
pub(super) struct Refresher(Mutex<Option<AbortHandle>>);

impl Refresher {
    /// Starts the task unless it runs already; does nothing outside a tokio runtime.
    pub(super) fn start(&self, keys: &Arc<IssuerKeys>) {
        let mut task = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A task is finished as well when its runtime is gone.
        if task.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            *task = Some(runtime.spawn(keep_young(Arc::downgrade(keys))).abort_handle());
        }
    }
}

impl Drop for Refresher {
    fn drop(&mut self) {
        if let Some(task) = self.0.get_mut().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
    }
}

async fn keep_young(keys: Weak<IssuerKeys>) {
    // The strong reference is gone before the task sleeps.
    while let Some(until_next) = keys.upgrade().map(|keys| keys.refresh_if_due()) {
        if let Err(FetchError::NoTimer) = within(until_next, pending::<()>()).await {
            return;
        }
    }
}
