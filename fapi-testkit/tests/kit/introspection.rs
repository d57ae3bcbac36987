//! Introspection without a socket: the answer is true of the token, and every setter changes the one thing that it
//! names.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::UnixTime;
use fapi_core::jose::Algorithm;
use fapi_testkit::{ManualClock, SigningKey, TestCertificate, TestClient, TestIssuer};
use serde_json::{Value, json};

use crate::oracle::{claims, header, verifies};

const NOW: u64 = 1_750_000_000;

fn clock() -> ManualClock {
    ManualClock::at(UnixTime::from_secs(NOW))
}

fn issuer() -> TestIssuer {
    TestIssuer::new("https://as.example.com").with_clock(Arc::new(clock()))
}

fn plain(issuer: &TestIssuer, token: &str) -> Value {
    serde_json::from_str(&issuer.introspection(token).plain()).unwrap()
}

// R121, R123, R126
#[test]
fn an_opaque_token_says_nothing_and_its_introspection_everything() {
    let (issuer, client) = (issuer(), TestClient::new());
    let token = issuer.token().bound_to(&client).claim("jti", "1").opaque();
    assert_eq!(token.len(), 22);
    assert_ne!(token, issuer.token().opaque());
    assert_eq!(
        plain(&issuer, &token),
        json!({
            "active": true,
            "token_type": "DPoP",
            "iss": "https://as.example.com",
            "aud": "https://api.example.com",
            "sub": "alice",
            "client_id": "client",
            "scope": "read",
            "iat": NOW,
            "exp": NOW + 300,
            "jti": "1",
            "cnf": {"jkt": client.thumbprint()},
        })
    );
}

#[test]
fn the_token_type_follows_the_confirmation() {
    let issuer = issuer();
    let certificate = TestCertificate::generate();
    let bound = issuer.token().bound_to_certificate(certificate.der()).opaque();
    let answer = plain(&issuer, &bound);
    assert_eq!(answer["cnf"], json!({"x5t#S256": certificate.thumbprint()}));
    assert_eq!(
        [&answer["token_type"], &plain(&issuer, &issuer.token().opaque())["token_type"]],
        ["Bearer"; 2]
    );
}

#[test]
fn a_reference_may_look_like_anything() {
    let issuer = issuer();
    let token = issuer.token().opaque_as("eyJhbGciOiJFUzI1NiJ9.e30.AA");
    assert_eq!(token, "eyJhbGciOiJFUzI1NiJ9.e30.AA");
    assert_eq!(plain(&issuer, &token)["active"], true);
}

#[test]
fn a_jwt_is_active_if_one_of_the_issuers_keys_ever_signed_it() {
    for algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa] {
        let issuer = issuer().with_algorithm(algorithm);
        let token = issuer.token().sign();
        let mut expected = claims(&token);
        expected["active"] = json!(true);
        expected["token_type"] = json!("Bearer");
        assert_eq!(plain(&issuer, &token), expected);
        issuer.rotate_keys();
        assert_eq!(plain(&issuer, &token), expected);
    }
    let issuer = issuer();
    let forger = SigningKey::generate(Algorithm::Es256);
    let wrong = [
        issuer.token().signed_by(&forger).sign(),
        issuer.token().with_flipped_signature().sign(),
        issuer.token().header("alg", "none").sign(),
        TestIssuer::new("https://as.example.com").token().sign(),
        "unknown".to_owned(),
        String::new(),
    ];
    for token in wrong {
        assert_eq!(plain(&issuer, &token), json!({"active": false}), "{token}");
    }
}

#[test]
fn a_token_is_active_from_nbf_until_exp_or_until_it_is_revoked() {
    let clock = clock();
    let issuer = TestIssuer::new("https://as.example.com").with_clock(Arc::new(clock.clone()));
    let token = || issuer.token().claim("nbf", NOW + 11);
    for token in [token().opaque(), token().sign()] {
        let active = |time: u64| {
            clock.set(UnixTime::from_secs(time));
            plain(&issuer, &token)["active"].clone()
        };
        assert_eq!([NOW, NOW + 1, NOW + 299, NOW + 300].map(active), [false, true, true, false]);
        assert_eq!(active(NOW + 1), true);
        issuer.clone().revoke(&token);
        assert_eq!(plain(&issuer, &token), json!({"active": false}));
    }
}

// R128
#[test]
fn a_signed_answer_is_valid_by_default() {
    let issuer = issuer().with_algorithm(Algorithm::Ps256);
    let token = issuer.token().opaque();
    let answer = issuer.introspection(&token);
    let signed = answer.clone().sign();
    assert!(verifies(&signed, Algorithm::Ps256, &issuer.key().public_jwk()));
    assert_eq!(
        header(&signed),
        json!({"typ": "token-introspection+jwt", "alg": "PS256", "kid": issuer.key().thumbprint()})
    );
    assert_eq!(
        claims(&signed),
        json!({
            "iss": "https://as.example.com",
            "aud": "https://api.example.com",
            "iat": NOW,
            "token_introspection": plain(&issuer, &token),
        })
    );
    let inactive = issuer.introspection("unknown").sign();
    assert_eq!(claims(&inactive)["token_introspection"], json!({"active": false}));
    assert_eq!(answer.plain(), answer.always_plain().plain());
}

// R180, P47
#[test]
fn every_setter_of_an_answer_changes_one_thing() {
    let issuer = issuer();
    let token = issuer.token().opaque();
    let answer =
        || issuer.introspection(&token).member("active", "true").without_member("cnf").without_member("jti");
    let changed: Value = serde_json::from_str(&answer().plain()).unwrap();
    assert_eq!((&changed["active"], &changed["jti"]), (&json!("true"), &Value::Null));

    let signed = answer()
        .audience("https://other.example.com")
        .issued_at(UnixTime::from_secs(NOW).saturating_sub(Duration::from_secs(3600)))
        .header("typ", "JWT")
        .without_claim("iss")
        .claim("exp", 1)
        .sign();
    assert_eq!(header(&signed)["typ"], "JWT");
    assert_eq!(
        claims(&signed),
        json!({
            "aud": "https://other.example.com",
            "iat": NOW - 3600,
            "exp": 1,
            "token_introspection": changed,
        })
    );
    let key = SigningKey::generate(Algorithm::Es256);
    assert!(verifies(&answer().signed_by(&key).sign(), Algorithm::Es256, &key.public_jwk()));
}
