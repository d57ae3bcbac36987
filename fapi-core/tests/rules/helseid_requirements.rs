//! What HelseID's APIs ask of a caller, and what the log says of one that does not meet it.

use fapi_core::helseid::{self, HelseIdClaims, Tenancy};
use fapi_core::{Error, NoClaims, Requirement, ResourceServerBuilder};
use fapi_testkit::TokenBuilder;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::helseid::{machine_token, request, world, world_with};
use crate::helseid_claims::of_user;
use crate::logging::Log;
use crate::world::{Request, World};

/// What the log says of a token that does not meet the requirement; `None` if it does.
async fn unmet(
    world: &World,
    requirement: &Requirement,
    change: impl FnOnce(TokenBuilder) -> TokenBuilder,
) -> Option<String> {
    let verified = world.accepted(&request(world, change)).await;
    match verified.check(requirement) {
        Ok(()) => None,
        Err(rejection) => {
            assert_eq!(rejection.status(), 403);
            Some(rejection.error().to_string())
        }
    }
}

async fn unmet_by_machine(world: &World, requirement: &Requirement) -> Option<String> {
    let token = machine_token(world).sign();
    let verified = world.accepted(&Request::dpop(&token, world.proof(&token).sign())).await;
    verified.check(requirement).err().map(|rejection| rejection.error().to_string())
}

fn says(unmet: Option<String>, words: &str) {
    assert!(unmet.as_deref().is_some_and(|unmet| unmet.contains(words)), "{unmet:?} does not say {words:?}");
}

// R5, R19: no scope says whether there is a user.
#[tokio::test]
async fn machine_to_machine() {
    let world = world();
    let requirement = helseid::machine_to_machine();
    assert_eq!(unmet_by_machine(&world, &requirement).await, None);
    says(unmet(&world, &requirement, |token| token).await, "machine-to-machine");
    let no_sub = |token: TokenBuilder| token.without_claim("sub");
    says(unmet(&world, &requirement, no_sub).await, "machine-to-machine");
    // Any one claim about a user is enough, also one that cannot be read.
    for (name, value) in of_user() {
        let mut values = vec![value];
        // These two are read by the verifier itself, which refuses other forms.
        if !["sid", "auth_time"].contains(&name) {
            values.push(json!([{"of": "another form"}]));
        }
        for value in values {
            let token = machine_token(&world).claim(name, value.clone()).sign();
            let verified = world.accepted(&Request::dpop(&token, world.proof(&token).sign())).await;
            assert!(verified.check(&requirement).is_err(), "{name}");
            // R146: where that cannot be read, nobody knows that there is a user either.
            let user = json!([{"of": "another form"}]) != value;
            let opposite = Requirement::not(helseid::machine_to_machine());
            assert_eq!(verified.check(&opposite).is_ok(), user, "{name}");
        }
    }
}

// R5, P44: four reasons, four names.
#[tokio::test]
async fn a_user_at_security_level_4() {
    const LEVEL: &str = "helseid://claims/identity/security_level";
    let world = world();
    let requirement = helseid::user_at_level(4);
    assert_eq!(unmet(&world, &requirement, |token| token).await, None);
    assert_eq!(unmet(&world, &requirement, |token| token.claim(LEVEL, 4)).await, None);
    says(unmet(&world, &requirement, |token| token.claim(LEVEL, "3")).await, "at security level 4 or above");
    says(unmet(&world, &requirement, |token| token.without_claim(LEVEL)).await, "Selvbetjening");
    // It is there: nobody is sent to the registration of the API. P44: its name, never its value.
    for unreadable in [json!("Level4"), json!(["4"]), json!(true)] {
        let said = unmet(&world, &requirement, |token| token.claim(LEVEL, unreadable.clone())).await.unwrap();
        assert!(said.contains("security_level can be read") && said.contains(LEVEL), "{said}");
        assert!(!said.contains("Selvbetjening") && !said.contains("Level4"), "{said}");
    }
    says(unmet_by_machine(&world, &requirement).await, "a user is logged on");
}

// R5
#[tokio::test]
async fn organisations_suppliers_and_health_workers() {
    const PARENT: &str = "helseid://claims/client/claims/orgnr_parent";
    const CHILD: &str = "helseid://claims/client/claims/orgnr_child";
    const SUPPLIER: &str = "helseid://claims/client/claims/orgnr_supplier";
    const HPR: &str = "helseid://claims/hpr/hpr_number";
    let world = world();
    assert_eq!(unmet(&world, &helseid::parent_organisation(), |token| token).await, None);
    let without = |token: TokenBuilder| token.without_claim(PARENT);
    says(unmet(&world, &helseid::parent_organisation(), without).await, "orgnr_parent");
    says(unmet(&world, &helseid::child_organisation(), |token| token).await, "orgnr_child");
    let with = |token: TokenBuilder| token.claim(CHILD, "922734046");
    assert_eq!(unmet(&world, &helseid::child_organisation(), with).await, None);
    assert_eq!(unmet(&world, &helseid::hpr_number(), |token| token).await, None);
    let null = |token: TokenBuilder| token.claim(HPR, Value::Null);
    says(unmet(&world, &helseid::hpr_number(), null).await, "no health worker");
    let listed = helseid::supplier(["994598759"]);
    assert_eq!(unmet(&world, &listed, |token| token).await, None);
    says(unmet(&world, &listed, |token| token.claim(SUPPLIER, "994598750")).await, "on the API's list");
    says(unmet(&world, &listed, |token| token.without_claim(SUPPLIER)).await, "not multi-tenant");
    let nobody = helseid::supplier::<&str>([]);
    says(unmet(&world, &nobody, |token| token).await, "on the API's list");
}

// R5, R146: the spellings of tenancy, and that a supplier settles it.
#[tokio::test]
async fn tenancy_is_read_in_every_spelling() {
    const TENANCY: &str = "helseid://claims/client/client_tenancy";
    const OTHER: &str = "helseid://claims/client/claims/client_tenancy";
    const SUPPLIER: &str = "helseid://claims/client/claims/orgnr_supplier";
    let world = world();
    let (single, multi) = (helseid::tenancy(Tenancy::Single), helseid::tenancy(Tenancy::Multi));
    for value in ["single-tenant", "single"] {
        let own = |token: TokenBuilder| token.without_claim(SUPPLIER).claim(TENANCY, value);
        assert_eq!(unmet(&world, &single, own).await, None, "{value}");
        says(unmet(&world, &multi, own).await, "the tenancy of the client is Multi");
    }
    let renamed =
        |token: TokenBuilder| token.without_claim(SUPPLIER).without_claim(TENANCY).claim(OTHER, "multi");
    assert_eq!(unmet(&world, &multi, renamed).await, None);
    assert_eq!(unmet(&world, &multi, |token| token.without_claim(TENANCY)).await, None);
    says(unmet(&world, &single, |token| token.claim(TENANCY, "single-tenant")).await, "is Single");
    let absent = |token: TokenBuilder| token.without_claim(SUPPLIER).without_claim(TENANCY);
    says(unmet(&world, &single, absent).await, "Selvbetjening");
    let unreadable = |token: TokenBuilder| token.without_claim(SUPPLIER).claim(TENANCY, "Single-Tenant");
    says(unmet(&world, &single, unreadable).await, "client_tenancy can be read");
    // R146: for SFM, a client that does not say so is single-tenant; one that says what cannot be read is not.
    let as_sfm = Requirement::not(multi);
    assert_eq!(unmet(&world, &as_sfm, absent).await, None);
    assert!(unmet(&world, &as_sfm, unreadable).await.is_some());
    assert!(unmet(&world, &as_sfm, |token| token).await.is_some());
    let list = |token: TokenBuilder| token.claim(SUPPLIER, json!(["994598759"]));
    assert!(unmet(&world, &as_sfm, list).await.is_some());
}

/// The claims type of an API that has claims of its own.
#[derive(Deserialize)]
struct Embedding {
    #[serde(flatten)]
    helseid: HelseIdClaims,
    ward: String,
}

impl AsRef<HelseIdClaims> for Embedding {
    fn as_ref(&self) -> &HelseIdClaims {
        &self.helseid
    }
}

type HelseId = helseid::Requirements<Embedding>;

// R5: every requirement, over a claims type that has HelseID's in it, and over HelseID's own.
#[tokio::test]
async fn requirements_over_an_apis_own_claims_type() {
    let embedding = world_with(|builder| builder.claims::<Embedding>());
    let plain = world();
    let suppliers = ["994598759"];
    for (own, of_helseid, met) in [
        (HelseId::user_at_level(4), helseid::user_at_level(4), true),
        (HelseId::user_at_level(5), helseid::user_at_level(5), false),
        (HelseId::hpr_number(), helseid::hpr_number(), true),
        (HelseId::parent_organisation(), helseid::parent_organisation(), true),
        (HelseId::child_organisation(), helseid::child_organisation(), false),
        (HelseId::tenancy(Tenancy::Multi), helseid::tenancy(Tenancy::Multi), true),
        (HelseId::tenancy(Tenancy::Single), helseid::tenancy(Tenancy::Single), false),
        (HelseId::supplier(suppliers), helseid::supplier(suppliers), true),
        (HelseId::machine_to_machine(), helseid::machine_to_machine(), false),
    ] {
        let with_ward = |token: TokenBuilder| token.claim("ward", "7");
        let refusal = unmet(&embedding, &own, with_ward).await;
        assert_eq!(refusal.is_none(), met, "{own:?}");
        assert_eq!(refusal, unmet(&plain, &of_helseid, |token| token).await);
    }
    let verified = embedding.accepted(&request(&embedding, |token| token.claim("ward", "7"))).await;
    let token = verified.access_token::<Embedding>().unwrap();
    assert_eq!((token.claims().ward.as_str(), token.claims().helseid.security_level()), ("7", Some(4)));
}

// R5: HelseID's claims are those of its profile; where another type was named, the log says which two there are.
#[tokio::test]
async fn the_claims_type_comes_with_the_profile() {
    let level = helseid::user_at_level(4);
    assert_eq!(unmet(&world(), &level, |token| token).await, None);
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    for (configured, built_with) in [
        (ResourceServerBuilder::claims::<Embedding> as fn(ResourceServerBuilder) -> _, "Embedding"),
        (ResourceServerBuilder::claims::<NoClaims>, "NoClaims"),
    ] {
        let world = world_with(configured);
        let start = log.take();
        assert!(start.iter().any(|line| line.contains("claims=") && line.contains(built_with)), "{start:?}");
        let verified = world.accepted(&request(&world, |token| token.claim("ward", "7"))).await;
        let rejection = verified.check(&level).unwrap_err();
        assert_eq!(rejection.status(), 500);
        assert!(matches!(rejection.error(), Error::ClaimsType { .. }), "{rejection:?}");
        let lines = log.take().join("\n");
        assert!(lines.contains("HelseIdClaims") && lines.contains(built_with), "{lines}");
    }
}
