//! What the operator sees: one event for each fetch.

use std::fmt::Write as _;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::*;

/// Collects the events of this thread as `LEVEL field=value …`.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == LOG_TARGET
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = event.metadata().level().to_string();
        event.record(&mut |field: &tracing::field::Field, value: &dyn fmt::Debug| {
            write!(line, " {field}={value:?}").unwrap();
        });
        self.0.lock().unwrap().push(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Events {
    /// The events since the last call.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

// One event for each fetch, with stable fields; a failure says what it means.
#[tokio::test]
async fn every_fetch_is_one_event() {
    let events = Events::default();
    let _guard = tracing::subscriber::set_default(events.clone());
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER));
    let expect = |level: &str, outcome: &str, count: usize, text: &str| {
        let lines = events.take();
        let [line] = &lines[..] else { panic!("one event: {lines:?}") };
        assert!(line.starts_with(level), "{line}");
        assert!(line.contains(&format!(" issuer={ISSUER:?} outcome={outcome:?} keys={count}")), "{line}");
        assert!(line.contains(text) && !line.contains("secret body"), "{line}");
    };

    issuer.answer(JWKS, Answer::Is(HttpResponse::new(503, "secret body")));
    keys.refresh(NOW).await.unwrap_err();
    expect("WARN", "failed", 0, "the answer has status 503");
    issuer.serve(JWKS, key_set(&["1"]));
    keys.refresh(after(30)).await.unwrap();
    expect("INFO", "recovered", 1, "");
    keys.refresh(after(60)).await.unwrap();
    expect("DEBUG", "unchanged", 1, "");
    issuer.serve(JWKS, key_set(&["1", "2"]));
    keys.refresh(after(90)).await.unwrap();
    expect("INFO", "loaded", 2, "");
    issuer.answer(JWKS, Answer::Fails(HttpError::TimedOut));
    keys.refresh(after(120)).await.unwrap_err();
    expect("WARN", "failed", 2, "the last good ones stay in use");
    keys.refresh(after(149)).await.unwrap_err();
    assert!(events.take().is_empty());
}

// R109: a private key in a key set is left out, and somebody is told; nothing of the key is in the log.
#[tokio::test]
async fn a_published_private_key_is_an_alarm() {
    let events = Events::default();
    let _guard = tracing::subscriber::set_default(events.clone());
    let private = key_set(&["1"]).replace("\"kty\"", "\"d\":\"c2VjcmV0\",\"kty\"");
    let issuer = FakeIssuer::working();
    issuer.serve(JWKS, private);
    issuer.keys(Issuer::new(ISSUER)).refresh(NOW).await.unwrap();
    let lines = events.take();
    assert!(lines[0].starts_with("WARN") && lines[0].contains("private or secret key"), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("c2VjcmV0")), "{lines:?}");
}

// R118: an issuer that withdraws its only key cuts its clients off, and somebody is told.
#[tokio::test]
async fn an_empty_key_set_is_a_warning() {
    let events = Events::default();
    let _guard = tracing::subscriber::set_default(events.clone());
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER));
    issuer.serve(JWKS, r#"{"keys":[]}"#);
    for now in [NOW, after(30)] {
        keys.refresh(now).await.unwrap();
        let lines = events.take();
        let [line] = &lines[..] else { panic!("one event: {lines:?}") };
        assert!(line.starts_with("WARN") && line.contains(r#"outcome="empty" keys=0"#), "{line}");
    }
}

// R91, R117: forgiven is not unnoticed, since this API's metadata (RFC 9728) names the configured spelling.
#[tokio::test]
async fn another_spelling_of_the_issuer_is_named_once() {
    let events = Events::default();
    let _guard = tracing::subscriber::set_default(events.clone());
    let issuer = FakeIssuer::working();
    let configured = format!("{ISSUER}/");
    let keys = issuer.keys(Issuer::new(configured.as_str()));
    keys.refresh(NOW).await.unwrap();
    let lines = events.take();
    let spelling = format!(" issuer={configured:?} stated={ISSUER:?}");
    assert!(lines[0].starts_with("WARN") && lines[0].contains(&spelling), "{lines:?}");
    keys.refresh(after(30)).await.unwrap();
    issuer.keys(Issuer::new(ISSUER)).refresh(NOW).await.unwrap();
    assert!(!events.take().iter().any(|line| line.contains("stated=")));
}
