//! The key in the header of the proof: R8, R45, R46, R68-R70, R102, R109, R176, P30.

use serde_json::{Value, json};

use super::rules::{CANONICAL_JWK, KEY_SIZE, POINT, PROOF_ALG, PROOF_PRIVATE, PROOF_SIGNATURE};
use crate::catalogue::case::Case;
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::PROOF_REFUSED;
use crate::catalogue::forge::{self, RsaKey};
use crate::catalogue::group::Group::Proof as P;
use crate::catalogue::group::Need::{Issuer, MoreTokens};
use crate::catalogue::group::Severity::{Critical, High, Low, Medium};
use crate::catalogue::scene::Scene;
use crate::encoding::{base64url, from_base64url};
use crate::jwk_thumbprint;
use openssl::hash::MessageDigest;

pub(super) fn cases() -> Vec<Case> {
    [keys(), weak_keys()].concat()
}

fn keys() -> Vec<Case> {
    vec![
        P.attack(
            "proof-jwk-private",
            High,
            "jwk is the whole key pair",
            PROOF_PRIVATE.at("R46 P30"),
            PROOF_REFUSED,
            |s| {
                let jwk = s.cast().client.key().private_jwk();
                s.with_proof(|p| p.header("jwk", jwk))
            },
        )
        // Never the private key that a user has given.
        .needs(MoreTokens),
        P.attack(
            "proof-jwk-private-rsa",
            Medium,
            "jwk has the primes of an RSA key",
            PROOF_PRIVATE.at("R46"),
            PROOF_REFUSED,
            |s| {
                let rsa = s.cast().rsa();
                let mut jwk = rsa.key.private_jwk();
                jwk.as_object_mut().map(|jwk| jwk.remove("d"));
                let token = s.token_of(&rsa.ps256);
                let proof = s.proof_of(&rsa.ps256, &token).header("jwk", jwk).sign();
                s.dpop(&token, proof)
            },
        )
        .needs(MoreTokens),
        P.attack(
            "proof-jwk-private-extra",
            Medium,
            "a public jwk with a member k",
            PROOF_PRIVATE.at("R46"),
            PROOF_REFUSED,
            |s| jwk_with(s, "k", json!("AAAA")),
        ),
        P.attack(
            "proof-jwk-text",
            Medium,
            "jwk is a text",
            PROOF_SIGNATURE.at("R42 P30"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.header("jwk", "key")),
        ),
        P.attack(
            "proof-jwk-empty",
            Medium,
            "jwk is an empty object",
            PROOF_SIGNATURE.at("R42"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.header("jwk", json!({}))),
        ),
        P.attack(
            "proof-jwk-kid-instead",
            Critical,
            "kid in place of jwk",
            PROOF_SIGNATURE.at("R45"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.without_header("jwk").header("kid", s.cast().client.thumbprint())),
        ),
        P.attack(
            "proof-jwk-jku",
            High,
            "jku in place of jwk",
            PROOF_SIGNATURE.at("R45 P38"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.without_header("jwk").header("jku", "https://evil.example.com/jwks")),
        ),
        P.attack(
            "proof-jwk-off-curve",
            High,
            "a point that is not on its curve",
            POINT.at("R70 R102 R176"),
            PROOF_REFUSED,
            |s| jwk_with(s, "y", json!(base64url([1; 32]))),
        ),
        P.attack(
            "proof-jwk-other-curve",
            High,
            "crv is P-384, the coordinates are of P-256",
            PROOF_ALG.at("R70 R176"),
            PROOF_REFUSED,
            |s| jwk_with(s, "crv", json!("P-384")),
        )
        .needs(Issuer),
        P.attack(
            "proof-jwk-other-kty",
            High,
            "kty is RSA, the members are of an elliptic curve key",
            PROOF_ALG.at("R176"),
            PROOF_REFUSED,
            |s| jwk_with(s, "kty", json!("RSA")),
        )
        .needs(Issuer),
        P.attack(
            "proof-jwk-not-canonical",
            Low,
            "a zero byte before x",
            CANONICAL_JWK.at("R68"),
            PROOF_REFUSED,
            |s| {
                let jwk = s.cast().client.key().public_jwk();
                let x = jwk.get("x").and_then(Value::as_str).and_then(from_base64url).unwrap_or_default();
                jwk_with(s, "x", json!(base64url([vec![0], x].concat())))
            },
        )
        .needs(Issuer),
        P.attack(
            "proof-jwk-use-enc",
            Medium,
            "jwk has use enc",
            PROOF_SIGNATURE.at("R109 R176"),
            PROOF_REFUSED,
            |s| jwk_with(s, "use", json!("enc")),
        ),
        P.attack(
            "proof-jwk-low-order",
            High,
            "an Ed25519 key of low order, which verifies forged signatures",
            POINT.at("R70 P30"),
            PROOF_REFUSED,
            |s| {
                // With the neutral point as the key, R = the neutral point and S = 0 verify for any message.
                let neutral = [vec![1], vec![0; 31]].concat();
                let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(&neutral)});
                let token = s.unbound().claim("cnf", json!({"jkt": jwk_thumbprint(&jwk)})).sign();
                let proof = s.proof_of(&s.cast().eddsa, &token).header("jwk", jwk);
                s.dpop(&token, proof.sign_with(|_| [neutral, vec![0; 32]].concat()))
            },
        )
        .needs(Issuer),
    ]
}

fn jwk_with(s: &Scene, member: &str, value: Value) -> Call {
    let mut jwk = s.cast().client.key().public_jwk();
    if let Some(jwk) = jwk.as_object_mut() {
        jwk.insert(member.to_owned(), value);
    }
    s.with_proof(|p| p.header("jwk", jwk))
}

/// The key is weak and the signature is right: only the size of the key is wrong.
fn weak_keys() -> Vec<Case> {
    fn signed(s: &Scene, key: &RsaKey) -> Call {
        let jwk = key.public_jwk();
        let token = s.unbound().claim("cnf", json!({"jkt": jwk_thumbprint(&jwk)})).sign();
        let proof = s.proof_of(&s.cast().rsa().ps256, &token).header("jwk", jwk);
        s.dpop(&token, proof.sign_with(|input| key.sign_pss(input, MessageDigest::sha256(), 32)))
    }
    vec![
        P.attack(
            "proof-rsa-1024",
            High,
            "an RSA key of 1024 bits",
            KEY_SIZE.at("R8 R176"),
            PROOF_REFUSED,
            |s| signed(s, &RsaKey::generate(1024)),
        )
        .needs(Issuer),
        P.attack(
            "proof-rsa-1536",
            Medium,
            "an RSA key of 1536 bits",
            KEY_SIZE.at("R8"),
            PROOF_REFUSED,
            |s| signed(s, &RsaKey::generate(1536)),
        )
        .needs(Issuer),
        P.attack(
            "proof-rsa-exponent-1",
            Critical,
            "an RSA key with the exponent 1, under which anybody can sign",
            KEY_SIZE.at("R70 R176"),
            PROOF_REFUSED,
            |s| {
                let mut jwk = s.cast().rsa().key.public_jwk();
                jwk.as_object_mut().map(|jwk| jwk.insert("e".to_owned(), json!("AQ")));
                let token = s.unbound().claim("cnf", json!({"jkt": jwk_thumbprint(&jwk)})).sign();
                let proof = s.proof_of(&s.cast().rsa().ps256, &token).header("jwk", jwk);
                s.dpop(&token, proof.sign_with(|input| forge::pss_encoding(input, 2048)))
            },
        )
        .needs(Issuer),
        P.attack(
            "proof-rsa-huge",
            Medium,
            "an RSA key of 10240 bits, which is slow to verify with; all else is right",
            KEY_SIZE.at("R70"),
            PROOF_REFUSED,
            |s| {
                let key = &s.cast().oversized;
                let token =
                    s.unbound().claim("cnf", json!({"jkt": jwk_thumbprint(&key.public_jwk())})).sign();
                let proof = s.proof_of(&s.cast().client, &token).header("alg", "PS256");
                let proof = proof.header("jwk", key.public_jwk()).sign_with(|input| key.sign(input));
                s.dpop(&token, proof)
            },
        )
        .needs(Issuer),
    ]
}
