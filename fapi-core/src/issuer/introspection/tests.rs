//! An issuer that is slow, silent or failing, asked by many at once, at exact times.

use std::collections::HashSet;
use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use async_trait::async_trait;
use proptest::prelude::*;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, yield_now};
use tokio::time::Instant;

use super::lane::{BUDGET_SECONDS, COOL_DOWN, DEFAULT_BUDGET};
use super::*;
use crate::crypto::AwsLcProvider;
use crate::issuer::client_authentication::ClientAuthentication;
use crate::issuer::http::{HttpError, HttpResponse};
use crate::issuer::{Issuer, IssuerKeys};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const KEY_SET: &str = r#"{"keys":[{"kid":"1","kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}]}"#;
const ACTIVE: &str = r#"{"active":true}"#;
const INACTIVE: &str = r#"{"active":false}"#;

#[derive(Debug)]
struct StillClock;

impl Clock for StillClock {
    fn now(&self) -> UnixTime {
        NOW
    }
}

/// The time of the test's runtime, which moves on while everybody waits.
#[derive(Debug)]
struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> UnixTime {
        NOW.saturating_add(self.0.elapsed())
    }
}

/// What the issuer does with a question.
#[derive(Clone, Copy, Debug)]
enum Behaviour {
    /// Tokens that start with `good` are active.
    Answers,
    Fails,
    /// With this status.
    Refuses(u16),
    Silent,
    /// As [`Self::Answers`], after this time.
    Slow(Duration),
    Panics,
}

/// An issuer in this process that counts its calls; it answers none while the gate is shut.
#[derive(Debug)]
struct FakeIssuer {
    behaviour: Mutex<Behaviour>,
    gate: Semaphore,
    calls: AtomicUsize,
    at_a_time: AtomicUsize,
    most_at_a_time: AtomicUsize,
}

impl FakeIssuer {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            behaviour: Mutex::new(Behaviour::Answers),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            calls: AtomicUsize::new(0),
            at_a_time: AtomicUsize::new(0),
            most_at_a_time: AtomicUsize::new(0),
        })
    }

    fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    fn shut(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    fn open(&self) {
        self.gate.add_permits(1_000_000);
    }

    fn calls(&self) -> usize {
        self.calls.load(SeqCst)
    }

    fn introspector(
        self: &Arc<Self>,
        configure: impl FnOnce(Introspection) -> Introspection,
    ) -> Arc<Introspector> {
        self.introspector_by(Arc::new(StillClock), configure)
    }

    fn introspector_by(
        self: &Arc<Self>,
        clock: Arc<dyn Clock>,
        configure: impl FnOnce(Introspection) -> Introspection,
    ) -> Arc<Introspector> {
        let issuer = Issuer::new("https://as.example").with_key_set(KEY_SET);
        let http: Arc<dyn HttpClient> = Arc::clone(self) as _;
        let crypto: Arc<dyn CryptoProvider> = Arc::new(AwsLcProvider);
        let algorithms = vec![Algorithm::Es256];
        let keys = IssuerKeys::new(issuer, algorithms.clone(), Arc::clone(&crypto), None, Arc::clone(&clock))
            .unwrap();
        let config = Introspection::new(ClientAuthentication::client_secret_basic("api", "secret"))
            .with_endpoint("https://as.example/introspect");
        let surroundings = Surroundings {
            keys: &keys,
            algorithms: &algorithms,
            max_future: Duration::from_secs(30),
            http: Some(&http),
            crypto: &crypto,
            clock: &clock,
        };
        Introspector::new(configure(config), &surroundings).unwrap()
    }
}

#[async_trait]
impl HttpClient for FakeIssuer {
    async fn get(&self, _: &str, _: &str) -> Result<HttpResponse, HttpError> {
        Err(HttpError::TimedOut)
    }

    async fn post_form(
        &self,
        _: &str,
        _: &str,
        _: Option<&str>,
        form: &str,
    ) -> Result<HttpResponse, HttpError> {
        self.calls.fetch_add(1, SeqCst);
        let now = self.at_a_time.fetch_add(1, SeqCst) + 1;
        self.most_at_a_time.fetch_max(now, SeqCst);
        self.gate.acquire().await.unwrap().forget();
        self.at_a_time.fetch_sub(1, SeqCst);
        let behaviour = *self.behaviour.lock().unwrap();
        let body = if form.starts_with("token=good") { ACTIVE } else { INACTIVE };
        match behaviour {
            Behaviour::Slow(time) => {
                tokio::time::sleep(time).await;
                Ok(HttpResponse::new(200, body).with_content_type("application/json"))
            }
            Behaviour::Answers => Ok(HttpResponse::new(200, body).with_content_type("application/json")),
            Behaviour::Fails => Err(HttpError::TimedOut),
            Behaviour::Refuses(status) => Ok(HttpResponse::new(status, body)),
            Behaviour::Silent => pending().await,
            Behaviour::Panics => panic!("the client has a bug"),
        }
    }
}

fn digest(token: &str) -> Digest {
    AwsLcProvider.sha256(token.as_bytes())
}

fn after(time: Duration) -> UnixTime {
    NOW.saturating_add(time)
}

async fn ask_as(
    introspector: &Arc<Introspector>,
    token: &str,
    standing: Standing,
    now: UnixTime,
) -> Result<(), Error> {
    introspector.introspect(token, &digest(token), standing, now).await.map(|_active| ())
}

async fn ask(introspector: &Arc<Introspector>, token: &str, now: UnixTime) -> Result<(), Error> {
    ask_as(introspector, token, Standing::Unknown, now).await
}

/// Asks about all of these at once.
async fn ask_all(
    introspector: &Arc<Introspector>,
    tokens: impl Iterator<Item = String>,
) -> Vec<Result<(), Error>> {
    let mut requests = JoinSet::new();
    for token in tokens {
        let introspector = Arc::clone(introspector);
        requests.spawn(async move { ask(&introspector, &token, NOW).await });
    }
    requests.join_all().await
}

/// Lets the tasks of this thread run until none can go on.
async fn settle() {
    for _ in 0..50 {
        yield_now().await;
    }
}

const UNAVAILABLE: Result<(), Error> = Err(Error::IntrospectionUnavailable);
const NOT_ACTIVE: Result<(), Error> = Err(Error::TokenInactive);

// R121, P34: one token causes one call, however many requests carry it.
#[tokio::test]
async fn many_requests_with_one_token_share_one_call() {
    let issuer = FakeIssuer::new();
    let introspector = issuer.introspector(|config| config.with_max_age(Duration::ZERO));
    for (calls, token, verdict) in [(1, "good", Ok(())), (2, "bad", NOT_ACTIVE)] {
        let verdicts = ask_all(&introspector, (0..1000).map(|_| token.to_owned())).await;
        assert!(verdicts.iter().all(|own| *own == verdict), "{token}");
        assert_eq!(issuer.calls(), calls);
    }
}

// R121: whoever caused the call may hang up; what comes of it counts for the others.
#[tokio::test]
async fn a_client_that_hangs_up_takes_nothing_with_it() {
    let issuer = FakeIssuer::new();
    let introspector = issuer.introspector(|config| config);
    issuer.shut();
    let first = tokio::spawn({
        let introspector = Arc::clone(&introspector);
        async move { ask(&introspector, "good", NOW).await }
    });
    settle().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    issuer.open();
    assert_eq!(ask(&introspector, "good", NOW).await, Ok(()));
    assert_eq!(issuer.calls(), 1);
}

// R121, P35: an issuer that never answers holds up nobody whose token is known, and the others for a bounded time.
#[tokio::test(start_paused = true)]
async fn a_silent_issuer_delays_no_known_token() {
    let issuer = FakeIssuer::new();
    let introspector = issuer.introspector(|config| config);
    assert_eq!(ask(&introspector, "good", NOW).await, Ok(()));
    issuer.behave(Behaviour::Silent);
    let started = Instant::now();
    let other = tokio::spawn({
        let introspector = Arc::clone(&introspector);
        async move { ask(&introspector, "good 2", NOW).await }
    });
    settle().await;
    assert_eq!(ask(&introspector, "good", NOW).await, Ok(()));
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert_eq!(other.await.unwrap(), UNAVAILABLE);
    assert_eq!(started.elapsed(), CALL_TIME_LIMIT);
    // Nothing is left of the call that failed.
    issuer.behave(Behaviour::Answers);
    assert_eq!(ask(&introspector, "good 2", NOW).await, Ok(()));
}

// R121: a bug of the client is not one of this server.
#[tokio::test]
async fn a_panic_of_the_client_is_503() {
    let issuer = FakeIssuer::new();
    let introspector = issuer.introspector(|config| config);
    issuer.behave(Behaviour::Panics);
    assert_eq!(ask(&introspector, "good", NOW).await, UNAVAILABLE);
    issuer.behave(Behaviour::Answers);
    assert_eq!(ask(&introspector, "good", NOW).await, Ok(()));
}

// R121: a call whose runtime stands still is given up.
#[tokio::test(start_paused = true)]
async fn a_call_on_a_dead_runtime_is_made_again() {
    let issuer = FakeIssuer::new();
    let introspector = issuer.introspector(|config| config);
    let stalled = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let call = introspector.introspect("good", &[7; 32], Standing::Unknown, NOW);
    {
        let _entered = stalled.enter();
        let mut call = Box::pin(call);
        let waker = std::task::Waker::noop();
        assert!(call.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
    }
    let again = |now| introspector.introspect("good", &[7; 32], Standing::Unknown, now);
    assert!(again(NOW).await.is_err());
    assert_eq!(issuer.calls(), 0);
    assert!(again(after(CALL_TIME_LIMIT)).await.is_ok());
    assert_eq!(issuer.calls(), 1);
    // Dropped with its runtime, it takes nothing with it.
    stalled.shutdown_background();
    assert!(again(after(CALL_TIME_LIMIT)).await.is_ok());
}

// R121, P39: without a runtime, nothing is asked, and nothing waits.
#[test]
fn without_a_runtime_nothing_is_asked() {
    let issuer = FakeIssuer::new();
    let introspector = issuer.introspector(|config| config);
    let verdict = futures_poll(ask(&introspector, "good", NOW));
    assert_eq!(verdict, Some(UNAVAILABLE));
    assert_eq!(issuer.calls(), 0);
}

fn futures_poll<F: Future>(future: F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

// R125: what strangers make up is forgotten among itself, and pushes out no good token.
#[tokio::test]
async fn made_up_tokens_push_out_no_good_one() {
    let issuer = FakeIssuer::new();
    let introspector = issuer.introspector(|config| config.with_budget(u32::MAX));
    assert_eq!(ask(&introspector, "good", NOW).await, Ok(()));
    for number in 0..20_000 {
        assert_eq!(ask(&introspector, &format!("bad {number}"), NOW).await, NOT_ACTIVE);
    }
    let calls = issuer.calls();
    assert_eq!(ask(&introspector, "good", NOW).await, Ok(()));
    assert_eq!(ask(&introspector, "bad 19999", NOW).await, NOT_ACTIVE);
    assert_eq!(issuer.calls(), calls);
    // The oldest of them is forgotten.
    assert_eq!(ask(&introspector, "bad 0", NOW).await, NOT_ACTIVE);
    assert_eq!(issuer.calls(), calls + 1);
}

// R180: 10,000 made-up tokens are 1,000 calls in ten seconds at most, and those whose tokens were good do not suffer.
#[tokio::test]
async fn strangers_have_a_budget() {
    let issuer = FakeIssuer::new();
    let introspector = issuer.introspector(|config| config.with_max_age(Duration::from_secs(1)));
    assert_eq!(ask(&introspector, "good", NOW).await, Ok(()));
    let mut verdicts = HashSet::new();
    for number in 0..10_000 {
        verdicts.insert(ask(&introspector, &format!("bad {number}"), NOW).await.unwrap_err().code());
    }
    assert_eq!(verdicts, HashSet::from(["token_inactive", "introspection_unavailable"]));
    assert_eq!(issuer.calls(), usize::try_from(DEFAULT_BUDGET).unwrap());
    // A token that was active, though its answer has run out; a JWT whose holder has proved the key.
    assert_eq!(ask(&introspector, "good", after(Duration::from_secs(1))).await, Ok(()));
    assert_eq!(ask_as(&introspector, "good JWT", Standing::Proved, NOW).await, Ok(()));
    assert_eq!(ask(&introspector, "good new", NOW).await, UNAVAILABLE);
    // The next ten seconds have a budget of their own.
    assert_eq!(ask(&introspector, "good new", after(Duration::from_secs(BUDGET_SECONDS))).await, Ok(()));
}

// R180: no more than 32 calls at a time for each kind of token, and 1,024 that wait.
#[tokio::test]
async fn calls_at_a_time_are_bounded() {
    let issuer = FakeIssuer::new();
    let introspector = issuer.introspector(|config| config.with_budget(u32::MAX));
    issuer.shut();
    let requests = tokio::spawn({
        let introspector = Arc::clone(&introspector);
        async move { ask_all(&introspector, (0..2000).map(|number| format!("good {number}"))).await }
    });
    settle().await;
    assert_eq!(issuer.calls(), 32);
    // Whoever has proved a key goes another way.
    let proved = ask_as(&introspector, "good JWT", Standing::Proved, NOW);
    issuer.gate.add_permits(1);
    let _ = tokio::time::timeout(Duration::from_millis(50), proved).await;
    assert!(issuer.calls() > 32);
    issuer.open();
    let verdicts = requests.await.unwrap();
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == UNAVAILABLE).count(), 2000 - 1024);
    assert!(issuer.most_at_a_time.load(SeqCst) <= 64);
}

// R124, R180: an issuer that fails is left alone, but for one call in five seconds; those are not multiplied by tokens.
#[tokio::test]
async fn a_failing_issuer_is_left_alone() {
    let issuer = FakeIssuer::new();
    let introspector = issuer.introspector(|config| config);
    issuer.behave(Behaviour::Fails);
    for number in 0..1000 {
        assert_eq!(ask(&introspector, &format!("good {number}"), NOW).await, UNAVAILABLE);
    }
    assert_eq!(issuer.calls(), 5);
    for number in 0..1000 {
        assert_eq!(ask(&introspector, &format!("good {number}"), after(COOL_DOWN)).await, UNAVAILABLE);
    }
    assert_eq!(issuer.calls(), 6);
    // Strangers' failures are not those of others.
    issuer.behave(Behaviour::Answers);
    assert_eq!(ask_as(&introspector, "good JWT", Standing::Proved, NOW).await, Ok(()));
    assert_eq!(ask(&introspector, "good", after(COOL_DOWN)).await, UNAVAILABLE);
    // One call finds it recovered, and then everybody is served.
    let later = after(COOL_DOWN * 2);
    assert_eq!(ask(&introspector, "good", later).await, Ok(()));
    assert_eq!(ask(&introspector, "good 2", later).await, Ok(()));
}

// R124, R180: what the issuer finds wrong with one token is no outage; what it says of itself or of this server is.
#[tokio::test]
async fn an_odd_token_stops_nobody() {
    for (status, calls) in [(400, 20), (413, 20), (403, 20), (401, 5), (429, 5), (500, 5), (503, 5)] {
        let issuer = FakeIssuer::new();
        let introspector = issuer.introspector(|config| config);
        issuer.behave(Behaviour::Refuses(status));
        for number in 0..20 {
            assert_eq!(ask(&introspector, &format!("odd {number}"), NOW).await, UNAVAILABLE, "{status}");
        }
        assert_eq!(issuer.calls(), calls, "{status}");
    }
}

// R124: an answer that cannot be used is no outage: another token's may be good.
#[tokio::test]
async fn one_bad_answer_is_no_outage() {
    let issuer = FakeIssuer::new();
    let introspector = issuer.introspector(Introspection::require_signed_response);
    for number in 0..20 {
        let verdict = ask(&introspector, &format!("good {number}"), NOW).await;
        assert_eq!(verdict, Err(Error::IntrospectionInvalid));
    }
    assert_eq!(issuer.calls(), 20);
}

// R125: what is remembered shows nothing of a token, and Debug nothing of a secret.
#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", FakeIssuer::new().introspector(|config| config));
    assert!(!shown.contains("secret:") && !shown.contains("YXBpOnNlY3JldA"), "{shown}");
}

proptest! {
    // R123, R180, P47: nothing that an issuer sends is more than an error, and only the boolean true makes a token active.
    #[test]
    fn no_answer_is_more_than_an_error(body: Vec<u8>, media_type in "(application/(json|token-introspection\\+jwt))?", signed: bool) {
        let response = HttpResponse::new(200, body).with_content_type(media_type);
        if let Ok(Content::Plain(json)) = answer::content(response, "https://as.example", signed) {
            prop_assert!(!signed);
            let _ = answer::introspected(json);
        }
    }

    // R123, P47
    #[test]
    fn only_true_is_active(active in "true|false|\"true\"|\"\"|1|0|null|\\[true\\]|\\{\\}", more in "(,\"exp\":[1-9][0-9]{0,11})?") {
        let json = format!(r#"{{"active":{active}{more}}}"#);
        let introspected = answer::introspected(json.into_bytes());
        prop_assert_eq!(matches!(introspected, Ok(Introspected::Active { .. })), active == "true");
        prop_assert_eq!(matches!(introspected, Ok(Introspected::Inactive)), active == "false");
    }

    // R128: a signed answer is opened only if each of its claims is there.
    #[test]
    fn a_signed_answer_needs_every_claim(payload in "\\{(\"iss\":\"https://as.example\",)?(\"aud\":\"b\",)?(\"iat\":1700000000,)?\"token_introspection\":(\\{\\}|true)\\}") {
        let introspector = FakeIssuer::new().introspector(|config| config);
        let expected = Expected { keys: &introspector.keys, audience: "b", max_future: Duration::ZERO, now: NOW };
        let complete = r#"{"iss":"https://as.example","aud":"b","iat":1700000000,"token_introspection":{}}"#;
        prop_assert_eq!(answer::open(payload.as_bytes(), &expected).is_ok(), payload == complete);
    }
}

// R120, P43: a call that took its whole time limit has failed at the end of it: the cool-down begins then.
#[tokio::test(start_paused = true)]
async fn a_silent_issuer_is_left_alone() {
    let issuer = FakeIssuer::new();
    let clock = Arc::new(RuntimeClock(Instant::now()));
    let introspector = issuer.introspector_by(Arc::clone(&clock) as _, |config| config);
    issuer.behave(Behaviour::Silent);
    let answers = ask_all(&introspector, (0..5).map(|number| format!("good {number}"))).await;
    assert_eq!(answers, vec![UNAVAILABLE; 5]);
    assert_eq!(issuer.calls(), 5);
    for number in 5..50 {
        assert_eq!(ask(&introspector, &format!("good {number}"), clock.now()).await, UNAVAILABLE);
    }
    assert_eq!(issuer.calls(), 5, "asked while it cools down");
}

// P43: who waits for a turn until the time is over has learnt nothing of the issuer, which serves as fast as it can.
#[tokio::test(start_paused = true)]
async fn a_crowd_does_not_make_the_issuer_look_out_of_order() {
    let issuer = FakeIssuer::new();
    let introspector = issuer.introspector(|config| config.with_budget(2_000));
    issuer.behave(Behaviour::Slow(Duration::from_millis(250)));
    let answers = ask_all(&introspector, (0..1_000).map(|number| format!("odd {number}"))).await;
    assert!(answers.contains(&UNAVAILABLE), "more than can be asked about");
    assert_eq!(ask(&introspector, "good", NOW).await, Ok(()));
}
