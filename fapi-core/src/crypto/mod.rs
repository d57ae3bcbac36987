//! Cryptography, behind one trait: signature verification, SHA-256, HMAC-SHA-256 and random bytes; and behind another the
//! decryption of access tokens, for those who want it.
//!
//! A provider is a value that is passed in, not a build flag that changes behaviour. `AwsLcProvider` is the default;
//! `JosekitProvider` (feature `josekit`, OpenSSL) is a second, independent implementation. Both must give the same
//! verdict on every input; `tests/crypto_providers.rs` holds them to it. A key of this server's own, to authenticate with, is
//! a [`SigningKey`]. What a key must look like is decided in
//! `jose/jwk.rs` before a provider sees it.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(feature = "aws-lc-rs")]
mod aws_lc_signing;
mod decryption;
#[cfg(feature = "josekit")]
mod josekit;
#[cfg(feature = "josekit")]
mod josekit_decryption;
#[cfg(feature = "josekit")]
mod josekit_signing;
#[cfg(any(feature = "aws-lc-rs", feature = "josekit"))]
mod private_key;
mod signing;

use std::fmt;
use std::sync::Arc;

use subtle::{Choice, ConstantTimeEq as _};
use thiserror::Error as ThisError;

use crate::jose::{Algorithm, Jwk, KeyError};

#[cfg(feature = "aws-lc-rs")]
pub use aws_lc::AwsLcProvider;
#[cfg(feature = "aws-lc-rs")]
pub use aws_lc_signing::AwsLcSigningKey;
pub use decryption::{DecryptionFailed, DecryptionKey, DecryptionKeyError};
#[cfg(feature = "josekit")]
pub use josekit::JosekitProvider;
#[cfg(feature = "josekit")]
pub use josekit_decryption::JosekitDecryptionKey;
#[cfg(feature = "josekit")]
pub use josekit_signing::JosekitSigningKey;
pub use signing::{SigningError, SigningKey, SigningKeyError};

/// The cryptographic operations a resource server needs.
pub trait CryptoProvider: fmt::Debug + Send + Sync {
    /// Prepares `jwk` to verify signatures of `algorithm`.
    ///
    /// # Errors
    /// [`KeyError::Unfit`] if the key is not one for this algorithm; [`KeyError::Point`] or another variant if the
    /// key itself is invalid.
    fn verifying_key(&self, jwk: &Jwk, algorithm: Algorithm) -> Result<Arc<dyn VerifyingKey>, KeyError>;

    /// SHA-256 of `data`.
    fn sha256(&self, data: &[u8]) -> [u8; 32];

    /// HMAC-SHA-256 of `data` under `key` (RFC 2104).
    fn hmac_sha256(&self, key: &[u8], data: &[u8]) -> [u8; 32];

    /// Fills `buffer` with unpredictable bytes.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has none.
    fn fill_random(&self, buffer: &mut [u8]) -> Result<(), RandomError>;
}

/// A public key made ready to verify signatures of one algorithm.
pub trait VerifyingKey: fmt::Debug + Send + Sync {
    /// Checks `signature` (the raw JWS form: for ECDSA `r || s`, RFC 7518 §3.4) over `message`.
    ///
    /// # Errors
    /// [`InvalidSignature`] if it does not verify, for whatever reason.
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature>;
}

/// The signature does not verify.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[error("the signature does not verify")]
pub struct InvalidSignature;

/// No random bytes could be had.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[error("the operating system gave no random bytes")]
pub struct RandomError;

/// Whether two SHA-256 values are the same, in a time that does not depend on where they differ.
pub(crate) fn same_hash(one: &[u8; 32], other: &[u8; 32]) -> bool {
    // Eight bytes at a time: byte by byte takes as long as hashing.
    fn words(hash: &[u8; 32]) -> impl Iterator<Item = u64> {
        hash.as_chunks().0.iter().copied().map(u64::from_ne_bytes)
    }
    words(one).zip(words(other)).fold(Choice::from(1), |same, (one, other)| same & one.ct_eq(&other)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    // R53, R54, R73
    #[test]
    fn every_bit_of_a_hash_counts() {
        let hash: [u8; 32] = std::array::from_fn(|index| index as u8);
        assert!(same_hash(&hash, &hash.clone()));
        for (index, bit) in (0..32).flat_map(|index| (0..8).map(move |bit| (index, bit))) {
            let mut other = hash;
            other[index] ^= 1 << bit;
            assert!(!same_hash(&hash, &other), "bit {bit} of byte {index}");
        }
    }
}
