//! Signed introspection answers: R127-R130, P47.

use serde_json::json;

use super::rules::{SIGNED_ANSWER, SIGNED_ONLY};
use crate::IntrospectionBuilder;
use crate::catalogue::case::Case;
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::ANSWER_UNUSABLE;
use crate::catalogue::feature::Feature::TokenAlgorithm;
use crate::catalogue::group::Group::Introspection as I;
use crate::catalogue::group::Need::SignedIntrospection;
use crate::catalogue::group::Severity::{Critical, High, Medium};
use crate::catalogue::scene::Scene;
use fapi_core::jose::Algorithm;

pub(super) fn cases() -> Vec<Case> {
    let cases = [accepted(), plain(), meant_for_something_else(), signatures()].concat();
    cases.into_iter().map(|case| case.needs(SignedIntrospection)).collect()
}

fn accepted() -> Vec<Case> {
    vec![
        I.accept("answer-signed", High, "a signed answer", SIGNED_ANSWER.at("R127 R128"), |s| {
            s.with_opaque(|t| t)
        }),
        I.accept(
            "answer-typ-full",
            Medium,
            "typ is application/token-introspection+jwt",
            SIGNED_ANSWER.at("R128"),
            |s| s.with_introspection(|a| a.header("typ", "application/token-introspection+jwt")),
        ),
    ]
}

fn plain() -> Vec<Case> {
    vec![I.attack(
        "answer-plain",
        Critical,
        "plain JSON where a signed answer was asked for",
        SIGNED_ONLY.at("R127 R130 P47"),
        ANSWER_UNUSABLE,
        |s| s.with_introspection(IntrospectionBuilder::always_plain),
    )]
}

fn unusable(id: &'static str, title: &'static str, numbers: &'static str, call: fn(&Scene) -> Call) -> Case {
    I.attack(id, High, title, SIGNED_ANSWER.at(numbers), ANSWER_UNUSABLE, call)
}

fn meant_for_something_else() -> Vec<Case> {
    vec![
        unusable("answer-typ-jwt", "typ is JWT", "R128", |s| {
            s.with_introspection(|a| a.header("typ", "JWT"))
        }),
        unusable("answer-typ-token", "typ is that of an access token", "R107 R128", |s| {
            s.with_introspection(|a| a.header("typ", "at+jwt"))
        }),
        unusable("answer-typ-absent", "typ is missing", "R128", |s| {
            s.with_introspection(|a| a.without_header("typ"))
        }),
        unusable("answer-aud-other", "an answer for another resource server", "R128", |s| {
            s.with_introspection(|a| a.audience("https://other.example.com"))
        }),
        unusable("answer-aud-absent", "an answer for nobody", "R128", |s| {
            s.with_introspection(|a| a.without_claim("aud"))
        }),
        unusable("answer-iss-other", "an answer of another issuer", "R128", |s| {
            s.with_introspection(|a| a.claim("iss", "https://other.example.com"))
        }),
        unusable("answer-old", "an answer of an hour ago", "R130", |s| {
            let then = s.ago(3600);
            s.with_introspection(move |a| a.issued_at(then))
        }),
        unusable("answer-ahead", "an answer of the hour to come", "R130", |s| {
            let then = s.ahead(3600);
            s.with_introspection(move |a| a.issued_at(then))
        }),
        unusable("answer-iat-absent", "an answer without iat", "R128 R130", |s| {
            s.with_introspection(|a| a.without_claim("iat"))
        }),
        unusable("answer-object-absent", "an answer without token_introspection", "R128", |s| {
            s.with_introspection(|a| a.without_claim("token_introspection").claim("active", true))
        }),
    ]
}

fn signatures() -> Vec<Case> {
    vec![
        unusable("answer-signature-flipped", "a signature that does not verify", "R101 R128", |s| {
            s.with_introspection(IntrospectionBuilder::with_flipped_signature)
        }),
        unusable("answer-signed-by-other", "an answer that somebody else has signed", "R128", |s| {
            let key = s.cast().thief.key().clone();
            s.with_introspection(move |a| a.signed_by(&key))
        }),
        unusable("answer-alg-none", "alg is none", "R7 R128", |s| {
            s.with_introspection(|a| a.header("alg", "none").with_flipped_signature())
        }),
        unusable("answer-crit", "a critical header that nobody knows", "R112", |s| {
            s.with_introspection(|a| a.header("crit", json!(["x"])).header("x", 1))
        }),
        unusable("answer-rs256", "an answer that is signed with RS256", "R7 R129", |s| {
            let key = s.cast().rsa().rs256.key().clone();
            s.with_introspection(move |a| a.header("alg", "RS256").header("kid", "other").signed_by(&key))
        })
        .unless(TokenAlgorithm(Algorithm::Rs256)),
    ]
}
