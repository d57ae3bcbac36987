//! Keys sign what they are told to, for every algorithm, and thumbprints equal the published ones.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fapi_core::jose::Algorithm;
use fapi_testkit::{SigningKey, TestCertificate, TestIssuer, jwk_thumbprint};
use josekit::jwk::alg::ec::EcKeyPair;
use josekit::jwk::alg::ed::EdKeyPair;
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jwk::{Jwk, KeyPair as _};
use serde_json::{Value, json};

use crate::oracle::{claims, header, verifies};

#[test]
fn every_algorithm_verifies_with_the_public_key() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm);
        let jws = key.sign(&json!({"alg": algorithm.name()}), b"payload");
        assert!(verifies(&jws, algorithm, &key.public_jwk()), "{algorithm}");

        let other = SigningKey::generate(algorithm);
        assert!(!verifies(&jws, algorithm, &other.public_jwk()), "{algorithm}: every key is its own");
    }
}

#[test]
fn the_header_goes_out_as_it_is() {
    let key = SigningKey::generate(Algorithm::Es256);
    let jws = key.sign(&json!({"alg": "none", "crit": ["exp"], "typ": 7}), b"{}");
    assert_eq!(header(&jws), json!({"alg": "none", "crit": ["exp"], "typ": 7}));
    assert!(verifies(&jws, Algorithm::Es256, &key.public_jwk()));

    let raw = key.sign_raw(br#"{"alg":"ES256","alg":"none"}"#, b"{}");
    assert!(raw.starts_with(&URL_SAFE_NO_PAD.encode(br#"{"alg":"ES256","alg":"none"}"#)));
    assert!(verifies(&raw, Algorithm::Es256, &key.public_jwk()));
}

#[test]
fn public_keys_have_no_private_member_and_coordinates_their_full_length() {
    // R46, R68: one coordinate in 256 begins with a zero byte, which must stay.
    for _ in 0..600 {
        let jwk = SigningKey::generate(Algorithm::Es256).public_jwk();
        let members: Vec<&String> = jwk.as_object().unwrap().keys().collect();
        assert_eq!(members.len(), 4, "{members:?}");
        for coordinate in ["x", "y"] {
            assert_eq!(URL_SAFE_NO_PAD.decode(jwk[coordinate].as_str().unwrap()).unwrap().len(), 32);
        }
    }
    let rsa = SigningKey::generate(Algorithm::Ps256).public_jwk();
    assert_eq!(rsa.as_object().unwrap().len(), 3);
    let okp = SigningKey::generate(Algorithm::EdDsa).public_jwk();
    assert_eq!(okp.as_object().unwrap().len(), 3);
}

#[test]
fn a_private_jwk_makes_the_same_key_again() {
    for algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::Ed25519] {
        let key = SigningKey::generate(algorithm);
        let again = SigningKey::from_private_jwk(algorithm, &key.private_jwk());
        assert_eq!(again.thumbprint(), key.thumbprint());
        assert!(verifies(&again.sign(&json!({}), b""), algorithm, &key.public_jwk()));
    }
}

#[test]
fn a_private_key_in_pem_is_the_same_key() {
    for algorithm in [Algorithm::Es384, Algorithm::Ps256, Algorithm::Ed25519] {
        let key = SigningKey::generate(algorithm);
        let pem = key.private_key_pem();
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----"), "{algorithm}: PKCS #8");
        let read = openssl::pkey::PKey::private_key_from_pem(pem.as_bytes()).unwrap();
        let public = read.public_key_to_der().unwrap();
        let jwk = Jwk::from_map(key.private_jwk().as_object().unwrap().clone()).unwrap();
        assert_eq!(public, public_der(&jwk), "{algorithm}");
    }
}

/// The public key as josekit has it, SubjectPublicKeyInfo in DER.
fn public_der(jwk: &Jwk) -> Vec<u8> {
    match jwk.key_type() {
        "RSA" => RsaKeyPair::from_jwk(jwk).unwrap().to_der_public_key(),
        "EC" => EcKeyPair::from_jwk(jwk).unwrap().to_der_public_key(),
        _ => EdKeyPair::from_jwk(jwk).unwrap().to_der_public_key(),
    }
}

#[test]
fn debug_shows_no_private_member() {
    let key = SigningKey::generate(Algorithm::Es256);
    let d = key.private_jwk()["d"].as_str().unwrap().to_owned();
    let shown = format!("{key:?}");
    assert!(shown.contains(&key.thumbprint()) && !shown.contains(&d), "{shown}");
}

#[test]
fn ed25519_equals_rfc_8037_a_4() {
    let key = SigningKey::from_private_jwk(
        Algorithm::EdDsa,
        &json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        }),
    );
    assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(
        key.sign(&json!({"alg": "EdDSA"}), b"Example of Ed25519 signing"),
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
         hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
}

#[test]
fn rsa_thumbprint_equals_rfc_7638_3_1() {
    let jwk = json!({
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n\
              3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zg\
              dAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csF\
              Cur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    });
    assert_eq!(jwk_thumbprint(&jwk), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn ec_thumbprint_equals_rfc_9449_6_1() {
    let jwk = json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    });
    assert_eq!(jwk_thumbprint(&jwk), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

#[test]
fn certificate_thumbprint_equals_rfc_8705_appendix_a() {
    let der = STANDARD
        .decode(
            "MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UE\
             AwwEbXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9Wu\
             neIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJ\
             SGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=",
        )
        .unwrap();
    let token = TestIssuer::new("https://as.example.com").token().bound_to_certificate(&der).sign();
    assert_eq!(claims(&token)["cnf"], json!({"x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"}));
}

#[test]
fn certificate_and_key_belong_together() {
    let certificate = TestCertificate::generate();
    let parsed = openssl::x509::X509::from_pem(certificate.pem().as_bytes()).unwrap();
    assert_eq!(parsed.to_der().unwrap(), certificate.der());
    let key = openssl::pkey::PKey::private_key_from_pem(certificate.private_key_pem().as_bytes()).unwrap();
    assert!(parsed.public_key().unwrap().public_eq(&key));
    assert_eq!(
        certificate.thumbprint(),
        URL_SAFE_NO_PAD.encode(parsed.digest(openssl::hash::MessageDigest::sha256()).unwrap())
    );
    assert!(!format!("{certificate:?}").contains("PRIVATE"));
}

#[test]
fn a_published_key_names_its_use() {
    let key = SigningKey::generate(Algorithm::Ps256);
    let published = key.published_jwk("key-1");
    assert_eq!([&published["kid"], &published["use"], &published["alg"]], ["key-1", "sig", "PS256"]);
    assert_eq!(published["d"], Value::Null);
}
