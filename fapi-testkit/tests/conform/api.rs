//! An API in this process, behind the project's own tower layer.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use fapi_core::{RejectionBody, Requirement, ResourceServerBuilder, UnixTime};
use fapi_testkit::catalogue::{CatalogueIssuer, Profile};
use fapi_testkit::conform::Options;
use fapi_testkit::{ManualClock, Scenario};
use fapi_tower::{AccessToken, AccessTokenLayer, Issuer, RequireLayer, ResourceServer};
use serde::Deserialize;

pub(crate) const API: &str = Scenario::PUBLIC_URL;
pub(crate) const SCOPE: &str = "records:read";
const ACR_VALUES: [&str; 2] = ["urn:example:loa:substantial", "urn:example:loa:high"];
const MAX_AGE: Duration = Duration::from_secs(300);
const PAYMENT: &str = "payment_initiation";

/// An authorization detail.
#[derive(Deserialize, serde::Serialize)]
struct Payment {
    amount: String,
}

/// What `/sensitive` asks for.
pub(crate) fn recent_login() -> Requirement {
    Requirement::acr_any(ACR_VALUES).and(Requirement::max_age(MAX_AGE))
}

/// What `POST /payments` asks for.
pub(crate) fn consent() -> Requirement {
    Requirement::authorization_details(PAYMENT, |payment: &Payment| payment.amount == "123.50")
}

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
        let detail = r#"{"type": "payment_initiation", "amount": "123.50"}"#.parse().unwrap();
        Options::new(API)
            .scope_route("/records", SCOPE)
            .step_up_route("/sensitive", &ACR_VALUES.join(" "), Some(MAX_AGE))
            .details_route("POST", "/payments", detail)
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
        router(self.server(|builder| configure(builder.rejection_body(RejectionBody::ProblemJson))))
    }
}

/// The API behind this server.
pub(crate) fn router(server: ResourceServer) -> Router {
    let records = get(async || "[]").route_layer(RequireLayer::new(Requirement::scope(SCOPE)));
    Router::new()
        .route("/whoami", get(async |token: AccessToken| token.subject().as_str().to_owned()))
        .route("/records", records)
        .route("/sensitive", get(async || "[]").route_layer(RequireLayer::new(recent_login())))
        .route("/payments", post(async || "{}").route_layer(RequireLayer::new(consent())))
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(AccessTokenLayer::new(server))
}
