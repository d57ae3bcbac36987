//! Signatures that come to the issuer (proofs, assertions, its own tokens), verified with josekit.

use fapi_core::jose::Algorithm;
use josekit::JoseError;
use josekit::jwk::Jwk;
use josekit::jws::{self, JwsVerifier};
use serde_json::{Map, Value};

use crate::encoding::from_base64url;

/// A compact JWS whose header is JSON; nothing of it has been verified.
pub(crate) struct Jws<'a> {
    pub(crate) header: Map<String, Value>,
    input: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Jws<'a> {
    pub(crate) fn parse(jws: &'a str) -> Option<Self> {
        let (input, signature) = jws.rsplit_once('.')?;
        let (header, payload) = input.split_once('.')?;
        let header = serde_json::from_slice(&from_base64url(header)?).ok()?;
        Some(Self { header, input, payload, signature })
    }

    /// Whether the public key `jwk` verifies the signature by the algorithm that the header names.
    pub(crate) fn is_signed_by(&self, jwk: &Value) -> bool {
        self.verify(jwk).is_some()
    }

    /// The payload as JSON.
    pub(crate) fn claims(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(&from_base64url(self.payload)?).ok()
    }

    fn verify(&self, jwk: &Value) -> Option<()> {
        let algorithm = Algorithm::from_name(self.header.get("alg")?.as_str()?)?;
        let key = Jwk::from_map(jwk.as_object()?.clone()).ok()?;
        let verifier = verifier(algorithm, &key).ok()??;
        verifier.verify(self.input.as_bytes(), &from_base64url(self.signature)?).ok()
    }
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
