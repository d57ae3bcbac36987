//! Every case comes out as expected against the project's own layer, however it is configured.

use std::collections::BTreeSet;

use fapi_core::{NoncePolicy, PeerCertificate, ResourceServerBuilder};
use fapi_testkit::catalogue::Need;
use fapi_testkit::conform::report::{Report, Verdict};
use fapi_testkit::conform::{Credentials, ServiceTarget, run, run_against};
use fapi_testkit::{SigningKey, TestCertificate, TestClient};

use crate::api::{API, SCOPE, World};

/// What an API must be said to ask its issuer.
const ASKING: [Need; 5] = [
    Need::OpaqueTokens,
    Need::SignedIntrospection,
    Need::IntrospectedJwts,
    Need::StatusLists,
    Need::SecurityEvents,
];

/// Why cases were skipped.
fn skipped(report: &Report) -> BTreeSet<&str> {
    let reasons = report.outcomes.iter().filter_map(|outcome| match &outcome.verdict {
        Verdict::Skipped { why } => Some(why.as_str()),
        Verdict::Passed | Verdict::Failed { .. } => None,
    });
    reasons.collect()
}

fn missing(needs: &[Need]) -> BTreeSet<&'static str> {
    needs.iter().map(|need| need.missing()).collect()
}

#[tokio::test]
async fn nothing_is_found_in_the_default_configuration() {
    let world = World::new();
    let api = world.api(|builder| builder);
    let report = run(api, world.issuer.clone(), world.options()).await.unwrap();
    report.assert_passed();
    let needs = [
        Need::Nonces,
        Need::NoncesRequired,
        Need::Certificate,
        Need::ServedIssuer,
        Need::Rotation,
        Need::Network,
    ];
    assert_eq!(skipped(&report), &missing(&needs) | &missing(&ASKING));
}

// R51, R62: the runner answers a challenge once, as clients do.
#[tokio::test]
async fn nothing_is_found_where_nonces_are_required() {
    let world = World::new();
    let api = world.api(|builder| builder.nonce(NoncePolicy::Required));
    let options = world.options().nonces_required();
    let report = run(api, world.issuer.clone(), options).await.unwrap();
    report.assert_passed();
    assert!(report.target.nonces);
    let needs = [Need::Certificate, Need::ServedIssuer, Need::Rotation, Need::Network];
    assert_eq!(skipped(&report), &missing(&needs) | &missing(&ASKING));
}

#[tokio::test]
async fn nothing_is_found_where_nonces_are_off() {
    let world = World::new();
    let api = world.api(|builder: ResourceServerBuilder| builder.nonce(NoncePolicy::Off));
    run(api, world.issuer.clone(), world.options()).await.unwrap().assert_passed();
}

// R72-R75
#[tokio::test]
async fn nothing_is_found_over_connections_with_a_certificate() {
    let world = World::new();
    let certificate = PeerCertificate::from_der(TestCertificate::generate().der());
    let target = ServiceTarget::new(world.api(|builder| builder)).with_certificate(certificate);
    let credentials = Credentials::Issuer(world.issuer.clone());
    let report = run_against(&target, credentials, world.options(), &mut |_| ()).await.unwrap();
    report.assert_passed();
    assert!(!skipped(&report).contains(Need::Certificate.missing()));
}

#[tokio::test]
async fn a_given_token_is_enough_for_what_changes_the_request() {
    let world = World::new();
    let api = world.api(|builder| builder);
    let client = TestClient::new();
    let token = world.issuer.token().audience(API).scope(SCOPE).bound_to(&client).sign();
    let key = SigningKey::from_private_jwk(client.key().algorithm(), &client.key().private_jwk());
    let credentials = Credentials::Token { token: token.into(), key: Some(key) };
    let report =
        run_against(&ServiceTarget::new(api), credentials, world.options(), &mut |_| ()).await.unwrap();
    report.assert_passed();
    assert!(report.summary.passed > 150, "{:?}", report.summary);
    assert!(skipped(&report).contains(Need::Issuer.missing()));
}

#[tokio::test]
async fn single_cases_and_groups_can_be_chosen() {
    let world = World::new();
    let options = world.options().only(["htm-other", "nonce"]);
    let report = run(world.api(|builder| builder), world.issuer.clone(), options).await.unwrap();
    assert!(report.outcomes.iter().all(|outcome| {
        outcome.case.id == "htm-other" || outcome.case.group == fapi_testkit::catalogue::Group::Nonce
    }));
    assert!(report.summary.passed >= 1);
}
