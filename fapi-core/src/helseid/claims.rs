//! The claims of a HelseID access token, in the spellings that are in use.
//!
//! Tolerant where issuers differ: `null` and empty text count as absent, a number as its digits, one text as a list of one.
//! A claim of another form does not refuse the token, since no rule of the API may need it; but it never counts as absent.
//! Unknown claims are ignored. Which claims there are stands in `known.rs`; registered ones (`sub`, `scope`, …) are read by
//! [`TokenFacts`](crate::TokenFacts).

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::known::{self, Claim, Names};
use super::nested::{Actor, TrustFramework};

/// The claims of HelseID: the claims type of a server under [`Profile::helseid`](crate::Profile::helseid), unless
/// [`ResourceServerBuilder::claims`](crate::ResourceServerBuilder::claims) names another one.
///
/// `Debug` shows the client and its organisations, and nothing about the user.
///
/// ```
/// use fapi_core::helseid::{AssuranceLevel, HelseIdClaims, Tenancy};
///
/// let claims: HelseIdClaims = serde_json::from_str(r#"{
///     "helseid://claims/identity/pid": "17056600574",
///     "helseid://claims/identity/security_level": "4",
///     "helseid://claims/identity/assurance_level": "high",
///     "helseid://claims/client/claims/orgnr_parent": "917897468",
///     "helseid://claims/client/client_tenancy": "multi-tenant"
/// }"#)?;
/// assert_eq!(claims.security_level(), Some(4));
/// assert_eq!(claims.assurance_level(), Some(AssuranceLevel::High));
/// assert_eq!(claims.parent_organisation(), Some("917897468"));
/// assert_eq!(claims.tenancy(), Some(Tenancy::Multi));
/// assert!(!format!("{claims:?}").contains("17056600574"));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// An API with claims of its own embeds it, and builds the requirements of this module over its own type with
/// [`Requirements`](super::Requirements), which has an example. A field of its own takes a claim of that name away from this
/// type.
#[derive(Clone, Default)]
pub struct HelseIdClaims {
    /// Those that are in the token.
    claims: BTreeMap<&'static str, Claim>,
}

/// How sure it is who the user is, in the levels of eIDAS. HelseID says that the claim is to be deprecated.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum AssuranceLevel {
    /// `low`
    Low,
    /// `substantial`
    Substantial,
    /// `high`
    High,
}

/// For how many organisations a client acts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Tenancy {
    /// One, which HelseID knows.
    Single,
    /// Many, which have delegated to the client's supplier. HelseID checks the delegation of the parent organisation, and
    /// **not** that the child organisation belongs to it.
    Multi,
    /// The client acts for none.
    None,
}

impl HelseIdClaims {
    /// The national identity number of the user (`pid`): 11 digits, with leading zeros. Personal data.
    #[must_use]
    pub fn pid(&self) -> Option<&str> {
        self.text(known::PID)
    }

    /// A pseudonym of the user, the same as `sub`. HelseID is to deprecate it. Personal data.
    #[must_use]
    pub fn pid_pseudonym(&self) -> Option<&str> {
        self.text(known::PID_PSEUDONYM)
    }

    /// The security level of the user's login, normally 4.
    #[must_use]
    pub fn security_level(&self) -> Option<u8> {
        self.text(known::SECURITY_LEVEL).and_then(known::security_level)
    }

    /// The assurance level of the user's identity.
    #[must_use]
    pub fn assurance_level(&self) -> Option<AssuranceLevel> {
        self.text(known::ASSURANCE_LEVEL).and_then(known::assurance_level)
    }

    /// Where the user logged on: `internett` or `helsenett`. Not reliable enough for access control.
    #[must_use]
    pub fn network(&self) -> Option<&str> {
        self.text(known::NETWORK)
    }

    /// The user's number in the register of health personnel. Absent for everybody else.
    #[must_use]
    pub fn hpr_number(&self) -> Option<&str> {
        self.text(known::HPR_NUMBER)
    }

    /// The user's approvals in the register of health personnel, as HelseID writes them.
    #[must_use]
    pub fn hpr_details(&self) -> Option<&Value> {
        self.object(known::HPR_DETAILS)
    }

    /// With which identity provider the user logged on (`idp`).
    #[must_use]
    pub fn identity_provider(&self) -> Option<&str> {
        self.text(known::IDP)
    }

    /// How the user was authenticated (`amr`).
    pub fn authentication_methods(&self) -> impl Iterator<Item = &str> {
        let methods = match self.first(known::AMR) {
            Some(Claim::Texts(methods)) => methods.as_slice(),
            _ => &[],
        };
        methods.iter().map(AsRef::as_ref)
    }

    /// The user's session at HelseID (`sid`).
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.text(known::SID)
    }

    /// The user's full name. Personal data.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.text(known::NAME)
    }

    /// The user's given name. Personal data.
    #[must_use]
    pub fn given_name(&self) -> Option<&str> {
        self.text(known::GIVEN_NAME)
    }

    /// The user's middle name. Personal data.
    #[must_use]
    pub fn middle_name(&self) -> Option<&str> {
        self.text(known::MIDDLE_NAME)
    }

    /// The user's family name. Personal data.
    #[must_use]
    pub fn family_name(&self) -> Option<&str> {
        self.text(known::FAMILY_NAME)
    }

    /// The `sub` that the user had before (`oldsub`). Personal data.
    #[must_use]
    pub fn old_subject(&self) -> Option<&str> {
        self.text(known::OLDSUB)
    }

    /// Whether a claim says that a user took part, readable or not. A client that acts for itself has none of them, nor a
    /// `sub`.
    #[must_use]
    pub fn has_user(&self) -> bool {
        known::CLAIMS.iter().any(|known| known.of_user && self.holds(known.names))
    }

    /// The client's name, for logs. Anybody can choose one: no access control by it.
    #[must_use]
    pub fn client_name(&self) -> Option<&str> {
        self.text(known::CLIENT_NAME)
    }

    /// How the client was authenticated (`client_amr`), such as `private_key_jwt`.
    #[must_use]
    pub fn client_authentication_method(&self) -> Option<&str> {
        self.text(known::CLIENT_AMR)
    }

    /// With which kind of key the client was authenticated (`helseid://claims/client/amr`), such as `rsa_private_key`.
    #[must_use]
    pub fn client_key_kind(&self) -> Option<&str> {
        self.text(known::CLIENT_KEY_KIND)
    }

    /// The organisation for which the client acts (`orgnr_parent`): the legal entity, 9 digits.
    #[must_use]
    pub fn parent_organisation(&self) -> Option<&str> {
        self.text(known::ORGNR_PARENT)
    }

    /// The sub-unit or point of care (`orgnr_child`). Of a multi-tenant client it is what the supplier says; HelseID does
    /// not check that it belongs to the parent.
    #[must_use]
    pub fn child_organisation(&self) -> Option<&str> {
        self.text(known::ORGNR_CHILD)
    }

    /// The supplier to which the organisation has delegated (`orgnr_supplier`), of a multi-tenant client.
    #[must_use]
    pub fn supplier(&self) -> Option<&str> {
        self.text(known::ORGNR_SUPPLIER)
    }

    /// For how many organisations the client acts. Several spellings are in use. A token that names a supplier is that of a
    /// multi-tenant client, whatever else it says; without both claims it is unknown.
    ///
    /// The prescription module (SFM) takes a client without the claim for a single-tenant one. This does not: an API whose
    /// tokens do not hold the claim would take every client for one.
    #[must_use]
    pub fn tenancy(&self) -> Option<Tenancy> {
        if self.holds(known::ORGNR_SUPPLIER) {
            return Some(Tenancy::Multi);
        }
        self.text(known::CLIENT_TENANCY).and_then(known::tenancy)
    }

    /// The common name of the client's enterprise certificate.
    #[must_use]
    pub fn certificate_common_name(&self) -> Option<&str> {
        self.text(known::EC_COMMON_NAME)
    }

    /// When the client's enterprise certificate expires, as HelseID writes it.
    #[must_use]
    pub fn certificate_expiry(&self) -> Option<&str> {
        self.text(known::EC_EXP)
    }

    /// The journal of the prescription module (`nhn:sfm:journal-id`, also with an underscore): a UUID.
    #[must_use]
    pub fn journal_id(&self) -> Option<&str> {
        self.text(known::JOURNAL_ID)
    }

    /// The client's identifier in the prescription module (`e-helse:sfm.api/client/claims/sfm-id`), which
    /// [`journal_id`](Self::journal_id) is to replace.
    #[must_use]
    pub fn sfm_id(&self) -> Option<&str> {
        self.text(known::SFM_ID)
    }

    /// The identifier in the address register for electronic messages (`herid`). To be phased out.
    #[must_use]
    pub fn her_id(&self) -> Option<&str> {
        self.text(known::HERID)
    }

    /// The parameters of the trust framework ("tillitsrammeverket").
    #[must_use]
    pub fn trust_framework(&self) -> Option<TrustFramework<'_>> {
        self.object(known::TRUST_FRAMEWORK).map(TrustFramework::new)
    }

    /// Who acted, where the token was exchanged.
    #[must_use]
    pub fn actor(&self) -> Option<Actor<'_>> {
        self.object(known::ACT).map(Actor::new)
    }

    /// The names of the claims that are in the token, but not in a form that is known, such as a `security_level` of
    /// `Level4`. Their methods say `None`, as for absent ones: a rule that lets pass what does *not* have a claim must ask
    /// here, too. The requirements of this module do.
    pub fn unreadable(&self) -> impl Iterator<Item = &'static str> {
        self.claims.iter().filter(|(_, claim)| matches!(claim, Claim::Unreadable)).map(|(name, _)| *name)
    }

    /// Whether the token holds the claim, readable or not.
    pub(super) fn holds(&self, names: Names) -> bool {
        self.first(names).is_some()
    }

    /// Whether the claim that counts cannot be read.
    pub(super) fn is_unreadable(&self, names: Names) -> bool {
        matches!(self.first(names), Some(Claim::Unreadable))
    }

    /// Whether a claim about a user can be read. Where there are only others, whether a user took part is not known.
    pub(super) fn names_user(&self) -> bool {
        let readable = |names| self.holds(names) && !self.is_unreadable(names);
        known::CLAIMS.iter().any(|known| known.of_user && readable(known.names))
    }

    fn first(&self, names: Names) -> Option<&Claim> {
        names.iter().find_map(|name| self.claims.get(name))
    }

    fn text(&self, names: Names) -> Option<&str> {
        match self.first(names)? {
            Claim::Text(text) => Some(text),
            _ => None,
        }
    }

    fn object(&self, names: Names) -> Option<&Value> {
        match self.first(names)? {
            Claim::Object(value) => Some(value),
            _ => None,
        }
    }
}

impl AsRef<Self> for HelseIdClaims {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl<'de> Deserialize<'de> for HelseIdClaims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ClaimsVisitor)
    }
}

struct ClaimsVisitor;

impl<'de> Visitor<'de> for ClaimsVisitor {
    type Value = HelseIdClaims;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the claims of an access token")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<HelseIdClaims, A::Error> {
        let mut claims = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let Some((name, form)) = known::find(&name) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let Some(claim) = form.read(map.next_value()?) else { continue };
            if claims.insert(name, claim).is_some() {
                return Err(A::Error::duplicate_field(name));
            }
        }
        Ok(HelseIdClaims { claims })
    }
}

/// R21, R22: nothing about the user.
impl fmt::Debug for HelseIdClaims {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HelseIdClaims")
            .field("client_name", &self.client_name())
            .field("parent_organisation", &self.parent_organisation())
            .field("child_organisation", &self.child_organisation())
            .field("supplier", &self.supplier())
            .field("tenancy", &self.tenancy())
            .finish_non_exhaustive()
    }
}
