//! The background refresh: an idle server, at exact times.

use tokio::time::advance;

use super::*;

const NIGHT: u64 = 8 * 3600;
const STEP: Duration = Duration::from_secs(5);

/// Keys that were loaded at `NOW`, and the clock that they go by.
async fn loaded(issuer: &Arc<FakeIssuer>) -> (Arc<IssuerKeys>, Arc<TestClock>) {
    let clock = TestClock::at(NOW);
    let source = Issuer::new(ISSUER).with_jwks_uri(JWKS);
    let keys = try_keys_by(source, Some(Arc::clone(issuer) as _), Arc::clone(&clock)).unwrap();
    keys.refresh(NOW).await.unwrap();
    (keys, clock)
}

/// Nobody asks for anything from `from` to `to` seconds after `NOW`.
async fn pass(clock: &TestClock, from: u64, to: u64) {
    let mut now = after(from);
    while now < after(to) {
        now = now.saturating_add(STEP).min(after(to));
        clock.set(now);
        advance(STEP).await;
        settle().await;
    }
}

// R118, R120: after an idle night the keys are young, and the first request waits for nobody.
#[tokio::test(start_paused = true)]
async fn keys_are_refreshed_while_nobody_asks() {
    let issuer = FakeIssuer::working();
    let (keys, clock) = loaded(&issuer).await;
    pass(&clock, 0, 595).await;
    assert_eq!(issuer.fetches(), 1);
    issuer.serve(JWKS, key_set(&["2"]));
    pass(&clock, 595, 605).await;
    assert_eq!(issuer.fetches(), 2);
    assert!(knows(&keys.current(after(605)).unwrap(), "2"));
    pass(&clock, 605, NIGHT).await;
    let morning = keys.current(after(NIGHT)).expect("nobody waits");
    assert!(knows(&morning, "2") && !knows(&morning, "1"));
    // Once in ten minutes, and not more often.
    let expected = usize::try_from(NIGHT / 600).unwrap();
    assert!(issuer.fetches().abs_diff(expected) <= 2, "{}", issuer.fetches());
}

// R118: what the issuer states of the age of its keys counts here, too.
#[tokio::test(start_paused = true)]
async fn the_stated_age_is_kept() {
    let issuer = FakeIssuer::working();
    let fresh = HttpResponse::new(200, key_set(&["1"])).with_max_age(Duration::from_secs(120));
    issuer.answer(JWKS, Answer::Is(fresh));
    let (_keys, clock) = loaded(&issuer).await;
    pass(&clock, 0, 1200).await;
    assert!((9..=11).contains(&issuer.fetches()), "{}", issuer.fetches());
}

// R118, R120: an outage is found out before anybody asks, and the last good keys serve at once while it lasts.
#[tokio::test(start_paused = true)]
async fn an_outage_in_an_idle_night_makes_nobody_wait() {
    for outage in [Answer::Fails(HttpError::TimedOut), Answer::Never] {
        let issuer = FakeIssuer::working();
        let (keys, clock) = loaded(&issuer).await;
        issuer.answer(JWKS, outage);
        let mut asked = 0;
        for end in (900..=NIGHT).step_by(900) {
            pass(&clock, asked, end).await;
            assert!(knows(&keys.current(after(end)).expect("nobody waits"), "1"), "{end}");
            asked = end;
        }
        // P34: never more than twice a minute.
        assert!(issuer.fetches() <= usize::try_from(NIGHT / 30).unwrap(), "{}", issuer.fetches());
        // P37: and it is over without a request, and without a restart.
        issuer.serve(JWKS, key_set(&["2"]));
        pass(&clock, NIGHT, NIGHT + 40).await;
        assert!(knows(&keys.current(after(NIGHT + 40)).unwrap(), "2"));
    }
}

// P37, P39: an issuer that is down at the start is found when it comes up, before the first request.
#[tokio::test(start_paused = true)]
async fn an_issuer_that_comes_up_late_is_found_by_itself() {
    let issuer = FakeIssuer::working();
    issuer.answer(OAUTH, Answer::Fails(HttpError::TimedOut));
    let clock = TestClock::at(NOW);
    let keys = try_keys_by(Issuer::new(ISSUER), Some(Arc::clone(&issuer) as _), Arc::clone(&clock)).unwrap();
    assert_eq!(keys.obtain(NOW).await.unwrap_err(), KeysUnavailable);
    pass(&clock, 0, 300).await;
    assert!(keys.current(after(300)).is_none());
    issuer.serve(OAUTH, metadata(ISSUER, JWKS));
    pass(&clock, 300, 335).await;
    assert!(keys.current(after(335)).is_some());
}

// R118: a clock that was set, or a machine that was asleep, is noticed within a minute of being awake.
#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_is_noticed() {
    let issuer = FakeIssuer::working();
    let (keys, clock) = loaded(&issuer).await;
    for jumped in [after(NIGHT), NOW] {
        let before = issuer.fetches();
        clock.set(jumped);
        advance(Duration::from_secs(61)).await;
        settle().await;
        assert_eq!(issuer.fetches(), before + 1);
        assert!(keys.current(jumped).is_some());
    }
}

// R118: the task ends with the keys, at once, wherever it was.
#[tokio::test(start_paused = true)]
async fn the_task_ends_with_the_keys() {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let issuer = FakeIssuer::working();
    let (keys, clock) = loaded(&issuer).await;
    keys.prepare(NOW);
    settle().await;
    assert_eq!(tasks(), 1);
    pass(&clock, 0, 700).await;
    assert_eq!((tasks(), issuer.fetches()), (1, 2));
    drop(keys);
    settle().await;
    assert_eq!(tasks(), 0);
    advance(Duration::from_secs(3600)).await;
    settle().await;
    assert_eq!(issuer.fetches(), 2);
}

// R118: where the first runtime is gone, the next one takes over.
#[test]
fn another_runtime_takes_over() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let issuer = FakeIssuer::working();
    let first = runtime();
    let (keys, clock) = first.block_on(loaded(&issuer));
    drop(first);
    let second = runtime();
    second.block_on(async {
        clock.set(after(660));
        keys.refresh(after(660)).await.unwrap();
        assert_eq!(issuer.fetches(), 2);
        pass(&clock, 660, 1300).await;
        assert_eq!(issuer.fetches(), 3);
    });
}
