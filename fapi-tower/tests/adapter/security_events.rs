//! R165: security events, pushed to a service beside the protected routes.

use fapi_core::{Issuer, Revocation, SecurityEvents};
use fapi_testkit::{Scenario, TestIssuer, subject};
use fapi_tower::SecurityEventsService;
use http::request::Builder;
use http::{Request, StatusCode};
use http_body_util::Full;

use crate::api::{Calls, empty, hello, lines, protected, send};

const TRANSMITTER: &str = "https://ssf.example.com";
const AUTHORIZATION: &str = "Bearer agreed-secret";

fn api() -> (Scenario, TestIssuer) {
    let transmitter = TestIssuer::new(TRANSMITTER);
    let known = Issuer::new(TRANSMITTER).with_key_set(transmitter.jwks());
    let events =
        SecurityEvents::new(known, Scenario::PUBLIC_URL, AUTHORIZATION).for_issuers([Scenario::ISSUER]);
    let api = Scenario::with(|builder| builder.revocation(Revocation::security_events(events)));
    let transmitter = transmitter.with_clock(std::sync::Arc::new(api.clock.clone()));
    (api, transmitter)
}

fn push() -> Builder {
    Request::builder()
        .method("POST")
        .uri("/security-events")
        .header("content-type", "application/secevent+jwt")
        .header("authorization", AUTHORIZATION)
}

fn call(api: &Scenario, token: &str) -> Builder {
    Request::builder()
        .uri("/records")
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", api.proof("GET", "/records", token).sign())
}

// R162, R165: accepted, revoked, pushed again.
#[tokio::test]
async fn an_event_counts_from_the_next_request_on() {
    let (api, transmitter) = api();
    let calls = Calls::default();
    let token = api.token().subject("alice").sign();
    let (parts, _) = send(protected(&api, &calls, hello), empty(call(&api, &token))).await;
    assert_eq!(parts.status, StatusCode::OK);
    let set = transmitter.session_revoked(subject::iss_sub(Scenario::ISSUER, "alice")).sign();
    for _ in 0..2 {
        let request = push().body(Full::<bytes::Bytes>::from(set.clone())).unwrap();
        let (parts, content) = send(SecurityEventsService::new(&api.server), request).await;
        assert_eq!((parts.status, content.as_str()), (StatusCode::ACCEPTED, ""));
    }
    let (parts, _) = send(protected(&api, &calls, hello), empty(call(&api, &token))).await;
    assert_eq!(parts.status, StatusCode::UNAUTHORIZED);
    assert_eq!(calls.count(), 1);
}

// R165, R166: the core's answer, as it is; a field that is there twice counts as none.
#[tokio::test]
async fn a_refusal_is_the_cores() {
    let (api, transmitter) = api();
    let set = transmitter.session_revoked(subject::opaque("session-1")).sign();
    let request =
        push().header("authorization", AUTHORIZATION).body(Full::<bytes::Bytes>::from(set)).unwrap();
    let (parts, content) = send(SecurityEventsService::new(&api.server), request).await;
    assert_eq!(parts.status, StatusCode::BAD_REQUEST);
    assert_eq!(lines(&parts.headers, "content-type"), ["application/json"]);
    assert_eq!(lines(&parts.headers, "content-language"), ["en"]);
    assert!(content.contains("\"err\":\"authentication_failed\""), "{content}");
}

// R165: nothing larger is read, and nothing else than POST answered.
#[tokio::test]
async fn the_content_is_bounded_and_the_method_post() {
    let (api, _) = api();
    for (size, status) in [(64 * 1024 + 1, 400), (64 * 1024 + 2, 413)] {
        let request = push().body(Full::<bytes::Bytes>::from("x".repeat(size))).unwrap();
        let (parts, _) = send(SecurityEventsService::new(&api.server), request).await;
        assert_eq!(parts.status, status, "{size}");
    }
    let request = push().method("GET").body(Full::<bytes::Bytes>::default()).unwrap();
    let (parts, _) = send(SecurityEventsService::new(&api.server), request).await;
    assert_eq!(parts.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(lines(&parts.headers, "allow"), ["POST"]);
}
