//! Encrypted tokens are judged by josekit's own decrypters, from the private JWK alone.

use fapi_core::jose::Algorithm;
use fapi_testkit::{EncryptionKey, TestIssuer};
use josekit::JoseError;
use josekit::jwe::{self, JweDecrypter, JweHeader};
use josekit::jwk::Jwk;
use serde_json::{Value, json};

use crate::oracle::{header, verifies};

fn decrypter(key: &EncryptionKey) -> Box<dyn JweDecrypter> {
    let mut jwk = key.private_jwk().as_object().unwrap().clone();
    // With a `kid`, josekit insists on one in the header.
    jwk.remove("kid");
    let jwk = Jwk::from_map(jwk).unwrap();
    match key.algorithm() {
        "RSA-OAEP-256" => Box::new(jwe::RSA_OAEP_256.decrypter_from_jwk(&jwk).unwrap()),
        "RSA-OAEP" => Box::new(jwe::RSA_OAEP.decrypter_from_jwk(&jwk).unwrap()),
        #[allow(deprecated)]
        "RSA1_5" => Box::new(jwe::RSA1_5.decrypter_from_jwk(&jwk).unwrap()),
        "ECDH-ES" => Box::new(jwe::ECDH_ES.decrypter_from_jwk(&jwk).unwrap()),
        "ECDH-ES+A128KW" => Box::new(jwe::ECDH_ES_A128KW.decrypter_from_jwk(&jwk).unwrap()),
        "ECDH-ES+A192KW" => Box::new(jwe::ECDH_ES_A192KW.decrypter_from_jwk(&jwk).unwrap()),
        _ => Box::new(jwe::ECDH_ES_A256KW.decrypter_from_jwk(&jwk).unwrap()),
    }
}

fn decrypt(jwe: &str, key: &EncryptionKey) -> Result<(String, JweHeader), JoseError> {
    let (content, header) = jwe::deserialize_compact(jwe, &*decrypter(key))?;
    Ok((String::from_utf8(content).unwrap(), header))
}

#[test]
fn every_algorithm_decrypts_with_the_private_key_and_no_other() {
    let (rsa, ec) = (EncryptionKey::rsa(), EncryptionKey::ec());
    let algorithms = [
        (&rsa, "RSA-OAEP-256"),
        (&rsa, "RSA-OAEP"),
        (&rsa, "RSA1_5"),
        (&ec, "ECDH-ES"),
        (&ec, "ECDH-ES+A128KW"),
        (&ec, "ECDH-ES+A192KW"),
        (&ec, "ECDH-ES+A256KW"),
    ];
    let encryptions = ["A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"];
    for (key, algorithm) in algorithms {
        let key = key.clone().with_algorithm(algorithm);
        for encryption in encryptions {
            let jwe = key.encrypt("content").content_encryption(encryption).encrypt();
            assert_eq!(header(&jwe)["enc"], encryption);
            let (content, header) = decrypt(&jwe, &key).unwrap();
            assert_eq!((content.as_str(), header.algorithm()), ("content", Some(algorithm)));
        }
    }
    let jwe = ec.encrypt("content").encrypt();
    assert!(decrypt(&jwe, &EncryptionKey::ec()).is_err());
}

#[test]
fn a_nested_token_is_valid_by_default() {
    let issuer = TestIssuer::new("https://as.example.com");
    for key in [EncryptionKey::rsa(), EncryptionKey::ec()] {
        let nested = issuer.token().encrypt_to(&key);
        let mut header = header(&nested);
        let ephemeral = header.as_object_mut().unwrap().remove("epk");
        assert_eq!(ephemeral.is_some(), key.algorithm() == "ECDH-ES+A256KW");
        assert_eq!(header, json!({"alg": key.algorithm(), "enc": "A256GCM", "cty": "JWT", "kid": key.kid()}));
        let (token, _) = decrypt(&nested, &key).unwrap();
        assert!(verifies(&token, Algorithm::Es256, &issuer.key().public_jwk()));
    }
}

#[test]
fn every_setter_of_a_jwe_changes_one_thing() {
    let key = EncryptionKey::ec();
    let jwe = || key.encrypt("content");

    let compressed = jwe().compressed().encrypt();
    assert_eq!(header(&compressed)["zip"], "DEF");
    assert_eq!(decrypt(&compressed, &key).unwrap().0, "content");

    let agreed = jwe().parties(b"Alice", b"Bob").encrypt();
    assert_eq!([&header(&agreed)["apu"], &header(&agreed)["apv"]], ["QWxpY2U", "Qm9i"]);
    assert_eq!(decrypt(&agreed, &key).unwrap().0, "content");

    // The tag is valid for the header that goes out.
    let other = jwe().header("cty", "text").header("exp", 1).without_header("kid").encrypt();
    let (content, sent) = decrypt(&other, &key).unwrap();
    assert_eq!((content.as_str(), sent.claim("exp"), sent.key_id()), ("content", Some(&json!(1)), None));
    let duplicate = jwe().edit_header(|text| text.replacen('{', r#"{"cty":"x","#, 1)).encrypt();
    assert_eq!(decrypt(&duplicate, &key).unwrap().0, "content");

    let lying = jwe().header("alg", "RSA1_5").encrypt();
    assert_eq!(header(&lying)["alg"], "RSA1_5");
    assert!(decrypt(&jwe().with_flipped_tag().encrypt(), &key).is_err());
}

#[test]
fn keys_are_published_without_private_members() {
    for (key, members) in [(EncryptionKey::rsa(), 3), (EncryptionKey::ec(), 4)] {
        assert_eq!(key.public_jwk().as_object().unwrap().len(), members);
        let published = key.published_jwk();
        assert_eq!([&published["kid"], &published["use"]], [&json!(key.kid()), &json!("enc")]);
        assert_eq!((&published["alg"], &published["d"]), (&json!(key.algorithm()), &Value::Null));

        let d = key.private_jwk()["d"].as_str().unwrap().to_owned();
        assert!(!format!("{key:?} {:?}", key.encrypt("x")).contains(&d));
        let pem = openssl::pkey::PKey::private_key_from_pem(key.private_key_pem().as_bytes()).unwrap();
        assert_eq!(pem.rsa().is_ok(), key.algorithm().starts_with("RSA"));
        assert!(key.private_key_pem().starts_with("-----BEGIN PRIVATE KEY-----"));
    }
}

#[test]
#[should_panic(expected = "an algorithm that fits the key")]
fn an_algorithm_that_does_not_fit_is_a_mistake_of_the_test() {
    let _ = EncryptionKey::ec().with_algorithm("RSA-OAEP-256");
}
