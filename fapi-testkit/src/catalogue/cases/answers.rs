//! How refusals look, whatever they are for: R21, R25, R33-R39, P41, P44.

use super::rules::{ALGS, CHALLENGE_SYNTAX, DATE, NO_LEAK, NO_STORE};
use crate::catalogue::case::Case;
use crate::catalogue::condition::{
    ALGORITHMS_NAMED, DATED, NO_ECHO, NO_INSIDES, NO_STORE as IS_NO_STORE, PARAMETERS_CLEAN, PARAMETERS_ONCE,
    PARAMETERS_QUOTED,
};
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{ACCEPTED, PROOF_REFUSED, TOKEN_MALFORMED};
use crate::catalogue::group::Group::Credentials as C;
use crate::catalogue::group::Need::{Network, Proofs};
use crate::catalogue::group::Severity::{High, Low};
use crate::catalogue::scene::Scene;

pub(super) fn cases() -> Vec<Case> {
    let proofs = wrong_proof().into_iter().map(|case| case.needs(Proofs));
    proofs.chain(wrong_token()).chain([dated()]).collect()
}

fn wrong_proof() -> Vec<Case> {
    let looks = |id, severity, title, rule, conditions| {
        C.attack(id, severity, title, rule, PROOF_REFUSED.with(conditions), |s| {
            s.with_proof(|proof| proof.claim("ath", "wrong"))
        })
    };
    vec![
        looks(
            "answer-algs",
            Low,
            "a wrong proof: the challenge names algorithms",
            ALGS.at("R37 P41"),
            &[ALGORITHMS_NAMED],
        ),
        looks(
            "answer-quoted",
            Low,
            "a wrong proof: parameters are quoted",
            CHALLENGE_SYNTAX.at("R35 P41"),
            &[PARAMETERS_QUOTED],
        ),
        looks(
            "answer-parameters-once",
            Low,
            "a wrong proof: no parameter is repeated",
            CHALLENGE_SYNTAX.at("R33"),
            &[PARAMETERS_ONCE],
        ),
        looks(
            "answer-characters",
            Low,
            "a wrong proof: permitted characters",
            CHALLENGE_SYNTAX.at("R33"),
            &[PARAMETERS_CLEAN],
        ),
        looks(
            "answer-proof-no-store",
            Low,
            "a wrong proof: the answer is not cached",
            NO_STORE.at("R39"),
            &[IS_NO_STORE],
        ),
        looks(
            "answer-repeats-no-proof",
            High,
            "a wrong proof: the answer does not repeat it",
            NO_LEAK.at("R21 R22 P44"),
            &[NO_ECHO, NO_INSIDES],
        ),
    ]
}

fn wrong_token() -> Vec<Case> {
    let looks = |id, severity, title, rule, conditions| {
        C.attack(id, severity, title, rule, TOKEN_MALFORMED.with(conditions), wrong)
    };
    vec![
        looks(
            "answer-token-quoted",
            Low,
            "a wrong token: parameters are quoted",
            CHALLENGE_SYNTAX.at("R35 P41"),
            &[PARAMETERS_QUOTED],
        ),
        looks(
            "answer-token-parameters-once",
            Low,
            "a wrong token: no parameter is repeated",
            CHALLENGE_SYNTAX.at("R33"),
            &[PARAMETERS_ONCE],
        ),
        looks(
            "answer-token-characters",
            Low,
            "a wrong token: permitted characters",
            CHALLENGE_SYNTAX.at("R33"),
            &[PARAMETERS_CLEAN],
        ),
        looks(
            "answer-token-no-store",
            Low,
            "a wrong token: the answer is not cached",
            NO_STORE.at("R39"),
            &[IS_NO_STORE],
        ),
        looks(
            "answer-repeats-no-token",
            High,
            "a wrong token: the answer does not repeat it",
            NO_LEAK.at("R21 R22 P44"),
            &[NO_ECHO, NO_INSIDES],
        ),
    ]
}

/// A token that is none.
pub(super) fn wrong(s: &Scene) -> Call {
    s.with_token_text("rubbish.rubbish-rubbish.rubbish-rubbish-rubbish")
}

fn dated() -> Case {
    C.accept("answer-date", Low, "a valid request: the answer has a Date", DATE.at("R25"), Scene::valid)
        .needs(Network)
        .expecting(ACCEPTED.with(&[DATED]))
}
