//! Private keys for encrypted tokens: which are read, and that they decrypt what another implementation encrypted (R95).
#![cfg(feature = "josekit")]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use fapi_core::crypto::{DecryptionFailed, DecryptionKey, DecryptionKeyError, JosekitDecryptionKey};
use fapi_core::jose::{CompactJwe, JoseError, KeyManagement};
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::symm::Cipher;
use serde_json::{Value, json};

const VECTORS: &str = include_str!("vectors/jwe.json");

fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

fn ec(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn from_pem(key: &PKey<Private>) -> Result<JosekitDecryptionKey, DecryptionKeyError> {
    JosekitDecryptionKey::from_pem(&key.private_key_to_pem_pkcs8().unwrap())
}

fn from_jwk(jwk: &Value) -> Result<JosekitDecryptionKey, DecryptionKeyError> {
    JosekitDecryptionKey::from_jwk(jwk.to_string().as_bytes())
}

// R95
#[test]
fn what_another_implementation_encrypted_is_decrypted() {
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 7);
    for vector in vectors {
        let key = from_jwk(&vector["key"]).unwrap();
        assert_eq!(key.key_id(), vector["key"]["kid"].as_str());
        let jwe = CompactJwe::parse(vector["jwe"].as_str().unwrap()).unwrap();
        assert!(key.accepts(jwe.algorithm()));
        let content = key.decrypt(&jwe).unwrap();
        assert_eq!(Some(&*String::from_utf8(content).unwrap()), file["payload"].as_str());
        for other in vectors.iter().filter(|other| other["key"] != vector["key"]) {
            assert_eq!(from_jwk(&other["key"]).unwrap().decrypt(&jwe), Err(DecryptionFailed));
        }
    }
}

// R95, R100: RFC 7516 appendix A.1 and A.2 are of algorithms that are not accepted.
#[test]
fn the_examples_of_rfc_7516_are_refused() {
    // RSA-OAEP with A256GCM; RSA1_5 with A128CBC-HS256; A128KW with A128CBC-HS256.
    for header in [
        "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ",
        "eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0",
        "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0",
    ] {
        let jwe = format!("{header}.AAAA.48V1_ALb6US04U3b.AAAA.XFBoMYUZodetZdvTiFvSkQ");
        assert_eq!(CompactJwe::parse(&jwe).unwrap_err(), JoseError::EncryptionAlgorithm);
    }
}

// R8, R95
#[test]
fn a_pem_key_is_for_what_its_type_is_for() {
    let accepted = |key: &JosekitDecryptionKey| KeyManagement::ALL.map(|algorithm| key.accepts(algorithm));
    for bits in [2048, 3072] {
        let key = from_pem(&rsa(bits)).unwrap();
        assert_eq!(accepted(&key), [true, false, false]);
        assert_eq!(key.key_id(), None);
    }
    for curve in [Nid::X9_62_PRIME256V1, Nid::SECP384R1, Nid::SECP521R1] {
        assert_eq!(accepted(&from_pem(&ec(curve)).unwrap()), [false, true, true]);
    }
    let older = rsa(2048).rsa().unwrap().private_key_to_pem().unwrap();
    assert!(JosekitDecryptionKey::from_pem(&older).is_ok());
}

// R8, R95
#[test]
fn a_pem_key_that_will_not_do() {
    for key in [rsa(1024), rsa(4104), ec(Nid::SECP256K1), PKey::generate_ed25519().unwrap()] {
        assert_eq!(from_pem(&key).unwrap_err(), DecryptionKeyError::Unfit);
    }
    let key = rsa(2048);
    let encrypted = key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"secret").unwrap();
    for pem in [&b""[..], b"rubbish", &encrypted, &key.public_key_to_pem().unwrap()] {
        assert_eq!(JosekitDecryptionKey::from_pem(pem).unwrap_err(), DecryptionKeyError::Unreadable);
    }
}

// R95, R99: a JWK is for what it says that it is for.
#[test]
fn a_jwk_says_what_it_is_for() {
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    let (rsa, ec) = (&file["vectors"][0]["key"], &file["vectors"][1]["key"]);
    let with = |jwk: &Value, name: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[name] = value;
        from_jwk(&jwk).map(|key| KeyManagement::ALL.map(|algorithm| key.accepts(algorithm)))
    };
    assert_eq!(with(rsa, "use", json!("enc")), Ok([true, false, false]));
    assert_eq!(with(ec, "use", json!("enc")), Ok([false, true, true]));
    assert_eq!(with(ec, "alg", json!("ECDH-ES+A256KW")), Ok([false, false, true]));
    for (jwk, name, value) in [
        (rsa, "use", json!("sig")),
        (rsa, "alg", json!("RSA1_5")),
        (rsa, "alg", json!("PS256")),
        (ec, "use", json!("sig")),
        (ec, "key_ops", json!(["sign"])),
        (ec, "crv", json!("secp256k1")),
        (ec, "crv", json!("P-384")),
    ] {
        assert_eq!(with(jwk, name, value.clone()), Err(DecryptionKeyError::Unfit), "{name} {value}");
    }
    let mut public = ec.clone();
    public.as_object_mut().unwrap().remove("d");
    assert_eq!(from_jwk(&public).unwrap_err(), DecryptionKeyError::Unfit);
    assert_eq!(JosekitDecryptionKey::from_jwk(b"{").unwrap_err(), DecryptionKeyError::Unreadable);
    let renamed = from_jwk(ec).unwrap().with_key_id("renamed");
    assert_eq!(renamed.key_id(), Some("renamed"));
}

// R21, R22
#[test]
fn debug_shows_no_key() {
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    let jwk = &file["vectors"][1]["key"];
    let shown = format!("{:?}", from_jwk(jwk).unwrap());
    assert_eq!(
        shown,
        r#"JosekitDecryptionKey { key_id: Some("P-256"), algorithms: [EcdhEs, EcdhEsA256Kw], .. }"#
    );
}
