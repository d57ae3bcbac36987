//! Every case comes out as expected against the project's own layer under the profiles of other ecosystems.

use std::sync::Arc;

use fapi_core::UnixTime;
use fapi_testkit::ManualClock;
use fapi_testkit::catalogue::{CatalogueIssuer, Profile};
use fapi_testkit::conform::run;

use crate::api::World;

fn helseid() -> World {
    let clock = ManualClock::at(UnixTime::from_secs(1_750_000_000));
    let issuer = CatalogueIssuer::new("https://helseid-sts.test.nhn.no", Profile::Helseid);
    World { issuer: issuer.with_clock(Arc::new(clock.clone())), clock }
}

#[tokio::test]
async fn nothing_is_found_under_helseid() {
    let world = helseid();
    let api = world.api(|builder| builder.profile(fapi_core::Profile::helseid_test()));
    let options = world.options().profile(Profile::Helseid);
    let report = run(api, world.issuer.clone(), options).await.unwrap();
    report.assert_passed();
    assert!(report.summary.passed > 400, "{:?}", report.summary);
}

// The expectations of HelseID are others than those of FAPI 2.0: a strict API fails them.
#[tokio::test]
async fn a_strict_api_is_no_helseid_api() {
    let world = World::new();
    let options = world.options().profile(Profile::Helseid);
    let report = run(world.api(|builder| builder), world.issuer.clone(), options).await.unwrap();
    let failed: Vec<_> = report.failures().iter().map(|outcome| outcome.case.id).collect();
    for id in ["token-typ-jwt-helseid", "token-sub-absent-helseid", "proof-rs256-helseid"] {
        assert!(failed.contains(&id), "{id} is not among {failed:?}");
    }
}

// They accept nothing that FAPI 2.0 does not, and so must pass as it.
#[tokio::test]
async fn nothing_is_found_under_atproto_and_mcp() {
    let world = World::new();
    let api = world.api(|builder| builder.profile(fapi_core::Profile::atproto()));
    let options = world.options().nonces_required();
    run(api, world.issuer.clone(), options).await.unwrap().assert_passed();

    let world = World::new();
    let api = world.api(|builder| {
        builder.profile(fapi_core::Profile::mcp()).scopes_supported(["tools:list", "tools:call"])
    });
    run(api, world.issuer.clone(), world.options()).await.unwrap().assert_passed();
}
