//! Measures calls and raw verifications in turns, a few at a time, so that whatever else the machine does slows both.
//!
//! A single ratio may still be far off, since an interrupt hits one side of it; the median over thousands is not.

use std::time::{Duration, Instant};

use fapi_core::{Error, ResourceServer};

use crate::{Call, RawVerification, Setup};

/// Calls, and then raw verifications, of one pair of times: short beside a time slice, long beside reading the clock.
pub const TURN: usize = 4;

/// What is measured, and beside what.
#[derive(Debug)]
pub struct Scenario {
    /// Made one after the other; when all were accepted, a new server takes over.
    calls: Vec<Call>,
    expected: Result<(), Error>,
    raw: RawVerification,
    /// What a new server accepts before the first call.
    before: Vec<Call>,
    server: Option<ResourceServer>,
    used: usize,
    pairs: Vec<Pair>,
}

/// Nanoseconds of one call and of one raw verification, measured right after each other.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// The call.
    pub call: f64,
    /// The raw verification.
    pub raw: f64,
}

impl Scenario {
    /// Calls that are all `expected` to end alike, beside raw verifications.
    #[must_use]
    pub const fn new(calls: Vec<Call>, expected: Result<(), Error>, raw: RawVerification) -> Self {
        Self { calls, expected, raw, before: Vec::new(), server: None, used: 0, pairs: Vec::new() }
    }

    /// Lets every server accept these calls first.
    #[must_use]
    pub fn after(self, calls: impl IntoIterator<Item = Call>) -> Self {
        Self { before: calls.into_iter().collect(), ..self }
    }

    /// What was measured so far.
    #[must_use]
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// The time of this many calls, which must end as expected; servers are made, and raw verifications measured, outside of it.
    ///
    /// # Panics
    /// If a call does not end as expected.
    pub fn measure(&mut self, setup: &Setup, calls: u64) -> Duration {
        let mut left = usize::try_from(calls).expect("no more calls than there is memory");
        let mut time = Duration::ZERO;
        while left > 0 {
            let server = self.take_server(setup);
            let turn = self.calls.get(self.used..).unwrap_or_default();
            // Copied right before: what a connection has just delivered is in the processor's cache.
            let turn = turn.get(..left.min(TURN)).unwrap_or(turn).to_vec();
            let call_time =
                time_of(|| turn.iter().for_each(|call| assert_eq!(call.send(&server), self.expected)));
            let signed = self.raw.take(turn.len());
            let raw_time = time_of(|| self.raw.verify(&signed));
            self.pairs.push(Pair::of(call_time, raw_time, turn.len()));
            self.used = self.used.saturating_add(turn.len());
            left = left.saturating_sub(turn.len());
            time = time.saturating_add(call_time);
            self.server = Some(server);
        }
        time
    }

    /// The server of the last turn, or a new one if there is none or no call is left that it has not accepted.
    fn take_server(&mut self, setup: &Setup) -> ResourceServer {
        if self.used == self.calls.len() && self.expected.is_err() {
            // A server does not remember what it has refused.
            self.used = 0;
        }
        if let Some(server) = self.server.take().filter(|_| self.used < self.calls.len()) {
            return server;
        }
        let server = setup.server();
        for call in &self.before {
            assert_eq!(call.send(&server), Ok(()));
        }
        self.used = 0;
        server
    }
}

impl Pair {
    fn of(call: Duration, raw: Duration, count: usize) -> Self {
        let each =
            |time: Duration| time.as_secs_f64() * 1e9 / f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        Self { call: each(call), raw: each(raw) }
    }
}

fn time_of(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
