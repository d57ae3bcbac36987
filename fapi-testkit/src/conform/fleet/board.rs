//! What is known of each API: how the last run came out, and the last report.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Fleet;
use crate::catalogue::Severity;
use crate::conform::Report;
use crate::conform::report::printable;

/// One attempt to test an API.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// When it ended, in seconds since 1970.
    pub ended: u64,
    /// How long it took.
    pub duration: Duration,
    /// What was found, or why the API could not be tested.
    pub result: Result<Arc<Report>, String>,
}

impl Attempt {
    /// An attempt that ends now.
    pub(super) fn ending_now(duration: Duration, result: Result<Report, String>) -> Self {
        let ended = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        // The reason may hold text of the API, which must not steer a terminal either.
        Self { ended, duration, result: result.map(Arc::new).map_err(|why| printable(&why)) }
    }
}

/// An API and what is known of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Standing {
    /// The name in the fleet file.
    pub name: String,
    /// The URL by which clients know it.
    pub public_url: String,
    /// The last attempt; `None` before the first has ended.
    pub last: Option<Attempt>,
    /// The last report, which an attempt that failed leaves as it was.
    pub report: Option<Arc<Report>>,
}

/// How an API stands. Greater is worse.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum State {
    /// Every case came out as expected.
    Passed,
    /// It has not been tested yet.
    Waiting,
    /// It could not be tested.
    CouldNotTest,
    /// Cases failed; and how bad the worst is.
    Failed(Severity),
}

impl State {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Waiting => "not tested yet",
            Self::Failed(_) => "failed",
            Self::CouldNotTest => "could not test",
        }
    }
}

impl Standing {
    /// How the API stands after the last attempt.
    #[must_use]
    pub fn state(&self) -> State {
        match self.last.as_ref().map(|attempt| attempt.result.as_deref()) {
            None => State::Waiting,
            Some(Err(_)) => State::CouldNotTest,
            Some(Ok(report)) => match report.summary.failed_by_severity.last_key_value() {
                Some((severity, _)) => State::Failed(*severity),
                None => State::Passed,
            },
        }
    }

    /// Why the API could not be tested at the last attempt.
    #[must_use]
    pub fn obstacle(&self) -> Option<&str> {
        self.last.as_ref()?.result.as_deref().err().map(String::as_str)
    }
}

/// What is known of all APIs, for those who write it and those who show it.
#[derive(Debug)]
pub struct Board {
    standings: Mutex<Vec<Standing>>,
}

impl Board {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(fleet: &Fleet) -> Self {
        let standing = |(name, public_url): (&str, &str)| Standing {
            name: name.to_owned(),
            public_url: public_url.to_owned(),
            last: None,
            report: None,
        };
        Self::of(fleet.apis.iter().map(|api| standing((&api.name, api.public_url()))).collect())
    }

    pub(super) const fn of(standings: Vec<Standing>) -> Self {
        Self { standings: Mutex::new(standings) }
    }

    /// How all APIs stand, in the order of the fleet file.
    #[must_use]
    pub fn standings(&self) -> Vec<Standing> {
        self.standings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last report on the API of this name.
    #[must_use]
    pub fn report(&self, name: &str) -> Option<Arc<Report>> {
        let standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        standings.iter().find(|standing| standing.name == name)?.report.clone()
    }

    pub(super) fn record(&self, name: &str, attempt: Attempt) {
        let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(standing) = standings.iter_mut().find(|standing| standing.name == name) else { return };
        if let Ok(report) = &attempt.result {
            standing.report = Some(Arc::clone(report));
        }
        standing.last = Some(attempt);
    }
}
