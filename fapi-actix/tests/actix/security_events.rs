//! R165: security events, pushed to a service beside the protected scopes.

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpResponse, web};
use fapi_actix::{AccessTokenMiddleware, security_events};
use fapi_core::{Error, Issuer, Revocation, SecurityEvents};
use fapi_testkit::{Scenario, TestIssuer, subject};

use crate::requests::{error, lines};

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

fn push() -> TestRequest {
    TestRequest::post()
        .uri("/security-events")
        .insert_header(("content-type", "application/secevent+jwt"))
        .insert_header(("authorization", AUTHORIZATION))
}

fn call(api: &Scenario, token: &str) -> TestRequest {
    TestRequest::get()
        .uri("/records")
        .insert_header(("authorization", format!("DPoP {token}")))
        .insert_header(("dpop", api.proof("GET", "/records", token).sign()))
}

// R162, R165: accepted, revoked, pushed again.
#[actix_web::test]
async fn an_event_counts_from_the_next_request_on() {
    let (api, transmitter) = api();
    let records = web::scope("/records")
        .wrap(AccessTokenMiddleware::new(api.server.clone()))
        .default_service(web::to(HttpResponse::Ok));
    let app =
        init_service(App::new().service(security_events("/security-events", &api.server)).service(records))
            .await;
    let token = api.token().subject("alice").sign();
    assert_eq!(call_service(&app, call(&api, &token).to_request()).await.status(), 200);
    let set = transmitter.session_revoked(subject::iss_sub(Scenario::ISSUER, "alice")).sign();
    for _ in 0..2 {
        let response = call_service(&app, push().set_payload(set.clone()).to_request()).await;
        assert_eq!(response.status(), 202);
        assert_eq!(read_body(response).await, "");
    }
    let response = call_service(&app, call(&api, &token).to_request()).await;
    assert_eq!((response.status().as_u16(), error(&response)), (401, Error::TokenRevoked));
}

// R165, R166: the core's answer, as it is; a field that is there twice counts as none; nothing larger is read.
#[actix_web::test]
async fn a_refusal_is_the_cores() {
    let (api, transmitter) = api();
    let app = init_service(App::new().service(security_events("/security-events", &api.server))).await;
    let set = transmitter.session_revoked(subject::opaque("session-1")).sign();
    let twice = push().append_header(("authorization", AUTHORIZATION)).set_payload(set);
    let response = call_service(&app, twice.to_request()).await;
    assert_eq!(response.status(), 400);
    assert_eq!(lines(&response, "content-type"), ["application/json"]);
    assert_eq!(lines(&response, "content-language"), ["en"]);
    let body: serde_json::Value = serde_json::from_slice(&read_body(response).await).unwrap();
    assert_eq!(body["err"], "authentication_failed");
    for (size, status) in [(64 * 1024 + 1, 400), (64 * 1024 + 2, 413)] {
        let response = call_service(&app, push().set_payload("x".repeat(size)).to_request()).await;
        assert_eq!(response.status(), status, "{size}");
    }
    let response = call_service(&app, TestRequest::get().uri("/security-events").to_request()).await;
    assert_eq!(response.status(), 405);
}
