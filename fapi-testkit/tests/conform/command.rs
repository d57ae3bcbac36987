//! Tokens from a command.
#![cfg(unix)]

use fapi_testkit::conform::{CannotTest, Credentials, ServiceTarget, run_against};

use crate::api::World;

async fn failure(command: &str) -> CannotTest {
    let world = World::new();
    let target = ServiceTarget::new(world.api(|builder| builder));
    let credentials = Credentials::Command(command.to_owned());
    run_against(&target, credentials, world.options(), &mut |_| ()).await.unwrap_err()
}

#[tokio::test]
async fn a_command_that_fails_is_named() {
    let CannotTest::NoTokens(why) = failure("exit 3").await else { panic!("tokens from nowhere") };
    assert!(why.contains('3'), "{why}");
}

#[tokio::test]
async fn a_command_that_prints_nothing_is_named() {
    let CannotTest::NoTokens(why) = failure("true").await else { panic!("tokens from nowhere") };
    assert!(why.contains("nothing"), "{why}");
}

#[tokio::test]
async fn the_command_learns_the_thumbprint() {
    // What it prints is no token, so that the API refuses it; but it has been told whose token is wanted.
    let failure = failure(r#"test "${#FAPI_JKT}" = 43 && echo "$FAPI_JKT""#).await;
    assert!(matches!(failure, CannotTest::Refused { .. }), "{failure}");
}
