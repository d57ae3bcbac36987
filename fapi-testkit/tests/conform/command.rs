//! Tokens from a command.
#![cfg(unix)]

use fapi_core::{PeerCertificate, SenderConstraint};
use fapi_testkit::TestCertificate;
use fapi_testkit::conform::{CannotTest, Credentials, ServiceTarget, run_against};

use crate::api::World;

async fn failure(command: &str) -> CannotTest {
    failure_where(SenderConstraint::Either, command).await
}

async fn failure_where(constraint: SenderConstraint, command: &str) -> CannotTest {
    let world = World::new();
    let certificate = PeerCertificate::from_der(TestCertificate::generate().der());
    let target = ServiceTarget::new(world.api(|builder| builder)).with_certificate(certificate);
    let credentials = Credentials::Command(command.to_owned());
    let options = world.options().sender_constraint(constraint);
    run_against(&target, credentials, options, &mut |_| ()).await.unwrap_err()
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

// R72: of the certificate that the tokens are bound to, where they are bound to nothing else.
#[tokio::test]
async fn the_command_learns_the_thumbprint_of_the_certificate() {
    let command = r#"test -z "$FAPI_JKT" && test "${#FAPI_X5T_S256}" = 43 && echo "$FAPI_X5T_S256""#;
    let failure = failure_where(SenderConstraint::Mtls, command).await;
    assert!(matches!(failure, CannotTest::Refused { .. }), "{failure}");
    let CannotTest::NoTokens(_) = failure_where(SenderConstraint::Either, command).await else {
        panic!("the thumbprint of a certificate where keys are wanted")
    };
}
