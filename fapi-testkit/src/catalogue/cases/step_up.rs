//! Whether the user was authenticated as the route asks for (RFC 9470): R145-R147, R35.

use serde_json::json;

use super::rules::{AUTHENTICATION_AGE, AUTHENTICATION_LEVEL, SKEW, STEP_UP, STEP_UP_LAST};
use crate::catalogue::case::Case;
use crate::catalogue::condition::{ACR_VALUES_NAMED, MAX_AGE_NAMED, NO_STORE, PARAMETERS_QUOTED};
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{
    AUTHENTICATION_UNREADABLE, PROOF_REFUSED, STEP_UP_ASKED_FOR, TOKEN_REFUSED, UNAUTHENTICATED,
};
use crate::catalogue::group::Group::Scope as S;
use crate::catalogue::group::Need::{Issuer, MaxAge, Proofs, StepUpRoute};
use crate::catalogue::group::Severity::{Critical, High, Low, Medium};
use crate::catalogue::scene::Scene;
use crate::catalogue::{MakeCall, Severity};

pub(super) fn cases() -> Vec<Case> {
    let cases = [levels(), ages(), answers(), validation()].concat();
    cases.into_iter().map(|case| case.needs(Issuer).needs(StepUpRoute)).collect()
}

fn levels() -> Vec<Case> {
    let refused = |id, severity, title, call| {
        S.attack(id, severity, title, AUTHENTICATION_LEVEL.at("R145 R146"), STEP_UP_ASKED_FOR, call)
    };
    let accepted =
        |id, severity, title, call| S.accept(id, severity, title, AUTHENTICATION_LEVEL.at("R145"), call);
    vec![
        accepted("step-up-sufficient", High, "the user has just been authenticated as asked for", |s| {
            s.to_step_up_route(|t| t)
        }),
        accepted("step-up-last-acr", High, "acr is the last of those that the route accepts", |s| {
            acr(s, s.step_up_route().values().last().unwrap_or_default())
        }),
        accepted("step-up-with-amr", Medium, "amr beside acr", |s| {
            s.to_step_up_route(|t| t.claim("amr", json!(["pwd", "otp"])))
        }),
        accepted("step-up-with-query", Medium, "the route is asked with a query", |s| {
            let call = s.to_step_up_route(|t| t);
            let target = format!("{}?page=2", call.target);
            call.target(&target)
        }),
        refused("step-up-acr-absent", Critical, "the token has no acr", |s| {
            s.to_step_up_route(|t| t.without_claim("acr"))
        }),
        refused("step-up-acr-other", Critical, "acr is another one", |s| acr(s, "urn:example:loa:other")),
        unreadable("step-up-acr-empty", Critical, "acr is empty", |s| acr(s, "")),
        refused("step-up-acr-longer", High, "acr continues", |s| acr(s, &format!("{}x", s.first_acr()))),
        refused("step-up-acr-prefix", High, "acr is the beginning of the right one", |s| {
            let mut value = s.first_acr().to_owned();
            value.pop();
            acr(s, &value)
        }),
        refused("step-up-acr-case", High, "acr in another case", |s| {
            let (lower, upper) = (s.first_acr().to_ascii_lowercase(), s.first_acr().to_ascii_uppercase());
            acr(s, if lower == s.first_acr() { &upper } else { &lower })
        }),
        refused("step-up-acr-in-list", High, "the right acr after another one in one text", |s| {
            acr(s, &format!("other {}", s.first_acr()))
        }),
        refused("step-up-acr-in-amr", High, "the right value in amr, and no acr", |s| {
            let value = s.first_acr().to_owned();
            s.to_step_up_route(|t| t.without_claim("acr").claim("amr", json!([value])))
        }),
        refused("step-up-acr-in-scope", High, "the right value in scope, and no acr", |s| {
            let scope = format!("{} {}", s.scope(), s.first_acr());
            s.to_step_up_route(|t| t.without_claim("acr").scope(&scope))
        }),
        refused("step-up-acr-in-header", Critical, "the right acr in the header of the token alone", |s| {
            let value = s.first_acr().to_owned();
            s.to_step_up_route(|t| t.without_claim("acr").header("acr", value))
        }),
        unreadable("step-up-acr-array", Medium, "acr is an array", |s| {
            let value = s.first_acr().to_owned();
            s.to_step_up_route(|t| t.claim("acr", json!([value])))
        }),
        unreadable("step-up-acr-true", High, "acr is true", |s| s.to_step_up_route(|t| t.claim("acr", true))),
    ]
}

fn ages() -> Vec<Case> {
    let refused = |id, severity, title, call| {
        S.attack(id, severity, title, AUTHENTICATION_AGE.at("R145 R146"), STEP_UP_ASKED_FOR, call)
    };
    let accepted =
        |id, severity, title, call| S.accept(id, severity, title, AUTHENTICATION_AGE.at("R145 R146"), call);
    let cases = vec![
        // Seconds pass until a request arrives.
        accepted("step-up-age-edge", High, "the login is 5 s younger than it must be", |s| {
            authenticated(s, s.ago(s.max_age().saturating_sub(5)).as_secs())
        }),
        accepted("step-up-age-half", High, "the login is half as old as it may be", |s| {
            authenticated(s, s.ago(s.max_age() / 2).as_secs())
        }),
        S.accept(
            "step-up-5-s-ahead",
            Medium,
            "the login was 5 s ahead, by the issuer's clock",
            SKEW.at("R15 R146"),
            |s| authenticated(s, s.ahead(5).as_secs()),
        ),
        refused("step-up-auth-time-absent", Critical, "the token has no auth_time", |s| {
            s.to_step_up_route(|t| t.without_claim("auth_time"))
        }),
        refused("step-up-stale", Critical, "the login was an hour too early", |s| {
            authenticated(s, s.ago(s.max_age().saturating_add(3600)).as_secs())
        }),
        refused("step-up-stale-by-two-minutes", High, "the login was two minutes too early", |s| {
            authenticated(s, s.ago(s.max_age().saturating_add(120)).as_secs())
        }),
        refused("step-up-auth-time-zero", Critical, "auth_time is 0", |s| authenticated(s, 0)),
        refused("step-up-auth-time-ahead", High, "auth_time is an hour ahead", |s| {
            authenticated(s, s.ahead(3600).as_secs())
        }),
        unreadable(
            "step-up-auth-time-far-ahead",
            High,
            "auth_time is in milliseconds, and so far ahead",
            |s| authenticated(s, s.now().as_secs().saturating_mul(1000)),
        ),
        unreadable("step-up-auth-time-text", Medium, "auth_time is a text", |s| {
            let now = s.now().as_secs().to_string();
            s.to_step_up_route(|t| t.claim("auth_time", now))
        }),
        unreadable("step-up-auth-time-negative", High, "auth_time is negative", |s| {
            s.to_step_up_route(|t| t.claim("auth_time", -1))
        }),
    ];
    cases.into_iter().map(|case| case.needs(MaxAge)).collect()
}

fn answers() -> Vec<Case> {
    let answer = |id, title, numbers, conditions| {
        S.attack(id, Low, title, STEP_UP.at(numbers), STEP_UP_ASKED_FOR.with(conditions), without_login)
    };
    vec![
        answer("step-up-answer-acr-values", "no login: what acr should be", "R145", &[ACR_VALUES_NAMED]),
        answer("step-up-answer-max-age", "no login: how old it may be", "R145", &[MAX_AGE_NAMED])
            .needs(MaxAge),
        answer("step-up-answer-quoted", "no login: the form of the challenge", "R35", &[PARAMETERS_QUOTED]),
        answer("step-up-answer-no-store", "no login: the answer is not cached", "R39", &[NO_STORE]),
    ]
}

/// RFC 9470 §9, R147
fn validation() -> Vec<Case> {
    let first = |id, severity, title, expectation, call| {
        S.attack(id, severity, title, STEP_UP_LAST.at("R147"), expectation, call)
    };
    vec![
        first("step-up-expired", High, "the token has expired, and there was no login", TOKEN_REFUSED, |s| {
            let (issued, expired) = (s.ago(900), s.ago(600));
            s.to_step_up_route(|t| {
                let token = t.without_claim("acr").without_claim("auth_time");
                token.issued_at(issued).claim("exp", expired.as_secs())
            })
        }),
        first(
            "step-up-without-login-and-proof",
            Low,
            "no login, and a proof for another URL",
            PROOF_REFUSED,
            |s| {
                let call = without_login(s);
                let proof = s.with_proof(|proof| proof.claim("htu", "https://other.example.com/"));
                let proof = proof.values("dpop").next().unwrap_or_default().to_owned();
                call.without("dpop").header("DPoP", proof)
            },
        )
        .needs(Proofs),
        first("step-up-without-token", Critical, "no token at all", UNAUTHENTICATED, |s| {
            s.to_step_up_route(|t| t).without("authorization").without("dpop")
        }),
    ]
}

fn unreadable(id: &'static str, severity: Severity, title: &'static str, call: MakeCall) -> Case {
    S.attack(id, severity, title, AUTHENTICATION_LEVEL.at("R146"), AUTHENTICATION_UNREADABLE, call)
}

fn acr(s: &Scene, value: &str) -> Call {
    s.to_step_up_route(|t| t.claim("acr", value))
}

fn authenticated(s: &Scene, time: u64) -> Call {
    s.to_step_up_route(|t| t.claim("auth_time", time))
}

/// A token that says nothing about the user's authentication, such as that of a client that acts for itself.
fn without_login(s: &Scene) -> Call {
    s.to_step_up_route(|t| t.without_claim("acr").without_claim("auth_time"))
}
