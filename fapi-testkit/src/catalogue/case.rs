//! A case: one thing about a valid request is changed, or nothing, and the answers that are acceptable then.

use serde::Serialize;

use super::exchange::Call;
use super::expectation::{ACCEPTED, Expectation};
use super::feature::Feature;
use super::group::{Group, Need, Severity};
use super::profile::Terms;
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
    /// What must hold for an API, or the case is not about it.
    #[serde(skip)]
    pub given: Vec<Feature>,
    /// What must not hold for it.
    #[serde(skip)]
    pub unless: Vec<Feature>,
    /// The requests, in order, and what must come back for each.
    #[serde(skip)]
    pub steps: Vec<Step>,
}

/// One request of a case and the answers that are acceptable.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Makes the request, from what was sent before in this case.
    pub call: MakeCall,
    /// How many requests are sent.
    pub volley: Volley,
    /// The acceptable answers.
    pub expectation: Expectation,
}

/// How many requests a step sends, and what each of them must get.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Volley {
    /// One.
    Single,
    /// So many copies of one request at once: exactly one must be accepted, and the expectation is about the others.
    Copies(usize),
    /// So many requests at once, each made anew: the expectation is about each of them.
    Parallel(usize),
    /// One every second, each made anew, until one is accepted, or an API must have looked for new keys: the expectation
    /// is about the last.
    Patient,
    /// One every second, each made anew, until one is refused, or an API must have learned of a revocation: the
    /// expectation is about the last.
    UntilRefused,
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
        self.case(id, Kind::Attack, severity, title, rule, Step { call, volley: Volley::Single, expectation })
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
            Step { call, volley: Volley::Single, expectation: ACCEPTED },
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
        let steps = vec![step];
        Case {
            id,
            group: self,
            kind,
            severity,
            title,
            rule,
            needs: vec![],
            given: vec![],
            unless: vec![],
            steps,
        }
    }
}

impl Case {
    /// The case with something that a run must be able to do.
    pub(super) fn needs(mut self, need: Need) -> Self {
        self.needs.push(need);
        self
    }

    /// The case for APIs for which this holds.
    pub(super) fn given(mut self, feature: Feature) -> Self {
        self.given.push(feature);
        self
    }

    /// The case for APIs for which this does not hold.
    pub(super) fn unless(mut self, feature: Feature) -> Self {
        self.unless.push(feature);
        self
    }

    /// Whether the case is about APIs with these terms.
    #[must_use]
    pub fn is_about(&self, terms: &Terms) -> bool {
        self.given.iter().all(|feature| terms.have(*feature))
            && !self.unless.iter().any(|feature| terms.have(*feature))
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
        self.steps.push(Step { call, volley: Volley::Single, expectation });
        self
    }

    /// The last request so many times at once: one is accepted, and `expectation` is about the others.
    pub(super) fn at_once(self, copies: usize) -> Self {
        self.in_volley(Volley::Copies(copies))
    }

    /// So many requests at once in place of the last one, each made anew.
    pub(super) fn in_parallel(self, requests: usize) -> Self {
        self.in_volley(Volley::Parallel(requests))
    }

    /// The last request again and again in place of once, until it is accepted.
    pub(super) fn patiently(self) -> Self {
        self.in_volley(Volley::Patient)
    }

    /// The last request again and again in place of once, until it is refused.
    pub(super) fn until_refused(self) -> Self {
        self.in_volley(Volley::UntilRefused).needs(Need::RevocationTime)
    }

    fn in_volley(mut self, volley: Volley) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.volley = volley;
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
        match self.volley {
            Volley::Single => self.expectation.to_string(),
            Volley::Copies(copies) => {
                format!("{copies} at once: one accepted, the others {}", self.expectation)
            }
            Volley::Parallel(requests) => format!("{requests} at once: each {}", self.expectation),
            Volley::Patient => format!("{} within half a minute", self.expectation),
            Volley::UntilRefused => {
                format!("{} within the time in which the API learns of revocations", self.expectation)
            }
        }
    }
}
