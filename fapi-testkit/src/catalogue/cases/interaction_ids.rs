//! `x-fapi-interaction-id`: R24, P44. What is no UUID is never repeated; whether one is owed, and by whom, is for the
//! profile to say.

use super::answers::wrong;
use super::rules::{INTERACTION_ID, INTERACTION_ID_ECHOED, INTERACTION_ID_MADE, INTERACTION_ID_REQUIRED};
use crate::catalogue::case::Case;
use crate::catalogue::condition::{
    INTERACTION_ID as IDENTIFIED, INTERACTION_ID_ECHOED as ECHOED, INTERACTION_ID_MADE as MADE,
};
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{
    ACCEPTED, IDENTIFIER_MISSING, SURVIVED, TOKEN_MALFORMED, UNAUTHENTICATED,
};
use crate::catalogue::feature::Feature;
use crate::catalogue::group::Group::Credentials as C;
use crate::catalogue::group::Severity::{Low, Medium};
use crate::catalogue::interaction_id::{INTERACTION_ID as FIELD, new_interaction_id};

const SENT: &str = "93bac548-d2de-4546-b106-880a5018460d";

pub(super) fn cases() -> Vec<Case> {
    [uuids(), echoed(), made(), required()].concat()
}

/// The request with this identifier and no other.
fn identified(call: Call, id: &str) -> Call {
    call.without(FIELD).header(FIELD, id)
}

/// Of every API: whatever it answers is the request's, and a UUID.
fn uuids() -> Vec<Case> {
    vec![
        C.accept("interaction-id", Low, "x-fapi-interaction-id with a UUID", INTERACTION_ID.at("R24"), |s| {
            identified(s.valid(), SENT)
        })
        .expecting(ACCEPTED.with(&[IDENTIFIED])),
        C.attack(
            "interaction-id-refused",
            Low,
            "a wrong token, and x-fapi-interaction-id with a UUID",
            INTERACTION_ID.at("R24"),
            TOKEN_MALFORMED.with(&[IDENTIFIED]),
            |s| identified(wrong(s), SENT),
        ),
        C.attack(
            "interaction-id-no-uuid",
            Medium,
            "x-fapi-interaction-id that is no UUID",
            INTERACTION_ID.at("R24 P44"),
            SURVIVED.with(&[IDENTIFIED]),
            |s| identified(s.valid(), "<script>alert(1)</script>"),
        ),
        C.attack(
            "interaction-id-no-uuid-refused",
            Medium,
            "no credentials, and x-fapi-interaction-id that is no UUID",
            INTERACTION_ID.at("R24 P44"),
            UNAUTHENTICATED.with(&[IDENTIFIED]),
            |s| identified(s.bare(), "93bac548d2de4546b106880a5018460d"),
        ),
    ]
}

fn echoed() -> Vec<Case> {
    let cases = vec![
        C.accept(
            "interaction-id-echoed",
            Medium,
            "x-fapi-interaction-id, which comes back",
            INTERACTION_ID_ECHOED.at("R24"),
            |s| identified(s.valid(), &new_interaction_id()),
        )
        .expecting(ACCEPTED.with(&[ECHOED])),
        C.attack(
            "interaction-id-echoed-with-refusal",
            Medium,
            "a wrong token, and x-fapi-interaction-id, which comes back",
            INTERACTION_ID_ECHOED.at("R24"),
            TOKEN_MALFORMED.with(&[ECHOED]),
            |s| identified(wrong(s), &new_interaction_id()),
        ),
        C.attack(
            "interaction-id-echoed-with-challenge",
            Medium,
            "no credentials, and x-fapi-interaction-id, which comes back",
            INTERACTION_ID_ECHOED.at("R24"),
            UNAUTHENTICATED.with(&[ECHOED]),
            |s| identified(s.bare(), &new_interaction_id()),
        ),
        C.accept(
            "interaction-id-upper-case-echoed",
            Low,
            "a UUID in upper case, which comes back",
            INTERACTION_ID_ECHOED.at("R24"),
            |s| identified(s.valid(), &new_interaction_id().to_ascii_uppercase()),
        )
        .expecting(ACCEPTED.with(&[ECHOED])),
    ];
    cases.into_iter().map(|case| case.given(Feature::InteractionIdEchoed)).collect()
}

fn made() -> Vec<Case> {
    let cases = vec![
        C.accept(
            "interaction-id-made",
            Medium,
            "no x-fapi-interaction-id: the answer has a new one",
            INTERACTION_ID_MADE.at("R24"),
            |s| s.valid().without(FIELD),
        )
        .expecting(ACCEPTED.with(&[MADE])),
        C.attack(
            "interaction-id-made-for-refusal",
            Medium,
            "a wrong token and no x-fapi-interaction-id: the answer has a new one",
            INTERACTION_ID_MADE.at("R24"),
            TOKEN_MALFORMED.with(&[MADE]),
            |s| wrong(s).without(FIELD),
        ),
        C.attack(
            "interaction-id-made-for-challenge",
            Medium,
            "no credentials and no x-fapi-interaction-id: the answer has a new one",
            INTERACTION_ID_MADE.at("R24"),
            UNAUTHENTICATED.with(&[MADE]),
            |s| s.bare().without(FIELD),
        ),
    ];
    let made = |case: Case| case.given(Feature::InteractionIdMade).unless(Feature::InteractionIdRequired);
    cases.into_iter().map(made).collect()
}

/// Refused, and even then with one by which both sides find the request.
fn required() -> Vec<Case> {
    let missing = |id, title, call| {
        let expected = IDENTIFIER_MISSING.with(&[MADE]);
        let case = C.attack(id, Medium, title, INTERACTION_ID_REQUIRED.at("R24"), expected, call);
        case.given(Feature::InteractionIdRequired)
    };
    vec![
        missing("interaction-id-absent", "no x-fapi-interaction-id", |s| s.valid().without(FIELD)),
        missing("interaction-id-empty", "x-fapi-interaction-id is empty", |s| identified(s.valid(), "")),
        missing("interaction-id-wrong", "x-fapi-interaction-id is no UUID", |s| {
            identified(s.valid(), "request-1")
        }),
        missing("interaction-id-braces", "x-fapi-interaction-id is a UUID in braces", |s| {
            identified(s.valid(), &format!("{{{}}}", new_interaction_id()))
        }),
        missing("interaction-id-twice", "two x-fapi-interaction-id", |s| {
            identified(s.valid(), &new_interaction_id()).header(FIELD, new_interaction_id())
        }),
    ]
}
