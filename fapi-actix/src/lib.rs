//! The **FAPI 2.0 resource server** as actix-web middleware: one `.wrap`, and from then on every request needs a valid
//! access token that is bound to the caller's key.
//!
//! The decisions are made by [`fapi_core`], whose documentation says what is verified and what is **not**. This crate
//! hands it the facts of a request and carries its answers.
//!
//! # Quick start
//!
//! Build the server **outside** the closure of `HttpServer::new`, which runs once for each worker, and clone it into it:
//!
//! ```
//! use actix_web::{App, HttpServer, web};
//! use std::time::Duration;
//! use fapi_actix::{AccessToken, AccessTokenMiddleware, Issuer, Require, Requirement, ResourceServer, Revocation};
//!
//! async fn records(token: AccessToken) -> String {
//!     format!("records of {}", token.subject().as_str())
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = ResourceServer::builder()
//!     .public_url("https://api.example.com")
//!     .issuer(Issuer::new("https://as.example.com"))
//!     .audience("https://api.example.com")
//!     .revocation(Revocation::max_token_lifetime(Duration::from_secs(300)))
//!     .build()?;
//! let api = HttpServer::new(move || {
//!     App::new()
//!         .service(
//!             web::resource("/records")
//!                 .wrap(Require::new(Requirement::scope("records:read")))
//!                 .route(web::get().to(records)),
//!         )
//!         .wrap(AccessTokenMiddleware::new(server.clone()))
//! });
//! # let _ = api;
//! # Ok(())
//! # }
//! ```
//!
//! # What the middleware does
//!
//! 1. `GET` and `HEAD` of the protected resource metadata (RFC 9728) are answered, without a token. Where the middleware
//!    wraps only a scope or a resource, mount [`metadata`] on the `App`.
//! 2. A CORS preflight (`OPTIONS` with `Origin` and `Access-Control-Request-Method`, and without `Authorization`) is
//!    answered with 204 and no permission, so that it reaches no handler. See [`Cors`] for the other ways.
//! 3. Every other request is verified, once. It is compared with its path as the client sent it, whatever scopes it is
//!    routed through.
//! 4. If it is refused, the handler is not called. The [`Rejection`] is the answer, and is found in
//!    the response's extensions by middleware further out.
//! 5. If it is accepted, its [`Verified`] token is put into the request's extensions, for
//!    [`AccessToken`] and [`Require`].
//! 6. A nonce that is due is added to the answer as `DPoP-Nonce`, with `Cache-Control: no-store` unless the handler has
//!    set a `Cache-Control`.
//! 7. On requests with `Origin`, refusals and answers with a nonce expose `WWW-Authenticate` and `DPoP-Nonce`
//!    (`Access-Control-Expose-Headers`).
//!
//! # Deployment caveats
//!
//! * **Order of `.wrap`.** On one `App`, scope or resource, what is wrapped last runs first. Wrap [`Require`] before
//!   [`AccessTokenMiddleware`], and wrap the latter once in all: a second one sees the same DPoP proof again.
//! * **`NormalizePath`** rewrites the path. Wrapped after this middleware it runs first, and then a proof for the path
//!   that the client has sent does not fit: wrap it before.
//! * **Preflight.** With [`Cors::PassPreflight`], for a CORS middleware inside of this one, whatever ignores the method,
//!   such as `web::resource("/").to(handler)`, can be called without a token by requests that look like a preflight.
//!   [`Require`] and [`AccessToken`] refuse them.
//! * **A CORS middleware** goes outside of this one, or browsers cannot read refusals; if it lists exposed headers, it
//!   must list `WWW-Authenticate` and `DPoP-Nonce` too.
//! * **Client certificates** of the connection are known with `HttpServer::on_connect(fapi_actix::on_connect)` and the
//!   feature `rustls`; see [`on_connect`]. Behind a proxy that terminates TLS, name it as a
//!   [`TrustedProxy`](fapi_core::TrustedProxy): its headers count, and everybody else's are removed.
//! * **Clients that connect and say nothing.** actix-web has 256 TLS handshakes going on in each worker, each for up to 3 s,
//!   and takes no further connection until one of them ends. Where the API is open to everybody, raise the number
//!   (`HttpServer::max_connection_rate`), shorten the time (`HttpServer::tls_handshake_timeout`), or let a proxy in front
//!   terminate TLS.
//! * **The issuer that a client says it uses** is compared with the token's if an outer middleware has put a
//!   [`StatedIssuer`] into the request's extensions.
//! * **`Option<AccessToken>`** is `None` where the middleware is missing, and the handler runs: actix-web itself turns
//!   every error into `None`. Take [`OptionalAccessToken`] instead. `Result<AccessToken, _>` and `Either<AccessToken, _>`
//!   let the handler run as well.
//!
//! # Features
//!
//! | feature | default | what |
//! |---|---|---|
//! | `rustls` | no | [`on_connect`] knows the client certificates of `HttpServer::bind_rustls_0_23` |
//! | `aws-lc-rs`, `reqwest` | yes | those of [`fapi_core`] |
//! | `josekit`, `josekit-vendored` | no | those of [`fapi_core`] |
//!
//! [`fapi_core`] is re-exported whole, and at the root what nearly every user needs of it.

mod connection;
mod cors;
mod extract;
mod metadata;
mod middleware;
mod require;
mod response;
mod security_events;
mod worker;

pub use fapi_core;
pub use fapi_core::{
    Cors, Issuer, NoClaims, NoncePolicy, Peer, PeerCertificate, Profile, Rejection, Requirement,
    ResourceServer, Revocation, StatedIssuer, Verified,
};

pub use connection::on_connect;
pub use extract::{AccessToken, AccessTokenRejection, OptionalAccessToken};
pub use metadata::metadata;
pub use middleware::AccessTokenMiddleware;
#[doc(hidden)]
pub use middleware::AccessTokenService;
pub use require::Require;
#[doc(hidden)]
pub use require::RequireService;
pub use security_events::security_events;
