//! Authorization servers that this API trusts: their metadata and their keys (RFC 8414, RFC 7517, OIDC Discovery).
//!
//! An [`Issuer`] says which one and where its keys are. Each issuer has a key set of its own (RFC 8725 §3.8, R104), loaded
//! in `keys.rs` so that neither a slow issuer nor a stranger's tokens can hold requests up or drive traffic to it (R118,
//! R120). Nothing from a token ever becomes part of a URL (R106, pitfall P38). Which key verifies a token, and what the
//! token must say, is decided in `token/`.

/// Target of the log events of this module.
const LOG_TARGET: &str = "fapi_core::issuer";

mod address;
mod discovery;
mod http;
mod jwks;
mod keys;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(test)]
#[cfg(feature = "aws-lc-rs")]
mod tests;
mod url;

use std::fmt;
use std::sync::Arc;

use thiserror::Error as ThisError;

pub use self::http::{HttpClient, HttpError, HttpResponse};
pub(crate) use self::jwks::KeySet;
pub use self::jwks::KeySetError;
pub(crate) use self::keys::IssuerKeys;
#[cfg(feature = "reqwest")]
pub use self::reqwest::{ReqwestClient, ReqwestClientBuilder};
pub(crate) use self::url::is_secure_or_loopback;

/// An authorization server whose access tokens are accepted.
///
/// ```
/// use fapi_core::Issuer;
///
/// // Everything else is read from the issuer's metadata (RFC 8414, or OpenID Connect Discovery):
/// let issuer = Issuer::new("https://as.example.com");
///
/// // An issuer without metadata, and one in a closed network:
/// let issuer = Issuer::new("https://as.example.com").with_jwks_uri("https://as.example.com/jwks");
/// let issuer = Issuer::new("https://as.example.com").with_key_set(r#"{"keys":[]}"#);
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Issuer {
    identifier: String,
    source: KeySource,
}

/// An issuer as a running server holds its tokens to it.
#[derive(Debug)]
pub(crate) struct TrustedIssuer {
    pub(crate) keys: Arc<IssuerKeys>,
    /// RFC 9068 §4: one of them must be in the `aud` of its tokens.
    pub(crate) audiences: Vec<String>,
}

/// Where an issuer's keys come from.
#[derive(Clone, Eq, PartialEq)]
enum KeySource {
    Metadata,
    JwksUri(String),
    KeySet(String),
}

impl Issuer {
    /// The issuer with this identifier: an absolute https URL without query and fragment (RFC 8414 §2).
    ///
    /// A token's `iss` must equal the identifier that the issuer's metadata states, byte for byte. Here one trailing
    /// slash more or less than there is forgiven.
    #[must_use]
    pub fn new(identifier: impl Into<String>) -> Self {
        Self { identifier: identifier.into(), source: KeySource::Metadata }
    }

    /// Takes the keys from this URL (a JWK Set, RFC 7517 §5) and reads no metadata.
    #[must_use]
    pub fn with_jwks_uri(self, jwks_uri: impl Into<String>) -> Self {
        Self { source: KeySource::JwksUri(jwks_uri.into()), ..self }
    }

    /// Takes the keys from this JWK Set (RFC 7517 §5) and never uses the network; a rotated key needs a new
    /// configuration.
    #[must_use]
    pub fn with_key_set(self, json: impl Into<String>) -> Self {
        Self { source: KeySource::KeySet(json.into()), ..self }
    }

    /// Whether the keys must be fetched.
    pub(crate) fn is_remote(&self) -> bool {
        !matches!(self.source, KeySource::KeySet(_))
    }

    /// The identifier, as configured.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.identifier
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match &self.source {
            KeySource::Metadata => "metadata",
            KeySource::JwksUri(uri) => uri,
            KeySource::KeySet(_) => "key set",
        };
        formatter
            .debug_struct("Issuer")
            .field("identifier", &self.identifier)
            .field("source", &source)
            .finish()
    }
}

/// Why an [`Issuer`] cannot be used as configured.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum IssuerError {
    /// RFC 8414 §2: the identifier is not an absolute https URL without query and fragment.
    #[error("the issuer {0:?} is not an absolute https URL without query and fragment")]
    Identifier(String),
    /// RFC 8414 §2: the configured `jwks_uri` is not an absolute https URL.
    #[error("the jwks_uri {0:?} is not an absolute https URL")]
    JwksUri(String),
    /// The keys must be fetched, and there is nothing to fetch them with.
    #[error(
        "the issuer {0:?} needs an HTTP client: enable the feature \"reqwest\", or pass a client or the key set"
    )]
    HttpClientMissing(String),
    /// RFC 7517 §5: the configured key set cannot be used.
    #[error("the key set of the issuer {issuer:?} cannot be used: {reason}")]
    KeySet {
        /// The issuer's identifier.
        issuer: String,
        /// What is wrong with the key set.
        reason: KeySetError,
    },
}
