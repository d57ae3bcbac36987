//! Private keys in the memory of OpenSSL, for those who must use OpenSSL.

use std::fmt;

use ::josekit::JoseError;
use ::josekit::jwk::Jwk;
use ::josekit::jws::{self, JwsSigner};

use super::signing::{PrivateJwk, SigningError, SigningKey, SigningKeyError};
use crate::jose::Algorithm;

/// Members of a JWK that only describe it; which algorithm it is for was decided before.
const DESCRIPTION: [&str; 6] = ["alg", "kid", "use", "key_ops", "x5c", "x5t"];

/// A private key for ES256 (P-256), PS256 (RSA of 2048 bits or more) or Ed25519, on OpenSSL.
pub struct JosekitSigningKey {
    signer: Box<dyn JwsSigner>,
    algorithm: Algorithm,
    key_id: Option<Box<str>>,
}

impl JosekitSigningKey {
    /// The key in this PEM text (PKCS #8, not encrypted). An Ed25519 key signs under the name `EdDSA`.
    ///
    /// # Errors
    /// [`SigningKeyError`] if it is none of the accepted types.
    pub fn from_pem(pem: &str) -> Result<Self, SigningKeyError> {
        let (signer, algorithm) = if let Ok(signer) = jws::ES256.signer_from_pem(pem) {
            (boxed(signer), Algorithm::Es256)
        } else if let Ok(signer) = jws::EdDSA.signer_from_pem(pem) {
            (boxed(signer), Algorithm::EdDsa)
        } else {
            let signer = jws::PS256.signer_from_pem(pem).map_err(|_| SigningKeyError::Pem)?;
            (boxed(signer), Algorithm::Ps256)
        };
        Ok(Self { signer, algorithm, key_id: None })
    }

    /// The key of this private JWK (RFC 7517), with its `kid`. An Ed25519 key signs under the name `EdDSA`, unless its
    /// `alg` is `Ed25519` (RFC 9864).
    ///
    /// # Errors
    /// [`SigningKeyError`] if it is none of the accepted types, or for another algorithm.
    pub fn from_jwk(json: &str) -> Result<Self, SigningKeyError> {
        let PrivateJwk { algorithm, key_id, .. } = PrivateJwk::parse(json)?;
        let signer = signer(algorithm, json).map_err(|_| SigningKeyError::Unfit)?;
        Ok(Self { signer, algorithm, key_id })
    }

    /// This key under the `kid` by which the issuer knows it.
    #[must_use]
    pub fn with_key_id(self, key_id: &str) -> Self {
        Self { key_id: Some(key_id.into()), ..self }
    }
}

impl SigningKey for JosekitSigningKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        self.signer.sign(message).map_err(|_| SigningError)
    }
}

/// Shows nothing of the key.
impl fmt::Debug for JosekitSigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("JosekitSigningKey")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

fn signer(algorithm: Algorithm, json: &str) -> Result<Box<dyn JwsSigner>, JoseError> {
    let mut members = Jwk::from_bytes(json)?.as_ref().clone();
    members.retain(|name, _| !DESCRIPTION.contains(&name.as_str()));
    let jwk = Jwk::from_map(members)?;
    Ok(match algorithm {
        Algorithm::Es256 => boxed(jws::ES256.signer_from_jwk(&jwk)?),
        Algorithm::Ps256 => boxed(jws::PS256.signer_from_jwk(&jwk)?),
        _ => boxed(jws::EdDSA.signer_from_jwk(&jwk)?),
    })
}

fn boxed(signer: impl JwsSigner + 'static) -> Box<dyn JwsSigner> {
    Box::new(signer)
}
