//! The client credentials grant (RFC 6749 §4.4) with a DPoP proof (RFC 9449 §5), as little as a demonstration needs.
//!
//! Of the proof only the signature is checked, with the key in its header: the issuer of a test is not under test. The
//! client is not authenticated.

use std::borrow::Cow;

use fapi_core::jose::Algorithm;
use josekit::JoseError;
use josekit::jwk::Jwk;
use josekit::jws::{self, JwsVerifier};
use serde_json::{Map, Value, json};

use crate::encoding::from_base64url;
use crate::issuer::TestIssuer;
use crate::key::jwk_thumbprint;

/// Why no token is issued.
#[derive(Clone, Copy, Debug)]
pub(super) enum TokenError {
    UnsupportedGrantType,
    InvalidDpopProof,
}

impl TokenError {
    /// The `error` of RFC 6749 §5.2 and RFC 9449 §5.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidDpopProof => "invalid_dpop_proof",
        }
    }
}

/// A token bound to the key of `proof`. The form may name `client_id`, `scope` and `resource` (RFC 8707, the audience).
pub(super) fn client_credentials(
    issuer: &TestIssuer,
    proof: Option<&str>,
    form: &[u8],
) -> Result<Value, TokenError> {
    let parameter =
        |name: &str| form_urlencoded::parse(form).find_map(|(key, value)| (key == name).then_some(value));
    if parameter("grant_type") != Some(Cow::Borrowed("client_credentials")) {
        return Err(TokenError::UnsupportedGrantType);
    }
    let jwk = proof.and_then(verify_proof).ok_or(TokenError::InvalidDpopProof)?;

    let mut token = issuer.token().claim("cnf", json!({"jkt": jwk_thumbprint(&jwk)}));
    if let Some(client_id) = parameter("client_id") {
        // RFC 9068 §2.2: without a resource owner, `sub` is the client.
        token = token.client_id(&client_id).subject(&client_id);
    }
    if let Some(scope) = parameter("scope") {
        token = token.scope(&scope);
    }
    if let Some(resource) = parameter("resource") {
        token = token.audience(&resource);
    }
    Ok(json!({"access_token": token.sign(), "token_type": "DPoP", "expires_in": 300}))
}

/// The `jwk` of the proof's header, if it verifies the proof's signature.
fn verify_proof(proof: &str) -> Option<Value> {
    let (input, signature) = proof.rsplit_once('.')?;
    let (header, _) = input.split_once('.')?;
    let header: Map<String, Value> = serde_json::from_slice(&from_base64url(header)?).ok()?;
    let algorithm = Algorithm::from_name(header.get("alg")?.as_str()?)?;
    let jwk = header.get("jwk")?;
    let key = Jwk::from_map(jwk.as_object()?.clone()).ok()?;
    let verifier = verifier(algorithm, &key).ok()??;
    verifier.verify(input.as_bytes(), &from_base64url(signature)?).ok()?;
    Some(jwk.clone())
}

fn verifier(algorithm: Algorithm, jwk: &Jwk) -> Result<Option<Box<dyn JwsVerifier>>, JoseError> {
    Ok(Some(match algorithm {
        Algorithm::Es256 => Box::new(jws::ES256.verifier_from_jwk(jwk)?),
        Algorithm::Es384 => Box::new(jws::ES384.verifier_from_jwk(jwk)?),
        Algorithm::Es512 => Box::new(jws::ES512.verifier_from_jwk(jwk)?),
        Algorithm::Ps256 => Box::new(jws::PS256.verifier_from_jwk(jwk)?),
        Algorithm::Ps384 => Box::new(jws::PS384.verifier_from_jwk(jwk)?),
        Algorithm::Ps512 => Box::new(jws::PS512.verifier_from_jwk(jwk)?),
        Algorithm::Rs256 => Box::new(jws::RS256.verifier_from_jwk(jwk)?),
        Algorithm::Rs384 => Box::new(jws::RS384.verifier_from_jwk(jwk)?),
        Algorithm::Rs512 => Box::new(jws::RS512.verifier_from_jwk(jwk)?),
        Algorithm::EdDsa | Algorithm::Ed25519 => Box::new(jws::EdDSA.verifier_from_jwk(jwk)?),
        _ => return Ok(None),
    }))
}
