//! The signature, the key and the encoding of the proof: R41, R45, R46, R68-R70, R108-R116, R175-R177, P30, P32.

use serde_json::json;

use super::rules::{
    B64, BASE64URL, CANONICAL_JWK, CRIT, DUPLICATES, ECDSA_VALUE, KEY_SIZE, POINT, PROOF_ALG, PROOF_JWT,
    PROOF_PRIVATE, PROOF_SIGNATURE, PSS_VALUE, UTF8,
};
use super::token_jose::and_also;
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
    [signatures(), pss(), keys(), weak_keys(), headers(), encodings()].concat()
}

fn signatures() -> Vec<Case> {
    vec![
        P.attack("proof-signature-flipped", Critical, "one bit of the signature is flipped", PROOF_SIGNATURE.at("R45"), PROOF_REFUSED, |s| s.with_proof(crate::ProofBuilder::with_flipped_signature)),
        P.attack("proof-signed-by-other", Critical, "signed with another key than jwk", PROOF_SIGNATURE.at("R45"), PROOF_REFUSED, |s| s.with_proof(|p| p.signed_by(s.cast().thief.key()))),
        P.attack("proof-signature-empty", Critical, "the signature is empty", PROOF_JWT.at("R41 R114"), PROOF_REFUSED, |s| s.with_signed(|p| p.sign_with(|_| vec![]))),
        P.attack("proof-signature-zero", Critical, "r and s are zero (CVE-2022-21449)", ECDSA_VALUE.at("R110 R175"), PROOF_REFUSED, |s| s.with_signed(|p| p.sign_with(|_| vec![0; 64]))),
        P.attack("proof-signature-order", Critical, "r is the order of the curve", ECDSA_VALUE.at("R110 R175"), PROOF_REFUSED, |s| s.with_signed(|p| forge::with_order_as_r(&p.sign()))).needs(Issuer),
        P.attack("proof-signature-der", Medium, "the signature in DER", ECDSA_VALUE.at("R110"), PROOF_REFUSED, |s| s.with_signed(|p| forge::in_der(&p.sign()))).needs(Issuer),
        P.attack("proof-signature-longer", Medium, "a byte after the signature", ECDSA_VALUE.at("R110 R175"), PROOF_REFUSED, |s| {
            s.with_signed(|p| {
                let proof = p.sign();
                forge::with_signature(&proof, &[forge::signature_of(&proof), vec![0]].concat())
            })
        }),
        P.attack("proof-claims-changed", Critical, "htu is changed after signing", PROOF_SIGNATURE.at("R45"), PROOF_REFUSED, |s| {
            let url = s.url();
            s.with_signed(|p| {
                let signature = forge::signature_of(&p.clone().claim("htu", "https://other.example.com/").sign());
                p.claim("htu", url).sign_with(|_| signature)
            })
        }),
    ]
}

fn pss() -> Vec<Case> {
    fn signed(s: &Scene, hash: MessageDigest, salt: i32) -> Call {
        let rsa = s.cast().rsa();
        let token = s.token_of(&rsa.ps256);
        let proof = s.proof_of(&rsa.ps256, &token).sign_with(|input| rsa.key.sign_pss(input, hash, salt));
        s.dpop(&token, proof)
    }
    let case = |id, title, call| P.attack(id, Medium, title, PSS_VALUE.at("R110 R176"), PROOF_REFUSED, call).needs(MoreTokens);
    vec![
        case("proof-pss-salt-0", "PS256 with an empty salt", |s| signed(s, MessageDigest::sha256(), 0)),
        case("proof-pss-salt-20", "PS256 with a salt of 20 bytes", |s| signed(s, MessageDigest::sha256(), 20)),
        case("proof-pss-sha512", "PS256 made with SHA-512", |s| signed(s, MessageDigest::sha512(), 32)),
        P.attack("proof-pkcs1-as-ps256", High, "alg is PS256, the signature PKCS #1 v1.5", PSS_VALUE.at("R110 R175"), PROOF_REFUSED, |s| {
            let rsa = s.cast().rsa();
            let token = s.token_of(&rsa.ps256);
            let proof = s.proof_of(&rsa.ps256, &token).sign_with(|input| rsa.key.sign_pkcs1(input));
            s.dpop(&token, proof)
        })
        .needs(MoreTokens),
    ]
}

fn keys() -> Vec<Case> {
    vec![
        P.attack("proof-jwk-private", High, "jwk is the whole key pair", PROOF_PRIVATE.at("R46 P30"), PROOF_REFUSED, |s| {
            let jwk = s.cast().client.key().private_jwk();
            s.with_proof(|p| p.header("jwk", jwk))
        })
        // Never the private key that a user has given.
        .needs(MoreTokens),
        P.attack("proof-jwk-private-rsa", Medium, "jwk has the primes of an RSA key", PROOF_PRIVATE.at("R46"), PROOF_REFUSED, |s| {
            let rsa = s.cast().rsa();
            let mut jwk = rsa.key.private_jwk();
            jwk.as_object_mut().map(|jwk| jwk.remove("d"));
            let token = s.token_of(&rsa.ps256);
            let proof = s.proof_of(&rsa.ps256, &token).header("jwk", jwk).sign();
            s.dpop(&token, proof)
        })
        .needs(MoreTokens),
        P.attack("proof-jwk-private-extra", Medium, "a public jwk with a member k", PROOF_PRIVATE.at("R46"), PROOF_REFUSED, |s| jwk_with(s, "k", json!("AAAA"))),
        P.attack("proof-jwk-text", Medium, "jwk is a text", PROOF_SIGNATURE.at("R42 P30"), PROOF_REFUSED, |s| s.with_proof(|p| p.header("jwk", "key"))),
        P.attack("proof-jwk-empty", Medium, "jwk is an empty object", PROOF_SIGNATURE.at("R42"), PROOF_REFUSED, |s| s.with_proof(|p| p.header("jwk", json!({})))),
        P.attack("proof-jwk-kid-instead", Critical, "kid in place of jwk", PROOF_SIGNATURE.at("R45"), PROOF_REFUSED, |s| s.with_proof(|p| p.without_header("jwk").header("kid", s.cast().client.thumbprint()))),
        P.attack("proof-jwk-jku", High, "jku in place of jwk", PROOF_SIGNATURE.at("R45 P38"), PROOF_REFUSED, |s| s.with_proof(|p| p.without_header("jwk").header("jku", "https://evil.example.com/jwks"))),
        P.attack("proof-jwk-off-curve", High, "a point that is not on its curve", POINT.at("R70 R102 R176"), PROOF_REFUSED, |s| jwk_with(s, "y", json!(base64url([1; 32])))),
        P.attack("proof-jwk-other-curve", High, "crv is P-384, the coordinates are of P-256", PROOF_ALG.at("R70 R176"), PROOF_REFUSED, |s| jwk_with(s, "crv", json!("P-384"))).needs(Issuer),
        P.attack("proof-jwk-other-kty", High, "kty is RSA, the members are of an elliptic curve key", PROOF_ALG.at("R176"), PROOF_REFUSED, |s| jwk_with(s, "kty", json!("RSA"))).needs(Issuer),
        P.attack("proof-jwk-not-canonical", Low, "a zero byte before x", CANONICAL_JWK.at("R68"), PROOF_REFUSED, |s| {
            let jwk = s.cast().client.key().public_jwk();
            let x = jwk["x"].as_str().and_then(from_base64url).unwrap_or_default();
            jwk_with(s, "x", json!(base64url([vec![0], x].concat())))
        })
        .needs(Issuer),
        P.attack("proof-jwk-use-enc", Medium, "jwk has use enc", PROOF_SIGNATURE.at("R109 R176"), PROOF_REFUSED, |s| jwk_with(s, "use", json!("enc"))),
        P.attack("proof-jwk-low-order", High, "an Ed25519 key of low order, which verifies forged signatures", POINT.at("R70 P30"), PROOF_REFUSED, |s| {
            // The neutral point as the key: R = the neutral point and S = 0 verify for any message (cofactored or not).
            let neutral = [vec![1], vec![0; 31]].concat();
            let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(&neutral)});
            let token = s.unbound().claim("cnf", json!({"jkt": jwk_thumbprint(&jwk)})).sign();
            let proof = s.proof_of(&s.cast().eddsa, &token).header("jwk", jwk);
            s.dpop(&token, proof.sign_with(|_| [neutral, vec![0; 32]].concat()))
        })
        .needs(Issuer),
    ]
}

fn jwk_with(s: &Scene, member: &str, value: serde_json::Value) -> Call {
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
        P.attack("proof-rsa-1024", High, "an RSA key of 1024 bits", KEY_SIZE.at("R8 R176"), PROOF_REFUSED, |s| signed(s, &RsaKey::generate(1024))).needs(Issuer),
        P.attack("proof-rsa-1536", Medium, "an RSA key of 1536 bits", KEY_SIZE.at("R8"), PROOF_REFUSED, |s| signed(s, &RsaKey::generate(1536))).needs(Issuer),
        P.attack("proof-rsa-exponent-1", Critical, "an RSA key with the exponent 1, under which anybody can sign", KEY_SIZE.at("R70 R176"), PROOF_REFUSED, |s| {
            let mut jwk = s.cast().rsa().key.public_jwk();
            jwk.as_object_mut().map(|jwk| jwk.insert("e".to_owned(), json!("AQ")));
            let token = s.unbound().claim("cnf", json!({"jkt": jwk_thumbprint(&jwk)})).sign();
            let proof = s.proof_of(&s.cast().rsa().ps256, &token).header("jwk", jwk);
            s.dpop(&token, proof.sign_with(forge::pss_encoding))
        })
        .needs(Issuer),
        P.attack("proof-rsa-huge", Medium, "an RSA key of 16384 bits, which is slow to verify with", KEY_SIZE.at("R70"), PROOF_REFUSED, |s| {
            let jwk = json!({"kty": "RSA", "e": "AQAB", "n": base64url([vec![0xc1], vec![0x55; 2047]].concat())});
            s.with_signed(|p| p.header("alg", "PS256").header("jwk", jwk).sign_with(|_| vec![0x11; 2048]))
        }),
    ]
}

fn headers() -> Vec<Case> {
    vec![
        P.attack("proof-crit-unknown", High, "crit names a parameter that nobody knows", CRIT.at("R55 R112"), PROOF_REFUSED, |s| s.with_proof(|p| p.header("crit", json!(["policy"])).header("policy", "strict"))),
        P.attack("proof-crit-exp", Medium, "crit names exp", CRIT.at("R112 R177"), PROOF_REFUSED, |s| s.with_proof(|p| p.header("crit", json!(["exp"])))),
        P.attack("proof-crit-text", Low, "crit is a text", CRIT.at("R112"), PROOF_REFUSED, |s| s.with_proof(|p| p.header("crit", "policy"))),
        P.attack("proof-b64-false", High, "b64 is false", B64.at("R113 R177"), PROOF_REFUSED, |s| s.with_proof(|p| p.header("b64", false).header("crit", json!(["b64"])))),
        P.attack("proof-duplicate-alg", High, "alg twice, the second is none", DUPLICATES.at("R111 R177 P32"), PROOF_REFUSED, |s| s.with_proof(|p| p.edit_header(|json| and_also(&json, r#""alg":"none""#)))),
        P.attack("proof-duplicate-alg-escaped", Medium, "alg twice, the second is written \\u0061lg and is none", DUPLICATES.at("R111 R177 P32"), PROOF_REFUSED, |s| s.with_proof(|p| p.edit_header(|json| and_also(&json, r#""\u0061lg":"none""#)))),
        P.attack("proof-duplicate-htu", High, "htu twice, the second is another URL", DUPLICATES.at("R111 P32"), PROOF_REFUSED, |s| s.with_proof(|p| p.edit_payload(|json| and_also(&json, r#""htu":"https://other.example.com/""#)))),
        P.attack("proof-duplicate-jwk", High, "jwk twice, the second is another key", DUPLICATES.at("R111 P32"), PROOF_REFUSED, |s| {
            let jwk = format!(r#""jwk":{}"#, s.cast().thief.key().public_jwk());
            s.with_proof(|p| p.edit_header(|json| and_also(&json, &jwk)))
        }),
        P.accept("proof-escaped-name", Low, "alg is written \\u0061lg", super::rules::JSON_ESCAPES.at("R177"), |s| s.with_proof(|p| p.edit_header(|json| json.replace(r#""alg""#, r#""\u0061lg""#)))),
    ]
}

fn encodings() -> Vec<Case> {
    vec![
        P.attack("proof-rubbish", High, "a proof that is no JWT", PROOF_JWT.at("R41"), PROOF_REFUSED, |s| s.dpop(s.token(), "rubbish".to_owned())),
        P.attack("proof-two-parts", Critical, "the signature and its dot are missing", PROOF_JWT.at("R41"), PROOF_REFUSED, |s| s.with_signed(|p| p.sign().rsplit_once('.').unwrap_or_default().0.to_owned())),
        P.attack("proof-four-parts", High, "a fourth part", PROOF_JWT.at("R41 R177"), PROOF_REFUSED, |s| s.with_signed(|p| p.sign() + ".e30")),
        P.attack("proof-padded", Medium, "padding after the signature", BASE64URL.at("R41 R115"), PROOF_REFUSED, |s| s.with_signed(|p| p.sign() + "==")),
        P.attack("proof-base64-standard", Medium, "the signature in base64 with + and /", BASE64URL.at("R41 R108 R177"), PROOF_REFUSED, |s| {
            s.with_signed(|p| forge::in_standard_base64(|| p.clone().sign()))
        })
        .needs(Issuer),
        P.attack("proof-trailing-bits", Medium, "the last character has unused bits", BASE64URL.at("R41 R115"), PROOF_REFUSED, |s| s.with_signed(|p| forge::with_trailing_bits(&p.sign()))).needs(Issuer),
        P.attack("proof-json-serialisation", Medium, "the JSON serialisation of the JWS", PROOF_JWT.at("R41 R108 R177"), PROOF_REFUSED, |s| {
            s.with_signed(|p| {
                let proof = p.sign();
                let mut parts = proof.split('.');
                let mut part = || parts.next().unwrap_or_default();
                json!({"protected": part(), "payload": part(), "signature": part()}).to_string()
            })
        }),
        P.attack("proof-space-inside", Medium, "a space inside the proof", BASE64URL.at("R41 R115"), PROOF_REFUSED, |s| s.with_signed(|p| p.sign().replacen('.', " .", 1))),
        P.attack("proof-bom", Low, "a byte order mark before the claims", UTF8.at("R103 R177"), PROOF_REFUSED, |s| s.with_proof(|p| p.edit_payload(|json| format!("\u{feff}{json}")))),
        P.attack("proof-header-array", Medium, "the header is an array", PROOF_JWT.at("R41"), PROOF_REFUSED, |s| s.with_proof(|p| p.edit_header(|json| format!("[{json}]")))),
    ]
}
