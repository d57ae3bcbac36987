//! RFC 9449 §11: replay, and the order of the checks.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::crypto::AwsLcProvider;
use fapi_core::{Error, MemoryReplayStore, NoncePolicy, Replay, ReplayStoreError, TargetMismatch, UnixTime};
use fapi_testkit::ProofBuilder;
use serde_json::json;

use crate::fakes::{JWKS_URI, Network, Store};
use crate::world::{Request, World};

// R60
#[tokio::test]
async fn a_proof_is_good_for_one_request() {
    let world = World::new();
    let token = world.token().sign();
    let first = Request::dpop(&token, world.proof(&token).jti("1").sign());
    assert_eq!(world.verify(&first).await, Ok(()));
    let rejection = world.refused(&first).await;
    assert_eq!(rejection.error(), &Error::ProofReplayed);
    assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_dpop_proof")));
    // Another proof with the same jti is a replay too, and one with another jti is not.
    let again = Request::dpop(&token, world.proof(&token).jti("1").issued_at(world.ago(1)).sign());
    assert_eq!(world.verify(&again).await, Err(Error::ProofReplayed));
    assert_eq!(world.verify(&Request::dpop(&token, world.proof(&token).jti("2").sign())).await, Ok(()));
}

// R60: the store is asked once, after everything else.
#[tokio::test]
async fn the_store_is_asked_last_and_once() {
    let store = Store::answering(Ok(Replay::Fresh));
    let world = World::sharing(Arc::clone(&store) as _);
    let other = world.another_client();
    let token = world.token().sign();
    let stolen = other.proof("GET", "https://api.example.com/records").access_token(&token).sign();
    for request in [
        world.with_proof(ProofBuilder::with_flipped_signature),
        world.with_proof(|proof| proof.claim("htm", "PUT")),
        world.with_proof(|proof| proof.access_token("other")),
        world.with_proof(|proof| proof.issued_at(world.ago(61))),
        world.with_token(|token| token.issued_at(world.ago(301))),
        world.with_token(|token| token.signed_by(other.key())),
        Request::dpop(&token, stolen),
    ] {
        assert!(world.verify(&request).await.is_err());
    }
    assert_eq!(store.asked(), 0);
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
    assert_eq!(store.asked(), 1);
}

// R61
#[tokio::test]
async fn jti_is_of_bounded_length() {
    let world = World::new();
    for length in [1, 256] {
        let request = world.with_proof(|proof| proof.jti(&"j".repeat(length)));
        assert_eq!(world.verify(&request).await, Ok(()));
    }
    for length in [0, 257, 4000] {
        let request = world.with_proof(|proof| proof.jti(&"j".repeat(length)));
        assert_eq!(world.verify(&request).await, Err(Error::ProofClaimInvalid("jti")), "{length}");
    }
}

// R61: a store that cannot answer is 503, and nobody gets in.
#[tokio::test]
async fn a_store_that_cannot_answer_lets_nobody_in() {
    for (failure, error) in [
        (ReplayStoreError::Full, Error::ReplayStoreFull),
        (ReplayStoreError::Unavailable, Error::ReplayStoreUnavailable),
    ] {
        let store = Store::answering(Err(failure));
        let world = World::sharing(store);
        let rejection = world.refused(&world.valid()).await;
        assert_eq!(rejection.error(), &error);
        assert_eq!((rejection.status(), rejection.error_code()), (503, None));
        assert_eq!(rejection.headers().collect::<Vec<_>>(), [("cache-control", "no-store")]);
    }
}

// R61: the default store refuses when it is full.
#[tokio::test]
async fn a_full_store_refuses() {
    let store = MemoryReplayStore::with_capacity(&AwsLcProvider, UnixTime::default(), 2).unwrap();
    let world = World::with(|builder| builder.memory_replay_store(store.with_client_share(2)));
    let first = world.valid();
    assert_eq!(world.verify(&first).await, Ok(()));
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
    assert_eq!(world.verify(&world.valid()).await, Err(Error::ReplayStoreFull));
    assert_eq!(world.verify(&first).await, Err(Error::ProofReplayed));
}

// R60, R67: without nonces a proof that may have been used before the start is refused.
#[tokio::test]
async fn a_proof_from_before_the_start_is_not_trusted() {
    let world = World::just_started(|builder| builder.nonce(NoncePolicy::Off));
    let before = world.with_proof(|proof| proof.issued_at(world.ago(1)));
    assert_eq!(world.verify(&before).await, Err(Error::ProofBeforeStart));
    assert_eq!(world.verify(&world.valid()).await, Ok(()));

    let world = World::just_started(|builder| builder);
    assert_eq!(world.verify(&world.valid()).await, Err(Error::NonceNeeded));
    let nonce = world.nonce().await;
    assert_eq!(world.verify(&world.with_proof(|proof| proof.nonce(&nonce))).await, Ok(()));
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(world.verify(&world.valid()).await, Err(Error::NonceNeeded));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
}

// R69: what the server could not check was not used.
#[tokio::test]
async fn a_503_does_not_use_the_proof_up() {
    let network = Network::new();
    let world = World::behind(&network);
    network.go_down();
    let request = world.valid();
    let rejection = world.refused(&request).await;
    assert_eq!((rejection.error(), rejection.status()), (&Error::KeysUnavailable, 503));
    network.publish(&world.issuer);
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(world.verify(&request).await, Ok(()));
    assert_eq!(world.verify(&request).await, Err(Error::ProofReplayed));
}

// R71: what is cheap comes first, so that garbage costs neither a fetch nor a signature.
#[tokio::test]
async fn cheap_checks_come_first() {
    let network = Network::new();
    let world = World::behind(&network);
    let doubly_wrong = |change: fn(ProofBuilder) -> ProofBuilder| {
        let token = world.token().sign();
        Request::dpop(&token, change(world.proof(&token)).with_flipped_signature().sign())
    };
    for (request, error) in [
        (doubly_wrong(|proof| proof.header("typ", "JWT")), Error::ProofType),
        (doubly_wrong(|proof| proof.claim("htm", "PUT")), Error::ProofMethod),
        (doubly_wrong(|proof| proof.claim("htu", "/")), Error::ProofTarget(TargetMismatch::Malformed)),
        (
            doubly_wrong(|proof| proof.claim("iat", 0)),
            Error::ProofTooOld { age_seconds: world.now().as_secs() },
        ),
        (doubly_wrong(|proof| proof.access_token("other")), Error::ProofAccessTokenHash),
        // A key that is no point of its curve: found out only when it is made ready.
        (
            doubly_wrong(|proof| {
                let zeros = "A".repeat(43);
                let jwk = json!({ "kty": "EC", "crv": "P-256", "x": zeros, "y": zeros });
                proof.header("jwk", jwk).claim("htm", "PUT")
            }),
            Error::ProofMethod,
        ),
        (world.with_token(|token| token.header("typ", "JWT")), Error::TokenType),
        (world.with_token(|token| token.claim("iss", "https://evil.example.com")), Error::TokenIssuer),
    ] {
        assert_eq!(world.verify(&request).await, Err(error));
    }
    assert!(network.requests().is_empty());
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
    assert_eq!(network.requests(), [JWKS_URI]);
}
