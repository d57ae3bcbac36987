//! Time, numbers and replay: P1 to P14.

use std::time::Duration;

use fapi_core::crypto::AwsLcProvider;
use fapi_core::jose::JoseError;
use fapi_core::{Error, MemoryReplayStore, NoncePolicy, NonceSecret, Replay, ReplayStoreError, UnixTime};
use fapi_testkit::TestClient;
use serde_json::{Value, json};

use crate::fakes::Store;
use crate::logging::Log;
use crate::world::{API, ISSUER, Request, World, decide, header, headers};

const MILLISECOND: Duration = Duration::from_millis(1);
const RECORDS: &str = "https://api.example.com/records";

#[tokio::test]
async fn p01_no_number_is_fresh_for_ever() {
    let world = World::new();
    let numbers = [
        "-9223372036854775808",
        "-1",
        "-0",
        "-0.0",
        "9223372036854775807",
        "18446744073709551616",
        "1e400",
        "1e300",
        "true",
        "\"1750000000\"",
        "[1750000000]",
        "null",
    ];
    for number in numbers {
        let raw = |json: &Value, claim: &str| {
            json.to_string().replace(&format!("\"{claim}\":7"), &format!("\"{claim}\":{number}"))
        };
        for claim in ["iat", "exp", "nbf"] {
            let mut claims =
                json!({"jti": "1", "htm": "GET", "htu": RECORDS, "iat": world.now().as_secs(), "ath": ""});
            claims[claim] = json!(7);
            let proof = world.with_proof(|proof| proof.raw_payload(raw(&claims, claim)));
            assert_refused(&world, &proof, &Error::ProofClaimInvalid(claim), number).await;

            let mut claims = json!({
                "iss": ISSUER, "aud": API, "sub": "a", "client_id": "c", "jti": "1", "cnf": {"jkt": world.client.thumbprint()},
                "iat": world.now().as_secs(), "exp": world.ahead(60).as_secs(),
            });
            claims[claim] = json!(7);
            let token = world.with_token(|token| token.raw_payload(raw(&claims, claim)));
            assert_refused(&world, &token, &Error::TokenClaimInvalid(claim), number).await;
        }
    }
}

/// A number that no JSON reader can hold may also be refused as such.
async fn assert_refused(world: &World, request: &Request, expected: &Error, number: &str) {
    let error = world.verify(request).await.unwrap_err();
    let unreadable =
        matches!(error, Error::ProofMalformed(JoseError::Json) | Error::TokenMalformed(JoseError::Json));
    assert!(error == *expected || number == "1e400" && unreadable, "{number}: {error:?}, not {expected:?}");
}

#[tokio::test]
async fn p02_a_token_is_good_for_its_last_millisecond() {
    let world = World::new();
    let token = world.token().lifetime(Duration::from_secs(60)).sign();
    world.clock.advance(Duration::from_millis(59_999));
    assert_eq!(world.verify(&Request::dpop(&token, world.proof(&token).sign())).await, Ok(()));
    world.clock.advance(MILLISECOND);
    let last = world.verify(&Request::dpop(&token, world.proof(&token).sign())).await;
    assert_eq!(last, Err(Error::TokenExpired { ago_seconds: 0 }));
}

#[tokio::test]
async fn p03_the_window_does_not_grow_with_use() {
    let world = World::new();
    for _ in 0..50 {
        assert_eq!(world.verify(&world.valid()).await, Ok(()));
        let old = world.with_proof(|proof| proof.issued_at(world.ago(61)));
        assert_eq!(world.verify(&old).await, Err(Error::ProofTooOld { age_seconds: 61 }));
        let early = world.with_proof(|proof| proof.issued_at(world.ahead(31)));
        assert_eq!(world.verify(&early).await, Err(Error::ProofFromFuture { ahead_seconds: 31 }));
    }
}

#[tokio::test]
async fn p04_a_proof_is_remembered_to_its_last_millisecond() {
    for offset in [0, 1, 500, 999] {
        let world = World::new();
        world.clock.advance(Duration::from_millis(offset));
        let request = world.with_proof(|proof| proof.issued_at(world.ahead(30)));
        assert_eq!(world.verify(&request).await, Ok(()));
        // iat is in whole seconds, and the proof is accepted for 60 s after it.
        world.clock.advance(Duration::from_millis(90_000 - offset));
        assert_eq!(world.verify(&request).await, Err(Error::ProofReplayed), "{offset}");
        world.clock.advance(MILLISECOND);
        assert_eq!(world.verify(&request).await, Err(Error::ProofTooOld { age_seconds: 60 }), "{offset}");
    }
}

#[tokio::test]
async fn p05_replay_detection_needs_no_configuration() {
    for policy in [NoncePolicy::Off, NoncePolicy::WhenNeeded] {
        let world = World::with(|builder| builder.nonce(policy));
        let request = world.valid();
        assert_eq!(world.verify(&request).await, Ok(()));
        assert_eq!(world.verify(&request).await, Err(Error::ProofReplayed));
        let without = world.with_proof(|proof| proof.without_claim("jti"));
        assert_eq!(world.verify(&without).await, Err(Error::ProofClaimMissing("jti")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p06_two_parallel_requests_with_one_proof_pass_once() {
    let world = World::new();
    for _ in 0..20 {
        let request = world.valid();
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (server, request) = (world.server.clone(), request.clone());
                tokio::spawn(async move { decide(&server, &request).await })
            })
            .collect();
        let mut accepted = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(()) => accepted += 1,
                Err(error) => assert_eq!(error, Error::ProofReplayed),
            }
        }
        assert_eq!(accepted, 1);
    }
}

#[tokio::test]
async fn p07_nobody_can_use_up_anothers_jti() {
    let world = World::new();
    let token = world.token().sign();
    let thief = world.another_client();
    let with_jti = |client: &TestClient| client.proof("GET", RECORDS).access_token(&token).jti("1");
    let forged = Request::dpop(&token, with_jti(&world.client).signed_by(thief.key()).sign());
    assert_eq!(world.verify(&forged).await, Err(Error::ProofSignature));
    let stolen = Request::dpop(&token, with_jti(&thief).sign());
    assert_eq!(world.verify(&stolen).await, Err(Error::KeyBinding));
    let expired = world.token().issued_at(world.ago(3600)).sign();
    let wrong_token = Request::dpop(&expired, with_jti(&world.client).access_token(&expired).sign());
    assert!(world.verify(&wrong_token).await.is_err());
    assert_eq!(world.verify(&Request::dpop(&token, with_jti(&world.client).sign())).await, Ok(()));
}

#[tokio::test]
async fn p08_a_jti_belongs_to_its_key() {
    let world = World::new();
    for client in [world.another_client(), world.another_client()] {
        let token = world.issuer.token().audience(API).bound_to(&client).sign();
        let proof = client.proof("GET", RECORDS).access_token(&token).jti("1").sign();
        let request = Request::dpop(&token, proof);
        assert_eq!(world.verify(&request).await, Ok(()));
        assert_eq!(world.verify(&request).await, Err(Error::ProofReplayed));
    }
}

#[tokio::test]
async fn p09_one_client_cannot_shut_the_others_out() {
    let store = MemoryReplayStore::with_capacity(&AwsLcProvider, UnixTime::default(), 64).unwrap();
    let world = World::with(|builder| builder.memory_replay_store(store));
    let mut accepted = 0;
    for _ in 0..64 {
        // A new key each time makes it no other client.
        let key = world.another_client();
        let token = world.issuer.token().audience(API).bound_to(&key).sign();
        let proof = key.proof("GET", RECORDS).access_token(&token).sign();
        match world.verify(&Request::dpop(&token, proof)).await {
            Ok(()) => accepted += 1,
            Err(error) => assert_eq!(error, Error::ReplayStoreFull),
        }
    }
    assert_eq!(accepted, 32, "half of the store");
    let other = world.another_client();
    let token = world.issuer.token().audience(API).client_id("other").bound_to(&other).sign();
    let request = Request::dpop(&token, other.proof("GET", RECORDS).access_token(&token).sign());
    assert_eq!(world.verify(&request).await, Ok(()));
}

#[tokio::test]
async fn p10_a_flood_does_not_make_the_store_forget() {
    let store = MemoryReplayStore::with_capacity(&AwsLcProvider, UnixTime::default(), 8).unwrap();
    let world = World::with(|builder| builder.memory_replay_store(store.with_client_share(8)));
    let first = world.valid();
    assert_eq!(world.verify(&first).await, Ok(()));
    for _ in 0..100 {
        let _ = world.verify(&world.valid()).await;
    }
    assert_eq!(world.verify(&first).await, Err(Error::ProofReplayed));
}

#[tokio::test]
async fn p12_clones_share_the_store_and_one_process_is_said_aloud() {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let world = World::new();
    drop(guard);
    assert!(log.take().iter().any(|line| line.contains("in this process only")));
    let clone = world.server.clone();
    let request = world.valid();
    assert_eq!(world.verify(&request).await, Ok(()));
    assert_eq!(decide(&clone, &request).await, Err(Error::ProofReplayed));
}

#[tokio::test]
async fn p13_a_store_that_is_down_is_503() {
    for failure in [ReplayStoreError::Unavailable, ReplayStoreError::Full] {
        let world = World::sharing(Store::answering(Err(failure)));
        let rejection = world.refused(&world.valid()).await;
        assert_eq!((rejection.status(), rejection.error_code()), (503, None));
        assert!(headers(&rejection, "www-authenticate").is_empty());
    }
    let world = World::sharing(Store::answering(Ok(Replay::Replayed)));
    assert_eq!(world.verify(&world.valid()).await, Err(Error::ProofReplayed));
}

#[tokio::test]
async fn p14_a_restart_does_not_reopen_used_proofs() {
    let secret = || [NonceSecret::new(&[7; 32]).unwrap()];
    for (policy, expected) in [
        (NoncePolicy::Off, Error::ProofBeforeStart),
        (NoncePolicy::WhenNeeded, Error::NonceNeeded),
        (NoncePolicy::Required, Error::NonceUnknown),
    ] {
        let world = World::with(|builder| builder.nonce(policy).nonce_secrets(secret()));
        let required = policy == NoncePolicy::Required;
        let nonce = if required { Some(world.nonce().await) } else { None };
        let request = world.with_proof(|proof| match &nonce {
            Some(nonce) => proof.nonce(nonce),
            None => proof,
        });
        assert_eq!(world.verify(&request).await, Ok(()));
        world.clock.advance(Duration::from_secs(1));
        let restarted = world.another_server(|builder| builder.nonce(policy).nonce_secrets(secret()));
        assert_eq!(decide(&restarted, &request).await, Err(expected), "{policy:?}");
        // And it serves at once those who can show that their proof is new.
        let rejection =
            restarted.verify(&world.with_proof(|proof| proof.nonce("unknown")).borrow()).await.err();
        let nonce = rejection.and_then(|rejection| header(&rejection, "dpop-nonce")).unwrap_or_default();
        let fresh = world.with_proof(|proof| proof.nonce(&nonce));
        assert_eq!(decide(&restarted, &fresh).await, Ok(()), "{policy:?}");
    }
}
