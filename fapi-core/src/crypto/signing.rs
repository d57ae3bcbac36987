//! Private keys of this server, with which it authenticates to an issuer (RFC 7523 §2.2); nothing else is signed here.
//!
//! The trait is for keys that live elsewhere, such as in an HSM. What a private key looks like in a file is read here for
//! all implementations; what is signed is decided in `issuer/client_authentication.rs`.

use std::fmt;

use base64_simd::STANDARD;
use thiserror::Error as ThisError;
use zeroize::Zeroizing;

use crate::jose::json::{Object, Value};
use crate::jose::{Algorithm, base64url};

/// RFC 7468 §10: the label of an unencrypted PKCS #8 key.
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// A private key that signs with one algorithm.
///
/// `AwsLcSigningKey` and `JosekitSigningKey` hold keys in memory. An implementation of your own must answer soon: it is
/// called on a thread of the async runtime.
pub trait SigningKey: fmt::Debug + Send + Sync {
    /// The algorithm of [`SigningKey::sign`]: one that the issuer accepts (FAPI 2.0: ES256, PS256 or Ed25519).
    fn algorithm(&self) -> Algorithm;

    /// The `kid` under which the issuer knows the public key, if it has one.
    fn key_id(&self) -> Option<&str>;

    /// The signature over `message`, in the raw JWS form (for ECDSA `r || s`, RFC 7518 §3.4).
    ///
    /// # Errors
    /// [`SigningError`] if the key cannot sign now.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError>;
}

/// The key could not sign.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[error("the key could not sign")]
pub struct SigningError;

/// Why a private key cannot be used. Shows nothing of the key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum SigningKeyError {
    /// RFC 7468 §10: not the PEM form of an unencrypted PKCS #8 key.
    #[error("it is not PEM with a \"PRIVATE KEY\" (PKCS #8, not encrypted)")]
    Pem,
    /// RFC 7517 §4: not a private JWK.
    #[error("it is not a private JWK (RFC 7517): its member {0} is missing or malformed")]
    Jwk(&'static str),
    /// SP 5.4.1-1: not a key for ES256, PS256 or Ed25519, or its parts do not fit each other.
    #[error("it is not a valid key for ES256, PS256 or Ed25519")]
    Unfit,
}

/// The DER of a PKCS #8 key in PEM form.
pub(super) fn decode_pem(pem: &str) -> Result<Zeroizing<Vec<u8>>, SigningKeyError> {
    let (_, rest) = pem.split_once(PEM_BEGIN).ok_or(SigningKeyError::Pem)?;
    let (body, _) = rest.split_once(PEM_END).ok_or(SigningKeyError::Pem)?;
    let body: Zeroizing<String> =
        Zeroizing::new(body.chars().filter(|character| !character.is_ascii_whitespace()).collect());
    STANDARD.decode_to_vec(body.as_bytes()).map(Zeroizing::new).map_err(|_| SigningKeyError::Pem)
}

/// A private JWK (RFC 7517, RFC 7518 §6, RFC 8037) of a type that is signed with here.
pub(super) struct PrivateJwk<'a> {
    members: Object<'a>,
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<Box<str>>,
}

impl<'a> PrivateJwk<'a> {
    pub(super) fn parse(json: &'a str) -> Result<Self, SigningKeyError> {
        let members = Object::parse(json.as_bytes()).map_err(|_| SigningKeyError::Jwk("kty"))?;
        let text = |name| members.get(name).and_then(Value::as_str);
        // SP 5.4.1-1, R7: the algorithms of FAPI 2.0, here as well.
        let algorithm = match (text("kty"), text("crv"), text("alg")) {
            (Some("EC"), Some("P-256"), None | Some("ES256")) => Algorithm::Es256,
            (Some("RSA"), None, None | Some("PS256")) => Algorithm::Ps256,
            (Some("OKP"), Some("Ed25519"), None | Some("EdDSA")) => Algorithm::EdDsa,
            (Some("OKP"), Some("Ed25519"), Some("Ed25519")) => Algorithm::Ed25519,
            (None, ..) => return Err(SigningKeyError::Jwk("kty")),
            _ => return Err(SigningKeyError::Unfit),
        };
        let key_id = text("kid").map(Box::from);
        Ok(Self { members, algorithm, key_id })
    }

    /// The octets of a member.
    pub(super) fn octets(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>, SigningKeyError> {
        let text = self.members.get(name).and_then(Value::as_str).ok_or(SigningKeyError::Jwk(name))?;
        base64url::decode(text).map(Zeroizing::new).map_err(|_| SigningKeyError::Jwk(name))
    }
}
