//! Security events of the issuer, which the API receives and acts on: R161-R167. Those that it must refuse are in
//! `security_events_refused`.

use serde_json::json;

use super::rules::{EVENT, EVENT_AGAIN, EVENT_ANSWER, SESSION, SUBSTITUTION};
use crate::SecurityEventBuilder;
use crate::catalogue::MakeCall;
use crate::catalogue::case::Case;
use crate::catalogue::condition::EMPTY;
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{ACCEPTED, EVENT_RECEIVED, TOKEN_REFUSED};
use crate::catalogue::group::Group::Revocation as R;
use crate::catalogue::group::Need::{Issuer, SecurityEvents};
use crate::catalogue::group::Severity::{Critical, High, Low, Medium};
use crate::catalogue::scene::Scene;
use crate::encoding::unique_id;
use crate::subject;

pub(super) fn cases() -> Vec<Case> {
    let cases = [revoked(), understood()].concat();
    let cases = cases.into_iter().map(|case| case.needs(SecurityEvents));
    cases.chain([event_as_token()]).collect()
}

/// R167: who may send events must not be able to call the API with them.
fn event_as_token() -> Case {
    R.attack(
        "event-as-token",
        Critical,
        "a security event in place of the token",
        SUBSTITUTION.at("R107 R167"),
        TOKEN_REFUSED,
        |s| {
            let user = subject::iss_sub(s.issuer().identifier(), "alice");
            let event = s.issuer().issuer().session_revoked(user).audience(s.audience());
            let (method, value) = s.confirmation();
            let confirmation = json!({method: value});
            let event = event.claim("sub", "alice").claim("client_id", "client").claim("scope", s.scope());
            s.with_token_text(&event.claim("exp", s.ahead(300).as_secs()).claim("cnf", confirmation).sign())
        },
    )
    .needs(Issuer)
}

/// A request of a user about whom no other case has an event.
pub(super) fn somebody(s: &Scene) -> Call {
    s.with_token(|t| t.subject(&format!("user-{}", unique_id())))
}

/// That the sessions of the user of the first request are revoked.
pub(super) fn session_revoked(
    s: &Scene,
    change: impl FnOnce(SecurityEventBuilder) -> SecurityEventBuilder,
) -> Call {
    let user = s.first_token_claim("sub");
    let user = subject::iss_sub(s.issuer().identifier(), user.as_str().unwrap_or_default());
    let event = s.issuer().issuer().session_revoked(user).audience(s.audience());
    s.security_event(&change(event).sign())
}

fn revoked() -> Vec<Case> {
    vec![
        R.attack(
            "event-session-revoked",
            High,
            "a token of a user whose sessions are revoked after its first use",
            SESSION.at("R4 R162 R163"),
            ACCEPTED,
            somebody,
        )
        .then(EVENT_RECEIVED, |s| session_revoked(s, |event| event))
        .then(TOKEN_REFUSED, Scene::same_token),
        R.attack(
            "event-token-revoked",
            Medium,
            "a token that an event revokes by its jti",
            SESSION.at("R4 R163"),
            ACCEPTED,
            somebody,
        )
        .then(EVENT_RECEIVED, |s| {
            let token = s.first_token_claim("jti");
            let token = subject::jwt_id(s.issuer().identifier(), token.as_str().unwrap_or_default());
            let event = s.issuer().issuer().session_revoked(token).audience(s.audience());
            s.security_event(&event.sign())
        })
        .then(TOKEN_REFUSED, Scene::same_token),
        R.attack(
            "event-twice",
            Medium,
            "an event that arrives twice",
            EVENT_AGAIN.at("R165"),
            ACCEPTED,
            somebody,
        )
        .then(EVENT_RECEIVED, |s| session_revoked(s, |event| event))
        .then(EVENT_RECEIVED, Scene::previous)
        .then(TOKEN_REFUSED, Scene::same_token),
        R.accept(
            "event-verification",
            Medium,
            "an event by which the issuer tries whether it gets through",
            EVENT.at("R166"),
            |s| {
                let event = s.issuer().issuer().verification("stream").audience(s.audience());
                s.security_event(&event.sign())
            },
        )
        .expecting(EVENT_RECEIVED),
        R.accept(
            "event-of-other-user",
            High,
            "a token of a user, after the sessions of another one are revoked",
            SESSION.at("R163"),
            somebody,
        )
        .then(EVENT_RECEIVED, |s| {
            let other = subject::iss_sub(s.issuer().identifier(), &format!("user-{}", unique_id()));
            let event = s.issuer().issuer().session_revoked(other).audience(s.audience());
            s.security_event(&event.sign())
        })
        .then(ACCEPTED, Scene::same_token),
    ]
}

/// Events in other forms that are right.
fn understood() -> Vec<Case> {
    let revokes = |id, title, event: MakeCall| {
        let case = R.attack(id, Medium, title, EVENT.at("R161"), ACCEPTED, somebody);
        case.then(EVENT_RECEIVED, event).then(TOKEN_REFUSED, Scene::same_token)
    };
    let changes_nothing = |id, title, numbers, event: MakeCall| {
        let case = R.accept(id, Medium, title, SESSION.at(numbers), somebody);
        case.then(EVENT_RECEIVED, event).then(ACCEPTED, Scene::same_token)
    };
    vec![
        revokes("event-aud-array", "an event for several receivers", |s| {
            let audience = s.audience().to_owned();
            session_revoked(s, |event| event.claim("aud", json!(["https://other.example.com", audience])))
        }),
        revokes("event-typ-full", "an event of the type application/secevent+jwt", |s| {
            session_revoked(s, |event| event.header("typ", "application/secevent+jwt"))
        }),
        revokes("event-more-claims", "an event with txn and claims that nobody knows", |s| {
            session_revoked(s, |event| event.claim("txn", "8675309").claim("x_more", json!({"a": [null]})))
        }),
        changes_nothing("event-of-unknown-kind", "an event that nobody knows", "R163", |s| {
            let user = s.first_token_claim("sub");
            let user = subject::iss_sub(s.issuer().identifier(), user.as_str().unwrap_or_default());
            let event = s.issuer().issuer().verification("stream").audience(s.audience()).subject(user);
            let events = json!({"https://schemas.example.com/event-type/coffee-ready": {}});
            s.security_event(&event.claim("events", events).sign())
        }),
        R.accept(
            "event-answer-empty",
            Low,
            "an event that holds: the answer has no content",
            EVENT_ANSWER.at("R165"),
            |s| {
                let event = s.issuer().issuer().verification("stream").audience(s.audience());
                s.security_event(&event.sign())
            },
        )
        .expecting(EVENT_RECEIVED.with(&[EMPTY])),
    ]
}
