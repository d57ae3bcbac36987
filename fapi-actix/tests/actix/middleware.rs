//! `AccessTokenMiddleware` around an `App`, a scope and a resource.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::dev::Service;
use actix_web::error::ErrorImATeapot;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::test::{TestRequest, call_service, init_service, read_body, try_call_service};
use actix_web::{App, HttpMessage, HttpResponse, web};
use fapi_actix::{AccessToken, AccessTokenMiddleware};
use fapi_core::{
    Error, NoncePolicy, PeerCertificate, RejectionBody, ResponseBody, SenderConstraint, StatedIssuer,
    TargetMismatch, Verified,
};
use fapi_testkit::{TestCertificate, TestClient};

use crate::requests::{error, get, lines, with_stale_nonce};
use fapi_testkit::Scenario;

async fn subject(token: AccessToken) -> String {
    token.subject().as_str().to_owned()
}

// R1, R57: the good call, with the token in the handler.
#[actix_web::test]
async fn a_valid_request_reaches_the_handler_with_its_token() {
    let scenario = Scenario::new();
    let app = App::new().route("/records", web::get().to(subject));
    let app = init_service(app.wrap(AccessTokenMiddleware::new(scenario.server.clone()))).await;
    let response = call_service(&app, get(&scenario, "/records").to_request()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(lines(&response, "dpop-nonce"), [""; 0]);
    assert_eq!(lines(&response, "cache-control"), [""; 0]);
    assert_eq!(read_body(response).await, "alice");
}

// R50, P27: whatever the routing, the path is the one that the client sent.
#[actix_web::test]
async fn nested_scopes_and_resources_see_the_path_as_sent() {
    let scenario = Scenario::new();
    let middleware = || AccessTokenMiddleware::new(scenario.server.clone());
    let inner = web::scope("/v{version}").route("/records/{id}", web::get().to(subject));
    let around_inner = web::scope("/inner").service(inner.wrap(middleware()));
    let inner = web::scope("/v{version}").route("/records/{id}", web::get().to(subject));
    let around_outer = web::scope("/outer").service(inner).wrap(middleware());
    let resource = web::resource("/resource/{id}").wrap(middleware()).route(web::get().to(subject));
    let app = init_service(App::new().service(around_inner).service(around_outer).service(resource)).await;
    for path in ["/inner/v1/records/a%2Fb", "/outer/v1/records/1", "/resource/%C3%A9?page=2"] {
        let response = call_service(&app, get(&scenario, path).to_request()).await;
        assert_eq!(response.status(), 200, "{path}");
    }
    let token = scenario.token().sign();
    let stripped = TestRequest::with_uri("/outer/v1/records/1")
        .insert_header(("authorization", format!("DPoP {token}")))
        .insert_header(("dpop", scenario.proof("GET", "/records/1", &token).sign()));
    let response = call_service(&app, stripped.to_request()).await;
    assert_eq!(error(&response), Error::ProofTarget(TargetMismatch::Path));
}

// R31, R36, R39, P42: refused before the handler, with the core's headers and nothing else.
#[actix_web::test]
async fn a_refusal_comes_before_the_handler() {
    let scenario = Scenario::new();
    let called = Arc::new(AtomicBool::new(false));
    let noticed = Arc::clone(&called);
    let handler = move || {
        noticed.store(true, Ordering::SeqCst);
        async { "secret" }
    };
    let app = App::new().default_service(web::to(handler));
    let app = init_service(app.wrap(AccessTokenMiddleware::new(scenario.server.clone()))).await;
    let stolen = TestClient::new().with_clock(Arc::new(scenario.clock.clone()));
    let token = scenario.token().sign();
    let stolen = stolen.proof("GET", "https://api.example.com/records").access_token(&token).sign();
    let bare = || TestRequest::with_uri("/records");
    for (request, status, expected) in [
        (bare(), 401, Error::CredentialsMissing),
        (TestRequest::with_uri("/records?access_token=x"), 401, Error::CredentialsInQuery),
        (bare().insert_header(("authorization", format!("Bearer {token}"))), 401, Error::TokenBoundToKey),
        (bare().insert_header(("authorization", format!("DPoP {token}"))), 401, Error::ProofMissing),
        (
            bare().insert_header(("authorization", format!("DPoP {token}"))).insert_header(("dpop", stolen)),
            401,
            Error::KeyBinding,
        ),
        (
            get(&scenario, "/records").append_header(("authorization", "DPoP x")),
            400,
            Error::CredentialsRepeated,
        ),
        (get(&scenario, "/records").append_header(("dpop", "x.y.z")), 401, Error::ProofRepeated),
    ] {
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(error(&response), expected);
        assert_eq!(response.status(), status, "{expected}");
        assert_eq!(lines(&response, "cache-control"), ["no-store"], "{expected}");
        assert!(!lines(&response, "www-authenticate").is_empty(), "{expected}");
        assert!(read_body(response).await.is_empty(), "{expected}");
    }
    assert!(!called.load(Ordering::SeqCst));
}

// R29, R30, R36: both challenges, each on its own line.
#[actix_web::test]
async fn every_challenge_is_copied() {
    let scenario = Scenario::new();
    let app = init_service(App::new().wrap(AccessTokenMiddleware::new(scenario.server.clone()))).await;
    let response = call_service(&app, TestRequest::with_uri("/").to_request()).await;
    let challenges = lines(&response, "www-authenticate");
    assert_eq!(challenges.len(), 2);
    assert!(challenges[0].starts_with("DPoP algs=\""), "{challenges:?}");
    assert!(challenges[1].starts_with("Bearer resource_metadata=\""), "{challenges:?}");
}

// R60, P6: one proof, one request; one middleware verifies once.
#[actix_web::test]
async fn a_proof_is_good_for_one_request() {
    let scenario = Scenario::new();
    let app = App::new().route("/records", web::get().to(subject));
    let app = init_service(app.wrap(AccessTokenMiddleware::new(scenario.server.clone()))).await;
    let token = scenario.token().sign();
    let proof = scenario.proof("GET", "/records", &token).sign();
    let request = || {
        TestRequest::with_uri("/records")
            .insert_header(("authorization", format!("DPoP {token}")))
            .insert_header(("dpop", proof.clone()))
            .to_request()
    };
    assert_eq!(call_service(&app, request()).await.status(), 200);
    assert_eq!(error(&call_service(&app, request()).await), Error::ProofReplayed);
}

// R50, P26: neither Host nor what a peer says it forwards is looked at.
#[actix_web::test]
async fn a_spoofed_host_opens_nothing() {
    let scenario = Scenario::new();
    let app = App::new().route("/records", web::get().to(subject));
    let app = init_service(app.wrap(AccessTokenMiddleware::new(scenario.server.clone()))).await;
    let token = scenario.token().sign();
    let elsewhere = scenario.client.proof("GET", "https://evil.example/records").access_token(&token).sign();
    for spoof in
        [("host", "evil.example"), ("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example")]
    {
        let request = TestRequest::with_uri("/records")
            .insert_header(("authorization", format!("DPoP {token}")))
            .insert_header(("dpop", elsewhere.clone()))
            .insert_header(spoof);
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(error(&response), Error::ProofTarget(TargetMismatch::Authority), "{spoof:?}");
        let response = call_service(&app, get(&scenario, "/records").insert_header(spoof).to_request()).await;
        assert_eq!(response.status(), 200, "{spoof:?}");
    }
}

// R39: the body is pluggable, and its type is told.
#[actix_web::test]
async fn a_refusal_carries_the_configured_body() {
    let body = RejectionBody::Custom(Arc::new(|rejection| ResponseBody {
        content_type: "text/plain",
        content: rejection.status().to_string().into_bytes(),
    }));
    let scenario = Scenario::with(|builder| builder.rejection_body(body));
    let app = init_service(App::new().wrap(AccessTokenMiddleware::new(scenario.server.clone()))).await;
    let response = call_service(&app, TestRequest::with_uri("/").to_request()).await;
    assert_eq!(lines(&response, "content-type"), ["text/plain"]);
    assert_eq!(read_body(response).await, "401");
}

// R72: the certificate of the connection, from a middleware further out.
#[actix_web::test]
async fn a_peer_certificate_is_found_in_the_extensions() {
    let scenario = Scenario::with(|builder| builder.sender_constraint(SenderConstraint::Mtls));
    let certificate = TestCertificate::generate();
    let presented = PeerCertificate::from_der(certificate.der());
    let app = App::new()
        .route("/records", web::get().to(subject))
        .wrap(AccessTokenMiddleware::new(scenario.server.clone()))
        .wrap_fn(move |request, service| {
            if request.headers().contains_key("test-with-certificate") {
                request.extensions_mut().insert(presented.clone());
            }
            service.call(request)
        });
    let app = init_service(app).await;
    let token = scenario.issuer.token().bound_to_certificate(certificate.der()).sign();
    let request =
        || TestRequest::with_uri("/records").insert_header(("authorization", format!("Bearer {token}")));
    let with = request().insert_header(("test-with-certificate", "1")).to_request();
    assert_eq!(call_service(&app, with).await.status(), 200);
    assert_eq!(error(&call_service(&app, request().to_request()).await), Error::CertificateMissing);
}

// R18: what a middleware further out knows of the issuer that the client uses.
#[actix_web::test]
async fn a_stated_issuer_is_found_in_the_extensions() {
    let scenario = Scenario::new();
    let app = App::new()
        .route("/records", web::get().to(subject))
        .wrap(AccessTokenMiddleware::new(scenario.server.clone()))
        .wrap_fn(move |request, service| {
            let stated = request.headers().get("test-issuer").map(|value| value.to_str().unwrap().to_owned());
            if let Some(stated) = stated {
                request.extensions_mut().insert(StatedIssuer::new(stated));
            }
            service.call(request)
        });
    let app = init_service(app).await;
    let stating =
        |issuer: &str| get(&scenario, "/records").insert_header(("test-issuer", issuer)).to_request();
    assert_eq!(call_service(&app, stating(scenario.issuer.identifier())).await.status(), 200);
    let refused = call_service(&app, stating("https://other.example.com")).await;
    assert_eq!(error(&refused), Error::StatedIssuer);
}

// R63, R65: one new nonce, and the answer is not to be cached, unless the handler has said how.
#[actix_web::test]
async fn an_answer_carries_the_next_nonce() {
    let scenario = Scenario::with(|builder| builder.nonce(NoncePolicy::Required));
    let private = || async {
        HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "private"))
            .insert_header(("dpop-nonce", "mine"))
            .finish()
    };
    let app = App::new()
        .route("/records", web::get().to(subject))
        .route("/private", web::get().to(private))
        .wrap(AccessTokenMiddleware::new(scenario.server.clone()));
    let app = init_service(app).await;
    for (path, cache_control) in [("/records", "no-store"), ("/private", "private"), ("/missing", "no-store")]
    {
        let challenge = call_service(&app, get(&scenario, path).to_request()).await;
        let request = with_stale_nonce(&scenario, &challenge, path);
        let response = call_service(&app, request.to_request()).await;
        assert!(response.status() == 200 || path == "/missing", "{path}");
        let nonces = lines(&response, "dpop-nonce");
        assert_eq!(nonces.len(), 1, "{path}");
        assert!(nonces[0].len() > 20, "{path}: {nonces:?}");
        assert_eq!(lines(&response, "cache-control"), [cache_control], "{path}");
    }
}

// R65: an error of an inner middleware becomes a response further out, and carries the nonce then.
#[actix_web::test]
async fn an_error_carries_the_next_nonce() {
    let scenario = Scenario::with(|builder| builder.nonce(NoncePolicy::Required));
    let failing = App::new()
        .wrap_fn(|_, _| async {
            Err::<actix_web::dev::ServiceResponse, _>(ErrorImATeapot("short and stout"))
        })
        .wrap(AccessTokenMiddleware::new(scenario.server.clone()));
    let app = init_service(failing).await;
    let challenge = call_service(&app, get(&scenario, "/").to_request()).await;
    let request = with_stale_nonce(&scenario, &challenge, "/");
    let Err(error) = try_call_service(&app, request.to_request()).await else {
        panic!("the error of the inner middleware");
    };
    let response = error.error_response();
    assert_eq!(response.status(), 418);
    assert_eq!(response.headers().get_all("dpop-nonce").count(), 1);
    assert_eq!(response.headers().get(CACHE_CONTROL), Some(&HeaderValue::from_static("no-store")));
}

// R5: what is found in the extensions is the verified token, for code that takes it from there.
#[actix_web::test]
async fn the_verified_token_is_in_the_extensions() {
    let scenario = Scenario::new();
    let app = App::new()
        .wrap_fn(|request, service| {
            let subject = request.extensions().get::<Verified>().map(|verified| {
                verified.access_token::<fapi_core::NoClaims>().unwrap().subject().as_str().to_owned()
            });
            let answer = service.call(request);
            async move {
                let mut response = answer.await?;
                let value = HeaderValue::from_str(&subject.unwrap_or_default()).unwrap();
                response.headers_mut().insert(HeaderName::from_static("test-subject"), value);
                Ok(response)
            }
        })
        .wrap(AccessTokenMiddleware::new(scenario.server.clone()));
    let app = init_service(app).await;
    let response = call_service(&app, get(&scenario, "/records").to_request()).await;
    assert_eq!(lines(&response, "test-subject"), ["alice"]);
    assert!(!response.headers().contains_key(CONTENT_TYPE));
}
