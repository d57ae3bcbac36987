//! What a route asks of a verified token beyond its validity (SP 5.3.4-4, RFC 6750 §3.1, R5).
//!
//! Decides only whether the token suffices. It runs after verification, in the adapter's `RequireLayer` or `Require`,
//! and before the handler.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::confirmation::Binding;
use crate::error::Error;
use crate::token::scope::is_scope_token;
use crate::token::{AccessToken, ErasedToken};

type ClaimsCheck = Arc<dyn Fn(&ErasedToken, Binding) -> Result<bool, Error> + Send + Sync>;

/// What a route asks for. Several requirements joined with [`Requirement::and`] must all hold.
///
/// ```
/// use fapi_core::{AccessToken, Requirement};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Claims { department: String }
///
/// let requirement = Requirement::scope("records:read")
///     .and(Requirement::any_scope(["ward:a", "ward:b"]))
///     .and(Requirement::claims("own department", |token: &AccessToken<Claims>| {
///         token.claims().department == "cardiology"
///     }));
/// # let _ = requirement;
/// ```
#[derive(Clone)]
pub struct Requirement {
    rules: Vec<Rule>,
}

#[derive(Clone)]
enum Rule {
    AllScopes(Vec<Box<str>>),
    AnyScope(Vec<Box<str>>),
    Claims { name: Arc<str>, check: ClaimsCheck },
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
        Self { rules: vec![Rule::AllScopes(scopes.into_iter().map(Into::into).collect())] }
    }

    /// The token's scope must contain at least one of these. A refusal names the first. An empty list refuses every
    /// request.
    #[must_use]
    pub fn any_scope<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Self {
        Self { rules: vec![Rule::AnyScope(scopes.into_iter().map(Into::into).collect())] }
    }

    /// A predicate over the token, with the claims type `C` that the server was built with. `name` appears in the log
    /// when it is not met, never in the answer.
    #[must_use]
    pub fn claims<C, F>(name: &str, predicate: F) -> Self
    where
        C: Any + Send + Sync,
        F: Fn(&AccessToken<C>) -> bool + Send + Sync + 'static,
    {
        let check: ClaimsCheck = Arc::new(move |token, binding| Ok(predicate(&token.typed::<C>(binding)?)));
        Self { rules: vec![Rule::Claims { name: name.into(), check }] }
    }

    /// Both this requirement and `other`.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.rules.extend(other.rules);
        self
    }

    pub(crate) fn check(&self, token: &ErasedToken, binding: Binding) -> Result<(), Error> {
        self.rules.iter().try_for_each(|rule| rule.check(token, binding))
    }
}

impl Rule {
    fn check(&self, token: &ErasedToken, binding: Binding) -> Result<(), Error> {
        let scope = &token.facts.scope;
        match self {
            // An empty list, such as one read from a configuration, admits nobody.
            Self::AllScopes(wanted) if !wanted.is_empty() && wanted.iter().all(|one| scope.contains(one)) => {
                Ok(())
            }
            Self::AllScopes(wanted) => Err(Error::InsufficientScope(named(wanted))),
            Self::AnyScope(wanted) if wanted.iter().any(|one| scope.contains(one)) => Ok(()),
            Self::AnyScope(wanted) => {
                Err(Error::InsufficientScope(named(wanted.get(..1).unwrap_or_default())))
            }
            Self::Claims { name, check } => {
                if check(token, binding)? {
                    Ok(())
                } else {
                    Err(Error::RequirementUnmet(Arc::clone(name)))
                }
            }
        }
    }
}

/// R33: only what a challenge may hold.
fn named(scopes: &[Box<str>]) -> Arc<str> {
    scopes
        .iter()
        .map(AsRef::as_ref)
        .filter(|scope| is_scope_token(scope))
        .collect::<Vec<&str>>()
        .join(" ")
        .into()
}

impl fmt::Debug for Requirement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(&self.rules).finish()
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllScopes(scopes) => formatter.debug_tuple("AllScopes").field(scopes).finish(),
            Self::AnyScope(scopes) => formatter.debug_tuple("AnyScope").field(scopes).finish(),
            Self::Claims { name, .. } => formatter.debug_tuple("Claims").field(name).finish(),
        }
    }
}
