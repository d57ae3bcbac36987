//! The default provider: AWS-LC through `aws-lc-rs`.
//!
//! Keys are parsed once, here, so that a verification costs nothing but the verification. AWS-LC itself refuses points
//! off the curve, `r` and `s` outside [1, n-1] and an Ed25519 `S` that is not reduced (R110); signatures are taken in
//! the fixed-length JWS form only.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{
    self, EcdsaVerificationAlgorithm, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents,
};
use aws_lc_rs::{digest, hmac, rand};

use super::{CryptoProvider, InvalidSignature, RandomError, VerifyingKey};
use crate::jose::{Algorithm, Jwk, KeyError, PublicKey};

/// Verifies with AWS-LC.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsLcProvider;

impl CryptoProvider for AwsLcProvider {
    fn verifying_key(&self, jwk: &Jwk, algorithm: Algorithm) -> Result<Arc<dyn VerifyingKey>, KeyError> {
        jwk.check_fits(algorithm)?;
        let key = match jwk.key() {
            PublicKey::Ec { x, y, .. } => {
                // SEC 1 §2.3.3: an uncompressed point. RFC 8725 §3.4, R102: AWS-LC checks that it is on the curve.
                let point = [&[0x04], x.as_slice(), y.as_slice()].concat();
                ParsedPublicKey::new(ecdsa(algorithm)?, point).map_err(|_| KeyError::Point)?
            }
            PublicKey::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .to_parsed_public_key(rsa(algorithm)?)
                .map_err(|_| KeyError::MemberInvalid("n"))?,
            PublicKey::Ed25519 { x } => {
                ParsedPublicKey::new(&signature::ED25519, x).map_err(|_| KeyError::Point)?
            }
        };
        Ok(Arc::new(AwsLcKey(key)))
    }

    fn sha256(&self, data: &[u8]) -> [u8; 32] {
        array(digest::digest(&digest::SHA256, data).as_ref())
    }

    fn hmac_sha256(&self, key: &[u8], data: &[u8]) -> [u8; 32] {
        array(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref())
    }

    fn fill_random(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        rand::fill(buffer).map_err(|_| RandomError)
    }
}

struct AwsLcKey(ParsedPublicKey);

impl VerifyingKey for AwsLcKey {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        self.0.verify_sig(message, signature).map_err(|_| InvalidSignature)
    }
}

/// Does not show the key: it can identify a person.
impl fmt::Debug for AwsLcKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AwsLcKey").finish_non_exhaustive()
    }
}

/// RFC 7518 §3.4: `r || s` of fixed length, never DER.
fn ecdsa(algorithm: Algorithm) -> Result<&'static EcdsaVerificationAlgorithm, KeyError> {
    match algorithm {
        Algorithm::Es256 => Ok(&signature::ECDSA_P256_SHA256_FIXED),
        Algorithm::Es384 => Ok(&signature::ECDSA_P384_SHA384_FIXED),
        Algorithm::Es512 => Ok(&signature::ECDSA_P521_SHA512_FIXED),
        _ => Err(KeyError::Unfit),
    }
}

/// RFC 7518 §3.3, §3.5: for PSS, MGF1 with the same hash and a salt exactly as long as the hash (R110).
fn rsa(algorithm: Algorithm) -> Result<&'static RsaParameters, KeyError> {
    match algorithm {
        Algorithm::Ps256 => Ok(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Ok(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Ok(&signature::RSA_PSS_2048_8192_SHA512),
        Algorithm::Rs256 => Ok(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Ok(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Ok(&signature::RSA_PKCS1_2048_8192_SHA512),
        _ => Err(KeyError::Unfit),
    }
}

/// The 32 bytes of a SHA-256 value.
fn array(hash: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash);
    bytes
}
