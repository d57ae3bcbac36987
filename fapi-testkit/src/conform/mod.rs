//! Runs the [catalogue](crate::catalogue) against a resource server and reports what it finds.
//!
//! In a test, against a tower service, such as an axum router with its layer:
//!
//! ```
//! use axum::{Router, routing::get};
//! use fapi_testkit::catalogue::{CatalogueIssuer, Profile};
//! use fapi_testkit::conform;
//! use fapi_tower::{AccessToken, AccessTokenLayer, Issuer, ResourceServer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let api = "https://api.example.com";
//! let issuer = CatalogueIssuer::new("https://as.example.com", Profile::Fapi2);
//! let server = ResourceServer::builder()
//!     .public_url(api)
//!     .audience(api)
//!     .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
//!     .issuer(Issuer::new(issuer.identifier()).with_key_set(issuer.jwks()))
//!     .build()?;
//! let router = Router::new()
//!     .route("/whoami", get(async |token: AccessToken| token.subject().as_str().to_owned()))
//!     .layer(AccessTokenLayer::new(server));
//!
//! # let quick = |options: conform::Options| options.only(["credentials"]);
//! # let options = quick(conform::Options::new(api));
//! # if false {
//! let options = conform::Options::new(api).route("GET", "/whoami").rate(1000);
//! # }
//! conform::run(router, issuer, options).await?.assert_passed();
//! # Ok(())
//! # }
//! ```
//!
//! An actix-web application is tested with `run_actix`, with the feature `actix`, and one of another framework or
//! language over a socket: [`HttpTarget`] with [`run_against`].
//!
//! A run never sends more than [`Options::rate`] requests a second and never lasts longer than [`Options::time_limit`].

mod credentials;
pub mod fleet;
mod judge;
mod needs;
mod options;
mod pace;
mod ready;
mod redact;
pub mod report;
mod runner;
mod target;

pub use credentials::{Credentials, Secret};
pub use options::{Answers, Options};
pub use ready::CannotTest;
pub use report::Report;
pub use runner::{Progress, run_against};
#[cfg(feature = "actix")]
pub use target::ActixTarget;
pub use target::{HttpTarget, ServiceTarget, Target, TargetError, TlsFiles};

use fapi_core::{Binding, PeerCertificate};
use http_body_util::Full;
use hyper::body::{Body, Bytes};
use hyper::http::{Request, Response};
use tower_service::Service;

use crate::TestCertificate;
use crate::catalogue::CatalogueIssuer;

/// The client certificate of a connection in this process, where valid requests need one.
fn certificate(options: &Options) -> Option<PeerCertificate> {
    let needed = options.terms().binding() == Binding::Mtls;
    needed.then(|| PeerCertificate::from_der(TestCertificate::generate().der().to_vec()))
}

/// Runs the catalogue against a tower service in this process, which trusts `issuer`. Where tokens are bound to
/// certificates only, each request has a [`PeerCertificate`] in its extensions, as whoever terminates TLS puts it there.
///
/// # Errors
/// If not even a valid request is served.
pub async fn run<S, B>(service: S, issuer: CatalogueIssuer, options: Options) -> Result<Report, CannotTest>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: std::fmt::Display,
    S::Future: Send,
    B: Body + Send,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let target = ServiceTarget::new(service);
    let target = match certificate(&options) {
        Some(certificate) => target.with_certificate(certificate),
        None => target,
    };
    run_against(&target, Credentials::Issuer(issuer), options, &mut |_| ()).await
}

/// Runs the catalogue against an actix-web application that trusts `issuer`, on a loopback port of its own. Where tokens
/// are bound to certificates only, each connection has a [`PeerCertificate`] in its data, as
/// [`HttpServer::on_connect`](actix_web::HttpServer::on_connect) puts it there.
///
/// ```
/// use actix_web::{App, web};
/// use fapi_actix::{AccessToken, AccessTokenMiddleware};
/// use fapi_core::{Issuer, ResourceServer, Revocation};
/// use fapi_testkit::catalogue::{CatalogueIssuer, Profile};
/// use fapi_testkit::conform;
///
/// async fn whoami(token: AccessToken) -> String {
///     token.subject().as_str().to_owned()
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let api = "https://api.example.com";
/// let issuer = CatalogueIssuer::new("https://as.example.com", Profile::Fapi2);
/// let server = ResourceServer::builder()
///     .public_url(api)
///     .audience(api)
///     .issuer(Issuer::new(issuer.identifier()).with_key_set(issuer.jwks()))
///     .revocation(Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
///     .build()?;
/// let app = move || {
///     App::new().route("/whoami", web::get().to(whoami)).wrap(AccessTokenMiddleware::new(server.clone()))
/// };
///
/// # let quick = |options: conform::Options| options.only(["credentials"]);
/// # let options = quick(conform::Options::new(api));
/// # if false {
/// let options = conform::Options::new(api).route("GET", "/whoami").rate(1000);
/// # }
/// conform::run_actix(app, issuer, options).await?.assert_passed();
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If the application does not start, or not even a valid request is served.
#[cfg(feature = "actix")]
pub async fn run_actix<F, I, S, B>(
    app: F,
    issuer: CatalogueIssuer,
    options: Options,
) -> Result<Report, CannotTest>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: actix_service::IntoServiceFactory<S, actix_http::Request>,
    S: actix_service::ServiceFactory<actix_http::Request, Config = actix_web::dev::AppConfig> + 'static,
    S::Error: Into<actix_web::Error>,
    S::InitError: std::fmt::Debug,
    S::Response: Into<actix_http::Response<B>>,
    B: actix_web::body::MessageBody + 'static,
{
    let target = ActixTarget::serve(app, certificate(&options))
        .map_err(|error| CannotTest::Unreachable(error.to_string()))?;
    run_against(&target, Credentials::Issuer(issuer), options, &mut |_| ()).await
}
