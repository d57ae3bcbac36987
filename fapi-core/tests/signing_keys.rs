//! Private keys of this server: of every type, from JWK and PEM, on both providers (R7, R122).
#![cfg(feature = "aws-lc-rs")]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fapi_core::crypto::{AwsLcProvider, AwsLcSigningKey, CryptoProvider, SigningKey, SigningKeyError};
use fapi_core::jose::{Algorithm, Jwk};
use fapi_testkit::SigningKey as TestKey;
use serde_json::{Value, json};

const MESSAGE: &[u8] = b"header.payload";

type Loaded = Result<Box<dyn SigningKey>, SigningKeyError>;
/// How each provider reads a key.
type Load = fn(&str) -> Loaded;

fn boxed(key: Result<impl SigningKey + 'static, SigningKeyError>) -> Loaded {
    key.map(|key| Box::new(key) as Box<dyn SigningKey>)
}

fn from_jwk() -> Vec<Load> {
    vec![
        |json| boxed(AwsLcSigningKey::from_jwk(json)),
        #[cfg(feature = "josekit")]
        |json| boxed(fapi_core::crypto::JosekitSigningKey::from_jwk(json)),
    ]
}

fn from_pem() -> Vec<Load> {
    vec![
        |pem| boxed(AwsLcSigningKey::from_pem(pem)),
        #[cfg(feature = "josekit")]
        |pem| boxed(fapi_core::crypto::JosekitSigningKey::from_pem(pem)),
    ]
}

/// Holds the key's signature against the public JWK.
fn assert_signs(key: &dyn SigningKey, public: &Value) {
    let public = Jwk::parse(public.to_string().as_bytes()).unwrap();
    let verifier = AwsLcProvider.verifying_key(&public, key.algorithm()).unwrap();
    let signature = key.sign(MESSAGE).unwrap();
    assert_eq!(verifier.verify(MESSAGE, &signature), Ok(()));
    assert!(verifier.verify(b"another message", &signature).is_err());
}

// R7, R122
#[test]
fn every_type_signs_from_a_jwk() {
    for algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa, Algorithm::Ed25519] {
        let pair = TestKey::generate(algorithm);
        let mut jwk = pair.private_jwk();
        jwk["kid"] = json!("api-1");
        jwk["use"] = json!("sig");
        jwk["alg"] = json!(algorithm.name());
        for load in from_jwk() {
            let key = load(&jwk.to_string()).unwrap();
            assert_eq!((key.algorithm(), key.key_id()), (algorithm, Some("api-1")));
            assert_signs(&*key, &pair.public_jwk());
            assert!(!format!("{key:?}").contains(jwk["d"].as_str().unwrap()), "{key:?}");
        }
    }
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> String {
    pem(EcdsaKeyPair::generate(algorithm).unwrap().to_pkcs8v1().unwrap().as_ref())
}

// R7, R122: the algorithm follows from the type of the key.
#[test]
fn every_type_is_read_from_pem() {
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let ed25519 = Ed25519KeyPair::generate().unwrap();
    for (pem, algorithm, length) in [
        (ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING), Algorithm::Es256, 64),
        (pem(rsa.as_der().unwrap().as_ref()), Algorithm::Ps256, 256),
        (pem(ed25519.to_pkcs8v1().unwrap().as_ref()), Algorithm::EdDsa, 64),
    ] {
        for load in from_pem() {
            let key = load(&pem).unwrap();
            assert_eq!((key.algorithm(), key.key_id()), (algorithm, None));
            assert_eq!(key.sign(MESSAGE).unwrap().len(), length);
        }
        let named = AwsLcSigningKey::from_pem(&pem).unwrap().with_key_id("api-2");
        assert_eq!(named.key_id(), Some("api-2"));
    }
}

// R7: other types and algorithms, public keys, parts that do not fit each other, and what is no key.
#[test]
fn anything_else_is_refused() {
    let pair = TestKey::generate(Algorithm::Es256);
    let changed = |member: &str, value: Value| {
        let mut jwk = pair.private_jwk();
        jwk[member] = value;
        jwk.to_string()
    };
    let other = TestKey::generate(Algorithm::Es256).private_jwk();
    for load in from_jwk() {
        for json in [
            String::new(),
            "{}".to_owned(),
            pair.public_jwk().to_string(),
            changed("alg", json!("RS256")),
            changed("alg", json!("none")),
            changed("crv", json!("P-384")),
            changed("kty", json!("oct")),
            changed("d", json!("AA==")),
            changed("d", json!(7)),
            changed("x", other["x"].clone()),
            changed("d", other["d"].clone()),
            TestKey::generate(Algorithm::Es384).private_jwk().to_string(),
        ] {
            assert!(load(&json).is_err(), "{json}");
        }
    }
    for load in from_pem() {
        for pem in [
            String::new(),
            pem(b"no key"),
            ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING),
            ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING).replace("PRIVATE KEY", "EC PRIVATE KEY"),
            ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING).replace("-----END", "*-----END"),
        ] {
            assert!(load(&pem).is_err(), "{pem}");
        }
    }
}
