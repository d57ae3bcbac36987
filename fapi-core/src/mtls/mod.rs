//! The client certificate of a connection and its thumbprint (RFC 8705 §3.1).
//!
//! The TLS stack proves possession of the certificate's key; whether its chain is validated is the TLS stack's policy
//! too (RFC 8705 §6.2). Here the certificate is only hashed and compared. Where a proxy terminates TLS,
//! `certificate_header.rs` reads what it conveys.

mod certificate_header;
mod encoding;
#[cfg(test)]
mod tests;
#[cfg(feature = "rustls")]
mod tls;
mod xfcc;

pub use certificate_header::{CertificateHeader, CertificateHeaderError};
#[cfg(feature = "rustls")]
pub use tls::{ClientCertificates, ServerTls, ServerTlsError};

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error as ThisError;

use crate::crypto::{CryptoProvider, same_hash};
use crate::jose::base64url;

/// A client certificate, put into a request's extensions by whoever terminates TLS, for the adapters to find.
///
/// Only insert a certificate whose private key was proved in the TLS handshake of this very connection. A header that
/// anybody can send proves nothing.
#[derive(Clone, Eq, PartialEq)]
pub struct PeerCertificate(Arc<[u8]>);

impl PeerCertificate {
    /// The certificate with this DER encoding.
    #[must_use]
    pub fn from_der(der: impl Into<Arc<[u8]>>) -> Self {
        Self(der.into())
    }

    /// The DER encoding.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The subject may name a person.
        formatter.write_str("PeerCertificate(..)")
    }
}

/// SHA-256 of a certificate's DER encoding: `x5t#S256` (RFC 8705 §3.1).
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct CertificateThumbprint([u8; 32]);

impl CertificateThumbprint {
    /// The thumbprint of the certificate with this DER encoding: of the whole certificate, not of its key (R73).
    #[must_use]
    pub fn of(der: &[u8], crypto: &dyn CryptoProvider) -> Self {
        Self(crypto.sha256(der))
    }

    /// The thumbprint that is this hash of a certificate's DER encoding.
    pub(crate) const fn from_sha256(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// Whether both are the same, in constant time (R73).
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        same_hash(&self.0, &other.0)
    }
}

/// The text is not 43 characters of base64url without padding.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[error("not a base64url-encoded SHA-256 value")]
pub struct InvalidThumbprint;

impl FromStr for CertificateThumbprint {
    type Err = InvalidThumbprint;

    // R73, R179: base64url without padding of exactly 32 bytes; hexadecimal or padded text is refused.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        base64url::decode_array(text).map(Self).ok_or(InvalidThumbprint)
    }
}

impl fmt::Display for CertificateThumbprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&base64url::encode(&self.0))
    }
}

impl fmt::Debug for CertificateThumbprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CertificateThumbprint({self})")
    }
}
