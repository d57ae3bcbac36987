//! `x-fapi-interaction-id` (FAPI implementation advice §2.2.1).

use fapi_core::InteractionIdPolicy::{self, Echo, Make, Off, Require};
use fapi_core::{Error, Profile, Rejection, Requirement};

use crate::logging::Log;
use crate::world::{Request, World, header};

const NAME: &str = "x-fapi-interaction-id";
const SENT: &str = "93BAC548-d2de-4546-b106-880a5018460d";
/// None of which is a UUID as this header has it.
const NO_UUIDS: [&str; 9] = [
    "",
    "1",
    "93bac548d2de4546b106880a5018460d",
    "{93bac548-d2de-4546-b106-880a5018460d}",
    "urn:uuid:93bac548-d2de-4546-b106-880a5018460d",
    "93bac548-d2de-4546-b106-880a5018460g",
    "93bac548-d2de-4546-b106-880a5018460d\r\nset-cookie: a=b",
    "93bac548-d2de-4546-b106-880a5018460d ",
    "93bac548-d2de-4546-b106-880a5018460d, 93bac548-d2de-4546-b106-880a5018460d",
];

fn world(policy: InteractionIdPolicy) -> World {
    World::with(|builder| builder.interaction_id(policy))
}

/// The one of the answer, whether the request is accepted or not.
async fn answered(world: &World, request: &Request) -> Option<String> {
    match world.server.verify(&request.borrow()).await {
        Ok(verified) => {
            let field = verified.answer_headers().find(|(name, _)| *name == NAME).map(|(_, value)| value);
            assert_eq!(field, verified.interaction_id());
            field.map(str::to_owned)
        }
        Err(rejection) => id(&rejection),
    }
}

fn id(rejection: &Rejection) -> Option<String> {
    assert_eq!(rejection.interaction_id(), header(rejection, NAME).as_deref());
    header(rejection, NAME)
}

/// RFC 9562 §5.4
fn is_random_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && text.as_bytes()[14] == b'4' && b"89ab".contains(&text.as_bytes()[19])
}

// R24: off by default.
#[tokio::test]
async fn it_is_ignored_by_default() {
    for world in [World::new(), world(Off)] {
        assert_eq!(answered(&world, &world.valid().interaction_id(SENT)).await, None);
        assert_eq!(answered(&world, &Request::without_credentials().interaction_id(SENT)).await, None);
    }
}

// R24: the request's own, in answers and in refusals.
#[tokio::test]
async fn a_uuid_is_echoed() {
    for policy in [Echo, Make, Require] {
        let world = world(policy);
        for request in [world.valid(), world.valid().path("/other"), Request::without_credentials()] {
            let request = request.interaction_id(SENT);
            assert_eq!(answered(&world, &request).await.as_deref(), Some(SENT), "{policy:?}");
        }
        let verified = world.accepted(&world.valid().interaction_id(SENT)).await;
        let rejection = verified.check(&Requirement::scope("admin")).unwrap_err();
        assert_eq!(id(&rejection).as_deref(), Some(SENT), "{policy:?}");
    }
}

// R24, P44: nothing else is ever repeated, and two are none.
#[tokio::test]
async fn what_is_no_uuid_is_never_echoed() {
    let twice = |request: Request| request.interaction_id(SENT).interaction_id(SENT);
    for policy in [Echo, Make] {
        let world = world(policy);
        let mut requests: Vec<_> = NO_UUIDS.iter().map(|value| world.valid().interaction_id(value)).collect();
        requests.push(twice(world.valid()));
        requests.push(world.valid());
        for request in requests {
            let answer = answered(&world, &request).await;
            match policy {
                Echo => assert_eq!(answer, None, "{:?}", request.interaction_id),
                _ => assert!(answer.as_deref().is_some_and(is_random_uuid), "{answer:?}"),
            }
        }
    }
}

// R24: a new one for every request.
#[tokio::test]
async fn one_is_made() {
    let world = world(Make);
    let one = answered(&world, &world.valid()).await.unwrap();
    let other = answered(&world, &Request::without_credentials()).await.unwrap();
    assert!(is_random_uuid(&one) && is_random_uuid(&other) && one != other, "{one} {other}");
}

// R24: required means 400, with a new one to speak of it, and no proof is spent.
#[tokio::test]
async fn one_is_required() {
    let world = world(Require);
    let request = world.valid();
    let rejection = world.refused(&request).await;
    assert_eq!(rejection.error(), &Error::InteractionIdMissing);
    assert_eq!((rejection.status(), rejection.error_code()), (400, Some("invalid_request")));
    assert!(is_random_uuid(&id(&rejection).unwrap()));
    for value in NO_UUIDS {
        let rejection = world.refused(&request.clone().interaction_id(value)).await;
        assert_eq!((rejection.error(), rejection.status()), (&Error::InteractionIdInvalid, 400), "{value}");
        assert!(is_random_uuid(&id(&rejection).unwrap()));
    }
    assert_eq!(world.verify(&request.interaction_id(SENT)).await, Ok(()));
    // R31: whoever shows no credentials is asked for those.
    let rejection = world.refused(&Request::without_credentials()).await;
    assert_eq!((rejection.error(), rejection.status()), (&Error::CredentialsMissing, 401));
}

// R24: it is what one request is found by in the log.
#[tokio::test]
async fn the_log_has_it() {
    let world = world(Echo);
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let verified = world.accepted(&world.valid().interaction_id(SENT)).await;
    assert!(verified.check(&Requirement::scope("admin")).is_err());
    world.refused(&Request::without_credentials().interaction_id(SENT)).await;
    let lines = log.take();
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line.contains(&format!("interaction_id={SENT:?}"))), "{lines:?}");
    for value in NO_UUIDS {
        world.accepted(&world.valid().interaction_id(value)).await;
        assert!(log.take().iter().all(|line| !line.contains("interaction_id")));
    }
}

// R24: as the profiles of open finance have it; the builder decides.
#[test]
fn profiles_say_what_is_done_with_it() {
    for (profile, policy) in [
        (Profile::fapi2(), Off),
        (Profile::helseid(), Off),
        (Profile::open_finance_brazil(), Require),
        (Profile::cdr_au(), Make),
        (Profile::uk_open_banking(), Make),
        (Profile::fapi2().with_interaction_id(Echo), Echo),
    ] {
        assert_eq!(profile.interaction_id(), policy, "{}", profile.name());
    }
}
