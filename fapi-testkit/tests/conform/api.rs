//! An API in this process, behind the project's own tower layer.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use fapi_core::{RejectionBody, Requirement, ResourceServerBuilder, UnixTime};
use fapi_testkit::ManualClock;
use fapi_testkit::catalogue::{CatalogueIssuer, Profile};
use fapi_testkit::conform::Options;
use fapi_tower::{AccessToken, AccessTokenLayer, Issuer, RequireLayer, ResourceServer};

pub(crate) const API: &str = "https://api.example.com";
pub(crate) const SCOPE: &str = "records:read";

/// An issuer, and a clock that stands still.
pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) issuer: CatalogueIssuer,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::at(UnixTime::from_secs(1_750_000_000));
        let issuer = CatalogueIssuer::new("https://as.example.com", Profile::Fapi2);
        Self { issuer: issuer.with_clock(Arc::new(clock.clone())), clock }
    }

    pub(crate) fn options(&self) -> Options {
        Options::new(API).scope_route("/records", SCOPE).clock(Arc::new(self.clock.clone())).rate(5000)
    }

    /// The API, two minutes old: it remembers every proof that it would accept.
    pub(crate) fn api(
        &self,
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> Router {
        let builder = ResourceServer::builder()
            .public_url(API)
            .audience(API)
            .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
            .issuer(Issuer::new(self.issuer.identifier()).with_key_set(self.issuer.jwks()))
            .rejection_body(RejectionBody::ProblemJson)
            .clock(Arc::new(self.clock.clone()));
        let server = configure(builder).build().expect("a valid configuration");
        self.clock.advance(Duration::from_secs(120));
        let records = get(async || "[]").route_layer(RequireLayer::new(Requirement::scope(SCOPE)));
        Router::new()
            .route("/whoami", get(async |token: AccessToken| token.subject().as_str().to_owned()))
            .route("/records", records)
            .fallback(async || StatusCode::NOT_FOUND)
            .layer(AccessTokenLayer::new(server))
    }
}
