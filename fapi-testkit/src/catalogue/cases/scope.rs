//! Whether the token suffices for the route: R5, R32, R33.

use serde_json::json;

use super::rules::SUFFICIENT;
use crate::catalogue::case::Case;
use crate::catalogue::condition::{NO_STORE, SCOPE_NAMED};
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{SCOPE_REFUSED, UNAUTHENTICATED};
use crate::catalogue::group::Group::Scope as S;
use crate::catalogue::group::Need::{Issuer, ScopeRoute};
use crate::catalogue::group::Severity::{Critical, High, Low, Medium};
use crate::catalogue::scene::Scene;

pub(super) fn cases() -> Vec<Case> {
    let refused = |id, severity, title, call| {
        S.attack(id, severity, title, SUFFICIENT.at("R5 R32"), SCOPE_REFUSED, call)
    };
    let sufficient = |id, title, call| S.accept(id, Medium, title, SUFFICIENT.at("R5"), call);
    let cases = vec![
        S.accept("scope-sufficient", High, "the token has the scope", SUFFICIENT.at("R5"), |s| {
            with(s, &scope(s))
        }),
        S.accept(
            "scope-among-others",
            High,
            "the token has the scope among others",
            SUFFICIENT.at("R5"),
            |s| with(s, &format!("other {} more", scope(s))),
        ),
        sufficient("scope-first", "the scope is the first of three", |s| {
            with(s, &format!("{} b c", scope(s)))
        }),
        sufficient("scope-last", "the scope is the last of three", |s| with(s, &format!("a b {}", scope(s)))),
        sufficient("scope-twice", "the scope is named twice", |s| with(s, &format!("{0} a {0}", scope(s)))),
        sufficient("scope-of-fifty", "the scope is the last of fifty", |s| {
            let others: Vec<_> = (0..49).map(|number| format!("scope:{number}")).collect();
            with(s, &format!("{} {}", others.join(" "), scope(s)))
        }),
        sufficient("scope-beside-longer", "a longer scope comes before the right one", |s| {
            with(s, &format!("{0}.more {0}", scope(s)))
        }),
        sufficient("scope-with-query", "the route is asked with a query", |s| {
            let call = with(s, &scope(s));
            let target = format!("{}?page=2", call.target);
            call.target(&target)
        }),
        refused("scope-other", Critical, "the token has another scope", |s| with(s, "other")),
        refused("scope-absent", Critical, "the token has no scope", |s| {
            s.to_scope_route(|t| t.without_claim("scope"))
        }),
        refused("scope-empty", Critical, "the token has an empty scope", |s| with(s, "")),
        refused("scope-longer", High, "the scope continues", |s| with(s, &format!("{}more", scope(s)))),
        refused("scope-prefix", High, "the scope is the beginning of the right one", |s| {
            let mut scope = scope(s);
            scope.pop();
            with(s, &scope)
        }),
        refused("scope-case", High, "the scope in upper case", |s| with(s, &scope(s).to_ascii_uppercase())),
        refused("scope-comma", Low, "scopes are separated by commas", |s| {
            with(s, &format!("other,{}", scope(s)))
        }),
        refused("scope-other-claim", High, "the scope in the claim scp, another one in scope", |s| {
            let scope = scope(s);
            s.to_scope_route(|t| t.scope("other").claim("scp", json!([scope])))
        }),
        refused("scope-wildcard", High, "the scope is an asterisk", |s| with(s, "*")),
        S.attack(
            "scope-answer",
            Low,
            "the token has another scope: the challenge",
            SUFFICIENT.at("R32 R33"),
            SCOPE_REFUSED.with(&[SCOPE_NAMED]),
            |s| with(s, "other"),
        ),
        S.attack(
            "scope-answer-no-store",
            Low,
            "the token has another scope: the answer is not cached",
            SUFFICIENT.at("R39"),
            SCOPE_REFUSED.with(&[NO_STORE]),
            |s| with(s, "other"),
        ),
        S.attack(
            "scope-without-token",
            Critical,
            "no token at all",
            SUFFICIENT.at("R30 R31"),
            UNAUTHENTICATED,
            |s| with(s, "other").without("authorization").without("dpop"),
        ),
    ];
    cases.into_iter().map(|case| case.needs(Issuer).needs(ScopeRoute)).collect()
}

fn scope(s: &Scene) -> String {
    s.setting.scope_route.as_ref().map(|route| route.scope.clone()).unwrap_or_default()
}

fn with(s: &Scene, scope: &str) -> Call {
    s.to_scope_route(|t| t.scope(scope))
}
