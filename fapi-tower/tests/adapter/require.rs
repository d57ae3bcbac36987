//! R5: requirements of a route, and what happens when the layers are in the wrong order.

use std::convert::Infallible;

use bytes::Bytes;
use fapi_tower::fapi_core::Error;
use fapi_tower::{Cors, Rejection, RequireLayer, Requirement};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Service, ServiceBuilder, service_fn};

use crate::api::{
    Calls, DPOP_CHALLENGE, TestRequest, TestResponse, access_token_layer, empty, lines, send, valid_request,
};
use crate::log::Log;
use fapi_testkit::Scenario;

const HINT: &str =
    "RequireLayer needs AccessTokenLayer outside of it; in axum the layer added last runs first";

fn handler(
    calls: &Calls,
) -> impl Service<TestRequest, Response = TestResponse, Error = Infallible, Future: Send> + Clone + use<> {
    let calls = calls.clone();
    service_fn(move |_: TestRequest| {
        calls.add();
        async { Ok(Response::new(Full::<Bytes>::default())) }
    })
}

fn scope(scope: &str) -> RequireLayer {
    RequireLayer::new(Requirement::scope(scope))
}

#[tokio::test]
async fn a_token_that_suffices_passes() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let service = ServiceBuilder::new()
        .layer(access_token_layer(&api))
        .layer(scope("records:read"))
        .service(handler(&calls));
    let (parts, _) = send(service, empty(valid_request(&api, "GET", "/records"))).await;
    assert_eq!((parts.status, parts.headers.len(), calls.count()), (StatusCode::OK, 0, 1));
}

// R32, R38: refused further inside than the token, and exposed all the same.
#[tokio::test]
async fn a_missing_scope_is_named_and_the_handler_not_called() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let service =
        ServiceBuilder::new().layer(access_token_layer(&api)).layer(scope("admin")).service(handler(&calls));
    let request = valid_request(&api, "GET", "/records").header("origin", "https://app.example.com");
    let (parts, _) = send(service, empty(request)).await;
    assert_eq!((parts.status, calls.count()), (StatusCode::FORBIDDEN, 0));
    let error = "DPoP error=\"insufficient_scope\", error_description=\"The request requires higher \
                 privileges than the access token has\", scope=\"admin\", algs";
    assert_eq!(lines(&parts.headers, "www-authenticate"), [DPOP_CHALLENGE.replace("DPoP algs", error)]);
    assert_eq!(lines(&parts.headers, "access-control-expose-headers"), ["WWW-Authenticate, DPoP-Nonce"]);
    assert_eq!(
        parts.extensions.get::<Rejection>().unwrap().error(),
        &Error::InsufficientScope("admin".into())
    );
}

#[tokio::test]
async fn a_missing_scope_is_permission_denied_in_grpc() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let layer = access_token_layer(&api).with_grpc_status();
    let service = ServiceBuilder::new().layer(layer).layer(scope("admin")).service(handler(&calls));
    let request = valid_request(&api, "POST", "/records").header("content-type", "application/grpc");
    let (parts, _) = send(service, empty(request)).await;
    assert_eq!((parts.status, calls.count()), (StatusCode::OK, 0));
    assert_eq!(lines(&parts.headers, "grpc-status"), ["7"]);
}

#[tokio::test]
async fn the_layers_in_the_wrong_order_are_an_error_of_the_application() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let log = Log::start();
    let service = ServiceBuilder::new()
        .layer(scope("records:read"))
        .layer(access_token_layer(&api))
        .service(handler(&calls));
    let (parts, body) = send(service, empty(valid_request(&api, "GET", "/records"))).await;
    assert_eq!((parts.status, body.as_str(), calls.count()), (StatusCode::INTERNAL_SERVER_ERROR, "", 0));
    assert!(log.errors().iter().any(|line| line.contains(HINT)), "{:?}", log.errors());
}

#[tokio::test]
async fn the_layer_alone_is_an_error_of_the_application() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let log = Log::start();
    let service = ServiceBuilder::new().layer(scope("records:read")).service(handler(&calls));
    let (parts, _) = send(service, empty(valid_request(&api, "GET", "/records"))).await;
    assert_eq!((parts.status, calls.count()), (StatusCode::INTERNAL_SERVER_ERROR, 0));
    assert!(log.errors().iter().any(|line| line.contains(HINT)), "{:?}", log.errors());
}

/// R38: a preflight is let through to whoever answers it, not to what needs a token.
#[tokio::test]
async fn a_preflight_does_not_meet_a_requirement() {
    let (api, calls) = (Scenario::with(|builder| builder.cors(Cors::PassPreflight)), Calls::default());
    let log = Log::start();
    let service = ServiceBuilder::new()
        .layer(access_token_layer(&api))
        .layer(scope("records:read"))
        .service(handler(&calls));
    let preflight = Request::builder()
        .method("OPTIONS")
        .uri("/records")
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "GET");
    let (parts, _) = send(service, empty(preflight)).await;
    assert_eq!((parts.status, calls.count()), (StatusCode::UNAUTHORIZED, 0));
    assert_eq!(lines(&parts.headers, "www-authenticate").len(), 2);
    // Anybody can send that: it is no error of the application.
    assert_eq!(log.errors(), [""; 0]);
}
