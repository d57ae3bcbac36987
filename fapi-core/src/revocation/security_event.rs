//! What a security event says (RFC 8417 §2, SSF §4, CAEP §3.1), and about whom (RFC 9493, SSF §3): read strictly.
//!
//! Decides the form of the claims (R161), which events and subjects are understood (R162, R163), and what of it is denied.
//! Whose event it is, is decided in `security_events.rs`.

use thiserror::Error as ThisError;

use super::deny_list::{Affected, Denied, DenyList, DenyListFull};
use crate::clock::UnixTime;
use crate::issuer::{SignedJwtError, same_but_for_slash};
use crate::jose::JoseError;
use crate::jose::json::{Object, Value, numeric_date};

/// CAEP §3.1
const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
/// SSF §8.1.4.1
const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";

/// A jti is a UUID or little more.
const MAX_JTI_BYTES: usize = 512;

/// Why an event is not accepted. Says nothing of its content, since it may name a person.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
pub(super) enum SetError {
    #[error("the Authorization header is not the one that was agreed")]
    Authentication,
    #[error("the Content-Type is not application/secevent+jwt")]
    MediaType,
    #[error("the content is larger than 64 KiB")]
    TooLarge,
    #[error("the content is not UTF-8 text")]
    Text,
    #[error("the content is not a security event token: {0}")]
    Jwt(SignedJwtError),
    #[error("the payload is not usable JSON: {0}")]
    Payload(JoseError),
    #[error("the signature or its key is not acceptable: {0}")]
    Key(SignedJwtError),
    #[error("iss is not the configured transmitter")]
    Issuer,
    #[error("aud does not name this receiver")]
    Audience,
    #[error("the claim {0} is missing or malformed")]
    Claim(&'static str),
    #[error("the claim {0} must not be in a security event token")]
    ClaimForbidden(&'static str),
    #[error(
        "the subject is another issuer's, of which this transmitter may not speak (SecurityEvents::for_issuers)"
    )]
    Foreign,
    #[error("there must be exactly one event")]
    EventCount,
    #[error("the event's member {0} is malformed")]
    EventMember(&'static str),
    #[error("the transmitter's keys could not be loaded")]
    KeysUnavailable,
    #[error("the deny list is full")]
    Full,
}

impl SetError {
    /// RFC 8935 §2.4, R165; `None` if it is not the transmitter's fault, and worth another try.
    pub(super) const fn code(self) -> Option<&'static str> {
        Some(match self {
            Self::Authentication => "authentication_failed",
            Self::Key(_) => "invalid_key",
            Self::Issuer => "invalid_issuer",
            Self::Audience => "invalid_audience",
            Self::Foreign => "access_denied",
            Self::KeysUnavailable | Self::Full => return None,
            _ => "invalid_request",
        })
    }

    pub(super) fn log(self) {
        match self.code() {
            Some(code) => {
                tracing::warn!(target: super::LOG_TARGET, code, "security event refused: {self}");
            }
            None => tracing::error!(target: super::LOG_TARGET, "security event not accepted: {self}"),
        }
    }
}

/// A security event whose claims have the right form.
pub(super) struct Event {
    pub(super) token_id: Box<str>,
    pub(super) kind: EventKind,
}

/// What has happened.
pub(super) enum EventKind {
    SessionRevoked {
        subject: SubjectIdentifier,
        moment: UnixTime,
    },
    Verification {
        state: Option<Box<str>>,
    },
    /// Nothing that is understood here.
    Other,
}

/// Whom an event is about (RFC 9493 §3, SSF §3).
pub(super) enum SubjectIdentifier {
    IssuerSubject {
        issuer: Box<str>,
        subject: Box<str>,
    },
    /// Here the name of a session at the transmitter.
    Opaque(Box<str>),
    JwtId {
        issuer: Box<str>,
        token_id: Box<str>,
    },
    /// Members that must all match.
    Complex(Vec<(Box<str>, SubjectIdentifier)>),
    Unknown,
}

/// How the subjects of a transmitter are to be taken.
pub(super) struct SubjectRules<'a> {
    /// Of whose tokens it may speak; itself first.
    pub(super) issuers: Vec<&'a str>,
    pub(super) critical_members: &'a [String],
}

/// The `iss` of a payload, proved or not.
pub(super) fn issuer_of(payload: &[u8]) -> Result<Box<str>, SetError> {
    let claims = Object::parse(payload).map_err(SetError::Payload)?;
    text(&claims, "iss").ok_or(SetError::Issuer)
}

impl Event {
    /// Reads a verified payload. `latest` is the latest `iat` that is not of the future.
    pub(super) fn parse(payload: &[u8], audience: &str, latest: UnixTime) -> Result<Self, SetError> {
        let claims = Object::parse(payload).map_err(SetError::Payload)?;
        // SSF §4.1.2, §4.1.7, R161: so that nobody takes a SET for an access token or an ID token.
        if let Some(name) = ["sub", "exp"].into_iter().find(|name| claims.get(name).is_some()) {
            return Err(SetError::ClaimForbidden(name));
        }
        if !is_audience(claims.get("aud"), audience) {
            return Err(SetError::Audience);
        }
        // RFC 8417 §2.2, R161
        let token_id = text(&claims, "jti")
            .filter(|token_id| !token_id.is_empty() && token_id.len() <= MAX_JTI_BYTES)
            .ok_or(SetError::Claim("jti"))?;
        let issued_at = claims
            .get("iat")
            .and_then(numeric_date)
            .filter(|issued_at| *issued_at <= latest)
            .ok_or(SetError::Claim("iat"))?;
        Ok(Self { token_id, kind: EventKind::parse(claims, issued_at)? })
    }
}

impl EventKind {
    fn parse(claims: Object<'_>, issued_at: UnixTime) -> Result<Self, SetError> {
        let subject = claims.get("sub_id").map(SubjectIdentifier::parse).transpose()?;
        let events = claims.into_members().find(|(name, _)| name == "events");
        let Some((_, Value::Object(events))) = events else { return Err(SetError::Claim("events")) };
        let mut events = events.into_members();
        // SSF §4.2.1, R161
        let (Some((event_type, Value::Object(event))), None) = (events.next(), events.next()) else {
            return Err(SetError::EventCount);
        };
        match event_type.as_ref() {
            SESSION_REVOKED => Ok(Self::SessionRevoked {
                subject: subject.ok_or(SetError::Claim("sub_id"))?,
                moment: moment(&event, issued_at)?,
            }),
            VERIFICATION => Ok(Self::Verification { state: text(&event, "state") }),
            _ => Ok(Self::Other),
        }
    }
}

/// CAEP §2, R162: when the session was revoked; when the transmitter says so, if it does not say when.
fn moment(event: &Object<'_>, issued_at: UnixTime) -> Result<UnixTime, SetError> {
    match event.get("event_timestamp") {
        None => Ok(issued_at),
        Some(time) => numeric_date(time).ok_or(SetError::EventMember("event_timestamp")),
    }
}

impl SubjectIdentifier {
    fn parse(value: &Value<'_>) -> Result<Self, SetError> {
        let members = value.as_object().ok_or(SetError::Claim("sub_id"))?;
        if members.get("format").and_then(Value::as_str) != Some("complex") {
            return Self::parse_simple(members);
        }
        let simple = |value: &Value<'_>| {
            // SSF §3.2: the members of a complex subject are simple.
            value.as_object().ok_or(SetError::Claim("sub_id")).and_then(Self::parse_simple)
        };
        let members = members.members().filter(|(name, _)| *name != "format");
        members
            .map(|(name, value)| Ok((name.into(), simple(value)?)))
            .collect::<Result<_, _>>()
            .map(Self::Complex)
    }

    /// RFC 9493 §3, R163: every member that the format has is there.
    fn parse_simple(members: &Object<'_>) -> Result<Self, SetError> {
        let member =
            |name| text(members, name).filter(|text| !text.is_empty()).ok_or(SetError::Claim("sub_id"));
        Ok(match &*member("format")? {
            "iss_sub" => Self::IssuerSubject { issuer: member("iss")?, subject: member("sub")? },
            "opaque" => Self::Opaque(member("id")?),
            "jwt_id" => Self::JwtId { issuer: member("iss")?, token_id: member("jti")? },
            _ => Self::Unknown,
        })
    }

    /// Whether this is about the tokens of somebody of whom the transmitter may not speak: one issuer's word revokes
    /// nothing of another's (RFC 8725 §3.8).
    pub(super) fn is_foreign(&self, rules: &SubjectRules<'_>) -> bool {
        match self {
            Self::IssuerSubject { issuer, .. } | Self::JwtId { issuer, .. } => {
                !rules.issuers.iter().any(|own| same_but_for_slash(own, issuer))
            }
            // Other members, such as a device, name no tokens.
            Self::Complex(members) => {
                members.iter().any(|(name, member)| &**name == "user" && member.is_foreign(rules))
            }
            Self::Opaque(_) | Self::Unknown => false,
        }
    }

    /// Puts on the list what this names: tokens of `moment` and before, or what has ended for good.
    pub(super) fn deny(
        &self,
        list: &DenyList,
        rules: &SubjectRules<'_>,
        moment: UnixTime,
        now: UnixTime,
    ) -> Result<(), DenyListFull> {
        match self {
            Self::IssuerSubject { issuer, subject } => {
                list.deny(Denied::Subject { issuer, subject }, Affected::Until(moment), now)
            }
            Self::Opaque(session_id) => deny_session(session_id, list, rules, now),
            Self::JwtId { issuer, token_id } => {
                list.deny(Denied::Token { issuer, token_id }, Affected::All, now)
            }
            Self::Complex(members) => deny_complex(members, list, rules, moment, now),
            Self::Unknown => {
                not_understood();
                Ok(())
            }
        }
    }
}

/// A session has no issuer: it is one of whichever the transmitter speaks of.
fn deny_session(
    session_id: &str,
    list: &DenyList,
    rules: &SubjectRules<'_>,
    now: UnixTime,
) -> Result<(), DenyListFull> {
    let mut issuers = rules.issuers.iter();
    issuers.try_for_each(|issuer| list.deny(Denied::Session { issuer, session_id }, Affected::All, now))
}

/// SSF §8.1.3.1, R162: all members must match; one that is missing, on either side, matches.
fn deny_complex(
    members: &[(Box<str>, SubjectIdentifier)],
    list: &DenyList,
    rules: &SubjectRules<'_>,
    moment: UnixTime,
    now: UnixTime,
) -> Result<(), DenyListFull> {
    let (mut user, mut session) = (None, None);
    for (name, member) in members {
        match (&**name, member) {
            ("user", SubjectIdentifier::IssuerSubject { issuer, subject }) => user = Some((issuer, subject)),
            ("session", SubjectIdentifier::Opaque(session_id)) => session = Some(session_id),
            // SSF §3.6, R162: the event is discarded.
            _ if rules.critical_members.iter().any(|critical| **critical == **name) => {
                not_understood();
                return Ok(());
            }
            // Taken for matching: rather too many tokens are denied than too few.
            _ => {}
        }
    }
    match (user, session) {
        (Some((issuer, subject)), Some(session_id)) => {
            list.deny(Denied::SubjectSession { issuer, subject, session_id }, Affected::All, now)?;
            list.deny(Denied::SubjectWithoutSession { issuer, subject }, Affected::Until(moment), now)
        }
        (Some((issuer, subject)), None) => {
            list.deny(Denied::Subject { issuer, subject }, Affected::Until(moment), now)
        }
        (None, Some(session_id)) => deny_session(session_id, list, rules, now),
        (None, None) => {
            not_understood();
            Ok(())
        }
    }
}

fn not_understood() {
    tracing::warn!(
        target: super::LOG_TARGET,
        "a revocation event is ignored: its subject has no format that is understood here"
    );
}

fn text(object: &Object<'_>, name: &str) -> Option<Box<str>> {
    object.get(name).and_then(Value::as_str).map(Into::into)
}

/// RFC 7519 §4.1.3, R161: the one string, or one of the strings.
fn is_audience(claim: Option<&Value<'_>>, audience: &str) -> bool {
    match claim {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(items)) => items.iter().any(|item| item.as_str() == Some(audience)),
        _ => false,
    }
}
