//! R38: preflight requests and exposed headers.

use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpResponse, web};
use fapi_actix::{AccessToken, AccessTokenMiddleware, OptionalAccessToken, Require};
use fapi_core::{Cors, Error, NoncePolicy, Requirement};

use crate::requests::{error, get, lines, with_stale_nonce};
use fapi_testkit::Scenario;

const EXPOSE: &str = "access-control-expose-headers";
const BOTH: &str = "WWW-Authenticate, DPoP-Nonce";

fn preflight() -> TestRequest {
    TestRequest::with_uri("/records")
        .method(Method::OPTIONS)
        .insert_header(("origin", "https://app.example.com"))
        .insert_header(("access-control-request-method", "GET"))
}

async fn needs_token(token: AccessToken) -> String {
    token.subject().as_str().to_owned()
}

// R38: a preflight passes; what is one thing short of a preflight does not.
#[actix_web::test]
async fn only_a_preflight_passes_without_a_token() {
    let scenario = Scenario::with(|builder| builder.cors(Cors::PassPreflight));
    let app = App::new()
        .route("/records", web::to(|| async { "answered" }))
        .wrap(AccessTokenMiddleware::new(scenario.server.clone()));
    let app = init_service(app).await;
    let response = call_service(&app, preflight().to_request()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(lines(&response, EXPOSE), [""; 0]);
    assert_eq!(read_body(response).await, "answered");

    let mut no_origin = preflight().to_request();
    no_origin.headers_mut().remove("origin");
    let mut no_method = preflight().to_request();
    no_method.headers_mut().remove("access-control-request-method");
    let not_options = preflight().method(Method::GET).to_request();
    for request in [no_origin, no_method, not_options] {
        assert_eq!(error(&call_service(&app, request).await), Error::CredentialsMissing);
    }
    let with_credentials = preflight().insert_header(("authorization", "DPoP x")).to_request();
    assert_eq!(error(&call_service(&app, with_credentials).await), Error::ProofMissing);
}

// R38: by default a preflight is answered here, and so is one that announces content.
#[actix_web::test]
async fn a_preflight_reaches_no_handler() {
    let passing = Scenario::with(|builder| builder.cors(Cors::PassPreflight));
    let with = |name, value| preflight().insert_header((name, value));
    for (scenario, request) in [
        (&Scenario::new(), preflight()),
        (&passing, with("content-type", "text/plain")),
        (&passing, with("content-length", "5")),
        (&passing, with("transfer-encoding", "chunked")),
    ] {
        let routed = App::new()
            .route("/records", web::to(|| async { "answered" }))
            .wrap(AccessTokenMiddleware::new(scenario.server.clone()));
        let response = call_service(&init_service(routed).await, request.to_request()).await;
        assert_eq!((response.status().as_u16(), response.headers().len()), (204, 0));
        assert_eq!(read_body(response).await, "");
    }
    let scenario = Scenario::new();
    let unrouted = App::new()
        .default_service(web::to(|| async { "answered" }))
        .wrap(AccessTokenMiddleware::new(scenario.server.clone()));
    let response = call_service(&init_service(unrouted).await, preflight().to_request()).await;
    assert_eq!(response.status(), 204);
    assert_eq!(read_body(response).await, "");
}

// R38: turned off, a preflight is a request like any other, and nothing is exposed.
#[actix_web::test]
async fn cors_can_be_turned_off() {
    let scenario = Scenario::with(|builder| builder.cors(Cors::Disabled));
    let app = App::new().wrap(AccessTokenMiddleware::new(scenario.server.clone()));
    let app = init_service(app).await;
    let response = call_service(&app, preflight().to_request()).await;
    assert_eq!(error(&response), Error::CredentialsMissing);
    assert_eq!(lines(&response, EXPOSE), [""; 0]);
}

// R30, R38: a preflight that has reached what needs a token is refused like any request without one.
#[actix_web::test]
async fn a_preflight_does_not_pass_for_a_token() {
    let scenario = Scenario::with(|builder| builder.cors(Cors::PassPreflight));
    let anyone = || web::to(|| async { "answered" });
    let optional = |token: OptionalAccessToken| async move { token.0.map_or("nobody", |_| "somebody") };
    let app = App::new()
        .service(web::resource("/token").route(web::to(needs_token)))
        .service(web::resource("/require").wrap(Require::new(Requirement::scope("read"))).route(anyone()))
        .service(web::resource("/optional").route(web::to(optional)))
        .wrap(AccessTokenMiddleware::new(scenario.server.clone()));
    let app = init_service(app).await;
    for path in ["/token", "/require"] {
        let response = call_service(&app, preflight().uri(path).to_request()).await;
        assert_eq!(response.status(), 401, "{path}");
        assert_eq!(error(&response), Error::CredentialsMissing, "{path}");
        assert_eq!(lines(&response, "www-authenticate").len(), 2, "{path}");
    }
    let response = call_service(&app, preflight().uri("/optional").to_request()).await;
    assert_eq!(read_body(response).await, "nobody");
}

// R38: the challenge is readable for scripts of other origins, also that of Require.
#[actix_web::test]
async fn refusals_expose_their_headers_to_other_origins() {
    let scenario = Scenario::new();
    let app = App::new()
        .route("/records", web::get().to(needs_token))
        .service(
            web::resource("/write")
                .wrap(Require::new(Requirement::scope("records:write")))
                .route(web::get().to(needs_token)),
        )
        .wrap(AccessTokenMiddleware::new(scenario.server.clone()));
    let app = init_service(app).await;
    let origin = ("origin", "https://app.example.com");
    let refused = TestRequest::with_uri("/records");
    let response = call_service(&app, refused.to_request()).await;
    assert_eq!(lines(&response, EXPOSE), [""; 0], "without Origin");
    let refused = TestRequest::with_uri("/records").insert_header(origin);
    let response = call_service(&app, refused.to_request()).await;
    assert_eq!(lines(&response, EXPOSE), [BOTH]);
    let response = call_service(&app, get(&scenario, "/write").insert_header(origin).to_request()).await;
    assert_eq!(response.status(), 403);
    assert_eq!(lines(&response, EXPOSE), [BOTH], "Require");
    let response = call_service(&app, get(&scenario, "/records").insert_header(origin).to_request()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(lines(&response, EXPOSE), [""; 0], "there is nothing to expose");
}

// R38, R65: an accepted answer with a nonce; what the handler exposes already is not repeated.
#[actix_web::test]
async fn a_nonce_is_exposed_once() {
    let scenario = Scenario::with(|builder| builder.nonce(NoncePolicy::Required));
    let exposing = |value: &'static str| {
        web::get().to(move || async move { HttpResponse::Ok().insert_header((EXPOSE, value)).finish() })
    };
    let app = App::new()
        .route("/plain", web::get().to(HttpResponse::Ok))
        .route("/other", exposing("Link"))
        .route("/one", exposing("Link, dpop-nonce"))
        .route("/both", exposing("www-authenticate,DPOP-NONCE"))
        .wrap(AccessTokenMiddleware::new(scenario.server.clone()));
    let app = init_service(app).await;
    for (path, expected) in [
        ("/plain", vec![BOTH]),
        ("/other", vec!["Link", BOTH]),
        ("/one", vec!["Link, dpop-nonce", "WWW-Authenticate"]),
        ("/both", vec!["www-authenticate,DPOP-NONCE"]),
    ] {
        let challenge = call_service(&app, get(&scenario, path).to_request()).await;
        let request = with_stale_nonce(&scenario, &challenge, path)
            .insert_header(("origin", "https://app.example.com"));
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(lines(&response, EXPOSE), expected, "{path}");
    }
}
