//! Whether a stream of security events is alive (SSF §8.1.4, R166, R167): the transmitter shows it by verification events.
//!
//! Decides when the operator is told that they stay away. No token is refused for it: that nothing was revoked lately is
//! what silence means on a good day, too.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::UnixTime;

/// A verification event (SSF §8.1.4): the transmitter has shown that it still reaches this receiver.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StreamVerification {
    pub(super) received_at: UnixTime,
    pub(super) state: Option<Box<str>>,
}

impl StreamVerification {
    /// When it was received.
    #[must_use]
    pub const fn received_at(&self) -> UnixTime {
        self.received_at
    }

    /// The `state` that whoever asked for the verification has given to the transmitter.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

/// The alarm for verification events that stay away.
#[derive(Debug)]
pub(super) struct Watch {
    interval: Duration,
    /// When the next event is overdue, in milliseconds; [`UnixTime::MAX`] once the alarm was given.
    due: AtomicU64,
}

impl Watch {
    pub(super) fn new(interval: Duration, now: UnixTime) -> Self {
        Self { interval, due: AtomicU64::new(now.saturating_add(interval).as_millis()) }
    }

    pub(super) fn heard(&self, now: UnixTime) {
        self.due.store(now.saturating_add(self.interval).as_millis(), Ordering::Relaxed);
    }

    /// Gives the alarm, once for each silence, whoever looks.
    pub(super) fn look(&self, transmitter: &str, now: UnixTime) {
        let due = self.due.load(Ordering::Relaxed);
        let silent = UnixTime::MAX.as_millis();
        if now.as_millis() < due
            || self.due.compare_exchange(due, silent, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return;
        }
        tracing::warn!(
            target: super::LOG_TARGET,
            issuer = transmitter,
            outcome = "stream_silent",
            interval_seconds = self.interval.as_secs(),
            "no verification event has come for longer than agreed: what the transmitter revokes may not arrive"
        );
    }
}
