//! Who asks: `private_key_jwt` (RFC 7523 §3 with SP 5.3.3-5), `client_secret_basic` and mutual TLS (RFC 8705 §2.2).
//!
//! Stricter than most issuers are, so that a client that is wrong in a test is wrong.

use std::borrow::Cow;

use http::header::AUTHORIZATION;
use serde_json::{Map, Value};

use super::respond::Call;
use crate::encoding::from_base64;
use crate::issuer::TestIssuer;
use crate::registered_client::{Credential, RegisteredClient};
use crate::verification::Jws;

/// RFC 7523 §2.2
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far ahead `exp` of an assertion may be, in seconds.
const MAX_LIFETIME: u64 = 300;

/// The client could not be authenticated: `invalid_client` (RFC 6749 §5.2).
#[derive(Clone, Copy, Debug)]
pub(super) struct InvalidClient;

/// The registered client that calls; nothing if the caller does not claim to be one.
pub(super) fn authenticate(call: &Call<'_>) -> Result<Option<RegisteredClient>, InvalidClient> {
    let basic = call.request.headers().get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let assertion = call.parameter("client_assertion");
    let client = match (assertion, basic) {
        (Some(assertion), None) => by_assertion(call, &assertion)?,
        (None, Some(authorization)) => by_secret(call.issuer, authorization)?,
        // RFC 6749 §2.3: one method at a time.
        (Some(_), Some(_)) => return Err(InvalidClient),
        (None, None) => match call.parameter("client_id").and_then(|id| call.issuer.client(&id)) {
            Some(client) => by_certificate(call, client)?,
            None => return Ok(None),
        },
    };
    // RFC 7521 §4.2: `client_id` is not needed, but must not name somebody else.
    let named = call.parameter("client_id");
    if named.is_some_and(|named| named != client.client_id.as_str()) {
        return Err(InvalidClient);
    }
    Ok(Some(client.clone()))
}

fn by_assertion<'a>(call: &Call<'a>, assertion: &str) -> Result<&'a RegisteredClient, InvalidClient> {
    if call.parameter("client_assertion_type").as_deref() != Some(ASSERTION_TYPE) {
        return Err(InvalidClient);
    }
    verify_assertion(call.issuer, assertion).ok_or(InvalidClient)
}

fn verify_assertion<'a>(issuer: &'a TestIssuer, assertion: &str) -> Option<&'a RegisteredClient> {
    let jwt = Jws::parse(assertion)?;
    let claims = jwt.claims()?;
    let subject = claims.get("sub")?.as_str()?;
    let client = issuer.client(subject)?;
    let Credential::Key(jwk) = &client.credential else { return None };
    let jti = claims.get("jti")?.as_str()?;
    // SP 5.3.3-5, R122: the issuer's identifier as the sole string: no endpoint, no array.
    let accepted = jwt.is_signed_by(jwk)
        && claims.get("iss")?.as_str()? == subject
        && claims.get("aud")?.as_str()? == issuer.identifier()
        && is_current(&claims, issuer.now().as_secs())?;
    (accepted && !jti.is_empty() && issuer.memory().is_first_use(subject, jti)).then_some(client)
}

/// RFC 7523 §3 (4), (5): nothing if there is no `exp`.
fn is_current(claims: &Map<String, Value>, now: u64) -> Option<bool> {
    let expires = claims.get("exp")?.as_u64()?;
    let begun = claims.get("nbf").and_then(Value::as_u64).is_none_or(|begins| begins <= now);
    Some(begun && now < expires && expires <= now.saturating_add(MAX_LIFETIME))
}

fn by_secret<'a>(issuer: &'a TestIssuer, authorization: &str) -> Result<&'a RegisteredClient, InvalidClient> {
    let credentials = basic_credentials(authorization).ok_or(InvalidClient)?;
    let (client_id, secret) = credentials.split_once(':').ok_or(InvalidClient)?;
    let client = issuer.client(&form_decoded(client_id)).ok_or(InvalidClient)?;
    match &client.credential {
        Credential::Secret(expected) if *expected == form_decoded(secret) => Ok(client),
        _ => Err(InvalidClient),
    }
}

/// RFC 7617 §2
fn basic_credentials(authorization: &str) -> Option<String> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    let credentials = scheme.eq_ignore_ascii_case("Basic").then(|| from_base64(credentials))??;
    String::from_utf8(credentials).ok()
}

/// RFC 6749 §2.3.1, appendix B: identifier and secret are encoded as in a form.
fn form_decoded(text: &str) -> Cow<'_, str> {
    form_urlencoded::parse(text.as_bytes()).next().map_or(Cow::Borrowed(""), |(decoded, _)| decoded)
}

fn by_certificate<'a>(
    call: &Call<'a>,
    client: &'a RegisteredClient,
) -> Result<&'a RegisteredClient, InvalidClient> {
    match &client.credential {
        Credential::Certificate(expected) if call.certificate.as_ref() == Some(expected) => Ok(client),
        _ => Err(InvalidClient),
    }
}
