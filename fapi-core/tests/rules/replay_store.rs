//! RFC 9449 §11.1: what the server asks of a replay store, and what it does not take its word for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fapi_core::crypto::AwsLcProvider;
use fapi_core::{
    Clock, ConfigError, Error, HttpClient, HttpError, HttpResponse, Issuer, MemoryReplayStore, NoncePolicy,
    NonceSecret, ProofUse, Replay, ReplayStore, ReplayStoreError, ResourceServer, UnixTime,
};
use fapi_testkit::{ManualClock, TestIssuer};

use crate::fakes::Store;
use crate::world::{API, ISSUER, Request, World, decide, header};

const SLOW_ISSUER: &str = "https://slow.example.com";
const SECOND: Duration = Duration::from_secs(1);

fn secrets() -> [NonceSecret; 1] {
    [NonceSecret::new(&[7; 32]).unwrap()]
}

/// A store that believes every proof to be new, and writes down who used one. A flush may come while it answers.
#[derive(Debug)]
struct Forgetful {
    clock: ManualClock,
    flush_at_next: Mutex<bool>,
    flushed: Mutex<UnixTime>,
    uses: Mutex<Vec<(String, String, UnixTime)>>,
}

impl Forgetful {
    fn new(clock: &ManualClock) -> Arc<Self> {
        Arc::new(Self {
            clock: clock.clone(),
            flush_at_next: Mutex::default(),
            flushed: Mutex::default(),
            uses: Mutex::default(),
        })
    }

    fn flush(&self) {
        *self.flushed.lock().unwrap() = self.clock.now();
    }

    /// Issuer, client and time of each use.
    fn uses(&self) -> Vec<(String, String, UnixTime)> {
        self.uses.lock().unwrap().clone()
    }
}

#[async_trait]
impl ReplayStore for Forgetful {
    async fn insert(&self, proof: ProofUse<'_>) -> Result<Replay, ReplayStoreError> {
        let (issuer, client_id) = (proof.client.issuer.to_owned(), proof.client.client_id.to_owned());
        self.uses.lock().unwrap().push((issuer, client_id, proof.now));
        if std::mem::take(&mut *self.flush_at_next.lock().unwrap()) {
            self.flush();
        }
        Ok(Replay::Fresh)
    }

    fn complete_since(&self) -> UnixTime {
        *self.flushed.lock().unwrap()
    }
}

/// An issuer that takes its time to send its keys.
#[derive(Debug)]
struct SlowNetwork {
    clock: ManualClock,
    delay: Duration,
    jwks: String,
}

#[async_trait]
impl HttpClient for SlowNetwork {
    async fn get(&self, _url: &str, _accept: &str) -> Result<HttpResponse, HttpError> {
        self.clock.advance(self.delay);
        Ok(HttpResponse::new(200, self.jwks.clone()))
    }
}

// P9: a client is an issuer's, and the store is told which one it is.
#[tokio::test]
async fn the_store_is_told_the_client_of_the_token() {
    let world = World::new();
    let store = Forgetful::new(&world.clock);
    let server = world
        .another_server(|builder| builder.replay_store(Arc::clone(&store) as _).nonce_secrets(secrets()));
    let request = world.with_token(|token| token.client_id("s6BhdRkqt3"));
    assert_eq!(decide(&server, &request).await, Ok(()));
    assert_eq!(store.uses(), [(ISSUER.to_owned(), "s6BhdRkqt3".to_owned(), world.now())]);
}

// P4: a proof that goes stale while the issuer's keys are fetched is not one to ask a store about that may have forgotten.
#[tokio::test]
async fn a_shared_store_is_asked_about_fresh_proofs_only() {
    let (iat, nonce) = (false, true);
    for (dated_by, seconds, expected, asked) in [
        (iat, 60, Ok(()), 1),
        (iat, 61, Err(Error::ProofTooOld { age_seconds: 61 }), 0),
        (nonce, 79, Ok(()), 1),
        (nonce, 80, Err(Error::NonceUnknown), 0),
    ] {
        let world = World::with(|builder| builder.nonce_secrets(secrets()));
        let store = Forgetful::new(&world.clock);
        let issuer = TestIssuer::new(SLOW_ISSUER).with_clock(Arc::new(world.clock.clone()));
        let network =
            SlowNetwork { clock: world.clock.clone(), delay: SECOND * seconds, jwks: issuer.jwks() };
        let server = world.another_server(|builder| {
            builder
                .issuer(Issuer::new(SLOW_ISSUER).with_jwks_uri("https://slow.example.com/jwks"))
                .http_client(Arc::new(network))
                .replay_store(Arc::clone(&store) as _)
                .nonce_secrets(secrets())
        });
        let token = issuer.token().audience(API).bound_to(&world.client).sign();
        let proof = world.proof(&token);
        let proof = if dated_by == nonce { proof.nonce(&world.nonce().await) } else { proof };
        let request = Request::dpop(&token, proof.sign());
        assert_eq!(decide(&server, &request).await, expected, "{seconds} s");
        // And with the time at which it was asked.
        assert_eq!(store.uses().len(), asked);
        assert!(store.uses().iter().all(|(_, _, now)| *now == world.now()));
    }
}

// P14: the answer "new" is worth nothing after a flush that the server did not know of when it looked at the proof.
#[tokio::test]
async fn a_flush_between_the_check_and_the_answer_is_noticed() {
    let world = World::new();
    let store = Forgetful::new(&world.clock);
    let server = world
        .another_server(|builder| builder.replay_store(Arc::clone(&store) as _).nonce_secrets(secrets()));
    assert_eq!(decide(&server, &world.valid()).await, Ok(()));
    *store.flush_at_next.lock().unwrap() = true;
    let rejection = server.verify(&world.valid().borrow()).await.unwrap_err();
    assert_eq!((rejection.error(), rejection.status()), (&Error::ReplayStoreUnavailable, 503));
    assert_eq!(decide(&server, &world.valid()).await, Err(Error::NonceNeeded));
    world.clock.advance(SECOND * 31);
    assert_eq!(decide(&server, &world.valid()).await, Ok(()));
}

// P14: the nonce of a node whose clock is ahead was known before a flush that comes before its period.
#[tokio::test]
async fn a_flush_does_not_reopen_a_proof_with_a_nonce_from_a_clock_that_is_ahead() {
    let world = World::new();
    let store = Forgetful::new(&world.clock);
    let server = world.another_server(|builder| {
        builder.nonce(NoncePolicy::Required).replay_store(Arc::clone(&store) as _).nonce_secrets(secrets())
    });
    // Half a second before a period ends.
    let now = UnixTime::from_millis(world.now().as_millis() / 60_000 * 60_000 + 59_500);
    let nonce_at = |time| {
        world.clock.set(time);
        let request = world.valid();
        let server = server.clone();
        async move { header(&server.verify(&request.borrow()).await.unwrap_err(), "dpop-nonce").unwrap() }
    };
    let nonce = nonce_at(now.saturating_add(SECOND)).await;
    world.clock.set(now);
    let request = world.with_proof(|proof| proof.nonce(&nonce));
    assert_eq!(decide(&server, &request).await, Ok(()));
    store.flush();
    for seconds in [0, 1, 60] {
        world.clock.set(now.saturating_add(SECOND * seconds));
        assert_eq!(decide(&server, &request).await, Err(Error::NonceUnknown), "{seconds} s");
        let fresh = nonce_at(world.now()).await;
        let fresh = world.with_proof(|proof| proof.nonce(&fresh));
        assert_eq!(decide(&server, &fresh).await, Ok(()), "{seconds} s");
    }
}

// P14: a store is no older than its server, whatever it was told.
#[tokio::test]
async fn a_memory_store_begins_with_its_server_at_the_earliest() {
    let store = || MemoryReplayStore::new(&AwsLcProvider, UnixTime::from_secs(1_562_262_618)).unwrap();
    let world = World::just_started(|builder| builder.memory_replay_store(store()));
    assert_eq!(world.verify(&world.valid()).await, Err(Error::NonceNeeded));
    let world = World::just_started(|builder| builder.memory_replay_store(store()).nonce(NoncePolicy::Off));
    let before = world.with_proof(|proof| proof.issued_at(world.ago(1)));
    assert_eq!(world.verify(&before).await, Err(Error::ProofBeforeStart));
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
}

// R62, R64: nodes with a store in common and a secret each would send a client from one nonce to the next for ever.
#[test]
fn a_shared_store_needs_shared_nonces() {
    let build = |policy, secrets: &[NonceSecret]| {
        ResourceServer::builder()
            .public_url(API)
            .audience(API)
            .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
            .issuer(Issuer::new(ISSUER).with_key_set(TestIssuer::new(ISSUER).jwks()))
            .replay_store(Store::answering(Ok(Replay::Fresh)))
            .nonce(policy)
            .nonce_secrets(secrets.to_vec())
            .build()
            .map(|_server| ())
    };
    for policy in [NoncePolicy::Required, NoncePolicy::WhenNeeded] {
        assert_eq!(build(policy, &[]), Err(ConfigError::NonceSecretsMissing));
        assert_eq!(build(policy, &secrets()), Ok(()));
    }
    assert_eq!(build(NoncePolicy::Off, &[]), Ok(()));
}
