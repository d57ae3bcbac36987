//! Binding, schemes, target URI and JOSE: P15 to P33.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::jose::{JoseError, KeyError};
use fapi_core::{
    ConfigError, Error, Issuer, NonceSecret, Profile, Replay, ResourceServer, SenderConstraint,
    TargetMismatch,
};
use serde_json::{Value, json};

use crate::fakes::{JWKS_URI, Network, Store};
use crate::world::{API, ISSUER, Request, World, decide};

const RECORDS: &str = "https://api.example.com/records";

#[tokio::test]
async fn p15_a_bound_token_is_no_bearer_token() {
    let world = World::new();
    assert_eq!(world.verify(&Request::bearer(&world.token().sign())).await, Err(Error::TokenBoundToKey));
    let without_certificate = Request { certificate: None, ..world.mtls() };
    assert_eq!(world.verify(&without_certificate).await, Err(Error::CertificateMissing));
}

#[tokio::test]
async fn p16_the_thumbprint_is_compared() {
    let world = World::new();
    let thief = world.another_client();
    let token = world.token().sign();
    let proof = thief.proof("GET", RECORDS).access_token(&token).sign();
    assert_eq!(world.verify(&Request::dpop(&token, proof)).await, Err(Error::KeyBinding));
}

#[tokio::test]
async fn p17_ath_is_checked() {
    let world = World::new();
    let without = world.with_proof(|proof| proof.without_claim("ath"));
    assert_eq!(world.verify(&without).await, Err(Error::ProofClaimMissing("ath")));
    let other = world.with_proof(|proof| proof.access_token("other"));
    assert_eq!(world.verify(&other).await, Err(Error::ProofAccessTokenHash));
}

#[tokio::test]
async fn p18_of_two_proofs_none_is_taken() {
    let world = World::new();
    let valid = world.valid();
    let bad = "x".to_owned();
    for dpop in [vec![valid.dpop[0].clone(), bad.clone()], vec![bad, valid.dpop[0].clone()]] {
        let request = Request { dpop, ..valid.clone() };
        assert_eq!(world.verify(&request).await, Err(Error::ProofRepeated));
    }
}

#[tokio::test]
async fn p19_of_two_authorization_headers_none_is_taken() {
    let world = World::new();
    let valid = world.valid();
    for other in ["", "Basic dTpw", &valid.authorization[0]] {
        let authorization = vec![valid.authorization[0].clone(), other.to_owned()];
        let rejection = world.refused(&Request { authorization, ..valid.clone() }).await;
        assert_eq!((rejection.error(), rejection.status()), (&Error::CredentialsRepeated, 400));
    }
}

#[tokio::test]
async fn p20_the_scheme_is_in_any_case() {
    let world = World::new();
    let valid = world.valid();
    let lower = vec![valid.authorization[0].replace("DPoP", "dpop")];
    assert_eq!(world.verify(&Request { authorization: lower, ..valid }).await, Ok(()));
}

#[tokio::test]
async fn p21_cnf_is_an_object_of_which_nothing_known_is_ignored() {
    let world = World::new();
    let jkt = world.client.thumbprint();
    let more = json!({"jkt": jkt, "jwk": {"kty": "EC"}, "kid": 7});
    assert_eq!(world.verify(&world.with_token(|token| token.claim("cnf", more))).await, Ok(()));
    let both = world.with_token(|token| token.bound_to_certificate(world.certificate.der()));
    assert_eq!(world.verify(&both).await, Err(Error::CertificateMissing));
}

#[tokio::test]
async fn p22_each_server_goes_by_its_own_settings() {
    let world = World::new();
    let strict = world.another_server(|builder| {
        builder
            .audience("strict")
            .sender_constraint(SenderConstraint::Mtls)
            .profile(Profile::fapi2().with_max_token_bytes(256))
    });
    let other = world.another_server(|builder| builder.audience("other"));
    world.clock.advance(Duration::from_secs(120));
    let for_other = world.with_token(|token| token.audience("other"));
    assert_eq!(decide(&strict, &for_other).await, Err(Error::CredentialsTooLarge));
    assert_eq!(world.verify(&for_other).await, Err(Error::TokenAudience));
    assert_eq!(decide(&other, &for_other).await, Ok(()));
}

#[tokio::test]
async fn p23_htu_is_not_compared_as_text() {
    let world = World::with(|builder| builder.public_url("https://api.example.com/v1"));
    for htu in [
        "https://API.example.com:443/v1/records",
        "https://api.example.com/v1/records?page=2",
        "https://api.example.com/v1/%72ecords",
    ] {
        let request = world.with_proof(|proof| proof.claim("htu", htu)).query("page=2");
        assert_eq!(world.verify(&request).await, Ok(()), "{htu}");
    }
}

#[tokio::test]
async fn p24_paths_that_differ_are_different() {
    let world = World::new();
    for (path, claimed) in [
        ("/records", "/Records"),
        ("/records", "/records/"),
        ("/records", "//records"),
        ("/a/b", "/a%2Fb"),
        ("/a%2Fb", "/a/b"),
    ] {
        let request = world.with_proof(|proof| proof.claim("htu", format!("{API}{claimed}"))).path(path);
        assert_eq!(world.verify(&request).await, Err(Error::ProofTarget(TargetMismatch::Path)), "{claimed}");
    }
}

#[tokio::test]
async fn p25_methods_are_case_sensitive() {
    let world = World::new();
    let lower = world.with_proof(|proof| proof.claim("htm", "get"));
    assert_eq!(world.verify(&lower).await, Err(Error::ProofMethod));
    assert_eq!(world.verify(&world.valid().method("get")).await, Err(Error::ProofMethod));
}

#[tokio::test]
async fn p26_what_is_no_path_cannot_move_the_request() {
    let world = World::new();
    for (path, htu) in [
        (".evil.example/records", "https://api.example.com.evil.example/records"),
        ("@evil.example/records", "https://api.example.com@evil.example/records"),
        ("records", "https://api.example.comrecords"),
        ("/other?/records", "https://api.example.com/other"),
        ("https://api.example.com/records", "https://api.example.com/records"),
    ] {
        let request = world.with_proof(|proof| proof.claim("htu", htu)).path(path);
        assert!(matches!(world.verify(&request).await, Err(Error::ProofTarget(_))), "{path}");
    }
}

#[test]
fn p28_there_is_no_server_without_a_public_url() {
    let build = || {
        ResourceServer::builder()
            .audience(API)
            .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
            .issuer(Issuer::new(ISSUER))
    };
    assert_eq!(build().build().unwrap_err(), ConfigError::PublicUrlMissing);
    assert!(matches!(build().public_url("").build(), Err(ConfigError::PublicUrl { .. })));
}

#[tokio::test]
async fn p29_nothing_is_acted_on_before_it_is_verified() {
    let network = Network::new();
    let store = Store::answering(Ok(Replay::Fresh));
    let world = World::with(|builder| {
        builder
            .issuer(Issuer::new("https://other.example.com").with_jwks_uri(JWKS_URI))
            .http_client(Arc::clone(&network) as _)
            .replay_store(Arc::clone(&store) as _)
            .nonce_secrets([NonceSecret::new(&[7; 32]).unwrap()])
    });
    let thief = world.another_client();
    for request in [
        world.with_token(|token| token.claim("iss", "https://evil.example.com")),
        world.with_token(|token| token.signed_by(thief.key())),
        world.with_token(|token| {
            token.claim("cnf", json!({"jkt": world.client.thumbprint()})).signed_by(thief.key())
        }),
    ] {
        assert!(world.verify(&request).await.is_err());
    }
    assert!(network.requests().is_empty());
    assert_eq!(store.asked(), 0);
}

#[tokio::test]
async fn p30_strange_keys_and_types_are_refused() {
    let world = World::new();
    let private = world.client.key().private_jwk();
    let low_order =
        json!({"kty": "OKP", "crv": "Ed25519", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"});
    let header = |name: &'static str, value: Value| world.with_proof(|proof| proof.header(name, value));
    for (request, error) in [
        (header("jwk", private), Error::ProofKey(KeyError::Private)),
        (header("jwk", low_order), Error::ProofKey(KeyError::Point)),
        (header("jwk", json!("key")), Error::ProofKey(KeyError::NotObject)),
        (header("typ", json!(1)), Error::ProofMalformed(JoseError::HeaderInvalid("typ"))),
        (header("typ", json!(null)), Error::ProofMalformed(JoseError::HeaderInvalid("typ"))),
        (header("alg", json!(["ES256"])), Error::ProofMalformed(JoseError::HeaderInvalid("alg"))),
    ] {
        assert_eq!(world.verify(&request).await, Err(error));
    }
}

#[tokio::test]
async fn p31_each_limit_is_on_its_own_header() {
    let world = World::new();
    let padding = |bytes: usize| "x".repeat(bytes);
    // Larger than a proof may be, smaller than a token may be.
    let token = world.with_token(|token| token.claim("padding", padding(9_000)));
    assert!(token.authorization[0].len() > 8 * 1024);
    assert_eq!(world.verify(&token).await, Ok(()));
    let proof = world.with_proof(|proof| proof.claim("padding", padding(9_000)));
    assert!(proof.dpop[0].len() > 8 * 1024);
    assert_eq!(world.verify(&proof).await, Err(Error::ProofTooLarge));
    // Just below the limit it is accepted: what is refused above is refused for its size.
    let proof = world.with_proof(|proof| proof.claim("padding", padding(5_000)));
    assert_eq!(world.verify(&proof).await, Ok(()));
    let token = world.with_token(|token| token.claim("padding", padding(20_000)));
    assert_eq!(world.verify(&token).await, Err(Error::CredentialsTooLarge));
}

#[tokio::test]
async fn p32_members_occur_once() {
    let world = World::new();
    let proof = world.with_proof(|proof| proof.raw_payload(r#"{"jti":"1","htm":"GET","htm":"PUT"}"#));
    assert_eq!(world.verify(&proof).await, Err(Error::ProofMalformed(JoseError::DuplicateMember)));
    for payload in [
        format!(r#"{{"iss":"{ISSUER}","iss":"https://evil.example.com"}}"#),
        format!(r#"{{"iss":"{ISSUER}","cnf":{{"jkt":"a","jkt":"b"}}}}"#),
        format!(r#"{{"iss":"{ISSUER}","aud":"a","\u0061ud":"b"}}"#),
    ] {
        let token = world.with_token(|token| token.raw_payload(payload.clone()));
        assert_eq!(world.verify(&token).await, Err(Error::TokenMalformed(JoseError::DuplicateMember)));
    }
}

#[tokio::test]
async fn p33_an_id_token_is_no_access_token() {
    let world = World::new();
    for typ in ["JWT", "id_token"] {
        assert_eq!(
            world.verify(&world.with_token(|token| token.header("typ", typ))).await,
            Err(Error::TokenType)
        );
    }
    assert_eq!(
        world.verify(&world.with_token(|token| token.without_header("typ"))).await,
        Err(Error::TokenType)
    );
}
