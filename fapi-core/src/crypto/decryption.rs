//! Decryption of JWE, behind one trait: what an encrypted access token needs, and nothing more (RFC 7516 §5.2).
//!
//! The form of a JWE and its algorithms are decided in `jose/jwe.rs` before a key sees it. A decrypted content is nobody's
//! word: that it is signed is for the callers to demand (RFC 8725 §3.11).

use std::fmt;

use thiserror::Error as ThisError;

use crate::jose::{CompactJwe, KeyManagement};

/// A private key of this server, to whose public half authorization servers encrypt access tokens.
///
/// `JosekitDecryptionKey` (feature `josekit`) holds one in memory; a hardware module can be put behind the same trait. It
/// must check that an ephemeral key lies on its curve, and its failures must all be alike, in time as well.
pub trait DecryptionKey: fmt::Debug + Send + Sync {
    /// The `kid` under which the public key was given to authorization servers. A key without one is tried for any token.
    fn key_id(&self) -> Option<&str>;

    /// Whether this is a key for this algorithm.
    fn accepts(&self, algorithm: KeyManagement) -> bool;

    /// The content of `jwe`, whose algorithm this key accepts.
    ///
    /// # Errors
    /// [`DecryptionFailed`], for whatever reason.
    fn decrypt(&self, jwe: &CompactJwe<'_>) -> Result<Vec<u8>, DecryptionFailed>;
}

/// It cannot be decrypted. Why is nobody's business: an answer that told would decrypt for strangers (RFC 7516 §11.4).
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[error("it cannot be decrypted")]
pub struct DecryptionFailed;

/// Why a private key cannot be used to decrypt tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum DecryptionKeyError {
    /// Neither an unencrypted private key in PEM nor a private JWK.
    #[error("it is not an unencrypted private key in PEM form, or not a private JWK")]
    Unreadable,
    /// Not RSA of 2048 to 4096 bits and not EC on P-256, P-384 or P-521, or a JWK for another purpose.
    #[error(
        "it is not a key for RSA-OAEP-256 (2048 to 4096 bits), ECDH-ES or ECDH-ES+A256KW (P-256, P-384, P-521)"
    )]
    Unfit,
}
