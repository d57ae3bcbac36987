//! What a run has found, with everything that a writer of reports needs and nothing that is secret.
//!
//! Tokens and proofs never appear whole: [`Sent`] holds their decoded parts, where those are not secret either, and a
//! placeholder in place of the text. Of an answer, only the status and the header fields are kept, since a body may
//! hold personal data.

mod html;
mod html_case;
mod json;
mod junit;
mod markdown;
mod printable;
#[cfg(test)]
pub(super) mod sample;
mod sarif;
mod wording;

pub use html::html;
pub(super) use html::{POLICY, STYLE};
pub(super) use html_case::badge;
pub use json::json;
pub use junit::junit;
pub use markdown::markdown;
pub(super) use printable::printable;
pub use sarif::sarif;
pub(super) use wording::{duration, moment};

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::catalogue::{Case, Kind, Profile, Severity};

/// The result of a run.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The version of the program that made the report.
    pub version: &'static str,
    /// What was tested.
    pub target: TestedApi,
    /// The profile whose expectations were applied.
    pub profile: Profile,
    /// When the run started, in seconds since 1970.
    pub started: u64,
    /// How long it took.
    #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
    pub duration: Duration,
    /// How many cases came out how.
    pub summary: Summary,
    /// Every case, in the order in which they ran.
    pub outcomes: Vec<Outcome>,
}

/// The API that was tested.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TestedApi {
    /// Where requests were sent, such as `http://127.0.0.1:8080` or `in process`.
    pub address: String,
    /// The URL by which clients know the API.
    pub public_url: String,
    /// The method of most requests.
    pub method: String,
    /// The path of most requests.
    pub path: String,
    /// The audience of the tokens.
    pub audience: String,
    /// Where tokens came from, in words.
    pub credentials: String,
    /// Whether the API handed out nonces.
    pub nonces: bool,
}

/// How many cases came out how.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Cases that came out as expected.
    pub passed: usize,
    /// Cases that did not.
    pub failed: usize,
    /// Cases that could not be tried.
    pub skipped: usize,
    /// The failures by severity, without those that did not occur.
    pub failed_by_severity: BTreeMap<Severity, usize>,
    /// The attacks: how many were refused as they should be.
    pub attacks: Score,
    /// The requests of honest clients: how many were accepted.
    pub acceptances: Score,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Score {
    /// Cases that came out as expected.
    pub passed: usize,
    /// Cases that were tried.
    pub tried: usize,
}

impl Score {
    fn count(&mut self, verdict: &Verdict) {
        if !matches!(verdict, Verdict::Skipped { .. }) {
            self.tried = self.tried.saturating_add(1);
        }
        if *verdict == Verdict::Passed {
            self.passed = self.passed.saturating_add(1);
        }
    }
}

/// `3/4`
impl std::fmt::Display for Score {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.passed, self.tried)
    }
}

/// How one case came out.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Outcome {
    /// The case: id, group, title, severity, rule.
    #[serde(flatten)]
    pub case: &'static Case,
    /// What must come back, in words.
    pub expected: String,
    /// How it came out.
    pub verdict: Verdict,
    /// Every request of the case and its answer, in order. Empty if the case was skipped.
    pub exchanges: Vec<Exchange>,
    /// How long the case took.
    #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
    pub duration: Duration,
}

/// How a case came out.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase", tag = "result")]
pub enum Verdict {
    /// As expected.
    Passed,
    /// Not as expected.
    Failed {
        /// How bad it is: that of the case if the attack succeeded, less if it was only answered in the wrong form.
        severity: Severity,
        /// What is wrong, in one sentence.
        why: String,
    },
    /// Not tried.
    Skipped {
        /// Why not, in one sentence.
        why: String,
    },
}

/// A request and what came back.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Exchange {
    /// The request.
    pub sent: Sent,
    /// The answer, or why there is none.
    pub received: Result<Received, String>,
}

/// A request, without its secrets.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// The header fields in order, names as sent; a placeholder stands for each token and proof.
    pub headers: Vec<(String, String)>,
    /// The access token, decoded as far as it can be shown.
    pub token: Option<DecodedJwt>,
    /// The DPoP proofs, decoded as far as they can be shown.
    pub proofs: Vec<DecodedJwt>,
}

/// The readable parts of a JWT. The signature is never kept.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DecodedJwt {
    /// The header; private members of a `jwk` are masked. `Null` if it is not JSON.
    pub header: Value,
    /// The claims. Those of a token that somebody else issued are masked, except the ones without personal data.
    pub claims: Value,
}

/// An answer: status and header fields.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Received {
    /// The status code.
    pub status: u16,
    /// The header fields in order, names in lower case; tokens and proofs are masked here, too.
    pub headers: Vec<(String, String)>,
}

impl Report {
    /// The cases that failed, the worst first.
    #[must_use]
    pub fn failures(&self) -> Vec<&Outcome> {
        let mut failures: Vec<_> =
            self.outcomes.iter().filter(|outcome| outcome.failed().is_some()).collect();
        failures.sort_by_key(|outcome| std::cmp::Reverse(outcome.failed().map(|(severity, _)| severity)));
        failures
    }

    /// Whether no case failed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.summary.failed == 0
    }

    /// Stops the test with a list of what failed, if anything did.
    ///
    /// # Panics
    /// If a case failed.
    #[track_caller]
    pub fn assert_passed(&self) {
        let failures: Vec<String> = self
            .failures()
            .into_iter()
            .filter_map(|outcome| {
                let (severity, why) = outcome.failed()?;
                Some(format!("{} ({severity}): {why}; {}", outcome.case.id, outcome.case.rule.clause))
            })
            .collect();
        assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
    }
}

impl Outcome {
    /// The severity of the failure and what is wrong, if the case failed.
    #[must_use]
    pub fn failed(&self) -> Option<(Severity, &str)> {
        match &self.verdict {
            Verdict::Failed { severity, why } => Some((*severity, why)),
            Verdict::Passed | Verdict::Skipped { .. } => None,
        }
    }
}

impl Summary {
    /// The two figures that weigh the same: what was kept out, and who was let in.
    #[must_use]
    pub fn scores(&self) -> String {
        format!("attacks refused {}, honest calls accepted {}", self.attacks, self.acceptances)
    }

    /// Counts the outcomes.
    #[must_use]
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Self {
        let mut summary = Self::default();
        for outcome in outcomes {
            match outcome.case.kind {
                Kind::Attack => summary.attacks.count(&outcome.verdict),
                Kind::Acceptance => summary.acceptances.count(&outcome.verdict),
            }
            let counter = match &outcome.verdict {
                Verdict::Passed => &mut summary.passed,
                Verdict::Skipped { .. } => &mut summary.skipped,
                Verdict::Failed { severity, .. } => {
                    let of_severity = summary.failed_by_severity.entry(*severity).or_default();
                    *of_severity = of_severity.saturating_add(1);
                    &mut summary.failed
                }
            };
            *counter = counter.saturating_add(1);
        }
        summary
    }
}

fn milliseconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
