//! An API that does not even serve valid requests cannot be tested, and the run says what to look at.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse as _;
use fapi_core::{Clock as _, NoncePolicy};
use fapi_testkit::conform::{CannotTest, Credentials, HttpTarget, Progress, ServiceTarget, run, run_against};

use crate::api::World;

#[tokio::test]
async fn a_wrong_audience_is_hinted_at() {
    let world = World::new();
    let options = world.options().audience("https://other.example.com");
    let failure = run(world.api(|builder| builder), world.issuer.clone(), options).await.unwrap_err();
    assert!(failure.to_string().contains("audience"), "{failure}");
}

#[tokio::test]
async fn a_missing_route_is_hinted_at() {
    let world = World::new();
    let options = world.options().route("GET", "/nowhere");
    let failure = run(world.api(|builder| builder), world.issuer.clone(), options).await.unwrap_err();
    assert!(failure.to_string().contains("--path"), "{failure}");
}

#[tokio::test]
async fn a_server_that_does_not_listen_is_unreachable() {
    let world = World::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let target = HttpTarget::new(&format!("http://{closed}")).unwrap();
    let options = world.options().ready_limit(Duration::ZERO);
    let credentials = Credentials::Issuer(world.issuer.clone());
    let failure = run_against(&target, credentials, options, &mut |_| ()).await.unwrap_err();
    assert!(matches!(failure, CannotTest::Unreachable(_)), "{failure}");
}

#[tokio::test]
async fn unknown_names_choose_nothing() {
    let world = World::new();
    let options = world.options().only(["no-such-case"]);
    let failure = run(world.api(|builder| builder), world.issuer.clone(), options).await.unwrap_err();
    assert_eq!(failure, CannotTest::NoCases);
}

// P39: an API without keys answers 503, and is waited for.
#[tokio::test]
async fn an_api_without_keys_is_waited_for() {
    let world = World::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let first_unready = from_fn(move |request, next: Next| {
        let first = calls.fetch_add(1, Ordering::Relaxed) == 0;
        async move {
            if first { StatusCode::SERVICE_UNAVAILABLE.into_response() } else { next.run(request).await }
        }
    });
    let target = ServiceTarget::new(world.api(|builder| builder).layer(first_unready));
    let options = world.options().only(["valid"]);
    let mut waited = 0;
    let mut listener = |progress: Progress<'_>| waited += i32::from(matches!(progress, Progress::Waiting(_)));
    let credentials = Credentials::Issuer(world.issuer.clone());
    run_against(&target, credentials, options, &mut listener).await.unwrap().assert_passed();
    assert_eq!(waited, 1);
}

// R67: an API that asks for no nonces refuses proofs from before its start, and is waited for.
#[tokio::test]
async fn an_api_that_has_just_started_without_nonces_is_waited_for() {
    let world = World::new();
    let started = world.clock.now();
    let target = ServiceTarget::new(world.api(|builder| builder.nonce(NoncePolicy::Off)));
    let run = async |ready_limit| {
        world.clock.set(started.saturating_add(Duration::from_secs(5)));
        let options = world.options().only(["iat-10-s-ago"]).ready_limit(ready_limit);
        let mut waited = 0;
        let mut listener = |progress: Progress<'_>| {
            if matches!(progress, Progress::Waiting(_)) {
                waited += 1;
                world.clock.advance(Duration::from_secs(30));
            }
        };
        let credentials = Credentials::Issuer(world.issuer.clone());
        let report = run_against(&target, credentials, options, &mut listener).await.unwrap();
        (report.passed(), waited > 0)
    };
    assert_eq!(run(Duration::ZERO).await, (false, false), "the case would fail");
    assert_eq!(run(Duration::from_secs(45)).await, (true, true));
}

#[test]
fn only_http_urls_are_targets() {
    for url in ["ftp://api.example.com", "api.example.com", "", "http://"] {
        assert!(HttpTarget::new(url).is_err(), "{url}");
    }
}
