//! Before anything is attacked, a valid request must be served: otherwise every refusal would look right.

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::runner::{Progress, Runner};
use super::target::TargetError;
use crate::catalogue::{Answer, Expectation};

/// How long a server may take to listen.
const LISTEN_LIMIT: Duration = Duration::from_secs(5);
/// How long to wait between two attempts.
const INTERVAL: Duration = Duration::from_secs(1);

/// Why an API could not be tested.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CannotTest {
    /// No connection could be made.
    Unreachable(String),
    /// A valid request was not served.
    Refused {
        /// What came back.
        answer: String,
        /// What to look for.
        hint: String,
    },
    /// There are no tokens.
    NoTokens(String),
    /// No case goes by any of the given names.
    NoCases,
}

impl fmt::Display for CannotTest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(formatter, "the API cannot be reached: {why}"),
            Self::Refused { answer, hint } => {
                write!(formatter, "a valid request was not served: {answer}; {hint}")
            }
            Self::NoTokens(why) => write!(formatter, "there are no tokens: {why}"),
            Self::NoCases => formatter.write_str("no case or group has any of the given names"),
        }
    }
}

impl std::error::Error for CannotTest {}

/// What an attempt has shown.
enum Attempt {
    Served,
    /// Not yet; and why.
    Wait(String, Duration),
    Failed(CannotTest),
}

impl Runner<'_> {
    /// Waits until the API serves a valid request, and learns whether it hands out nonces.
    pub(super) async fn wait_until_ready(&mut self) -> Result<(), CannotTest> {
        let started = Instant::now();
        let mut refusals = 0_u32;
        loop {
            match self.attempt(&mut refusals).await {
                Attempt::Served => return Ok(()),
                Attempt::Failed(failure) => return Err(failure),
                Attempt::Wait(why, limit) if started.elapsed() >= limit => return Err(self.given_up(why)),
                Attempt::Wait(why, _) => self.report_progress(Progress::Waiting(&why)),
            }
            sleep(INTERVAL).await;
        }
    }

    async fn attempt(&mut self, refusals: &mut u32) -> Attempt {
        let reply = self.baseline().await;
        let limit = self.ready_limit();
        match reply {
            Ok(answer) if answer.is_success() => Attempt::Served,
            Ok(answer) if answer.status == 503 => {
                Attempt::Wait("the API answers 503: it has no keys of the issuer yet".to_owned(), limit)
            }
            // With keys of an earlier run, the API refuses until it fetches anew.
            Ok(answer) if answer.status == 401 && self.key_fetches() == Some(0) => {
                Attempt::Wait("the API has not fetched the keys of the issuer yet".to_owned(), limit)
            }
            // A proof of the second in which the server started may count as one from before.
            Ok(answer) if answer.status == 401 && *refusals < 2 => {
                *refusals = refusals.saturating_add(1);
                Attempt::Wait(describe(&answer), limit)
            }
            Ok(answer) => Attempt::Failed(CannotTest::Refused {
                answer: describe(&answer),
                hint: hint(&answer).to_owned(),
            }),
            Err(TargetError::Unreachable(why)) => Attempt::Wait(why, LISTEN_LIMIT.min(limit)),
            Err(error) => Attempt::Failed(CannotTest::Unreachable(error.to_string())),
        }
    }

    fn given_up(&self, why: String) -> CannotTest {
        match self.key_fetches() {
            Some(0) if why.starts_with("the API") => CannotTest::Refused {
                answer: why,
                hint: "does it trust the issuer of this run, and can it reach it?".to_owned(),
            },
            _ if why.starts_with("the API") => {
                CannotTest::Refused { answer: why, hint: "can it reach its issuer?".to_owned() }
            }
            _ => CannotTest::Unreachable(why),
        }
    }
}

fn describe(answer: &Answer) -> String {
    let challenges = answer.challenges();
    let parameter =
        |name| challenges.iter().find_map(|challenge| challenge.parameter(name)).unwrap_or_default();
    format!("{} {} {}", answer.status, parameter("error"), parameter("error_description"))
        .trim_end()
        .to_owned()
}

fn hint(answer: &Answer) -> &'static str {
    let challenges = answer.challenges();
    let error = challenges.iter().find_map(|challenge| challenge.parameter("error"));
    match (answer.status, error) {
        (401, Some("invalid_dpop_proof")) => {
            "is the public URL the one that the API compares proofs with (--public-url), and are the clocks alike?"
        }
        (401, Some("invalid_token")) => {
            "does the API trust the issuer, and is the audience its own (--audience)?"
        }
        (401, Some("use_dpop_nonce")) => "the API asks for a nonce again and again",
        (401, _) => "does the API accept the scheme DPoP?",
        (403, _) => "does the route ask for a scope (--scope)?",
        (404 | 405, _) => "is there such a route (--method, --path)?",
        (500..=599, _) => "the API failed: see its log",
        _ => "see the API's log",
    }
}

/// Whether being asked for a nonce is an acceptable answer by itself.
pub(super) fn allows_nonce_challenge(expectation: &Expectation) -> bool {
    expectation.answers.iter().any(|answer| {
        matches!(answer, crate::catalogue::Acceptable::Refused { errors, .. } if errors.contains(&Some("use_dpop_nonce")))
    })
}
