//! How refusals look, whatever they are for: R21, R25, R33-R39, P41, P44.

use super::rules::{ALGS, CHALLENGE_SYNTAX, DATE, NO_LEAK, NO_STORE};
use crate::catalogue::case::Case;
use crate::catalogue::condition::{
    ALGORITHMS_NAMED, DATED, NO_ECHO, NO_INSIDES, NO_STORE as IS_NO_STORE, PARAMETERS_CLEAN, PARAMETERS_ONCE,
    PARAMETERS_QUOTED,
};
use crate::catalogue::expectation::{ACCEPTED, PROOF_REFUSED, TOKEN_MALFORMED};
use crate::catalogue::group::Group::Credentials as C;
use crate::catalogue::group::Severity::{High, Low};
use crate::catalogue::scene::Scene;

pub(super) fn cases() -> Vec<Case> {
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
