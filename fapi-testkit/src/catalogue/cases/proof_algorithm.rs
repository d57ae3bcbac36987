//! The algorithm of the proof: R7, R44, R175.

use serde_json::json;

use super::rules::{HELSEID_ALGORITHMS, PROOF_ALG};
use crate::catalogue::case::Case;
use crate::catalogue::expectation::PROOF_REFUSED;
use crate::catalogue::feature::Feature::ProofAlgorithm;
use crate::catalogue::forge;
use crate::catalogue::group::Group::Proof as P;
use crate::catalogue::group::Need::{Issuer, MoreTokens};
use crate::catalogue::group::Severity::{Critical, High, Medium};
use crate::catalogue::scene::Scene;
use crate::encoding::base64url;
use crate::{SigningKey, TestClient};
use fapi_core::jose::Algorithm;

pub(super) fn cases() -> Vec<Case> {
    vec![
        P.accept("proof-ps256", High, "PS256 with an RSA key of 2048 bits", PROOF_ALG.at("R7 R44"), |s| {
            s.valid_of(&s.cast().rsa().ps256)
        })
        .needs(MoreTokens),
        P.accept("proof-eddsa", Medium, "EdDSA with an Ed25519 key", PROOF_ALG.at("R7 R44"), |s| {
            s.valid_of(&s.cast().eddsa)
        })
        .needs(MoreTokens)
        .given(ProofAlgorithm(Algorithm::EdDsa)),
        P.attack(
            "proof-rs256",
            High,
            "RS256, which FAPI 2.0 does not list",
            PROOF_ALG.at("R7 R44"),
            PROOF_REFUSED,
            |s| s.valid_of(&s.cast().rsa().rs256),
        )
        .needs(MoreTokens)
        .unless(ProofAlgorithm(Algorithm::Rs256)),
        P.accept("proof-rs256-helseid", High, "RS256", HELSEID_ALGORITHMS.at("R44"), |s| {
            s.valid_of(&s.cast().rsa().rs256)
        })
        .needs(MoreTokens)
        .given(ProofAlgorithm(Algorithm::Rs256)),
        P.attack(
            "proof-es384",
            Medium,
            "ES384, which FAPI 2.0 does not list",
            PROOF_ALG.at("R7 R44"),
            PROOF_REFUSED,
            |s| of_algorithm(s, Algorithm::Es384),
        )
        .needs(Issuer)
        .unless(ProofAlgorithm(Algorithm::Es384)),
        P.accept("proof-es384-helseid", Medium, "ES384", HELSEID_ALGORITHMS.at("R44"), |s| {
            of_algorithm(s, Algorithm::Es384)
        })
        .needs(Issuer)
        .given(ProofAlgorithm(Algorithm::Es384)),
        P.attack(
            "proof-ps512",
            Medium,
            "PS512, which FAPI 2.0 does not list",
            PROOF_ALG.at("R7 R44"),
            PROOF_REFUSED,
            |s| of_algorithm(s, Algorithm::Ps512),
        )
        .needs(Issuer)
        .unless(ProofAlgorithm(Algorithm::Ps512)),
        P.attack(
            "proof-alg-none",
            Critical,
            "alg is none, without a signature",
            PROOF_ALG.at("R44 R175"),
            PROOF_REFUSED,
            |s| s.with_signed(|p| p.header("alg", "none").sign_with(|_| vec![])),
        ),
        P.attack(
            "proof-alg-none-upper-case",
            Critical,
            "alg is NONE, without a signature",
            PROOF_ALG.at("R44 R175"),
            PROOF_REFUSED,
            |s| s.with_signed(|p| p.header("alg", "NONE").sign_with(|_| vec![])),
        ),
        P.attack(
            "proof-alg-none-signed",
            Critical,
            "alg is none, with a signature",
            PROOF_ALG.at("R44"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.header("alg", "none")),
        ),
        P.attack("proof-alg-absent", High, "no alg", PROOF_ALG.at("R42 R44"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.without_header("alg"))
        }),
        P.attack("proof-alg-number", Medium, "alg is a number", PROOF_ALG.at("R44"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.header("alg", 256))
        }),
        P.attack(
            "proof-hs256-jwk",
            Critical,
            "HS256 with the public jwk as the secret",
            PROOF_ALG.at("R44 R175"),
            PROOF_REFUSED,
            |s| {
                let jwk = s.cast().client.key().public_jwk().to_string();
                s.with_signed(|p| {
                    p.header("alg", "HS256").sign_with(|input| forge::hmac(jwk.as_bytes(), input))
                })
            },
        ),
        P.attack(
            "proof-hs256-oct",
            Critical,
            "HS256 with a secret in jwk",
            PROOF_ALG.at("R44 R46"),
            PROOF_REFUSED,
            |s| {
                let jwk = json!({"kty": "oct", "k": base64url([7; 32])});
                s.with_signed(|p| {
                    p.header("alg", "HS256")
                        .header("jwk", jwk)
                        .sign_with(|input| forge::hmac(&[7; 32], input))
                })
            },
        ),
        P.attack(
            "proof-alg-of-other-key",
            High,
            "alg is PS256, but jwk is an elliptic curve key",
            PROOF_ALG.at("R44 R99"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.header("alg", "PS256")),
        )
        .needs(Issuer),
    ]
}

/// A request of a client that is right in everything but the algorithm of its key.
fn of_algorithm(s: &Scene, algorithm: Algorithm) -> crate::catalogue::Call {
    let client = TestClient::with_key(SigningKey::generate(algorithm));
    s.valid_of(&client)
}
