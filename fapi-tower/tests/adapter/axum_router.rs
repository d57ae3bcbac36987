//! axum: wherever the layer is, it sees the path that the client sent (R50, P27).

use axum::body::Body;
use axum::extract::Request;
use axum::routing::{any, get, post_service};
use axum::{Router, http};
use fapi_tower::{MetadataService, RequireLayer, Requirement};
use http::StatusCode;
use http::request::Builder;
use tower::{Layer, ServiceBuilder, service_fn};

use crate::api::{access_token_layer, send, valid_request};
use fapi_testkit::Scenario;

fn body(builder: Builder) -> Request {
    builder.body(Body::empty()).unwrap()
}

async fn ok(app: &Router, api: &Scenario, path: &str) {
    let (parts, _) = send(app.clone(), body(valid_request(api, "GET", path))).await;
    assert_eq!(parts.status, StatusCode::OK, "{path}");
    // A proof for another path is refused, so the right path was compared.
    let token = api.token().sign();
    let wrong = http::Request::builder()
        .uri(path)
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", api.proof("GET", "/records", &token).sign());
    let (parts, _) = send(app.clone(), body(wrong)).await;
    let expected = if path == "/records" { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
    assert_eq!(parts.status, expected, "{path}");
    let (parts, _) = send(app.clone(), body(http::Request::builder().uri(path))).await;
    assert_eq!(parts.status, StatusCode::UNAUTHORIZED, "{path}");
}

#[tokio::test]
async fn on_a_router() {
    let api = Scenario::new();
    let app = Router::new().route("/records", get(|| async { "" })).layer(access_token_layer(&api));
    ok(&app, &api, "/records").await;
}

#[tokio::test]
async fn as_a_route_layer() {
    let api = Scenario::new();
    let app = Router::new()
        .route("/records/{id}", get(|| async { "" }))
        .route_layer(access_token_layer(&api))
        .route("/healthz", get(|| async { "" }))
        .route_service(api.server.metadata().path(), MetadataService::new(&api.server));
    ok(&app, &api, "/records/1").await;
    for open in ["/healthz", "/.well-known/oauth-protected-resource"] {
        let (parts, _) = send(app.clone(), body(http::Request::builder().uri(open))).await;
        assert_eq!(parts.status, StatusCode::OK);
    }
}

// P27
#[tokio::test]
async fn on_a_nested_router() {
    let api = Scenario::new();
    let inner = Router::new().route("/records", get(|| async { "" })).layer(access_token_layer(&api));
    let app = Router::new().nest("/v1", Router::new().nest("/api", inner));
    ok(&app, &api, "/v1/api/records").await;
}

#[tokio::test]
async fn around_nested_routers() {
    let api = Scenario::new();
    let inner = Router::new().route("/records", get(|| async { "" }));
    let app = Router::new().nest("/v1", inner).layer(access_token_layer(&api));
    ok(&app, &api, "/v1/records").await;
}

// P27
#[tokio::test]
async fn on_a_nested_service() {
    let api = Scenario::new();
    let service = access_token_layer(&api).layer(service_fn(|_: Request| async {
        Ok::<_, std::convert::Infallible>(http::Response::new(Body::empty()))
    }));
    let app = Router::new()
        .nest_service("/files", service.clone())
        .nest("/outer", Router::new().nest_service("/files", service));
    ok(&app, &api, "/files/a%2Fb").await;
    ok(&app, &api, "/outer/files/a").await;
}

#[tokio::test]
async fn around_a_whole_router() {
    let api = Scenario::new();
    let inner = Router::new().route("/records", get(|| async { "" }));
    let app =
        Router::new().fallback_service(access_token_layer(&api).layer(Router::new().nest("/v1", inner)));
    ok(&app, &api, "/v1/records").await;
}

#[tokio::test]
async fn on_merged_routers_and_on_a_fallback() {
    let api = Scenario::new();
    let records = Router::new().route("/records", get(|| async { "" }));
    let app = Router::new().merge(records).fallback(any(|| async { "" })).layer(access_token_layer(&api));
    ok(&app, &api, "/records").await;
    ok(&app, &api, "/nowhere").await;
    let unprotected = Router::new().route("/healthz", get(|| async { "" }));
    let (parts, _) = send(app.merge(unprotected), body(http::Request::builder().uri("/healthz"))).await;
    assert_eq!(parts.status, StatusCode::OK);
}

#[tokio::test]
async fn as_part_of_a_service_builder_with_a_requirement() {
    let api = Scenario::new();
    let layers = ServiceBuilder::new()
        .layer(access_token_layer(&api))
        .layer(RequireLayer::new(Requirement::scope("records:read")));
    let app = Router::new().route("/v1/records", get(|| async { "" })).layer(layers);
    ok(&app, &api, "/v1/records").await;
}

#[tokio::test]
async fn the_layer_on_a_router_serves_the_metadata_without_a_route() {
    let api = Scenario::new();
    let app = Router::new().route("/records", get(|| async { "" })).layer(access_token_layer(&api));
    let (parts, body_text) =
        send(app, body(http::Request::builder().uri("/.well-known/oauth-protected-resource"))).await;
    assert_eq!((parts.status, body_text.as_str()), (StatusCode::OK, api.server.metadata().json()));
}

/// A layer inside of `AccessTokenLayer` may rewrite the path as it likes; one outside must not.
#[tokio::test]
async fn the_handler_sees_the_request_as_its_router_left_it() {
    let api = Scenario::new();
    let path = service_fn(|request: Request| async move {
        Ok::<_, std::convert::Infallible>(http::Response::new(request.uri().path().to_owned()))
    });
    let inner = Router::new().route("/records", post_service(path)).layer(access_token_layer(&api));
    let app = Router::new().nest("/v1", inner);
    let (_, path) = send(app, body(valid_request(&api, "POST", "/v1/records"))).await;
    assert_eq!(path, "/records");
}
