//! Step-up authentication (RFC 9470): how, and how long ago, the user was authenticated.

use std::time::Duration;

use fapi_core::{Error, Rejection, Requirement};
use fapi_testkit::TokenBuilder;

use crate::logging::Log;
use crate::world::{Request, World, header, headers};

const SUBSTANTIAL: &str = "urn:example:loa:substantial";
const HIGH: &str = "urn:example:loa:high";
const MINUTES: Duration = Duration::from_secs(300);

fn acr() -> Requirement {
    Requirement::acr_any([HIGH, SUBSTANTIAL])
}

async fn check(
    world: &World,
    requirement: &Requirement,
    change: impl FnOnce(TokenBuilder) -> TokenBuilder,
) -> Result<(), Rejection> {
    world.accepted(&world.with_token(change)).await.check(requirement)
}

fn challenge(rejection: &Rejection) -> String {
    header(rejection, "www-authenticate").unwrap()
}

// R145, R35: the challenge, its parameters quoted.
#[tokio::test]
async fn the_challenge_names_acr_values_and_max_age() {
    let world = World::new();
    let requirement = acr().and(Requirement::max_age(MINUTES));
    let rejection = check(&world, &requirement, |token| token).await.unwrap_err();
    assert_eq!((rejection.status(), rejection.error_code()), (401, Some("insufficient_user_authentication")));
    let start = "DPoP error=\"insufficient_user_authentication\", error_description=\"The request requires another \
                 authentication of the user\", acr_values=\"urn:example:loa:high urn:example:loa:substantial\", \
                 max_age=\"300\", algs=";
    assert!(challenge(&rejection).starts_with(start), "{}", challenge(&rejection));
    assert_eq!(header(&rejection, "cache-control").as_deref(), Some("no-store"));
    let Error::InsufficientUserAuthentication(step_up) = rejection.error() else { panic!("{rejection:?}") };
    assert_eq!(step_up.max_age(), Some(MINUTES));
    assert!(rejection.error().to_string().contains("urn:example:loa:high"));
}

// R145: any one of the values, exactly.
#[tokio::test]
async fn any_one_of_the_acr_values_satisfies() {
    let world = World::new();
    for value in [HIGH, SUBSTANTIAL] {
        assert!(check(&world, &acr(), |token| token.claim("acr", value)).await.is_ok());
    }
    for value in ["urn:example:loa:low", "urn:example:loa:hig", "URN:EXAMPLE:LOA:HIGH"] {
        let rejection = check(&world, &acr(), |token| token.claim("acr", value)).await.unwrap_err();
        assert_eq!(rejection.status(), 401, "{value}");
        assert!(!challenge(&rejection).contains("max_age"));
    }
    // Read from a configuration, perhaps: nobody.
    let none = Requirement::acr_any([]);
    assert!(check(&world, &none, |token| token.claim("acr", HIGH)).await.is_err());
}

// R146: by the clock of the request, to the second.
#[tokio::test]
async fn max_age_is_counted_from_auth_time() {
    let world = World::new();
    let requirement = Requirement::max_age(MINUTES);
    for (seconds, suffices) in [(0, true), (299, true), (300, true), (301, false), (86_400, false)] {
        let auth_time = world.ago(seconds).as_secs();
        let result = check(&world, &requirement, |token| token.claim("auth_time", auth_time)).await;
        assert_eq!(result.is_ok(), suffices, "{seconds} s ago");
    }
    // A token that suffices now does not for ever, and a new iat is no new login (RFC 9470 §6.1).
    let token = world.token().claim("auth_time", world.ago(290).as_secs()).sign();
    let request = || Request::dpop(&token, world.proof(&token).sign());
    let verified = world.accepted(&request()).await;
    assert!(verified.check(&requirement).is_ok());
    world.clock.advance(Duration::from_secs(11));
    // The decision is about the request that was verified.
    assert!(verified.check(&requirement).is_ok());
    assert!(world.accepted(&request()).await.check(&requirement).is_err());
}

// R146: what is missing, or lies ahead, is not met.
#[tokio::test]
async fn a_missing_claim_meets_nothing() {
    let world = World::new();
    assert!(check(&world, &acr(), |token| token).await.is_err());
    assert!(check(&world, &Requirement::max_age(Duration::MAX), |token| token).await.is_err());
    let (near, far) = (world.ahead(30).as_secs(), world.ahead(31).as_secs());
    let requirement = Requirement::max_age(MINUTES);
    assert!(check(&world, &requirement, |token| token.claim("auth_time", near)).await.is_ok());
    assert!(check(&world, &requirement, |token| token.claim("auth_time", far)).await.is_err());
    // Nor the opposite of it.
    for requirement in [acr(), Requirement::max_age(MINUTES)] {
        let not = Requirement::not(requirement);
        let rejection = check(&world, &not, |token| token).await.unwrap_err();
        assert_eq!(rejection.status(), 403, "{not:?}");
    }
    let low = |token: TokenBuilder| token.claim("acr", "urn:example:loa:low");
    assert!(check(&world, &Requirement::not(acr()), low).await.is_ok());
    assert!(check(&world, &Requirement::not(acr()), |token| token.claim("acr", HIGH)).await.is_err());
    // Malformed claims are those of no valid token.
    for (name, request) in [
        ("acr", world.with_token(|token| token.claim("acr", vec![HIGH]))),
        ("auth_time", world.with_token(|token| token.claim("auth_time", "1750000000"))),
    ] {
        assert_eq!(world.verify(&request).await, Err(Error::TokenClaimInvalid(name)));
    }
}

// R147: 403 for a missing scope, 401 with the scope where the authentication is lacking too.
#[tokio::test]
async fn one_challenge_names_everything_that_is_lacking() {
    let world = World::new();
    let transfer = Requirement::scope("transfer").and(acr()).and(Requirement::max_age(MINUTES));
    let now = world.now().as_secs();
    let fresh = |token: TokenBuilder| token.claim("acr", HIGH).claim("auth_time", now);
    assert!(check(&world, &transfer, |token| fresh(token).scope("transfer")).await.is_ok());
    let rejection = check(&world, &transfer, fresh).await.unwrap_err();
    assert_eq!((rejection.status(), rejection.error_code()), (403, Some("insufficient_scope")));
    assert!(!challenge(&rejection).contains("acr_values"));
    let rejection = check(&world, &transfer, |token| token).await.unwrap_err();
    assert_eq!(rejection.status(), 401);
    assert!(challenge(&rejection).contains("max_age=\"300\", scope=\"transfer\", "));
    // In any order.
    let reversed = acr().and(Requirement::scope("transfer"));
    let rejection = check(&world, &reversed, |token| token).await.unwrap_err();
    assert_eq!((rejection.status(), challenge(&rejection).matches("scope=").count()), (401, 1));
    // The scope that the client has is not asked for again.
    let rejection = check(&world, &transfer, |token| token.scope("transfer")).await.unwrap_err();
    assert_eq!((rejection.status(), challenge(&rejection).contains("scope=")), (401, false));
}

// R145, R147: the next login must not lose what the last one had.
#[tokio::test]
async fn an_old_login_is_asked_to_be_repeated_at_the_same_level() {
    let world = World::new();
    let requirement = acr().and(Requirement::max_age(MINUTES));
    let old = world.ago(301).as_secs();
    let stale = |token: TokenBuilder| token.claim("acr", HIGH).claim("auth_time", old);
    let rejection = check(&world, &requirement, stale).await.unwrap_err();
    assert!(
        challenge(&rejection).contains("acr_values=\"urn:example:loa:high urn:example:loa:substantial\"")
    );
    // Of two requirements that both must hold, what satisfies both.
    let both =
        requirement.and(Requirement::acr_any([HIGH])).and(Requirement::max_age(Duration::from_secs(60)));
    let rejection = check(&world, &both, stale).await.unwrap_err();
    assert!(challenge(&rejection).contains("acr_values=\"urn:example:loa:high\", max_age=\"60\""));
}

// R147: a stranger learns nothing of what a route requires.
#[tokio::test]
async fn the_challenge_comes_after_validation() {
    let world = World::new();
    for request in [world.valid().method("PUT"), Request::without_credentials()] {
        let rejection = world.refused(&request).await;
        assert!(headers(&rejection, "www-authenticate").iter().all(|line| !line.contains("acr_values")));
    }
    // And a login is not asked for where it does not help.
    let never = Requirement::claims("never", |_: &fapi_core::AccessToken| false);
    let rejection = check(&world, &acr().and(never), |token| token).await.unwrap_err();
    assert_eq!(rejection.status(), 403);
}

// R145: "works with the DPoP scheme", and with Bearer.
#[tokio::test]
async fn under_mutual_tls_the_bearer_challenge_carries_it() {
    let world = World::new();
    let rejection = world.accepted(&world.mtls()).await.check(&acr()).unwrap_err();
    let challenges = headers(&rejection, "www-authenticate");
    assert!(challenges[0].starts_with("Bearer error=\"insufficient_user_authentication\""), "{challenges:?}");
    assert!(challenges[0].contains("acr_values=\"urn:example:loa:high urn:example:loa:substantial\""));
    assert!(challenges[1].starts_with("DPoP algs="), "{challenges:?}");
}

// R33: what a challenge cannot hold is compared, and never written; since no client can ask for it, the log says so.
#[tokio::test]
async fn an_acr_value_cannot_break_out_of_the_challenge() {
    let world = World::new();
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let requirement = Requirement::acr_any(["a\", error=\"b", "two words", HIGH]);
    let warnings = log.take();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[1].starts_with("WARN fapi_core") && warnings[1].contains("two words"), "{warnings:?}");
    let rejection = check(&world, &requirement, |token| token).await.unwrap_err();
    assert!(challenge(&rejection).contains("acr_values=\"urn:example:loa:high\", algs="));
    assert!(check(&world, &requirement, |token| token.claim("acr", "two words")).await.is_ok());
}
