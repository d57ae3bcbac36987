//! Opaque tokens, and what the issuer says about them: R121-R126, R180, P47.

use serde_json::json;

use super::rules::{ACTIVE, INTROSPECTION, NEGATIVE_AGE, NOT_A_TOKEN, NOT_ANSWERED, STILL_CHECKED};
use crate::Fault;
use crate::catalogue::case::Case;
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{
    ACCEPTED, ANSWER_UNUSABLE, BINDING_REFUSED, NOT_CHECKED, TOKEN_REFUSED, UNPROVED_REFUSED,
};
use crate::catalogue::feature::Feature::{AudienceOptional, SingleAudience};
use crate::catalogue::group::Group::Introspection as I;
use crate::catalogue::group::Need::{
    Certificate, CertificateTokens, Issuer, OpaqueTokens, Proofs, RevocationTime,
};
use crate::catalogue::group::Severity::{Critical, High, Low, Medium};
use crate::catalogue::scene::Scene;
use crate::encoding::unique_id;

/// More than any answer about a token needs, in bytes.
const OVERSIZE: usize = 8 * 1024 * 1024;

pub(super) fn cases() -> Vec<Case> {
    let cases = [active(), inactive(), for_others(), unclear(), unanswered()].concat();
    let cases = cases.into_iter().map(|case| case.needs(OpaqueTokens));
    cases.chain([answer_as_token()]).collect()
}

fn opaque(s: &Scene) -> Call {
    s.with_opaque(|t| t)
}

fn active() -> Vec<Case> {
    let accept =
        |id, severity, title, numbers, call| I.accept(id, severity, title, INTROSPECTION.at(numbers), call);
    vec![
        accept("opaque-active", High, "an opaque token that is active", "R121 R126", opaque),
        accept("opaque-twice", High, "two requests with one opaque token", "R60 R125", opaque)
            .then(ACCEPTED, Scene::same_token),
        accept("opaque-and-jwt", High, "an opaque token, a JWT, and the opaque token again", "R121", opaque)
            .then(ACCEPTED, Scene::valid)
            .then(ACCEPTED, Scene::same_token),
        accept("opaque-with-dots", Low, "an opaque token with two dots in it", "R121", |s| {
            let reference = format!("{}.x.y", unique_id());
            s.with_signed_token(|t| t.opaque_as(&reference))
        }),
        accept("opaque-long", Medium, "an opaque token of 400 characters", "R116 R121", |s| {
            let reference = format!("{}{}", unique_id(), "x".repeat(378));
            s.with_signed_token(|t| t.opaque_as(&reference))
        }),
        accept("opaque-members", Medium, "an answer with members that nobody knows", "R123", |s| {
            s.with_opaque(|t| t.claim("username", json!(null)).claim("x", json!({"y": [1]})))
        }),
        accept("opaque-aud-array", High, "an answer with several audiences", "R92 R126", |s| {
            let audience = s.audience().to_owned();
            s.with_opaque(|t| t.claim("aud", json!(["https://other.example.com", audience])))
        })
        .unless(SingleAudience),
        accept(
            "opaque-certificate-bound",
            High,
            "an opaque token that is bound to the certificate",
            "R72 R126",
            |s| {
                let token = s.unbound().bound_to_certificate(s.certificate()).opaque();
                s.bearer(&token)
            },
        )
        .needs(Certificate)
        .needs(CertificateTokens),
        I.accept(
            "opaque-issued-late",
            Medium,
            "a token that was unknown a moment before",
            NEGATIVE_AGE.at("R125"),
            |s| s.with_token_text(&unique_id()),
        )
        .expecting(TOKEN_REFUSED)
        .then(ACCEPTED, |s| {
            let token = s.first_token();
            s.with_signed_token(|t| t.opaque_as(&token))
        })
        .patiently()
        .needs(RevocationTime),
    ]
}

fn inactive() -> Vec<Case> {
    let refused = |id, title, rule: crate::catalogue::Rule, call| {
        I.attack(id, Critical, title, rule, TOKEN_REFUSED, call)
    };
    vec![
        refused("opaque-unknown", "an opaque token that nobody has issued", INTROSPECTION.at("R123"), |s| {
            s.with_token_text(&unique_id())
        }),
        refused(
            "opaque-inactive",
            "an opaque token that was revoked before",
            INTROSPECTION.at("R4 R123"),
            |s| {
                let token = s.mint().opaque();
                s.issuer().issuer().revoke(&token);
                s.with_token_text(&token)
            },
        ),
        refused("opaque-expired", "active, but exp was an hour ago", STILL_CHECKED.at("R94 R126 P47"), |s| {
            let then = s.ago(3600).as_secs();
            s.with_introspection(move |answer| answer.member("exp", then))
        }),
        refused("opaque-not-yet", "active, but nbf is in an hour", STILL_CHECKED.at("R94 R126"), |s| {
            let then = s.ahead(3600).as_secs();
            s.with_introspection(move |answer| answer.member("nbf", then))
        }),
        refused("opaque-aud-other", "active, but for another API", STILL_CHECKED.at("R92 R126"), |s| {
            s.with_opaque(|t| t.audience("https://other.example.com"))
        }),
        refused(
            "opaque-aud-absent",
            "active, but nobody says for which API",
            STILL_CHECKED.at("R126 P47"),
            |s| s.with_opaque(|t| t.without_claim("aud")),
        )
        .expecting(ANSWER_UNUSABLE)
        .unless(AudienceOptional),
        refused("opaque-iss-other", "active, but of another issuer", STILL_CHECKED.at("R91 R126"), |s| {
            s.with_opaque(|t| t.claim("iss", "https://other.example.com"))
        })
        .expecting(ANSWER_UNUSABLE),
    ]
}

fn for_others() -> Vec<Case> {
    let refused = |id, title, expectation, call| {
        I.attack(id, Critical, title, STILL_CHECKED.at("R54 R58 R126"), expectation, call)
    };
    vec![
        refused("opaque-of-other", "an opaque token that is bound to another key", BINDING_REFUSED, |s| {
            let thief = &s.cast().thief;
            s.with_opaque(|t| t.bound_to(thief))
        })
        .needs(Proofs),
        refused("opaque-stolen", "a good opaque token, then with the proof of another key", ACCEPTED, opaque)
            .then(BINDING_REFUSED, |s| {
                let token = s.first_token();
                s.dpop(&token, s.proof_of(&s.cast().thief, &token).sign())
            })
            .needs(Proofs),
        refused("opaque-unbound", "an opaque token that is bound to nothing", BINDING_REFUSED, |s| {
            s.with_opaque(|t| t.without_claim("cnf"))
        }),
        refused(
            "opaque-unbound-as-bearer",
            "an opaque token as Bearer, bound to nothing",
            UNPROVED_REFUSED,
            |s| s.bearer(&s.unbound().opaque()),
        ),
        refused(
            "opaque-bound-as-bearer",
            "an opaque token as Bearer, bound to a key",
            UNPROVED_REFUSED,
            |s| s.bearer(&s.mint_with_key().opaque()),
        ),
        refused(
            "opaque-certificate-of-other",
            "an opaque token of another certificate",
            UNPROVED_REFUSED,
            |s| s.bearer(&s.unbound().bound_to_certificate(s.cast().certificate.der()).opaque()),
        ),
    ]
}

/// Answers that are no answer.
fn unclear() -> Vec<Case> {
    let unusable = |id, title, call| I.attack(id, High, title, ACTIVE.at("R123 P47"), ANSWER_UNUSABLE, call);
    vec![
        unusable("answer-active-text", "active is the text true", |s| {
            s.with_introspection(|answer| answer.member("active", "true"))
        }),
        unusable("answer-active-false-text", "active is the text false", |s| {
            s.with_introspection(|answer| answer.member("active", "false"))
        }),
        unusable("answer-active-number", "active is the number 1", |s| {
            s.with_introspection(|answer| answer.member("active", 1))
        }),
        unusable("answer-active-absent", "active is missing", |s| {
            s.with_introspection(|answer| answer.without_member("active"))
        }),
        unusable("answer-exp-text", "exp is a text", |s| {
            s.with_introspection(|answer| answer.member("exp", "tomorrow"))
        }),
        unusable("answer-rubbish", "an answer that is no JSON", |s| {
            s.with_introspection_fault(Fault::Rubbish)
        }),
    ]
}

/// The issuer fails, and recovers.
fn unanswered() -> Vec<Case> {
    let failing = |id, title, call| {
        let case = I.accept(id, High, title, NOT_ANSWERED.at("R124 R180"), call).expecting(NOT_CHECKED);
        case.then(ACCEPTED, Scene::answered_again).patiently().needs(RevocationTime)
    };
    vec![
        failing("introspection-500", "the issuer answers 500, then well", |s| {
            s.with_introspection_fault(Fault::Status(500))
        }),
        failing("introspection-401", "the issuer does not know the API, then does", |s| {
            s.with_introspection_fault(Fault::Status(401))
        }),
        failing("introspection-closed", "the issuer closes the connection, then answers", |s| {
            s.with_introspection_fault(Fault::Down)
        }),
        failing("introspection-silent", "the issuer never answers, then does", |s| {
            s.with_introspection_fault(Fault::Unresponsive)
        }),
        failing("introspection-oversize", "an answer of 8 MiB, then a short one", |s| {
            s.with_introspection_fault(Fault::Oversize(OVERSIZE))
        }),
    ]
}

/// R130: whoever may introspect must not be able to act for everybody.
fn answer_as_token() -> Case {
    I.attack(
        "answer-as-token",
        Critical,
        "a signed introspection answer in place of the token",
        NOT_A_TOKEN.at("R107 R130"),
        TOKEN_REFUSED,
        |s| {
            let issuer = s.issuer().issuer();
            let token = s.mint().sign();
            let answer = issuer.introspection(&token).audience(s.audience());
            // With the claims of a token beside those of the answer.
            let claims =
                [("sub", json!("alice")), ("client_id", json!("client")), ("jti", json!(unique_id()))];
            let answer = claims.into_iter().fold(answer, |answer, (name, value)| answer.claim(name, value));
            let (method, value) = s.confirmation();
            let confirmation = json!({method: value});
            let answer = answer.claim("exp", s.ahead(300).as_secs()).claim("cnf", confirmation);
            s.with_token_text(&answer.claim("scope", s.scope()).sign())
        },
    )
    .needs(Issuer)
}
