//! Time that runs faster than outside.

use std::time::{Duration, Instant};

use fapi_core::{Clock, SystemClock, UnixTime};

/// How much faster. The cool-down of 30 s then takes 6 s, which is still longer than the time limit of a fetch (5 s): that
/// one is kept by tokio, which has its own time.
pub(crate) const FACTOR: u32 = 5;

#[derive(Debug)]
pub(crate) struct FastClock {
    start: Instant,
    base: UnixTime,
}

impl FastClock {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), base: SystemClock.now() }
    }
}

impl Clock for FastClock {
    fn now(&self) -> UnixTime {
        self.base.saturating_add(self.start.elapsed() * FACTOR)
    }
}

/// How long `time` of this clock takes outside.
pub(crate) fn outside(time: Duration) -> Duration {
    time / FACTOR
}
