//! Before anything is attacked, a valid request must be served: otherwise every refusal would look right.

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::options::Origin;
use super::report::Outcome;
use super::runner::{Progress, Runner};
use super::target::TargetError;
use crate::catalogue::{Answer, Expectation, Feature};

/// How long a server may take to listen.
const LISTEN_LIMIT: Duration = Duration::from_secs(5);
/// How long an API that has stopped answering may take to come back, such as after a crash.
const RETURN_LIMIT: Duration = Duration::from_secs(5);
/// How old the oldest proof is that must be accepted, in seconds.
const RECENT: u64 = 10;
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
    /// It stopped answering in the middle of the run.
    Vanished {
        /// The case in which it did.
        case: &'static str,
        /// The last case before that it answered.
        last_answered: Option<&'static str>,
        /// What happened to the requests since.
        why: String,
    },
    /// Valid requests show a client certificate, and the connection has none.
    NoCertificate {
        /// How one is given.
        hint: &'static str,
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
            Self::Vanished { case, last_answered, why } => {
                write!(formatter, "the API stopped answering at the case {case}: {why}")?;
                match last_answered {
                    Some(last) => write!(formatter, "; the last case that it answered is {last}"),
                    None => formatter.write_str("; it had answered no case before"),
                }
            }
            Self::NoCertificate { hint } => write!(
                formatter,
                "the API accepts certificate-bound tokens only, and the connection has no client certificate: give one with {hint}"
            ),
            Self::NoTokens(why) => write!(formatter, "there are no tokens: {why}"),
            Self::NoCases => formatter.write_str("no case or group has any of the given names"),
        }
    }
}

impl std::error::Error for CannotTest {}

/// What an attempt has shown.
enum Attempt {
    Served,
    /// Not yet: why, for how long this may go on, and what it means if it does.
    Wait {
        why: String,
        limit: Duration,
        otherwise: CannotTest,
    },
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
                Attempt::Wait { limit, otherwise, .. } if started.elapsed() >= limit => {
                    return Err(otherwise);
                }
                Attempt::Wait { why, .. } => self.report_progress(Progress::Waiting(&why)),
            }
            sleep(INTERVAL).await;
        }
    }

    async fn attempt(&mut self, refusals: &mut u32) -> Attempt {
        match self.baseline().await {
            Ok(answer) if answer.is_success() => Attempt::Served,
            Ok(answer) if answer.status == 503 => {
                self.without_keys("the API answers 503: it has no keys of the issuer yet")
            }
            // With keys of an earlier run, the API refuses until it fetches anew.
            Ok(answer) if answer.status == 401 && self.key_fetches() == Some(0) => {
                self.without_keys("the API has not fetched the keys of the issuer yet")
            }
            // A proof of the second in which the server started may count as one from before.
            Ok(answer) if answer.status == 401 && *refusals < 2 => {
                *refusals = refusals.saturating_add(1);
                let (why, limit) = (describe(&answer), self.ready_limit());
                Attempt::Wait { why, limit, otherwise: self.refused(&answer) }
            }
            Ok(answer) => Attempt::Failed(self.refused(&answer)),
            Err(TargetError::Unreachable(why)) => {
                let limit = LISTEN_LIMIT.min(self.ready_limit());
                Attempt::Wait { why: why.clone(), limit, otherwise: CannotTest::Unreachable(why) }
            }
            Err(error) => Attempt::Failed(CannotTest::Unreachable(error.to_string())),
        }
    }

    fn without_keys(&self, why: &str) -> Attempt {
        let hint = match self.key_fetches() {
            Some(0) => "does it trust the issuer of this run, and can it reach it?",
            _ => "can it reach its issuer?",
        };
        let otherwise = CannotTest::Refused { answer: why.to_owned(), hint: hint.to_owned() };
        Attempt::Wait { why: why.to_owned(), limit: self.ready_limit(), otherwise }
    }

    fn refused(&self, answer: &Answer) -> CannotTest {
        let mut hint = hint(answer, self.origin());
        if answer.status == 401 && !self.has(Feature::Proofs) {
            hint.push_str(" Does the client certificate of the connection reach it?");
        }
        CannotTest::Refused { answer: describe(answer), hint }
    }

    /// An API that asks for no nonce may refuse proofs from before its start, since it cannot know whether they were used.
    /// It must accept those of a few seconds ago, once it has been running for longer.
    pub(super) async fn wait_for_uptime(&mut self) {
        let started = Instant::now();
        while started.elapsed() < self.ready_limit() && self.refuses_recent_proof().await {
            self.report_progress(Progress::Waiting("the API refuses proofs from before its start"));
            sleep(INTERVAL).await;
        }
    }

    async fn refuses_recent_proof(&mut self) -> bool {
        let reply = self.ask(|scene| scene.with_proof(|proof| proof.issued_at(scene.ago(RECENT)))).await;
        reply.is_ok_and(|answer| matches!(answer.status, 400 | 401))
    }

    /// An API that is gone refuses nothing and serves nobody: what follows would be no result.
    pub(super) async fn check_presence(
        &mut self,
        outcome: &Outcome,
        last_answered: &mut Option<&'static str>,
    ) -> Result<(), CannotTest> {
        if outcome.exchanges.iter().all(|exchange| exchange.received.is_ok()) {
            if !outcome.exchanges.is_empty() {
                *last_answered = Some(outcome.case.id);
            }
            return Ok(());
        }
        let started = Instant::now();
        loop {
            match self.baseline().await {
                Ok(_) => return Ok(()),
                Err(why) if started.elapsed() >= RETURN_LIMIT => {
                    let (case, last_answered) = (outcome.case.id, *last_answered);
                    return Err(CannotTest::Vanished { case, last_answered, why: why.to_string() });
                }
                Err(_) => sleep(INTERVAL).await,
            }
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

fn hint(answer: &Answer, origin: Origin) -> String {
    let challenges = answer.challenges();
    let error = challenges.iter().find_map(|challenge| challenge.parameter("error"));
    let name = |option| origin.name(option);
    match (answer.status, error) {
        (401, Some("invalid_dpop_proof")) => format!(
            "is the public URL the one that the API compares proofs with ({}), and are the clocks alike?",
            name("public-url")
        ),
        (401, Some("invalid_token")) => {
            format!("does the API trust the issuer, and is the audience its own ({})?", name("audience"))
        }
        (401, Some("use_dpop_nonce")) => "the API asks for a nonce again and again".to_owned(),
        (401, _) => {
            "does the API accept tokens that are bound in this way, and the scheme that goes with them?"
                .to_owned()
        }
        (403, _) => format!("does the route ask for a scope ({})?", name("scope")),
        (404 | 405, _) => format!("is there such a route ({}, {})?", name("method"), name("path")),
        (500..=599, _) => "the API failed: see its log".to_owned(),
        _ => "see the API's log".to_owned(),
    }
}

/// Whether being asked for a nonce is an acceptable answer by itself.
pub(super) fn allows_nonce_challenge(expectation: &Expectation) -> bool {
    expectation.answers.iter().any(|answer| {
        matches!(answer, crate::catalogue::Acceptable::Refused { errors, .. } if errors.contains(&Some("use_dpop_nonce")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, error: &str) -> Answer {
        let challenge = format!("DPoP error=\"{error}\"");
        Answer { status, headers: vec![("www-authenticate".to_owned(), challenge)], body: vec![] }
    }

    #[test]
    fn hints_name_options_as_they_are_written() {
        let refusals =
            [(401, "invalid_token"), (401, "invalid_dpop_proof"), (403, "insufficient_scope"), (404, "")];
        for (status, error) in refusals {
            let answer = refusal(status, error);
            assert!(hint(&answer, Origin::Flags).contains("--"), "{status} {error}");
            let in_fleet = hint(&answer, Origin::FleetFile);
            assert!(in_fleet.contains("in the fleet file") && !in_fleet.contains("--"), "{in_fleet}");
        }
        assert!(
            hint(&refusal(401, "invalid_token"), Origin::FleetFile).contains("audience in the fleet file")
        );
    }
}
