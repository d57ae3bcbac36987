//! `Require` and the order of middleware.

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpResponse, web};
use fapi_actix::{AccessTokenMiddleware, Require};
use fapi_core::{AccessToken, Error, NoClaims, Requirement};

use crate::log::Log;
use crate::requests::{error, get, lines};
use fapi_testkit::Scenario;

// R5, R32: 403 names the scope; the handler of a route that asks for less is reached.
#[actix_web::test]
async fn a_route_asks_for_a_scope() {
    let scenario = Scenario::new();
    let route = |path: &str, scope: &str| {
        web::resource(path)
            .wrap(Require::new(Requirement::scope(scope)))
            .route(web::get().to(HttpResponse::Ok))
    };
    let app = App::new()
        .service(route("/read", "records:read"))
        .service(route("/write", "records:write"))
        .wrap(AccessTokenMiddleware::new(scenario.server.clone()));
    let app = init_service(app).await;
    assert_eq!(call_service(&app, get(&scenario, "/read").to_request()).await.status(), 200);
    let response = call_service(&app, get(&scenario, "/write").to_request()).await;
    assert_eq!(response.status(), 403);
    assert_eq!(error(&response), Error::InsufficientScope("records:write".into()));
    let challenges = lines(&response, "www-authenticate");
    assert_eq!(challenges.len(), 1);
    assert!(challenges[0].contains("error=\"insufficient_scope\""), "{challenges:?}");
    assert!(challenges[0].contains("scope=\"records:write\""), "{challenges:?}");
    assert_eq!(lines(&response, "cache-control"), ["no-store"]);
}

// R5: on one scope, Require wrapped before the middleware runs after it.
#[actix_web::test]
async fn the_right_order_on_one_scope() {
    let scenario = Scenario::new();
    let mine = |token: &AccessToken<NoClaims>| token.subject().as_str() == "alice";
    let scope = web::scope("/records")
        .route("/1", web::get().to(HttpResponse::Ok))
        .wrap(Require::new(Requirement::claims("mine", mine)))
        .wrap(AccessTokenMiddleware::new(scenario.server.clone()));
    let app = init_service(App::new().service(scope)).await;
    assert_eq!(call_service(&app, get(&scenario, "/records/1").to_request()).await.status(), 200);
    let response = call_service(&app, TestRequest::with_uri("/records/1").to_request()).await;
    assert_eq!(error(&response), Error::CredentialsMissing);
}

// R5: the wrong order lets nobody through, and the log says what to do.
#[actix_web::test]
async fn the_wrong_order_answers_500_and_explains() {
    let scenario = Scenario::new();
    let scope = web::scope("/records")
        .route("/1", web::get().to(HttpResponse::Ok))
        .wrap(AccessTokenMiddleware::new(scenario.server.clone()))
        .wrap(Require::new(Requirement::scope("records:read")));
    let app = init_service(App::new().service(scope)).await;
    let (log, _guard) = Log::capture();
    let response = call_service(&app, get(&scenario, "/records/1").to_request()).await;
    assert_eq!(response.status(), 500);
    assert!(read_body(response).await.is_empty());
    let text = log.text();
    assert!(text.contains("ERROR fapi_actix"), "{text}");
    assert!(text.contains(".wrap(Require::new(..)).wrap(AccessTokenMiddleware::new(..))"), "{text}");
}
