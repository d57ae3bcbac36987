//! josekit's own verifiers, from the public JWK alone: the judge of everything that the kit signs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::jose::Algorithm;
use josekit::jwk::Jwk;
use josekit::jws::{self, JwsVerifier};
use serde_json::Value;

pub(crate) fn verifies(jws: &str, algorithm: Algorithm, jwk: &Value) -> bool {
    let (input, signature) = jws.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    verifier(algorithm, jwk).verify(input.as_bytes(), &signature).is_ok()
}

pub(crate) fn header(jws: &str) -> Value {
    segment(jws, 0)
}

pub(crate) fn claims(jws: &str) -> Value {
    segment(jws, 1)
}

fn segment(jws: &str, index: usize) -> Value {
    let segment = URL_SAFE_NO_PAD.decode(jws.split('.').nth(index).unwrap()).unwrap();
    serde_json::from_slice(&segment).unwrap()
}

fn verifier(algorithm: Algorithm, jwk: &Value) -> Box<dyn JwsVerifier> {
    let jwk = Jwk::from_map(jwk.as_object().unwrap().clone()).unwrap();
    match algorithm {
        Algorithm::Es256 => Box::new(jws::ES256.verifier_from_jwk(&jwk).unwrap()),
        Algorithm::Es384 => Box::new(jws::ES384.verifier_from_jwk(&jwk).unwrap()),
        Algorithm::Es512 => Box::new(jws::ES512.verifier_from_jwk(&jwk).unwrap()),
        Algorithm::Ps256 => Box::new(jws::PS256.verifier_from_jwk(&jwk).unwrap()),
        Algorithm::Ps384 => Box::new(jws::PS384.verifier_from_jwk(&jwk).unwrap()),
        Algorithm::Ps512 => Box::new(jws::PS512.verifier_from_jwk(&jwk).unwrap()),
        Algorithm::Rs256 => Box::new(jws::RS256.verifier_from_jwk(&jwk).unwrap()),
        Algorithm::Rs384 => Box::new(jws::RS384.verifier_from_jwk(&jwk).unwrap()),
        Algorithm::Rs512 => Box::new(jws::RS512.verifier_from_jwk(&jwk).unwrap()),
        _ => Box::new(jws::EdDSA.verifier_from_jwk(&jwk).unwrap()),
    }
}
