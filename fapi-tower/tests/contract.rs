//! The contract table through axum, and through gRPC: the answers of the core, carried unchanged.

#![allow(missing_docs, reason = "tests")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use fapi_testkit::contract::{
    Contract, ContractCase, ECHOED_HEADERS, Expected, SEEN_BY_HANDLER, TestRequest,
};
use fapi_tower::{AccessTokenLayer, PeerCertificate, RequireLayer, Requirement};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tower::ServiceExt as _;

fn app(layer: AccessTokenLayer, routes: Vec<(&'static str, Requirement)>) -> Router {
    let ok = || any(seen);
    let app = routes.into_iter().fold(Router::new(), |app, (path, requirement)| {
        app.merge(Router::new().route(path, ok()).route_layer(RequireLayer::new(requirement)))
    });
    app.route("/records", ok()).layer(layer)
}

/// Says what has come of the headers of proxies.
async fn seen(headers: HeaderMap) -> HeaderMap {
    let seen = ECHOED_HEADERS.into_iter().filter(|name| headers.contains_key(*name));
    seen.map(|name| (HeaderName::from_static(SEEN_BY_HANDLER), HeaderValue::from_static(name))).collect()
}

fn request(sent: &TestRequest) -> Request<Body> {
    let mut request = Request::builder().method(sent.method).uri(sent.target);
    for (name, value) in &sent.headers {
        request = request.header(*name, value);
    }
    let mut request = request.body(Body::empty()).expect("the contract's requests are valid");
    request.extensions_mut().insert(sent.peer);
    if let Some(der) = &sent.certificate {
        request.extensions_mut().insert(PeerCertificate::from_der(der.as_slice()));
    }
    request
}

fn headers<B>(response: &Response<B>) -> impl Iterator<Item = (&str, &str)> {
    response.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().expect("visible ASCII")))
}

#[tokio::test]
async fn every_request_through_axum_gets_exactly_the_answer_of_the_contract() {
    for Contract { server, routes, cases } in Contract::all("GET") {
        let app = app(AccessTokenLayer::new(server), routes);
        for case in cases {
            let response = app.clone().oneshot(request(&case.request)).await.expect("infallible");
            let answer = Expected::from_answer(response.status().as_u16(), headers(&response));
            assert_eq!(answer, case.expected, "{}", case.name);
        }
    }
}

#[tokio::test]
async fn every_refusal_of_a_grpc_request_is_a_grpc_status_with_the_same_headers() {
    for Contract { server, routes, cases } in Contract::all("POST") {
        let app = app(AccessTokenLayer::new(server).with_grpc_status(), routes);
        check_grpc(&app, cases).await;
    }
}

async fn check_grpc(app: &Router, cases: Vec<ContractCase>) {
    for case in cases {
        let mut request = request(&case.request);
        request.headers_mut().insert("content-type", "application/grpc".parse().expect("a value"));
        let response = app.clone().oneshot(request).await.expect("infallible");
        assert_eq!(response.status(), 200, "{}", case.name);
        let status = response.headers().get("grpc-status").map(|status| status.to_str().expect("digits"));
        let expected_status = match case.expected.status {
            200 => None,
            400 => Some("3"),
            401 => Some("16"),
            403 => Some("7"),
            503 => Some("14"),
            other => panic!("the contract has a status {other}"),
        };
        assert_eq!(status, expected_status, "{}", case.name);
        let answer = Expected::from_answer(case.expected.status, headers(&response));
        assert_eq!(answer, case.expected, "{}", case.name);
    }
}
