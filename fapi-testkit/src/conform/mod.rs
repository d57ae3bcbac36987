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
//! An application of another framework is tested over a socket: [`HttpTarget`] with [`run_against`].
//!
//! A run never sends more than [`Options::rate`] requests a second and never lasts longer than [`Options::time_limit`].

mod credentials;
pub mod fleet;
mod judge;
mod options;
mod pace;
mod ready;
mod redact;
pub mod report;
mod runner;
mod target;

pub use credentials::{Credentials, Secret};
pub use options::Options;
pub use ready::CannotTest;
pub use report::Report;
pub use runner::{Progress, run_against};
pub use target::{HttpTarget, ServiceTarget, Target, TargetError, TlsFiles};

use http_body_util::Full;
use hyper::body::{Body, Bytes};
use hyper::http::{Request, Response};
use tower_service::Service;

use crate::catalogue::CatalogueIssuer;

/// Runs the catalogue against a tower service in this process, which trusts `issuer`.
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
    run_against(&target, Credentials::Issuer(issuer), options, &mut |_| ()).await
}
