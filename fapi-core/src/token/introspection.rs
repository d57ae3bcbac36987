//! Introspected access tokens: from an issuer's answer (RFC 7662 §2.2) to the facts of a token (R126, R59, R74).
//!
//! Decides which texts are JWTs and which are not, what the answer must say of an opaque token, and what it must not say of
//! a JWT. That the answer is the
//! issuer's, and how long it counts, is decided in `issuer/introspection/`; to whom the token is bound, in
//! `confirmation.rs`, exactly as for a JWT.

use std::sync::Arc;

use crate::clock::UnixTime;
use crate::confirmation::Confirmation;
use crate::error::Error;
use crate::jose::base64url;
use crate::jose::json::{Object, Value, numeric_date};
use crate::profile::Profile;
use crate::token::TokenFacts;
use crate::token::claims::{ClaimRules, Claims};

/// Target of the log events of this module.
const LOG_TARGET: &str = "fapi_core::introspection";

/// Whether `text` has the form of a JWT, signed or encrypted, or would have it but for its spelling: several parts, the first
/// of which is the base64url form of a JSON object (RFC 7519 §7.2). Such a token is never taken for an opaque one: an issuer
/// that is less strict would vouch for what the rules of JWTs refuse.
pub(crate) fn is_jwt(text: &str) -> bool {
    let Some((header, _)) = text.split_once('.') else { return false };
    let header = base64url::decode(header.trim_end_matches('='));
    header.is_ok_and(|header| Object::parse(&header).is_ok())
}

/// RFC 7662 §2.2, R126: what may be absent from an answer beside what the profile allows. `sub`, `jti` and `iat` are for
/// the issuer to give; `exp` and `client_id` never may, and `aud` only where the configuration says so.
pub(crate) fn claim_rules(profile: &Profile, audience_optional: bool) -> ClaimRules {
    let profile = profile.claim_rules();
    ClaimRules {
        subject_optional: true,
        token_id_optional: true,
        issued_at_optional: true,
        audience_optional: audience_optional || profile.audience_optional,
    }
}

/// The facts in the answer of an issuer about an active token; `issuer` is its identifier, if the `iss` that is named may be.
pub(crate) fn facts<'a>(
    answer: &[u8],
    issuer: impl FnOnce(Option<&str>) -> Option<&'a Arc<str>>,
    rules: ClaimRules,
) -> Result<TokenFacts, Error> {
    let claims = Claims::new(Object::parse(answer).map_err(Error::TokenMalformed)?);
    // R126: who answered is known; an issuer that is named must be the same.
    let issuer = issuer(claims.optional_text("iss")?).ok_or(Error::TokenIssuer)?;
    let facts = claims.facts(issuer, None, rules)?;
    // RFC 9449 §6.2, R59: a type that is named is DPoP if, and only if, the token is bound to a key.
    let is_dpop = claims.optional_text("token_type")?.map(|name| name.eq_ignore_ascii_case("DPoP"));
    if is_dpop.is_some_and(|is_dpop| is_dpop != facts.confirmation.jkt().is_some()) {
        return Err(Error::TokenClaimInvalid("token_type"));
    }
    Ok(facts)
}

/// Holds what the issuer says of an active JWT, beside that it is active, against the JWT (RFC 7662 §2.2, R126). What the
/// answer leaves out, or says to be `null`, contradicts nothing.
///
/// An issuer that signs one thing and says another is wrong in one of the two, or speaks of another token. Whether this
/// one is active is not known then, and not its holder's fault: 503, as for every answer that cannot be used, and no 401,
/// upon which a client would fetch a new token and fare no better.
pub(crate) fn check_same(answer: &[u8], facts: &TokenFacts, audiences: &[String]) -> Result<(), Error> {
    let answer = Object::parse(answer).map_err(|_| Error::IntrospectionInvalid)?;
    let Some(member) = contradiction(&answer, facts, audiences) else { return Ok(()) };
    let issuer = facts.issuer();
    tracing::warn!(target: LOG_TARGET, issuer, member, outcome = "introspection_contradicts", "the issuer's answer about a JWT is not what the JWT says: is it about another token? The request is answered with 503");
    Err(Error::IntrospectionInvalid)
}

/// The first member of the answer that is not what the token says.
fn contradiction(answer: &Object<'_>, facts: &TokenFacts, audiences: &[String]) -> Option<&'static str> {
    let stated = |name| answer.get(name).filter(|value| !matches!(value, Value::Null));
    // A token without `sub` counts as the client's own; its issuer may know more of it.
    let subject = Some(facts.subject().as_str()).filter(|_| !facts.subject_is_client());
    let texts = [
        ("iss", Some(facts.issuer())),
        ("sub", subject),
        ("client_id", Some(facts.client_id().as_str())),
        ("jti", facts.token_id()),
    ];
    for (name, own) in texts {
        if stated(name).zip(own).is_some_and(|(value, own)| value.as_str() != Some(own)) {
            return Some(name);
        }
    }
    let names_api = |value: &Value<'_>| match value {
        Value::Array(items) => items.iter().any(|item| is_one_of(item, audiences)),
        one => is_one_of(one, audiences),
    };
    // RFC 7519 §4.1.4: whole seconds, or parts of them, as the issuer likes.
    let expires_at = |value| numeric_date(value).map(UnixTime::as_secs);
    let own_end = facts.expires_at().as_secs();
    if stated("exp").is_some_and(|value| expires_at(value) != Some(own_end)) {
        return Some("exp");
    }
    // RFC 9701 §5: an issuer may leave out what is not for this API, but not this API.
    if stated("aud").is_some_and(|value| !audiences.is_empty() && !names_api(value)) {
        return Some("aud");
    }
    // RFC 9449 §6.2, RFC 8705 §3.2
    let bound = |value| Confirmation::parse(Some(value)).is_ok_and(|own| own == *facts.confirmation());
    if stated("cnf").is_some_and(|value| !bound(value)) { Some("cnf") } else { None }
}

fn is_one_of(value: &Value<'_>, audiences: &[String]) -> bool {
    value.as_str().is_some_and(|text| audiences.iter().any(|own| own == text))
}
