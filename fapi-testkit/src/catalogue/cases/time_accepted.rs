//! Times at the edges of what must be accepted, and in every form of a NumericDate: R15, R52, R56, R94, R98, R171.

use super::rules::{NBF, NUMERIC_DATE, PROOF_TIME, SKEW, TOKEN_EXP};
use crate::catalogue::case::Case;
use crate::catalogue::exchange::Call;
use crate::catalogue::group::Group::Time as T;
use crate::catalogue::group::Need::{Issuer, Proofs, Uptime};
use crate::catalogue::group::Severity::{High, Low, Medium};
use crate::catalogue::scene::Scene;
use std::time::Duration;

pub(super) fn cases() -> Vec<Case> {
    let proofs = [proofs(), forms(), limits()].concat().into_iter().map(|case| case.needs(Proofs));
    proofs.chain(tokens().into_iter().map(|case| case.needs(Issuer))).collect()
}

fn proofs() -> Vec<Case> {
    let ahead = |id, severity, title, call| T.accept(id, severity, title, SKEW.at("R15 R52"), call);
    vec![
        T.accept("iat-5-s-ago", High, "iat is 5 s ago", PROOF_TIME.at("R52 R171"), |s| {
            s.with_proof(|p| p.issued_at(s.ago(5)))
        })
        .needs(Uptime),
        ahead("iat-1-s-ahead", High, "iat is a second ahead", |s| s.with_proof(|p| p.issued_at(s.ahead(1)))),
        ahead("iat-5-s-ahead", High, "iat is 5 s ahead", |s| s.with_proof(|p| p.issued_at(s.ahead(5)))),
        ahead("iat-10-s-ahead", Medium, "iat is 10 s ahead, the most that must be accepted", |s| {
            s.with_proof(|p| p.issued_at(s.ahead(10)))
        }),
    ]
}

/// A proof with this text as its `iat`.
fn iat(s: &Scene, text: String) -> Call {
    s.with_proof(|p| p.claim("iat", "@").edit_payload(move |json| json.replace("\"@\"", &text)))
}

fn forms() -> Vec<Case> {
    let ok = |id, severity, title, call| T.accept(id, severity, title, NUMERIC_DATE.at("R98 P1"), call);
    vec![
        ok("iat-point-zero", Medium, "iat ends in .0", |s| iat(s, format!("{}.0", s.now().as_secs()))),
        ok("iat-milliseconds-as-fraction", High, "iat has milliseconds after the point", |s| {
            let now = s.now().as_millis();
            iat(s, format!("{}.{:03}", now / 1000, now % 1000))
        }),
        ok("iat-nanoseconds-as-fraction", Low, "iat has nine digits after the point", |s| {
            iat(s, format!("{}.123456789", s.now().as_secs()))
        }),
        ok("iat-fraction-ahead", Low, "iat has a fraction and is 8.5 s ahead", |s| {
            iat(s, format!("{}.5", s.ahead(8).as_secs()))
        }),
        ok("iat-exponent", Low, "iat is written with an exponent", |s| {
            iat(s, format!("{}0e-1", s.now().as_secs()))
        }),
    ]
}

/// A proof may limit itself (RFC 7519).
fn limits() -> Vec<Case> {
    vec![
        T.accept("proof-exp-in-30-s", Medium, "exp of the proof is 30 s ahead", PROOF_TIME.at("R56"), |s| {
            s.with_proof(|p| p.claim("exp", s.ahead(30).as_secs()))
        }),
        T.accept("proof-exp-in-a-day", Low, "exp of the proof is a day ahead", PROOF_TIME.at("R56"), |s| {
            s.with_proof(|p| p.claim("exp", s.ahead(86_400).as_secs()))
        }),
        T.accept(
            "proof-exp-fraction",
            Low,
            "exp of the proof has a fraction",
            NUMERIC_DATE.at("R56 R98"),
            |s| {
                let text = format!("{}.5", s.ahead(60).as_secs());
                s.with_proof(|p| p.claim("exp", "@").edit_payload(move |json| json.replace("\"@\"", &text)))
            },
        ),
        T.accept("proof-nbf-is-iat", Medium, "nbf of the proof is its iat", NBF.at("R56"), |s| {
            s.with_proof(|p| p.claim("nbf", s.now().as_secs()))
        }),
        T.accept("proof-nbf-ago", Medium, "nbf of the proof is a minute ago", NBF.at("R56"), |s| {
            s.with_proof(|p| p.claim("nbf", s.ago(60).as_secs()))
        }),
    ]
}

fn tokens() -> Vec<Case> {
    fn token(s: &Scene, issued: u64, lifetime: u64) -> Call {
        s.with_token(|t| t.issued_at(s.ago(issued)).lifetime(Duration::from_secs(lifetime)))
    }
    let ok = |id, severity, title, call| T.accept(id, severity, title, TOKEN_EXP.at("R94 P2"), call);
    vec![
        ok("token-of-one-minute", High, "the token lives for a minute", |s| token(s, 0, 60)),
        ok("token-ten-minutes-old", High, "the token was issued ten minutes ago", |s| token(s, 600, 900)),
        ok("token-expires-in-5-s", Medium, "the token expires in 5 s", |s| token(s, 295, 300)),
        T.accept("token-iat-10-s-ahead", Medium, "iat of the token is 10 s ahead", SKEW.at("R15"), |s| {
            s.with_token(|t| t.issued_at(s.ahead(10)))
        }),
        T.accept("token-nbf-10-s-ahead", Medium, "nbf of the token is 10 s ahead", SKEW.at("R15"), |s| {
            s.with_token(|t| t.claim("nbf", s.ahead(10).as_secs()))
        }),
        T.accept("token-nbf-ago", Medium, "nbf of the token is an hour ago", NBF.at("R94"), |s| {
            s.with_token(|t| t.claim("nbf", s.ago(3600).as_secs()))
        }),
    ]
}
