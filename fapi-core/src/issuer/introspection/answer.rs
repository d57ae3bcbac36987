//! What an issuer's answer says of a token (RFC 7662 §2.2, RFC 9701 §5), read strictly (R123, R127 to R130, R180).
//!
//! Decides whether the answer is one, whether it is for this server and for now, and whether the token is active. What the
//! claims of an active token must be is decided in `token/introspection.rs`.

use std::time::Duration;

use serde::Deserialize;

use super::error::IntrospectionError;
use crate::clock::UnixTime;
use crate::issuer::http::HttpResponse;
use crate::issuer::keys::IssuerKeys;
use crate::jose::json::{Object, Value, numeric_date};

/// RFC 9701 §4: the media type of a signed answer; its `typ` is the same without `application/`.
pub(super) const SIGNED_TYPE: &str = "application/token-introspection+jwt";
pub(super) const SIGNED_JWT_TYPE: &str = "token-introspection+jwt";
/// RFC 7662 §2.2.
pub(super) const PLAIN_TYPE: &str = "application/json";
/// Bytes of an answer: twice the largest access token, which holds as many claims (R116, R180).
pub(super) const MAX_ANSWER_BYTES: usize = 32 * 1024;
/// How old a signed answer may be: it was made for this call, and an older one may be a replay (RFC 9701 §8, R130).
const MAX_SIGNED_AGE: Duration = Duration::from_secs(60);

/// The content of an answer, by its media type.
pub(super) enum Content {
    Plain(Vec<u8>),
    Signed(String),
}

/// What a token is, by its issuer.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Introspected {
    Active { claims: Vec<u8>, expires_at: Option<UnixTime> },
    Inactive,
}

/// What a signed answer is held against.
pub(super) struct Expected<'a> {
    pub(super) keys: &'a IssuerKeys,
    pub(super) audience: &'a str,
    pub(super) max_future: Duration,
    pub(super) now: UnixTime,
}

/// The content of `response` to a request to `url`.
pub(super) fn content(
    response: HttpResponse,
    url: &str,
    signed_only: bool,
) -> Result<Content, IntrospectionError> {
    let HttpResponse { status, body, content_type, .. } = response;
    match status {
        200 => {}
        // RFC 7662 §2.3, R124: this server's fault, not the token's.
        401 | 403 => return Err(IntrospectionError::Refused { url: url.to_owned(), status }),
        // A redirect too: nobody goes where it points (R180).
        _ => return Err(IntrospectionError::Status { url: url.to_owned(), status }),
    }
    if body.len() > MAX_ANSWER_BYTES {
        return Err(IntrospectionError::TooLarge(MAX_ANSWER_BYTES));
    }
    let media_type = content_type.as_deref().and_then(|value| value.split(';').next()).map(str::trim);
    let is = |name: &str| media_type.is_some_and(|own| own.eq_ignore_ascii_case(name));
    if is(SIGNED_TYPE) {
        let text = String::from_utf8(body).map_err(|_| IntrospectionError::MediaType)?;
        // RFC 9701 §5: a nested JWE.
        return if text.split('.').count() == 5 {
            Err(IntrospectionError::Encrypted)
        } else {
            Ok(Content::Signed(text))
        };
    }
    match is(PLAIN_TYPE) {
        // RFC 9701 §8.1, R130, P47: never less than what was asked for.
        _ if signed_only => Err(IntrospectionError::NotSigned),
        true => Ok(Content::Plain(body)),
        false => Err(IntrospectionError::MediaType),
    }
}

/// The member `token_introspection` of a verified signed answer (RFC 9701 §5, R128).
pub(super) fn open(payload: &[u8], expected: &Expected<'_>) -> Result<Vec<u8>, IntrospectionError> {
    /// The strict parser has read it before, so that no member name occurs twice.
    #[derive(Deserialize)]
    struct Envelope {
        token_introspection: serde_json::Map<String, serde_json::Value>,
    }
    let claims = Object::parse(payload).map_err(IntrospectionError::Malformed)?;
    let issuer = claims.get("iss").and_then(Value::as_str);
    issuer.filter(|iss| expected.keys.may_be(iss)).ok_or(IntrospectionError::Claim("iss"))?;
    if !is_audience(claims.get("aud"), expected.audience) {
        return Err(IntrospectionError::Claim("aud"));
    }
    check_times(&claims, expected)?;
    let missing = IntrospectionError::Claim("token_introspection");
    let envelope: Envelope = serde_json::from_slice(payload).map_err(|_| missing.clone())?;
    serde_json::to_vec(&envelope.token_introspection).map_err(|_| missing)
}

/// RFC 7519 §4.1.3: the one string, or one of the strings.
fn is_audience(claim: Option<&Value<'_>>, audience: &str) -> bool {
    match claim {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(items)) => items.iter().any(|item| item.as_str() == Some(audience)),
        _ => false,
    }
}

/// `iat` is there and of now (R130); `exp` and `nbf`, which should not be there (RFC 9701 §5), hold if they are.
fn check_times(claims: &Object<'_>, expected: &Expected<'_>) -> Result<(), IntrospectionError> {
    let time = |name: &'static str| {
        let Some(claim) = claims.get(name) else { return Ok(None) };
        numeric_date(claim).map(Some).ok_or(IntrospectionError::Claim(name))
    };
    let now = expected.now;
    let (oldest, latest) = (now.saturating_sub(MAX_SIGNED_AGE), now.saturating_add(expected.max_future));
    if !time("iat")?.is_some_and(|issued_at| (oldest..=latest).contains(&issued_at)) {
        return Err(IntrospectionError::Claim("iat"));
    }
    if time("exp")?.is_some_and(|end| now >= end) {
        return Err(IntrospectionError::Claim("exp"));
    }
    if time("nbf")?.is_some_and(|start| start > latest) {
        return Err(IntrospectionError::Claim("nbf"));
    }
    Ok(())
}

/// RFC 7662 §2.2, R123, P47: whether the token is active is a boolean, and nothing else will do.
pub(super) fn introspected(json: Vec<u8>) -> Result<Introspected, IntrospectionError> {
    let (active, expires_at) = {
        let answer = Object::parse(&json).map_err(IntrospectionError::Malformed)?;
        let Some(Value::Bool(active)) = answer.get("active") else { return Err(IntrospectionError::Active) };
        (*active, answer.get("exp").and_then(numeric_date))
    };
    Ok(if active { Introspected::Active { claims: json, expires_at } } else { Introspected::Inactive })
}
