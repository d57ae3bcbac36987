//! What routes ask for, put together: all, any, not; what the log says, and what the client is told.

use fapi_core::{AccessToken, Error, Rejection, Requirement, SenderConstraint};
use fapi_testkit::TokenBuilder;

use crate::world::{World, header, headers};

/// A predicate that `name`s itself.
fn is(name: &str, met: bool) -> Requirement {
    Requirement::claims(name, move |_: &AccessToken| met)
}

fn unmet(name: &str) -> Error {
    Error::RequirementUnmet { name: name.into(), told: None }
}

async fn check(world: &World, requirement: &Requirement) -> Result<(), Rejection> {
    world.accepted(&world.with_token(|token| token.scope("read"))).await.check(requirement)
}

// R5: every combination of two, and the name that the log shows.
#[tokio::test]
async fn requirements_are_combined() {
    let world = World::new();
    for (one, other) in [(true, true), (true, false), (false, true), (false, false)] {
        let (a, b) = (|| is("a", one), || is("b", other));
        assert_eq!(check(&world, &a().and(b())).await.is_ok(), one && other);
        assert_eq!(check(&world, &a().or(b())).await.is_ok(), one || other);
        assert_eq!(check(&world, &Requirement::not(a())).await.is_ok(), !one);
        assert_eq!(check(&world, &Requirement::not(a().or(b()))).await.is_ok(), !(one || other));
        assert_eq!(check(&world, &Requirement::not(a().and(b()))).await.is_ok(), !(one && other));
    }
    for (requirement, name) in [
        (is("a", true).and(is("b", false)).and(is("c", false)), "b"),
        (is("a", false).or(is("b", false)).or(Requirement::not(is("c", true))), "any(a, b, not(c))"),
        (Requirement::not(is("a", true)), "not(a)"),
        (Requirement::not(Requirement::scope("read")), "not(scope(read))"),
        // Nobody meets an empty list.
        (Requirement::all_of([]), "all()"),
        (Requirement::any_of([]), "any()"),
    ] {
        let rejection = check(&world, &requirement).await.unwrap_err();
        assert_eq!(rejection.error(), &unmet(name));
        assert_eq!(rejection.status(), 403);
    }
}

// R5: what nobody can meet, such as a list that came empty out of a configuration, or a scope that is none, lets nobody in;
// its negation would otherwise let everybody in.
#[tokio::test]
async fn what_cannot_be_met_lets_nobody_in_under_not_either() {
    let world = World::new();
    let none = || std::iter::empty::<&str>();
    for unmeetable in [
        Requirement::all_of([]),
        Requirement::any_of([]),
        Requirement::all_scopes(none()),
        Requirement::any_scope(none()),
        Requirement::scope(""),
        Requirement::scope("read write"),
        Requirement::any_scope(["other", "a \"b\""]),
        Requirement::acr_any(none()),
    ] {
        assert!(check(&world, &unmeetable).await.is_err(), "{unmeetable:?}");
        let negation = Requirement::not(unmeetable);
        assert!(check(&world, &negation).await.is_err(), "{negation:?}");
    }
    // A scope that there is, and that the token does not have, can be asked not to be there.
    assert!(check(&world, &Requirement::not(Requirement::scope("other"))).await.is_ok());
}

// R5: Debug shows the tree.
#[test]
fn a_requirement_shows_its_tree() {
    let requirement = Requirement::scope("read")
        .and(is("ward a", true).or(is("ward b", true)))
        .and(Requirement::not(is("suspended", true)).told("Suspended"))
        .and(Requirement::acr_any(["high"]))
        .and(Requirement::max_age(std::time::Duration::from_secs(60)))
        .and(Requirement::binding(SenderConstraint::Dpop))
        .and(Requirement::authorization_details("payment", |_: &serde_json::Value| true));
    let tree = "all(scope(read), any(ward a, ward b), not(suspended), acr_any(high), max_age(60s), binding(Dpop), \
                authorization_details(payment))";
    assert_eq!(format!("{requirement:?}"), tree);
}

// R5, R32: the scopes that are lacking are named together, and the alternative that can be had is offered.
#[tokio::test]
async fn a_refusal_says_what_another_token_needs() {
    let world = World::new();
    let scope = |names: &str| Error::InsufficientScope(names.into());
    for (requirement, error) in [
        (Requirement::scope("a").and(Requirement::scope("b")).and(Requirement::scope("a")), scope("a b")),
        (is("staff", false).or(Requirement::scope("admin")), scope("admin")),
        (Requirement::scope("a").or(Requirement::scope("b")), scope("a")),
        // Where another scope would not help, none is asked for.
        (Requirement::scope("admin").and(is("staff", false)), unmet("staff")),
    ] {
        assert_eq!(check(&world, &requirement).await.unwrap_err().error(), &error, "{requirement:?}");
    }
}

// R5: what cannot be evaluated lets nobody in, wherever it stands.
#[tokio::test]
async fn a_predicate_over_the_wrong_claims_type_fails_closed() {
    let world = World::new();
    let wrong = || Requirement::claims("wrong", |_: &AccessToken<String>| true);
    for requirement in [
        wrong(),
        Requirement::not(wrong()),
        Requirement::not(Requirement::not(wrong())),
        wrong().or(is("met", true)),
        Requirement::not(wrong().and(is("unmet", false))),
        is("unmet", false).and(wrong()),
    ] {
        let rejection = check(&world, &requirement).await.unwrap_err();
        let text = rejection.error().to_string();
        assert!(text.contains("String") && text.contains("NoClaims"), "{text}");
        assert_eq!((rejection.error().code(), rejection.status()), ("claims_type", 500), "{requirement:?}");
    }
}

// R33, P44: the client is told static text only, and of the permitted characters; the name stays in the log.
#[tokio::test]
async fn the_client_is_told_what_is_safe() {
    let world = World::new();
    let description = |rejection: &Rejection| {
        let challenge = header(rejection, "www-authenticate").unwrap();
        challenge.split("error_description=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let secret = "members of ward 7";
    let rejection = check(&world, &is(secret, false)).await.unwrap_err();
    assert_eq!(description(&rejection), "The access token does not suffice for this request");
    assert!(rejection.error().to_string().contains(secret));
    for requirement in [
        is(secret, false).told("Another ward"),
        Requirement::not(is(secret, true)).told("Another ward"),
        is(secret, false).or(is("b", false)).told("Another ward"),
        is(secret, false).told("Inner").told("Another ward"),
        Requirement::scope("read").and(is(secret, false).told("Another ward")),
    ] {
        let rejection = check(&world, &requirement).await.unwrap_err();
        assert_eq!(description(&rejection), "Another ward", "{requirement:?}");
        assert!(rejection.headers().all(|(_, value)| !value.contains("ward 7")));
    }
    for text in ["a\" b=\"c", "back\\slash", "line\r\nSet-Cookie: a", "blåbær"] {
        let rejection = check(&world, &is("named", false).told(text)).await.unwrap_err();
        assert_eq!(description(&rejection), "The access token does not suffice for this request");
    }
}

// R36, P41: a route that accepts one kind of binding challenges for that kind.
#[tokio::test]
async fn a_route_asks_for_a_kind_of_binding() {
    let world = World::new();
    let (dpop, mtls) = (world.accepted(&world.valid()).await, world.accepted(&world.mtls()).await);
    let binding = Requirement::binding;
    assert!(dpop.check(&binding(SenderConstraint::Dpop)).is_ok());
    assert!(mtls.check(&binding(SenderConstraint::Mtls)).is_ok());
    for verified in [&dpop, &mtls] {
        assert!(verified.check(&binding(SenderConstraint::Either)).is_ok());
    }
    let wanted = "The request requires a token that is bound in another way";
    for (verified, constraint, scheme) in
        [(&dpop, SenderConstraint::Mtls, "Bearer"), (&mtls, SenderConstraint::Dpop, "DPoP")]
    {
        let rejection = verified.check(&binding(constraint)).unwrap_err();
        assert_eq!(rejection.error(), &Error::BindingRequired(constraint));
        assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
        let challenges = headers(&rejection, "www-authenticate");
        let [challenge] = &challenges[..] else { panic!("{challenges:?}") };
        let start = format!("{scheme} error=\"invalid_token\", error_description=\"{wanted}\", ");
        assert!(challenge.starts_with(&start), "{challenge}");
        // First of all: a login or a scope would not help.
        let more = Requirement::scope("admin").and(Requirement::acr_any(["high"])).and(binding(constraint));
        assert_eq!(verified.check(&more).unwrap_err().error(), &Error::BindingRequired(constraint));
    }
}

// R5: the facts of the token are there for predicates.
#[tokio::test]
async fn predicates_see_the_registered_claims() {
    let world = World::new();
    let with_user = Requirement::claims("a user", |token: &AccessToken| !token.subject_is_client());
    let machine = |token: TokenBuilder| token.claim("sub", "client");
    let verified = world.accepted(&world.with_token(machine)).await;
    assert_eq!(verified.check(&with_user).unwrap_err().error(), &unmet("a user"));
    assert!(verified.check(&Requirement::not(with_user)).is_ok());
}
