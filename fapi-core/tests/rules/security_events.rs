//! R161-R167: security events that a transmitter pushes (RFC 8417, RFC 8935, SSF, CAEP).

use std::sync::Arc;
use std::time::Duration;

use fapi_core::jose::Algorithm;
use fapi_core::{
    ConfigError, DenyList, Error, Issuer, ResourceServer, Revocation, SecurityEventAnswer, SecurityEvents,
};
use fapi_testkit::{SESSION_REVOKED, SecurityEventBuilder, SigningKey, TestIssuer, TokenBuilder, subject};
use serde_json::{Value, json};

use crate::fakes::{JWKS_URI, Network};
use crate::logging::Log;
use crate::world::{API, ISSUER, Request, World};

const AUTHORIZATION: &str = "Bearer agreed-secret";
const MEDIA_TYPE: &str = "application/secevent+jwt";

struct Stream {
    world: World,
    network: Arc<Network>,
    events: SecurityEvents,
}

fn events() -> SecurityEvents {
    SecurityEvents::new(Issuer::new(ISSUER).with_jwks_uri(JWKS_URI), API, AUTHORIZATION)
}

impl Stream {
    fn new() -> Self {
        Self::with(|events| events)
    }

    /// A server that is told by its issuer.
    fn with(change: impl FnOnce(SecurityEvents) -> SecurityEvents) -> Self {
        let (network, events) = (Network::new(), change(events()));
        let world = World::with(|builder| {
            builder
                .http_client(Arc::clone(&network) as _)
                .revocation(Revocation::security_events(events.clone()))
        });
        network.publish(&world.issuer);
        Self { world, network, events }
    }

    /// About Alice's tokens until now.
    fn event(&self) -> SecurityEventBuilder {
        self.world.issuer.session_revoked(subject::iss_sub(ISSUER, "alice"))
    }

    fn about(&self, subject: Value) -> String {
        self.world.issuer.session_revoked(subject).sign()
    }

    async fn push(&self, set: &str) -> SecurityEventAnswer {
        push(&self.world.server, Some(MEDIA_TYPE), Some(AUTHORIZATION), set.as_bytes()).await
    }

    /// The code of an answer that must be an error.
    async fn refused(&self, set: &str) -> String {
        code(&self.push(set).await)
    }

    fn request(&self, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Request {
        self.world.with_token(|token| {
            change(token.subject("alice").claim("jti", "token-1").claim("sid", "session-1"))
        })
    }

    async fn decide(&self, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Result<(), Error> {
        self.world.verify(&self.request(change)).await
    }
}

async fn push(
    server: &ResourceServer,
    content_type: Option<&str>,
    authorization: Option<&str>,
    body: &[u8],
) -> SecurityEventAnswer {
    let (content_type, authorization) = (content_type.map(str::as_bytes), authorization.map(str::as_bytes));
    server.receive_security_event(content_type, authorization, body).await
}

/// The `err` of an answer of the form of RFC 8935 §2.3.
fn code(answer: &SecurityEventAnswer) -> String {
    assert_eq!(answer.status(), 400);
    let headers: Vec<_> = answer.headers().collect();
    assert!(headers.contains(&("content-type", "application/json")));
    assert!(headers.contains(&("content-language", "en")));
    let body: Value = serde_json::from_str(answer.body()).unwrap();
    assert!(body["description"].as_str().is_some_and(|text| !text.is_empty()));
    body["err"].as_str().unwrap().to_owned()
}

fn assert_accepted(answer: &SecurityEventAnswer) {
    assert_eq!((answer.status(), answer.headers().count(), answer.body()), (202, 0, ""));
}

// R162, R165: the very next request, with a token that was accepted before.
#[tokio::test]
async fn a_revoked_session_is_refused_from_the_next_request_on() {
    let stream = Stream::new();
    let world = &stream.world;
    let token = world.token().subject("alice").sign();
    let call = || Request::dpop(&token, world.proof(&token).sign());
    assert_eq!(world.verify(&call()).await, Ok(()));
    assert_accepted(&stream.push(&stream.event().sign()).await);
    assert_eq!(world.verify(&call()).await, Err(Error::TokenRevoked));
}

// R162, R163: until the moment that the event states, in seconds; a new login is another matter.
#[tokio::test]
async fn the_event_says_which_tokens_are_meant() {
    let stream = Stream::new();
    let world = &stream.world;
    assert_accepted(&stream.push(&stream.event().event_timestamp(world.ago(100)).sign()).await);
    assert_eq!(stream.decide(|token| token.issued_at(world.ago(100))).await, Err(Error::TokenRevoked));
    assert_eq!(stream.decide(|token| token.issued_at(world.ago(99))).await, Ok(()));
    assert_eq!(stream.decide(|token| token.issued_at(world.ago(101)).subject("bob")).await, Ok(()));
}

// R162: a moment ahead is now, so that a wrong clock locks nobody out.
#[tokio::test]
async fn a_moment_ahead_is_now() {
    let stream = Stream::new();
    let world = &stream.world;
    assert_accepted(&stream.push(&stream.event().event_timestamp(world.ahead(1000)).sign()).await);
    assert_eq!(stream.decide(|token| token).await, Err(Error::TokenRevoked));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(stream.decide(|token| token.issued_at(world.now())).await, Ok(()));
}

// R163: every format that is understood, and what of it does not match.
#[tokio::test]
async fn subjects_are_mapped_to_tokens() {
    let user = || subject::iss_sub(ISSUER, "alice");
    let session = || subject::opaque("session-1");
    let both = || subject::complex([("user", user()), ("session", session())]);
    for (about, claim, other) in [
        (user(), "sub", "bob"),
        (session(), "sid", "session-2"),
        (subject::jwt_id(ISSUER, "token-1"), "jti", "token-2"),
        (subject::complex([("user", user())]), "sub", "bob"),
        (subject::complex([("session", session())]), "sid", "session-2"),
        (both(), "sub", "bob"),
        (both(), "sid", "session-2"),
        (subject::complex([("user", user()), ("tenant", subject::opaque("t"))]), "sub", "bob"),
        // Whose the device is says nothing of whose the tokens are.
        (
            subject::complex([("user", user()), ("device", subject::iss_sub("https://mdm.example", "d"))]),
            "sub",
            "bob",
        ),
    ] {
        let stream = Stream::new();
        assert_accepted(&stream.push(&stream.about(about.clone())).await);
        assert_eq!(stream.decide(|token| token).await, Err(Error::TokenRevoked), "{about}");
        assert_eq!(stream.decide(|token| token.claim(claim, other)).await, Ok(()), "{about}");
    }
}

// R162: what the token does not say matches.
#[tokio::test]
async fn a_token_without_a_session_is_of_every_session_of_its_user() {
    let stream = Stream::new();
    let user = subject::iss_sub(ISSUER, "alice");
    let both = subject::complex([("user", user), ("session", subject::opaque("session-1"))]);
    assert_accepted(&stream.push(&stream.about(both)).await);
    assert_eq!(stream.decide(|token| token.without_claim("sid")).await, Err(Error::TokenRevoked));
    let bob = stream.decide(|token| token.without_claim("sid").subject("bob")).await;
    assert_eq!(bob, Ok(()));
}

// R162, SSF §3.6: a critical member that is not understood.
#[tokio::test]
async fn an_event_with_an_unknown_critical_member_is_discarded() {
    let about = || {
        let user = subject::iss_sub(ISSUER, "alice");
        subject::complex([("user", user), ("tenant", subject::opaque("tenant-1"))])
    };
    let stream = Stream::with(|events| events.with_critical_subject_members(["tenant"]));
    assert_accepted(&stream.push(&stream.about(about())).await);
    assert_eq!(stream.decide(|token| token).await, Ok(()));
}

// R163: accepted, since the transmitter cannot help it; and nobody is meant.
#[tokio::test]
async fn what_is_not_understood_is_accepted_and_ignored() {
    let stream = Stream::new();
    assert_accepted(&stream.push(&stream.about(subject::email("alice@example.com"))).await);
    let other = "https://schemas.openid.net/secevent/caep/event-type/credential-change";
    let credential = stream.event().claim("events", json!({ other: {"change_type": "update"} }));
    assert_accepted(&stream.push(&credential.sign()).await);
    assert_eq!(stream.decide(|token| token).await, Ok(()));
}

// R161: exactly the form of a SET.
#[tokio::test]
async fn the_form_of_an_event_is_strict() {
    let stream = Stream::new();
    let event = || stream.event();
    let revoked = json!({"event_timestamp": 1});
    for (set, expected) in [
        (event().header("typ", "JWT"), "invalid_request"),
        (event().without_header("typ"), "invalid_request"),
        (event().header("typ", "at+jwt"), "invalid_request"),
        (event().claim("sub", "alice"), "invalid_request"),
        (event().claim("exp", 4_000_000_000_u64), "invalid_request"),
        (event().claim("iss", "https://other.example.com"), "invalid_issuer"),
        (event().claim("iss", format!("{ISSUER}/")), "invalid_issuer"),
        (event().without_claim("iss"), "invalid_issuer"),
        (event().audience("https://other.example.com"), "invalid_audience"),
        (event().claim("aud", json!([])), "invalid_audience"),
        (event().without_claim("aud"), "invalid_audience"),
        (event().without_claim("jti"), "invalid_request"),
        (event().jti(""), "invalid_request"),
        (event().jti(&"j".repeat(513)), "invalid_request"),
        (event().without_claim("iat"), "invalid_request"),
        (event().issued_at(stream.world.ahead(100)), "invalid_request"),
        (event().without_claim("sub_id"), "invalid_request"),
        (event().subject("alice"), "invalid_request"),
        (event().subject(json!({"format": "iss_sub", "sub": "alice"})), "invalid_request"),
        (event().without_claim("events"), "invalid_request"),
        (event().claim("events", json!({})), "invalid_request"),
        (event().claim("events", json!({SESSION_REVOKED: "now"})), "invalid_request"),
        (event().event("https://example.com/second", revoked), "invalid_request"),
        (event().claim("events", json!({SESSION_REVOKED: {"event_timestamp": "1"}})), "invalid_request"),
    ] {
        assert_eq!(stream.refused(&set.sign()).await, expected);
    }
    assert_eq!(stream.refused("not a JWT").await, "invalid_request");
    assert_eq!(stream.decide(|token| token).await, Ok(()));
    let several = event().claim("aud", json!(["https://other.example.com", API]));
    assert_accepted(&stream.push(&several.header("typ", "application/SecEvent+JWT").sign()).await);
    assert_eq!(stream.decide(|token| token).await, Err(Error::TokenRevoked));
}

// R164: signatures are the transmitter's.
#[tokio::test]
async fn an_event_is_signed_by_the_transmitter() {
    let stream = Stream::new();
    let stranger = SigningKey::generate(Algorithm::Es256);
    for set in [
        stream.event().with_flipped_signature(),
        stream.event().signed_by(&stranger),
        stream.event().header("alg", "none"),
        stream.event().header("alg", "RS256"),
    ] {
        assert_eq!(stream.refused(&set.sign()).await, "invalid_key");
    }
    assert_eq!(stream.decide(|token| token).await, Ok(()));
}

// R164: RS256 for events where it was asked for, and never for tokens.
#[tokio::test]
async fn rs256_is_for_events_only_and_on_demand() {
    const TRANSMITTER: &str = "https://ssf.example.com";
    for (accepted, status) in [(false, 400), (true, 202)] {
        let transmitter = TestIssuer::new(TRANSMITTER).with_algorithm(Algorithm::Rs256);
        let world = World::with(|builder| {
            let issuer = Issuer::new(TRANSMITTER).with_jwks_uri(JWKS_URI);
            let events = SecurityEvents::new(issuer, API, AUTHORIZATION).for_issuers([ISSUER]);
            let events = if accepted { events.with_algorithms([Algorithm::Rs256]) } else { events };
            let network = Network::new();
            network.publish(&transmitter);
            builder.http_client(network).revocation(Revocation::security_events(events))
        });
        let transmitter = transmitter.with_clock(Arc::new(world.clock.clone()));
        let set = transmitter.session_revoked(subject::iss_sub(ISSUER, "alice")).sign();
        let answer = push(&world.server, Some(MEDIA_TYPE), Some(AUTHORIZATION), set.as_bytes()).await;
        assert_eq!(answer.status(), status);
        if !accepted {
            assert_eq!(code(&answer), "invalid_key");
        }
        let token = world.with_token(|token| token.header("alg", "RS256"));
        assert_eq!(world.verify(&token).await, Err(Error::TokenAlgorithm));
    }
}

// R166: before anything is read.
#[tokio::test]
async fn the_transmitter_must_know_the_secret() {
    let stream = Stream::new();
    let set = stream.event().sign();
    for authorization in [None, Some(""), Some("Bearer agreed-secre"), Some("Bearer agreed-secret ")] {
        let answer = push(&stream.world.server, Some(MEDIA_TYPE), authorization, set.as_bytes()).await;
        assert_eq!(code(&answer), "authentication_failed");
    }
    assert_eq!(stream.network.requests(), Vec::<String>::new());
    assert!(!format!("{:?}", stream.events).contains("agreed-secret"));
    assert_eq!(stream.decide(|token| token).await, Ok(()));
}

// R165: media type and size.
#[tokio::test]
async fn the_content_is_one_event_of_bounded_size() {
    let stream = Stream::new();
    let server = &stream.world.server;
    let set = stream.event().sign();
    for content_type in [None, Some("application/json"), Some("application/secevent")] {
        let answer = push(server, content_type, Some(AUTHORIZATION), set.as_bytes()).await;
        assert_eq!(code(&answer), "invalid_request");
    }
    let large = stream.event().claim("padding", "x".repeat(64 * 1024)).sign();
    assert_eq!(stream.refused(&large).await, "invalid_request");
    let answer =
        push(server, Some("Application/SecEvent+JWT; charset=utf-8"), Some(AUTHORIZATION), set.as_bytes())
            .await;
    assert_accepted(&answer);
}

// R165: the same answer twice; and only what was handled is known.
#[tokio::test]
async fn a_repeated_event_has_the_same_answer() {
    let stream = Stream::new();
    let wrong = stream.event().jti("event-1").audience("https://other.example.com").sign();
    assert_eq!(stream.refused(&wrong).await, "invalid_audience");
    let set = stream.event().jti("event-1").sign();
    let first = stream.push(&set).await;
    assert_accepted(&first);
    assert_eq!(stream.push(&set).await, first);
    assert_eq!(stream.decide(|token| token).await, Err(Error::TokenRevoked));
}

// R166: a sign of life.
#[tokio::test]
async fn a_verification_event_is_remembered() {
    let stream = Stream::new();
    let (issuer, events) = (&stream.world.issuer, &stream.events);
    assert_eq!(events.last_verification(), None);
    let set = issuer.verification("stream-1").state("state-1").sign();
    assert_accepted(&stream.push(&set).await);
    let first = events.last_verification().unwrap();
    assert_eq!((first.received_at(), first.state()), (stream.world.now(), Some("state-1")));
    // Repeated, it is none.
    stream.world.clock.advance(Duration::from_secs(60));
    assert_accepted(&stream.push(&set).await);
    assert_eq!(events.last_verification().unwrap(), first);
    assert_accepted(&stream.push(&issuer.verification("stream-1").sign()).await);
    let second = events.last_verification().unwrap();
    assert_eq!((second.received_at(), second.state()), (stream.world.now(), None));
}

// R165, P13: worth another try, and not remembered as done.
#[tokio::test]
async fn what_could_not_be_checked_is_503() {
    let stream = Stream::new();
    stream.network.go_down();
    let answer = stream.push(&stream.event().sign()).await;
    assert_eq!((answer.status(), answer.body()), (503, ""));
}

// R165, R167, P13: what could not be remembered is not accepted.
#[tokio::test]
async fn a_full_list_is_503_for_everybody() {
    let stream = Stream::with(|events| events.with_deny_list(DenyList::builder().capacity(0).build()));
    let set = stream.event().sign();
    for _ in 0..2 {
        assert_eq!(stream.push(&set).await.status(), 503);
    }
    assert_eq!(stream.decide(|token| token).await, Err(Error::RevocationUnavailable));
}

// R167: a SET is no access token, and an access token no SET.
#[tokio::test]
async fn an_event_is_no_access_token() {
    let stream = Stream::new();
    let set = stream.event().sign();
    let request = Request::dpop(&set, stream.world.proof(&set).sign());
    assert_eq!(stream.world.verify(&request).await, Err(Error::TokenType));
    let proof = stream.world.valid();
    assert_eq!(stream.world.verify(&Request { dpop: vec![set], ..proof }).await, Err(Error::ProofType));
    assert_eq!(stream.refused(&stream.world.token().sign()).await, "invalid_request");
}

// R167: a later event with an earlier moment takes nothing back.
#[tokio::test]
async fn no_event_restores_a_token() {
    let stream = Stream::new();
    let world = &stream.world;
    assert_accepted(&stream.push(&stream.event().sign()).await);
    assert_accepted(&stream.push(&stream.event().event_timestamp(world.ago(1000)).sign()).await);
    assert_eq!(stream.decide(|token| token).await, Err(Error::TokenRevoked));
}

// R166: a receiver that would let everybody in, or nobody, is not built.
#[test]
fn a_receiver_is_configured_whole() {
    let build = |events| {
        ResourceServer::builder()
            .public_url(API)
            .audience(API)
            .issuer(Issuer::new(ISSUER))
            .revocation(Revocation::security_events(events))
            .build()
            .map(|_server| ())
    };
    let incomplete = Err(ConfigError::SecurityEvents(ISSUER.to_owned()));
    assert_eq!(build(SecurityEvents::new(Issuer::new(ISSUER), API, "")), incomplete);
    assert_eq!(build(SecurityEvents::new(Issuer::new(ISSUER), "", AUTHORIZATION)), incomplete);
    assert_eq!(build(events().with_algorithms([])), incomplete);
    assert_eq!(build(events()), Ok(()));
}

// R166: the Authorization value says who pushes, so that two transmitters cannot have the same.
#[test]
fn every_transmitter_has_an_authorization_of_its_own() {
    let other = "https://events.example.com";
    let build = |authorization| {
        let others = SecurityEvents::new(Issuer::new(other), API, authorization);
        ResourceServer::builder()
            .public_url(API)
            .audience(API)
            .issuer(Issuer::new(ISSUER))
            .revocation(Revocation::security_events(events()))
            .revocation(Revocation::security_events(others))
            .build()
            .map(|_server| ())
    };
    let ambiguous = ConfigError::SecurityEventsAmbiguous(ISSUER.to_owned(), other.to_owned());
    assert_eq!(build(AUTHORIZATION), Err(ambiguous));
    assert_eq!(build("Bearer another-secret"), Ok(()));
}

// R167: a stream that has fallen silent is an alarm, one for each silence, and refuses nobody.
#[tokio::test]
async fn a_silent_stream_is_told_once() {
    const INTERVAL: Duration = Duration::from_secs(3600);
    let stream = Stream::with(|events| events.with_verification_interval(INTERVAL));
    let world = &stream.world;
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let alarms = async || {
        assert_eq!(stream.decide(|token| token).await, Ok(()));
        log.take().iter().filter(|line| line.contains("outcome=\"stream_silent\"")).count()
    };
    assert_eq!(alarms().await, 0);
    world.clock.advance(INTERVAL);
    assert_eq!((alarms().await, alarms().await), (1, 0));
    for _ in 0..2 {
        assert_accepted(&stream.push(&world.issuer.verification("stream-1").sign()).await);
        world.clock.advance(INTERVAL - Duration::from_secs(1));
        assert_eq!(alarms().await, 0);
    }
    // Another event is no sign of life of its own: the transmitter was told to verify the stream.
    world.clock.advance(Duration::from_secs(1));
    assert_accepted(&stream.push(&world.issuer.session_revoked(subject::opaque("other")).sign()).await);
    let alarm = log.take().into_iter().find(|line| line.contains("outcome=\"stream_silent\"")).unwrap();
    assert!(alarm.starts_with("WARN fapi_core::revocation") && alarm.contains(ISSUER), "{alarm}");
}

// R165: nothing is there to push to.
#[tokio::test]
async fn without_a_receiver_there_is_no_endpoint() {
    let world = World::new();
    let answer = push(&world.server, Some(MEDIA_TYPE), Some(AUTHORIZATION), b"").await;
    assert_eq!((answer.status(), answer.body()), (404, ""));
}

// R161, R104: a transmitter's word revokes tokens of its own, and of others only where the configuration says so.
#[tokio::test]
async fn a_transmitter_speaks_of_its_own_tokens() {
    const OTHER: &str = "https://other.example";
    let user = || subject::iss_sub(OTHER, "alice");
    for about in [user(), subject::jwt_id(OTHER, "token-1"), subject::complex([("user", user())])] {
        let stream = Stream::new();
        assert_eq!(code(&stream.push(&stream.about(about.clone())).await), "access_denied");
        let allowed = Stream::with(|events| events.for_issuers([OTHER]));
        assert_accepted(&allowed.push(&allowed.about(about.clone())).await);
        let other_spelling = Stream::with(|events| events.for_issuers(["https://other.example/"]));
        assert_accepted(&other_spelling.push(&other_spelling.about(about.clone())).await);
        // And still of its own.
        assert_accepted(&allowed.push(&allowed.event().sign()).await);
    }
}
