//! Private keys of this server, with which it authenticates to an issuer (RFC 7523 §2.2); nothing else is signed here.
//!
//! The trait is for keys that live elsewhere, such as in an HSM. What a private key looks like in a file is read in
//! `private_key.rs`; what is signed is decided in `issuer/client_authentication.rs`.

use std::fmt;

use thiserror::Error as ThisError;

use crate::jose::Algorithm;

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
