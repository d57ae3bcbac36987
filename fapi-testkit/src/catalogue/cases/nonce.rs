//! Nonces of the resource server: R51, R62-R66. A server need not use them; these run against those that do.

use serde_json::json;

use super::rules::{NONCE, NONCE_CHALLENGE, NONCE_REUSE};
use crate::catalogue::case::Case;
use crate::catalogue::condition::DPOP_CHALLENGE;
use crate::catalogue::expectation::{
    ACCEPTED, NONCE_ASKED_FOR, NONCE_REQUIRED, NONCE_UNKNOWN, REPLAY_REFUSED,
};
use crate::catalogue::feature::Feature::NoncesOff;
use crate::catalogue::group::Group::Nonce as N;
use crate::catalogue::group::Need::{Nonces, NoncesRequired};
use crate::catalogue::group::Severity::{High, Low, Medium};
use crate::catalogue::scene::Scene;

pub(super) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = with_nonces().into_iter().map(|case| case.needs(Nonces)).collect();
    cases.push(
        N.accept(
            "nonce-empty-helseid",
            Medium,
            "an empty nonce, as in the example of HelseID",
            NONCE.at("R51"),
            |s| s.with_proof(|p| p.nonce("")),
        )
        .given(NoncesOff),
    );
    cases
}

fn with_nonces() -> Vec<Case> {
    vec![
        N.accept("nonce-used", High, "the nonce that was handed out", NONCE.at("R51 R64"), Scene::valid),
        N.accept(
            "nonce-used-again",
            High,
            "the same nonce in three requests",
            NONCE_REUSE.at("R62"),
            Scene::valid,
        )
        .then(ACCEPTED, |s| s.with_proof(|p| p.claim("nonce", s.previous_claim("nonce"))))
        .then(ACCEPTED, |s| s.with_proof(|p| p.claim("nonce", s.previous_claim("nonce")))),
        N.accept(
            "nonce-after-challenge",
            High,
            "a proof without a nonce, then one with it",
            NONCE_CHALLENGE.at("R62 R63"),
            |s| s.with_proof(|p| p.without_claim("nonce")),
        )
        .expecting(NONCE_ASKED_FOR)
        .then(ACCEPTED, Scene::valid),
        N.attack(
            "nonce-absent",
            High,
            "no nonce, where every proof needs one",
            NONCE.at("R51"),
            NONCE_REQUIRED,
            |s| s.with_proof(|p| p.without_claim("nonce")),
        )
        .needs(NoncesRequired),
        N.attack(
            "nonce-unknown",
            High,
            "a nonce that the server has not handed out",
            NONCE.at("R51 R64"),
            NONCE_UNKNOWN,
            |s| s.with_proof(|p| p.nonce("eyJ7S_zG.eyJH0-Z.HX4w-7v")),
        ),
        N.attack(
            "nonce-unknown-challenge",
            Low,
            "an unknown nonce: how it is challenged",
            NONCE_CHALLENGE.at("R63"),
            NONCE_UNKNOWN.with(&[DPOP_CHALLENGE]),
            |s| s.with_proof(|p| p.nonce("unknown")),
        ),
        N.attack(
            "nonce-changed",
            High,
            "the nonce with its first character changed",
            NONCE.at("R51 R64"),
            NONCE_UNKNOWN,
            |s| {
                let nonce = s.nonce.clone().unwrap_or_default();
                let rest: String = nonce.chars().skip(1).collect();
                let first = if nonce.starts_with('A') { 'B' } else { 'A' };
                s.with_proof(|p| p.nonce(&format!("{first}{rest}")))
            },
        ),
        N.attack(
            "nonce-shortened",
            Medium,
            "the nonce without its last character",
            NONCE.at("R51 R64"),
            NONCE_UNKNOWN,
            |s| {
                let mut nonce = s.nonce.clone().unwrap_or_default();
                nonce.pop();
                s.with_proof(|p| p.nonce(&nonce))
            },
        ),
        N.attack("nonce-empty", Medium, "an empty nonce", NONCE.at("R51"), NONCE_UNKNOWN, |s| {
            s.with_proof(|p| p.nonce(""))
        }),
        N.attack("nonce-number", Medium, "nonce is a number", NONCE.at("R51"), NONCE_UNKNOWN, |s| {
            s.with_proof(|p| p.claim("nonce", 7))
        }),
        N.attack(
            "nonce-array",
            Medium,
            "nonce is an array with the right one",
            NONCE.at("R51"),
            NONCE_UNKNOWN,
            |s| {
                let nonce = json!([s.nonce]);
                s.with_proof(|p| p.claim("nonce", nonce))
            },
        ),
        N.attack(
            "nonce-in-header",
            Medium,
            "the nonce in a header field DPoP-Nonce, an unknown one in the proof",
            NONCE.at("R51"),
            NONCE_UNKNOWN,
            |s| {
                let nonce = s.nonce.clone().unwrap_or_default();
                s.with_proof(|p| p.nonce("unknown")).header("DPoP-Nonce", nonce)
            },
        ),
        N.attack(
            "nonce-and-replay",
            High,
            "the same request with a valid nonce again",
            NONCE.at("R60 R66"),
            ACCEPTED,
            Scene::valid,
        )
        .then(REPLAY_REFUSED, Scene::previous),
    ]
}
