//! Security events that the API must not act on, and how it says so: R161, R165, R166. Whoever can send events can end every
//! session.

use serde_json::json;

use super::rules::{EVENT, EVENT_ANSWER, EVENT_SENDER};
use super::security_events::{session_revoked, somebody};
use crate::SecurityEventBuilder;
use crate::catalogue::case::Case;
use crate::catalogue::cast::CatalogueIssuer;
use crate::catalogue::condition::{
    Condition, EVENT_ERROR, EVENT_ERROR_AUDIENCE, EVENT_ERROR_ISSUER, LANGUAGE_NAMED,
};
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{ACCEPTED, EVENT_OF_STRANGER, EVENT_REFUSED, EVENT_UNREADABLE};
use crate::catalogue::group::Group::Revocation as R;
use crate::catalogue::group::Need::SecurityEvents;
use crate::catalogue::group::Severity::{High, Low};
use crate::catalogue::scene::Scene;
use crate::catalogue::{Expectation, MakeCall, Rule};

pub(super) fn cases() -> Vec<Case> {
    let cases = [forged(), malformed(), strangers(), answers()].concat();
    cases.into_iter().map(|case| case.needs(SecurityEvents)).collect()
}

/// The token of somebody, of whom the event says that the session is over, is as good as before.
fn without_effect(
    id: &'static str,
    title: &'static str,
    rule: Rule,
    expectation: Expectation,
    event: MakeCall,
) -> Case {
    let case = R.accept(id, High, title, rule, somebody);
    case.then(expectation, event).then(ACCEPTED, Scene::same_token)
}

/// Nobody but the issuer may end a session.
fn forged() -> Vec<Case> {
    let refused = |id, title, event| without_effect(id, title, EVENT.at("R161 R165"), EVENT_REFUSED, event);
    vec![
        refused("event-signature-flipped", "an event whose signature does not verify revokes nothing", |s| {
            session_revoked(s, SecurityEventBuilder::with_flipped_signature)
        }),
        refused("event-signed-by-other", "an event that somebody else has signed revokes nothing", |s| {
            session_revoked(s, |event| event.signed_by(&s.keys().impostor))
        }),
        refused("event-alg-none", "an event with alg none revokes nothing", |s| {
            session_revoked(s, |event| event.header("alg", "none").with_flipped_signature())
        }),
        refused("event-typ-jwt", "an event of the type JWT revokes nothing", |s| {
            session_revoked(s, |event| event.header("typ", "JWT"))
        }),
        refused("event-typ-absent", "an event without a type revokes nothing", |s| {
            session_revoked(s, |event| event.without_header("typ"))
        }),
        refused("event-aud-other", "an event for another receiver revokes nothing", |s| {
            session_revoked(s, |event| event.audience("https://other.example.com"))
        }),
        refused("event-aud-absent", "an event for nobody revokes nothing", |s| {
            session_revoked(s, |event| event.without_claim("aud"))
        }),
        refused("event-iss-other", "an event of another issuer revokes nothing", |s| {
            session_revoked(s, |event| event.claim("iss", "https://other.example.com"))
        }),
        refused("event-is-no-jwt", "an event that is no JWT revokes nothing", |s| s.security_event("revoke")),
    ]
}

/// R161: the form keeps events from being taken for something else, and something else for events.
fn malformed() -> Vec<Case> {
    let refused = |id, title, event| without_effect(id, title, EVENT.at("R161"), EVENT_REFUSED, event);
    vec![
        refused("event-with-sub", "an event with a claim sub, as a token has", |s| {
            session_revoked(s, |event| event.claim("sub", "alice"))
        }),
        refused("event-with-exp", "an event with a claim exp, as a token has", |s| {
            session_revoked(s, |event| event.claim("exp", s.ahead(300).as_secs()))
        }),
        refused("event-jti-absent", "an event without jti", |s| {
            session_revoked(s, |event| event.without_claim("jti"))
        }),
        refused("event-iat-absent", "an event without iat", |s| {
            session_revoked(s, |event| event.without_claim("iat"))
        }),
        refused("event-of-none", "an event token without an event", |s| {
            session_revoked(s, |event| event.claim("events", json!({})))
        }),
        refused("event-of-two", "two events in one token", |s| {
            session_revoked(s, |event| event.event("https://schemas.example.com/event-type/other", json!({})))
        }),
        without_effect(
            "event-content-type-json",
            "an event as application/json",
            EVENT_ANSWER.at("R165"),
            EVENT_UNREADABLE,
            |s| {
                let call = session_revoked(s, |event| event).without("content-type");
                call.header("Content-Type", "application/json")
            },
        ),
    ]
}

/// R166: the signature says who has made an event; the header, who sends it.
fn strangers() -> Vec<Case> {
    fn authorized(s: &Scene, value: &str) -> Call {
        session_revoked(s, |event| event).without("authorization").header("Authorization", value)
    }
    const AGREED: &str = CatalogueIssuer::EVENTS_AUTHORIZATION;
    let refused =
        |id, title, event| without_effect(id, title, EVENT_SENDER.at("R166"), EVENT_OF_STRANGER, event);
    vec![
        refused("event-without-authorization", "an event without an Authorization header", |s| {
            session_revoked(s, |event| event).without("authorization")
        }),
        refused("event-authorization-empty", "an event with an empty Authorization header", |s| {
            authorized(s, "")
        }),
        refused("event-authorization-wrong", "an event with a wrong Authorization header", |s| {
            authorized(s, "Bearer somebody-else")
        }),
        refused("event-authorization-shorter", "the agreed Authorization without its last character", |s| {
            authorized(s, AGREED.get(..AGREED.len().saturating_sub(1)).unwrap_or_default())
        }),
        refused("event-authorization-longer", "the agreed Authorization and one character more", |s| {
            authorized(s, &format!("{AGREED}s"))
        }),
        refused("event-authorization-case", "the agreed Authorization in upper case", |s| {
            authorized(s, &AGREED.to_ascii_uppercase())
        }),
        refused("event-authorization-scheme-only", "the scheme of the agreed Authorization alone", |s| {
            authorized(s, AGREED.split(' ').next().unwrap_or_default())
        }),
        refused(
            "event-authorization-token",
            "the credentials of a client in place of the agreed ones",
            |s| authorized(s, &s.authorization(s.token())),
        ),
        refused("event-authorization-twice", "the agreed Authorization, and a wrong one after it", |s| {
            authorized(s, AGREED).header("Authorization", "Bearer somebody-else")
        }),
        refused("event-authorization-in-query", "the agreed Authorization in the query", |s| {
            let call = session_revoked(s, |event| event).without("authorization");
            let target = format!("{}?access_token=secret", call.target);
            call.target(&target)
        }),
    ]
}

/// R165: what the issuer can learn from a refusal.
fn answers() -> Vec<Case> {
    let answered = |id, title, conditions: &'static [Condition], event: MakeCall| {
        R.attack(id, Low, title, EVENT_ANSWER.at("R165"), EVENT_REFUSED.with(conditions), event)
    };
    vec![
        answered("event-error", "an event that is no JWT: the answer is a JSON error", &[EVENT_ERROR], |s| {
            s.security_event("revoke")
        }),
        answered(
            "event-error-language",
            "an event that is no JWT: the answer names its language",
            &[LANGUAGE_NAMED],
            |s| s.security_event("revoke"),
        ),
        answered(
            "event-error-audience",
            "an event for another receiver: the answer says so",
            &[EVENT_ERROR_AUDIENCE],
            |s| verification(s, |event| event.audience("https://other.example.com")),
        ),
        answered(
            "event-error-issuer",
            "an event of another issuer: the answer says so",
            &[EVENT_ERROR_ISSUER],
            |s| verification(s, |event| event.claim("iss", "https://other.example.com")),
        ),
    ]
}

fn verification(s: &Scene, change: impl FnOnce(SecurityEventBuilder) -> SecurityEventBuilder) -> Call {
    let event = s.issuer().issuer().verification("stream").audience(s.audience());
    s.security_event(&change(event).sign())
}
