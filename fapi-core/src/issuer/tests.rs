//! The life of an issuer's keys against an issuer that fails in every way, at exact times.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::yield_now;

use super::keys::KeysUnavailable;
use super::*;
use crate::clock::UnixTime;
use crate::crypto::AwsLcProvider;
use crate::jose::Algorithm;

const ISSUER: &str = "https://as.example/tenant";
const OAUTH: &str = "https://as.example/.well-known/oauth-authorization-server/tenant";
const OPENID: &str = "https://as.example/tenant/.well-known/openid-configuration";
const JWKS: &str = "https://keys.example/jwks?set=1";
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

/// What the issuer answers at a URL.
#[derive(Clone, Debug)]
enum Answer {
    Is(HttpResponse),
    Fails(HttpError),
    Never,
    Panics,
}

/// An issuer in this process, which counts its requests.
#[derive(Debug, Default)]
struct FakeIssuer {
    answers: Mutex<HashMap<String, Answer>>,
    requests: Mutex<Vec<String>>,
}

#[async_trait]
impl HttpClient for FakeIssuer {
    async fn get(&self, url: &str, _accept: &str) -> Result<HttpResponse, HttpError> {
        self.requests.lock().unwrap().push(url.to_owned());
        let answer = self.answers.lock().unwrap().get(url).cloned();
        match answer {
            None => Ok(HttpResponse::new(404, "")),
            Some(Answer::Is(response)) => Ok(response),
            Some(Answer::Fails(error)) => Err(error),
            Some(Answer::Never) => pending().await,
            Some(Answer::Panics) => panic!("the client has a bug"),
        }
    }
}

impl FakeIssuer {
    /// An issuer with RFC 8414 metadata and one key.
    fn working() -> Arc<Self> {
        let issuer = Arc::new(Self::default());
        issuer.serve(OAUTH, metadata(ISSUER, JWKS));
        issuer.serve(JWKS, key_set(&["1"]));
        issuer
    }

    fn answer(&self, url: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(url.to_owned(), answer);
    }

    fn serve(&self, url: &str, body: impl Into<Vec<u8>>) {
        self.answer(url, Answer::Is(HttpResponse::new(200, body)));
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// How often the key set was asked for.
    fn fetches(&self) -> usize {
        self.requests().iter().filter(|url| *url == JWKS).count()
    }

    fn keys(self: &Arc<Self>, issuer: Issuer) -> Arc<IssuerKeys> {
        try_keys(issuer, Some(Arc::clone(self) as _)).unwrap()
    }
}

fn try_keys(issuer: Issuer, http: Option<Arc<dyn HttpClient>>) -> Result<Arc<IssuerKeys>, IssuerError> {
    IssuerKeys::new(issuer, vec![Algorithm::Es256], Arc::new(AwsLcProvider), http)
}

fn metadata(issuer: &str, jwks_uri: &str) -> String {
    format!(r#"{{"issuer":"{issuer}","jwks_uri":"{jwks_uri}"}}"#)
}

/// Keys of RFC 9449 §4.2 with these `kid`s.
fn key_set(kids: &[&str]) -> String {
    let keys: Vec<_> = kids.iter().map(|kid| format!(r#"{{"kid":"{kid}","kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}}"#)).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

fn knows(keys: &KeySet, kid: &str) -> bool {
    keys.candidates(Some(kid), Algorithm::Es256).next().is_some()
}

fn after(seconds: u64) -> UnixTime {
    NOW.saturating_add(Duration::from_secs(seconds))
}

/// Lets the tasks of this thread run until none can go on.
async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

// R117: the metadata is asked for at the RFC 8414 location, then the keys where it says.
#[tokio::test]
async fn metadata_leads_to_the_keys() {
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER));
    assert!(keys.current(NOW).is_none());
    let fetched = keys.refresh(NOW).await.unwrap();
    assert!(knows(&fetched, "1"));
    assert!(Arc::ptr_eq(&fetched, &keys.current(NOW).unwrap()));
    assert_eq!(issuer.requests(), [OAUTH, JWKS]);
}

// R117: OpenID Connect Discovery where there is nothing at the RFC 8414 location.
#[tokio::test]
async fn openid_metadata_is_second() {
    for status in [404, 302, 500] {
        let issuer = FakeIssuer::working();
        issuer.answer(OAUTH, Answer::Is(HttpResponse::new(status, "")));
        issuer.serve(OPENID, metadata(ISSUER, JWKS));
        assert!(issuer.keys(Issuer::new(ISSUER)).refresh(NOW).await.is_ok());
        assert_eq!(issuer.requests(), [OAUTH, OPENID, JWKS]);
    }
}

// R117, RFC 8414 §3.3: metadata that is there and is wrong is not used, and no other is looked for.
#[tokio::test]
async fn wrong_metadata_is_not_used() {
    for wrong in [
        metadata("https://as.example/other", JWKS),
        metadata("https://as.example/TENANT", JWKS),
        metadata("https://as.example/tenant//", JWKS),
        metadata("", JWKS),
        metadata(ISSUER, "http://keys.example/jwks"),
        metadata(ISSUER, "http://127.0.0.1/jwks"),
        metadata(ISSUER, "/jwks"),
        metadata(ISSUER, &format!("https://keys.example/{}", "a".repeat(2048))),
        format!(r#"{{"issuer":"{ISSUER}"}}"#),
        format!(r#"{{"issuer":"{ISSUER}","issuer":"{ISSUER}","jwks_uri":"{JWKS}"}}"#),
        "<html>".to_owned(),
    ] {
        let issuer = FakeIssuer::working();
        issuer.serve(OAUTH, wrong.clone());
        issuer.serve(OPENID, metadata(ISSUER, JWKS));
        assert_eq!(
            issuer.keys(Issuer::new(ISSUER)).refresh(NOW).await.unwrap_err(),
            KeysUnavailable,
            "{wrong}"
        );
        assert_eq!(issuer.requests(), [OAUTH]);
    }
}

// R91: the configuration may differ by one trailing slash; what counts in a token is what the metadata states.
#[tokio::test]
async fn a_trailing_slash_is_settled_by_the_metadata() {
    let with_slash = format!("{ISSUER}/");
    for (configured, stated, other) in
        [(with_slash.as_str(), ISSUER, with_slash.as_str()), (ISSUER, &with_slash, ISSUER)]
    {
        let issuer = FakeIssuer::working();
        issuer.serve(OAUTH, metadata(stated, JWKS));
        let keys = issuer.keys(Issuer::new(configured));
        assert!(keys.may_be(stated) && keys.may_be(configured));
        assert!(!keys.may_be("https://as.example/tenant//") && !keys.may_be("https://as.example"));
        keys.refresh(NOW).await.unwrap();
        assert_eq!(&**keys.identifier(), stated);
        assert!(keys.may_be(stated) && !keys.may_be(other));
        // From then on the metadata must not say otherwise.
        issuer.serve(OAUTH, metadata(other, JWKS));
        assert_eq!(keys.refresh(after(30)).await.unwrap_err(), KeysUnavailable);
    }
}

// R91: without metadata the configured identifier is the exact one.
#[test]
fn without_metadata_the_identifier_is_exact() {
    let keys = FakeIssuer::working().keys(Issuer::new(ISSUER).with_jwks_uri(JWKS));
    assert!(keys.may_be(ISSUER) && !keys.may_be("https://as.example/tenant/"));
    let keys = try_keys(Issuer::new(ISSUER).with_key_set(key_set(&["1"])), None).unwrap();
    assert!(keys.may_be(ISSUER) && !keys.may_be("https://as.example/tenant/"));
}

// R118: a moved key set is followed.
#[tokio::test]
async fn a_changed_jwks_uri_is_followed() {
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER));
    keys.refresh(NOW).await.unwrap();
    issuer.serve(OAUTH, metadata(ISSUER, "https://keys.example/moved"));
    issuer.serve("https://keys.example/moved", key_set(&["2"]));
    assert!(knows(&keys.refresh(after(30)).await.unwrap(), "2"));
}

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
        async move { keys.refresh(after(3600)).await }
    });
    settle().await;
    assert_eq!(issuer.fetches(), 2);
    for _ in 0..1000 {
        assert!(knows(&keys.current(after(3600)).unwrap(), "1"));
    }
    // P39: the one with the unknown key is told that it could not be checked, after the time limit.
    let start = tokio::time::Instant::now();
    assert_eq!(unknown.await.unwrap().unwrap_err(), KeysUnavailable);
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    assert!(keys.current(after(3600)).is_some());
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

// R118: a failed fetch, or one that brings no usable key, keeps the last good keys, for a bounded time.
#[tokio::test]
async fn the_last_good_keys_stay_for_a_bounded_time() {
    for failure in [
        Answer::Fails(HttpError::Connection("refused".into())),
        Answer::Is(HttpResponse::new(500, "")),
        Answer::Is(HttpResponse::new(302, "")),
        Answer::Is(HttpResponse::new(200, r#"{"keys":[]}"#)),
        Answer::Is(HttpResponse::new(200, "<html>")),
        Answer::Panics,
    ] {
        let issuer = FakeIssuer::working();
        let keys = issuer.keys(Issuer::new(ISSUER));
        keys.refresh(NOW).await.unwrap();
        issuer.answer(JWKS, failure.clone());
        assert_eq!(keys.refresh(after(60)).await.unwrap_err(), KeysUnavailable, "{failure:?}");
        let bound = 600 + 24 * 3600;
        assert!(knows(&keys.current(after(bound - 1)).unwrap(), "1"));
        assert!(keys.current(after(bound)).is_none());
        // And it recovers.
        settle().await;
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
    keys.current(NOW).unwrap();
    settle().await;
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
    assert_eq!(
        try_keys(Issuer::new(ISSUER).with_key_set("{}"), None).unwrap_err(),
        IssuerError::KeySet { issuer: ISSUER.to_owned(), reason: KeySetError::KeysMissing }
    );
}
