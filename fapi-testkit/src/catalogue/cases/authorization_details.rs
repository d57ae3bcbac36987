//! Whether an authorization detail of the token grants what the route does (RFC 9396): R148.

use serde_json::{Value, json};

use super::rules::{DETAILS, DETAILS_ARRAY, DETAILS_LOCATIONS, DETAILS_MEMBERS};
use crate::catalogue::case::Case;
use crate::catalogue::condition::{NO_STORE, SCOPE_NAMED};
use crate::catalogue::expectation::{DETAILS_REFUSED, DETAILS_UNREADABLE, UNAUTHENTICATED};
use crate::catalogue::group::Group::Scope as S;
use crate::catalogue::group::Need::{DetailsRoute, Issuer};
use crate::catalogue::group::Severity::{Critical, High, Low, Medium};

/// Where another resource server is.
const ELSEWHERE: &str = "https://other.example.com";

pub(super) fn cases() -> Vec<Case> {
    let cases = [granted(), not_granted(), locations(), unreadable()].concat();
    cases.into_iter().map(|case| case.needs(Issuer).needs(DetailsRoute)).collect()
}

fn granted() -> Vec<Case> {
    let granted = |id, severity, title, call| S.accept(id, severity, title, DETAILS.at("R148"), call);
    vec![
        granted("details-sufficient", High, "the token has the detail", |s| {
            s.with_details(|detail| json!([detail.to_json()]))
        }),
        granted("details-first", High, "the detail is the first of three", |s| {
            s.with_details(|detail| json!([detail.to_json(), other(), other()]))
        }),
        granted("details-last", High, "the detail is the last of three", |s| {
            s.with_details(|detail| json!([other(), other(), detail.to_json()]))
        }),
        granted("details-twice", Medium, "the detail is there twice", |s| {
            s.with_details(|detail| json!([detail.to_json(), detail.to_json()]))
        }),
        granted("details-beside-rich", Medium, "a detail of another type has all common members", |s| {
            s.with_details(|detail| json!([rich(), detail.to_json()]))
        }),
        granted("details-of-twenty", Medium, "the detail is the last of twenty", |s| {
            s.with_details(|detail| {
                let others = std::iter::repeat_with(other).take(19);
                others.chain([detail.to_json()]).collect()
            })
        }),
    ]
}

fn not_granted() -> Vec<Case> {
    let refused =
        |id, severity, title, call| S.attack(id, severity, title, DETAILS.at("R148"), DETAILS_REFUSED, call);
    vec![
        refused("details-absent", Critical, "the token has no authorization_details", |s| {
            s.to_details_route(|t| t)
        }),
        refused("details-empty", Critical, "authorization_details is an empty array", |s| {
            s.with_details(|_| json!([]))
        }),
        refused("details-other-type", Critical, "a detail of another type", |s| {
            s.with_details(|detail| json!([detail.with("type", "other").to_json()]))
        }),
        refused("details-type-longer", High, "the type continues", |s| {
            s.with_details(|detail| {
                let kind = format!("{}s", detail.kind());
                json!([detail.with("type", kind).to_json()])
            })
        }),
        refused("details-type-case", High, "the type in another case", |s| {
            s.with_details(|detail| {
                let (lower, upper) = (detail.kind().to_ascii_lowercase(), detail.kind().to_ascii_uppercase());
                let kind = if lower == detail.kind() { upper } else { lower };
                json!([detail.with("type", kind).to_json()])
            })
        }),
        refused("details-in-scope", High, "the type in scope, and no detail", |s| {
            let scope = format!("{} {}", s.scope(), s.detail().kind());
            s.to_details_route(|t| t.scope(&scope))
        }),
        refused("details-in-other-claim", High, "the detail in another claim", |s| {
            let details = json!([s.detail().to_json()]);
            s.to_details_route(|t| t.claim("authorization_detail", details))
        }),
        S.attack(
            "details-unknown-member",
            Medium,
            "the detail has a member that nobody knows",
            DETAILS_MEMBERS.at("R148"),
            DETAILS_REFUSED,
            |s| s.with_details(|detail| json!([detail.with("unheard_of", "only on Sundays").to_json()])),
        ),
        refused("details-answer", Low, "no detail: the challenge", |s| s.to_details_route(|t| t))
            .expecting(DETAILS_REFUSED.with(&[SCOPE_NAMED])),
        refused("details-answer-no-store", Low, "no detail: the answer is not cached", |s| {
            s.to_details_route(|t| t)
        })
        .expecting(DETAILS_REFUSED.with(&[NO_STORE])),
        refused("details-without-token", Critical, "no token at all", |s| {
            s.to_details_route(|t| t).without("authorization").without("dpop")
        })
        .expecting(UNAUTHENTICATED),
    ]
}

fn locations() -> Vec<Case> {
    let granted = |id, title, call| S.accept(id, Medium, title, DETAILS_LOCATIONS.at("R148"), call);
    let refused = |id, severity, title, call| {
        S.attack(id, severity, title, DETAILS_LOCATIONS.at("R148"), DETAILS_REFUSED, call)
    };
    vec![
        granted("details-here", "the detail is for this API", |s| s.detail_at(&[s.audience()])),
        granted("details-here-and-elsewhere", "the detail is for this API and another one", |s| {
            s.detail_at(&[ELSEWHERE, s.audience()])
        }),
        granted("details-elsewhere-and-here", "one detail for another API, and one for this one", |s| {
            let here = s.audience().to_owned();
            s.with_details(|detail| {
                let there = detail.clone().with("locations", json!([ELSEWHERE])).to_json();
                json!([there, detail.with("locations", json!([here])).to_json()])
            })
        }),
        refused("details-elsewhere", Critical, "the detail is for another API", |s| {
            s.detail_at(&[ELSEWHERE])
        }),
        refused("details-location-longer", High, "the location continues", |s| {
            s.detail_at(&[&format!("{}.evil.example.com", s.audience())])
        }),
    ]
}

fn unreadable() -> Vec<Case> {
    let unreadable = |id, severity, title, call| {
        S.attack(id, severity, title, DETAILS_ARRAY.at("R148"), DETAILS_UNREADABLE, call)
    };
    vec![
        unreadable("details-no-array", Medium, "authorization_details is the detail itself", |s| {
            s.with_details(|detail| detail.to_json())
        }),
        unreadable("details-in-text", Medium, "authorization_details is a text that holds the JSON", |s| {
            s.with_details(|detail| json!(json!([detail.to_json()]).to_string()))
        }),
        unreadable(
            "details-of-texts",
            High,
            "authorization_details is an array with the type as a text",
            |s| s.with_details(|detail| json!([detail.kind()])),
        ),
        unreadable("details-true", High, "authorization_details is true", |s| {
            s.with_details(|_| json!(true))
        }),
        unreadable("details-without-type", High, "the detail has no type", |s| {
            s.with_details(|detail| json!([detail.without("type").to_json()]))
        }),
        unreadable("details-type-array", Medium, "the type is an array", |s| {
            s.with_details(|detail| {
                let kind = json!([detail.kind()]);
                json!([detail.with("type", kind).to_json()])
            })
        }),
        unreadable("details-locations-text", Medium, "locations is a text that names another API", |s| {
            s.with_details(|detail| json!([detail.with("locations", ELSEWHERE).to_json()]))
        }),
    ]
}

/// A detail that grants nothing here.
fn other() -> Value {
    json!({"type": "https://example.com/other", "actions": ["read"]})
}

/// RFC 9396 §2.2: the common data fields.
fn rich() -> Value {
    json!({
        "type": "https://example.com/rich",
        "locations": [ELSEWHERE],
        "actions": ["read", "write"],
        "datatypes": ["contacts"],
        "identifier": "account-14-32-32-3",
        "privileges": ["admin"],
        "deep": {"er": [{"still": null}]},
    })
}
