//! What HelseID's APIs ask of a caller, with names that tell an operator whose fault a refusal is.
//!
//! A missing claim is nearly always the API's own registration: only its owner chooses which claims its tokens hold. So it
//! is asked for first, under a name that says so; then, whether it can be read; then, what it says. The names hold the
//! claim's name, and never its value.

use std::any::Any;
use std::marker::PhantomData;

use super::claims::{HelseIdClaims, Tenancy};
use super::known::{self, Names};
use crate::requirement::Requirement;
use crate::token::AccessToken;

/// The requirements of this module, for a server whose claims type `C` is an API's own, with [`HelseIdClaims`] in it.
///
/// The functions of this module are the same for [`HelseIdClaims`] itself.
///
/// ```
/// use std::time::Duration;
/// use fapi_core::helseid::{self, HelseIdClaims};
/// use fapi_core::{Profile, Requirement, ResourceServer, Revocation};
///
/// #[derive(serde::Deserialize)]
/// struct Claims {
///     #[serde(flatten)]
///     helseid: HelseIdClaims,
///     #[serde(rename = "example:journal-api/client/claims/ward")]
///     ward: Option<String>,
/// }
///
/// impl AsRef<HelseIdClaims> for Claims {
///     fn as_ref(&self) -> &HelseIdClaims {
///         &self.helseid
///     }
/// }
///
/// type HelseId = helseid::Requirements<Claims>;
///
/// let server = ResourceServer::builder()
///     .profile(Profile::helseid())
///     .public_url("https://api.example.no")
///     .audience("example:journal-api")
///     .claims::<Claims>()
///     .revocation(Revocation::max_token_lifetime(Duration::from_secs(600)))
///     .build()?;
/// let requirement = Requirement::scope("example:journal-api/read")
///     .and(HelseId::user_at_level(4))
///     .and(HelseId::hpr_number());
/// # Ok::<(), fapi_core::ConfigError>(())
/// ```
pub struct Requirements<C>(PhantomData<C>);

impl<C: AsRef<HelseIdClaims> + Any + Send + Sync> Requirements<C> {
    /// A client that acts for itself: no user took part, so there is no `sub` and no claim about one.
    ///
    /// A scope alone does not say so: a token with a user may hold the same scope.
    #[must_use]
    pub fn machine_to_machine() -> Requirement {
        let name = "helseid: machine-to-machine, without a user";
        Requirement::claims_if_known(name, |token: &AccessToken<C>| has_user(token).map(|user| !user))
    }

    /// A user who logged on at this security level or above; 4 is the norm.
    #[must_use]
    pub fn user_at_level(level: u8) -> Requirement {
        let user = Requirement::claims_if_known(
            "helseid: a user is logged on (this is the token of a client that acts for itself)",
            |token: &AccessToken<C>| has_user(token),
        );
        let name = format!("helseid: the user has logged on at security level {level} or above");
        let enough = move |claims: &HelseIdClaims| claims.security_level().is_some_and(|own| own >= level);
        user.and(Self::registered("security_level", known::SECURITY_LEVEL)).and(Self::that(
            &name,
            known::SECURITY_LEVEL,
            enough,
        ))
    }

    /// A user who is in the register of health personnel.
    ///
    /// HelseID leaves the claim out for everybody else, so its absence has two possible reasons.
    #[must_use]
    pub fn hpr_number() -> Requirement {
        Self::held("hpr_number", known::HPR_NUMBER, "the user is no health worker; or, if no token does")
    }

    /// A client that acts for an organisation.
    #[must_use]
    pub fn parent_organisation() -> Requirement {
        Self::registered("orgnr_parent", known::ORGNR_PARENT)
    }

    /// A client that also names the sub-unit for which it acts.
    ///
    /// The client must ask for it. Whether the sub-unit of a multi-tenant client belongs to the parent organisation is for
    /// the API to check: HelseID does not.
    #[must_use]
    pub fn child_organisation() -> Requirement {
        Self::held("orgnr_child", known::ORGNR_CHILD, "the client did not ask for it; or, if no token does")
    }

    /// A client of this kind of tenancy.
    ///
    /// A token must say so: one without the claim meets `tenancy(Tenancy::Single)` as little as any other. The prescription
    /// module (SFM) takes it for that of a single-tenant client; an API that does so too asks for
    /// `Requirement::not(tenancy(Tenancy::Multi))` instead.
    #[must_use]
    pub fn tenancy(tenancy: Tenancy) -> Requirement {
        let name = format!("helseid: the tenancy of the client is {tenancy:?}");
        let same = move |claims: &HelseIdClaims| claims.tenancy() == Some(tenancy);
        Self::registered("client_tenancy", known::TENANCY).and(Self::that(&name, known::TENANCY, same))
    }

    /// A multi-tenant client of one of these suppliers, by organisation number. An empty list refuses every request.
    #[must_use]
    pub fn supplier<S: Into<Box<str>>>(numbers: impl IntoIterator<Item = S>) -> Requirement {
        let allowed: Vec<Box<str>> = numbers.into_iter().map(Into::into).collect();
        let why = "the client is not multi-tenant; or, if no token does";
        Self::held("orgnr_supplier", known::ORGNR_SUPPLIER, why).and(Self::that(
            "helseid: the supplier is on the API's list",
            known::ORGNR_SUPPLIER,
            move |claims| claims.supplier().is_some_and(|own| allowed.iter().any(|one| **one == *own)),
        ))
    }

    /// A claim that is in every token for which it is registered.
    fn registered(claim: &str, names: Names) -> Requirement {
        Self::held(claim, names, "if none does")
    }

    /// A claim that the token holds, and that can be read. `absence` is why a token may not hold it.
    fn held(claim: &str, names: Names, absence: &str) -> Requirement {
        let there = format!(
            "helseid: the token holds {claim} ({absence}: register it for this API in Selvbetjening)"
        );
        let readable = format!(
            "helseid: {claim} can be read (it is in the token, in a form that is not known: {})",
            names.join(", ")
        );
        Self::known(&there, move |claims| Some(claims.holds(names)))
            .and(Self::that(&readable, names, |_| true))
    }

    /// What a claim that is there says. R146: one that cannot be read meets nothing, nor its opposite.
    fn that(
        name: &str,
        names: Names,
        met: impl Fn(&HelseIdClaims) -> bool + Send + Sync + 'static,
    ) -> Requirement {
        Self::known(name, move |claims| (!claims.is_unreadable(names)).then(|| met(claims)))
    }

    fn known(
        name: &str,
        met: impl Fn(&HelseIdClaims) -> Option<bool> + Send + Sync + 'static,
    ) -> Requirement {
        Requirement::claims_if_known(name, move |token: &AccessToken<C>| met(token.claims().as_ref()))
    }
}

/// R146: not known where all that a client's token has of a user cannot be read.
fn has_user<C: AsRef<HelseIdClaims>>(token: &AccessToken<C>) -> Option<bool> {
    let claims = token.claims().as_ref();
    let named = !token.subject_is_client() || claims.names_user();
    (named || !claims.has_user()).then_some(named)
}

/// As [`Requirements::machine_to_machine`], over [`HelseIdClaims`].
#[must_use]
pub fn machine_to_machine() -> Requirement {
    Requirements::<HelseIdClaims>::machine_to_machine()
}

/// As [`Requirements::user_at_level`], over [`HelseIdClaims`].
///
/// ```
/// use fapi_core::{Requirement, helseid};
///
/// let requirement = Requirement::scope("nhn:my-api/read").and(helseid::user_at_level(4));
/// ```
#[must_use]
pub fn user_at_level(level: u8) -> Requirement {
    Requirements::<HelseIdClaims>::user_at_level(level)
}

/// As [`Requirements::hpr_number`], over [`HelseIdClaims`].
#[must_use]
pub fn hpr_number() -> Requirement {
    Requirements::<HelseIdClaims>::hpr_number()
}

/// As [`Requirements::parent_organisation`], over [`HelseIdClaims`].
#[must_use]
pub fn parent_organisation() -> Requirement {
    Requirements::<HelseIdClaims>::parent_organisation()
}

/// As [`Requirements::child_organisation`], over [`HelseIdClaims`].
#[must_use]
pub fn child_organisation() -> Requirement {
    Requirements::<HelseIdClaims>::child_organisation()
}

/// As [`Requirements::tenancy`], over [`HelseIdClaims`].
#[must_use]
pub fn tenancy(tenancy: Tenancy) -> Requirement {
    Requirements::<HelseIdClaims>::tenancy(tenancy)
}

/// As [`Requirements::supplier`], over [`HelseIdClaims`].
#[must_use]
pub fn supplier<S: Into<Box<str>>>(numbers: impl IntoIterator<Item = S>) -> Requirement {
    Requirements::<HelseIdClaims>::supplier(numbers)
}
