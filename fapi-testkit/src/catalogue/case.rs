//! A case: one thing about a valid request is changed, or nothing, and the answers that are acceptable then.

use serde::Serialize;

use super::exchange::Call;
use super::expectation::{ACCEPTED, Expectation};
use super::group::{Group, Need, Severity};
use super::profile::Profile;
use super::rule::Rule;
use super::scene::Scene;

/// Makes the request of a step.
pub type MakeCall = fn(&Scene) -> Call;

/// What a case expects of the resource server as a whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A request that must not be served.
    Attack,
    /// A request, unusual or not, that must be served.
    Acceptance,
}

/// One test of a resource server.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// The stable name, in kebab-case.
    pub id: &'static str,
    /// What it is about.
    pub group: Group,
    /// Whether it attacks or must be accepted.
    pub kind: Kind,
    /// How bad it is when the server fails it.
    pub severity: Severity,
    /// What is changed, in one line.
    pub title: &'static str,
    /// The clause it tests.
    pub rule: Rule,
    /// What a run must be able to do.
    pub needs: Vec<Need>,
    /// The profile it belongs to; `None` for all.
    pub profile: Option<Profile>,
    /// The requests, in order, and what must come back for each.
    #[serde(skip)]
    pub steps: Vec<Step>,
}

/// One request of a case and the answers that are acceptable.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Makes the request, from what was sent before in this case.
    pub call: MakeCall,
    /// How many copies are sent at once. With more than one, exactly one must be accepted, and `expectation` is about
    /// the others.
    pub copies: usize,
    /// The acceptable answers.
    pub expectation: Expectation,
}

impl Group {
    /// A request that must be refused.
    pub(super) fn attack(
        self,
        id: &'static str,
        severity: Severity,
        title: &'static str,
        rule: Rule,
        expectation: Expectation,
        call: MakeCall,
    ) -> Case {
        self.case(id, Kind::Attack, severity, title, rule, Step { call, copies: 1, expectation })
    }

    /// A request that must be served.
    pub(super) fn accept(
        self,
        id: &'static str,
        severity: Severity,
        title: &'static str,
        rule: Rule,
        call: MakeCall,
    ) -> Case {
        self.case(
            id,
            Kind::Acceptance,
            severity,
            title,
            rule,
            Step { call, copies: 1, expectation: ACCEPTED },
        )
    }

    fn case(
        self,
        id: &'static str,
        kind: Kind,
        severity: Severity,
        title: &'static str,
        rule: Rule,
        step: Step,
    ) -> Case {
        Case { id, group: self, kind, severity, title, rule, needs: vec![], profile: None, steps: vec![step] }
    }
}

impl Case {
    /// The case with something that a run must be able to do.
    pub(super) fn needs(mut self, need: Need) -> Self {
        self.needs.push(need);
        self
    }

    /// The case for one profile only.
    pub(super) fn only(self, profile: Profile) -> Self {
        Self { profile: Some(profile), ..self }
    }

    /// The case with another expectation of its last request.
    pub(super) fn expecting(mut self, expectation: Expectation) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.expectation = expectation;
        }
        self
    }

    /// A further request.
    pub(super) fn then(mut self, expectation: Expectation, call: MakeCall) -> Self {
        self.steps.push(Step { call, copies: 1, expectation });
        self
    }

    /// The last request so many times at once: one is accepted, and `expectation` is about the others.
    pub(super) fn at_once(mut self, copies: usize) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.copies = copies;
        }
        self
    }

    /// What must come back, in words, step by step.
    #[must_use]
    pub fn expected(&self) -> String {
        let steps = self.steps.iter().map(Step::expected).collect::<Vec<_>>();
        steps.join("; then ")
    }
}

impl Step {
    fn expected(&self) -> String {
        if self.copies > 1 {
            return format!("{} at once: one accepted, the others {}", self.copies, self.expectation);
        }
        self.expectation.to_string()
    }
}
