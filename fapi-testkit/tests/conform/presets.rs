//! Every case comes out as expected against the project's own layers under the profile of each ecosystem, in axum and in
//! actix-web, and no case is left out that could have been tried.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use fapi_core::{Binding, PeerCertificate, ResourceServer, SenderConstraint, UnixTime};
use fapi_testkit::catalogue::{self, CatalogueIssuer, Feature, Need, Profile, Terms};
use fapi_testkit::conform::report::{Report, Verdict};
use fapi_testkit::conform::{CannotTest, Credentials, Options, ServiceTarget, run, run_against};
use fapi_testkit::{ManualClock, TestCertificate};

use crate::api::{API, SCOPE, World, router};

fn world(profile: Profile) -> World {
    let clock = ManualClock::at(UnixTime::from_secs(1_750_000_000));
    let issuer = CatalogueIssuer::new("https://as.example.com", profile);
    World { issuer: issuer.with_clock(Arc::new(clock.clone())), clock }
}

fn server(world: &World, profile: Profile) -> ResourceServer {
    world.server(|builder| builder.profile(profile.rules()).scopes_supported([SCOPE]))
}

fn api(world: &World, profile: Profile) -> Router {
    router(server(world, profile))
}

fn options(world: &World, profile: Profile) -> Options {
    world.options().profile(profile)
}

/// How many cases were skipped for want of what.
fn skipped(report: &Report) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for outcome in &report.outcomes {
        if let Verdict::Skipped { why } = &outcome.verdict {
            *counts.entry(why.as_str()).or_default() += 1;
        }
    }
    counts
}

/// How many cases of the profile need one of these: the first that is missing says why a case is skipped.
fn needing(terms: &Terms, missing: &[Need]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for case in catalogue::all().iter().filter(|case| case.is_about(terms)) {
        if let Some(need) = case.needs.iter().find(|need| missing.contains(need)) {
            *counts.entry(need.missing()).or_default() += 1;
        }
    }
    counts
}

/// What a run in this process cannot have, and what nobody has said of the API.
fn missing(terms: &Terms, certificate: bool, network: bool) -> Vec<Need> {
    let mut missing = vec![
        Need::ServedIssuer,
        Need::Rotation,
        Need::OpaqueTokens,
        Need::SignedIntrospection,
        Need::IntrospectedJwts,
        Need::StatusLists,
        Need::SecurityEvents,
    ];
    let further = [
        (Need::Proofs, terms.have(Feature::Proofs)),
        (Need::CertificateTokens, terms.have(Feature::CertificateTokens)),
        (Need::Certificate, certificate),
        (Need::Nonces, terms.have(Feature::NoncesRequired)),
        (Need::NoncesRequired, terms.have(Feature::NoncesRequired)),
        (Need::Network, network),
    ];
    missing.extend(further.into_iter().filter(|(_, there)| !there).map(|(need, _)| need));
    missing
}

fn assert_complete(report: &Report, terms: &Terms, certificate: bool, network: bool) {
    report.assert_passed();
    let expected = needing(terms, &missing(terms, certificate, network));
    assert_eq!(skipped(report), expected, "{}", report.profile);
    assert!(report.summary.passed > 300, "{}: {:?}", report.profile, report.summary);
    if !terms.have(Feature::Proofs) {
        assert_no_proofs(report);
    }
}

/// That proofs are sent by those cases only that are about why they do not help.
fn assert_no_proofs(report: &Report) {
    let with_proofs = report.outcomes.iter().filter(|outcome| {
        outcome.exchanges.iter().any(|it| it.sent.headers.iter().any(|(name, _)| name == "DPoP"))
    });
    let ids: Vec<_> = with_proofs.map(|outcome| outcome.case.id).collect();
    let expected = [
        "key-bound-where-certificate",
        "both-bound-where-certificate",
        "certificate-bound-under-dpop",
        "certificate-of-other-and-proof",
    ];
    assert_eq!(ids, expected);
}

// R6, R7, R24, R72, R90-R96: what the profile accepts is accepted, and nothing else.
async fn in_axum(profile: Profile) {
    let world = world(profile);
    let terms = Terms::new(profile, None);
    let report = run(api(&world, profile), world.issuer.clone(), options(&world, profile)).await;
    assert_complete(&report.unwrap(), &terms, terms.binding() == Binding::Mtls, false);
}

// R72: over connections with a certificate, which some profiles do not want.
async fn with_a_certificate(profile: Profile) {
    let world = world(profile);
    let certificate = PeerCertificate::from_der(TestCertificate::generate().der());
    let target = ServiceTarget::new(api(&world, profile)).with_certificate(certificate);
    let credentials = Credentials::Issuer(world.issuer.clone());
    let report = run_against(&target, credentials, options(&world, profile), &mut |_| ()).await;
    assert_complete(&report.unwrap(), &Terms::new(profile, None), true, false);
}

#[cfg(feature = "actix")]
async fn in_actix_web(profile: Profile) {
    let world = world(profile);
    let terms = Terms::new(profile, None);
    let server = server(&world, profile);
    let app = move || crate::actix::app(server.clone());
    let options = options(&world, profile);
    let report = fapi_testkit::conform::run_actix(app, world.issuer.clone(), options).await.unwrap();
    assert_complete(&report, &terms, terms.binding() == Binding::Mtls, true);
}

/// That nothing is found: three tests for each profile.
macro_rules! nothing_is_found_under {
    ($($name:ident: $profile:expr,)+) => {
        const TESTED: &[Profile] = &[$($profile),+];

        $(mod $name {
            use super::Profile;

            #[tokio::test]
            async fn in_axum() {
                super::in_axum($profile).await;
            }

            #[tokio::test]
            async fn with_a_certificate() {
                super::with_a_certificate($profile).await;
            }

            #[cfg(feature = "actix")]
            #[tokio::test]
            async fn in_actix_web() {
                super::in_actix_web($profile).await;
            }
        })+
    };
}

nothing_is_found_under! {
    fapi2: Profile::Fapi2,
    helseid: Profile::Helseid,
    maskinporten: Profile::Maskinporten,
    open_finance_brazil: Profile::OpenFinanceBrazil,
    cdr_au: Profile::CdrAu,
    uk_open_banking: Profile::UkOpenBanking,
    atproto: Profile::Atproto,
    mcp: Profile::Mcp,
}

// SP 5.3.4-5: FAPI 2.0 leaves the choice.
#[tokio::test]
async fn nothing_is_found_under_fapi2_with_certificates_only() {
    let world = world(Profile::Fapi2);
    let server = world.server(|builder| builder.sender_constraint(SenderConstraint::Mtls));
    let options = world.options().sender_constraint(SenderConstraint::Mtls);
    let report = run(router(server), world.issuer.clone(), options).await.unwrap();
    assert_complete(&report, &Terms::new(Profile::Fapi2, Some(SenderConstraint::Mtls)), true, false);
}

// R72: a token of the API's own issuer, without the key that it is not bound to.
#[tokio::test]
async fn a_given_token_that_is_bound_to_the_certificate_is_enough() {
    let world = world(Profile::CdrAu);
    let certificate = TestCertificate::generate();
    let token = world.issuer.token().audience(API).scope(SCOPE).bound_to_certificate(certificate.der());
    let credentials = Credentials::Token { token: token.sign().into(), key: None };
    let target = ServiceTarget::new(api(&world, Profile::CdrAu));
    let target = target.with_certificate(PeerCertificate::from_der(certificate.der()));
    let options = options(&world, Profile::CdrAu);
    let report = run_against(&target, credentials, options, &mut |_| ()).await.unwrap();
    report.assert_passed();
    assert!(report.summary.passed > 80, "{:?}", report.summary);
    assert!(skipped(&report).contains_key(Need::Issuer.missing()));
}

// The expectations of a profile are not those of FAPI 2.0: a strict API fails them.
#[tokio::test]
async fn a_strict_api_is_none_of_another_profile() {
    let expected: [(Profile, &[&str]); 4] = [
        (Profile::Helseid, &["token-typ-jwt-accepted", "token-sub-absent-accepted", "proof-rs256-helseid"]),
        (Profile::Atproto, &["nonce-with-answer", "nonce-with-refusal"]),
        (Profile::Mcp, &["challenge-scope", "challenge-scope-with-error"]),
        (Profile::Fapi2, &[]),
    ];
    for (profile, ids) in expected {
        let world = World::new();
        let api = world.api(|builder| builder);
        let report = run(api, world.issuer.clone(), options(&world, profile)).await.unwrap();
        let failed: Vec<_> = report.failures().iter().map(|outcome| outcome.case.id).collect();
        for id in ids {
            assert!(failed.contains(id), "{id} is not among {failed:?}");
        }
    }
}

// R72: without a certificate, every refusal would look right.
#[tokio::test]
async fn a_profile_of_certificates_needs_one() {
    let world = world(Profile::CdrAu);
    let target = ServiceTarget::new(api(&world, Profile::CdrAu));
    let credentials = Credentials::Issuer(world.issuer.clone());
    let options = options(&world, Profile::CdrAu);
    let failure = run_against(&target, credentials, options, &mut |_| ()).await.unwrap_err();
    assert!(matches!(failure, CannotTest::NoCertificate { .. }), "{failure}");
    assert!(failure.to_string().contains("--client-cert"), "{failure}");
}

#[test]
fn every_preset_of_the_core_has_its_profile() {
    assert_eq!(TESTED, Profile::ALL);
    for name in fapi_core::Profile::names() {
        let profile: Profile = name.parse().unwrap();
        assert_eq!(profile.name(), name.trim_end_matches("-test"));
        assert_eq!(profile.rules().name(), profile.name());
    }
    assert_eq!("fapi1".parse::<Profile>().unwrap_err().to_string().split(", ").count(), Profile::ALL.len());
}
