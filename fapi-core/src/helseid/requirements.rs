//! What HelseID's APIs ask of a caller, with names that tell an operator whose fault a refusal is.
//!
//! A missing claim is nearly always the API's own registration: only its owner chooses which claims its tokens hold. So it
//! is asked for first, under a name that says so. Each function here is a [`Requirement`] over [`HelseIdClaims`]; an API
//! with a claims type of its own calls the methods of [`HelseIdClaims`] in [`Requirement::claims`].

use super::claims::{HelseIdClaims, Tenancy};
use crate::requirement::Requirement;
use crate::token::AccessToken;

type Token = AccessToken<HelseIdClaims>;

/// What the log says of a claim that is not in the token.
fn registered(claim: &str, present: impl Fn(&HelseIdClaims) -> bool + Send + Sync + 'static) -> Requirement {
    let name =
        format!("helseid: the token holds {claim} (if none does: register it for this API in Selvbetjening)");
    Requirement::claims(&name, move |token: &Token| present(token.claims()))
}

/// A client that acts for itself: no user took part, so there is no `sub` and no claim about one.
///
/// A scope alone does not say so: a token with a user may hold the same scope.
#[must_use]
pub fn machine_to_machine() -> Requirement {
    Requirement::claims("helseid: machine-to-machine, without a user", |token: &Token| {
        token.subject_is_client() && !token.claims().has_user()
    })
}

/// A user who logged on at this security level or above; 4 is the norm.
///
/// ```
/// use fapi_core::{Requirement, helseid};
///
/// let requirement = Requirement::scope("nhn:my-api/read").and(helseid::user_at_level(4));
/// ```
#[must_use]
pub fn user_at_level(level: u8) -> Requirement {
    let user = Requirement::claims(
        "helseid: a user is logged on (this is the token of a client that acts for itself)",
        |token: &Token| !token.subject_is_client() || token.claims().has_user(),
    );
    let name = format!("helseid: the user has logged on at security level {level} or above");
    user.and(registered("security_level", |claims| claims.security_level().is_some())).and(
        Requirement::claims(&name, move |token: &Token| {
            token.claims().security_level().is_some_and(|own| own >= level)
        }),
    )
}

/// A user who is in the register of health personnel.
///
/// HelseID leaves the claim out for everybody else, so its absence has two possible reasons.
#[must_use]
pub fn hpr_number() -> Requirement {
    Requirement::claims(
        "helseid: the token holds hpr_number (the user is no health worker; or, if no token does: register it for this API \
         in Selvbetjening)",
        |token: &Token| token.claims().hpr_number().is_some(),
    )
}

/// A client that acts for an organisation.
#[must_use]
pub fn parent_organisation() -> Requirement {
    registered("orgnr_parent", |claims| claims.parent_organisation().is_some())
}

/// A client that also names the sub-unit for which it acts.
///
/// The client must ask for it. Whether the sub-unit of a multi-tenant client belongs to the parent organisation is for the
/// API to check: HelseID does not.
#[must_use]
pub fn child_organisation() -> Requirement {
    Requirement::claims(
        "helseid: the token holds orgnr_child (the client did not ask for it; or, if no token does: register it for this API \
         in Selvbetjening)",
        |token: &Token| token.claims().child_organisation().is_some(),
    )
}

/// A client of this kind of tenancy.
#[must_use]
pub fn tenancy(tenancy: Tenancy) -> Requirement {
    let name = format!("helseid: the tenancy of the client is {tenancy:?}");
    registered("client_tenancy", |claims| claims.tenancy().is_some())
        .and(Requirement::claims(&name, move |token: &Token| token.claims().tenancy() == Some(tenancy)))
}

/// A multi-tenant client of one of these suppliers, by organisation number. An empty list refuses every request.
#[must_use]
pub fn supplier<S: Into<Box<str>>>(numbers: impl IntoIterator<Item = S>) -> Requirement {
    let allowed: Vec<Box<str>> = numbers.into_iter().map(Into::into).collect();
    let named = Requirement::claims(
        "helseid: the token holds orgnr_supplier (the client is not multi-tenant; or, if no token does: register it for this \
         API in Selvbetjening)",
        |token: &Token| token.claims().supplier().is_some(),
    );
    named.and(Requirement::claims("helseid: the supplier is on the API's list", move |token: &Token| {
        token.claims().supplier().is_some_and(|own| allowed.iter().any(|one| **one == *own))
    }))
}
