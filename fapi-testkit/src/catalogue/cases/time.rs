//! When a proof was made and how long a token lives: R15, R52, R56, R94, R98, P1-P3.

use serde_json::json;

use super::rules::{NBF, NUMERIC_DATE, PROOF_TIME, SKEW, TOKEN_EXP};
use crate::catalogue::case::Case;
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{PROOF_REFUSED, PROOF_TIME_REFUSED, SURVIVED, TOKEN_REFUSED};
use crate::catalogue::group::Group::Time as T;
use crate::catalogue::group::Need::{Issuer, Proofs, Uptime};
use crate::catalogue::group::Severity::{Critical, High, Low, Medium};
use crate::catalogue::scene::Scene;
use std::time::Duration;

pub(super) fn cases() -> Vec<Case> {
    let proofs = [proofs(), numbers(), own_limits()].concat().into_iter().map(|case| case.needs(Proofs));
    proofs.chain(tokens().into_iter().map(|case| case.needs(Issuer))).collect()
}

/// A proof with this `iat` and without a nonce, which could take the place of the time (R52).
fn iat(s: &Scene, iat: impl Into<serde_json::Value>) -> Call {
    s.with_proof(|p| p.claim("iat", iat).without_claim("nonce"))
}

/// A proof with this text as its `iat`, which need not be a number that a program can hold.
fn iat_text(s: &Scene, text: &str) -> Call {
    s.with_proof(|p| {
        let p = p.claim("iat", "@").without_claim("nonce");
        p.edit_payload(|json| json.replace("\"@\"", text))
    })
}

fn proofs() -> Vec<Case> {
    vec![
        T.accept("iat-10-s-ago", High, "iat is 10 s ago", PROOF_TIME.at("R15 R171"), |s| {
            s.with_proof(|p| p.issued_at(s.ago(10)))
        })
        .needs(Uptime),
        T.accept("iat-8-s-ahead", High, "iat is 8 s ahead", SKEW.at("R15 R171"), |s| {
            s.with_proof(|p| p.issued_at(s.ahead(8)))
        }),
        T.attack(
            "iat-hour-ago",
            High,
            "iat is an hour ago",
            PROOF_TIME.at("R52 P3"),
            PROOF_TIME_REFUSED,
            |s| iat(s, s.ago(3600).as_secs()),
        ),
        T.attack(
            "iat-hour-ahead",
            High,
            "iat is an hour ahead",
            PROOF_TIME.at("R15 R52 P3"),
            PROOF_TIME_REFUSED,
            |s| iat(s, s.ahead(3600).as_secs()),
        ),
        T.attack("iat-day-ago", High, "iat is a day ago", PROOF_TIME.at("R52 P3"), PROOF_TIME_REFUSED, |s| {
            iat(s, s.ago(86_400).as_secs())
        }),
        T.attack(
            "iat-ten-minutes-ago",
            Medium,
            "iat is ten minutes ago",
            PROOF_TIME.at("R52"),
            PROOF_TIME_REFUSED,
            |s| iat(s, s.ago(600).as_secs()),
        ),
        T.attack(
            "iat-two-minutes-ahead",
            Medium,
            "iat is two minutes ahead",
            SKEW.at("R15"),
            PROOF_TIME_REFUSED,
            |s| iat(s, s.ahead(120).as_secs()),
        ),
        T.attack("iat-zero", High, "iat is zero", PROOF_TIME.at("R52"), PROOF_TIME_REFUSED, |s| iat(s, 0)),
        T.attack(
            "iat-milliseconds",
            Medium,
            "iat is in milliseconds",
            PROOF_TIME.at("R52"),
            PROOF_TIME_REFUSED,
            |s| iat(s, s.now().as_millis()),
        ),
    ]
}

fn numbers() -> Vec<Case> {
    vec![
        T.attack(
            "iat-negative",
            High,
            "iat is negative",
            NUMERIC_DATE.at("R98 P1"),
            PROOF_TIME_REFUSED,
            |s| iat(s, -1),
        ),
        T.attack(
            "iat-smallest",
            Critical,
            "iat is -2^63, with which a difference overflows",
            NUMERIC_DATE.at("R98 P1"),
            PROOF_TIME_REFUSED,
            |s| iat(s, i64::MIN),
        ),
        T.attack("iat-largest", High, "iat is 2^63-1", NUMERIC_DATE.at("R98 P1"), PROOF_TIME_REFUSED, |s| {
            iat(s, i64::MAX)
        }),
        T.attack("iat-64-bits", High, "iat is 2^64-1", NUMERIC_DATE.at("R98 P1"), PROOF_TIME_REFUSED, |s| {
            iat(s, u64::MAX)
        }),
        T.attack("iat-infinite", High, "iat is 1e400", NUMERIC_DATE.at("R98 P1"), PROOF_TIME_REFUSED, |s| {
            iat_text(s, "1e400")
        }),
        T.attack(
            "iat-minus-infinite",
            High,
            "iat is -1e400",
            NUMERIC_DATE.at("R98 P1"),
            PROOF_TIME_REFUSED,
            |s| iat_text(s, "-1e400"),
        ),
        T.attack(
            "iat-nan",
            High,
            "iat is NaN, which is no JSON",
            NUMERIC_DATE.at("R98 P1"),
            PROOF_TIME_REFUSED,
            |s| iat_text(s, "NaN"),
        ),
        T.attack("iat-text", Medium, "iat is a text", NUMERIC_DATE.at("R98 P1"), PROOF_TIME_REFUSED, |s| {
            iat(s, s.now().as_secs().to_string())
        }),
        T.attack("iat-true", Medium, "iat is true", NUMERIC_DATE.at("R98 P1"), PROOF_TIME_REFUSED, |s| {
            iat(s, true)
        }),
        T.attack("iat-null", High, "iat is null", NUMERIC_DATE.at("R98"), PROOF_TIME_REFUSED, |s| {
            iat(s, json!(null))
        }),
        T.accept("iat-fraction", Low, "iat has a fraction", NUMERIC_DATE.at("R98"), |s| {
            let text = format!("{}.25", s.now().as_secs());
            s.with_proof(|p| p.claim("iat", "@").edit_payload(|json| json.replace("\"@\"", &text)))
        }),
    ]
}

/// A proof may limit itself (RFC 7519).
fn own_limits() -> Vec<Case> {
    vec![
        T.accept(
            "proof-nbf-and-exp",
            High,
            "nbf is now and exp five minutes ahead",
            PROOF_TIME.at("R56 R171"),
            |s| s.with_proof(|p| p.claim("nbf", s.now().as_secs()).claim("exp", s.ahead(300).as_secs())),
        ),
        T.attack(
            "proof-exp-passed",
            Medium,
            "exp of the proof was five minutes ago",
            PROOF_TIME.at("R56"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.claim("exp", s.ago(300).as_secs())),
        ),
        T.attack(
            "proof-nbf-ahead",
            Medium,
            "nbf of the proof is an hour ahead",
            NBF.at("R56"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.claim("nbf", s.ahead(3600).as_secs())),
        ),
        T.attack(
            "proof-exp-text",
            Low,
            "exp of the proof is a text",
            NUMERIC_DATE.at("R56 R98"),
            SURVIVED,
            |s| s.with_proof(|p| p.claim("exp", "tomorrow")),
        ),
    ]
}

fn tokens() -> Vec<Case> {
    fn token(s: &Scene, issued: u64, lifetime: u64) -> Call {
        s.with_token(|t| t.issued_at(s.ago(issued)).lifetime(Duration::from_secs(lifetime)))
    }
    vec![
        T.attack(
            "token-expired",
            Critical,
            "the token expired an hour ago",
            TOKEN_EXP.at("R94"),
            TOKEN_REFUSED,
            |s| token(s, 7200, 3600),
        ),
        T.attack(
            "token-expired-two-minutes-ago",
            High,
            "the token expired two minutes ago",
            TOKEN_EXP.at("R94 P2"),
            TOKEN_REFUSED,
            |s| token(s, 600, 480),
        ),
        T.accept("token-last-seconds", High, "the token expires in 20 s", TOKEN_EXP.at("R94 P2"), |s| {
            token(s, 280, 300)
        }),
        T.accept("token-iat-8-s-ahead", Medium, "iat of the token is 8 s ahead", SKEW.at("R15"), |s| {
            s.with_token(|t| t.issued_at(s.ahead(8)))
        }),
        T.attack(
            "token-nbf-ahead",
            High,
            "nbf of the token is an hour ahead",
            NBF.at("R94"),
            TOKEN_REFUSED,
            |s| s.with_token(|t| t.claim("nbf", s.ahead(3600).as_secs())),
        ),
        T.accept("token-nbf-8-s-ahead", Medium, "nbf of the token is 8 s ahead", SKEW.at("R15"), |s| {
            s.with_token(|t| t.claim("nbf", s.ahead(8).as_secs()))
        }),
        T.attack(
            "token-iat-ahead",
            Medium,
            "iat of the token is an hour ahead",
            SKEW.at("R15 R94"),
            TOKEN_REFUSED,
            |s| {
                s.with_token(|t| {
                    t.claim("iat", s.ahead(3600).as_secs()).claim("exp", s.ahead(7200).as_secs())
                })
            },
        ),
        T.attack("token-exp-zero", Critical, "exp is zero", TOKEN_EXP.at("R94"), TOKEN_REFUSED, |s| {
            s.with_token(|t| t.claim("exp", 0))
        }),
        T.attack(
            "token-exp-smallest",
            Critical,
            "exp is -2^63",
            NUMERIC_DATE.at("R98 P1"),
            TOKEN_REFUSED,
            |s| s.with_token(|t| t.claim("exp", i64::MIN)),
        ),
        T.attack("token-exp-huge", Low, "exp is 2^63-1", NUMERIC_DATE.at("R98 R177 P1"), SURVIVED, |s| {
            s.with_token(|t| t.claim("exp", i64::MAX))
        }),
    ]
}
