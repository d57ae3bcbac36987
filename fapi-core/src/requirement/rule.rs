//! The tree of rules that is a requirement, and the one function that holds a token against it.
//!
//! A rule is met, not met, or it cannot be told (R146). Only the first lets a request pass, and what cannot be told stays
//! so under `not`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::verdict::{Authentication, Shortfall, Verdict};
use crate::clock::UnixTime;
use crate::confirmation::{Binding, SenderConstraint};
use crate::error::Error;
use crate::token::scope::is_scope_token;
use crate::token::{ErasedToken, TokenFacts};

/// `None`: the token does not say enough to tell.
type ClaimsCheck = Arc<dyn Fn(Presented<'_>) -> Result<Option<bool>, Error> + Send + Sync>;
/// `None`: there are details of the type, and none that can be read satisfies the predicate.
type DetailsCheck = Arc<dyn Fn(&TokenFacts) -> Option<bool> + Send + Sync>;

/// A verified token as one request has brought it.
#[derive(Clone, Copy)]
pub(crate) struct Presented<'a> {
    pub(crate) token: &'a ErasedToken,
    pub(crate) binding: Binding,
    pub(crate) now: UnixTime,
    /// How far ahead of this server's clock the issuer's may be.
    pub(crate) max_future: Duration,
}

#[derive(Clone)]
pub(super) enum Rule {
    AllScopes(Vec<Box<str>>),
    AnyScope(Vec<Box<str>>),
    AnyAcr(Vec<Box<str>>),
    MaxAge(Duration),
    Binding(SenderConstraint),
    AuthorizationDetails { kind: Arc<str>, check: DetailsCheck },
    Claims { name: Arc<str>, check: ClaimsCheck },
    All(Vec<Rule>),
    Any(Vec<Rule>),
    Not(Box<Rule>),
    Told { rule: Box<Rule>, description: &'static str },
}

impl Rule {
    /// # Errors
    /// What makes every answer wrong, such as a predicate over another claims type than the server's.
    pub(super) fn check(&self, presented: Presented<'_>) -> Result<Verdict, Error> {
        let facts = &*presented.token.facts;
        let holds = |one: &str| facts.scope.contains(one);
        Ok(match self {
            // An empty list or a text that is no scope, such as one read from a configuration, admits nobody: not even
            // under `not`, where it would otherwise admit everybody.
            Self::AllScopes(wanted) | Self::AnyScope(wanted)
                if wanted.is_empty() || !wanted.iter().all(|one| is_scope_token(one)) =>
            {
                Verdict::Unknown(Shortfall::Scope(wanted.clone()))
            }
            Self::AllScopes(wanted) => {
                Verdict::of(!wanted.is_empty() && wanted.iter().all(|one| holds(one)), || {
                    Shortfall::Scope(wanted.clone())
                })
            }
            Self::AnyScope(wanted) => Verdict::of(wanted.iter().any(|one| holds(one)), || {
                Shortfall::Scope(wanted.iter().take(1).cloned().collect())
            }),
            Self::AnyAcr(_) | Self::MaxAge(_) => self.check_authentication(presented),
            Self::Binding(constraint) => Verdict::of(constraint.accepts(presented.binding.scheme()), || {
                Shortfall::Other(Error::BindingRequired(*constraint))
            }),
            Self::AuthorizationDetails { kind, check } => Verdict::of_known(check(facts), || {
                Shortfall::Other(Error::InsufficientAuthorizationDetails(Arc::clone(kind)))
            }),
            Self::Claims { check, .. } => Verdict::of_known(check(presented)?, || self.unmet()),
            Self::All(rules) => self.check_all(rules, presented)?,
            Self::Any(rules) => self.check_any(rules, presented)?,
            Self::Not(rule) => match rule.check(presented)? {
                Verdict::Met => Verdict::Unmet(self.unmet()),
                Verdict::Unmet(_) => Verdict::Met,
                // R146: never the way in for a token of which nothing is known.
                Verdict::Unknown(_) => Verdict::Unknown(self.unmet()),
            },
            Self::Told { rule, description } => {
                rule.check(presented)?.map(|shortfall| shortfall.told(description))
            }
        })
    }

    /// RFC 9470 §4, R145, R146: a claim that is missing meets nothing.
    fn check_authentication(&self, presented: Presented<'_>) -> Verdict {
        let facts = &*presented.token.facts;
        let met = match self {
            Self::AnyAcr(wanted) if wanted.is_empty() => None,
            Self::AnyAcr(wanted) => facts.acr().map(|own| wanted.iter().any(|one| **one == *own)),
            Self::MaxAge(most) => {
                let latest = presented.now.saturating_add(presented.max_future);
                let known = facts.auth_time().filter(|time| *time <= latest);
                known.map(|time| presented.now.saturating_since(time) <= *most)
            }
            _ => None,
        };
        Verdict::of_known(met, || {
            self.authentication().map_or_else(|| self.unmet(), Shortfall::Authentication)
        })
    }

    /// What the rule asks of the user's authentication, if that is what it is about.
    fn authentication(&self) -> Option<Authentication> {
        match self {
            Self::AnyAcr(values) => Some(Authentication::acr_any(values.clone())),
            Self::MaxAge(age) => Some(Authentication::max_age(*age)),
            Self::Told { rule, .. } => rule.authentication(),
            _ => None,
        }
    }

    fn check_all(&self, rules: &[Self], presented: Presented<'_>) -> Result<Verdict, Error> {
        if rules.is_empty() {
            return Ok(Verdict::Unknown(self.unmet()));
        }
        let mut verdict = Verdict::Met;
        for rule in rules {
            verdict = verdict.and(rule.check(presented)?);
        }
        // RFC 9470 §3: the next login must not lose what this one had, so the challenge names all of it.
        Ok(verdict.map(|shortfall| match shortfall {
            Shortfall::Authentication(lacking) => Shortfall::Authentication(
                rules.iter().filter_map(Self::authentication).fold(lacking, Authentication::and),
            ),
            other => other,
        }))
    }

    fn check_any(&self, rules: &[Self], presented: Presented<'_>) -> Result<Verdict, Error> {
        if rules.is_empty() {
            return Ok(Verdict::Unknown(self.unmet()));
        }
        let mut lacking = Verdict::Unmet(self.unmet());
        for rule in rules {
            match rule.check(presented)? {
                Verdict::Met => return Ok(Verdict::Met),
                verdict => lacking = lacking.or(verdict),
            }
        }
        Ok(lacking)
    }

    fn unmet(&self) -> Shortfall {
        let name = match self {
            Self::Claims { name, .. } => Arc::clone(name),
            other => format!("{other:?}").into(),
        };
        Shortfall::Other(Error::RequirementUnmet { name, told: None })
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllScopes(scopes) => write!(formatter, "scope({})", scopes.join(" ")),
            Self::AnyScope(scopes) => write!(formatter, "any_scope({})", scopes.join(" ")),
            Self::AnyAcr(values) => write!(formatter, "acr_any({})", values.join(" ")),
            Self::MaxAge(age) => write!(formatter, "max_age({age:?})"),
            Self::Binding(constraint) => write!(formatter, "binding({constraint:?})"),
            Self::AuthorizationDetails { kind, .. } => write!(formatter, "authorization_details({kind})"),
            Self::Claims { name, .. } => formatter.write_str(name),
            Self::All(rules) => tuple(formatter, "all", rules),
            Self::Any(rules) => tuple(formatter, "any", rules),
            Self::Not(rule) => write!(formatter, "not({rule:?})"),
            Self::Told { rule, .. } => rule.fmt(formatter),
        }
    }
}

fn tuple(formatter: &mut fmt::Formatter<'_>, name: &str, rules: &[Rule]) -> fmt::Result {
    write!(formatter, "{name}(")?;
    for (index, rule) in rules.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(formatter, "{separator}{rule:?}")?;
    }
    formatter.write_str(")")
}
