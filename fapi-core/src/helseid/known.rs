//! The names and forms of HelseID's claims: which there are, and which of them are about a user.
//!
//! One table, so that reading, [`HelseIdClaims::has_user`](super::HelseIdClaims::has_user) and
//! [`HelseIdClaims::unreadable`](super::HelseIdClaims::unreadable) cannot disagree on what there is.

use serde_json::Value;

use super::claims::{AssuranceLevel, Tenancy};

/// The names of one claim. A token may hold several of them; the first counts.
pub(super) type Names = &'static [&'static str];

pub(super) const PID: Names = &["helseid://claims/identity/pid"];
pub(super) const PID_PSEUDONYM: Names = &["helseid://claims/identity/pid_pseudonym"];
pub(super) const SECURITY_LEVEL: Names = &["helseid://claims/identity/security_level"];
pub(super) const ASSURANCE_LEVEL: Names = &["helseid://claims/identity/assurance_level"];
pub(super) const NETWORK: Names = &["helseid://claims/identity/network"];
pub(super) const HPR_NUMBER: Names = &["helseid://claims/hpr/hpr_number"];
pub(super) const HPR_DETAILS: Names = &["helseid://claims/hpr/hpr_details"];
pub(super) const IDP: Names = &["idp"];
pub(super) const AMR: Names = &["amr"];
pub(super) const AUTH_TIME: Names = &["auth_time"];
pub(super) const SID: Names = &["sid"];
pub(super) const NAME: Names = &["name"];
pub(super) const GIVEN_NAME: Names = &["given_name"];
pub(super) const MIDDLE_NAME: Names = &["middle_name"];
pub(super) const FAMILY_NAME: Names = &["family_name"];
pub(super) const OLDSUB: Names = &["oldsub"];

pub(super) const CLIENT_NAME: Names = &["helseid://claims/client/client_name"];
pub(super) const CLIENT_AMR: Names = &["client_amr"];
pub(super) const CLIENT_KEY_KIND: Names = &["helseid://claims/client/amr"];
// Of clients with an enterprise certificate under `ec`; HelseID repeats them under the names before.
pub(super) const ORGNR_PARENT: Names =
    &["helseid://claims/client/claims/orgnr_parent", "helseid://claims/client/ec/orgnr_parent"];
pub(super) const ORGNR_CHILD: Names =
    &["helseid://claims/client/claims/orgnr_child", "helseid://claims/client/ec/orgnr_child"];
pub(super) const ORGNR_SUPPLIER: Names = &["helseid://claims/client/claims/orgnr_supplier"];
pub(super) const CLIENT_TENANCY: Names =
    &["helseid://claims/client/client_tenancy", "helseid://claims/client/claims/client_tenancy"];
/// What says for how many organisations a client acts: a supplier settles it.
pub(super) const TENANCY: Names = &[
    "helseid://claims/client/claims/orgnr_supplier",
    "helseid://claims/client/client_tenancy",
    "helseid://claims/client/claims/client_tenancy",
];
pub(super) const EC_EXP: Names = &["helseid://claims/client/ec/exp"];
pub(super) const EC_COMMON_NAME: Names = &["helseid://claims/client/ec/common_name"];
pub(super) const HERID: Names = &["herid"];
pub(super) const JOURNAL_ID: Names = &["nhn:sfm:journal-id", "nhn:sfm:journal_id"];
pub(super) const SFM_ID: Names = &["e-helse:sfm.api/client/claims/sfm-id"];
pub(super) const TRUST_FRAMEWORK: Names = &["nhn:tillitsrammeverk:parameters"];
pub(super) const ACT: Names = &["act"];

/// Every claim that is read.
pub(super) const CLAIMS: [Known; 30] = [
    user(PID, TEXT),
    user(PID_PSEUDONYM, TEXT),
    user(SECURITY_LEVEL, Form::Text(|text| security_level(text).is_some())),
    user(ASSURANCE_LEVEL, Form::Text(|text| assurance_level(text).is_some())),
    user(NETWORK, TEXT),
    user(HPR_NUMBER, TEXT),
    user(HPR_DETAILS, Form::Object),
    user(IDP, TEXT),
    user(AMR, Form::Texts),
    user(AUTH_TIME, TEXT),
    user(SID, TEXT),
    user(NAME, TEXT),
    user(GIVEN_NAME, TEXT),
    user(MIDDLE_NAME, TEXT),
    user(FAMILY_NAME, TEXT),
    user(OLDSUB, TEXT),
    client(CLIENT_NAME, TEXT),
    client(CLIENT_AMR, TEXT),
    client(CLIENT_KEY_KIND, TEXT),
    client(ORGNR_PARENT, TEXT),
    client(ORGNR_CHILD, TEXT),
    client(ORGNR_SUPPLIER, TEXT),
    client(CLIENT_TENANCY, Form::Text(|text| tenancy(text).is_some())),
    client(EC_EXP, TEXT),
    client(EC_COMMON_NAME, TEXT),
    client(HERID, TEXT),
    client(JOURNAL_ID, TEXT),
    client(SFM_ID, TEXT),
    client(TRUST_FRAMEWORK, Form::Object),
    client(ACT, Form::Object),
];

/// A claim that is read.
pub(super) struct Known {
    pub(super) names: Names,
    pub(super) form: Form,
    /// Whether it says that a user took part.
    pub(super) of_user: bool,
}

/// The form in which a claim can be read.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// Text, or digits, that this function accepts.
    Text(fn(&str) -> bool),
    /// A list of texts, or one.
    Texts,
    /// An object.
    Object,
}

const TEXT: Form = Form::Text(|_| true);

/// A claim that is in the token.
#[derive(Clone)]
pub(super) enum Claim {
    Text(Box<str>),
    Texts(Vec<Box<str>>),
    Object(Value),
    /// Of another form than is known. Never taken for absent.
    Unreadable,
}

const fn user(names: Names, form: Form) -> Known {
    Known { names, form, of_user: true }
}

const fn client(names: Names, form: Form) -> Known {
    Known { names, form, of_user: false }
}

/// The name and the form of the claim that is called `name`, if it is known.
pub(super) fn find(name: &str) -> Option<(&'static str, Form)> {
    CLAIMS.iter().find_map(|known| {
        let own = known.names.iter().find(|own| **own == name)?;
        Some((*own, known.form))
    })
}

impl Form {
    /// The claim of this value; `None` for `null`, and where texts are expected for an empty one and an empty list, which are in
    /// use for absent ones.
    pub(super) fn read(self, value: Value) -> Option<Claim> {
        let claim = match (self, value) {
            (_, Value::Null) => return None,
            (Self::Text(_) | Self::Texts, Value::String(text)) if text.is_empty() => return None,
            (Self::Texts, Value::Array(items)) if items.is_empty() => return None,
            (Self::Text(accepts), value) => {
                text(value).filter(|text| accepts(text)).map_or(Claim::Unreadable, Claim::Text)
            }
            (Self::Texts, Value::Array(items)) => {
                items.into_iter().map(text).collect::<Option<_>>().map_or(Claim::Unreadable, Claim::Texts)
            }
            (Self::Texts, one) => text(one).map_or(Claim::Unreadable, |text| Claim::Texts(vec![text])),
            (Self::Object, value @ Value::Object(_)) => Claim::Object(value),
            (Self::Object, _) => Claim::Unreadable,
        };
        Some(claim)
    }
}

/// Text, or a number as its digits.
pub(super) fn text(value: Value) -> Option<Box<str>> {
    match value {
        Value::String(text) => Some(text.into()),
        // `4.0` is the same number as `4` (RFC 8259 §6).
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => Some(whole.to_string().into()),
            (None, number) => Some(number?.to_string().into()),
        },
        _ => None,
    }
}

/// A level is a number.
pub(super) fn security_level(text: &str) -> Option<u8> {
    text.parse().ok()
}

pub(super) fn assurance_level(text: &str) -> Option<AssuranceLevel> {
    match text {
        "low" => Some(AssuranceLevel::Low),
        "substantial" => Some(AssuranceLevel::Substantial),
        "high" => Some(AssuranceLevel::High),
        _ => None,
    }
}

/// `single`, `single-tenant` and so on: what follows differs.
pub(super) fn tenancy(text: &str) -> Option<Tenancy> {
    match text {
        "none" => Some(Tenancy::None),
        text if text.starts_with("multi") => Some(Tenancy::Multi),
        text if text.starts_with("single") => Some(Tenancy::Single),
        _ => None,
    }
}
