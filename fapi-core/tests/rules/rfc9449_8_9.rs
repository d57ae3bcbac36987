//! RFC 9449 §8 and §9: nonces of the resource server.

use std::time::Duration;

use fapi_core::{Error, NoncePolicy, NonceSecret, UnixTime};

use crate::world::{Request, World, decide, header, headers};

fn requiring() -> World {
    World::with(|builder| builder.nonce(NoncePolicy::Required))
}

// R51
#[tokio::test]
async fn a_required_nonce_is_required_and_ours() {
    let world = requiring();
    assert_eq!(world.verify(&world.valid()).await, Err(Error::NonceMissing));
    let nonce = world.nonce().await;
    assert_eq!(world.verify(&world.with_proof(|proof| proof.nonce(&nonce))).await, Ok(()));
    for wrong in ["", "unknown", &nonce[1..], &format!("{nonce}x"), &nonce.to_lowercase()] {
        let request = world.with_proof(|proof| proof.nonce(wrong));
        assert_eq!(world.verify(&request).await, Err(Error::NonceUnknown), "{wrong}");
    }
    let others = requiring().nonce().await;
    assert_eq!(world.verify(&world.with_proof(|proof| proof.nonce(&others))).await, Err(Error::NonceUnknown));
}

// R51: where nonces are off, the claim is of no importance.
#[tokio::test]
async fn a_nonce_is_ignored_where_nonces_are_off() {
    let world = World::with(|builder| builder.nonce(NoncePolicy::Off));
    assert_eq!(world.verify(&world.with_proof(|proof| proof.nonce("any"))).await, Ok(()));
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
}

// R52: the time of the nonce takes the place of iat.
#[tokio::test]
async fn a_nonce_replaces_iat() {
    let world = World::new();
    let nonce = world.nonce().await;
    for iat in [world.ago(3600), world.ahead(3600)] {
        let request = world.with_proof(|proof| proof.nonce(&nonce).issued_at(iat));
        assert_eq!(world.verify(&request).await, Ok(()));
    }
    let without = world.with_proof(|proof| proof.nonce(&nonce).without_claim("iat"));
    assert_eq!(world.verify(&without).await, Err(Error::ProofClaimMissing("iat")));
}

// R62: as often as the client likes, within its time.
#[tokio::test]
async fn a_nonce_may_be_used_again() {
    let world = requiring();
    let nonce = world.nonce().await;
    for _ in 0..10 {
        assert_eq!(world.verify(&world.with_proof(|proof| proof.nonce(&nonce))).await, Ok(()));
    }
    // A client that retries once with the nonce of the answer is never asked twice in a row.
    world.clock.advance(Duration::from_secs(600));
    let fresh = world.nonce().await;
    assert_ne!(fresh, nonce);
    assert_eq!(world.verify(&world.with_proof(|proof| proof.nonce(&nonce))).await, Err(Error::NonceUnknown));
    assert_eq!(world.verify(&world.with_proof(|proof| proof.nonce(&fresh))).await, Ok(()));
}

// R63, R9
#[tokio::test]
async fn the_answer_carries_one_nonce() {
    let world = requiring();
    let rejection = world.refused(&world.valid()).await;
    assert_eq!((rejection.status(), rejection.error_code()), (401, Some("use_dpop_nonce")));
    let challenges = headers(&rejection, "www-authenticate");
    assert!(
        challenges.len() == 1 && challenges[0].starts_with("DPoP error=\"use_dpop_nonce\""),
        "{challenges:?}"
    );
    let nonces = headers(&rejection, "dpop-nonce");
    assert_eq!(nonces.len(), 1);
    assert!(nonces[0].len() >= 22, "128 bits");
    assert!(nonces[0].bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
    // And no other answer does.
    let world = World::new();
    for request in [
        Request::without_credentials(),
        world.with_token(|token| token.header("typ", "JWT")),
        world.with_proof(|proof| proof.claim("htm", "PUT")),
    ] {
        assert_eq!(header(&world.refused(&request).await, "dpop-nonce"), None);
    }
}

// R64: nodes that share a secret accept each other's; others do not.
#[tokio::test]
async fn nodes_share_nonces_by_their_secret() {
    let secret = |byte: u8| NonceSecret::new(&[byte; 32]).unwrap();
    let world = World::with(|builder| builder.nonce(NoncePolicy::Required).nonce_secrets([secret(1)]));
    let other =
        world.another_server(|builder| builder.nonce(NoncePolicy::Required).nonce_secrets([secret(1)]));
    let stranger =
        world.another_server(|builder| builder.nonce(NoncePolicy::Required).nonce_secrets([secret(2)]));
    world.clock.advance(Duration::from_secs(120));
    let nonce = world.nonce().await;
    let request = world.with_proof(|proof| proof.nonce(&nonce));
    assert_eq!(decide(&other, &request).await, Ok(()));
    assert_eq!(decide(&stranger, &request).await, Err(Error::NonceUnknown));
}

// R65: a nonce that is about to go stale is replaced with a success, and not before.
#[tokio::test]
async fn a_success_hands_out_the_next_nonce_in_time() {
    let world = requiring();
    let nonce = world.nonce().await;
    let verified = world.accepted(&world.with_proof(|proof| proof.nonce(&nonce))).await;
    assert_eq!(verified.dpop_nonce(), None);
    world.clock.advance(Duration::from_secs(60));
    let verified = world.accepted(&world.with_proof(|proof| proof.nonce(&nonce))).await;
    let next = verified.dpop_nonce().unwrap().to_owned();
    assert_ne!(next, nonce);
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.verify(&world.with_proof(|proof| proof.nonce(&nonce))).await, Err(Error::NonceUnknown));
    assert_eq!(world.verify(&world.with_proof(|proof| proof.nonce(&next))).await, Ok(()));
}

// R66: a wrong clock is helped with a nonce, a replay never is.
#[tokio::test]
async fn the_nonce_comes_before_iat_and_before_replay() {
    let world = requiring();
    for iat in [world.ago(3600), world.ahead(3600)] {
        let request = world.with_proof(|proof| proof.issued_at(iat));
        assert_eq!(world.verify(&request).await, Err(Error::NonceMissing));
    }
    let nonce = world.nonce().await;
    let request = world.with_proof(|proof| proof.nonce(&nonce));
    assert_eq!(world.verify(&request).await, Ok(()));
    let rejection = world.refused(&request).await;
    assert_eq!(rejection.error(), &Error::ProofReplayed);
    assert_eq!(rejection.error_code(), Some("invalid_dpop_proof"));
}

// R60, R66: a replay is found through the whole life of the nonce.
#[tokio::test]
async fn a_replay_is_found_as_long_as_the_nonce_lives() {
    let world = requiring();
    let nonce = world.nonce().await;
    let request = world.with_proof(|proof| proof.nonce(&nonce));
    assert_eq!(world.verify(&request).await, Ok(()));
    // Through the last millisecond of the period after its own.
    let period = 60_000;
    let end = (world.now().as_millis() / period + 2) * period;
    world.clock.set(UnixTime::from_millis(end - 1));
    assert_eq!(world.verify(&request).await, Err(Error::ProofReplayed));
    world.clock.set(UnixTime::from_millis(end));
    assert_eq!(world.verify(&request).await, Err(Error::NonceUnknown));
}
