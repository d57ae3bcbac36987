//! The claims of HelseID, one by one: their names, their forms, and what is done with other forms.

use fapi_core::Error;
use fapi_core::helseid::{AssuranceLevel, HelseIdClaims, Tenancy};
use serde_json::{Value, json};

use crate::helseid::{TEST_ISSUER, request, world};

/// What a claim reads as: text, or a list as JSON.
type Accessor = fn(&HelseIdClaims) -> Option<String>;

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// The claims that are text: name, value, accessor. Those of a user first.
const OF_USER: [(&str, &str, Accessor); 13] = [
    ("helseid://claims/identity/pid", "17056600574", |claims| owned(claims.pid())),
    ("helseid://claims/identity/pid_pseudonym", "tzto6g=", |claims| owned(claims.pid_pseudonym())),
    ("helseid://claims/identity/security_level", "4", |claims| {
        claims.security_level().map(|level| level.to_string())
    }),
    ("helseid://claims/identity/network", "helsenett", |claims| owned(claims.network())),
    ("helseid://claims/hpr/hpr_number", "431001110", |claims| owned(claims.hpr_number())),
    ("idp", "testidp-oidc", |claims| owned(claims.identity_provider())),
    ("amr", "pwd", |claims| claims.authentication_methods().next().map(str::to_owned)),
    ("sid", "9E10C7DFEDC83C39", |claims| owned(claims.session_id())),
    ("name", "Kari Nordmann", |claims| owned(claims.name())),
    ("given_name", "Kari", |claims| owned(claims.given_name())),
    ("middle_name", "Mellom", |claims| owned(claims.middle_name())),
    ("family_name", "Nordmann", |claims| owned(claims.family_name())),
    ("oldsub", "n57qJQ=", |claims| owned(claims.old_subject())),
];

const OF_CLIENT: [(&str, &str, Accessor); 14] = [
    ("helseid://claims/client/client_name", "A journal", |claims| owned(claims.client_name())),
    ("client_amr", "private_key_jwt", |claims| owned(claims.client_authentication_method())),
    ("helseid://claims/client/amr", "rsa_private_key", |claims| owned(claims.client_key_kind())),
    ("helseid://claims/client/claims/orgnr_parent", "917897468", |claims| {
        owned(claims.parent_organisation())
    }),
    ("helseid://claims/client/claims/orgnr_child", "922734046", |claims| owned(claims.child_organisation())),
    ("helseid://claims/client/claims/orgnr_supplier", "994598759", |claims| owned(claims.supplier())),
    ("helseid://claims/client/ec/orgnr_parent", "917897468", |claims| owned(claims.parent_organisation())),
    ("helseid://claims/client/ec/orgnr_child", "922734046", |claims| owned(claims.child_organisation())),
    ("helseid://claims/client/ec/exp", "2027-01-01", |claims| owned(claims.certificate_expiry())),
    ("helseid://claims/client/ec/common_name", "A HOSPITAL", |claims| {
        owned(claims.certificate_common_name())
    }),
    ("nhn:sfm:journal-id", "a99abfb4", |claims| owned(claims.journal_id())),
    ("nhn:sfm:journal_id", "a99abfb4", |claims| owned(claims.journal_id())),
    ("e-helse:sfm.api/client/claims/sfm-id", "ce75db36", |claims| owned(claims.sfm_id())),
    ("herid", "8094867", |claims| owned(claims.her_id())),
];

/// Claims about a user that are no plain text: a value that is read.
fn more_of_user() -> [(&'static str, Value); 3] {
    [
        ("helseid://claims/identity/assurance_level", json!("high")),
        ("helseid://claims/hpr/hpr_details", json!({"approvals": []})),
        ("auth_time", json!(1_716_473_563)),
    ]
}

/// Every claim about a user, with a value that is read.
pub(crate) fn of_user() -> impl Iterator<Item = (&'static str, Value)> {
    OF_USER.iter().map(|(name, value, _)| (*name, json!(value))).chain(more_of_user())
}

fn claims_of(claims: Value) -> HelseIdClaims {
    serde_json::from_value(claims).unwrap()
}

fn one(name: &str, value: impl Into<Value>) -> HelseIdClaims {
    claims_of(Value::Object([(name.to_owned(), value.into())].into_iter().collect()))
}

// R5: each claim under its own name, and no other.
#[test]
fn each_claim_has_its_name() {
    let all = || OF_USER.iter().chain(&OF_CLIENT);
    for (name, value, accessor) in all() {
        let claims = one(name, *value);
        assert_eq!(accessor(&claims).as_deref(), Some(*value), "{name}");
        assert_eq!(claims.unreadable().count(), 0, "{name}");
        // Nothing else is read from it, but under a second name of the same claim.
        let others = all().filter(|(_, _, other)| other(&claims).is_some()).count();
        let names = all().filter(|(other, _, _)| accessor(&one(other, *value)).is_some()).count();
        assert_eq!(others, names, "{name}");
    }
    let details = json!({"approvals": []});
    assert_eq!(one("helseid://claims/hpr/hpr_details", details.clone()).hpr_details(), Some(&details));
}

// R5, R19: any claim about a user says that there is one, whether it can be read or not.
#[test]
fn each_claim_about_a_user_says_that_there_is_one() {
    for (name, value) in of_user() {
        assert!(one(name, value).has_user(), "{name}");
        for unreadable in [json!({"a": [1]}), json!([[1]]), json!(true)] {
            assert!(one(name, unreadable.clone()).has_user(), "{name} {unreadable}");
        }
        for absent in [Value::Null, json!("")] {
            let absent_text = absent.is_null() || name != "helseid://claims/hpr/hpr_details";
            assert_eq!(one(name, absent).has_user(), !absent_text, "{name}");
        }
    }
    for (name, value, _) in OF_CLIENT {
        assert!(!one(name, value).has_user(), "{name}");
    }
}

// R5: forms that are in use: a number for its digits, one text for a list of one, and no value for none.
#[test]
fn the_forms_that_are_read() {
    const LEVEL: &str = "helseid://claims/identity/security_level";
    for (value, level) in [(json!("4"), 4), (json!(4), 4), (json!(4.0), 4), (json!("2"), 2)] {
        assert_eq!(one(LEVEL, value.clone()).security_level(), Some(level), "{value}");
    }
    assert_eq!(one("helseid://claims/hpr/hpr_number", 431_001_110).hpr_number(), Some("431001110"));
    for (value, methods) in [(json!(["pwd", "otp"]), vec!["pwd", "otp"]), (json!("pwd"), vec!["pwd"])] {
        assert_eq!(one("amr", value).authentication_methods().collect::<Vec<_>>(), methods);
    }
    for absent in [json!([]), json!(""), Value::Null] {
        let claims = one("amr", absent);
        assert_eq!((claims.authentication_methods().count(), claims.unreadable().count()), (0, 0));
    }
    for (text, level) in [
        ("low", AssuranceLevel::Low),
        ("substantial", AssuranceLevel::Substantial),
        ("high", AssuranceLevel::High),
    ] {
        let claims = one("helseid://claims/identity/assurance_level", text);
        assert_eq!(claims.assurance_level(), Some(level));
    }
    for name in ["helseid://claims/client/client_tenancy", "helseid://claims/client/claims/client_tenancy"] {
        for (text, tenancy) in [
            ("single", Tenancy::Single),
            ("single-tenant", Tenancy::Single),
            ("multi", Tenancy::Multi),
            ("multi-tenant", Tenancy::Multi),
            ("none", Tenancy::None),
        ] {
            assert_eq!(one(name, text).tenancy(), Some(tenancy), "{name} {text}");
        }
    }
}

// R5: a claim of another form refuses no token; it is neither read nor absent.
#[tokio::test]
async fn a_claim_of_another_form_is_unreadable() {
    let unreadable = [
        ("client_amr", json!(["private_key_jwt"])),
        ("name", json!({"first": "Kari"})),
        ("amr", json!([["pwd"]])),
        ("act", json!("front")),
        ("helseid://claims/hpr/hpr_details", json!("none")),
        ("helseid://claims/identity/pid", json!(["17056600574"])),
        ("helseid://claims/identity/security_level", json!("Level4")),
        ("helseid://claims/identity/security_level", json!(4.5)),
        ("helseid://claims/identity/security_level", json!(-4)),
        ("helseid://claims/identity/assurance_level", json!("High")),
        ("helseid://claims/client/client_tenancy", json!("Single-Tenant")),
        ("nhn:tillitsrammeverk:parameters", json!([])),
    ];
    let world = world();
    for (name, value) in unreadable {
        let claims = one(name, value.clone());
        assert_eq!(claims.unreadable().collect::<Vec<_>>(), [name], "{value}");
        let verified = world.accepted(&request(&world, |token| token.claim(name, value))).await;
        let token = verified.access_token::<HelseIdClaims>().unwrap();
        assert_eq!(token.claims().unreadable().collect::<Vec<_>>(), [name]);
    }
    // The first name of a claim counts, and is not made up for by the second.
    let both = claims_of(json!({
        "helseid://claims/client/claims/orgnr_parent": ["917897468"],
        "helseid://claims/client/ec/orgnr_parent": "999999999"
    }));
    assert_eq!(both.parent_organisation(), None);
    // What the verifier itself reads is as strict as ever.
    let list = request(&world, |token| token.claim("sid", json!(["a"])));
    assert_eq!(world.verify(&list).await, Err(Error::TokenClaimInvalid("sid")));
}

#[test]
fn the_trust_framework_in_its_spellings() {
    let claims = claims_of(json!({
        "nhn:tillitsrammeverk:parameters": {
            "practitioner": {"hpr_nr": {"id": "1"}, "auhtorization": {"code": "LE"}},
            "care_relation": {"purpose_of_use": {"code": "TREAT"}},
            "patients": [{"identifier": {"id": "17056600574"}}]
        },
        "act": {"iss": TEST_ISSUER, "client_id": "front", "orgnr_parent": "917897468", "act": {"client_id": "first"}},
        "unknown": {"a": 1}
    }));
    let framework = claims.trust_framework().unwrap();
    assert_eq!(framework.practitioner_authorization(), Some(&json!({"code": "LE"})));
    assert_eq!(framework.care_relationship(), Some(&json!({"purpose_of_use": {"code": "TREAT"}})));
    assert_eq!(framework.patients().count(), 1);
    assert_eq!(format!("{framework:?}"), "TrustFramework(..)");
    let actor = claims.actor().unwrap();
    assert_eq!((actor.client_id(), actor.parent_organisation()), (Some("front"), Some("917897468")));
    assert_eq!(actor.actor().unwrap().client_id(), Some("first"));
    assert!(actor.actor().unwrap().actor().is_none());
}
