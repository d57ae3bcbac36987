//! What a route asks of a verified token beyond its validity (SP 5.3.4-4, RFC 6750 §3.1, RFC 9470, RFC 9396, R5).
//!
//! A requirement is a tree of rules, put together here and held against a token in `rule.rs`; what a token lacks, and what
//! the client can do about it, is in `verdict.rs`. It runs after verification, in the adapter's `RequireLayer` or
//! `Require`, and before the handler (R147).

mod rule;
mod verdict;

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::confirmation::SenderConstraint;
use crate::error::Error;
use crate::rejection::is_quotable;
use crate::token::scope::is_scope_token;
use crate::token::{AccessToken, TokenFacts};

pub(crate) use rule::Presented;
use rule::Rule;
pub use verdict::StepUp;
use verdict::Verdict;

/// What a route asks for.
///
/// ```
/// use std::time::Duration;
/// use fapi_core::{AccessToken, Requirement, SenderConstraint};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize)]
/// struct Claims { department: String, suspended: bool }
///
/// #[derive(Deserialize, Serialize)]
/// struct Payment { currency: String }
///
/// let cardiology = Requirement::claims("cardiology", |token: &AccessToken<Claims>| {
///     token.claims().department == "cardiology"
/// });
/// let suspended = Requirement::claims("suspended", |token: &AccessToken<Claims>| token.claims().suspended);
///
/// let requirement = Requirement::scope("records:read")
///     .and(cardiology.or(Requirement::scope("records:all")))
///     .and(Requirement::not(suspended).told("The account is suspended"))
///     .and(Requirement::acr_any(["urn:example:loa:substantial", "urn:example:loa:high"]))
///     .and(Requirement::max_age(Duration::from_secs(300)))
///     .and(Requirement::binding(SenderConstraint::Dpop))
///     .and(Requirement::authorization_details("payment_initiation", |payment: &Payment| {
///         payment.currency == "NOK"
///     }));
/// # let _ = requirement;
/// ```
///
/// # What a refusal says
///
/// Everything that is lacking and that another token could bring, in one challenge: the scopes (403
/// `insufficient_scope`), and the authentication of the user (401 `insufficient_user_authentication`, with the scopes if
/// they are lacking too). What no other token is known to bring, such as a predicate over the claims that is not met, is
/// answered first, with 403, so that nobody is sent for a login that would not help.
///
/// # What cannot be found out
///
/// A token without `acr` meets neither [`acr_any`](Self::acr_any) nor the [`not`](Self::not) of it, and so it is with
/// `auth_time` and with an authorization detail that cannot be read. A predicate over the claims answers with a `bool`:
/// there, what an absent claim means is the predicate's decision, on both sides of a [`not`](Self::not).
#[derive(Clone)]
pub struct Requirement {
    rule: Rule,
}

impl Requirement {
    /// The token's scope must contain this scope token.
    ///
    /// Text that is not one scope token (RFC 6749 §3.3: no spaces, quotes or backslashes) is in no token, so such a
    /// requirement refuses every request.
    #[must_use]
    pub fn scope(scope: &str) -> Self {
        Self::all_scopes([scope])
    }

    /// The token's scope must contain all of these. An empty list refuses every request.
    #[must_use]
    pub fn all_scopes<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Self {
        Rule::AllScopes(owned(scopes)).into()
    }

    /// The token's scope must contain at least one of these. A refusal names the first. An empty list refuses every
    /// request.
    #[must_use]
    pub fn any_scope<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Self {
        Rule::AnyScope(owned(scopes)).into()
    }

    /// The user must have been authenticated in one of these ways (`acr`, RFC 9470 §4), in order of preference. An empty
    /// list refuses every request.
    ///
    /// Text that a challenge cannot name is in the list for nothing, and is logged: a client is told to ask for the values
    /// separated by spaces (RFC 9470 §3), so that one with a space, a quote or a backslash in it is left out of the challenge.
    #[must_use]
    pub fn acr_any<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let values = owned(values);
        // R33, P44
        for value in values.iter().filter(|value| !is_scope_token(value)) {
            tracing::warn!(
                target: "fapi_core",
                "Requirement::acr_any: a challenge cannot name this value, so that no client can ask for it: {value:?}"
            );
        }
        Rule::AnyAcr(values).into()
    }

    /// The user must have been authenticated within this time (`auth_time`, RFC 9470 §4): it is exact, and challenges name
    /// its whole seconds. A new token that was got with a refresh token does not change `auth_time`.
    #[must_use]
    pub fn max_age(age: Duration) -> Self {
        Rule::MaxAge(age).into()
    }

    /// The caller must have shown that the token is theirs in this way.
    #[must_use]
    pub fn binding(constraint: SenderConstraint) -> Self {
        Rule::Binding(constraint).into()
    }

    /// One of the token's authorization details (RFC 9396) must be of this `type` and satisfy the predicate.
    ///
    /// Only [granted](TokenFacts::authorization_details) details are asked: those that a `T` holds wholly, which is found out
    /// by writing it again. What depends on the request, such as the amount
    /// of a payment, is for the handler, with the same method.
    #[must_use]
    pub fn authorization_details<T, F>(kind: &str, predicate: F) -> Self
    where
        T: DeserializeOwned + Serialize,
        F: Fn(&T) -> bool + Send + Sync + 'static,
    {
        let kind: Arc<str> = kind.into();
        let wanted = Arc::clone(&kind);
        let check = move |token: &TokenFacts| {
            let mut readable = true;
            for detail in token.authorization_details.of(&wanted) {
                match detail.read::<T>() {
                    Some(detail) if predicate(&detail) => return Some(true),
                    detail => readable &= detail.is_some(),
                }
            }
            readable.then_some(false)
        };
        Rule::AuthorizationDetails { kind, check: Arc::new(check) }.into()
    }

    /// A predicate over the token, with the claims type `C` that the server was built with. `name` appears in the log
    /// when it is not met, never in the answer: see [`Self::told`].
    #[must_use]
    pub fn claims<C, F>(name: &str, predicate: F) -> Self
    where
        C: Any + Send + Sync,
        F: Fn(&AccessToken<C>) -> bool + Send + Sync + 'static,
    {
        Self::claims_if_known(name, move |token: &AccessToken<C>| Some(predicate(token)))
    }

    /// As [`Self::claims`]; `None` if the token does not say enough to tell (R146).
    pub(crate) fn claims_if_known<C, F>(name: &str, predicate: F) -> Self
    where
        C: Any + Send + Sync,
        F: Fn(&AccessToken<C>) -> Option<bool> + Send + Sync + 'static,
    {
        let check =
            move |presented: Presented<'_>| Ok(predicate(&presented.token.typed::<C>(presented.binding)?));
        Rule::Claims { name: name.into(), check: Arc::new(check) }.into()
    }

    /// Both this requirement and `other`.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::all_of([self, other])
    }

    /// This requirement or `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::any_of([self, other])
    }

    /// All of these. An empty list refuses every request.
    #[must_use]
    pub fn all_of(requirements: impl IntoIterator<Item = Self>) -> Self {
        let joined = requirements.into_iter().flat_map(|requirement| match requirement.rule {
            Rule::All(rules) if !rules.is_empty() => rules,
            rule => vec![rule],
        });
        Rule::All(joined.collect()).into()
    }

    /// At least one of these. A refusal says what is lacking for the first of those that another token could meet. An
    /// empty list refuses every request.
    #[must_use]
    pub fn any_of(requirements: impl IntoIterator<Item = Self>) -> Self {
        let joined = requirements.into_iter().flat_map(|requirement| match requirement.rule {
            Rule::Any(rules) if !rules.is_empty() => rules,
            rule => vec![rule],
        });
        Rule::Any(joined.collect()).into()
    }

    /// A token that certainly does not meet this requirement.
    #[must_use]
    #[allow(clippy::should_implement_trait, reason = "`!requirement` would be read over")]
    pub fn not(requirement: Self) -> Self {
        Rule::Not(Box::new(requirement.rule)).into()
    }

    /// What the client is told if a predicate over claims, or a combination that has one, is not met: the
    /// `error_description` of the challenge, and the `detail` of a problem document.
    ///
    /// It must be safe to show to anybody who has a token. It is static, so that nothing of a request gets into it; text
    /// that a challenge may not hold (RFC 6750 §3: visible ASCII and spaces, no `"` or `\`) is never sent.
    #[must_use]
    pub fn told(self, description: &'static str) -> Self {
        // R33, P44
        if !is_quotable(description) {
            tracing::warn!(
                target: "fapi_core",
                "Requirement::told: not the text of an error_description, so it is not sent: {description:?}"
            );
            return self;
        }
        Rule::Told { rule: Box::new(self.rule), description }.into()
    }

    /// What is wrong with the token, if it does not suffice.
    pub(crate) fn check(&self, presented: Presented<'_>) -> Result<(), Error> {
        match self.rule.check(presented)? {
            Verdict::Met => Ok(()),
            Verdict::Unmet(shortfall) | Verdict::Unknown(shortfall) => Err(shortfall.into_error()),
        }
    }
}

impl From<Rule> for Requirement {
    fn from(rule: Rule) -> Self {
        Self { rule }
    }
}

/// Shows the tree, as in `all(scope(records:read), not(suspended))`.
impl fmt::Debug for Requirement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rule.fmt(formatter)
    }
}

fn owned<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<Box<str>> {
    texts.into_iter().map(Into::into).collect()
}
