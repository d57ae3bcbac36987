//! SP 5.3.4-3 (R4) and R67: where revoked tokens are learnt of is part of every configuration.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fapi_core::{
    ConfigError, Error, Issuer, ResourceServer, Revocation, RevocationSource, RevocationUnavailable,
    TokenFacts, UnixTime,
};

use crate::world::{API, ISSUER, World};

/// Gives one answer to every question.
#[derive(Debug)]
struct Source(Result<bool, RevocationUnavailable>);

#[async_trait]
impl RevocationSource for Source {
    async fn is_revoked(&self, _: &TokenFacts, _: UnixTime) -> Result<bool, RevocationUnavailable> {
        self.0
    }
}

// R4
#[test]
fn the_choice_cannot_be_left_out() {
    let built = ResourceServer::builder().public_url(API).audience(API).issuer(Issuer::new(ISSUER)).build();
    assert_eq!(built.unwrap_err(), ConfigError::RevocationMissing);
}

// R67: a lifetime that no token can have is refused at start.
#[test]
fn a_lifetime_is_a_second_or_more() {
    let build = |most| {
        let builder = ResourceServer::builder().public_url(API).audience(API).issuer(Issuer::new(ISSUER));
        builder.revocation(Revocation::max_token_lifetime(most)).build().map(|_server| ())
    };
    assert_eq!(build(Duration::from_secs(1)), Ok(()));
    for most in [Duration::ZERO, Duration::from_millis(999)] {
        assert_eq!(build(most), Err(ConfigError::MaxTokenLifetime(most)));
    }
}

// R67
#[tokio::test]
async fn a_token_that_lives_longer_than_stated_is_refused() {
    let most = Duration::from_secs(300);
    let world = World::with(|builder| builder.revocation(Revocation::max_token_lifetime(most)));
    let living = |seconds| world.with_token(|token| token.lifetime(Duration::from_secs(seconds)));
    assert_eq!(world.verify(&living(300)).await, Ok(()));
    assert_eq!(world.verify(&living(301)).await, Err(Error::TokenLifetime { seconds: 301 }));
    let rejection = world.refused(&living(301)).await;
    assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
}

// R4, P13
#[tokio::test]
async fn every_source_must_agree() {
    for (answer, expected) in [
        (Ok(false), Ok(())),
        (Ok(true), Err(Error::TokenRevoked)),
        (Err(RevocationUnavailable), Err(Error::RevocationUnavailable)),
    ] {
        let world = World::with(|builder| {
            builder
                .revocation(Revocation::source(Arc::new(Source(Ok(false)))))
                .revocation(Revocation::source(Arc::new(Source(answer))))
        });
        assert_eq!(world.verify(&world.valid()).await, expected);
        assert_eq!(world.verify(&world.mtls()).await, expected);
    }
}

// R4, P13
#[tokio::test]
async fn a_source_that_cannot_be_asked_is_503() {
    let source = Arc::new(Source(Err(RevocationUnavailable)));
    let world = World::with(|builder| builder.revocation(Revocation::source(source)));
    let rejection = world.refused(&world.valid()).await;
    assert_eq!((rejection.status(), rejection.error_code()), (503, None));
}
