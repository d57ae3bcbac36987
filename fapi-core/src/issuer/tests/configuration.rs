//! What a configuration says, and what it can get wrong.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;

// R104: each issuer has keys of its own, the same kid or not.
#[tokio::test]
async fn issuers_do_not_share_keys() {
    let issuer = FakeIssuer::working();
    issuer.serve("https://keys.example/other", key_set(&["other"]));
    let one = issuer.keys(Issuer::new(ISSUER).with_jwks_uri(JWKS));
    let other = issuer.keys(Issuer::new("https://other.example").with_jwks_uri("https://keys.example/other"));
    let (one_set, other_set) = (one.refresh(NOW).await.unwrap(), other.refresh(NOW).await.unwrap());
    assert!(knows(&one_set, "1") && !knows(&one_set, "other"));
    assert!(knows(&other_set, "other") && !knows(&other_set, "1"));
    assert!(!one.may_be("https://other.example"));
    assert!(!issuer.requests().iter().any(|url| url.contains("well-known")));
}

// A configured key set needs no network and no runtime, and does not age.
#[test]
fn a_configured_key_set_is_used_for_ever() {
    let keys = try_keys(Issuer::new(ISSUER).with_key_set(key_set(&["1"])), None).unwrap();
    assert!(knows(&keys.current(UnixTime::default()).unwrap(), "1"));
    assert!(knows(&keys.current(UnixTime::MAX).unwrap(), "1"));
}

#[tokio::test]
async fn a_configured_key_set_is_never_fetched() {
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER).with_key_set(key_set(&["configured"])));
    assert!(knows(&keys.refresh(NOW).await.unwrap(), "configured"));
    assert!(issuer.requests().is_empty());
}

// Outside a tokio runtime there can be no fetch; that is no reason to panic.
#[test]
fn no_runtime_is_no_panic() {
    let keys = FakeIssuer::working().keys(Issuer::new(ISSUER));
    assert!(keys.current(NOW).is_none());
    let refresh = pin!(keys.refresh(NOW)).poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(refresh.map(Result::unwrap_err), Poll::Ready(KeysUnavailable));
}

// Nor is a runtime without timers, where neither a fetch nor the wait for another runtime's fetch can be bounded.
#[test]
fn no_timer_is_no_panic() {
    let without_timer = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let with_timer = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER));
    assert_eq!(without_timer().block_on(keys.refresh(NOW)).unwrap_err(), KeysUnavailable);

    // A fetch on a runtime that stands still.
    let elsewhere = with_timer();
    let guard = elsewhere.enter();
    assert!(keys.current(after(30)).is_none());
    assert!(pin!(keys.refresh(after(30))).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(guard);
    assert_eq!(without_timer().block_on(keys.refresh(after(30))).unwrap_err(), KeysUnavailable);

    // With the last good keys, a request is served.
    with_timer().block_on(keys.refresh(after(60))).unwrap();
    assert!(knows(&without_timer().block_on(keys.obtain(after(3600))).unwrap(), "1"));
}

// R117, R118: what a configuration can get wrong.
#[test]
fn configuration_faults() {
    let http = || Some(FakeIssuer::working() as Arc<dyn HttpClient>);
    for identifier in [
        "",
        "as.example",
        "http://as.example",
        "http://127.0.0.1",
        "https://as.example?a",
        "https://as.example#a",
    ] {
        let error = try_keys(Issuer::new(identifier), http()).unwrap_err();
        assert_eq!(error, IssuerError::Identifier(identifier.to_owned()));
    }
    assert_eq!(
        try_keys(Issuer::new(ISSUER).with_jwks_uri("http://as.example/jwks"), http()).unwrap_err(),
        IssuerError::JwksUri("http://as.example/jwks".to_owned())
    );
    assert_eq!(
        try_keys(Issuer::new(ISSUER), None).unwrap_err(),
        IssuerError::HttpClientMissing(ISSUER.to_owned())
    );
    for (json, reason) in [("{}", KeySetError::KeysMissing), (r#"{"keys":[]}"#, KeySetError::NoUsableKey)] {
        assert_eq!(
            try_keys(Issuer::new(ISSUER).with_key_set(json), None).unwrap_err(),
            IssuerError::KeySet { issuer: ISSUER.to_owned(), reason }
        );
    }
}
