//! R4, R163, R167: what the application denies is refused from the next request on, and is never accepted again.

use std::time::Duration;

use fapi_core::{DenyList, DenyListBuilder, DenyListFull, Error, Revocation};
use fapi_testkit::{ManualClock, TokenBuilder};

use crate::world::{ISSUER, Request, World};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// A server with a deny list that goes by the server's clock.
fn world(change: impl FnOnce(DenyListBuilder) -> DenyListBuilder) -> (World, DenyList) {
    let clock = ManualClock::at(World::new().now());
    let list = change(DenyList::builder().clock(std::sync::Arc::new(clock.clone()))).build();
    let world = World::with(|builder| builder.revocation(Revocation::deny_list(list.clone())));
    clock.set(world.now());
    (world, list)
}

fn alice(token: TokenBuilder) -> TokenBuilder {
    token.subject("alice").client_id("app").claim("jti", "token-1").claim("sid", "session-1")
}

fn request(world: &World, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Request {
    world.with_token(|token| change(alice(token)))
}

// R4: each kind, and only what it names; with the next request, also of a token that was accepted before.
#[tokio::test]
async fn what_is_denied_is_refused_from_the_next_request_on() {
    type Deny = fn(&DenyList, &World) -> Result<(), DenyListFull>;
    let cases: [(Deny, &str, &str); 4] = [
        (|list, _| list.deny_token(ISSUER, "token-1"), "jti", "token-2"),
        (|list, _| list.deny_session(ISSUER, "session-1"), "sid", "session-2"),
        (|list, world| list.deny_subject(ISSUER, "alice", world.now()), "sub", "bob"),
        (|list, world| list.deny_client(ISSUER, "app", world.now()), "client_id", "other"),
    ];
    for (deny, claim, other) in cases {
        let (world, list) = world(|builder| builder);
        let token = alice(world.token()).sign();
        let call = || Request::dpop(&token, world.proof(&token).sign());
        assert_eq!(world.verify(&call()).await, Ok(()), "{claim}");
        deny(&list, &world).unwrap();
        assert_eq!(world.verify(&call()).await, Err(Error::TokenRevoked), "{claim}");
        assert_eq!(
            world.verify(&request(&world, |token| token.claim(claim, other))).await,
            Ok(()),
            "{claim}"
        );
        let rejection = world.refused(&call()).await;
        assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
    }
}

// R104: names are those of one issuer.
#[tokio::test]
async fn another_issuers_names_are_not_this_ones() {
    let (world, list) = world(|builder| builder);
    let other = "https://other.example.com";
    list.deny_token(other, "token-1").unwrap();
    list.deny_session(other, "session-1").unwrap();
    list.deny_subject(other, "alice", world.now()).unwrap();
    list.deny_client(other, "app", world.now()).unwrap();
    assert_eq!(world.verify(&request(&world, |token| token)).await, Ok(()));
}

// R91, R167: a denial counts however the slash at the end of its issuer is written, and no more than that is forgiven.
#[tokio::test]
async fn a_slash_more_or_less_makes_no_other_issuer() {
    type Deny = fn(&DenyList, &str, &World) -> Result<(), DenyListFull>;
    for (issuer, expected) in [
        (format!("{ISSUER}/"), Err(Error::TokenRevoked)),
        (ISSUER.to_owned(), Err(Error::TokenRevoked)),
        (format!("{ISSUER}//"), Ok(())),
    ] {
        let deny: [Deny; 4] = [
            |list, issuer, _| list.deny_token(issuer, "token-1"),
            |list, issuer, _| list.deny_session(issuer, "session-1"),
            |list, issuer, world| list.deny_subject(issuer, "alice", world.now()),
            |list, issuer, world| list.deny_client(issuer, "app", world.now()),
        ];
        for deny in deny {
            let (world, list) = world(|builder| builder);
            deny(&list, &issuer, &world).unwrap();
            assert_eq!(world.verify(&request(&world, |token| token)).await, expected, "{issuer}");
        }
    }
}

// R163: by iat, and by auth_time for a token of the same login.
#[tokio::test]
async fn a_subject_is_denied_up_to_a_moment() {
    let (world, list) = world(|builder| builder);
    list.deny_subject(ISSUER, "alice", world.ago(100)).unwrap();
    for (issued, authenticated, expected) in [
        (101, None, Err(Error::TokenRevoked)),
        (100, None, Err(Error::TokenRevoked)),
        (99, None, Ok(())),
        (99, Some(100), Err(Error::TokenRevoked)),
        (99, Some(99), Ok(())),
    ] {
        let request = request(&world, |token| {
            let token = token.issued_at(world.ago(issued));
            match authenticated {
                Some(ago) => token.claim("auth_time", world.ago(ago).as_secs()),
                None => token,
            }
        });
        assert_eq!(world.verify(&request).await, expected, "{issued} {authenticated:?}");
    }
}

// R167: an earlier moment takes nothing back.
#[tokio::test]
async fn a_denial_is_never_narrowed() {
    let (world, list) = world(|builder| builder);
    list.deny_subject(ISSUER, "alice", world.ago(10)).unwrap();
    list.deny_subject(ISSUER, "alice", world.ago(1000)).unwrap();
    let request = request(&world, |token| token.issued_at(world.ago(20)));
    assert_eq!(world.verify(&request).await, Err(Error::TokenRevoked));
}

// R167: while a token can be valid, its denial is remembered; then it is forgotten.
#[tokio::test]
async fn a_denial_lasts_as_long_as_the_longest_token() {
    let (world, list) = world(|builder| builder.longest_token_lifetime(HOUR).capacity(1));
    let longest = request(&world, |token| token.lifetime(HOUR));
    list.deny_subject(ISSUER, "alice", world.now()).unwrap();
    world.clock.advance(HOUR - Duration::from_secs(1));
    let token = longest.authorization[0].trim_start_matches("DPoP ").to_owned();
    let call = || Request::dpop(&token, world.proof(&token).sign());
    assert_eq!(world.verify(&call()).await, Err(Error::TokenRevoked));
    world.clock.advance(Duration::from_secs(1));
    assert!(matches!(world.verify(&call()).await, Err(Error::TokenExpired { .. })));
}

// R167: a token that could outlive its denial is not accepted.
#[tokio::test]
async fn a_token_that_lives_longer_than_the_list_remembers_is_refused() {
    // Less than any other rule of this server asks for.
    let longest = Duration::from_secs(120);
    let (world, _list) = world(|builder| builder.longest_token_lifetime(longest));
    assert_eq!(world.verify(&request(&world, |token| token.lifetime(longest))).await, Ok(()));
    let longer = request(&world, |token| token.lifetime(Duration::from_secs(121)));
    assert_eq!(world.verify(&longer).await, Err(Error::TokenLifetime { seconds: 121 }));
}

// R4, R167, P13: nothing is dropped from a full list, and nothing is accepted that could have been on it.
#[tokio::test]
async fn a_full_list_fails_closed() {
    let clock = ManualClock::at(World::new().now());
    let list = DenyList::builder()
        .capacity(1)
        .longest_token_lifetime(HOUR)
        .clock(std::sync::Arc::new(clock.clone()))
        .build();
    let world = World::with(|builder| builder.revocation(Revocation::deny_list(list.clone())));
    clock.set(world.now());
    list.deny_token(ISSUER, "token-1").unwrap();
    // What is there already needs no room.
    list.deny_token(ISSUER, "token-1").unwrap();
    let other = || request(&world, |token| token.claim("jti", "token-2"));
    assert_eq!(world.verify(&other()).await, Ok(()));
    assert_eq!(list.deny_token(ISSUER, "token-3"), Err(DenyListFull));
    assert_eq!(list.len(), 1);
    assert_eq!(world.verify(&other()).await, Err(Error::RevocationUnavailable));
    assert_eq!(world.refused(&other()).await.status(), 503);
    assert_eq!(world.verify(&request(&world, |token| token)).await, Err(Error::TokenRevoked));
    // No token that was valid then is valid now: the list is in order again, and has room.
    let later = HOUR + Duration::from_secs(120);
    world.clock.advance(later);
    clock.advance(later);
    assert_eq!(world.verify(&other()).await, Ok(()));
    list.deny_token(ISSUER, "token-2").unwrap();
    assert_eq!(world.verify(&other()).await, Err(Error::TokenRevoked));
}
