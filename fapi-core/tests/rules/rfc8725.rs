//! RFC 8725, 7515, 7519 and 7797: JOSE hygiene, of tokens and of proofs.

use fapi_core::Error;
use fapi_core::jose::{Algorithm, JoseError};
use fapi_testkit::SigningKey;
use serde_json::json;

use crate::fakes::Network;
use crate::world::{Request, World};

// R99, R175: a public key is no shared secret, and a key in the token is no key.
#[tokio::test]
async fn algorithms_cannot_be_confused() {
    let world = World::new();
    let hs256 = world.with_token(|token| token.header("alg", "HS256"));
    assert_eq!(world.verify(&hs256).await, Err(Error::TokenAlgorithm));
    let thief = SigningKey::generate(Algorithm::Es256);
    let own_key = world.with_token(|token| token.header("jwk", thief.public_jwk()).signed_by(&thief));
    assert_eq!(world.verify(&own_key).await, Err(Error::TokenSignature));
    let other_algorithm = world.with_token(|token| token.header("alg", "PS256"));
    assert_eq!(world.verify(&other_algorithm).await, Err(Error::TokenKeyUnknown));
}

// R106: pointers in the header lead nowhere.
#[tokio::test]
async fn header_pointers_are_not_followed() {
    let network = Network::new();
    let world = World::behind(&network);
    let thief = SigningKey::generate(Algorithm::Es256);
    for name in ["jku", "x5u"] {
        let request =
            world.with_token(|token| token.header(name, "https://evil.example.com/jwks").signed_by(&thief));
        assert_eq!(world.verify(&request).await, Err(Error::TokenSignature));
    }
    for kid in ["../../x", "' OR 1", "\r\nx: y", "https://evil.example.com"] {
        let request = world.with_token(|token| token.header("kid", kid));
        assert_eq!(world.verify(&request).await, Err(Error::TokenKeyUnknown), "{kid}");
    }
    let long = world.with_token(|token| token.header("kid", "k".repeat(257)));
    assert_eq!(world.verify(&long).await, Err(Error::TokenMalformed(JoseError::HeaderInvalid("kid"))));
    assert!(network.requests().iter().all(|url| url == crate::fakes::JWKS_URI));
}

// R108, R115: other spellings of the same token.
#[tokio::test]
async fn a_token_has_one_spelling() {
    let world = World::new();
    let token = world.token().sign();
    let parts: Vec<_> = token.split('.').collect();
    for (wrong, reason) in [
        (format!("{token}="), JoseError::Base64),
        (format!("{token}/"), JoseError::Base64),
        (format!("{token}."), JoseError::NotCompact),
        (format!("{}.{}", parts[0], parts[1]), JoseError::NotCompact),
        (format!("{}..{}", parts[0], parts[2]), JoseError::NotCompact),
    ] {
        let request = Request::dpop(&wrong, world.proof(&wrong).sign());
        assert_eq!(world.verify(&request).await, Err(Error::TokenMalformed(reason)), "{wrong}");
    }
    // 64 octets have a last character with four unused bits.
    let (rest, last) = token.split_at(token.len() - 1);
    let trailing = ["B", "R", "h", "x"][["A", "Q", "g", "w"].iter().position(|own| *own == last).unwrap()];
    let wrong = format!("{rest}{trailing}");
    let request = Request::dpop(&wrong, world.proof(&wrong).sign());
    assert_eq!(world.verify(&request).await, Err(Error::TokenMalformed(JoseError::Base64)));
}

// R110: fixed length, not DER.
#[tokio::test]
async fn an_ecdsa_signature_is_sixty_four_octets() {
    let world = World::new();
    let valid = world.valid();
    let (input, signature) = valid.dpop[0].rsplit_once('.').unwrap();
    for wrong in [signature[..84].to_owned(), format!("{signature}AA"), "A".repeat(86), "MEUCIQDx".to_owned()]
    {
        let request = Request { dpop: vec![format!("{input}.{wrong}")], ..valid.clone() };
        let refused = world.verify(&request).await;
        assert!(
            matches!(refused, Err(Error::ProofSignature | Error::ProofMalformed(JoseError::Base64))),
            "{refused:?}"
        );
    }
    assert_eq!(world.verify(&valid).await, Ok(()));
}

// R103: UTF-8 and nothing before it.
#[tokio::test]
async fn payloads_are_utf_8() {
    let world = World::new();
    for (payload, reason) in [
        (&b"\xef\xbb\xbf{}"[..], JoseError::Json),
        (b"{\"a\":\"\xff\"}", JoseError::Utf8),
        (b"\xff\xfe{\0}\0", JoseError::Utf8),
        (b"{\"a\":\"\\ud800\"}", JoseError::Json),
    ] {
        let request = world.with_token(|token| token.raw_payload(payload));
        assert_eq!(world.verify(&request).await, Err(Error::TokenMalformed(reason)), "{payload:?}");
        let request = world.with_proof(|proof| proof.raw_payload(payload));
        assert_eq!(world.verify(&request).await, Err(Error::ProofMalformed(reason)), "{payload:?}");
    }
}

// R112, R113
#[tokio::test]
async fn extensions_are_refused() {
    let world = World::new();
    for (name, value, reason) in [
        ("crit", json!(["exp"]), JoseError::Critical),
        ("crit", json!([]), JoseError::Critical),
        ("b64", json!(false), JoseError::UnencodedPayload),
        ("b64", json!(true), JoseError::UnencodedPayload),
    ] {
        let token = world.with_token(|token| token.header(name, value.clone()));
        assert_eq!(world.verify(&token).await, Err(Error::TokenMalformed(reason)), "{name}");
        let proof = world.with_proof(|proof| proof.header(name, value.clone()));
        assert_eq!(world.verify(&proof).await, Err(Error::ProofMalformed(reason)), "{name}");
    }
}

// R116: size and depth.
#[tokio::test]
async fn size_and_depth_are_bounded() {
    let world = World::new();
    let padded = |bytes: usize| world.with_token(|token| token.claim("padding", "x".repeat(bytes)));
    assert_eq!(world.verify(&padded(11_000)).await, Ok(()));
    assert_eq!(world.verify(&padded(13_000)).await, Err(Error::CredentialsTooLarge));
    let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let deep = |levels| serde_json::from_str::<serde_json::Value>(&deep(levels)).unwrap();
    assert_eq!(world.verify(&world.with_token(|token| token.claim("a", deep(5)))).await, Ok(()));
    let request = world.with_token(|token| token.claim("a", deep(100)));
    assert_eq!(world.verify(&request).await, Err(Error::TokenMalformed(JoseError::TooDeep)));
    for root in ["[]", "1", "\"text\"", "null"] {
        let request = world.with_token(|token| token.raw_payload(root));
        assert_eq!(world.verify(&request).await, Err(Error::TokenMalformed(JoseError::NotObject)), "{root}");
    }
}
