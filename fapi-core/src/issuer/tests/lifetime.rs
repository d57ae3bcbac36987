//! When keys are fetched, how long they are used, and who waits.

use tokio::time::timeout;

use super::*;

// R118, P34: 10,000 made-up kids within one cool-down cost one fetch beside the first load, and none more.
#[tokio::test]
async fn strangers_cannot_drive_fetches() {
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER));
    keys.refresh(NOW).await.unwrap();
    for request in 0..10_000 {
        let now = after(30).saturating_add(Duration::from_millis(request * 29_999 / 10_000));
        assert!(!knows(&keys.refresh(now).await.unwrap(), "made up"));
    }
    assert_eq!(issuer.fetches(), 2);
}

// R118, P34: one that is asked for again and again is remembered as unknown, and in the end costs a fetch in two
// minutes: that of an old key, or of one that somebody makes up with each request.
#[tokio::test]
async fn an_unknown_kid_is_remembered() {
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER).with_jwks_uri(JWKS));
    keys.refresh(NOW).await.unwrap();
    let mut fetched_at = Vec::new();
    for second in (31..4 * 3600).step_by(10) {
        let before = issuer.fetches();
        assert!(!knows(&keys.find(Some("old"), Algorithm::Es256, after(second)).await.unwrap(), "old"));
        keys.current(after(second)).unwrap();
        settle().await;
        if issuer.fetches() > before {
            fetched_at.push(second);
        }
    }
    assert_eq!(fetched_at[..6], [31, 61, 91, 151, 271, 391]);
    // Then each two minutes.
    assert!(fetched_at[4..].windows(2).all(|pair| pair[1] - pair[0] >= 120), "{fetched_at:?}");
}

// R118, P37: what was unknown is found when it is published: within half a minute if it was used just before, within the
// refresh age if it was asked for since long.
#[tokio::test]
async fn a_key_that_was_unknown_is_found_later() {
    let find = async |keys: &Arc<IssuerKeys>, second| {
        knows(&keys.find(Some("2"), Algorithm::Es256, after(second)).await.unwrap(), "2")
    };
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER).with_jwks_uri(JWKS));
    assert!(!find(&keys, 0).await);
    issuer.serve(JWKS, key_set(&["1", "2"]));
    assert!(!find(&keys, 29).await);
    assert!(find(&keys, 30).await);

    issuer.serve(JWKS, key_set(&["1"]));
    keys.refresh(after(100)).await.unwrap();
    for second in (130..7200).step_by(30) {
        assert!(!find(&keys, second).await);
    }
    issuer.serve(JWKS, key_set(&["1", "2"]));
    assert!(find(&keys, 7200 + 120).await);
}

// R118, P39: nothing is known of a key after a fetch that failed, and the next one settles it.
#[tokio::test]
async fn a_failed_fetch_makes_no_kid_unknown() {
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER).with_jwks_uri(JWKS));
    keys.refresh(NOW).await.unwrap();
    for second in (100..400).step_by(30) {
        keys.find(Some("2"), Algorithm::Es256, after(second)).await.unwrap();
    }
    issuer.answer(JWKS, Answer::Fails(HttpError::TimedOut));
    keys.refresh(after(400)).await.unwrap_err();
    assert_eq!(keys.find(Some("2"), Algorithm::Es256, after(429)).await.unwrap_err(), KeysUnavailable);
    issuer.serve(JWKS, key_set(&["1", "2"]));
    assert!(knows(&keys.find(Some("2"), Algorithm::Es256, after(430)).await.unwrap(), "2"));
}

// R118: the cool-down counts from the start of the last fetch, to the millisecond.
#[tokio::test]
async fn the_cool_down_is_exact() {
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER));
    keys.refresh(NOW).await.unwrap();
    keys.refresh(NOW.saturating_add(Duration::from_millis(29_999))).await.unwrap();
    assert_eq!(issuer.fetches(), 1);
    keys.refresh(after(30)).await.unwrap();
    assert_eq!(issuer.fetches(), 2);
}

// R118: a rotated key is accepted with the first token after the cool-down, without a restart (P37).
#[tokio::test]
async fn a_rotated_key_is_found() {
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER));
    keys.refresh(NOW).await.unwrap();
    issuer.serve(JWKS, key_set(&["2"]));
    let rotated = keys.refresh(after(30)).await.unwrap();
    assert!(knows(&rotated, "2") && !knows(&rotated, "1"));
    assert!(Arc::ptr_eq(&rotated, &keys.current(after(30)).unwrap()));
}

// R118: one fetch serves all who wait for it.
#[tokio::test]
async fn concurrent_requests_share_one_fetch() {
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER));
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let keys = Arc::clone(&keys);
            tokio::spawn(async move { keys.refresh(NOW).await.is_ok() })
        })
        .collect();
    for request in waiting {
        assert!(request.await.unwrap());
    }
    assert_eq!(issuer.fetches(), 1);
}

// R118, R120: a client that hangs up neither stops the fetch nor blocks the next.
#[tokio::test]
async fn a_cancelled_request_does_not_cancel_the_fetch() {
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER));
    let request = tokio::spawn({
        let keys = Arc::clone(&keys);
        async move { keys.refresh(NOW).await.is_ok() }
    });
    while issuer.requests().is_empty() {
        assert!(!request.is_finished());
        yield_now().await;
    }
    request.abort();
    settle().await;
    assert!(keys.current(NOW).is_some());
}

// R120, P35: an issuer that accepts connections and never answers delays nobody whose key is known.
#[tokio::test(start_paused = true)]
async fn a_hanging_issuer_delays_no_known_key() {
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER));
    keys.refresh(NOW).await.unwrap();
    issuer.answer(JWKS, Answer::Never);
    let unknown = tokio::spawn({
        let keys = Arc::clone(&keys);
        async move { keys.refresh(after(659)).await }
    });
    settle().await;
    assert_eq!(issuer.fetches(), 2);
    for _ in 0..1000 {
        assert!(knows(&keys.current(after(659)).unwrap(), "1"));
    }
    // P39: the one with the unknown key is told that it could not be checked, after the time limit.
    let start = tokio::time::Instant::now();
    assert_eq!(unknown.await.unwrap().unwrap_err(), KeysUnavailable);
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    assert!(keys.current(after(659)).is_some());
}

// R118, P39: whoever comes within the cool-down of a failed fetch is answered at once, and not with "unknown key".
#[tokio::test(start_paused = true)]
async fn a_failed_fetch_answers_at_once_until_the_cool_down_is_over() {
    let issuer = FakeIssuer::working();
    issuer.answer(JWKS, Answer::Never);
    let keys = issuer.keys(Issuer::new(ISSUER));
    assert_eq!(keys.refresh(NOW).await.unwrap_err(), KeysUnavailable);
    let start = tokio::time::Instant::now();
    assert_eq!(keys.refresh(after(29)).await.unwrap_err(), KeysUnavailable);
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(issuer.fetches(), 1);
}

// P37, P39: an issuer that is down at the start is found when it comes up, without a restart.
#[tokio::test]
async fn recovers_when_the_issuer_comes_up() {
    let issuer = FakeIssuer::working();
    issuer.answer(OAUTH, Answer::Fails(HttpError::TimedOut));
    let keys = issuer.keys(Issuer::new(ISSUER));
    assert_eq!(keys.refresh(NOW).await.unwrap_err(), KeysUnavailable);
    assert!(keys.current(NOW).is_none());
    issuer.serve(OAUTH, metadata(ISSUER, JWKS));
    assert_eq!(keys.refresh(after(29)).await.unwrap_err(), KeysUnavailable);
    assert!(keys.refresh(after(30)).await.is_ok());
    assert!(keys.current(after(30)).is_some());
}

// R118: a failed fetch keeps the last good keys, for a bounded time.
#[tokio::test]
async fn the_last_good_keys_stay_for_a_bounded_time() {
    for failure in [
        Answer::Fails(HttpError::Connection("refused".into())),
        Answer::Is(HttpResponse::new(500, "")),
        Answer::Is(HttpResponse::new(302, "")),
        Answer::Is(HttpResponse::new(200, "<html>")),
        Answer::Panics,
    ] {
        let issuer = FakeIssuer::working();
        let keys = issuer.keys(Issuer::new(ISSUER));
        keys.refresh(NOW).await.unwrap();
        issuer.answer(JWKS, failure.clone());
        assert_eq!(keys.refresh(after(60)).await.unwrap_err(), KeysUnavailable, "{failure:?}");
        let bound = 600 + 24 * 3600;
        assert!(knows(&keys.obtain(after(bound - 1)).await.unwrap(), "1"));
        assert!(keys.current(after(bound)).is_none());
        assert_eq!(keys.obtain(after(bound)).await.unwrap_err(), KeysUnavailable);
        // And it recovers.
        issuer.serve(JWKS, key_set(&["1"]));
        assert!(keys.refresh(after(bound + 60)).await.is_ok());
    }
}

// R118: keys are fetched again in the background when they are due, as the issuer says within bounds.
#[tokio::test]
async fn keys_are_refreshed_in_the_background() {
    for (max_age, due) in [(None, 600), (Some(0), 60), (Some(120), 120), (Some(86_400), 3600)] {
        let issuer = FakeIssuer::working();
        let mut response = HttpResponse::new(200, key_set(&["1"]));
        response.max_age = max_age.map(Duration::from_secs);
        issuer.answer(JWKS, Answer::Is(response));
        let keys = issuer.keys(Issuer::new(ISSUER));
        keys.refresh(NOW).await.unwrap();
        issuer.serve(JWKS, key_set(&["2"]));
        keys.current(after(due - 1)).unwrap();
        settle().await;
        assert_eq!(issuer.fetches(), 1, "{max_age:?}");
        // The request that finds them due is served with what is there.
        assert!(knows(&keys.current(after(due)).unwrap(), "1"));
        settle().await;
        assert!(knows(&keys.current(after(due)).unwrap(), "2"));
        assert_eq!(issuer.fetches(), 2);
    }
}

// R118: a clock that is set back stops neither fetches nor the ageing of keys.
#[tokio::test]
async fn a_clock_set_back_does_not_stop_fetches() {
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER));
    keys.refresh(after(7200)).await.unwrap();
    keys.obtain(NOW).await.unwrap();
    assert_eq!(issuer.fetches(), 2);
    // Requests that read the clock just before the fetch started do not start another.
    keys.refresh(NOW.saturating_sub(Duration::from_secs(29))).await.unwrap();
    assert_eq!(issuer.fetches(), 2);
}

// P46: a refresh that brings the same keys keeps the identity of the set, and one that brings others does not.
#[tokio::test]
async fn an_unchanged_set_stays_the_same() {
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER));
    let first = keys.refresh(NOW).await.unwrap();
    let second = keys.refresh(after(30)).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    issuer.serve(JWKS, key_set(&["1", "2"]));
    assert!(!Arc::ptr_eq(&second, &keys.refresh(after(60)).await.unwrap()));
    assert_eq!(issuer.fetches(), 3);
}

// R120: a fetch that was started on a worker whose runtime stands still, or is gone, holds nobody up for longer than a
// fetch may take, and the next one runs elsewhere.
#[test]
fn a_fetch_on_another_runtime_may_die() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER).with_jwks_uri(JWKS));
    let worker = runtime();
    // Starts the fetch and leaves before it can run.
    worker.block_on(async { timeout(Duration::ZERO, keys.refresh(NOW)).await.unwrap_err() });
    let waiting = runtime().block_on(async {
        let start = tokio::time::Instant::now();
        assert_eq!(keys.refresh(NOW).await.unwrap_err(), KeysUnavailable);
        start.elapsed()
    });
    assert_eq!(waiting, Duration::from_secs(5));
    drop(worker);
    runtime().block_on(async {
        let start = tokio::time::Instant::now();
        assert_eq!(keys.refresh(NOW).await.unwrap_err(), KeysUnavailable);
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert!(keys.refresh(after(30)).await.is_ok());
    });
}
