//! A second provider: OpenSSL through `josekit`, for those who must use OpenSSL, and as a check on the default one.
//!
//! Keys are prepared once and kept as `josekit` verifiers. Where OpenSSL is more lenient than AWS-LC, the difference is
//! closed here: signatures have exactly one length. HMAC is the construction of RFC 2104 over OpenSSL's SHA-256,
//! because OpenSSL's own can fail and the trait's cannot.

use std::fmt;
use std::sync::Arc;

use ::josekit::jws::{self, JwsVerifier};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey};
use openssl::rsa::Rsa;
use openssl::sha::{Sha256, sha256};

use super::{CryptoProvider, InvalidSignature, RandomError, VerifyingKey};
use crate::jose::{Algorithm, Curve, Jwk, KeyError, PublicKey};

/// Verifies with OpenSSL.
#[derive(Clone, Copy, Debug, Default)]
pub struct JosekitProvider;

impl CryptoProvider for JosekitProvider {
    fn verifying_key(&self, jwk: &Jwk, algorithm: Algorithm) -> Result<Arc<dyn VerifyingKey>, KeyError> {
        jwk.check_fits(algorithm)?;
        let (spki, invalid, signature_len) = match jwk.key() {
            PublicKey::Ec { curve, x, y } => {
                (ec(*curve, x, y), KeyError::Point, curve.coordinate_len().saturating_mul(2))
            }
            PublicKey::Rsa { n, e } => (rsa(n, e), KeyError::MemberInvalid("n"), n.len()),
            PublicKey::Ed25519 { x } => (ed25519(x), KeyError::Point, 64),
        };
        let verifier = spki.ok().and_then(|spki| verifier(algorithm, &spki)).ok_or(invalid)?;
        Ok(Arc::new(JosekitKey { verifier, signature_len }))
    }

    fn sha256(&self, data: &[u8]) -> [u8; 32] {
        sha256(data)
    }

    fn hmac_sha256(&self, key: &[u8], data: &[u8]) -> [u8; 32] {
        let inner = hash(&pad(key, 0x36), data);
        hash(&pad(key, 0x5c), &inner)
    }

    fn fill_random(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        openssl::rand::rand_bytes(buffer).map_err(|_| RandomError)
    }
}

struct JosekitKey {
    verifier: Box<dyn JwsVerifier>,
    signature_len: usize,
}

impl VerifyingKey for JosekitKey {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        // R110, RFC 8017 §8.1.2 (1): OpenSSL accepts a PSS signature whose leading zero octets were cut off.
        if signature.len() != self.signature_len {
            return Err(InvalidSignature);
        }
        self.verifier.verify(message, signature).map_err(|_| InvalidSignature)
    }
}

/// Does not show the key: it can identify a person.
impl fmt::Debug for JosekitKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("JosekitKey").finish_non_exhaustive()
    }
}

fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let group = EcGroup::from_curve_name(match curve {
        Curve::P256 => Nid::X9_62_PRIME256V1,
        Curve::P384 => Nid::SECP384R1,
        Curve::P521 => Nid::SECP521R1,
    })?;
    let (x, y) = (BigNum::from_slice(x)?, BigNum::from_slice(y)?);
    // RFC 8725 §3.4, R102: OpenSSL checks here that the point is on the curve.
    PKey::from_ec_key(EcKey::from_public_key_affine_coordinates(&group, &x, &y)?)?.public_key_to_der()
}

fn rsa(n: &[u8], e: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    Rsa::from_public_components(BigNum::from_slice(n)?, BigNum::from_slice(e)?)?.public_key_to_der()
}

fn ed25519(x: &[u8; 32]) -> Result<Vec<u8>, ErrorStack> {
    PKey::public_key_from_raw_bytes(x, Id::ED25519)?.public_key_to_der()
}

/// The kept verifier for a SubjectPublicKeyInfo; the PSS ones demand a salt exactly as long as the hash (R110).
fn verifier(algorithm: Algorithm, spki: &[u8]) -> Option<Box<dyn JwsVerifier>> {
    Some(match algorithm {
        Algorithm::Es256 => Box::new(jws::ES256.verifier_from_der(spki).ok()?),
        Algorithm::Es384 => Box::new(jws::ES384.verifier_from_der(spki).ok()?),
        Algorithm::Es512 => Box::new(jws::ES512.verifier_from_der(spki).ok()?),
        Algorithm::Ps256 => Box::new(jws::PS256.verifier_from_der(spki).ok()?),
        Algorithm::Ps384 => Box::new(jws::PS384.verifier_from_der(spki).ok()?),
        Algorithm::Ps512 => Box::new(jws::PS512.verifier_from_der(spki).ok()?),
        Algorithm::Rs256 => Box::new(jws::RS256.verifier_from_der(spki).ok()?),
        Algorithm::Rs384 => Box::new(jws::RS384.verifier_from_der(spki).ok()?),
        Algorithm::Rs512 => Box::new(jws::RS512.verifier_from_der(spki).ok()?),
        Algorithm::EdDsa | Algorithm::Ed25519 => Box::new(jws::EdDSA.verifier_from_der(spki).ok()?),
    })
}

/// RFC 2104 §2: the key, filled up to a block of SHA-256, XORed with `byte`. A key longer than a block is hashed first.
fn pad(key: &[u8], byte: u8) -> [u8; 64] {
    let mut block = [byte; 64];
    let hashed = sha256(key);
    let key = if key.len() > block.len() { hashed.as_slice() } else { key };
    for (octet, key_octet) in block.iter_mut().zip(key) {
        *octet ^= key_octet;
    }
    block
}

fn hash(block: &[u8; 64], data: &[u8]) -> [u8; 32] {
    let mut state = Sha256::new();
    state.update(block);
    state.update(data);
    state.finish()
}
