//! The client credentials grant (RFC 6749 §4.4) with a DPoP proof (RFC 9449 §5) or a client certificate (RFC 8705 §3),
//! as little as a demonstration needs.
//!
//! Of the proof only the signature is checked, with the key in its header: the issuer of a test is not under test. A
//! registered client must be authenticated; any other client need not be.

use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::client_authentication::{InvalidClient, authenticate};
use super::respond::{Call, error, invalid_client, json_response};
use crate::key::jwk_thumbprint;
use crate::verification::Jws;

/// Why no token is issued.
#[derive(Clone, Copy, Debug)]
enum TokenError {
    InvalidClient,
    UnsupportedGrantType,
    InvalidDpopProof,
}

impl From<InvalidClient> for TokenError {
    fn from(InvalidClient: InvalidClient) -> Self {
        Self::InvalidClient
    }
}

pub(super) fn respond(call: &Call<'_>) -> Response<Vec<u8>> {
    // RFC 6749 §5.2, RFC 9449 §5
    match client_credentials(call) {
        Ok(answer) => json_response(StatusCode::OK, &answer),
        Err(TokenError::InvalidClient) => invalid_client(),
        Err(TokenError::UnsupportedGrantType) => error(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
        Err(TokenError::InvalidDpopProof) => error(StatusCode::BAD_REQUEST, "invalid_dpop_proof"),
    }
}

/// A token bound to the key of the proof, or else to the client's certificate. The form may name `client_id`, `scope`
/// and `resource` (RFC 8707, the audience).
fn client_credentials(call: &Call<'_>) -> Result<Value, TokenError> {
    let client = authenticate(call)?;
    if call.parameter("grant_type").as_deref() != Some("client_credentials") {
        return Err(TokenError::UnsupportedGrantType);
    }
    let (confirmation, token_type) = confirmation(call)?;
    let mut token = call.issuer.token().claim("cnf", confirmation);
    let client_id = client.map(|client| client.client_id);
    if let Some(client_id) = client_id.or_else(|| call.parameter("client_id").map(String::from)) {
        // RFC 9068 §2.2: without a resource owner, `sub` is the client.
        token = token.client_id(&client_id).subject(&client_id);
    }
    if let Some(scope) = call.parameter("scope") {
        token = token.scope(&scope);
    }
    if let Some(resource) = call.parameter("resource") {
        token = token.audience(&resource);
    }
    let token = if call.issuer.issues_opaque_tokens() { token.opaque() } else { token.sign() };
    Ok(json!({"access_token": token, "token_type": token_type, "expires_in": 300}))
}

/// The `cnf` of the token, and its type.
fn confirmation(call: &Call<'_>) -> Result<(Value, &'static str), TokenError> {
    let proof = call.request.headers().get("DPoP");
    match (proof, &call.certificate) {
        // RFC 8705 §3.1
        (None, Some(thumbprint)) => Ok((json!({"x5t#S256": thumbprint}), "Bearer")),
        (proof, _) => {
            let proof = proof.and_then(|proof| proof.to_str().ok());
            let jwk = proof.and_then(verify_proof).ok_or(TokenError::InvalidDpopProof)?;
            Ok((json!({"jkt": jwk_thumbprint(&jwk)}), "DPoP"))
        }
    }
}

/// The `jwk` of the proof's header, if it verifies the proof's signature.
fn verify_proof(proof: &str) -> Option<Value> {
    let proof = Jws::parse(proof)?;
    let jwk = proof.header.get("jwk")?;
    proof.is_signed_by(jwk).then(|| jwk.clone())
}
