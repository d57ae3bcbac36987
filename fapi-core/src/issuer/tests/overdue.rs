//! Keys that nobody refreshed in time, since nobody asked, or since the issuer is out of reach.

use super::*;

/// Default refresh age, in seconds.
const REFRESH_AGE: u64 = 600;
const NIGHT: u64 = 8 * 3600;

/// Keys that were loaded at `NOW`.
async fn loaded(issuer: &Arc<FakeIssuer>) -> Arc<IssuerKeys> {
    let keys = issuer.keys(Issuer::new(ISSUER).with_jwks_uri(JWKS));
    keys.refresh(NOW).await.unwrap();
    keys
}

fn unreachable() -> Answer {
    Answer::Fails(HttpError::Connection("refused".into()))
}

// R118: an issuer that can be reached decides what is trusted as soon as it has answered, however long nobody asked.
#[tokio::test]
async fn a_key_withdrawn_overnight_is_trusted_for_one_fetch_more() {
    let issuer = FakeIssuer::working();
    let keys = loaded(&issuer).await;
    issuer.serve(JWKS, key_set(&["2"]));
    assert!(knows(&keys.current(after(NIGHT)).unwrap(), "1"));
    settle().await;
    let morning = keys.current(after(NIGHT)).unwrap();
    assert!(knows(&morning, "2") && !knows(&morning, "1"));
    assert_eq!(issuer.fetches(), 2);
}

// R118: a fetch that was held up for longer than the cool-down, on a server that stood still, brings an older key set than the
// one after it.
#[tokio::test]
async fn a_late_answer_does_not_replace_a_newer_one() {
    let issuer = FakeIssuer::working();
    let keys = loaded(&issuer).await;
    let released = Arc::new(Notify::new());
    issuer.answer(JWKS, Answer::Held(HttpResponse::new(200, key_set(&["1"])), Arc::clone(&released)));
    let late = tokio::spawn({
        let keys = Arc::clone(&keys);
        async move { keys.refresh(after(100)).await }
    });
    settle().await;
    issuer.serve(JWKS, key_set(&["2"]));
    assert!(knows(&keys.refresh(after(200)).await.unwrap(), "2"));
    released.notify_one();
    // Who waited for it gets what is in use, too.
    assert!(knows(&late.await.unwrap().unwrap(), "2"));
    assert!(knows(&keys.current(after(200)).unwrap(), "2"));
    assert_eq!(issuer.fetches(), 3);
}

// R120, P35: where requests keep coming, keys are refreshed before anybody would have to wait for it.
#[tokio::test]
async fn a_busy_server_never_waits() {
    let issuer = FakeIssuer::working();
    let keys = loaded(&issuer).await;
    for second in (0..2 * REFRESH_AGE + 100).step_by(20) {
        assert!(keys.current(after(second)).is_some(), "{second}");
        settle().await;
    }
    assert_eq!(issuer.fetches(), 3);
}

// R118: an outage of hours: the last good keys serve at once.
#[tokio::test]
async fn the_last_good_keys_serve_through_an_outage() {
    let issuer = FakeIssuer::working();
    let keys = loaded(&issuer).await;
    issuer.answer(JWKS, unreachable());
    for second in (NIGHT..2 * NIGHT).step_by(20) {
        assert!(knows(&keys.current(after(second)).unwrap(), "1"), "{second}");
        settle().await;
    }
    // P39: an unknown key still could not be checked.
    assert_eq!(keys.find(Some("2"), Algorithm::Es256, after(2 * NIGHT)).await.unwrap_err(), KeysUnavailable);
    // P37: and when the issuer is back, its keys count after one cool-down.
    issuer.serve(JWKS, key_set(&["2"]));
    assert!(knows(&keys.obtain(after(2 * NIGHT + 29)).await.unwrap(), "1"));
    keys.current(after(2 * NIGHT + 30)).unwrap();
    settle().await;
    assert!(knows(&keys.current(after(2 * NIGHT + 30)).unwrap(), "2"));
}

// R120, P35: an issuer that accepts connections and never answers holds up no known key, also after hours in which nothing
// was fetched.
#[tokio::test(start_paused = true)]
async fn a_hanging_issuer_is_waited_for_by_nobody() {
    let issuer = FakeIssuer::working();
    let keys = loaded(&issuer).await;
    issuer.answer(JWKS, Answer::Never);
    let start = tokio::time::Instant::now();
    // Within the cool-down, while the next fetch hangs, and after it.
    for second in [0, 1, 5, 29, 30, 34, 35, 59, 60, 64] {
        assert!(knows(&keys.obtain(after(NIGHT + second)).await.unwrap(), "1"), "{second}");
        settle().await;
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(issuer.fetches(), 4);
}

// R120: nor for one that panics, or whose runtime stands still.
#[tokio::test(start_paused = true)]
async fn a_fetch_that_died_is_waited_for_by_nobody() {
    let issuer = FakeIssuer::working();
    let keys = loaded(&issuer).await;
    issuer.answer(JWKS, Answer::Panics);
    assert!(keys.current(after(NIGHT)).is_some());
    settle().await;
    assert!(keys.current(after(NIGHT)).is_some());
    let elsewhere = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    {
        let _guard = elsewhere.enter();
        assert!(keys.current(after(2 * NIGHT)).is_some());
    }
    assert!(keys.current(after(2 * NIGHT + 5)).is_some());
    elsewhere.shutdown_background();
}

// R118: an issuer that withdraws its only key is believed at once.
#[tokio::test]
async fn an_empty_key_set_withdraws_every_key() {
    for set in [r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","kid":"1","k":"AAAA"}]}"#] {
        let issuer = FakeIssuer::working();
        let keys = loaded(&issuer).await;
        issuer.serve(JWKS, set);
        assert!(!knows(&keys.refresh(after(30)).await.unwrap(), "1"));
        assert!(!knows(&keys.current(after(30)).unwrap(), "1"));
        issuer.serve(JWKS, key_set(&["2"]));
        assert!(knows(&keys.refresh(after(60)).await.unwrap(), "2"));
    }
}
