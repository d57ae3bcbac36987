//! FAPI 2.0 Security Profile §5.4: algorithms and keys.

use fapi_core::jose::Algorithm;
use fapi_core::{Error, Issuer, ResourceServerBuilder};
use fapi_testkit::{SigningKey, TestClient, TestIssuer};
use serde_json::json;

use crate::world::{API, ISSUER, Request, World};

const FAPI2: [Algorithm; 4] = [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa, Algorithm::Ed25519];

fn trusting(issuer: &TestIssuer) -> impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder + use<> {
    let other = Issuer::new(issuer.identifier()).with_key_set(issuer.jwks());
    |builder| builder.issuer(other)
}

// R7, R44, R99: the list for tokens and for proofs is exactly this one.
#[tokio::test]
async fn exactly_the_algorithms_of_fapi_are_accepted() {
    for algorithm in Algorithm::ALL {
        let accepted = FAPI2.contains(&algorithm);
        let issuer = TestIssuer::new("https://other.example.com").with_algorithm(algorithm);
        let with_keys_in_use = |builder| if accepted { trusting(&issuer)(builder) } else { builder };
        let world = World::with(with_keys_in_use);
        let issuer = issuer.with_clock(std::sync::Arc::new(world.clock.clone()));
        let client = TestClient::with_key(SigningKey::generate(algorithm))
            .with_clock(std::sync::Arc::new(world.clock.clone()));

        let token = issuer.token().audience(API).bound_to(&world.client).sign();
        let request = Request::dpop(&token, world.proof(&token).sign());
        let expected = if accepted { Ok(()) } else { Err(Error::TokenAlgorithm) };
        assert_eq!(world.verify(&request).await, expected, "token {algorithm}");

        let token = world.issuer.token().audience(API).bound_to(&client).sign();
        let proof = client.proof("GET", "https://api.example.com/records").access_token(&token).sign();
        let expected = if accepted { Ok(()) } else { Err(Error::ProofAlgorithm) };
        assert_eq!(world.verify(&Request::dpop(&token, proof)).await, expected, "proof {algorithm}");
    }
}

// R7, R44, R93, R99, R100: names are case-sensitive, and there is no `none` in any spelling.
#[tokio::test]
async fn no_other_name_is_an_algorithm() {
    let world = World::new();
    for alg in ["none", "None", "NONE", "nOnE", "es256", "ES256 ", "HS256", "ES256K", "Ed448", "RSA1_5", ""] {
        let token = world.with_token(|token| token.header("alg", alg));
        assert_eq!(world.verify(&token).await, Err(Error::TokenAlgorithm), "{alg:?}");
        let proof = world.with_proof(|proof| proof.header("alg", alg));
        assert_eq!(world.verify(&proof).await, Err(Error::ProofAlgorithm), "{alg:?}");
    }
}

// R11: of two keys with one kid, the one that fits verifies; if both fit, both are tried.
#[tokio::test]
async fn a_duplicate_kid_does_not_stop_a_token() {
    for stranger in [Algorithm::Ed25519, Algorithm::Es256] {
        let issuer = TestIssuer::new("https://twins.example.com");
        let kid = issuer.key().thumbprint();
        let keys = [SigningKey::generate(stranger), issuer.key()].map(|key| key.published_jwk(&kid));
        let twins = Issuer::new(issuer.identifier()).with_key_set(json!({ "keys": keys }).to_string());
        let world = World::with(|builder| builder.issuer(twins));
        let issuer = issuer.with_clock(std::sync::Arc::new(world.clock.clone()));
        let token = issuer.token().audience(API).bound_to(&world.client).sign();
        assert_eq!(
            world.verify(&Request::dpop(&token, world.proof(&token).sign())).await,
            Ok(()),
            "{stranger}"
        );
    }
}

// R12: clients reach the API over TLS, unless it is on this machine.
#[test]
fn the_public_url_is_https() {
    let build = |url: &str| {
        fapi_core::ResourceServer::builder()
            .public_url(url)
            .audience(API)
            .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
            .issuer(Issuer::new(ISSUER))
            .build()
            .is_ok()
    };
    for url in
        ["https://api.example.com", "https://api.example.com/v1", "http://localhost:8080", "http://127.0.0.1"]
    {
        assert!(build(url), "{url}");
    }
    for url in
        ["http://api.example.com", "http://10.0.0.1", "api.example.com", "https://user@api.example.com"]
    {
        assert!(!build(url), "{url}");
    }
}
