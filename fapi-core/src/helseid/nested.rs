//! Claims that are objects: who acted in a token exchange, and the trust framework.

use std::fmt;

use serde_json::Value;

/// Who acted, where a token was exchanged (RFC 8693 §4.1), as HelseID writes it.
#[derive(Clone, Copy)]
pub struct Actor<'a>(&'a Value);

/// The claim `nhn:tillitsrammeverk:parameters`: who treats whom and why, as the calling organisation vouches for it. It
/// holds data of patients.
#[derive(Clone, Copy)]
pub struct TrustFramework<'a>(&'a Value);

impl<'a> Actor<'a> {
    pub(super) const fn new(act: &'a Value) -> Self {
        Self(act)
    }

    /// The issuer of the token that was exchanged.
    #[must_use]
    pub fn issuer(self) -> Option<&'a str> {
        self.text("iss")
    }

    /// The client that exchanged it.
    #[must_use]
    pub fn client_id(self) -> Option<&'a str> {
        self.text("client_id")
    }

    /// The organisation for which that client acts.
    #[must_use]
    pub fn parent_organisation(self) -> Option<&'a str> {
        self.text("orgnr_parent")
    }

    /// Who acted before.
    #[must_use]
    pub fn actor(self) -> Option<Self> {
        self.0.get("act").filter(|act| act.is_object()).map(Self)
    }

    fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }
}

impl<'a> TrustFramework<'a> {
    pub(super) const fn new(parameters: &'a Value) -> Self {
        Self(parameters)
    }

    /// The health worker: `identifier`, `hpr_nr`, `legal_entity`, `point_of_care`, `department`, …
    #[must_use]
    pub fn practitioner(self) -> Option<&'a Value> {
        self.0.get("practitioner")
    }

    /// The health worker's authorisation. One client in use misspells the member.
    #[must_use]
    pub fn practitioner_authorization(self) -> Option<&'a Value> {
        let practitioner = self.practitioner()?;
        practitioner.get("authorization").or_else(|| practitioner.get("auhtorization"))
    }

    /// Why the health worker needs the data: `healthcare_service`, `purpose_of_use`, `decision_ref`, … The text of the
    /// specification calls it `care_relation`.
    #[must_use]
    pub fn care_relationship(self) -> Option<&'a Value> {
        self.0.get("care_relationship").or_else(|| self.0.get("care_relation"))
    }

    /// The patients: `identifier`, `point_of_care`, `department`. Personal data.
    pub fn patients(self) -> impl Iterator<Item = &'a Value> {
        self.0.get("patients").and_then(Value::as_array).into_iter().flatten()
    }
}

/// R21, R22: nothing about the user.
impl fmt::Debug for Actor<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Actor")
            .field("issuer", &self.issuer())
            .field("client_id", &self.client_id())
            .field("parent_organisation", &self.parent_organisation())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TrustFramework<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TrustFramework(..)")
    }
}
