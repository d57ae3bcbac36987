//! The signature and the encoding of the proof: R41, R45, R108-R116, R175-R177, P32.

use serde_json::json;

use super::rules::{
    B64, BASE64URL, CRIT, DUPLICATES, ECDSA_VALUE, PROOF_JWT, PROOF_SIGNATURE, PSS_VALUE, UTF8,
};
use super::token_encoding::and_also;
use crate::catalogue::case::Case;
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::PROOF_REFUSED;
use crate::catalogue::forge::{self};
use crate::catalogue::group::Group::Proof as P;
use crate::catalogue::group::Need::{Issuer, MoreTokens};
use crate::catalogue::group::Severity::{Critical, High, Low, Medium};
use crate::catalogue::scene::Scene;
use openssl::hash::MessageDigest;

pub(super) fn cases() -> Vec<Case> {
    [signatures(), pss(), headers(), encodings()].concat()
}

fn signatures() -> Vec<Case> {
    vec![
        P.attack(
            "proof-signature-flipped",
            Critical,
            "one bit of the signature is flipped",
            PROOF_SIGNATURE.at("R45"),
            PROOF_REFUSED,
            |s| s.with_proof(crate::ProofBuilder::with_flipped_signature),
        ),
        P.attack(
            "proof-signed-by-other",
            Critical,
            "signed with another key than jwk",
            PROOF_SIGNATURE.at("R45"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.signed_by(s.cast().thief.key())),
        ),
        P.attack(
            "proof-signature-empty",
            Critical,
            "the signature is empty",
            PROOF_JWT.at("R41 R114"),
            PROOF_REFUSED,
            |s| s.with_signed(|p| p.sign_with(|_| vec![])),
        ),
        P.attack(
            "proof-signature-zero",
            Critical,
            "r and s are zero (CVE-2022-21449)",
            ECDSA_VALUE.at("R110 R175"),
            PROOF_REFUSED,
            |s| s.with_signed(|p| p.sign_with(|_| vec![0; 64])),
        ),
        P.attack(
            "proof-signature-order",
            Critical,
            "r is the order of the curve",
            ECDSA_VALUE.at("R110 R175"),
            PROOF_REFUSED,
            |s| s.with_signed(|p| forge::with_order_as_r(&p.sign())),
        )
        .needs(Issuer),
        P.attack(
            "proof-signature-der",
            Medium,
            "the signature in DER",
            ECDSA_VALUE.at("R110"),
            PROOF_REFUSED,
            |s| s.with_signed(|p| forge::in_der(&p.sign())),
        )
        .needs(Issuer),
        P.attack(
            "proof-signature-longer",
            Medium,
            "a byte after the signature",
            ECDSA_VALUE.at("R110 R175"),
            PROOF_REFUSED,
            |s| {
                s.with_signed(|p| {
                    let proof = p.sign();
                    forge::with_signature(&proof, &[forge::signature_of(&proof), vec![0]].concat())
                })
            },
        ),
        P.attack(
            "proof-claims-changed",
            Critical,
            "htu is changed after signing",
            PROOF_SIGNATURE.at("R45"),
            PROOF_REFUSED,
            |s| {
                let url = s.url();
                s.with_signed(|p| {
                    let signature =
                        forge::signature_of(&p.clone().claim("htu", "https://other.example.com/").sign());
                    p.claim("htu", url).sign_with(|_| signature)
                })
            },
        ),
    ]
}

fn pss() -> Vec<Case> {
    fn signed(s: &Scene, hash: MessageDigest, salt: i32) -> Call {
        let rsa = s.cast().rsa();
        let token = s.token_of(&rsa.ps256);
        let proof = s.proof_of(&rsa.ps256, &token).sign_with(|input| rsa.key.sign_pss(input, hash, salt));
        s.dpop(&token, proof)
    }
    let case = |id, title, call| {
        P.attack(id, Medium, title, PSS_VALUE.at("R110 R176"), PROOF_REFUSED, call).needs(MoreTokens)
    };
    vec![
        case("proof-pss-salt-0", "PS256 with an empty salt", |s| signed(s, MessageDigest::sha256(), 0)),
        case("proof-pss-salt-20", "PS256 with a salt of 20 bytes", |s| {
            signed(s, MessageDigest::sha256(), 20)
        }),
        case("proof-pss-sha512", "PS256 made with SHA-512", |s| signed(s, MessageDigest::sha512(), 32)),
        P.attack(
            "proof-pkcs1-as-ps256",
            High,
            "alg is PS256, the signature PKCS #1 v1.5",
            PSS_VALUE.at("R110 R175"),
            PROOF_REFUSED,
            |s| {
                let rsa = s.cast().rsa();
                let token = s.token_of(&rsa.ps256);
                let proof = s
                    .proof_of(&rsa.ps256, &token)
                    .sign_with(|input| rsa.key.sign_pkcs1(input, MessageDigest::sha256()));
                s.dpop(&token, proof)
            },
        )
        .needs(MoreTokens),
    ]
}

fn headers() -> Vec<Case> {
    vec![
        P.attack(
            "proof-crit-unknown",
            High,
            "crit names a parameter that nobody knows",
            CRIT.at("R55 R112"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.header("crit", json!(["policy"])).header("policy", "strict")),
        ),
        P.attack("proof-crit-exp", Medium, "crit names exp", CRIT.at("R112 R177"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.header("crit", json!(["exp"])))
        }),
        P.attack("proof-crit-text", Low, "crit is a text", CRIT.at("R112"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.header("crit", "policy"))
        }),
        P.attack("proof-b64-false", High, "b64 is false", B64.at("R113 R177"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.header("b64", false).header("crit", json!(["b64"])))
        }),
        P.attack(
            "proof-duplicate-alg",
            High,
            "alg twice, the second is none",
            DUPLICATES.at("R111 R177 P32"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.edit_header(|json| and_also(&json, r#""alg":"none""#))),
        ),
        P.attack(
            "proof-duplicate-alg-escaped",
            Medium,
            "alg twice, the second is written \\u0061lg and is none",
            DUPLICATES.at("R111 R177 P32"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.edit_header(|json| and_also(&json, r#""\u0061lg":"none""#))),
        ),
        P.attack(
            "proof-duplicate-htu",
            High,
            "htu twice, the second is another URL",
            DUPLICATES.at("R111 P32"),
            PROOF_REFUSED,
            |s| {
                s.with_proof(|p| {
                    p.edit_payload(|json| and_also(&json, r#""htu":"https://other.example.com/""#))
                })
            },
        ),
        P.attack(
            "proof-duplicate-jwk",
            High,
            "jwk twice, the second is another key",
            DUPLICATES.at("R111 P32"),
            PROOF_REFUSED,
            |s| {
                let jwk = format!(r#""jwk":{}"#, s.cast().thief.key().public_jwk());
                s.with_proof(|p| p.edit_header(|json| and_also(&json, &jwk)))
            },
        ),
        P.accept(
            "proof-escaped-name",
            Low,
            "alg is written \\u0061lg",
            super::rules::JSON_ESCAPES.at("R177"),
            |s| s.with_proof(|p| p.edit_header(|json| json.replace(r#""alg""#, r#""\u0061lg""#))),
        ),
    ]
}

fn encodings() -> Vec<Case> {
    vec![
        P.attack("proof-rubbish", High, "a proof that is no JWT", PROOF_JWT.at("R41"), PROOF_REFUSED, |s| {
            s.dpop(s.token(), "rubbish".to_owned())
        }),
        P.attack(
            "proof-two-parts",
            Critical,
            "the signature and its dot are missing",
            PROOF_JWT.at("R41"),
            PROOF_REFUSED,
            |s| s.with_signed(|p| p.sign().rsplit_once('.').unwrap_or_default().0.to_owned()),
        ),
        P.attack("proof-four-parts", High, "a fourth part", PROOF_JWT.at("R41 R177"), PROOF_REFUSED, |s| {
            s.with_signed(|p| p.sign() + ".e30")
        }),
        P.attack(
            "proof-padded",
            Medium,
            "padding after the signature",
            BASE64URL.at("R41 R115"),
            PROOF_REFUSED,
            |s| s.with_signed(|p| p.sign() + "=="),
        ),
        P.attack(
            "proof-base64-standard",
            Medium,
            "the signature in base64 with + and /",
            BASE64URL.at("R41 R108 R177"),
            PROOF_REFUSED,
            |s| s.with_signed(|p| forge::in_standard_base64(|| p.clone().sign())),
        )
        .needs(Issuer),
        P.attack(
            "proof-trailing-bits",
            Medium,
            "the last character has unused bits",
            BASE64URL.at("R41 R115"),
            PROOF_REFUSED,
            |s| s.with_signed(|p| forge::with_trailing_bits(&p.sign())),
        )
        .needs(Issuer),
        P.attack(
            "proof-json-serialisation",
            Medium,
            "the JSON serialisation of the JWS",
            PROOF_JWT.at("R41 R108 R177"),
            PROOF_REFUSED,
            |s| {
                s.with_signed(|p| {
                    let proof = p.sign();
                    let mut parts = proof.split('.');
                    let mut part = || parts.next().unwrap_or_default();
                    json!({"protected": part(), "payload": part(), "signature": part()}).to_string()
                })
            },
        ),
        P.attack(
            "proof-space-inside",
            Medium,
            "a space inside the proof",
            BASE64URL.at("R41 R115"),
            PROOF_REFUSED,
            |s| s.with_signed(|p| p.sign().replacen('.', " .", 1)),
        ),
        P.attack(
            "proof-bom",
            Low,
            "a byte order mark before the claims",
            UTF8.at("R103 R177"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.edit_payload(|json| format!("\u{feff}{json}"))),
        ),
        P.attack(
            "proof-header-array",
            Medium,
            "the header is an array",
            PROOF_JWT.at("R41"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.edit_header(|json| format!("[{json}]"))),
        ),
    ]
}
