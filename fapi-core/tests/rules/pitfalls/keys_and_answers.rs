//! Keys, issuers, answers and caches: P34 to P50.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::{
    ConfigError, Error, Issuer, NoClaims, NoncePolicy, RejectionBody, ResourceServer, SenderConstraint,
};
use fapi_testkit::{ProofBuilder, TestIssuer};
use serde_json::json;

use crate::fakes::{JWKS_URI, Network};
use crate::world::{API, ISSUER, Request, World, headers};

const RECORDS: &str = "https://api.example.com/records";

#[tokio::test]
async fn p34_unknown_kids_do_not_drive_fetches() {
    let network = Network::new();
    let world = World::behind(&network);
    world.server.load_keys().await.unwrap();
    world.clock.advance(Duration::from_secs(30));
    for kid in 0..200 {
        let request = world.with_token(|token| token.header("kid", kid.to_string()));
        assert_eq!(world.verify(&request).await, Err(Error::TokenKeyUnknown));
    }
    assert_eq!(network.requests().len(), 2);
}

#[tokio::test]
async fn p36_a_key_of_tomorrow_does_not_spoil_the_set() {
    let network = Network::new();
    let world = World::behind(&network);
    let own = world.issuer.key().published_jwk(&world.issuer.key().thumbprint());
    let tomorrow = json!({"kty": "AKP", "alg": "ML-DSA-44", "kid": "pq", "pub": "AA"});
    network.publish_text(json!({"keys": [tomorrow, own]}).to_string());
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
}

#[tokio::test]
async fn p37_a_rotated_key_is_found_with_its_first_token() {
    let network = Network::new();
    let world = World::behind(&network);
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
    world.issuer.rotate_keys();
    network.publish(&world.issuer);
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
}

#[tokio::test]
async fn p38_no_url_is_made_of_a_claim() {
    let network = Network::new();
    let world = World::behind(&network);
    for evil in ["https://evil.example.com", "../../x", "?x=1", "' OR 1", "\r\n"] {
        let _ = world.verify(&world.with_token(|token| token.claim("iss", evil))).await;
        let _ = world.verify(&world.with_token(|token| token.header("kid", evil))).await;
    }
    assert!(network.requests().iter().all(|url| url == JWKS_URI), "{:?}", network.requests());
}

#[tokio::test]
async fn p39_before_the_keys_are_there_it_is_503() {
    let network = Network::new();
    let world = World::behind(&network);
    network.go_down();
    assert_eq!(world.server.load_keys().await, Err(vec![ISSUER.to_owned()]));
    let rejection = world.refused(&world.valid()).await;
    assert_eq!((rejection.error(), rejection.status()), (&Error::KeysUnavailable, 503));
    assert!(headers(&rejection, "www-authenticate").is_empty());
    // And it recovers without a restart.
    network.publish(&world.issuer);
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
}

#[tokio::test]
async fn p40_only_the_issuers_of_the_configuration_are_trusted() {
    let nobody = ResourceServer::builder()
        .public_url(API)
        .audience(API)
        .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
        .build();
    assert_eq!(nobody.unwrap_err(), ConfigError::IssuerMissing);
    let anything = ResourceServer::builder().public_url(API).issuer(Issuer::new(ISSUER)).build();
    assert_eq!(anything.unwrap_err(), ConfigError::AudienceMissing);
    let world = World::new();
    let test = TestIssuer::new("https://test.as.example.com").with_clock(Arc::new(world.clock.clone()));
    let token = test.token().audience(API).bound_to(&world.client).sign();
    let request = Request::dpop(&token, world.proof(&token).sign());
    assert_eq!(world.verify(&request).await, Err(Error::TokenIssuer));
}

#[tokio::test]
async fn p41_challenges_are_of_the_schemes_that_are_accepted() {
    let metadata = "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"";
    let dpop = format!("DPoP algs=\"ES256 PS256 EdDSA Ed25519\", {metadata}");
    let bearer = format!("Bearer {metadata}");
    for (constraint, expected) in [
        (SenderConstraint::Dpop, vec![dpop.clone()]),
        (SenderConstraint::Mtls, vec![bearer.clone()]),
        (SenderConstraint::Either, vec![dpop, bearer]),
    ] {
        let world = World::with(|builder| builder.sender_constraint(constraint));
        let rejection = world.refused(&Request::without_credentials()).await;
        assert_eq!(headers(&rejection, "www-authenticate"), expected);
        // Whatever scheme a request came with, a 401 has a challenge that can be met.
        for request in [world.valid(), Request::bearer(&world.token().sign())] {
            let Err(rejection) = world.server.verify(&request.borrow()).await else { continue };
            assert!(
                !headers(&rejection, "www-authenticate").is_empty(),
                "{constraint:?} {:?}",
                rejection.error()
            );
        }
    }
}

#[tokio::test]
async fn p43_strangers_cannot_use_up_the_nonces() {
    let world = World::with(|builder| builder.nonce(NoncePolicy::Required));
    let nonce = world.nonce().await;
    for _ in 0..1000 {
        assert_eq!(world.nonce().await, nonce);
    }
    assert_eq!(world.verify(&world.with_proof(|proof| proof.nonce(&nonce))).await, Ok(()));
}

#[tokio::test]
async fn p44_answers_echo_nothing() {
    let world = World::with(|builder| builder.rejection_body(RejectionBody::ProblemJson));
    let marked = "marker";
    for request in [
        world.with_token(|token| token.header("typ", marked)),
        world.with_token(|token| token.claim("iss", marked)),
        world.with_token(|token| token.claim("aud", marked)),
        world.with_token(|token| token.header("kid", marked)),
        world.with_token(|token| token.raw_payload(marked)),
        world.with_proof(|proof| proof.header("typ", marked)),
        world.with_proof(|proof| proof.claim("htu", marked)),
        world.with_proof(|proof| proof.claim("nonce", marked)),
        world.with_proof(|proof| proof.raw_payload(marked)),
        Request::with_authorization([format!("{marked} {marked}")]),
        Request::without_credentials().query("access_token=marker"),
    ] {
        let rejection = world.refused(&request).await;
        let body = String::from_utf8(rejection.body().unwrap().content.clone()).unwrap();
        assert!(!body.contains(marked), "{body}");
        assert!(rejection.headers().all(|(_, value)| !value.contains(marked)), "{rejection:?}");
    }
}

#[tokio::test]
async fn p46_a_remembered_token_outlives_nothing() {
    // Its time.
    let world = World::new();
    let token = world.token().sign();
    let again = || Request::dpop(&token, world.proof(&token).sign());
    assert_eq!(world.verify(&again()).await, Ok(()));
    world.clock.advance(Duration::from_secs(299));
    assert_eq!(world.verify(&again()).await, Ok(()));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.verify(&again()).await, Err(Error::TokenExpired { ago_seconds: 0 }));

    // The proof, which is another one each time.
    let world = World::new();
    let token = world.token().sign();
    let again =
        |change: fn(ProofBuilder) -> ProofBuilder| Request::dpop(&token, change(world.proof(&token)).sign());
    assert_eq!(world.verify(&again(|proof| proof)).await, Ok(()));
    assert_eq!(world.verify(&again(ProofBuilder::with_flipped_signature)).await, Err(Error::ProofSignature));
    assert_eq!(world.verify(&Request::bearer(&token)).await, Err(Error::TokenBoundToKey));
    let stolen = world.another_client().proof("GET", RECORDS).access_token(&token).sign();
    assert_eq!(world.verify(&Request::dpop(&token, stolen)).await, Err(Error::KeyBinding));

    // Its key.
    let network = Network::new();
    let world = World::behind(&network);
    let token = world.token().lifetime(Duration::from_secs(3600)).sign();
    let again = || Request::dpop(&token, world.proof(&token).sign());
    assert_eq!(world.verify(&again()).await, Ok(()));
    world.issuer.rotate_keys();
    network.publish(&world.issuer);
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(world.verify(&world.valid()).await, Ok(()), "the first token of the new key");
    assert_eq!(world.verify(&again()).await, Err(Error::TokenKeyUnknown));
}

#[tokio::test]
async fn p48_no_claim_text_can_grow_or_confuse_the_store() {
    let world = World::new();
    for jti in ["' OR 1=1 --", "\r\nDEL *", "{\"a\":1}", "\0", "*", "é"] {
        let request = world.with_proof(|proof| proof.jti(jti));
        assert_eq!(world.verify(&request).await, Ok(()), "{jti:?}");
        assert_eq!(world.verify(&request).await, Err(Error::ProofReplayed), "{jti:?}");
    }
    let long = world.with_proof(|proof| proof.jti(&"j".repeat(257)));
    assert_eq!(world.verify(&long).await, Err(Error::ProofClaimInvalid("jti")));
}

/// Certificate headers are not read at all: a certificate comes from the TLS handshake only.
#[tokio::test]
async fn p50_a_certificate_has_one_encoding_and_one_thumbprint() {
    let world = World::new();
    let der = world.certificate.der();
    let trailing = [der, &[0]].concat();
    assert_eq!(world.verify(&world.mtls().certificate(&trailing)).await, Err(Error::CertificateBinding));
    let hex: String = (0..64).map(|_| 'a').collect();
    let token = world.token().claim("cnf", json!({"x5t#S256": hex})).sign();
    let request = Request::bearer(&token).certificate(der);
    assert_eq!(world.verify(&request).await, Err(Error::ConfirmationMalformed));
    let verified = world.accepted(&world.mtls()).await;
    assert!(verified.access_token::<NoClaims>().is_ok());
}
