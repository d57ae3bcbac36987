//! How many calls an issuer gets, whatever strangers send (R180, pitfall P34).
//!
//! There are two lanes, so that strangers cannot hold up those whose tokens were good before: one for tokens that were
//! active lately or whose holder has proved their key, one for all others. Each has its own limit of calls at a time and
//! its own cool-down while the issuer fails; the second has a budget as well. What is over a limit is answered with
//! "could not check", never with a guess.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error as ThisError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::clock::UnixTime;
use crate::issuer::keys::distance;

/// Calls at a time: at 50 ms each, about 600 a second.
const MAX_CALLS: usize = 32;
/// Calls under way and waiting for one of those: what 32 at a time can do within the time limit, if the issuer is slow.
const MAX_WAITING: usize = 1024;
/// Failures in a row after which the issuer is left alone: one or two are no outage.
const MAX_FAILURES: u32 = 5;
/// For how long, and then for one call: a client's retry finds an issuer that has recovered.
pub(super) const COOL_DOWN: Duration = Duration::from_secs(5);
/// The period of the budget: long enough for the burst after a restart.
pub(super) const BUDGET_SECONDS: u64 = 10;
/// Unknown tokens in one period: 100 new tokens a second are 30,000 clients with tokens of five minutes, and a load that
/// an issuer bears, since it issues as many.
pub(super) const DEFAULT_BUDGET: u32 = 1000;

/// Why an issuer is not asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
pub(super) enum Refusal {
    #[error("the last calls failed; the issuer is left alone for some seconds")]
    CoolingDown,
    #[error("too many calls wait for the issuer; it is too slow for the number of tokens")]
    Crowded,
    #[error(
        "more unknown tokens than the budget allows in ten seconds; somebody is guessing, or raise introspection.budget"
    )]
    OverBudget,
    #[error("there is no tokio runtime to make the call on")]
    NoRuntime,
}

/// Limits of the calls for one kind of tokens.
#[derive(Debug)]
pub(super) struct Lane {
    waiting: Arc<Semaphore>,
    calls: Semaphore,
    budget: Option<u32>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// When the last failure, or the last call after a cool-down, began.
    last_failure: UnixTime,
    /// The period whose calls are counted, and their number.
    period: u64,
    asked: u32,
}

impl Lane {
    pub(super) fn new(budget: Option<u32>) -> Self {
        Self {
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            calls: Semaphore::new(MAX_CALLS),
            budget,
            state: Mutex::default(),
        }
    }

    /// A place among the calls, held until the call is over.
    pub(super) fn admit(&self, now: UnixTime) -> Result<OwnedSemaphorePermit, Refusal> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let failing = state.failures >= MAX_FAILURES;
        if failing && distance(state.last_failure, now) < COOL_DOWN {
            return Err(Refusal::CoolingDown);
        }
        let place = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| Refusal::Crowded)?;
        if let Some(budget) = self.budget {
            state.spend(budget, now)?;
        }
        if failing {
            // One call finds out whether the issuer is back; the others wait for what comes of it.
            state.last_failure = now;
        }
        Ok(place)
    }

    /// One of the calls at a time.
    pub(super) async fn call(&self) -> Option<SemaphorePermit<'_>> {
        self.calls.acquire().await.ok()
    }

    /// What came of a call; whether the state of the issuer has changed by it.
    pub(super) fn report(&self, failed: bool, now: UnixTime) -> Option<Health> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.failures;
        if failed {
            state.failures = before.saturating_add(1);
            state.last_failure = state.last_failure.max(now);
            return (state.failures == MAX_FAILURES).then_some(Health::Failing);
        }
        state.failures = 0;
        (before >= MAX_FAILURES).then_some(Health::Recovered)
    }
}

/// What the state of an issuer has become.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Health {
    Failing,
    Recovered,
}

impl State {
    fn spend(&mut self, budget: u32, now: UnixTime) -> Result<(), Refusal> {
        let period = now.as_secs() / BUDGET_SECONDS;
        if self.period != period {
            (self.period, self.asked) = (period, 0);
        }
        if self.asked >= budget {
            return Err(Refusal::OverBudget);
        }
        self.asked = self.asked.saturating_add(1);
        Ok(())
    }
}
