//! How a token stands to a rule, and what the client can do about what is lacking (RFC 6750 §3.1, RFC 9470 §3, R147).
//!
//! Shortfalls are joined so that one challenge names everything that one new token must bring.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::token::scope::is_scope_token;

/// How a token stands to a rule.
pub(super) enum Verdict {
    Met,
    Unmet(Shortfall),
    /// The token does not say enough to tell.
    Unknown(Shortfall),
}

/// What a token lacks.
pub(super) enum Shortfall {
    /// These scopes, some of which it may have.
    Scope(Vec<Box<str>>),
    /// An authentication of the user.
    Authentication(Authentication),
    /// Something that no other token of this client is known to bring.
    Other(Error),
}

/// The authentication of the user that is asked for, and the scopes that are lacking as well.
pub(super) struct Authentication {
    acr_values: Option<Vec<Box<str>>>,
    max_age: Option<Duration>,
    scope: Vec<Box<str>>,
}

/// What an authorization request must ask for, so that the next token suffices (RFC 9470 §3-4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StepUp {
    acr_values: Box<str>,
    max_age: Option<Duration>,
    scope: Box<str>,
}

impl Verdict {
    pub(super) fn of(met: bool, shortfall: impl FnOnce() -> Shortfall) -> Self {
        Self::of_known(Some(met), shortfall)
    }

    pub(super) fn of_known(met: Option<bool>, shortfall: impl FnOnce() -> Shortfall) -> Self {
        match met {
            Some(true) => Self::Met,
            Some(false) => Self::Unmet(shortfall()),
            None => Self::Unknown(shortfall()),
        }
    }

    pub(super) fn map(self, change: impl FnOnce(Shortfall) -> Shortfall) -> Self {
        match self {
            Self::Met => Self::Met,
            Self::Unmet(shortfall) => Self::Unmet(change(shortfall)),
            Self::Unknown(shortfall) => Self::Unknown(change(shortfall)),
        }
    }

    /// Of two rules that must both be met.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Met, verdict) | (verdict, Self::Met) => verdict,
            (Self::Unknown(one), Self::Unknown(other)) => Self::Unknown(one.and(other)),
            (Self::Unmet(one) | Self::Unknown(one), Self::Unmet(other) | Self::Unknown(other)) => {
                Self::Unmet(one.and(other))
            }
        }
    }

    /// Of two rules of which one must be met.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Met, _) | (_, Self::Met) => Self::Met,
            (Self::Unmet(one), Self::Unmet(other)) => Self::Unmet(one.or(other)),
            (Self::Unmet(one) | Self::Unknown(one), Self::Unmet(other) | Self::Unknown(other)) => {
                Self::Unknown(one.or(other))
            }
        }
    }
}

impl Shortfall {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Other(error), _) | (_, Self::Other(error)) => Self::Other(error),
            (Self::Scope(one), Self::Scope(other)) => Self::Scope(union(one, other)),
            (Self::Authentication(one), Self::Authentication(other)) => Self::Authentication(one.and(other)),
            // RFC 9470 §3, R147: 403 would send the client for a token that is refused again.
            (Self::Authentication(lacking), Self::Scope(scope))
            | (Self::Scope(scope), Self::Authentication(lacking)) => {
                Self::Authentication(Authentication { scope: union(lacking.scope, scope), ..lacking })
            }
        }
    }

    /// The first one that another token could mend.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Other(_), mendable @ (Self::Scope(_) | Self::Authentication(_))) => mendable,
            (first, _) => first,
        }
    }

    /// With what the client is told, if it is about a named requirement.
    pub(super) fn told(self, description: &'static str) -> Self {
        match self {
            Self::Other(Error::RequirementUnmet { name, .. }) => {
                Self::Other(Error::RequirementUnmet { name, told: Some(description) })
            }
            other => other,
        }
    }

    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Scope(scopes) => Error::InsufficientScope(named(&scopes).into()),
            Self::Authentication(lacking) => {
                Error::InsufficientUserAuthentication(Arc::new(lacking.into_step_up()))
            }
            Self::Other(error) => error,
        }
    }
}

impl Authentication {
    pub(super) const fn acr_any(values: Vec<Box<str>>) -> Self {
        Self { acr_values: Some(values), max_age: None, scope: Vec::new() }
    }

    pub(super) const fn max_age(age: Duration) -> Self {
        Self { acr_values: None, max_age: Some(age), scope: Vec::new() }
    }

    /// What satisfies both.
    pub(super) fn and(self, other: Self) -> Self {
        let acr_values = match (self.acr_values, other.acr_values) {
            (Some(one), Some(other)) => Some(one.into_iter().filter(|value| other.contains(value)).collect()),
            (one, other) => one.or(other),
        };
        let max_age = match (self.max_age, other.max_age) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self { acr_values, max_age, scope: union(self.scope, other.scope) }
    }

    fn into_step_up(self) -> StepUp {
        StepUp {
            acr_values: named(&self.acr_values.unwrap_or_default()).into(),
            max_age: self.max_age,
            scope: named(&self.scope).into(),
        }
    }
}

impl StepUp {
    /// Any one of these, in order of preference, separated by spaces; empty if it does not matter.
    #[must_use]
    pub fn acr_values(&self) -> &str {
        &self.acr_values
    }

    /// How long ago the user may have been authenticated.
    #[must_use]
    pub const fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// The scopes that the token lacks as well, separated by spaces.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }
}

impl fmt::Display for StepUp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "acr_values {:?}", self.acr_values)?;
        if let Some(age) = self.max_age {
            write!(formatter, ", max_age {} s", age.as_secs())?;
        }
        if !self.scope.is_empty() {
            write!(formatter, ", scope {:?}", self.scope)?;
        }
        Ok(())
    }
}

fn union(mut one: Vec<Box<str>>, other: Vec<Box<str>>) -> Vec<Box<str>> {
    for text in other {
        if !one.contains(&text) {
            one.push(text);
        }
    }
    one
}

/// R33: only what a challenge may hold, and what a list separated by spaces can hold.
fn named(texts: &[Box<str>]) -> String {
    let texts = texts.iter().map(AsRef::as_ref).filter(|text| is_scope_token(text));
    texts.collect::<Vec<&str>>().join(" ")
}
