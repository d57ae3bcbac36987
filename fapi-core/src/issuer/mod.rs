//! Authorization servers that this API trusts: their metadata and their keys (RFC 8414, RFC 7517, OIDC Discovery).
//!
//! An [`Issuer`] says which one, where its keys are, and what its own tokens must be like beside what the profile asks of
//! every token. Each issuer has a key set of its own (RFC 8725 §3.8, R104), loaded in `keys.rs` so that neither a slow
//! issuer nor a stranger's tokens can hold requests up or drive traffic to it (R118, R120). Nothing from a token ever
//! becomes part of a URL or a path (R106, pitfall P38). Which key verifies a token, and what the token must say, is decided
//! in `token/`.

/// Target of the log events of this module.
const LOG_TARGET: &str = "fapi_core::issuer";

mod address;
mod client_authentication;
mod discovery;
mod events;
mod fetch;
mod file;
mod http;
mod introspection;
mod jwks;
mod keys;
mod name;
mod refresher;
#[cfg(feature = "reqwest")]
mod reqwest;
mod signed_jwt;
#[cfg(test)]
#[cfg(feature = "aws-lc-rs")]
mod tests;
mod unknown_keys;
mod url;

use std::any::Any;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error as ThisError;

pub use self::client_authentication::ClientAuthentication;
pub(crate) use self::discovery::{FetchError, get};
pub(crate) use self::fetch::within;
#[cfg(feature = "config")]
pub(crate) use self::file::read_now as read_file;
pub use self::http::{HttpClient, HttpError, HttpResponse};
pub use self::introspection::Introspection;
pub(crate) use self::introspection::{Introspector, Standing, Surroundings, Validity};
pub(crate) use self::jwks::KeySet;
pub use self::jwks::KeySetError;
pub(crate) use self::keys::{IssuerKeys, distance};
#[cfg(feature = "reqwest")]
pub use self::reqwest::{ReqwestClient, ReqwestClientBuilder};
pub(crate) use self::signed_jwt::{SignedJwt, SignedJwtError};
pub(crate) use self::url::{Url, is_secure_or_loopback};
use crate::jose::Algorithm;
use crate::requirement::Requirement;
use crate::token::AccessToken;
pub(crate) use name::same_but_for_slash;

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
/// let issuer = Issuer::new("https://as.example.com").with_key_set_file("/etc/api/issuer.jwks");
/// ```
#[derive(Clone)]
pub struct Issuer {
    identifier: String,
    source: KeySource,
    pub(crate) rules: IssuerRules,
}

/// What an issuer's own tokens must be like, beside what the profile and the server ask of every token.
#[derive(Clone, Debug, Default)]
pub(crate) struct IssuerRules {
    /// `None`: all of the profile's.
    pub(crate) algorithms: Option<Vec<Algorithm>>,
    /// Empty: those of the server.
    pub(crate) audiences: Vec<String>,
    pub(crate) claims: Option<Requirement>,
    /// `None`: it is never asked about tokens.
    pub(crate) introspection: Option<Introspection>,
}

/// An issuer as a running server holds its tokens to it.
#[derive(Debug)]
pub(crate) struct TrustedIssuer {
    pub(crate) keys: Arc<IssuerKeys>,
    /// SP 5.4.1-1, R7: its tokens are signed with one of these.
    pub(crate) algorithms: Vec<Algorithm>,
    /// RFC 9068 §4: one of them must be in the `aud` of its tokens.
    pub(crate) audiences: Vec<String>,
    /// What else its tokens must say.
    pub(crate) claims: Option<Requirement>,
    /// Whom to ask about its tokens.
    pub(crate) introspector: Option<Arc<Introspector>>,
}

impl TrustedIssuer {
    pub(crate) fn takes_opaque_tokens(&self) -> bool {
        self.introspector.as_ref().is_some_and(|introspector| introspector.takes_opaque_tokens())
    }
}

/// Where an issuer's keys come from.
#[derive(Clone)]
enum KeySource {
    Metadata,
    JwksUri(String),
    KeySet(String),
    File(PathBuf),
}

impl Issuer {
    /// The issuer with this identifier: an absolute https URL without query and fragment (RFC 8414 §2).
    ///
    /// A token's `iss` must equal the identifier that the issuer's metadata states, byte for byte. Here one trailing
    /// slash more or less than there is forgiven; where no metadata is read, the issuer's first good token says which it is.
    #[must_use]
    pub fn new(identifier: impl Into<String>) -> Self {
        Self { identifier: identifier.into(), source: KeySource::Metadata, rules: IssuerRules::default() }
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

    /// Takes the keys from this file (a JWK Set, RFC 7517 §5, of at most 512 KiB) and never uses the network: for closed
    /// networks.
    ///
    /// The file is read when the server is built, and once a minute while it runs, which needs a tokio runtime: a rotated
    /// key counts without a restart. As long as the file is missing or cannot be used, the last good keys stay for up to
    /// 24 hours; then the issuer's tokens are answered with 503. Replace it in one step, by renaming a new file.
    #[must_use]
    pub fn with_key_set_file(self, path: impl Into<PathBuf>) -> Self {
        Self { source: KeySource::File(path.into()), ..self }
    }

    /// Accepts only these algorithms of the profile for this issuer's tokens; all of the profile's by default.
    #[must_use]
    pub fn with_token_algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.rules.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// What this issuer calls the API in the `aud` of its tokens, instead of the audiences of the server. May be repeated,
    /// and then each is accepted.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.rules.audiences.push(audience.into());
        self
    }

    /// What this issuer's tokens must say beyond what is asked of every token: a predicate over the token, with the claims
    /// type `C` that the server was built with. A token that does not meet it is refused as invalid (401), whatever the
    /// route; `name` appears in the log, never in the answer. May be repeated, and then all must hold.
    ///
    /// ```
    /// use fapi_core::{AccessToken, Issuer};
    ///
    /// // A partner's users come with a prefix, so that none of them can be taken for one of ours.
    /// let partner = Issuer::new("https://as.partner.example")
    ///     .with_claim_rule("partner's users", |token: &AccessToken| {
    ///         token.subject().as_str().starts_with("partner:")
    ///     });
    /// ```
    #[must_use]
    pub fn with_claim_rule<C, F>(mut self, name: &str, predicate: F) -> Self
    where
        C: Any + Send + Sync,
        F: Fn(&AccessToken<C>) -> bool + Send + Sync + 'static,
    {
        let rule = Requirement::claims(name, predicate);
        self.rules.claims = Some(match self.rules.claims.take() {
            Some(others) => others.and(rule),
            None => rule,
        });
        self
    }

    /// Asks this issuer about tokens (RFC 7662): about opaque ones, and with
    /// [`Revocation::introspection`](crate::Revocation::introspection) about its JWTs too.
    #[must_use]
    pub fn with_introspection(mut self, introspection: Introspection) -> Self {
        self.rules.introspection = Some(introspection);
        self
    }

    /// Whether something must be fetched over HTTP.
    pub(crate) fn is_remote(&self) -> bool {
        self.rules.introspection.is_some()
            || !matches!(self.source, KeySource::KeySet(_) | KeySource::File(_))
    }

    /// Whether this server authenticates to it with a certificate, which only an HTTP client can show.
    #[cfg(feature = "reqwest")]
    pub(crate) fn needs_client_certificate(&self) -> bool {
        self.rules.introspection.as_ref().is_some_and(Introspection::is_mutual_tls)
    }

    /// The identifier, as configured.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.identifier
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source: &dyn fmt::Debug = match &self.source {
            KeySource::Metadata => &"metadata",
            KeySource::JwksUri(uri) => uri,
            KeySource::KeySet(_) => &"key set",
            KeySource::File(path) => path,
        };
        formatter
            .debug_struct("Issuer")
            .field("identifier", &self.identifier)
            .field("source", source)
            .field("rules", &self.rules)
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
    /// The file of the issuer's keys cannot be read.
    #[error("the key set file {path:?} of the issuer {issuer:?} cannot be read: {reason}")]
    KeySetFile {
        /// The issuer's identifier.
        issuer: String,
        /// The path of the file.
        path: PathBuf,
        /// Why not.
        reason: Arc<str>,
    },
    /// SP 5.4.1-1: the issuer's own algorithms are none, or not among those that the profile accepts for tokens.
    #[error(
        "the token algorithms of the issuer {0:?} must be at least one, and all of them among those of the profile"
    )]
    Algorithms(String),
    /// There is no metadata to say where the issuer is asked about tokens.
    #[error(
        "the issuer {0:?} needs an introspection.endpoint (in code, Introspection::with_endpoint), since its metadata is not read"
    )]
    IntrospectionEndpointMissing(String),
    /// RFC 7662 §4: the configured introspection endpoint is not an absolute https URL.
    #[error("the introspection endpoint {0:?} is not an absolute https URL")]
    IntrospectionEndpoint(String),
    /// RFC 8705 §2: the default HTTP client has no certificate to authenticate with.
    #[error(
        "mutual TLS at the issuer {0:?} needs an HTTP client with a certificate: pass one with http_client, such as ReqwestClient::builder().client_certificate(..)"
    )]
    ClientCertificateMissing(String),
    /// This server needs a `client_id` at the issuer.
    #[error("the client_id for introspection at the issuer {0:?} is empty")]
    ClientIdEmpty(String),
    /// An answer would be kept for too long.
    #[error(
        "introspection.{name} {}s cannot be used: it must be at most {}s",
        value.as_secs_f64(), most.as_secs()
    )]
    IntrospectionAge {
        /// Which one.
        name: &'static str,
        /// The configured value.
        value: Duration,
        /// Its upper bound.
        most: Duration,
    },
    /// The issuer would never be asked.
    #[error("introspection.budget 0 cannot be used: no token could be asked about")]
    IntrospectionBudget,
    /// The issuer's own audience is empty, which would match nothing.
    #[error("an audience of the issuer {0:?} is empty")]
    AudienceEmpty(String),
}
