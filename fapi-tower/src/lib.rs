//! A **FAPI 2.0 resource server** as a [tower] layer: every request needs a valid access token that is bound to the
//! caller's key. For axum, plain hyper, tonic, and whatever else is a tower service over [`http::Request`].
//!
//! The decision is [`fapi_core`]'s; this crate carries it: it hands over the facts of the request and sends what was
//! decided.
//!
//! [tower]: https://docs.rs/tower
//!
//! # What the layer does
//!
//! [`AccessTokenLayer`], for each request:
//!
//! 1. answers the requests for the metadata document of this API (RFC 9728) itself, without a token;
//! 2. answers a CORS preflight with 204 and no permission, so that it reaches no handler (see [`Cors`] for the other ways);
//! 3. has the server verify the access token and the proof of its key: the DPoP proof of the request, or the
//!    [`PeerCertificate`] in the request's extensions; and, where an outer layer has put a [`StatedIssuer`] there, that the
//!    token is one of that issuer;
//! 4. **refuses** with the status, the challenge and the body that the server chose, without calling the inner service.
//!    The [`Rejection`] is in the response's extensions, for outer layers to log. For gRPC see
//!    [`AccessTokenLayer::with_grpc_status`];
//! 5. or puts [`Verified`] into the request's extensions and calls the inner service, for [`RequireLayer`] and the
//!    extractor [`AccessToken`] to find;
//! 6. adds `DPoP-Nonce` to the answer where the client needs a new nonce, and `Cache-Control: no-store` to such an answer
//!    unless the handler has set a `Cache-Control`;
//! 7. exposes `WWW-Authenticate` and `DPoP-Nonce` to scripts of other origins.
//!
//! # Quick start with axum
//!
//! ```
//! use axum::{Router, routing::get};
//! use std::time::Duration;
//! use fapi_tower::{AccessToken, AccessTokenLayer, Issuer, RequireLayer, Requirement, ResourceServer, Revocation};
//!
//! async fn whoami(token: AccessToken) -> String {
//!     token.subject().as_str().to_owned()
//! }
//!
//! let server = ResourceServer::builder()
//!     .public_url("https://api.example.com")
//!     .issuer(Issuer::new("https://as.example.com"))
//!     .audience("https://api.example.com")
//!     .revocation(Revocation::max_token_lifetime(Duration::from_secs(300)))
//!     .build()?;
//!
//! let app: Router = Router::new()
//!     .route("/records", get(|| async { "..." }))
//!     .route_layer(RequireLayer::new(Requirement::scope("records:read")))
//!     .route("/whoami", get(whoami))
//!     .layer(AccessTokenLayer::new(server));
//! # Ok::<(), fapi_tower::fapi_core::ConfigError>(())
//! ```
//!
//! # hyper and tonic
//!
//! Any service: `ServiceBuilder::new().layer(AccessTokenLayer::new(server)).service(service)`; for hyper, wrap the result
//! in `hyper_util::service::TowerToHyperService`. tonic:
//! `Server::builder().layer(AccessTokenLayer::new(server).with_grpc_status())`; handlers find [`Verified`] in
//! `request.extensions()`. The inner service must be `Clone`, and its response body's data `Bytes`.
//!
//! # Deployment caveats
//!
//! * **`public_url`** is what clients type, not what this process sees: proofs are compared with it, never with `Host`.
//! * **A proxy** in front of the API is believed about the client's certificate and the host only if it is a
//!   [`TrustedProxy`](fapi_core::TrustedProxy). For that, its address must be known: serve with
//!   `into_make_service_with_connect_info::<Connection>()` (feature `axum`), or put [`Peer`] into the request's extensions.
//!   From anybody else its headers are removed.
//! * **Client certificates** of the connection come with `TlsListener` (feature `rustls`) and `Connection`. Whoever accepts
//!   connections in another way puts a [`PeerCertificate`] into the request's extensions; with rustls,
//!   `PeerCertificate::of_connection` makes it.
//! * **The path** must be the client's. Under axum's nested routers it is found again (feature `axum`). A layer that
//!   rewrites the path must be inside of this one; a prefix that a gateway strips belongs in `public_url`.
//! * **Order.** In axum the layer added last runs first. [`RequireLayer`] goes inside of [`AccessTokenLayer`]. A CORS layer
//!   goes outside of it, or browsers cannot read refusals; if it lists exposed headers, it must list `WWW-Authenticate` and
//!   `DPoP-Nonce` too.
//! * **One server, one layer per request.** Clone the [`ResourceServer`] instead of building a second one, which would not
//!   know the proofs that the first one has seen; and let a request meet one layer only, since a proof is good for one
//!   verification.
//! * **`Router::route_layer`** does not see paths without a route: mount [`MetadataService`] yourself. The same holds for a
//!   layer on a nested router.
//! * **Preflight.** With [`Cors::PassPreflight`], for a CORS layer inside of this one, whatever ignores the method can be
//!   called without a token by requests that look like a preflight: tonic services, `any(handler)`, proxies. Those that
//!   announce content do not pass, but the body itself is not looked at. [`RequireLayer`] and [`AccessToken`] refuse them.
//!
//! # Features
//!
//! | feature | default | what |
//! |---|---|---|
//! | `axum` | yes | the extractor [`AccessToken`]; the client's path under nested routers |
//! | `rustls` | no | `TlsListener`: TLS for `axum::serve`, with client certificates |
//! | `aws-lc-rs`, `reqwest` | yes | those of [`fapi_core`] |
//! | `josekit`, `josekit-vendored` | no | those of [`fapi_core`] |
//!
//! [`fapi_core`] is re-exported whole, and at the root what nearly every user needs of it.

mod body;
#[cfg(feature = "axum")]
mod connection;
mod cors;
#[cfg(feature = "axum")]
mod extract;
mod future;
mod layer;
mod metadata;
mod refusal;
mod request;
mod require;
mod security_events;
mod service;
#[cfg(feature = "rustls")]
mod tls;

pub use fapi_core;
pub use fapi_core::{
    Cors, Issuer, NoClaims, NoncePolicy, Peer, PeerCertificate, Profile, Rejection, Requirement,
    ResourceServer, Revocation, StatedIssuer, Verified,
};

pub use body::ResponseBody;
#[cfg(feature = "axum")]
pub use connection::Connection;
#[cfg(feature = "axum")]
pub use extract::{AccessToken, AccessTokenRejection};
pub use future::ResponseFuture;
pub use layer::AccessTokenLayer;
pub use metadata::MetadataService;
pub use require::{RequireFuture, RequireLayer, RequireService};
pub use security_events::{SecurityEventFuture, SecurityEventsService};
pub use service::AccessTokenService;
#[cfg(feature = "rustls")]
pub use tls::TlsListener;
