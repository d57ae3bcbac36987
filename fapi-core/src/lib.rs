//! A **FAPI 2.0 resource server**: decides whether an HTTP request may reach an API.
//!
//! The crate knows no web framework. An adapter (`fapi-tower` for axum, hyper and tonic; `fapi-actix` for actix-web) hands
//! over the facts of a request as a [`ResourceRequest`]; [`ResourceServer::verify`] answers with the [`Verified`] token or
//! with the [`Rejection`] to send. Most users need an adapter and only the builder of this crate.
//!
//! # What is verified
//!
//! On every request: that there is exactly one access token, in the `Authorization` header; its signature under its
//! issuer's keys, its type, issuer, audience and times (RFC 9068); that it is bound to a key, and that the caller holds
//! that key: by a DPoP proof for this very request that was never used before (RFC 9449), or by the client certificate of
//! the connection (RFC 8705). Per route: a [`Requirement`]. Where it is configured, the issuer is asked about the token
//! (RFC 7662, RFC 9701): [`Issuer::with_introspection`], [`Revocation::introspection`].
//!
//! # What is NOT verified
//!
//! * **Revocation**, unless a source of it was chosen: with [`Revocation::max_token_lifetime`] alone, a token is accepted
//!   until it expires. [`DenyList`] and [`SecurityEvents`] know of a revocation with the next request, in this process.
//! * **Encrypted tokens** (JWE) are refused, unless the server has keys for them: then plain ones are
//!   ([`ResourceServerBuilder::token_decryption`]).
//! * **Opaque tokens** are refused, unless their issuer can be asked about them ([`Issuer::with_introspection`]).
//! * **The chain of a client certificate**: the TLS stack's task, where it is wanted (RFC 8705 §6.2).
//! * **Whether the user may see this record**: the application's task, with [`AccessToken::claims`].
//!
//! # Quick start
//!
//! ```
//! use std::time::Duration;
//! use fapi_core::{FieldLines, Issuer, ResourceRequest, ResourceServer, Revocation};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), fapi_core::ConfigError> {
//! let server = ResourceServer::builder()
//!     .public_url("https://api.example.com")
//!     .issuer(Issuer::new("https://as.example.com"))
//!     .audience("https://api.example.com")
//!     .revocation(Revocation::max_token_lifetime(Duration::from_secs(300)))
//!     .build()?;
//!
//! let request = ResourceRequest::new("GET", "/records", None);
//! let rejection = server.verify(&request).await.unwrap_err();
//! assert_eq!(rejection.status(), 401);
//! # Ok(())
//! # }
//! ```
//!
//! # Issuers and their keys
//!
//! Each [`Issuer`] has keys of its own, and may have its own algorithms, audiences and claim rules. Keys are loaded at the
//! start ([`ResourceServer::load_keys`]) or with the first token, and refreshed in the background while the server lives:
//! every ten minutes, or as the issuer's `Cache-Control` says (one minute to one hour). A request whose key is known waits
//! for nobody. A key that is not known is looked for once in 30 s at most. While an issuer cannot be reached, its last good
//! keys count for a day; then, and for keys that nobody knows, the answer is 503, not 401. Keys that cannot be used are left
//! out: of other types, RSA of less than 2048 or more than 4096 bits, private ones.
//!
//! # Features
//!
//! | feature | default | what |
//! |---|---|---|
//! | `aws-lc-rs` | yes | `AwsLcProvider`, the default provider of signatures, and `AwsLcSigningKey` |
//! | `reqwest` | yes | `ReqwestClient`, the default HTTP client for metadata, keys and introspection |
//! | `config` | no | `fapi_core::config`: settings from TOML and environment variables |
//! | `config-schema` | no | the JSON Schema of these settings |
//! | `rustls` | no | `ServerTls`: TLS that asks clients for certificates |
//! | `josekit` | no | on OpenSSL: `JosekitProvider`, a second provider of signatures, and `JosekitDecryptionKey`, for encrypted tokens |
//! | `josekit-vendored` | no | the same, with OpenSSL built from source |

#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation))]

mod authorization;
mod builder;
mod clock;
#[cfg(feature = "config")]
pub mod config;
mod config_error;
mod confirmation;
mod cors;
pub mod crypto;
mod deviations;
mod dpop;
mod error;
pub mod helseid;
mod interaction_id;
mod issuer;
pub mod jose;
mod metadata;
mod mtls;
mod outcome;
mod profile;
mod proxy;
mod rejection;
mod replay;
mod request;
mod requirement;
mod resource_server;
mod revocation;
mod start_log;
mod token;
mod token_verifier;
mod trust;
mod verified;

pub use builder::ResourceServerBuilder;
pub use clock::{Clock, SystemClock, UnixTime};
pub use config_error::ConfigError;
pub use confirmation::{Binding, Confirmation, SenderConstraint};
pub use cors::Cors;
pub use dpop::{NoncePolicy, NonceSecret, NonceSecretTooShort};
pub use error::{Error, TargetMismatch};
pub use interaction_id::InteractionIdPolicy;
pub use issuer::{
    ClientAuthentication, HttpClient, HttpError, HttpResponse, Introspection, Issuer, IssuerError,
    KeySetError,
};
#[cfg(feature = "reqwest")]
pub use issuer::{ReqwestClient, ReqwestClientBuilder};
pub use metadata::{ProtectedResourceMetadata, ResourceDescription};
pub use mtls::{
    CertificateHeader, CertificateHeaderError, CertificateThumbprint, InvalidThumbprint, PeerCertificate,
};
#[cfg(feature = "rustls")]
pub use mtls::{ClientCertificates, ServerTls, ServerTlsError};
pub use profile::{Deviation, Profile, UnknownProfile};
pub use proxy::{ForwardedError, ForwardedHeaders, Peer, TrustedProxy, TrustedProxyError};
pub use rejection::{Rejection, RejectionBody, ResponseBody};
pub use replay::{MemoryReplayStore, ProofClient, ProofUse, Replay, ReplayStore, ReplayStoreError};
pub use request::{FieldLines, ResourceRequest, StatedIssuer};
pub use requirement::{Requirement, StepUp};
pub use resource_server::ResourceServer;
pub use revocation::{
    DenyList, DenyListBuilder, DenyListFull, Revocation, RevocationSource, RevocationUnavailable,
    SecurityEventAnswer, SecurityEvents, StatusListPolicy, StreamVerification,
};
pub use token::{AccessToken, ClientId, NoClaims, Scope, StatusReference, Subject, TokenFacts};
pub use verified::Verified;
