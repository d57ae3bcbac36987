//! FAPI 2.0 Security Profile §5.3.4: what a resource server does with an access token.

use std::borrow::Cow;
use std::time::Duration;

use fapi_core::jose::Algorithm;
use fapi_core::{
    AccessToken, Binding, ConfigError, Error, Issuer, NoClaims, Profile, Requirement, ResourceServer,
    Revocation, SenderConstraint,
};
use serde::Deserialize;

use crate::world::{API, ISSUER, Request, World, headers};

// R1
#[tokio::test]
async fn a_token_in_the_authorization_header_is_accepted() {
    let world = World::new();
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
    assert_eq!(world.verify(&world.mtls()).await, Ok(()));
}

// R2, R3
#[tokio::test]
async fn a_token_in_the_query_is_never_read() {
    let world = World::new();
    let token = world.token().sign();
    for query in [format!("access_token={token}"), format!("page=1&access%5Ftoken={token}")] {
        let only = Request::without_credentials().query(&query);
        let rejection = world.refused(&only).await;
        assert_eq!(rejection.error(), &Error::CredentialsInQuery);
        assert_eq!((rejection.status(), rejection.error_code()), (401, None));

        let rejection = world.refused(&world.valid().query(&query)).await;
        assert_eq!(rejection.error(), &Error::CredentialsRepeated);
        assert_eq!((rejection.status(), rejection.error_code()), (400, Some("invalid_request")));
    }
    assert_eq!(world.verify(&world.valid().query("page=1&token=x")).await, Ok(()));
}

// R4: integrity and expiration. Revocation is not built yet.
#[tokio::test]
async fn a_changed_or_expired_token_is_refused() {
    let world = World::new();
    let token = world.token().sign();
    let (input, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let changed = format!("{input}.{first}{}", &signature[1..]);
    let request = Request::dpop(&changed, world.proof(&changed).sign());
    assert_eq!(world.verify(&request).await, Err(Error::TokenSignature));
    let expired = world.with_token(|token| token.issued_at(world.ago(301)));
    assert_eq!(world.verify(&expired).await, Err(Error::TokenExpired { ago_seconds: 1 }));
}

// R5, R32
#[tokio::test]
async fn a_token_must_suffice_for_the_route() {
    let world = World::new();
    let verified = world.accepted(&world.with_token(|token| token.scope("read write"))).await;
    let met = [
        Requirement::scope("read"),
        Requirement::all_scopes(["write", "read"]),
        Requirement::any_scope(["admin", "read"]),
        Requirement::claims("a user", |token: &AccessToken| !token.subject_is_client()),
        Requirement::scope("read").and(Requirement::scope("write")),
    ];
    for requirement in met {
        assert!(verified.check(&requirement).is_ok(), "{requirement:?}");
    }
    let unmet = [
        (Requirement::scope("rea"), Error::InsufficientScope("rea".into())),
        (Requirement::all_scopes(["read", "admin"]), Error::InsufficientScope("read admin".into())),
        (Requirement::any_scope(["admin", "root"]), Error::InsufficientScope("admin".into())),
        (
            Requirement::scope("read").and(Requirement::scope("admin")),
            Error::InsufficientScope("admin".into()),
        ),
        (
            Requirement::claims("nobody", |_: &AccessToken| false),
            Error::RequirementUnmet { name: "nobody".into(), told: None },
        ),
    ];
    for (requirement, error) in unmet {
        let rejection = verified.check(&requirement).unwrap_err();
        assert_eq!(rejection.error(), &error);
        assert_eq!((rejection.status(), rejection.error_code()), (403, Some("insufficient_scope")));
    }
}

#[derive(Debug, Deserialize)]
struct Claims {
    department: String,
}

// R5, P44: the API's own claims type, for requirements and handlers.
#[tokio::test]
async fn the_own_claims_of_an_api_are_read_once_and_typed() {
    let world = World::with(fapi_core::ResourceServerBuilder::claims::<Claims>);
    let verified = world.accepted(&world.with_token(|token| token.claim("department", "ward"))).await;
    assert_eq!(verified.access_token::<Claims>().unwrap().claims().department, "ward");
    assert!(verified.access_token::<NoClaims>().is_ok());
    // Both types are named: it is the API's mistake, and its log is where it is found.
    let mistaken = verified.access_token::<String>().unwrap_err();
    let Error::ClaimsType { asked_for, built_with } = mistaken else { panic!("{mistaken:?}") };
    assert!(asked_for.ends_with("::String") && built_with.ends_with("::Claims"), "{asked_for} {built_with}");
    let ward = Requirement::claims("ward", |token: &AccessToken<Claims>| token.claims().department == "ward");
    assert!(verified.check(&ward).is_ok());
    let other = Requirement::claims("string", |_: &AccessToken<String>| true);
    assert_eq!(verified.check(&other).unwrap_err().status(), 500);
    // P44: the log names the claim, and not what it says.
    let at_department = || Err(Error::TokenClaims(Some("department".into())));
    assert_eq!(world.verify(&world.valid()).await, at_department());
    let list = world.with_token(|token| token.claim("department", vec!["secret"]));
    assert_eq!(world.verify(&list).await, at_department());
}

// R6, R58
#[tokio::test]
async fn a_token_that_is_bound_to_nobody_is_refused() {
    let world = World::new();
    let unbound = world.token().without_claim("cnf").sign();
    let der = world.certificate.der();
    for request in [
        Request::bearer(&unbound),
        Request::bearer(&unbound).certificate(der),
        Request::dpop(&unbound, world.proof(&unbound).sign()),
        world.with_token(|token| token.claim("cnf", serde_json::json!({}))),
        world.with_token(|token| token.claim("cnf", serde_json::json!({"kid": "1"}))),
    ] {
        let rejection = world.refused(&request).await;
        assert_eq!(rejection.error(), &Error::TokenUnbound);
        assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
    }
}

// R6: an API may insist on one of the two bindings.
#[tokio::test]
async fn a_binding_that_is_not_accepted_is_refused() {
    let dpop_only = World::with(|builder| builder.sender_constraint(SenderConstraint::Dpop));
    assert_eq!(dpop_only.verify(&dpop_only.valid()).await, Ok(()));
    assert_eq!(
        dpop_only.verify(&dpop_only.mtls()).await,
        Err(Error::SchemeNotAccepted(SenderConstraint::Dpop))
    );
    let mtls_only = World::with(|builder| builder.sender_constraint(SenderConstraint::Mtls));
    assert_eq!(mtls_only.verify(&mtls_only.mtls()).await, Ok(()));
    let rejection = mtls_only.refused(&mtls_only.valid()).await;
    assert_eq!(rejection.error(), &Error::SchemeNotAccepted(SenderConstraint::Mtls));
    let challenges = headers(&rejection, "www-authenticate");
    assert!(
        challenges.len() == 1 && challenges[0].starts_with("Bearer error=\"invalid_token\""),
        "{challenges:?}"
    );
}

// R15: up to 30 s ahead by default, for clocks that are not quite right.
#[tokio::test]
async fn a_token_of_the_near_future_is_accepted() {
    let world = World::new();
    let at = |claim: &'static str, ahead| {
        world.with_token(|token| token.claim(claim, world.ahead(ahead).as_secs()))
    };
    for claim in ["iat", "nbf"] {
        for ahead in [0, 10, 30] {
            assert_eq!(world.verify(&at(claim, ahead)).await, Ok(()), "{claim} {ahead}");
        }
    }
    assert_eq!(world.verify(&at("iat", 31)).await, Err(Error::TokenFromFuture { ahead_seconds: 31 }));
    assert_eq!(world.verify(&at("nbf", 31)).await, Err(Error::TokenNotYetValid { ahead_seconds: 31 }));
}

fn build(profile: Profile) -> Result<(), ConfigError> {
    let lifetime = Revocation::max_token_lifetime(Duration::from_secs(3600));
    let builder =
        ResourceServer::builder().profile(profile).public_url(API).audience(API).revocation(lifetime);
    builder.issuer(Issuer::new(ISSUER)).build().map(|_server| ())
}

// R15, R52: no configuration opens a window wider than the specs allow.
#[test]
fn windows_have_upper_bounds() {
    let seconds = Duration::from_secs;
    let too_wide = |name, most| {
        let (value, most) = (seconds(most + 1), seconds(most));
        let least = if name == "proof_max_age" { seconds(1) } else { Duration::ZERO };
        Err(ConfigError::Window { name, value, least, most })
    };
    assert_eq!(build(Profile::fapi2().with_max_future(seconds(60))), Ok(()));
    assert_eq!(build(Profile::fapi2().with_max_future(seconds(61))), too_wide("max_future", 60));
    assert_eq!(build(Profile::fapi2().with_proof_max_age(seconds(600))), Ok(()));
    assert_eq!(build(Profile::fapi2().with_proof_max_age(seconds(601))), too_wide("proof_max_age", 600));
    assert_eq!(build(Profile::fapi2().with_expiry_leeway(seconds(60))), Ok(()));
    assert_eq!(build(Profile::fapi2().with_expiry_leeway(seconds(61))), too_wide("expiry_leeway", 60));
}

// R52, R61, R90, R116: a profile that would refuse everybody, or read what nobody sends, does not start.
#[test]
fn a_profile_can_accept_something() {
    let (least, most) = (Duration::from_secs(1), Duration::from_secs(600));
    assert_eq!(build(Profile::fapi2().with_proof_max_age(least)), Ok(()));
    for value in [Duration::ZERO, Duration::from_millis(999)] {
        let expected = Err(ConfigError::Window { name: "proof_max_age", value, least, most });
        assert_eq!(build(Profile::fapi2().with_proof_max_age(value)), expected);
    }
    type Set = fn(Profile, usize) -> Profile;
    for (name, least, most, set) in [
        ("max_token_bytes", 256, 65_536, Profile::with_max_token_bytes as Set),
        ("max_proof_bytes", 256, 65_536, Profile::with_max_proof_bytes),
        ("max_jti_bytes", 36, 1024, Profile::with_max_jti_bytes),
    ] {
        assert_eq!(build(set(Profile::fapi2(), least)), Ok(()));
        assert_eq!(build(set(Profile::fapi2(), most)), Ok(()));
        for value in [0, least - 1, most + 1, usize::MAX] {
            let expected = Err(ConfigError::Size { name, value, least, most });
            assert_eq!(build(set(Profile::fapi2(), value)), expected, "{name}");
        }
    }
    let typed = |types: &[&'static str]| {
        let types: Vec<_> = types.iter().map(|typ| Cow::Borrowed(*typ)).collect();
        Profile::fapi2().named("own").with_token_types(types)
    };
    assert_eq!(build(typed(&["JWT"])), Ok(()));
    assert_eq!(build(typed(&[])), Err(ConfigError::TokenTypesMissing));
    assert_eq!(build(typed(&[]).with_untyped_tokens(true)), Ok(()));
    for wrong in ["", "application/at+jwt", "APPLICATION/JWT"] {
        assert_eq!(build(typed(&["at+jwt", wrong])), Err(ConfigError::TokenType(wrong.to_owned())));
    }
    for name in ["", " "] {
        assert_eq!(build(Profile::fapi2().named(name)), Err(ConfigError::ProfileNameEmpty));
    }
}

// R19
#[tokio::test]
async fn a_token_without_a_user_can_be_told_from_one_with() {
    let world = World::new();
    for (subject, is_client) in [("alice", false), ("client", true)] {
        let verified = world.accepted(&world.with_token(|token| token.subject(subject))).await;
        let token = verified.access_token::<NoClaims>().unwrap();
        assert_eq!((token.subject().as_str(), token.client_id().as_str()), (subject, "client"));
        assert_eq!(token.subject_is_client(), is_client);
        assert_eq!(token.binding(), Binding::Dpop);
    }
}

// R20, R7
#[test]
fn a_relaxed_profile_must_not_be_called_fapi2() {
    let relaxed = Profile::fapi2().with_token_algorithms(vec![Algorithm::Es256, Algorithm::Rs256]);
    assert_eq!(build(relaxed.clone()), Err(ConfigError::ProfileName));
    assert_eq!(build(relaxed.named("legacy")), Ok(()));
    let relaxed = Profile::fapi2().with_proof_algorithms(vec![Algorithm::Es384]);
    assert_eq!(build(relaxed), Err(ConfigError::ProfileName));
    // Stricter is no relaxation.
    assert_eq!(build(Profile::fapi2().with_proof_algorithms(vec![Algorithm::Es256])), Ok(()));
}

// R172: a client is not locked out for its bad requests.
#[tokio::test]
async fn bad_requests_lock_nobody_out() {
    let world = World::new();
    let token = world.token().sign();
    for _ in 0..100 {
        let bad = Request::dpop(&token, world.proof(&token).claim("htm", "PUT").sign());
        assert_eq!(world.verify(&bad).await, Err(Error::ProofMethod));
        let good = Request::dpop(&token, world.proof(&token).sign());
        assert_eq!(world.verify(&good).await, Ok(()));
    }
}
