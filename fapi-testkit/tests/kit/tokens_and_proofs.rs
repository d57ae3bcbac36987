//! Tokens and proofs are valid by default, and every setter changes the one thing that it names.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::UnixTime;
use fapi_core::jose::Algorithm;
use fapi_testkit::{ManualClock, SigningKey, TestCertificate, TestClient, TestIssuer};
use serde_json::{Value, json};

use crate::oracle::{claims, header, verifies};

const NOW: u64 = 1_750_000_000;
const URL: &str = "https://api.example.com/whoami";

fn clock() -> ManualClock {
    ManualClock::at(UnixTime::from_secs(NOW))
}

fn issuer() -> TestIssuer {
    TestIssuer::new("https://as.example.com").with_clock(Arc::new(clock()))
}

fn client() -> TestClient {
    TestClient::new().with_clock(Arc::new(clock()))
}

#[test]
fn a_token_is_valid_by_default() {
    for algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa] {
        let issuer = issuer().with_algorithm(algorithm);
        let token = issuer.token().sign();
        let key: Value = serde_json::from_str(&issuer.jwks()).unwrap();
        assert!(verifies(&token, algorithm, &key["keys"][0]));
        assert_eq!(
            header(&token),
            json!({"typ": "at+jwt", "alg": algorithm.name(), "kid": key["keys"][0]["kid"]})
        );
        let mut claims = claims(&token);
        let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
        assert_eq!(jti.as_str().unwrap().len(), 22);
        assert_eq!(
            claims,
            json!({
                "iss": "https://as.example.com",
                "aud": "https://api.example.com",
                "sub": "alice",
                "client_id": "client",
                "scope": "read",
                "iat": NOW,
                "exp": NOW + 300,
            })
        );
    }
}

#[test]
fn every_setter_of_a_token_changes_one_thing() {
    let client = client();
    let certificate = TestCertificate::generate();
    let token = issuer()
        .token()
        .audience("aud")
        .subject("sub")
        .client_id("client_id")
        .scope("a b")
        .lifetime(Duration::from_secs(60))
        .issued_at(UnixTime::from_millis(999_999))
        .bound_to(&client)
        .bound_to_certificate(certificate.der())
        .claim("acr", json!(["x"]))
        .without_claim("jti")
        .header("typ", "JWT")
        .without_header("kid")
        .sign();
    assert_eq!(header(&token), json!({"typ": "JWT", "alg": "ES256"}));
    assert_eq!(
        claims(&token),
        json!({
            "iss": "https://as.example.com",
            "aud": "aud",
            "sub": "sub",
            "client_id": "client_id",
            "scope": "a b",
            "iat": 999,
            "exp": 1059,
            "cnf": {"jkt": client.thumbprint(), "x5t#S256": certificate.thumbprint()},
            "acr": ["x"],
        })
    );
}

#[test]
fn a_forged_token_keeps_its_header() {
    let issuer = issuer();
    let forger = SigningKey::generate(Algorithm::Es256);
    let token = issuer.token().signed_by(&forger).sign();
    assert_eq!(header(&token)["kid"], json!(issuer.key().thumbprint()));
    assert!(verifies(&token, Algorithm::Es256, &forger.public_jwk()));
    assert!(!verifies(&token, Algorithm::Es256, &issuer.key().public_jwk()));
}

#[test]
fn a_raw_payload_replaces_the_claims() {
    let payload = br#"{"aud":"a","aud":"b"}"#;
    let key = SigningKey::generate(Algorithm::Es256);
    let token = issuer().token().raw_payload(payload).signed_by(&key).sign();
    let proof = client().proof("GET", URL).raw_payload(payload).signed_by(&key).sign();
    let bare = key.sign(&json!({}), payload);
    for jws in [token, proof] {
        assert_eq!(jws.split('.').nth(1), bare.split('.').nth(1));
    }
}

#[test]
fn rotation_withdraws_the_old_key() {
    let issuer = issuer();
    let old = issuer.key();
    issuer.clone().rotate_keys();
    let jwks: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 1);
    assert_ne!(jwks["keys"][0]["kid"], json!(old.thumbprint()));
    assert!(verifies(&issuer.token().sign(), Algorithm::Es256, &jwks["keys"][0]));
}

#[test]
fn a_proof_is_valid_by_default() {
    for algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::Ed25519] {
        let client = client().with_algorithm(algorithm);
        // RFC 9449 §7.1, figure 13: the published `ath`.
        let proof =
            client.proof("GET", URL).access_token("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU").sign();
        assert!(verifies(&proof, algorithm, &header(&proof)["jwk"]));
        assert_eq!(
            header(&proof),
            json!({"typ": "dpop+jwt", "alg": algorithm.name(), "jwk": client.key().public_jwk()})
        );
        let mut claims = claims(&proof);
        let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
        assert_eq!(jti.as_str().unwrap().len(), 22);
        assert_eq!(
            claims,
            json!({
                "htm": "GET",
                "htu": URL,
                "iat": NOW,
                "ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo",
            })
        );
    }
}

#[test]
fn every_setter_of_a_proof_changes_one_thing() {
    let proof = client()
        .proof("GET", URL)
        .issued_at(UnixTime::from_secs(7))
        .nonce("n")
        .jti("j")
        .claim("tx_id", 1)
        .without_claim("htu")
        .header("typ", "dpop+jwt+wrong")
        .without_header("jwk")
        .sign();
    assert_eq!(header(&proof), json!({"typ": "dpop+jwt+wrong", "alg": "ES256"}));
    assert_eq!(claims(&proof), json!({"htm": "GET", "iat": 7, "nonce": "n", "jti": "j", "tx_id": 1}));
}

#[test]
fn a_wrong_signature_leaves_the_rest() {
    let client = client();
    let other = SigningKey::generate(Algorithm::Es256);
    let wrong = [
        client.proof("GET", URL).with_flipped_signature().sign(),
        client.proof("GET", URL).signed_by(&other).sign(),
    ];
    for proof in wrong {
        assert_eq!(header(&proof)["jwk"], client.key().public_jwk());
        assert!(!verifies(&proof, Algorithm::Es256, &client.key().public_jwk()));
    }
}

#[test]
fn identifiers_are_unique() {
    let (issuer, client) = (issuer(), client());
    let jti = |jws: &str| claims(jws)["jti"].clone();
    assert_ne!(jti(&issuer.token().sign()), jti(&issuer.token().sign()));
    assert_ne!(jti(&client.proof("GET", URL).sign()), jti(&client.proof("GET", URL).sign()));
}
