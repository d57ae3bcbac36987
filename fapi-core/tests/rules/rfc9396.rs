//! Authorization details (RFC 9396): what was granted in detail, typed.

use std::collections::{BTreeMap, HashSet};

use fapi_core::{AccessToken, Error, NoClaims, Requirement};
use fapi_testkit::TokenBuilder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::world::{API, World, header};

const PAYMENT: &str = "payment_initiation";

#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Payment {
    creditor: String,
    amount: Amount,
    offset: Option<i64>,
}

#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Amount {
    currency: String,
    value: u64,
}

/// A detail that suffices.
fn payment() -> Value {
    json!({
        "type": PAYMENT,
        "creditor": "somebody",
        "amount": { "currency": "NOK", "value": 100 },
    })
}

fn payment_with(name: &str, value: Value) -> Value {
    let mut payment = payment();
    payment[name] = value;
    payment
}

fn in_kroner() -> Requirement {
    Requirement::authorization_details(PAYMENT, |payment: &Payment| payment.amount.currency == "NOK")
}

async fn token_with(world: &World, details: Value) -> AccessToken<NoClaims> {
    let change = |token: TokenBuilder| token.claim("authorization_details", details);
    world.accepted(&world.with_token(change)).await.access_token().unwrap()
}

async fn suffices(world: &World, requirement: &Requirement, details: Value) -> bool {
    let change = |token: TokenBuilder| token.claim("authorization_details", details);
    world.accepted(&world.with_token(change)).await.check(requirement).is_ok()
}

// R148: typed, for routes and for handlers.
#[tokio::test]
async fn a_detail_of_the_type_that_satisfies_is_granted() {
    let world = World::new();
    let negative = payment_with("offset", json!(-5));
    let details = json!([{ "type": "other", "creditor": 1 }, payment(), negative]);
    assert!(suffices(&world, &in_kroner(), details.clone()).await);
    let token = token_with(&world, details).await;
    let payments = token.authorization_details::<Payment>(PAYMENT);
    assert_eq!(payments.len(), 2);
    assert_eq!((payments[0].creditor.as_str(), payments[0].amount.value), ("somebody", 100));
    assert_eq!(payments[1].offset, Some(-5));
    assert_eq!(token.authorization_details::<Value>("nothing"), Vec::<Value>::new());
    let all = token.authorization_details::<Value>(PAYMENT);
    assert!(all[0].get("type").is_none(), "the type is known");
}

// R148, R32: 403 insufficient_scope; the log names the type.
#[tokio::test]
async fn without_a_fitting_detail_a_token_does_not_suffice() {
    let world = World::new();
    let euros = payment_with("amount", json!({ "currency": "EUR", "value": 1 }));
    for details in [json!([]), json!([{ "type": "Payment_Initiation" }]), json!([euros])] {
        assert!(!suffices(&world, &in_kroner(), details).await);
    }
    let rejection = world.accepted(&world.valid()).await.check(&in_kroner()).unwrap_err();
    assert_eq!(rejection.error(), &Error::InsufficientAuthorizationDetails(PAYMENT.into()));
    assert_eq!((rejection.status(), rejection.error_code()), (403, Some("insufficient_scope")));
    let challenge = header(&rejection, "www-authenticate").unwrap();
    let start = "DPoP error=\"insufficient_scope\", error_description=\"The request requires authorization details \
                 that the access token does not have\", algs=";
    assert!(challenge.starts_with(start), "{challenge}");
}

// R148: what is not understood may be a condition, at any depth.
#[tokio::test]
async fn a_detail_with_unknown_members_is_not_granted() {
    let world = World::new();
    let conditional = json!({ "currency": "NOK", "value": 100, "only_on": "Sundays" });
    for detail in [
        payment_with("not_before", json!("2026-01-01")),
        payment_with("amount", conditional),
        payment_with("amount", json!({ "currency": "NOK", "value": "100" })),
        payment_with("creditor", json!(null)),
    ] {
        assert!(!suffices(&world, &in_kroner(), json!([detail])).await, "{detail}");
        assert!(
            token_with(&world, json!([detail])).await.authorization_details::<Payment>(PAYMENT).is_empty()
        );
        // It can neither be told that it is not there: a detail beside it decides.
        assert!(!suffices(&world, &Requirement::not(in_kroner()), json!([detail])).await, "{detail}");
        assert!(suffices(&world, &in_kroner(), json!([detail, payment()])).await, "{detail}");
    }
    assert!(suffices(&world, &Requirement::not(in_kroner()), json!([])).await);
    assert!(!suffices(&world, &Requirement::not(in_kroner()), json!([payment()])).await);
}

/// An element in all the shapes in which serde drops members without a word.
#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
struct Consent {
    #[serde(flatten)]
    purpose: Purpose,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
    #[serde(default)]
    recurring: bool,
    #[serde(default)]
    accounts: Vec<Account>,
    #[serde(default)]
    labels: BTreeMap<String, u64>,
    #[serde(default)]
    channels: HashSet<String>,
    until: Option<Until>,
}

#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
struct Purpose {
    purpose: String,
    note: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "scheme")]
enum Account {
    #[serde(rename = "iban")]
    Iban { number: String },
    #[serde(rename = "card")]
    Card { last_digits: String },
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
enum Until {
    Day { year: u16, day: u16 },
    Second(u64),
}

const CONSENT: &str = "consent";

/// The elements that are granted, read as `T`.
async fn granted<T: DeserializeOwned + Serialize>(world: &World, mut detail: Value) -> Vec<T> {
    detail["type"] = json!(CONSENT);
    token_with(world, json!([detail])).await.authorization_details(CONSENT)
}

// R148: also where serde itself does not tell.
#[tokio::test]
async fn members_that_serde_drops_in_silence_are_noticed() {
    let world = World::new();
    for detail in [
        // In a flattened struct, or beside it.
        json!({ "purpose": "rent", "only_on": "Sundays" }),
        json!({ "purpose": "rent", "only_on": {} }),
        // In a tagged enum, and one of another variant.
        json!({ "purpose": "rent", "accounts": [{ "scheme": "iban", "number": "1", "most": 5 }] }),
        json!({ "purpose": "rent", "accounts": [{ "scheme": "iban", "number": "1", "last_digits": "1" }] }),
        json!({ "purpose": "rent", "accounts": [
            { "scheme": "card", "last_digits": "1" }, { "scheme": "iban", "number": "1", "most": [1] },
        ] }),
        // In an untagged enum.
        json!({ "purpose": "rent", "until": { "year": 2026, "day": 1, "hour": 12 } }),
    ] {
        assert_eq!(granted::<Consent>(&world, detail.clone()).await, [], "{detail}");
        assert_eq!(granted::<Value>(&world, detail).await.len(), 1);
    }
}

// R148: what is written in another way than it came is known all the same.
#[tokio::test]
async fn known_members_may_be_spelt_as_clients_do() {
    let world = World::new();
    let rent = || Purpose { purpose: "rent".to_owned(), note: None };
    let consent = || Consent { purpose: rent(), ..Consent::default() };
    for (detail, read) in [
        (json!({ "purpose": "rent" }), consent()),
        // Defaults that are spelt out, and nothing as `null`.
        (json!({ "purpose": "rent", "recurring": false, "labels": {}, "accounts": [] }), consent()),
        (json!({ "purpose": "rent", "limit": null, "until": null, "note": null }), consent()),
        // Numbers with and without a fraction; maps and sets in any order.
        (json!({ "purpose": "rent", "limit": 1 }), Consent { limit: Some(1.0), ..consent() }),
        (
            json!({ "labels": { "b": 2, "a": 1 }, "purpose": "rent", "channels": ["x", "y", "z", "x"] }),
            Consent {
                labels: [("a".to_owned(), 1), ("b".to_owned(), 2)].into(),
                channels: ["x", "y", "z"].map(str::to_owned).into(),
                ..consent()
            },
        ),
        (
            json!({ "purpose": "rent", "until": { "day": 1, "year": 2026 } }),
            Consent { until: Some(Until::Day { year: 2026, day: 1 }), ..consent() },
        ),
        (
            json!({ "purpose": "rent", "accounts": [{ "scheme": "card", "last_digits": "1" }] }),
            Consent { accounts: vec![Account::Card { last_digits: "1".to_owned() }], ..consent() },
        ),
    ] {
        assert_eq!(granted::<Consent>(&world, detail.clone()).await, [read], "{detail}");
    }
}

// R148: the price, as the documentation of `authorization_details` has it: what is not written as it is read is refused.
#[tokio::test]
async fn a_member_that_is_not_written_where_it_is_read_counts_as_unknown() {
    #[derive(Deserialize, Serialize)]
    struct Aliased {
        #[serde(alias = "IBAN")]
        iban: String,
    }
    #[derive(Deserialize, Serialize)]
    struct Secret {
        #[serde(skip_serializing)]
        #[allow(dead_code, reason = "it is read")]
        pin: String,
    }
    let world = World::new();
    assert_eq!(granted::<Aliased>(&world, json!({ "iban": "1" })).await.len(), 1);
    assert_eq!(granted::<Aliased>(&world, json!({ "IBAN": "1" })).await.len(), 0);
    assert_eq!(granted::<Secret>(&world, json!({ "pin": "1" })).await.len(), 0);
}

// R148: locations restrict a detail to the resource servers that they name.
#[tokio::test]
async fn a_detail_for_another_location_is_not_granted() {
    let world = World::new();
    let at = |locations: Value| json!([payment_with("locations", locations)]);
    assert!(suffices(&world, &in_kroner(), at(json!([API]))).await);
    assert!(suffices(&world, &in_kroner(), at(json!(["https://other.example.com", API]))).await);
    let longer = format!("{API}/");
    for locations in [json!([]), json!(["https://other.example.com"]), json!([longer])] {
        assert!(!suffices(&world, &in_kroner(), at(locations.clone())).await, "{locations}");
    }
}

// R148: a claim that is malformed anywhere makes an invalid token.
#[tokio::test]
async fn malformed_details_are_refused() {
    let world = World::new();
    let many = |count: usize| json!(vec![payment(); count]);
    let large = |bytes: usize| json!([{ "type": "t", "x": "a".repeat(bytes) }]);
    for details in [
        json!(null),
        json!("[]"),
        payment(),
        json!([payment(), "text"]),
        json!([payment(), {}]),
        json!([{ "type": "" }]),
        json!([{ "type": 1 }]),
        json!([payment_with("locations", json!(API))]),
        json!([payment_with("locations", json!([1]))]),
        many(65),
        large(8 * 1024),
    ] {
        let request = world.with_token(|token| token.claim("authorization_details", details.clone()));
        let expected = Err(Error::TokenClaimInvalid("authorization_details"));
        assert_eq!(world.verify(&request).await, expected, "{details}");
    }
    for details in [many(64), large(8 * 1024 - 8)] {
        let request = world.with_token(|token| token.claim("authorization_details", details));
        assert_eq!(world.verify(&request).await, Ok(()));
    }
}
