//! An API in this process, behind the project's own tower layer.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use fapi_core::{RejectionBody, Requirement, ResourceServerBuilder, UnixTime};
use fapi_testkit::catalogue::{CatalogueIssuer, Profile};
use fapi_testkit::conform::Options;
use fapi_testkit::{ManualClock, Scenario};
use fapi_tower::{AccessToken, AccessTokenLayer, Issuer, RequireLayer, ResourceServer};

pub(crate) const API: &str = Scenario::PUBLIC_URL;
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
        Options::new(API)
            .scope_route("/records", SCOPE)
            .other_methods()
            .clock(Arc::new(self.clock.clone()))
            .rate(5000)
    }

    /// A server that trusts the issuer, two minutes old: it remembers every proof that it would accept.
    pub(crate) fn server(
        &self,
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> ResourceServer {
        let trusted = Issuer::new(self.issuer.identifier()).with_key_set(self.issuer.jwks());
        let clock = Arc::new(self.clock.clone());
        let server = Scenario::trusting(trusted, |builder| configure(builder).clock(clock)).server;
        self.clock.advance(Duration::from_secs(120));
        server
    }

    /// The API behind such a server.
    pub(crate) fn api(
        &self,
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> Router {
        let server = self.server(|builder| configure(builder.rejection_body(RejectionBody::ProblemJson)));
        let records = get(async || "[]").route_layer(RequireLayer::new(Requirement::scope(SCOPE)));
        Router::new()
            .route("/whoami", get(async |token: AccessToken| token.subject().as_str().to_owned()))
            .route("/records", records)
            .fallback(async || StatusCode::NOT_FOUND)
            .layer(AccessTokenLayer::new(server))
    }
}
