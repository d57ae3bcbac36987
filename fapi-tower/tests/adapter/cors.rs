//! R38: preflight requests are not refused, and scripts may read challenge and nonce.

use fapi_tower::{Cors, Verified};
use http::request::Builder;
use http::{Request, Response, StatusCode};
use http_body_util::Full;

use crate::api::{Calls, TestRequest, TestResponse, empty, hello, lines, protected, send, valid_request};
use fapi_testkit::Scenario;

fn preflight() -> Builder {
    Request::builder()
        .method("OPTIONS")
        .uri("/records")
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization,dpop")
}

fn answer_preflight(request: &TestRequest) -> TestResponse {
    assert!(request.extensions().get::<Verified>().is_none());
    let response = Response::builder().status(204).header("access-control-allow-origin", "*");
    response.body(Full::default()).unwrap()
}

#[tokio::test]
async fn a_preflight_passes_where_the_application_says_so() {
    let (api, calls) = (Scenario::with(|builder| builder.cors(Cors::PassPreflight)), Calls::default());
    let (parts, _) = send(protected(&api, &calls, answer_preflight), empty(preflight())).await;
    assert_eq!((parts.status, calls.count()), (StatusCode::NO_CONTENT, 1));
    // Untouched.
    assert_eq!(parts.headers.len(), 1);
}

// R38: also one that announces content, where others pass.
#[tokio::test]
async fn a_preflight_is_answered_and_reaches_no_handler() {
    let passing = Scenario::with(|builder| builder.cors(Cors::PassPreflight));
    let with = |name: &str, value: &str| preflight().header(name, value);
    for (api, request) in [
        (&Scenario::new(), preflight()),
        (&passing, with("content-type", "application/grpc")),
        (&passing, with("content-length", "5")),
        (&passing, with("transfer-encoding", "chunked")),
    ] {
        let calls = Calls::default();
        let (parts, body) = send(protected(api, &calls, hello), empty(request)).await;
        assert_eq!((parts.status, body.as_str(), calls.count()), (StatusCode::NO_CONTENT, "", 0));
        // It permits nothing.
        assert_eq!(parts.headers.len(), 0);
    }
}

#[tokio::test]
async fn what_only_resembles_a_preflight_is_refused() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let without = |name: &str| {
        let mut request = empty(preflight());
        request.headers_mut().remove(name);
        request
    };
    let mut get = empty(preflight());
    *get.method_mut() = http::Method::GET;
    let cases = [
        ("another method", get),
        ("no Origin", without("origin")),
        ("no Access-Control-Request-Method", without("access-control-request-method")),
        ("with credentials", empty(preflight().header("authorization", "DPoP abc"))),
    ];
    for (name, request) in cases {
        let (parts, _) = send(protected(&api, &calls, hello), request).await;
        assert_eq!(parts.status, StatusCode::UNAUTHORIZED, "{name}");
    }
    assert_eq!(calls.count(), 0);
}

#[tokio::test]
async fn without_cors_a_preflight_is_refused_and_nothing_is_exposed() {
    let (api, calls) = (Scenario::with(|builder| builder.cors(Cors::Disabled)), Calls::default());
    let (parts, _) = send(protected(&api, &calls, hello), empty(preflight())).await;
    assert_eq!((parts.status, calls.count()), (StatusCode::UNAUTHORIZED, 0));
    assert_eq!(lines(&parts.headers, "access-control-expose-headers"), [""; 0]);
}

#[tokio::test]
async fn a_refusal_of_a_cross_origin_request_exposes_challenge_and_nonce() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let request = || Request::builder().uri("/records");
    let cross_origin = request().header("origin", "https://app.example.com");
    let (parts, _) = send(protected(&api, &calls, hello), empty(cross_origin)).await;
    assert_eq!(lines(&parts.headers, "access-control-expose-headers"), ["WWW-Authenticate, DPoP-Nonce"]);
    let (parts, _) = send(protected(&api, &calls, hello), empty(request())).await;
    assert_eq!(lines(&parts.headers, "access-control-expose-headers"), [""; 0]);
}

#[tokio::test]
async fn an_answer_without_challenge_and_nonce_exposes_nothing() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let request = valid_request(&api, "GET", "/records").header("origin", "https://app.example.com");
    let (parts, _) = send(protected(&api, &calls, hello), empty(request)).await;
    assert_eq!((parts.status, parts.headers.len()), (StatusCode::OK, 0));
}

/// An inner CORS layer that exposes headers itself, and an inner refusal.
#[tokio::test]
async fn what_is_exposed_already_is_not_repeated() {
    let both = "WWW-Authenticate, DPoP-Nonce";
    for (inner, expected) in [
        (vec![], vec![both]),
        (vec!["X-Total"], vec!["X-Total", both]),
        (vec!["x-total, www-authenticate"], vec!["x-total, www-authenticate", "DPoP-Nonce"]),
        (vec!["dpop-nonce", "x-total"], vec!["dpop-nonce", "x-total", "WWW-Authenticate"]),
        (vec!["dpop-nonce,WWW-AUTHENTICATE"], vec!["dpop-nonce,WWW-AUTHENTICATE"]),
    ] {
        let (api, calls) = (Scenario::new(), Calls::default());
        let server = api.server.clone();
        let exposed = inner.clone();
        let handler = move |_: &TestRequest| {
            let mut response = Response::builder().status(403);
            for line in &exposed {
                response = response.header("access-control-expose-headers", *line);
            }
            response.extension(server.credentials_missing()).body(Full::default()).unwrap()
        };
        let request = valid_request(&api, "GET", "/records").header("origin", "https://app.example.com");
        let (parts, _) = send(protected(&api, &calls, handler), empty(request)).await;
        assert_eq!(lines(&parts.headers, "access-control-expose-headers"), expected, "{inner:?}");
    }
}
