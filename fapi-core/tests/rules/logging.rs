//! What is logged, and what never is (R21, R22; pitfalls P38, P44).

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};

use fapi_core::{NoClaims, PeerCertificate, Requirement};
use tracing::field::Field;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::fakes::Network;
use crate::world::{API, ISSUER, Request, World};

/// Collects the events of this thread as `LEVEL target field=value …`.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// The events since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("fapi_core")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = format!("{} {}", event.metadata().level(), event.metadata().target());
        event.record(&mut |field: &Field, value: &dyn fmt::Debug| {
            write!(line, " {field}={value:?}").unwrap();
        });
        self.0.lock().unwrap().push(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The text that must not appear: everything that a request holds, and who it is about.
fn secrets(request: &Request) -> Vec<String> {
    let mut secrets: Vec<_> = request.authorization.iter().chain(&request.dpop).cloned().collect();
    let jws = secrets.iter().flat_map(|line| line.split(['.', ' '])).map(str::to_owned).collect::<Vec<_>>();
    secrets.extend(jws.into_iter().filter(|part| part.len() > 8));
    secrets.extend(["alice", "/records", "patient=1"].map(str::to_owned));
    secrets
}

// R21, P44: one event for each decision, with stable fields, and nothing that could be replayed or names a person.
#[tokio::test]
async fn every_decision_is_one_event_without_secrets() {
    let world = World::new();
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let kid = world.issuer.key().thumbprint();
    let who = format!("client_id=\"client\" issuer={ISSUER:?} kid={kid:?}");
    let other = world.another_client();
    let token = world.token().sign();
    let stolen = other.proof("GET", &format!("{API}/records")).access_token(&token).sign();
    let used = world.valid();
    world.accepted(&used).await;
    log.take();
    for (request, outcome) in [
        (world.valid(), format!("DEBUG fapi_core::outcome outcome=\"accepted\" binding=\"dpop\" {who}")),
        (world.mtls(), format!("DEBUG fapi_core::outcome outcome=\"accepted\" binding=\"mtls\" {who}")),
        (used, format!("INFO fapi_core::outcome outcome=\"dpop_proof_replayed\" status=401 {who}")),
        (
            Request::dpop(&token, stolen),
            format!("INFO fapi_core::outcome outcome=\"key_binding\" status=401 {who}"),
        ),
        (
            world.with_token(|token| token.signed_by(other.key())),
            "INFO fapi_core::outcome outcome=\"token_signature\" status=401 message=".to_owned(),
        ),
        (
            world.with_proof(|proof| proof.claim("htu", "https://api.example.com/alice")),
            "INFO fapi_core::outcome outcome=\"dpop_proof_htu\" status=401 message=".to_owned(),
        ),
    ] {
        let request = request.query("patient=1");
        let _ = world.server.verify(&request.borrow()).await;
        let lines = log.take();
        let [line] = &lines[..] else { panic!("one event: {lines:?}") };
        let line = without_message_first(line);
        assert!(line.starts_with(&outcome), "{line}\n{outcome}");
        for secret in secrets(&request) {
            assert!(!line.contains(&secret), "{line}: {secret}");
        }
    }
}

/// `tracing` records the message before the fields.
fn without_message_first(line: &str) -> String {
    match line.split_once(" message=") {
        Some((head, rest)) => match rest.split_once(" outcome=") {
            Some((message, fields)) => format!("{head} outcome={fields} message={message}"),
            None => line.to_owned(),
        },
        None => line.to_owned(),
    }
}

// R106, P38: what a stranger chose is not logged before it is proved.
#[tokio::test]
async fn unverified_names_are_not_logged() {
    let world = World::new();
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let evil = "evil\r\nname";
    for request in [
        world.with_token(|token| token.header("kid", evil)),
        world.with_token(|token| token.claim("iss", evil)),
        world.with_token(|token| token.client_id(evil).signed_by(world.client.key())),
        world.with_proof(|proof| proof.jti(evil).claim("htm", evil)),
    ] {
        world.refused(&request).await;
        let lines = log.take();
        assert!(lines.len() == 1 && !lines[0].contains("evil"), "{lines:?}");
    }
}

// R5: what a route refuses is an event too, and names the requirement.
#[tokio::test]
async fn a_route_that_refuses_is_logged() {
    let world = World::new();
    let verified = world.accepted(&world.valid()).await;
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    assert!(verified.check(&Requirement::scope("admin")).is_err());
    let lines = log.take();
    assert!(
        lines[0].contains("outcome=\"insufficient_scope\"") && lines[0].contains("client_id="),
        "{lines:?}"
    );
}

// P13: what could not be checked is the operator's to see.
#[tokio::test]
async fn what_could_not_be_checked_is_an_error_event() {
    let network = Network::new();
    let world = World::behind(&network);
    network.go_down();
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    world.refused(&world.valid()).await;
    let lines = log.take();
    assert!(
        lines.iter().any(|line| line.starts_with("ERROR") && line.contains("keys_unavailable")),
        "{lines:?}"
    );
}

// R21, R22: no Debug output holds a credential or a person.
#[tokio::test]
async fn debug_output_is_redacted() {
    let world = World::new();
    let request = world.valid().query("patient=1");
    let verified = world.accepted(&request).await;
    let token = verified.access_token::<NoClaims>().unwrap();
    let certificate = PeerCertificate::from_der(world.certificate.der().to_vec());
    let shown = [
        format!("{:?}", request.borrow()),
        format!("{verified:?}"),
        format!("{token:?}"),
        format!("{:?}", token.subject()),
        format!("{:?}", world.server),
        format!("{:?}", world.refused(&request).await),
        format!("{certificate:?}"),
    ];
    for text in shown {
        for secret in secrets(&request) {
            assert!(!text.contains(&secret), "{text}: {secret}");
        }
    }
    assert_eq!(format!("{certificate:?}"), "PeerCertificate(..)");
}
