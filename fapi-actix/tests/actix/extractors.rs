//! What handlers get, and what they get where the application is put together wrongly.

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use fapi_actix::{AccessToken, AccessTokenMiddleware, OptionalAccessToken};
use fapi_core::{Binding, NoClaims};
use serde::Deserialize;

use crate::log::Log;
use crate::requests::get;
use fapi_testkit::Scenario;

#[derive(Deserialize)]
struct Claims {
    department: String,
}

async fn department(token: AccessToken<Claims>) -> String {
    format!("{} {}", token.claims().department, token.scope().contains("read"))
}

async fn registered(token: AccessToken) -> String {
    assert_eq!(token.binding(), Binding::Dpop);
    token.client_id().as_str().to_owned()
}

async fn optional(token: OptionalAccessToken) -> String {
    token.0.map_or_else(|| "nobody".to_owned(), |token| token.subject().as_str().to_owned())
}

async fn builtin_option(token: Option<AccessToken>) -> String {
    token.map_or_else(|| "nobody".to_owned(), |token| token.subject().as_str().to_owned())
}

// The API's own claims, the registered ones, and both kinds of optional token.
#[actix_web::test]
async fn handlers_take_the_token() {
    let scenario = Scenario::with(|builder| builder.claims::<Claims>());
    let app = App::new()
        .route("/department", web::get().to(department))
        .route("/registered", web::get().to(registered))
        .route("/optional", web::get().to(optional))
        .route("/option", web::get().to(builtin_option))
        .wrap(AccessTokenMiddleware::new(scenario.server.clone()));
    let app = init_service(app).await;
    for (path, expected) in [
        ("/department", "cardiology true"),
        ("/registered", "client"),
        ("/optional", "alice"),
        ("/option", "alice"),
    ] {
        let token =
            scenario.issuer.token().claim("department", "cardiology").bound_to(&scenario.client).sign();
        let request = TestRequest::with_uri(path)
            .insert_header(("authorization", format!("DPoP {token}")))
            .insert_header(("dpop", scenario.proof("GET", path, &token).sign()));
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(read_body(response).await, expected, "{path}");
    }
}

// P44: without the middleware, 500 without a word to the caller; the log says what is missing.
#[actix_web::test]
async fn without_the_middleware_the_answer_is_500() {
    let app =
        App::new().route("/token", web::get().to(registered)).route("/optional", web::get().to(optional));
    let app = init_service(app).await;
    for path in ["/token", "/optional"] {
        let (log, _guard) = Log::capture();
        let response = call_service(&app, TestRequest::with_uri(path).to_request()).await;
        assert_eq!(response.status(), 500, "{path}");
        assert!(read_body(response).await.is_empty(), "{path}");
        let text = log.text();
        assert!(text.contains("ERROR fapi_actix"), "{text}");
        assert!(text.contains(".wrap(AccessTokenMiddleware::new(server))"), "{text}");
    }
}

// actix-web's own impl for Option makes None of every error: the log is all that can be done, and it is done.
#[actix_web::test]
async fn without_the_middleware_a_builtin_option_is_none_and_logged() {
    let app = init_service(App::new().route("/option", web::get().to(builtin_option))).await;
    let (log, _guard) = Log::capture();
    let response = call_service(&app, TestRequest::with_uri("/option").to_request()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(read_body(response).await, "nobody");
    let text = log.text();
    assert!(text.contains("ERROR fapi_actix"), "{text}");
    assert!(text.contains("Option<AccessToken> is None and the handler runs"), "{text}");
}

// A handler that asks for another claims type than the server reads.
#[actix_web::test]
async fn another_claims_type_is_500_and_named_in_the_log() {
    let scenario = Scenario::with(|builder| builder.claims::<NoClaims>());
    let app = App::new().route("/department", web::get().to(department));
    let app = init_service(app.wrap(AccessTokenMiddleware::new(scenario.server.clone()))).await;
    let (log, _guard) = Log::capture();
    let response = call_service(&app, get(&scenario, "/department").to_request()).await;
    assert_eq!(response.status(), 500);
    assert!(read_body(response).await.is_empty());
    let text = log.text();
    assert!(text.contains("ERROR fapi_actix"), "{text}");
    assert!(text.contains("Claims") && text.contains("ResourceServerBuilder::claims"), "{text}");
}
