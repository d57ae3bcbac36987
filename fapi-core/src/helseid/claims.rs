//! The claims of a HelseID access token, in the spellings that are in use.
//!
//! Tolerant where issuers differ: `null` and empty text count as absent, a number as its digits, one text as a list of one.
//! A claim of any other shape refuses the token, so that no requirement takes what it cannot read for absent. Unknown
//! claims are ignored. Registered claims (`sub`, `scope`, `auth_time`, …) are read by [`TokenFacts`](crate::TokenFacts).

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::nested::{Actor, TrustFramework};
use super::text::{Text, Texts};

/// The claims of HelseID. Pass it to [`ResourceServerBuilder::claims`](crate::ResourceServerBuilder::claims).
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
/// An API with claims of its own embeds it:
///
/// ```
/// use fapi_core::helseid::HelseIdClaims;
///
/// #[derive(serde::Deserialize)]
/// struct Claims {
///     #[serde(flatten)]
///     helseid: HelseIdClaims,
///     #[serde(rename = "e-helse:sfm.api/client/claims/sfm-id")]
///     sfm_id: Option<String>,
/// }
/// ```
#[derive(Clone, Default, Deserialize)]
pub struct HelseIdClaims {
    #[serde(default, rename = "helseid://claims/identity/pid")]
    pid: Text,
    #[serde(default, rename = "helseid://claims/identity/pid_pseudonym")]
    pid_pseudonym: Text,
    #[serde(default, rename = "helseid://claims/identity/security_level")]
    security_level: Text,
    #[serde(default, rename = "helseid://claims/identity/assurance_level")]
    assurance_level: Text,
    #[serde(default, rename = "helseid://claims/identity/network")]
    network: Text,
    #[serde(default, rename = "helseid://claims/hpr/hpr_number")]
    hpr_number: Text,
    #[serde(default, rename = "helseid://claims/hpr/hpr_details")]
    hpr_details: Option<Value>,
    #[serde(default)]
    idp: Text,
    #[serde(default)]
    amr: Texts,
    #[serde(default)]
    sid: Text,
    #[serde(default)]
    name: Text,
    #[serde(default)]
    given_name: Text,
    #[serde(default)]
    middle_name: Text,
    #[serde(default)]
    family_name: Text,

    #[serde(default, rename = "helseid://claims/client/client_name")]
    client_name: Text,
    #[serde(default)]
    client_amr: Text,
    #[serde(default, rename = "helseid://claims/client/amr")]
    client_key_kind: Text,
    #[serde(default, rename = "helseid://claims/client/claims/orgnr_parent")]
    orgnr_parent: Text,
    #[serde(default, rename = "helseid://claims/client/claims/orgnr_child")]
    orgnr_child: Text,
    #[serde(default, rename = "helseid://claims/client/claims/orgnr_supplier")]
    orgnr_supplier: Text,
    // Two names for one claim. Not an alias: a token may hold both.
    #[serde(default, rename = "helseid://claims/client/client_tenancy")]
    client_tenancy: Text,
    #[serde(default, rename = "helseid://claims/client/claims/client_tenancy")]
    claims_client_tenancy: Text,

    // Of clients with an enterprise certificate; HelseID repeats them under the names above.
    #[serde(default, rename = "helseid://claims/client/ec/orgnr_parent")]
    ec_orgnr_parent: Text,
    #[serde(default, rename = "helseid://claims/client/ec/orgnr_child")]
    ec_orgnr_child: Text,
    #[serde(default, rename = "helseid://claims/client/ec/exp")]
    ec_exp: Text,
    #[serde(default, rename = "helseid://claims/client/ec/common_name")]
    ec_common_name: Text,

    #[serde(default, rename = "nhn:sfm:journal-id")]
    journal_id: Text,
    #[serde(default, rename = "nhn:sfm:journal_id")]
    journal_id_with_underscore: Text,
    #[serde(default, rename = "nhn:tillitsrammeverk:parameters")]
    trust_framework: Option<Value>,
    #[serde(default)]
    act: Option<Box<Actor>>,
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
        self.pid.get()
    }

    /// A pseudonym of the user, the same as `sub`. HelseID is to deprecate it. Personal data.
    #[must_use]
    pub fn pid_pseudonym(&self) -> Option<&str> {
        self.pid_pseudonym.get()
    }

    /// The security level of the user's login, normally 4; `None` also for what is no number.
    #[must_use]
    pub fn security_level(&self) -> Option<u8> {
        self.security_level.get()?.parse().ok()
    }

    /// The assurance level of the user's identity.
    #[must_use]
    pub fn assurance_level(&self) -> Option<AssuranceLevel> {
        match self.assurance_level.get()? {
            "low" => Some(AssuranceLevel::Low),
            "substantial" => Some(AssuranceLevel::Substantial),
            "high" => Some(AssuranceLevel::High),
            _ => None,
        }
    }

    /// Where the user logged on: `internett` or `helsenett`. Not reliable enough for access control.
    #[must_use]
    pub fn network(&self) -> Option<&str> {
        self.network.get()
    }

    /// The user's number in the register of health personnel. Absent for everybody else.
    #[must_use]
    pub fn hpr_number(&self) -> Option<&str> {
        self.hpr_number.get()
    }

    /// The user's approvals in the register of health personnel, as HelseID writes them.
    #[must_use]
    pub fn hpr_details(&self) -> Option<&Value> {
        self.hpr_details.as_ref()
    }

    /// With which identity provider the user logged on (`idp`).
    #[must_use]
    pub fn identity_provider(&self) -> Option<&str> {
        self.idp.get()
    }

    /// How the user was authenticated (`amr`).
    pub fn authentication_methods(&self) -> impl Iterator<Item = &str> {
        self.amr.iter()
    }

    /// The user's session at HelseID (`sid`).
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.sid.get()
    }

    /// The user's full name. Personal data.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.get()
    }

    /// The user's given name. Personal data.
    #[must_use]
    pub fn given_name(&self) -> Option<&str> {
        self.given_name.get()
    }

    /// The user's middle name. Personal data.
    #[must_use]
    pub fn middle_name(&self) -> Option<&str> {
        self.middle_name.get()
    }

    /// The user's family name. Personal data.
    #[must_use]
    pub fn family_name(&self) -> Option<&str> {
        self.family_name.get()
    }

    /// Whether a claim says that a user took part. A client that acts for itself has none of them, nor a `sub`.
    #[must_use]
    pub fn has_user(&self) -> bool {
        let of_user = [&self.pid, &self.pid_pseudonym, &self.security_level, &self.assurance_level];
        let of_login = [&self.idp, &self.sid, &self.hpr_number, &self.name];
        of_user.into_iter().chain(of_login).any(|claim| claim.get().is_some())
    }

    /// The client's name, for logs. Anybody can choose one: no access control by it.
    #[must_use]
    pub fn client_name(&self) -> Option<&str> {
        self.client_name.get()
    }

    /// How the client was authenticated (`client_amr`), such as `private_key_jwt`.
    #[must_use]
    pub fn client_authentication_method(&self) -> Option<&str> {
        self.client_amr.get()
    }

    /// With which kind of key the client was authenticated (`helseid://claims/client/amr`), such as `rsa_private_key`.
    #[must_use]
    pub fn client_key_kind(&self) -> Option<&str> {
        self.client_key_kind.get()
    }

    /// The organisation for which the client acts (`orgnr_parent`): the legal entity, 9 digits.
    #[must_use]
    pub fn parent_organisation(&self) -> Option<&str> {
        self.orgnr_parent.get().or(self.ec_orgnr_parent.get())
    }

    /// The sub-unit or point of care (`orgnr_child`). Of a multi-tenant client it is what the supplier says; HelseID does
    /// not check that it belongs to the parent.
    #[must_use]
    pub fn child_organisation(&self) -> Option<&str> {
        self.orgnr_child.get().or(self.ec_orgnr_child.get())
    }

    /// The supplier to which the organisation has delegated (`orgnr_supplier`), of a multi-tenant client.
    #[must_use]
    pub fn supplier(&self) -> Option<&str> {
        self.orgnr_supplier.get()
    }

    /// For how many organisations the client acts. Several spellings are in use. A token that names a supplier is that of a
    /// multi-tenant client, whatever else it says; without both claims it is unknown.
    #[must_use]
    pub fn tenancy(&self) -> Option<Tenancy> {
        if self.orgnr_supplier.get().is_some() {
            return Some(Tenancy::Multi);
        }
        match self.client_tenancy.get().or(self.claims_client_tenancy.get())? {
            value if value.starts_with("multi") => Some(Tenancy::Multi),
            value if value.starts_with("single") => Some(Tenancy::Single),
            "none" => Some(Tenancy::None),
            _ => None,
        }
    }

    /// The common name of the client's enterprise certificate.
    #[must_use]
    pub fn certificate_common_name(&self) -> Option<&str> {
        self.ec_common_name.get()
    }

    /// When the client's enterprise certificate expires, as HelseID writes it.
    #[must_use]
    pub fn certificate_expiry(&self) -> Option<&str> {
        self.ec_exp.get()
    }

    /// The journal of the prescription module (`nhn:sfm:journal-id`, also with an underscore): a UUID.
    #[must_use]
    pub fn journal_id(&self) -> Option<&str> {
        self.journal_id.get().or(self.journal_id_with_underscore.get())
    }

    /// The parameters of the trust framework ("tillitsrammeverket").
    #[must_use]
    pub fn trust_framework(&self) -> Option<TrustFramework<'_>> {
        self.trust_framework.as_ref().map(TrustFramework::new)
    }

    /// Who acted, where the token was exchanged.
    #[must_use]
    pub fn actor(&self) -> Option<&Actor> {
        self.act.as_deref()
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
