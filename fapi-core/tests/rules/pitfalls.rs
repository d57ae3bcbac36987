//! The failures of other resource servers (`docs/rules.md`, second table): one test each, where it is the core's.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::crypto::AwsLcProvider;
use fapi_core::jose::{JoseError, KeyError};
use fapi_core::{
    ConfigError, Error, Issuer, MemoryReplayStore, NoClaims, NoncePolicy, NonceSecret, Profile,
    RejectionBody, Replay, ReplayStoreError, ResourceServer, SenderConstraint, TargetMismatch, UnixTime,
};
use fapi_testkit::{ProofBuilder, TestClient, TestIssuer};
use serde_json::{Value, json};

use crate::fakes::{JWKS_URI, Network, Store};
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
            .profile(Profile::fapi2().with_max_token_bytes(100))
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
    let build = || ResourceServer::builder().audience(API).issuer(Issuer::new(ISSUER));
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
    let nobody = ResourceServer::builder().public_url(API).audience(API).build();
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
