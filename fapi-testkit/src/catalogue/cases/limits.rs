//! How much the network may send, and that the server stands after all of it: R61, R116, R172, R177, P3, P31.

use serde_json::{Value, json};

use super::rules::{BOUNDS, DEPTH, JTI_BOUND, PROOF_TIME, SANITY};
use crate::catalogue::case::Case;
use crate::catalogue::expectation::{ACCEPTED, PROOF_TIME_REFUSED, SURVIVED, TOO_LARGE};
use crate::catalogue::group::Group::Limits as L;
use crate::catalogue::group::Need::{Issuer, Proofs};
use crate::catalogue::group::Severity::{High, Low, Medium};
use crate::catalogue::scene::Scene;

pub(super) fn cases() -> Vec<Case> {
    [sizes(), depths(), afterwards()].concat()
}

fn sizes() -> Vec<Case> {
    vec![
        L.accept(
            "proof-4-kib",
            Medium,
            "a proof of 4 KiB, as with long RSA keys and further claims",
            BOUNDS.at("R116 P31"),
            |s| s.with_proof(|p| p.claim("padding", "x".repeat(2700))),
        )
        .needs(Proofs),
        L.accept(
            "token-4-kib",
            Medium,
            "a token of 4 KiB, as with many claims",
            BOUNDS.at("R116 P31"),
            |s| s.with_token(|t| t.claim("padding", "x".repeat(2700))),
        )
        .needs(Issuer),
        L.attack("proof-64-kib", Medium, "a valid proof of 64 KiB", BOUNDS.at("R116 P31"), TOO_LARGE, |s| {
            s.with_proof(|p| p.claim("padding", "x".repeat(48 * 1024)))
        })
        .needs(Proofs),
        L.attack("token-64-kib", Low, "a valid token of 64 KiB", BOUNDS.at("R116 P31"), TOO_LARGE, |s| {
            s.with_token(|t| t.claim("padding", "x".repeat(48 * 1024)))
        })
        .needs(Issuer),
        L.attack(
            "authorization-1-mib",
            Medium,
            "an Authorization header of 1 MiB",
            BOUNDS.at("R116 R177"),
            TOO_LARGE,
            |s| s.with_token_text(&"x".repeat(1024 * 1024)),
        ),
        L.attack("proof-1-mib", Medium, "a DPoP header of 1 MiB", BOUNDS.at("R116 R177"), TOO_LARGE, |s| {
            s.dpop(s.token(), "x".repeat(1024 * 1024))
        })
        .needs(Proofs),
        L.attack("jti-4-kib", Low, "a jti of 4 KiB", JTI_BOUND.at("R61"), SURVIVED, |s| {
            s.with_proof(|p| p.jti(&"j".repeat(4096)))
        })
        .needs(Proofs),
        L.attack("htu-4-kib", Low, "an htu with a query of 4 KiB", BOUNDS.at("R116"), SURVIVED, |s| {
            s.with_proof(|p| p.claim("htu", format!("{}?{}", s.url(), "q".repeat(4096))))
        })
        .needs(Proofs),
    ]
}

/// Arrays in arrays.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!([]), |inner, _| json!([inner]))
}

fn depths() -> Vec<Case> {
    vec![
        L.attack(
            "proof-deep-claim",
            Medium,
            "a claim of the proof is nested 2000 deep",
            DEPTH.at("R116 R177"),
            SURVIVED,
            |s| {
                let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
                s.with_proof(|p| p.claim("deep", "@").edit_payload(|json| json.replace("\"@\"", &deep)))
            },
        )
        .needs(Proofs),
        L.attack(
            "proof-deep-header",
            Medium,
            "a header parameter of the proof is nested 2000 deep",
            DEPTH.at("R116 R177"),
            SURVIVED,
            |s| {
                let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
                s.with_proof(|p| p.header("deep", "@").edit_header(|json| json.replace("\"@\"", &deep)))
            },
        )
        .needs(Proofs),
        L.attack(
            "proof-open-brackets",
            Medium,
            "the claims of the proof are 4000 opening brackets",
            DEPTH.at("R116 R177"),
            super::super::expectation::PROOF_REFUSED,
            |s| s.with_proof(|p| p.raw_payload("[".repeat(4000))),
        )
        .needs(Proofs),
        L.attack(
            "token-deep-claim",
            Low,
            "a claim of the token is nested 100 deep",
            DEPTH.at("R116"),
            SURVIVED,
            |s| s.with_token(|t| t.claim("deep", nested(100))),
        )
        .needs(Issuer),
        L.accept(
            "proof-nested-claim",
            Low,
            "a claim of the proof is nested five deep",
            DEPTH.at("R55 R116"),
            |s| s.with_proof(|p| p.claim("nested", nested(5))),
        )
        .needs(Proofs),
    ]
}

fn afterwards() -> Vec<Case> {
    vec![
        L.attack(
            "iat-hour-ago-afterwards",
            High,
            "iat is an hour ago, after all other cases",
            PROOF_TIME.at("R52 P3"),
            PROOF_TIME_REFUSED,
            |s| s.with_proof(|p| p.issued_at(s.ago(3600)).without_claim("nonce")),
        )
        .needs(Proofs),
        // R172: the last case of all.
        L.accept(
            "still-serving",
            High,
            "valid requests, after all other cases",
            SANITY.at("R172 P9"),
            Scene::valid,
        )
        .then(ACCEPTED, Scene::valid),
    ]
}
