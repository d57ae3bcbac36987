//! APIs that learn from their issuer which tokens it has revoked, by asking it, from its status lists or by its security
//! events: every case comes out as expected.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use fapi_core::{
    ClientAuthentication, Introspection, PeerCertificate, ResourceServerBuilder, Revocation, SecurityEvents,
    StatusListPolicy, SystemClock,
};
use fapi_testkit::TestCertificate;
use fapi_testkit::catalogue::{self, CatalogueIssuer, Group, Need, Profile};
use fapi_testkit::conform::report::{Outcome, Report, Verdict};
use fapi_testkit::conform::{Answers, Credentials, Options, ServiceTarget, run_against};
use fapi_tower::{AccessToken, AccessTokenLayer, Issuer, ResourceServer, SecurityEventsService};

use crate::api::API;

/// What every run here has.
const GIVEN: [Need; 5] =
    [Need::Issuer, Need::Certificate, Need::CertificateTokens, Need::Proofs, Need::RevocationTime];
/// How long what the API has learned counts.
const AGE: Duration = Duration::from_secs(1);

/// An issuer on a socket, as the API knows it. By the system's clock: requests take time.
fn issuer() -> CatalogueIssuer {
    let issuer = CatalogueIssuer::new("replaced by the address", Profile::Fapi2);
    issuer.serve_on(([127, 0, 0, 1], 0).into()).unwrap()
}

fn introspection() -> Introspection {
    let (id, secret) = (CatalogueIssuer::CLIENT_ID, CatalogueIssuer::CLIENT_SECRET);
    Introspection::new(ClientAuthentication::client_secret_basic(id, secret))
        .with_max_age(AGE)
        .with_negative_age(AGE)
}

fn builder(issuer: Issuer) -> ResourceServerBuilder {
    ResourceServer::builder()
        .public_url(API)
        .audience(API)
        .issuer(issuer)
        .allow_insecure_loopback(true)
        .clock(Arc::new(SystemClock))
}

fn api(builder: ResourceServerBuilder) -> Router {
    behind_layer(builder.build().unwrap())
}

fn behind_layer(server: ResourceServer) -> Router {
    Router::new()
        .route("/whoami", get(async |token: AccessToken| token.subject().as_str().to_owned()))
        .layer(AccessTokenLayer::new(server))
}

fn options() -> Options {
    // Until the answer has run out, and a second for each of two requests.
    let limit = AGE.saturating_mul(3);
    Options::new(API).only(["introspection", "revocation"]).rate(5000).revocation_limit(limit)
}

async fn run(api: Router, issuer: CatalogueIssuer, options: Options) -> Report {
    let certificate = PeerCertificate::from_der(TestCertificate::generate().der());
    let target = ServiceTarget::new(api).with_certificate(certificate);
    let report = run_against(&target, Credentials::Issuer(issuer), options, &mut |_| ()).await.unwrap();
    report.assert_passed();
    report
}

/// That no case that needs one of these was skipped.
fn assert_tried<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>, needs: &[Need]) {
    for outcome in outcomes {
        let skipped = matches!(outcome.verdict, Verdict::Skipped { .. });
        let possible = outcome.case.needs.iter().all(|need| needs.contains(need) || GIVEN.contains(need));
        assert_eq!(skipped, !possible, "{}: {:?}", outcome.case.id, outcome.verdict);
    }
}

// R4, R121-R126, R180
#[tokio::test]
async fn nothing_is_found_where_plain_answers_are_asked_for() {
    let issuer = issuer();
    let trusted = Issuer::new(issuer.identifier()).with_introspection(introspection());
    let api = api(builder(trusted).revocation(Revocation::introspection()));
    let options = options().opaque_tokens(Answers::Plain).introspected_jwts();
    let report = run(api, issuer, options).await;
    assert_tried(&report.outcomes, &[Need::OpaqueTokens, Need::IntrospectedJwts]);
}

// R127-R130
#[tokio::test]
async fn nothing_is_found_where_signed_answers_are_required() {
    let issuer = issuer();
    let introspection = introspection().require_signed_response();
    let trusted = Issuer::new(issuer.identifier()).with_introspection(introspection);
    let api = api(builder(trusted).revocation(Revocation::introspection()));
    let options = options().opaque_tokens(Answers::Signed);
    let report = run(api, issuer, options).await;
    assert_tried(&report.outcomes, &[Need::OpaqueTokens, Need::SignedIntrospection]);
}

// R132-R136
#[tokio::test]
async fn nothing_is_found_where_status_lists_are_looked_into() {
    let issuer = issuer();
    let policy = StatusListPolicy::new().with_max_age(AGE);
    let trusted = Issuer::new(issuer.identifier());
    let api = api(builder(trusted).revocation(Revocation::status_list(policy)));
    // A list is kept for five seconds at least.
    let options = options().status_lists().revocation_limit(Duration::from_secs(7));
    let report = run(api, issuer, options).await;
    assert_tried(&report.outcomes, &[Need::StatusLists]);
}

// R161-R167
#[tokio::test]
async fn nothing_is_found_where_security_events_are_received() {
    let issuer = issuer();
    let trusted = Issuer::new(issuer.identifier());
    let events = SecurityEvents::new(trusted.clone(), API, CatalogueIssuer::EVENTS_AUTHORIZATION);
    let server = builder(trusted).revocation(Revocation::security_events(events)).build().unwrap();
    // The issuer brings no access token.
    let api = behind_layer(server.clone()).route_service("/events", SecurityEventsService::new(&server));
    let report = run(api, issuer, options().security_events("/events")).await;
    assert_tried(&report.outcomes, &[Need::SecurityEvents]);
}

/// What is skipped where there are no proofs.
fn assert_tried_with_certificates(report: &Report, needs: &[Need]) {
    for outcome in report.outcomes.iter().filter(|outcome| outcome.case.needs.contains(&Need::Proofs)) {
        let why = Need::Proofs.missing().to_owned();
        assert_eq!(outcome.verdict, Verdict::Skipped { why }, "{}", outcome.case.id);
    }
    let others = report.outcomes.iter().filter(|outcome| !outcome.case.needs.contains(&Need::Proofs));
    assert_tried(others, needs);
}

fn bound_to_certificates() -> Options {
    options().profile(Profile::CdrAu)
}

fn cdr_issuer() -> CatalogueIssuer {
    let issuer = CatalogueIssuer::new("replaced by the address", Profile::CdrAu);
    issuer.serve_on(([127, 0, 0, 1], 0).into()).unwrap()
}

// R4, R72, R121-R126: the same with certificates in place of proofs.
#[tokio::test]
async fn nothing_is_found_where_certificate_bound_tokens_are_asked_about() {
    let issuer = cdr_issuer();
    let trusted = Issuer::new(issuer.identifier()).with_introspection(introspection());
    let builder = builder(trusted).profile(Profile::CdrAu.rules()).revocation(Revocation::introspection());
    let options = bound_to_certificates().opaque_tokens(Answers::Plain).introspected_jwts();
    let report = run(api(builder), issuer, options).await;
    assert_tried_with_certificates(&report, &[Need::OpaqueTokens, Need::IntrospectedJwts]);
}

// R72, R132-R136
#[tokio::test]
async fn nothing_is_found_where_status_lists_of_certificate_bound_tokens_are_looked_into() {
    let issuer = cdr_issuer();
    let policy = StatusListPolicy::new().with_max_age(AGE);
    let builder = builder(Issuer::new(issuer.identifier()));
    let builder = builder.profile(Profile::CdrAu.rules()).revocation(Revocation::status_list(policy));
    let options = bound_to_certificates().status_lists().revocation_limit(Duration::from_secs(7));
    let report = run(api(builder), issuer, options).await;
    assert_tried_with_certificates(&report, &[Need::StatusLists]);
}

// R72, R161-R167
#[tokio::test]
async fn nothing_is_found_where_security_events_end_certificate_bound_tokens() {
    let issuer = cdr_issuer();
    let trusted = Issuer::new(issuer.identifier());
    let events = SecurityEvents::new(trusted.clone(), API, CatalogueIssuer::EVENTS_AUTHORIZATION);
    let builder = builder(trusted).profile(Profile::CdrAu.rules());
    let server = builder.revocation(Revocation::security_events(events)).build().unwrap();
    let api = behind_layer(server.clone()).route_service("/events", SecurityEventsService::new(&server));
    let report = run(api, issuer, bound_to_certificates().security_events("/events")).await;
    assert_tried_with_certificates(&report, &[Need::SecurityEvents]);
}

// R118, R120: whatever the API asks its issuer, the whole catalogue comes out as before.
#[tokio::test]
async fn every_other_case_comes_out_as_before_where_jwts_are_asked_about() {
    let issuer = issuer();
    let trusted = Issuer::new(issuer.identifier()).with_introspection(introspection());
    let api = api(builder(trusted).revocation(Revocation::introspection()));
    let groups = Group::ALL.iter().map(|group| group.name());
    let others = groups.filter(|name| !matches!(*name, "introspection" | "revocation" | "scope"));
    // Without a time for rotations.
    let limit = Duration::from_secs(25);
    let options = Options::new(API).rate(5000).time_limit(limit).introspected_jwts().only(others);
    run(api, issuer, options).await;
}

// A run without such flags leaves these cases out, and says why.
#[test]
fn no_case_asks_for_what_nobody_has_promised() {
    let promised = [
        Need::OpaqueTokens,
        Need::SignedIntrospection,
        Need::IntrospectedJwts,
        Need::StatusLists,
        Need::SecurityEvents,
    ];
    let groups = [Group::Introspection, Group::Revocation];
    for case in catalogue::all().iter().filter(|case| groups.contains(&case.group)) {
        let named = case.needs.iter().any(|need| promised.contains(need));
        assert!(named || ["answer-as-token", "event-as-token"].contains(&case.id), "{}", case.id);
    }
}
