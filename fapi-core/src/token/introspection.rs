//! Opaque access tokens: from an issuer's answer (RFC 7662 §2.2) to the facts of a token (R126, R59, R74).
//!
//! Decides which texts are JWTs and which are not, and what the answer must say of a token. That the answer is the
//! issuer's, and how long it counts, is decided in `issuer/introspection/`; to whom the token is bound, in
//! `confirmation.rs`, exactly as for a JWT.

use std::sync::Arc;

use crate::error::Error;
use crate::jose::base64url;
use crate::jose::json::Object;
use crate::profile::Profile;
use crate::token::TokenFacts;
use crate::token::claims::{ClaimRules, Claims};

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

/// The facts in the answer of this issuer about an active token.
pub(crate) fn facts(answer: &[u8], issuer: &Arc<str>, rules: ClaimRules) -> Result<TokenFacts, Error> {
    let claims = Claims::new(Object::parse(answer).map_err(Error::TokenMalformed)?);
    // R126: who answered is known; an issuer that is named must be the same.
    if claims.optional_text("iss")?.is_some_and(|iss| iss != &**issuer) {
        return Err(Error::TokenIssuer);
    }
    let facts = claims.facts(issuer, None, rules)?;
    // RFC 9449 §6.2, R59: a type that is named is DPoP if, and only if, the token is bound to a key.
    let is_dpop = claims.optional_text("token_type")?.map(|name| name.eq_ignore_ascii_case("DPoP"));
    if is_dpop.is_some_and(|is_dpop| is_dpop != facts.confirmation.jkt().is_some()) {
        return Err(Error::TokenClaimInvalid("token_type"));
    }
    Ok(facts)
}
