//! Does the catalogue find things? Resource servers that each lack one check or do one thing wrong, and the case that
//! finds each of them; and one that lacks nothing, in which no case finds anything.
//!
//! The servers are one [reference server](server) with one [flaw](flaw) each. It shares no decision with `fapi-core`, so
//! that the catalogue is also judged by a second implementation.

#![cfg(feature = "conform")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod flaw;
mod server;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use fapi_core::PeerCertificate;
use fapi_testkit::TestCertificate;
use fapi_testkit::catalogue::{
    self, AuthorizationDetail, CatalogueIssuer, DetailsRoute, Feature, Need, Profile, ScopeRoute,
    StepUpRoute, Terms,
};
use fapi_testkit::conform::report::{Outcome, Verdict};
use fapi_testkit::conform::{Answers, Credentials, Options, Report, ServiceTarget, run_against};

use flaw::Flaw;
use server::{Configuration, KeySource, ReferenceServer, ReferenceService};

const API: &str = "https://api.example.com";
const SCOPE_PATH: &str = "/nested/records";
const SCOPE: &str = "records:read";
const STEP_UP_PATH: &str = "/sensitive";
const ACR_VALUES: &str = "urn:example:loa:substantial urn:example:loa:high";
const MAX_AGE: Duration = Duration::from_secs(300);
const DETAILS_PATH: &str = "/payments";

fn detail() -> AuthorizationDetail {
    r#"{"type": "payment_initiation", "amount": "123.50"}"#.parse().unwrap()
}

/// One issuer of each profile for all runs: its keys take time to make.
static ISSUERS: LazyLock<Mutex<HashMap<&'static str, CatalogueIssuer>>> = LazyLock::new(Mutex::default);

fn issuer(profile: Profile) -> CatalogueIssuer {
    let mut issuers = ISSUERS.lock().unwrap();
    let new = || CatalogueIssuer::new("https://as.example.com", profile);
    issuers.entry(profile.name()).or_insert_with(new).clone()
}

/// Pitfalls that no request can show, and why. Tests of the project's own code cover them.
const UNSEEN: [(u32, &str); 11] = [
    (4, "the window of a proof would have to pass"),
    (11, "it is about speed"),
    (13, "the store would have to be down"),
    (14, "the server would have to start anew"),
    (22, "it is about one program's chain of verifiers"),
    (35, "the issuer would have to be slow"),
    (39, "the server must not have any keys yet"),
    (42, "nonces would have to be exhausted"),
    (43, "nonces would have to be exhausted"),
    (45, "it is about services of tower"),
    (48, "it is about the keys of a store"),
];

/// What a server must ask its issuer for.
const ASKING: [Need; 4] =
    [Need::OpaqueTokens, Need::SignedIntrospection, Need::StatusLists, Need::SecurityEvents];

/// What a run takes place on, beside the server.
#[derive(Clone, Copy, Default)]
struct Stage {
    profile: Profile,
    nonces: bool,
    certificate: bool,
    served_issuer: bool,
    /// Whether the server asks its issuer about tokens.
    asks: bool,
}

impl Stage {
    /// The one on which these cases find a flaw.
    fn of(profile: Profile, ids: &[&str]) -> Self {
        let needed = |need| {
            let cases = ids.iter().filter_map(|id| catalogue::find(id));
            cases.flat_map(|case| &case.needs).any(|own| *own == need)
        };
        let asks = ASKING.iter().any(|need| needed(*need));
        Self {
            profile,
            nonces: needed(Need::Nonces),
            certificate: needed(Need::Certificate) || !Terms::new(profile, None).have(Feature::Proofs),
            served_issuer: asks || needed(Need::ServedIssuer) || needed(Need::Rotation),
            asks,
        }
    }

    async fn run(self, flaw: Option<Flaw>, only: &[&str]) -> Report {
        let issuer = if self.served_issuer {
            // Not the one of all runs: its keys are going to change.
            let issuer = CatalogueIssuer::new("replaced by the address", self.profile);
            issuer.serve_on(([127, 0, 0, 1], 0).into()).unwrap()
        } else {
            issuer(self.profile)
        };
        let mut options = Options::new(API)
            .profile(self.profile)
            .route("GET", "/v1/whoami")
            .scope_route(SCOPE_PATH, SCOPE)
            .step_up_route(STEP_UP_PATH, ACR_VALUES, Some(MAX_AGE))
            .details_route("POST", DETAILS_PATH, detail())
            .other_methods()
            .ready_limit(Duration::from_secs(3))
            .rate(u32::MAX)
            .only(only.iter().copied());
        if self.nonces {
            options = options.nonces_required();
        }
        if self.asks {
            options = options
                .opaque_tokens(Answers::Signed)
                .status_lists()
                .security_events(server::EVENTS)
                .revocation_limit(Duration::from_secs(3));
        }
        let service = ReferenceService(Arc::new(ReferenceServer::new(self.configuration(&issuer), flaw)));
        let mut target = ServiceTarget::new(service);
        if self.certificate {
            let certificate = TestCertificate::generate();
            target = target.with_certificate(PeerCertificate::from_der(certificate.der().to_vec()));
        }
        let run = run_against(&target, Credentials::Issuer(issuer), options, &mut |_| ()).await;
        run.unwrap_or_else(|error| panic!("{flaw:?}: {error}"))
    }

    fn configuration(self, issuer: &CatalogueIssuer) -> Configuration {
        let keys = if self.served_issuer {
            KeySource::Served(format!("{}/jwks", issuer.identifier()))
        } else {
            KeySource::Given(issuer.jwks())
        };
        Configuration {
            profile: self.profile,
            public_url: API.to_owned(),
            audience: API.to_owned(),
            issuer: issuer.identifier().to_owned(),
            keys,
            scope_route: Some(ScopeRoute { path: SCOPE_PATH.to_owned(), scope: SCOPE.to_owned() }),
            step_up_route: Some(StepUpRoute {
                path: STEP_UP_PATH.to_owned(),
                acr_values: ACR_VALUES.to_owned(),
                max_age: Some(MAX_AGE),
            }),
            details_route: Some(DetailsRoute {
                method: "POST".to_owned(),
                path: DETAILS_PATH.to_owned(),
                detail: detail(),
            }),
            nonces: self.nonces,
            asks: self.asks,
        }
    }
}

fn ids(outcomes: &[Outcome], wanted: impl Fn(&Verdict) -> bool) -> Vec<&'static str> {
    outcomes.iter().filter(|outcome| wanted(&outcome.verdict)).map(|outcome| outcome.case.id).collect()
}

// The first implementation is `fapi-core`; this one must be judged alike.
#[tokio::test]
async fn nothing_is_found_in_a_server_without_a_flaw() {
    let report = Stage::default().run(None, &[]).await;
    report.assert_passed();
    assert!(report.summary.passed >= 150, "{:?}", report.summary);
}

#[tokio::test]
async fn nothing_is_found_with_nonces_certificates_and_an_issuer_that_is_served() {
    let stage = Stage { nonces: true, certificate: true, served_issuer: true, ..Stage::default() };
    let report = stage.run(None, &[]).await;
    report.assert_passed();
    // All that is left out are the cases that need a network, or a server that asks its issuer.
    let skipped = ids(&report.outcomes, |verdict| matches!(verdict, Verdict::Skipped { .. }));
    let needs = [&ASKING[..], &[Need::Network, Need::IntrospectedJwts]].concat();
    let possible = |id: &&str| !catalogue::find(id).unwrap().needs.iter().any(|need| needs.contains(need));
    let possible: Vec<_> = skipped.iter().filter(|id| possible(id)).collect();
    assert!(possible.is_empty(), "{possible:?}");
}

// What a profile says is written down twice, in `fapi-core` and in the reference server: both must be right.
#[tokio::test]
async fn nothing_is_found_in_a_server_of_any_profile() {
    for profile in Profile::ALL {
        let report = Stage { profile, certificate: true, ..Stage::default() }.run(None, &[]).await;
        report.assert_passed();
        assert!(report.summary.passed >= 300, "{profile}: {:?}", report.summary);
    }
}

#[tokio::test]
async fn nothing_is_found_in_a_server_that_asks_its_issuer() {
    let stage = Stage { certificate: true, served_issuer: true, asks: true, ..Stage::default() };
    let report = stage.run(None, &["valid", "introspection", "revocation"]).await;
    report.assert_passed();
    let skipped = ids(&report.outcomes, |verdict| matches!(verdict, Verdict::Skipped { .. }));
    assert_eq!(skipped, ["jwt-inactive", "jwt-revoked"]);
}

#[tokio::test]
async fn every_flaw_is_found_by_its_case() {
    let mut survivors = Vec::new();
    println!("{:<24} {:<12} {:<70} found by", "mutant", "about", "what is wrong");
    for flaw in Flaw::ALL.iter().copied() {
        let mut found = Vec::new();
        for (profile, cases) in stages(flaw) {
            let report = Stage::of(profile, &cases).run(Some(flaw), &cases_for(flaw, &cases)).await;
            found.extend(ids(&report.outcomes, |verdict| matches!(verdict, Verdict::Failed { .. })));
        }
        let (hits, misses): (Vec<&str>, Vec<&str>) = flaw.cases().iter().partition(|id| found.contains(id));
        let name = format!("{flaw:?}");
        println!("{name:<24} {:<12} {:<70} {}", flaw.numbers(), flaw.wrong(), hits.join(", "));
        survivors.extend(misses.into_iter().map(|case| format!("{name} is not found by {case}")));
    }
    assert!(survivors.is_empty(), "{}", survivors.join("\n"));
}

/// A valid request, and then the cases that must find the flaw.
fn cases_for(flaw: Flaw, cases: &[&'static str]) -> Vec<&'static str> {
    // The window must have had time to grow.
    let before = if flaw == Flaw::GrowingSkew { "replay-after-others" } else { "valid" };
    [&[before], cases].concat()
}

/// The cases of the flaw under a profile of which all are, or else each under the first of which it is.
fn stages(flaw: Flaw) -> Vec<(Profile, Vec<&'static str>)> {
    let about = |profile: Profile, id: &str| {
        let case = catalogue::find(id).unwrap_or_else(|| panic!("{id}"));
        let terms = Terms::new(profile, None);
        case.is_about(&terms) && (terms.have(Feature::Proofs) || !case.needs.contains(&Need::Proofs))
    };
    let of_all = |profile: &Profile| flaw.cases().iter().all(|id| about(*profile, id));
    if let Some(profile) = Profile::ALL.into_iter().find(of_all) {
        return vec![(profile, flaw.cases().to_vec())];
    }
    let first = |id: &'static str| Profile::ALL.into_iter().find(|profile| about(*profile, id)).unwrap();
    flaw.cases().iter().map(|id| (first(id), vec![*id])).collect()
}

#[test]
fn every_pitfall_is_a_mutant_or_cannot_be_seen() {
    let numbers: Vec<&str> = Flaw::ALL.iter().flat_map(|flaw| flaw.numbers().split(' ')).collect();
    for pitfall in 1..=50 {
        let mutant = numbers.contains(&&*format!("P{pitfall}"));
        let unseen = UNSEEN.iter().find(|(number, _)| *number == pitfall);
        assert!(mutant != unseen.is_some(), "P{pitfall}: {unseen:?}");
    }
}

#[test]
fn every_named_case_exists() {
    for case in Flaw::ALL.iter().flat_map(|flaw| flaw.cases()) {
        assert!(catalogue::find(case).is_some(), "{case}");
    }
    assert!(Flaw::ALL.len() >= 60);
}
