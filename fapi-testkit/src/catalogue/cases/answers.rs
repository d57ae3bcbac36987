//! How refusals look, whatever they are for: R21, R24, R25, R33-R39, P41, P44.

use super::rules::{ALGS, CHALLENGE_SYNTAX, DATE, INTERACTION_ID, NO_LEAK, NO_STORE};
use crate::catalogue::case::Case;
use crate::catalogue::condition::{
    ALGORITHMS_NAMED, DATED, INTERACTION_ID as IDENTIFIED, NO_ECHO, NO_INSIDES, NO_STORE as IS_NO_STORE,
    PARAMETERS_CLEAN, PARAMETERS_ONCE, PARAMETERS_QUOTED,
};
use crate::catalogue::expectation::{ACCEPTED, PROOF_REFUSED, SURVIVED, TOKEN_MALFORMED, UNAUTHENTICATED};
use crate::catalogue::group::Group::Credentials as C;
use crate::catalogue::group::Severity::{High, Low, Medium};
use crate::catalogue::scene::Scene;

const SENT: &str = "93bac548-d2de-4546-b106-880a5018460d";

pub(super) fn cases() -> Vec<Case> {
    [looks(), interaction_ids()].concat()
}

/// R24
fn interaction_ids() -> Vec<Case> {
    vec![
        C.accept("interaction-id", Low, "x-fapi-interaction-id with a UUID", INTERACTION_ID.at("R24"), |s| {
            s.valid().header("x-fapi-interaction-id", SENT)
        })
        .expecting(ACCEPTED.with(&[IDENTIFIED])),
        C.attack(
            "interaction-id-refused",
            Low,
            "a wrong proof, and x-fapi-interaction-id with a UUID",
            INTERACTION_ID.at("R24"),
            PROOF_REFUSED.with(&[IDENTIFIED]),
            |s| {
                let call = s.with_proof(|proof| proof.claim("ath", "wrong"));
                call.header("x-fapi-interaction-id", SENT)
            },
        ),
        C.attack(
            "interaction-id-no-uuid",
            Medium,
            "x-fapi-interaction-id that is no UUID",
            INTERACTION_ID.at("R24 P44"),
            SURVIVED.with(&[IDENTIFIED]),
            |s| s.valid().header("x-fapi-interaction-id", "<script>alert(1)</script>"),
        ),
        C.attack(
            "interaction-id-no-uuid-refused",
            Medium,
            "no credentials, and x-fapi-interaction-id that is no UUID",
            INTERACTION_ID.at("R24 P44"),
            UNAUTHENTICATED.with(&[IDENTIFIED]),
            |s| s.bare().header("x-fapi-interaction-id", "93bac548d2de4546b106880a5018460d"),
        ),
    ]
}

fn looks() -> Vec<Case> {
    let bad_proof = |s: &Scene| s.with_proof(|proof| proof.claim("ath", "wrong"));
    let bad_token = |s: &Scene| s.with_token_text("rubbish.rubbish-rubbish.rubbish-rubbish-rubbish");
    vec![
        C.attack(
            "answer-algs",
            Low,
            "a wrong proof: the challenge names algorithms",
            ALGS.at("R37 P41"),
            PROOF_REFUSED.with(&[ALGORITHMS_NAMED]),
            bad_proof,
        ),
        C.attack(
            "answer-quoted",
            Low,
            "a wrong proof: parameters are quoted",
            CHALLENGE_SYNTAX.at("R35 P41"),
            PROOF_REFUSED.with(&[PARAMETERS_QUOTED]),
            bad_proof,
        ),
        C.attack(
            "answer-parameters-once",
            Low,
            "a wrong proof: no parameter is repeated",
            CHALLENGE_SYNTAX.at("R33"),
            PROOF_REFUSED.with(&[PARAMETERS_ONCE]),
            bad_proof,
        ),
        C.attack(
            "answer-characters",
            Low,
            "a wrong proof: permitted characters",
            CHALLENGE_SYNTAX.at("R33"),
            PROOF_REFUSED.with(&[PARAMETERS_CLEAN]),
            bad_proof,
        ),
        C.attack(
            "answer-proof-no-store",
            Low,
            "a wrong proof: the answer is not cached",
            NO_STORE.at("R39"),
            PROOF_REFUSED.with(&[IS_NO_STORE]),
            bad_proof,
        ),
        C.attack(
            "answer-token-no-store",
            Low,
            "a wrong token: the answer is not cached",
            NO_STORE.at("R39"),
            TOKEN_MALFORMED.with(&[IS_NO_STORE]),
            bad_token,
        ),
        C.attack(
            "answer-repeats-no-proof",
            High,
            "a wrong proof: the answer does not repeat it",
            NO_LEAK.at("R21 R22 P44"),
            PROOF_REFUSED.with(&[NO_ECHO, NO_INSIDES]),
            bad_proof,
        ),
        C.attack(
            "answer-repeats-no-token",
            High,
            "a wrong token: the answer does not repeat it",
            NO_LEAK.at("R21 R22 P44"),
            TOKEN_MALFORMED.with(&[NO_ECHO, NO_INSIDES]),
            bad_token,
        ),
        C.accept("answer-date", Low, "a valid request: the answer has a Date", DATE.at("R25"), Scene::valid)
            .needs(crate::catalogue::group::Need::Network)
            .expecting(ACCEPTED.with(&[DATED])),
    ]
}
