//! Authorization details (RFC 9396): what was granted in detail, typed.

use fapi_core::{AccessToken, Error, NoClaims, Requirement};
use fapi_testkit::TokenBuilder;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::world::{API, World, header};

const PAYMENT: &str = "payment_initiation";

#[derive(Debug, Deserialize, Eq, PartialEq)]
struct Payment {
    creditor: String,
    amount: Amount,
    offset: Option<i64>,
}

#[derive(Debug, Deserialize, Eq, PartialEq)]
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
