//! Private keys in the memory of AWS-LC, which overwrites them when they are dropped.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPairComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PSS_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};

use super::private_key::{PrivateJwk, decode_pem};
use super::signing::{SigningError, SigningKey, SigningKeyError};
use crate::jose::Algorithm;

/// A private key for ES256 (P-256), PS256 (RSA of 2048 bits or more) or Ed25519.
///
/// ```
/// use fapi_core::crypto::{AwsLcSigningKey, SigningKey};
///
/// // The key of RFC 8037, appendix A.1:
/// let key = AwsLcSigningKey::from_jwk(
///     r#"{"kty":"OKP","crv":"Ed25519","kid":"api-1",
///         "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
///         "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
/// )?;
/// assert_eq!(key.key_id(), Some("api-1"));
/// # Ok::<(), fapi_core::crypto::SigningKeyError>(())
/// ```
pub struct AwsLcSigningKey {
    pair: Pair,
    algorithm: Algorithm,
    key_id: Option<Box<str>>,
}

enum Pair {
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl AwsLcSigningKey {
    /// The key in this PEM text (PKCS #8, not encrypted). An Ed25519 key signs under the name `EdDSA`.
    ///
    /// # Errors
    /// [`SigningKeyError`] if it is none of the accepted types.
    pub fn from_pem(pem: &str) -> Result<Self, SigningKeyError> {
        let der = decode_pem(pem)?;
        let (pair, algorithm) =
            if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der) {
                (Pair::P256(pair), Algorithm::Es256)
            } else if let Ok(pair) = Ed25519KeyPair::from_pkcs8(&der) {
                (Pair::Ed25519(pair), Algorithm::EdDsa)
            } else {
                let pair = RsaKeyPair::from_pkcs8(&der).map_err(|_| SigningKeyError::Unfit)?;
                (Pair::Rsa(pair), Algorithm::Ps256)
            };
        Ok(Self { pair, algorithm, key_id: None })
    }

    /// The key of this private JWK (RFC 7517), with its `kid`. An RSA key needs its primes and CRT members. An Ed25519
    /// key signs under the name `EdDSA`, unless its `alg` is `Ed25519` (RFC 9864).
    ///
    /// # Errors
    /// [`SigningKeyError`] if it is none of the accepted types, or for another algorithm.
    pub fn from_jwk(json: &str) -> Result<Self, SigningKeyError> {
        let jwk = PrivateJwk::parse(json)?;
        let pair = match jwk.algorithm {
            Algorithm::Es256 => ecdsa(&jwk).map(Pair::P256),
            Algorithm::Ps256 => rsa(&jwk).map(Pair::Rsa),
            _ => ed25519(&jwk).map(Pair::Ed25519),
        };
        Ok(Self { pair: pair?, algorithm: jwk.algorithm, key_id: jwk.key_id })
    }

    /// This key under the `kid` by which the issuer knows it.
    #[must_use]
    pub fn with_key_id(self, key_id: &str) -> Self {
        Self { key_id: Some(key_id.into()), ..self }
    }
}

impl SigningKey for AwsLcSigningKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        match &self.pair {
            Pair::P256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| SigningError)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| SigningError)?;
                Ok(signature)
            }
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

/// Shows nothing of the key.
impl fmt::Debug for AwsLcSigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AwsLcSigningKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn ecdsa(jwk: &PrivateJwk<'_>) -> Result<EcdsaKeyPair, SigningKeyError> {
    let (d, x, y) = (jwk.octets("d")?, jwk.octets("x")?, jwk.octets("y")?);
    // SEC 1 §2.3.3: an uncompressed point.
    let point = [&[0x04], x.as_slice(), y.as_slice()].concat();
    EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &d, &point)
        .map_err(|_| SigningKeyError::Unfit)
}

fn ed25519(jwk: &PrivateJwk<'_>) -> Result<Ed25519KeyPair, SigningKeyError> {
    let (d, x) = (jwk.octets("d")?, jwk.octets("x")?);
    Ed25519KeyPair::from_seed_and_public_key(&d, &x).map_err(|_| SigningKeyError::Unfit)
}

fn rsa(jwk: &PrivateJwk<'_>) -> Result<RsaKeyPair, SigningKeyError> {
    let components = KeyPairComponents {
        public_key: RsaPublicKeyComponents { n: jwk.octets("n")?.to_vec(), e: jwk.octets("e")?.to_vec() },
        d: jwk.octets("d")?,
        p: jwk.octets("p")?,
        q: jwk.octets("q")?,
        dP: jwk.octets("dp")?,
        dQ: jwk.octets("dq")?,
        qInv: jwk.octets("qi")?,
    };
    RsaKeyPair::from_components(&components).map_err(|_| SigningKeyError::Unfit)
}
