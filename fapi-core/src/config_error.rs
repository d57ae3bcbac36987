//! What can be wrong with a configuration. Each message names the setting and says what it should be.

use std::time::Duration;

use thiserror::Error as ThisError;

use crate::crypto::RandomError;
use crate::issuer::{HttpError, IssuerError};
use crate::profile::FAPI2_NAME;
use crate::proxy::TrustedProxyError;

/// Why a [`ResourceServer`](crate::ResourceServer) cannot be built.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum ConfigError {
    /// RFC 9449 §4.3 (9): without it no proof's `htu` can be checked.
    #[error(
        "public_url is missing: set it to the URL under which clients reach this API, such as https://api.example.com"
    )]
    PublicUrlMissing,
    /// Not an absolute https URL without user information, query and fragment.
    #[error("public_url {url:?} cannot be used: {reason}")]
    PublicUrl {
        /// The configured value.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The protected resource is not below the public URL.
    #[error("resource_path {path:?} cannot be used: {reason}")]
    ResourcePath {
        /// The configured value.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A trusted proxy is not configured in a safe way.
    #[error(transparent)]
    TrustedProxy(#[from] TrustedProxyError),
    /// No issuer is trusted.
    #[error("issuer is missing: name at least one authorization server whose tokens are accepted")]
    IssuerMissing,
    /// P40: an issuer that the profile refuses, such as that of a test environment in production.
    #[error(
        "issuer {issuer:?} may not be trusted under the profile {profile:?}: its tokens are for tests; use the profile of its environment"
    )]
    IssuerRefused {
        /// The configured issuer.
        issuer: String,
        /// The profile's name.
        profile: String,
    },
    /// An issuer's configuration cannot be used.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// RFC 8725 §3.8: two issuers of the same name.
    #[error("issuer {0:?} is configured twice")]
    IssuerRepeated(String),
    /// RFC 9068 §4: without it any API's tokens would be accepted.
    #[error(
        "audience is missing: set it to the identifier that the authorization server puts into this API's tokens"
    )]
    AudienceMissing,
    /// An empty audience would match nothing.
    #[error("audience is empty")]
    AudienceEmpty,
    /// SP 5.3.4-3, R4: a resource server verifies the revocation status of tokens, or keeps their lifetime short.
    #[error(
        "revocation is missing: say where revoked tokens are learnt of, or how long a token may live, such as revocation.max_token_lifetime = \"5m\" (in code, Revocation::max_token_lifetime)"
    )]
    RevocationMissing,
    /// R67: tokens have whole seconds, so that none would be accepted.
    #[error("revocation.max_token_lifetime {}s cannot be used: it must be at least 1s", .0.as_secs_f64())]
    MaxTokenLifetime(Duration),
    /// Encrypted tokens were asked for, without a key to decrypt them with.
    #[error("token_decryption has no key: name at least one to which the authorization server encrypts")]
    DecryptionKeyMissing,
    /// The file of a private key of this server cannot be used.
    #[error("{setting} {path:?} cannot be used: {reason}")]
    KeyFile {
        /// The setting that names the file.
        setting: &'static str,
        /// The path of the file.
        path: String,
        /// What is wrong with it, and nothing of what is in it.
        reason: String,
    },
    /// SSF §6.1.1: without an `Authorization` value anybody could push events; without an audience or an algorithm, nobody.
    #[error(
        "the security events of {0:?} need an audience, an Authorization value and at least one algorithm; one of them is empty"
    )]
    SecurityEvents(String),
    /// SSF §6.1.1: the `Authorization` value says whose event it is, so that no two transmitters may send the same.
    #[error(
        "the security events of {0:?} and of {1:?} have the same Authorization value: give each transmitter one of its own"
    )]
    SecurityEventsAmbiguous(String, String),
    /// R4: tokens of this issuer would not be asked about.
    #[error(
        "revocation.introspection needs introspection at every issuer, and the issuer {0:?} has none: configure its introspection (in code, Issuer::with_introspection)"
    )]
    IntrospectionMissing(String),
    /// Status lists were configured for an issuer that is not configured itself.
    #[error("the status list policy names the issuer {0:?}, which is not one of this server's issuers")]
    StatusListIssuer(String),
    /// R136: lists are fetched from origins, and only over https.
    #[error("the status list origin {0:?} is not of the form https://host or https://host:port")]
    StatusListOrigin(String),
    /// A status list would be kept for too long.
    #[error(
        "revocation.status_list.max_age {}s cannot be used: it must be at most {}s",
        value.as_secs_f64(), most.as_secs()
    )]
    StatusListAge {
        /// The configured value.
        value: Duration,
        /// Its upper bound.
        most: Duration,
    },
    /// An opaque token does not say whose it is.
    #[error(
        "the issuers {0:?} and {1:?} both have introspection for opaque tokens, which do not say whose they are: set introspection.for_jwts_only of all but one"
    )]
    OpaqueTokensAmbiguous(String, String),
    /// The profile accepts no algorithm for tokens or for proofs.
    #[error(
        "the profile {0:?} has no algorithm for tokens or none for proofs: token_algorithms and proof_algorithms must each name one"
    )]
    AlgorithmsMissing(String),
    /// SP 5.1.2: a profile that accepts more than FAPI 2.0 does may not bear its name (R20).
    #[error(
        "the profile accepts what FAPI 2.0 does not, and may not be called {FAPI2_NAME:?}: give it a profile.name of its own (in code, Profile::named)"
    )]
    ProfileName,
    /// A profile is known by its name, in the log and to people.
    #[error("profile.name is empty")]
    ProfileNameEmpty,
    /// The profile accepts tokens of no type.
    #[error(
        "profile.token_types is empty, so that no token would be accepted: name a type such as \"at+jwt\", or set untyped_tokens"
    )]
    TokenTypesMissing,
    /// No token has this type.
    #[error(
        "profile.token_types {0:?} cannot be used: a type is written without \"application/\", such as \"at+jwt\""
    )]
    TokenType(String),
    /// A window of the profile is out of bounds.
    #[error(
        "profile.{name} {}s cannot be used: it must be from {}s to {}s",
        value.as_secs_f64(), least.as_secs(), most.as_secs()
    )]
    Window {
        /// Which one.
        name: &'static str,
        /// The configured value.
        value: Duration,
        /// Its lower bound.
        least: Duration,
        /// Its upper bound.
        most: Duration,
    },
    /// A limit of the profile is out of bounds.
    #[error("profile.{name} {value} cannot be used: it must be from {least} to {most} bytes")]
    Size {
        /// Which one.
        name: &'static str,
        /// The configured value, in bytes.
        value: usize,
        /// Its lower bound.
        least: usize,
        /// Its upper bound.
        most: usize,
    },
    /// The in-memory replay store would refuse every proof, or does not fit in memory.
    #[error("memory_replay_store.capacity {value} cannot be used: it must be from 1 to {most} proofs")]
    ReplayCapacity {
        /// The configured value.
        value: usize,
        /// Its upper bound.
        most: usize,
    },
    /// A client's share of the replay store is more than the store, or less than can be told apart.
    #[error(
        "memory_replay_store.client_share {value} cannot be used: it must be from {least} to {most} proofs, of a capacity of {most}"
    )]
    ReplayClientShare {
        /// The configured value.
        value: usize,
        /// Its lower bound, a part of the capacity.
        least: usize,
        /// Its upper bound, the capacity.
        most: usize,
    },
    /// RFC 6749 §3.3: no token could ever have this scope.
    #[error(
        "scopes_supported {0:?} cannot be used: a scope is of visible ASCII characters without quotation mark and backslash, and several are a list"
    )]
    Scope(String),
    /// The default HTTP client cannot be set up.
    #[error(transparent)]
    HttpClient(#[from] HttpError),
    /// Built without a default provider and none was passed.
    #[error(
        "there is no crypto provider: enable the feature \"aws-lc-rs\", or pass one with crypto_provider"
    )]
    CryptoProviderMissing,
    /// RFC 9449 §9: nodes that share a replay store, but not the secrets of their nonces (R62, R64).
    #[error(
        "nonce_secrets is missing: nodes that share a replay store must know each other's nonces; give all of them the same secrets, or set nonce to \"off\""
    )]
    NonceSecretsMissing,
    /// The nonces cannot be made as configured.
    #[error("{0}")]
    Nonces(&'static str),
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The metadata document could not be written.
    #[error("the protected resource metadata could not be written")]
    Metadata,
}
