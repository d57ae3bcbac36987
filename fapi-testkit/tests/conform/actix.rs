//! The project's own middleware for actix-web, over the socket that the runner opens for it.

use std::sync::Arc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::{App, Error, HttpResponse, web};
use fapi_actix::{AccessToken, AccessTokenMiddleware, Require, security_events};
use fapi_core::{Issuer, RejectionBody, Requirement, ResourceServer, Revocation, SecurityEvents};
use fapi_testkit::catalogue::{self, CatalogueIssuer, Need, Profile};
use fapi_testkit::conform::report::Outcome;
use fapi_testkit::conform::{Options, run_actix};

use crate::api::{API, SCOPE, World, consent, recent_login};

async fn whoami(token: AccessToken) -> String {
    token.subject().as_str().to_owned()
}

/// The routes of the API behind this server.
pub(crate) fn app(
    server: ResourceServer,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let require = Require::new(Requirement::scope(SCOPE));
    let sensitive = web::resource("/sensitive").wrap(Require::new(recent_login()));
    let payments = web::resource("/payments").wrap(Require::new(consent()));
    App::new()
        .route("/whoami", web::get().to(whoami))
        .service(web::resource("/records").wrap(require).route(web::get().to(async || "[]")))
        .service(sensitive.route(web::get().to(async || "[]")))
        .service(payments.route(web::post().to(async || "{}")))
        .default_service(web::to(HttpResponse::NotFound))
        .wrap(AccessTokenMiddleware::new(server))
}

// The whole catalogue, with the cases that need a network.
#[tokio::test]
async fn nothing_is_found_in_an_actix_application() {
    let world = World::new();
    let server = world.server(|builder| builder.rejection_body(RejectionBody::ProblemJson));
    let app = move || app(server.clone());
    let report = run_actix(app, world.issuer.clone(), world.options()).await.unwrap();
    report.assert_passed();
    assert!(report.target.address.starts_with("http://127.0.0.1:"), "{}", report.target.address);
    assert!(report.summary.acceptances.passed >= 200, "{}", report.summary.scores());
}

// R161, R165, R166
#[tokio::test]
async fn nothing_is_found_where_an_actix_application_receives_security_events() {
    let issuer = CatalogueIssuer::new("https://as.example.com", Profile::Fapi2);
    let trusted = Issuer::new(issuer.identifier()).with_key_set(issuer.jwks());
    let events = SecurityEvents::new(trusted.clone(), API, CatalogueIssuer::EVENTS_AUTHORIZATION);
    let server = ResourceServer::builder()
        .public_url(API)
        .audience(API)
        .issuer(trusted)
        .revocation(Revocation::security_events(events))
        .build()
        .unwrap();
    let app = move || {
        App::new().service(security_events("/events", &server)).service(
            web::scope("")
                .route("/whoami", web::get().to(whoami))
                .wrap(AccessTokenMiddleware::new(server.clone())),
        )
    };
    let options = Options::new(API).security_events("/events").only(["revocation"]).rate(5000);
    let report = run_actix(app, issuer, options).await.unwrap();
    report.assert_passed();
    let tried = |outcome: &&Outcome| {
        outcome.case.needs.contains(&Need::SecurityEvents) && !outcome.exchanges.is_empty()
    };
    let cases = catalogue::all().iter().filter(|case| case.needs.contains(&Need::SecurityEvents));
    assert_eq!(report.outcomes.iter().filter(tried).count(), cases.count());
}

#[tokio::test]
async fn an_application_that_trusts_another_issuer_is_named() {
    let world = World::new();
    let server = world.server(|builder| builder);
    let app = move || {
        App::new().route("/whoami", web::get().to(whoami)).wrap(AccessTokenMiddleware::new(server.clone()))
    };
    let other = CatalogueIssuer::new("https://other.example.com", Profile::Fapi2);
    let options = world.options().ready_limit(Duration::ZERO);
    let failure = run_actix(app, other.with_clock(Arc::new(world.clock.clone())), options).await.unwrap_err();
    assert!(failure.to_string().contains("does the API trust the issuer"), "{failure}");
}
