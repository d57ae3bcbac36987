//! A clock that stands still until the test moves it, so that every window is tested at its exact boundary.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fapi_core::{Clock, UnixTime};

/// A [`Clock`] set by hand; clones share the same time.
///
/// ```
/// use std::time::Duration;
/// use fapi_core::{Clock, UnixTime};
/// use fapi_testkit::ManualClock;
///
/// let clock = ManualClock::at(UnixTime::from_secs(1_750_000_000));
/// let same = clock.clone();
/// clock.advance(Duration::from_millis(1));
/// assert_eq!(same.now(), UnixTime::from_millis(1_750_000_000_001));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock {
    milliseconds: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock that shows `time`.
    #[must_use]
    pub fn at(time: UnixTime) -> Self {
        Self { milliseconds: Arc::new(AtomicU64::new(time.as_millis())) }
    }

    /// Moves the clock to `time`, forwards or backwards.
    pub fn set(&self, time: UnixTime) {
        self.milliseconds.store(time.as_millis(), Ordering::SeqCst);
    }

    /// Moves the clock forwards, at most to [`UnixTime::MAX`].
    pub fn advance(&self, duration: Duration) {
        self.set(self.now().saturating_add(duration));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_millis(self.milliseconds.load(Ordering::SeqCst))
    }
}
