//! The axum extractor, and what it says when it can find nothing.

use axum::body::Body;
use axum::routing::{any, get};
use axum::{Router, http};
use fapi_tower::{AccessToken, Cors, NoClaims};
use http::request::Builder;
use http::{Request, StatusCode};
use serde::Deserialize;

use crate::api::{access_token_layer, lines, send, valid_request};
use crate::log::Log;
use fapi_testkit::Scenario;

#[derive(Deserialize)]
struct Claims {
    department: String,
}

async fn subject(token: AccessToken) -> String {
    token.subject().as_str().to_owned()
}

async fn department(token: AccessToken<Claims>) -> String {
    format!("{} of {}", token.subject().as_str(), token.claims().department)
}

async fn maybe(token: Option<AccessToken>) -> &'static str {
    if token.is_some() { "with token" } else { "without token" }
}

fn body(builder: Builder) -> Request<Body> {
    builder.body(Body::empty()).unwrap()
}

fn app() -> Router {
    Router::new().route("/subject", any(subject)).route("/maybe", any(maybe))
}

fn preflight(path: &str) -> Request<Body> {
    body(
        Request::builder()
            .method("OPTIONS")
            .uri(path)
            .header("origin", "https://app.example.com")
            .header("access-control-request-method", "GET"),
    )
}

#[tokio::test]
async fn a_handler_gets_the_token() {
    let api = Scenario::new();
    let app = app().layer(access_token_layer(&api));
    assert_eq!(send(app.clone(), body(valid_request(&api, "GET", "/subject"))).await.1, "alice");
    assert_eq!(send(app, body(valid_request(&api, "GET", "/maybe"))).await.1, "with token");
}

#[tokio::test]
async fn a_handler_gets_its_own_claims_or_none() {
    let api = Scenario::with(|builder| builder.claims::<Claims>());
    let app = Router::new()
        .route("/department", get(department))
        .route("/subject", get(subject))
        .layer(access_token_layer(&api));
    let token = api.issuer.token().claim("department", "cardiology").bound_to(&api.client).sign();
    for (path, expected) in [("/department", "alice of cardiology"), ("/subject", "alice")] {
        let request = Request::builder()
            .uri(path)
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", api.proof("GET", path, &token).sign());
        assert_eq!(send(app.clone(), body(request)).await.1, expected);
    }
}

#[tokio::test]
async fn without_the_layer_it_is_an_error_that_the_log_explains() {
    let api = Scenario::new();
    for path in ["/subject", "/maybe"] {
        let log = Log::start();
        let (parts, text) = send(app(), body(valid_request(&api, "GET", path))).await;
        assert_eq!((parts.status, text.as_str()), (StatusCode::INTERNAL_SERVER_ERROR, ""), "{path}");
        let errors = log.errors();
        assert_eq!(errors.len(), 1, "{path}");
        assert!(errors[0].contains("its route has no AccessTokenLayer around it"), "{errors:?}");
        assert!(errors[0].contains(".layer(AccessTokenLayer::new(server))"), "{errors:?}");
    }
}

#[tokio::test]
async fn a_layer_inside_of_the_extractors_route_does_not_count() {
    let api = Scenario::new();
    // Routes added after the layer are not under it.
    let app =
        Router::new().route("/other", get(|| async { "" })).layer(access_token_layer(&api)).merge(app());
    let (parts, _) = send(app, body(valid_request(&api, "GET", "/subject"))).await;
    assert_eq!(parts.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn another_claims_type_is_an_error_that_the_log_explains() {
    async fn optional(token: Option<AccessToken<Claims>>) -> String {
        token.map(|token| token.claims().department.clone()).unwrap_or_default()
    }
    let api = Scenario::with(|builder| builder.claims::<NoClaims>());
    let app = Router::new()
        .route("/department", get(department))
        .route("/optional", get(optional))
        .layer(access_token_layer(&api));
    for path in ["/department", "/optional"] {
        let log = Log::start();
        let (parts, _) = send(app.clone(), body(valid_request(&api, "GET", path))).await;
        assert_eq!(parts.status, StatusCode::INTERNAL_SERVER_ERROR);
        let errors = log.errors();
        assert_eq!(errors.len(), 1);
        assert!(errors[0].contains("extractor::Claims>"), "{errors:?}");
        assert!(
            errors[0].contains("but the resource server was built with fapi_core::token::NoClaims"),
            "{errors:?}"
        );
    }
}

/// R38: only a preflight passes without a token, and a handler that needs one still gets none.
#[tokio::test]
async fn a_preflight_has_no_token_and_opens_no_handler() {
    let api = Scenario::with(|builder| builder.cors(Cors::PassPreflight));
    let log = Log::start();
    let app = app().layer(access_token_layer(&api));
    assert_eq!(send(app.clone(), preflight("/maybe")).await.1, "without token");
    let (parts, text) = send(app.clone(), preflight("/subject")).await;
    assert_eq!((parts.status, text.as_str()), (StatusCode::UNAUTHORIZED, ""));
    assert_eq!(lines(&parts.headers, "www-authenticate").len(), 2);
    assert_eq!(log.errors(), [""; 0]);

    // Any other request without a token is refused before the handler, also where the token is optional.
    let (parts, _) = send(app, body(Request::builder().uri("/maybe"))).await;
    assert_eq!(parts.status, StatusCode::UNAUTHORIZED);
}

/// R38: by default not even a handler for every method, which takes no token, is reached.
#[tokio::test]
async fn a_preflight_reaches_no_handler_for_every_method() {
    let app = Router::new()
        .route("/any", any(|| async { "reached" }))
        .fallback_service(any(|| async { "reached" }))
        .layer(access_token_layer(&Scenario::new()));
    for path in ["/any", "/fallback"] {
        let (parts, text) = send(app.clone(), preflight(path)).await;
        assert_eq!((parts.status, text.as_str()), (StatusCode::NO_CONTENT, ""), "{path}");
    }
}
