//! What a configuration deviates in beside its profile (SP 5.1.2, R20): found, named, and logged once at start.

use std::time::Duration;

use fapi_core::jose::Algorithm;
use fapi_core::{
    ClientAuthentication, DenyList, Deviation, Introspection, Issuer, Profile, ResourceServer,
    ResourceServerBuilder, Revocation, SecurityEvents,
};

use crate::logging::Log;
use crate::world::{API, ISSUER};

/// Complete but for the revocation.
fn builder() -> ResourceServerBuilder {
    ResourceServer::builder().public_url(API).audience(API).issuer(Issuer::new(ISSUER))
}

/// Deviates in nothing.
fn strict() -> ResourceServerBuilder {
    builder().revocation(denied())
}

fn denied() -> Revocation {
    Revocation::deny_list(DenyList::new())
}

fn at_most(seconds: u64) -> Revocation {
    Revocation::max_token_lifetime(Duration::from_secs(seconds))
}

/// The codes of what a server deviates in, each of which is one warning of its start.
fn deviations(builder: ResourceServerBuilder) -> Vec<&'static str> {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let server = builder.build().unwrap();
    let warnings: Vec<_> = log.take().into_iter().filter(|line| line.starts_with("WARN")).collect();
    let found: Vec<_> = server.deviations().collect();
    assert_eq!(warnings.len(), found.len(), "{warnings:?}");
    for (warning, deviation) in warnings.iter().zip(&found) {
        let sentence = format!("deviates from FAPI 2.0: {deviation} profile=");
        let code = format!("deviation={:?}", deviation.code());
        assert!(warning.contains(&sentence) && warning.ends_with(&code), "{warning}");
    }
    found.into_iter().map(Deviation::code).collect()
}

#[test]
fn a_strict_configuration_deviates_in_nothing() {
    assert_eq!(deviations(strict()), [""; 0]);
    // R20: what the profile deviates in is said first.
    let profile = Profile::fapi2().with_untyped_tokens(true).named("own");
    assert_eq!(
        deviations(builder().profile(profile).revocation(at_most(60))),
        ["untyped_token", "revocation_unknown"]
    );
}

// R4, R20, R67: a limit of the lifetime alone lets revoked tokens live on, and one of more than an hour is none.
#[test]
fn revocation_that_is_not_looked_up() {
    const LONG: [&str; 2] = ["revocation_unknown", "long_lived_token"];
    for (revocations, codes) in [
        (vec![at_most(300)], &LONG[..1]),
        (vec![at_most(3600)], &LONG[..1]),
        (vec![at_most(3601)], &LONG),
        (vec![at_most(9000), at_most(300)], &LONG[..1]),
        (vec![at_most(300), denied()], &[]),
        (vec![at_most(9000), denied()], &[]),
    ] {
        let server = revocations.iter().cloned().fold(builder(), ResourceServerBuilder::revocation);
        assert_eq!(deviations(server), codes, "{revocations:?}");
    }
    let server = builder().revocation(at_most(9000)).revocation(at_most(300)).build().unwrap();
    assert_eq!(
        server.deviations().next().map(ToString::to_string).unwrap(),
        "nothing tells of revoked JWT access tokens: they are accepted until they expire, for 300 s at most (SP 5.3.4-3)"
    );
}

// R12, R20
#[test]
fn missing_tls() {
    assert_eq!(deviations(strict().allow_insecure_loopback(true)), ["insecure_loopback"]);
    assert_eq!(deviations(strict().public_url("http://localhost:8080")), ["insecure_public_url"]);
    assert_eq!(deviations(strict().public_url("HTTP://[::1]/v1")), ["insecure_public_url"]);
}

// R20, R126: an answer without `aud` is about a token for any API of the issuer.
#[test]
fn introspection_without_an_audience() {
    let asked = || Introspection::new(ClientAuthentication::client_secret_basic("client", "secret"));
    let codes = |introspection| {
        let issuer = Issuer::new(ISSUER).with_introspection(introspection);
        deviations(
            ResourceServer::builder().public_url(API).audience(API).issuer(issuer).revocation(denied()),
        )
    };
    assert_eq!(codes(asked()), [""; 0]);
    assert_eq!(codes(asked().without_audience()), ["introspection_without_audience"]);
    // That setting is about opaque tokens.
    assert_eq!(codes(asked().without_audience().for_jwts_only()), [""; 0]);
}

// R20, R164
#[test]
fn algorithms_of_security_events() {
    let events =
        || SecurityEvents::new(Issuer::new(ISSUER), API, "Bearer a-secret-that-nobody-guesses-0123456789");
    let codes = |events| deviations(builder().revocation(Revocation::security_events(events)));
    assert_eq!(codes(events()), [""; 0]);
    assert_eq!(codes(events().with_algorithms([Algorithm::Ps256])), [""; 0]);
    assert_eq!(
        codes(events().with_algorithms([Algorithm::Ps256, Algorithm::Rs256])),
        ["security_event_algorithms"]
    );
}
