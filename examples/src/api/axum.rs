//! The API in axum: one layer around everything that needs a token, and one more where a route needs more.

use std::fmt::Debug;
use std::future::{Future, IntoFuture as _};
use std::io;
use std::pin::pin;

use axum::extract::State;
use axum::extract::connect_info::Connected;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::serve::{IncomingStream, Listener};
use axum::{Json, Router};
use fapi_core::{Requirement, ResourceServer};
use fapi_tower::{AccessToken, AccessTokenLayer, Connection, RequireLayer, SecurityEventsService};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{GRACE, HEALTHY, Login, Payment, READ, Records, SECURITY_EVENTS, WRITE, Whoami, recent_login};

/// The routes of the API.
pub fn router(server: ResourceServer) -> Router {
    let read = get(list).route_layer(RequireLayer::new(Requirement::scope(READ)));
    let write = post(add).route_layer(RequireLayer::new(Requirement::scope(WRITE)));
    let sensitive = get(sensitive).route_layer(RequireLayer::new(recent_login()));
    let payments = post(pay).route_layer(RequireLayer::new(Payment::consent()));
    let events = SecurityEventsService::new(&server);
    let protected = Router::new()
        .route("/whoami", get(whoami))
        .route("/records", read.merge(write))
        .route("/sensitive", sensitive)
        .route("/payments", payments)
        // Without a route of its own, a path would be answered outside of the layer.
        .fallback(|| async { StatusCode::NOT_FOUND })
        .with_state(Records::default())
        .layer(AccessTokenLayer::new(server));
    Router::new()
        .route("/healthz", get(|| async { Json(HEALTHY) }))
        .route_service(SECURITY_EVENTS, events)
        .merge(protected)
}

async fn whoami(token: AccessToken) -> impl IntoResponse {
    Json(Whoami::of(&token)).into_response()
}

async fn list(State(records): State<Records>) -> impl IntoResponse {
    Json(records.list())
}

async fn add(token: AccessToken, State(records): State<Records>) -> impl IntoResponse {
    (StatusCode::CREATED, Json(records.add(&token)))
}

async fn sensitive(token: AccessToken) -> impl IntoResponse {
    Json(Login::of(&token)).into_response()
}

async fn pay(token: AccessToken) -> impl IntoResponse {
    let payment = Payment::granted_by(&token).ok_or(StatusCode::FORBIDDEN)?;
    Ok::<_, StatusCode>((StatusCode::CREATED, Json(payment)))
}

/// Serves the API until `stop`; then lets the requests under way end. For plain TCP, a Unix domain socket, or TLS with
/// `fapi_tower::TlsListener`.
///
/// # Errors
/// Those of the listener.
pub async fn serve<L>(listener: L, server: ResourceServer, stop: impl Future<Output = ()>) -> io::Result<()>
where
    L: Listener<Addr: Debug>,
    Connection: for<'a> Connected<IncomingStream<'a, L>>,
{
    let (stopping, stopped) = oneshot::channel::<()>();
    // So that the layer knows the peer, and its certificate.
    let app = router(server).into_make_service_with_connect_info::<Connection>();
    let serving = axum::serve(listener, app).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let mut serving = pin!(serving.into_future());
    tokio::select! {
        ended = &mut serving => return ended,
        () = stop => drop(stopping),
    }
    timeout(GRACE, serving).await.unwrap_or(Ok(()))
}
