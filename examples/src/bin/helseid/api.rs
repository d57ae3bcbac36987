//! The API itself: all that an API behind HelseID needs is in this file.

use std::time::Duration;

use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use fapi_core::helseid::{self, HelseIdClaims};
use fapi_core::{
    ConfigError, Profile, RejectionBody, Requirement, ResourceServer, ResourceServerBuilder, Revocation,
};
use fapi_tower::{AccessToken, AccessTokenLayer, RequireLayer};
use serde::Serialize;

/// The short name ("kortnavn") of this API in HelseID's self-service.
pub(crate) const AUDIENCE: &str = "example:journal-api";
/// Its scopes, as registered there.
pub(crate) const READ: &str = "example:journal-api/read";
pub(crate) const REPORT: &str = "example:journal-api/report";
/// The suppliers whose systems may report, by organisation number.
pub(crate) const SUPPLIERS: [&str; 1] = ["994598759"];

/// HelseID's longest published lifetime of a token is an hour.
const MAX_TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Which tokens are accepted. `change` is for what differs between this demonstration and an API of your own.
pub(crate) fn resource_server(
    url: &str,
    change: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
) -> Result<ResourceServer, ConfigError> {
    let builder = ResourceServer::builder()
        // In production: Profile::helseid(), which refuses the issuers of the test environments.
        .profile(Profile::helseid_test())
        .public_url(url)
        .audience(AUDIENCE)
        .revocation(Revocation::max_token_lifetime(MAX_TOKEN_LIFETIME))
        .scopes_supported([READ, REPORT])
        .rejection_body(RejectionBody::ProblemJson);
    change(builder).build()
}

/// Who may do what.
pub(crate) fn router(server: ResourceServer) -> Router {
    // A health worker, at the highest level, on behalf of a point of care.
    let health_worker = Requirement::scope(READ)
        .and(helseid::user_at_level(4))
        .and(helseid::hpr_number())
        .and(helseid::parent_organisation())
        .and(helseid::child_organisation());
    // A system, without a user, of a supplier that is known here.
    let system = Requirement::scope(REPORT)
        .and(helseid::machine_to_machine())
        .and(helseid::parent_organisation())
        .and(helseid::supplier(SUPPLIERS));
    Router::new()
        .route("/journal", get(journal).route_layer(RequireLayer::new(health_worker)))
        .route("/reports", get(reports).route_layer(RequireLayer::new(system)))
        // Without a route of its own, a path would be answered outside of the layer.
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(AccessTokenLayer::new(server))
}

/// What a handler knows about the caller. No national identity number: it belongs neither in answers nor in logs.
#[derive(Serialize)]
struct Seen {
    hpr_number: Option<String>,
    parent_organisation: Option<String>,
    child_organisation: Option<String>,
    supplier: Option<String>,
}

async fn journal(token: AccessToken<HelseIdClaims>) -> Json<Seen> {
    Json(Seen::of(token.claims()))
}

async fn reports(token: AccessToken<HelseIdClaims>) -> Json<Seen> {
    Json(Seen::of(token.claims()))
}

impl Seen {
    fn of(claims: &HelseIdClaims) -> Self {
        Self {
            hpr_number: claims.hpr_number().map(Into::into),
            parent_organisation: claims.parent_organisation().map(Into::into),
            child_organisation: claims.child_organisation().map(Into::into),
            supplier: claims.supplier().map(Into::into),
        }
    }
}
