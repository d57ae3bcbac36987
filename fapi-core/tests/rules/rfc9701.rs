//! RFC 9701 (FAPI 2.0 Message Signing 5.5): signed answers about tokens.

use std::time::Duration;

use fapi_core::jose::Algorithm;
use fapi_core::{Error, HttpResponse};
use fapi_testkit::TokenBuilder;
use serde_json::{Value, json};

use crate::authorization_server::{
    CLIENT_ID, JSON, JWT, OPAQUE, active, active_without, introspection, signed, with_opaque, world,
    world_with,
};
use crate::logging::Log;
use crate::world::{API, ISSUER, World};

/// The signed answer that RFC 9701 §5 shows; it is signed with RS256.
const RFC9701_EXAMPLE: &str = "eyJraWQiOiJ3RzZEIiwidHlwIjoidG9rZW4taW50cm9zcGVjdGlvbitqd3QiLCJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2FzLmV4YW1wbGUuY29tLyIsImF1ZCI6Imh0dHBzOi8vcnMuZXhhbXBsZS5jb20vcmVzb3VyY2UiLCJpYXQiOjE1MTQ3OTc4OTIsInRva2VuX2ludHJvc3BlY3Rpb24iOnsiYWN0aXZlIjp0cnVlLCJpc3MiOiJodHRwczovL2FzLmV4YW1wbGUuY29tLyIsImF1ZCI6Imh0dHBzOi8vcnMuZXhhbXBsZS5jb20vcmVzb3VyY2UiLCJpYXQiOjE1MTQ3OTc4MjIsImV4cCI6MTUxNDc5Nzk0MiwiY2xpZW50X2lkIjoicGFpQjJnb28wYSIsInNjb3BlIjoicmVhZCB3cml0ZSBkb2xwaGluIiwic3ViIjoiWjVPM3VwUEM4OFFyQWp4MDBkaXMiLCJiaXJ0aGRhdGUiOiIxOTgyLTAyLTAxIiwiZ2l2ZW5fbmFtZSI6IkpvaG4iLCJmYW1pbHlfbmFtZSI6IkRvZSIsImp0aSI6InQxRm9DQ2FaZDRYdjRPUkpVV1ZVZVRaZnNLaFczMENRQ3JXRERqd1h5NncifX0.przJMU5GhmNzvwtt1Sr-xa9xTkpiAg5IshbQsRiRVP_7eGR1GHYrNwQh84kxOkHCyje2g5WSRcYosGEVIiC-eoPJJ-qBwqwSlgx9JEeCDw2W5DjrblOI_N0Jvsq_dUeOyoWVMqlOydOBhKNY0smBrI4NZvEExucOm9WUJXMuJtvq1gBes-0go5j4TEv9sOP9uu81gqWTr_LOo6pgT0tFFyZfWC4kbXPXiQ2YT6mxCiQRRNM-l9cBdF6Jx6IOrsfFhBuYdYQ_mlL19HgDDOFaleyqmru6lKlASOsaE8dmLSeKcX91FbG79FKN8un24iwIDCbKT9xlUFl54xWVShNDFA";

async fn verdict(world: &World) -> Result<(), Error> {
    world.verify(&with_opaque(world, OPAQUE)).await
}

/// The decision on a signed answer that was made like this, where only signed ones are accepted.
async fn verdict_on(make: impl FnOnce(&World) -> String) -> Result<(), Error> {
    let (world, server) = world_with(introspection().require_signed_response());
    server.answer_jwt(make(&world));
    verdict(&world).await
}

/// The decision on the signed answer with changed claims.
async fn verdict_on_claims(change: impl FnOnce(&World, &mut Value)) -> Result<(), Error> {
    verdict_on(|world| {
        let mut claims = json!({
            "iss": ISSUER,
            "aud": CLIENT_ID,
            "iat": world.now().as_secs(),
            "token_introspection": active(world),
        });
        change(world, &mut claims);
        signed(world, &json!({})).raw_payload(claims.to_string()).sign()
    })
    .await
}

/// The decision on the signed answer with a changed header, key or signature.
async fn verdict_on_jwt(change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Result<(), Error> {
    verdict_on(|world| change(signed(world, &active(world))).sign()).await
}

// R127: signed answers are asked for and verified.
#[tokio::test]
async fn a_signed_answer_is_asked_for_and_verified() {
    let (world, server) = world_with(introspection().require_signed_response());
    server.answer_jwt(signed(&world, &active(&world)).sign());
    let verified = world.accepted(&with_opaque(&world, OPAQUE)).await;
    assert_eq!(verified.access_token::<fapi_core::NoClaims>().unwrap().subject().as_str(), "alice");
    assert_eq!(server.questions()[0].accept, JWT);
    let other = world.another_client();
    assert_eq!(verdict_on_jwt(|jwt| jwt.signed_by(other.key())).await, Err(Error::IntrospectionInvalid));
}

// R123, R128: an inactive token, in an answer that says no more.
#[tokio::test]
async fn a_signed_answer_can_be_no() {
    let inactive = |world: &World| signed(world, &json!({"active": false})).sign();
    assert_eq!(verdict_on(inactive).await, Err(Error::TokenInactive));
    for active in [json!({}), json!({"active": "true"}), json!({"active": 1})] {
        let verdict = verdict_on(|world| signed(world, &active).sign()).await;
        assert_eq!(verdict, Err(Error::IntrospectionInvalid), "{active}");
    }
    // R126
    let verdict = verdict_on(|world| signed(world, &active_without(world, "aud")).sign()).await;
    assert_eq!(verdict, Err(Error::TokenClaimMissing("aud")));
}

// R128: typ, iss, aud, iat and token_introspection.
#[tokio::test]
async fn the_form_of_a_signed_answer() {
    for typ in ["token-introspection+jwt", "Token-Introspection+JWT", "application/token-introspection+jwt"] {
        assert_eq!(verdict_on_jwt(|jwt| jwt.header("typ", typ)).await, Ok(()), "{typ}");
    }
    let invalid = Err(Error::IntrospectionInvalid);
    for typ in ["JWT", "at+jwt", "token-introspection", "application/application/token-introspection+jwt"] {
        assert_eq!(verdict_on_jwt(|jwt| jwt.header("typ", typ)).await, invalid, "{typ}");
    }
    assert_eq!(verdict_on_jwt(|jwt| jwt.without_header("typ")).await, invalid);
    for member in ["iss", "aud", "iat", "token_introspection"] {
        let verdict = verdict_on_claims(|_, claims| {
            claims.as_object_mut().unwrap().remove(member);
        });
        assert_eq!(verdict.await, invalid, "{member}");
    }
    for (member, value) in [
        ("iss", json!(format!("{ISSUER}/"))),
        ("iss", json!([ISSUER])),
        // R180: an answer for another resource server.
        ("aud", json!("another-api")),
        ("aud", json!(format!("{CLIENT_ID}2"))),
        ("aud", json!(["another-api"])),
        ("aud", json!(API)),
        ("aud", json!(7)),
        ("iat", json!("1750000120")),
        ("token_introspection", json!(true)),
        ("token_introspection", json!([])),
        ("token_introspection", json!("{\"active\":true}")),
        ("exp", json!(1_750_000_120)),
        ("exp", json!("x")),
        ("nbf", json!(1_750_000_151)),
    ] {
        let verdict = verdict_on_claims(|_, claims| claims[member] = value.clone()).await;
        assert_eq!(verdict, invalid, "{member} {value}");
    }
    for (member, value) in [("aud", json!(["another-api", CLIENT_ID])), ("exp", json!(1_750_000_121))] {
        assert_eq!(verdict_on_claims(|_, claims| claims[member] = value.clone()).await, Ok(()), "{member}");
    }
    // R111: nothing is said twice, at any depth.
    let twice =
        verdict_on(|world| {
            signed(world, &active(world)).edit_payload(|_| {
            let answer = active(world).to_string().replacen('{', r#"{"active":false,"#, 1);
            let now = world.now().as_secs();
            format!(r#"{{"iss":"{ISSUER}","aud":"{CLIENT_ID}","iat":{now},"token_introspection":{answer}}}"#)
        })
        .sign()
        });
    assert_eq!(twice.await, invalid);
}

// R128: what the issuer calls this server can be another name than its client_id.
#[tokio::test]
async fn the_audience_of_answers_is_configurable() {
    let introspection = introspection().require_signed_response().with_answer_audience(API);
    let (world, server) = world_with(introspection.with_max_age(Duration::ZERO));
    let answer = |audience| {
        let claims = json!({
            "iss": ISSUER,
            "aud": audience,
            "iat": world.now().as_secs(),
            "token_introspection": active(&world),
        });
        signed(&world, &json!({})).raw_payload(claims.to_string()).sign()
    };
    server.answer_jwt(answer(API));
    assert_eq!(verdict(&world).await, Ok(()));
    server.answer_jwt(answer(CLIENT_ID));
    assert_eq!(verdict(&world).await, Err(Error::IntrospectionInvalid));
}

// R129: RS256, the default of RFC 9701, is not an algorithm of FAPI; the log says what to register.
#[tokio::test]
async fn the_algorithm_is_one_of_fapi() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    assert_eq!(verdict_on(|_| RFC9701_EXAMPLE.to_owned()).await, Err(Error::IntrospectionInvalid));
    let lines = log.take().join("\n");
    assert!(lines.contains("its alg is not one of the accepted token algorithms; register one"), "{lines}");
    for algorithm in ["RS256", "none", "HS256", "es256", "ES384"] {
        let verdict = verdict_on_jwt(|jwt| jwt.header("alg", algorithm)).await;
        assert_eq!(verdict, Err(Error::IntrospectionInvalid), "{algorithm}");
    }
    let wrong = verdict_on(|world| signed(world, &active(world)).sign_with(|_| vec![0; 64])).await;
    assert_eq!(wrong, Err(Error::IntrospectionInvalid));
    // R112
    let critical = verdict_on_jwt(|jwt| jwt.header("crit", json!(["x"]))).await;
    assert_eq!(critical, Err(Error::IntrospectionInvalid));
}

// R130, R180, P47: where signed answers are required, nothing else is an answer; not even "no".
#[tokio::test]
async fn no_downgrade_to_plain_answers() {
    let (world, server) = world_with(introspection().require_signed_response());
    for answer in [active(&world), json!({"active": false})] {
        for media_type in [JSON, JWT, "application/jwt"] {
            server.answer(Ok(HttpResponse::new(200, answer.to_string()).with_content_type(media_type)));
            assert_eq!(verdict(&world).await, Err(Error::IntrospectionInvalid), "{media_type}");
        }
    }
    let unsigned =
        verdict_on(|world| signed(world, &active(world)).header("alg", "none").sign_with(|_| Vec::new()));
    assert_eq!(unsigned.await, Err(Error::IntrospectionInvalid));
    // An encrypted answer is not understood.
    assert_eq!(verdict_on(|_| "e30.e30.e30.e30.e30".to_owned()).await, Err(Error::IntrospectionInvalid));
}

// R127: an answer that is signed unasked is verified all the same.
#[tokio::test]
async fn a_signature_that_is_there_counts() {
    let (world, server) = world();
    let other = world.another_client();
    server.answer_jwt(signed(&world, &active(&world)).signed_by(other.key()).sign());
    assert_eq!(verdict(&world).await, Err(Error::IntrospectionInvalid));
    server.answer_jwt(signed(&world, &active(&world)).sign());
    assert_eq!(verdict(&world).await, Ok(()));
    assert_eq!(server.questions()[0].accept, JSON);
}

// R130, R180: an answer of another time is a replay.
#[tokio::test]
async fn an_answer_is_of_now() {
    for (seconds, verdict) in [
        (-61, Err(Error::IntrospectionInvalid)),
        (-60, Ok(())),
        (30, Ok(())),
        (31, Err(Error::IntrospectionInvalid)),
    ] {
        let found = verdict_on_claims(|world, claims| {
            claims["iat"] = json!(i64::try_from(world.now().as_secs()).unwrap() + seconds);
        });
        assert_eq!(found.await, verdict, "{seconds}");
    }
}

// R130: RFC 9701 §8.1: an answer is no access token.
#[tokio::test]
async fn a_signed_answer_is_no_access_token() {
    let (world, server) = world();
    let mut claims = active(&world);
    claims["jti"] = json!("1");
    let answer = signed(&world, &json!({})).raw_payload(claims.to_string()).sign();
    assert_eq!(world.verify(&with_opaque(&world, &answer)).await, Err(Error::TokenType));
    assert_eq!(server.asked(), 0);
}

// R127, R118: a new key of the issuer is found, by one fetch in a cool-down.
#[tokio::test]
async fn a_rotated_key_is_found() {
    let (world, server) = world_with(introspection().require_signed_response());
    server.answer_jwt(signed(&world, &active(&world)).sign());
    assert_eq!(verdict(&world).await, Ok(()));
    world.issuer.rotate_keys();
    world.clock.advance(Duration::from_secs(31));
    server.publish(&world.issuer);
    server.answer_jwt(signed(&world, &active(&world)).sign());
    assert_eq!(verdict(&world).await, Ok(()));
    assert_eq!(server.asked(), 2);
}

// R129: each of the algorithms of FAPI, with which this server may be registered.
#[tokio::test]
async fn every_algorithm_of_fapi_is_accepted() {
    for algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa] {
        let (world, server) = world_with(introspection().require_signed_response());
        let issuer = world.issuer.clone().with_algorithm(algorithm);
        server.publish(&issuer);
        let jwt = signed(&world, &active(&world))
            .header("alg", algorithm.name())
            .header("kid", issuer.key().thumbprint());
        server.answer_jwt(jwt.signed_by(&issuer.key()).sign());
        assert_eq!(verdict(&world).await, Ok(()), "{algorithm}");
    }
}
