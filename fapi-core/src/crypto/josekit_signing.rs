//! Private keys in the memory of OpenSSL, for those who must use OpenSSL; it overwrites them when they are dropped.

use std::fmt;

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};

use super::private_key::{PrivateJwk, decode_pem};
use super::signing::{SigningError, SigningKey, SigningKeyError};
use crate::jose::Algorithm;

/// SP 5.4.1-2: bits of an RSA modulus.
const MIN_RSA_BITS: u32 = 2048;
/// Bytes of each of `r` and `s` on P-256 (RFC 7518 §3.4).
const P256_BYTES: i32 = 32;

/// A private key for ES256 (P-256), PS256 (RSA of 2048 bits or more) or Ed25519, on OpenSSL.
pub struct JosekitSigningKey {
    key: PKey<Private>,
    algorithm: Algorithm,
    key_id: Option<Box<str>>,
}

impl JosekitSigningKey {
    /// The key in this PEM text (PKCS #8, not encrypted). An Ed25519 key signs under the name `EdDSA`.
    ///
    /// # Errors
    /// [`SigningKeyError`] if it is none of the accepted types.
    pub fn from_pem(pem: &str) -> Result<Self, SigningKeyError> {
        let der = decode_pem(pem)?;
        let key = PKey::private_key_from_pkcs8(&der).map_err(|_| SigningKeyError::Unfit)?;
        let algorithm = match key.id() {
            Id::EC => Algorithm::Es256,
            Id::ED25519 => Algorithm::EdDsa,
            _ => Algorithm::Ps256,
        };
        check(&key, algorithm)?;
        Ok(Self { key, algorithm, key_id: None })
    }

    /// The key of this private JWK (RFC 7517), with its `kid`. An RSA key needs its primes and CRT members. An Ed25519
    /// key signs under the name `EdDSA`, unless its `alg` is `Ed25519` (RFC 9864).
    ///
    /// # Errors
    /// [`SigningKeyError`] if it is none of the accepted types, or for another algorithm.
    pub fn from_jwk(json: &str) -> Result<Self, SigningKeyError> {
        let jwk = PrivateJwk::parse(json)?;
        let key = match jwk.algorithm {
            Algorithm::Es256 => ecdsa(&jwk),
            Algorithm::Ps256 => rsa(&jwk),
            _ => ed25519(&jwk),
        }?;
        check(&key, jwk.algorithm)?;
        Ok(Self { key, algorithm: jwk.algorithm, key_id: jwk.key_id })
    }

    /// This key under the `kid` by which the issuer knows it.
    #[must_use]
    pub fn with_key_id(self, key_id: &str) -> Self {
        Self { key_id: Some(key_id.into()), ..self }
    }

    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        match self.algorithm {
            Algorithm::Es256 => {
                let signature =
                    Signer::new(MessageDigest::sha256(), &self.key)?.sign_oneshot_to_vec(message)?;
                // RFC 7518 §3.4: r || s of fixed length, never DER.
                let signature = EcdsaSig::from_der(&signature)?;
                let (r, s) =
                    (signature.r().to_vec_padded(P256_BYTES)?, signature.s().to_vec_padded(P256_BYTES)?);
                Ok([r, s].concat())
            }
            Algorithm::Ps256 => {
                let mut signer = Signer::new(MessageDigest::sha256(), &self.key)?;
                // RFC 7518 §3.5: MGF1 with the same hash and a salt exactly as long as the hash.
                signer.set_rsa_padding(Padding::PKCS1_PSS)?;
                signer.set_rsa_mgf1_md(MessageDigest::sha256())?;
                signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
                signer.sign_oneshot_to_vec(message)
            }
            _ => Signer::new_without_digest(&self.key)?.sign_oneshot_to_vec(message),
        }
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
        self.try_sign(message).map_err(|_| SigningError)
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

/// SP 5.4.1: type, curve and size, and whether the parts of the key fit each other.
fn check(key: &PKey<Private>, algorithm: Algorithm) -> Result<(), SigningKeyError> {
    let fits = match algorithm {
        Algorithm::Es256 => key.ec_key().is_ok_and(|key| {
            key.group().curve_name() == Some(Nid::X9_62_PRIME256V1) && key.check_key().is_ok()
        }),
        Algorithm::Ps256 => {
            key.bits() >= MIN_RSA_BITS && key.rsa().is_ok_and(|key| key.check_key().unwrap_or(false))
        }
        _ => key.id() == Id::ED25519,
    };
    if fits { Ok(()) } else { Err(SigningKeyError::Unfit) }
}

fn ecdsa(jwk: &PrivateJwk<'_>) -> Result<PKey<Private>, SigningKeyError> {
    let (d, x, y) = (jwk.octets("d")?, jwk.octets("x")?, jwk.octets("y")?);
    // SEC 1 §2.3.3: an uncompressed point.
    let point = [&[0x04], x.as_slice(), y.as_slice()].concat();
    let key = || {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        let point = EcPoint::from_bytes(&group, &point, &mut *BigNumContext::new()?)?;
        PKey::from_ec_key(EcKey::from_private_components(&group, &*BigNum::from_slice(&d)?, &point)?)
    };
    key().map_err(|_: ErrorStack| SigningKeyError::Unfit)
}

fn rsa(jwk: &PrivateJwk<'_>) -> Result<PKey<Private>, SigningKeyError> {
    let number = |name| BigNum::from_slice(&jwk.octets(name)?).map_err(|_| SigningKeyError::Unfit);
    let key = Rsa::from_private_components(
        number("n")?,
        number("e")?,
        number("d")?,
        number("p")?,
        number("q")?,
        number("dp")?,
        number("dq")?,
        number("qi")?,
    );
    key.and_then(PKey::from_rsa).map_err(|_| SigningKeyError::Unfit)
}

fn ed25519(jwk: &PrivateJwk<'_>) -> Result<PKey<Private>, SigningKeyError> {
    let (d, x) = (jwk.octets("d")?, jwk.octets("x")?);
    let key = PKey::private_key_from_raw_bytes(&d, Id::ED25519).map_err(|_| SigningKeyError::Unfit)?;
    let own = key.raw_public_key().map_err(|_| SigningKeyError::Unfit)?;
    if own == *x { Ok(key) } else { Err(SigningKeyError::Unfit) }
}
