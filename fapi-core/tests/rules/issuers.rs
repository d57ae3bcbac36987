//! Several issuers, each with keys, algorithms, audiences and claim rules of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use fapi_core::jose::Algorithm;
use fapi_core::{AccessToken, ConfigError, Error, Issuer, IssuerError, RejectionBody};
use fapi_testkit::{ProofBuilder, SigningKey, TestIssuer, TokenBuilder};
use serde::Deserialize;
use serde_json::json;

use crate::world::{API, ISSUER, Request, World};

const PARTNER: &str = "https://as.partner.example";

/// A world in which a second issuer is trusted, configured like this.
fn with_partner(partner: &TestIssuer, configure: impl FnOnce(Issuer) -> Issuer) -> World {
    let trusted = configure(Issuer::new(PARTNER).with_key_set(partner.jwks()));
    World::with(|builder| builder.issuer(trusted))
}

/// The valid request with a token of the partner.
fn call(world: &World, partner: &TestIssuer, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Request {
    let partner = partner.clone().with_clock(Arc::new(world.clock.clone()));
    let token = change(partner.token().audience(API).bound_to(&world.client)).sign();
    Request::dpop(&token, world.proof(&token).sign())
}

/// The error of a configuration in which the partner is trusted like this.
fn config_error(configure: impl FnOnce(Issuer) -> Issuer) -> ConfigError {
    let partner = configure(Issuer::new(PARTNER).with_key_set(TestIssuer::new(PARTNER).jwks()));
    let builder = fapi_core::ResourceServer::builder()
        .public_url(API)
        .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(300)))
        .issuer(partner);
    builder.audience(API).build().unwrap_err()
}

// R104: the same kid at two issuers is two keys, also when each signs for the other.
#[tokio::test]
async fn keys_of_the_same_kid_do_not_cross() {
    let keys = [SigningKey::generate(Algorithm::Es256), SigningKey::generate(Algorithm::Es256)];
    let set = |key: &SigningKey| json!({"keys": [key.published_jwk("same")]}).to_string();
    let world = World::with(|builder| {
        builder
            .issuer(Issuer::new("https://one.example").with_key_set(set(&keys[0])))
            .issuer(Issuer::new("https://two.example").with_key_set(set(&keys[1])))
    });
    for (iss, own, other) in
        [("https://one.example", &keys[0], &keys[1]), ("https://two.example", &keys[1], &keys[0])]
    {
        let signed = |key: &SigningKey| {
            world.with_token(|token| token.claim("iss", iss).header("kid", "same").signed_by(key))
        };
        // Warm and cold, in either order.
        assert_eq!(world.verify(&signed(own)).await, Ok(()), "{iss}");
        assert_eq!(world.verify(&signed(other)).await, Err(Error::TokenSignature), "{iss}");
        assert_eq!(world.verify(&signed(own)).await, Ok(()), "{iss}");
    }
}

// R7, R99: an issuer that signs with one algorithm is held to it.
#[tokio::test]
async fn an_issuer_is_held_to_its_own_algorithms() {
    let keys = [SigningKey::generate(Algorithm::Es256), SigningKey::generate(Algorithm::Ps256)];
    let set = json!({"keys": [keys[0].published_jwk("ec"), keys[1].published_jwk("rsa")]}).to_string();
    let signed = |world: &World, kid: &str, key: &SigningKey| {
        world.with_token(|token| {
            token
                .claim("iss", PARTNER)
                .header("kid", kid)
                .header("alg", key.algorithm().name())
                .signed_by(key)
        })
    };
    let issuer = || Issuer::new(PARTNER).with_key_set(set.clone());
    let any = World::with(|builder| builder.issuer(issuer()));
    let only_ps256 = issuer().with_token_algorithms([Algorithm::Ps256]);
    let one = World::with(|builder| builder.issuer(only_ps256));
    assert_eq!(any.verify(&signed(&any, "ec", &keys[0])).await, Ok(()));
    assert_eq!(any.verify(&signed(&any, "rsa", &keys[1])).await, Ok(()));
    assert_eq!(one.verify(&signed(&one, "rsa", &keys[1])).await, Ok(()));
    assert_eq!(one.verify(&signed(&one, "ec", &keys[0])).await, Err(Error::TokenAlgorithm));
    // The rule of one issuer is not that of another.
    assert_eq!(one.verify(&one.valid()).await, Ok(()));
}

// R7, R20: what an issuer may use beyond the profile is nothing.
#[test]
fn an_issuer_is_never_laxer_than_the_profile() {
    for algorithms in [vec![], vec![Algorithm::Rs256], vec![Algorithm::Es256, Algorithm::Rs256]] {
        let error = config_error(|issuer| issuer.with_token_algorithms(algorithms));
        assert_eq!(error, ConfigError::Issuer(IssuerError::Algorithms(PARTNER.to_owned())));
    }
}

// R92, R23: an issuer that has its own name for this API is held to that name, and only that one.
#[tokio::test]
async fn an_issuer_may_have_its_own_name_for_the_api() {
    let partner = TestIssuer::new(PARTNER);
    let world = with_partner(&partner, |issuer| issuer.with_audience("urn:records").with_audience("records"));
    for audience in ["urn:records", "records"] {
        let request = call(&world, &partner, |token| token.audience(audience));
        assert_eq!(world.verify(&request).await, Ok(()), "{audience}");
        // Which nobody else's tokens need to know.
        let request = world.with_token(|token| token.audience(audience));
        assert_eq!(world.verify(&request).await, Err(Error::TokenAudience), "{audience}");
    }
    assert_eq!(world.verify(&call(&world, &partner, |token| token)).await, Err(Error::TokenAudience));
    assert_eq!(world.verify(&world.valid()).await, Ok(()));

    let error = config_error(|issuer| issuer.with_audience(""));
    assert_eq!(error, ConfigError::Issuer(IssuerError::AudienceEmpty(PARTNER.to_owned())));
}

// R92: the server needs no audience if every issuer has one.
#[test]
fn some_audience_is_required_for_every_issuer() {
    let build = |issuers: [Issuer; 2]| {
        let [one, two] =
            issuers.map(|issuer| issuer.with_key_set(TestIssuer::new("https://as.example").jwks()));
        fapi_core::ResourceServer::builder()
            .public_url(API)
            .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(300)))
            .issuer(one)
            .issuer(two)
            .build()
            .map(|_server| ())
    };
    let own = |issuer: &str| Issuer::new(issuer).with_audience("records");
    assert_eq!(build([own(ISSUER), own(PARTNER)]), Ok(()));
    assert_eq!(build([own(ISSUER), Issuer::new(PARTNER)]), Err(ConfigError::AudienceMissing));
}

#[derive(Deserialize)]
struct Organisation {
    org: Option<String>,
}

// R104: an issuer's claim rule is part of whether its tokens are valid: 401, for its own tokens only, on every request.
#[tokio::test]
async fn an_issuer_has_claim_rules_of_its_own() {
    let partner = TestIssuer::new(PARTNER);
    let trusted = Issuer::new(PARTNER)
        .with_key_set(partner.jwks())
        .with_claim_rule("partner's users", |token: &AccessToken<Organisation>| {
            token.subject().as_str().starts_with("partner:")
        })
        .with_claim_rule("a known organisation", |token: &AccessToken<Organisation>| {
            token.claims().org.as_deref() == Some("974633574")
        });
    let world = World::with(|builder| {
        builder.claims::<Organisation>().rejection_body(RejectionBody::ProblemJson).issuer(trusted)
    });
    let good = |token: TokenBuilder| token.subject("partner:alice").claim("org", "974633574");
    assert_eq!(world.verify(&call(&world, &partner, good)).await, Ok(()));

    let cuckoo = call(&world, &partner, |token| good(token).subject("alice"));
    let rejection = world.refused(&cuckoo).await;
    assert_eq!(rejection.error(), &Error::IssuerRule("partner's users".into()));
    assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
    let body = String::from_utf8(rejection.body().unwrap().content.clone()).unwrap();
    assert!(!body.contains("users"), "{body}");
    assert!(rejection.headers().all(|(_, value)| !value.contains("users")), "{rejection:?}");

    let unknown = call(&world, &partner, |token| good(token).claim("org", "1"));
    assert_eq!(world.verify(&unknown).await, Err(Error::IssuerRule("a known organisation".into())));
    // The own issuer's tokens are not asked for that.
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
    // P46: remembered as verified, and refused again.
    let token = partner.clone().with_clock(Arc::new(world.clock.clone())).token().bound_to(&world.client);
    let token = token.audience(API).sign();
    for _ in 0..2 {
        let request = Request::dpop(&token, world.proof(&token).sign());
        assert_eq!(world.verify(&request).await, Err(Error::IssuerRule("partner's users".into())));
    }
}

// R6, R45: the application's rule sees no token that its caller has not shown to be theirs.
#[tokio::test]
async fn a_claim_rule_sees_proved_tokens_only() {
    let partner = TestIssuer::new(PARTNER);
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let world = with_partner(&partner, |issuer| {
        issuer.with_claim_rule("counted", move |_: &AccessToken| {
            counter.fetch_add(1, SeqCst);
            true
        })
    });
    let proof_is = |change: fn(ProofBuilder) -> ProofBuilder| {
        let partner = partner.clone().with_clock(Arc::new(world.clock.clone()));
        let token = partner.token().audience(API).bound_to(&world.client).sign();
        Request::dpop(&token, change(world.proof(&token)).sign())
    };
    let flipped = proof_is(ProofBuilder::with_flipped_signature);
    assert_eq!(world.verify(&flipped).await, Err(Error::ProofSignature));
    let forged = call(&world, &partner, |token| token.signed_by(world.client.key()));
    assert_eq!(world.verify(&forged).await, Err(Error::TokenSignature));
    assert_eq!(asked.load(SeqCst), 0);
    assert_eq!(world.verify(&proof_is(|proof| proof)).await, Ok(()));
    assert_eq!(asked.load(SeqCst), 1);
}

// R18, SP 6.3: a token of another issuer than the client says it uses is refused, though that one is trusted, too.
#[tokio::test]
async fn a_client_that_states_its_issuer_is_held_to_it() {
    let partner = TestIssuer::new(PARTNER);
    let world = with_partner(&partner, |issuer| issuer);
    let decide = async |request: Request, stated: Option<&str>| {
        let decision = world.server.verify(&request.borrow().with_stated_issuer(stated)).await;
        decision.map(|_verified| ()).map_err(|rejection| {
            assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
            rejection.error().clone()
        })
    };
    for (stated, own, partners) in [
        (None, Ok(()), Ok(())),
        (Some(ISSUER), Ok(()), Err(Error::StatedIssuer)),
        (Some(PARTNER), Err(Error::StatedIssuer), Ok(())),
        // Byte for byte, like iss itself (R91).
        (Some("https://as.example.com/"), Err(Error::StatedIssuer), Err(Error::StatedIssuer)),
        (Some(""), Err(Error::StatedIssuer), Err(Error::StatedIssuer)),
    ] {
        assert_eq!(decide(world.valid(), stated).await, own, "{stated:?}");
        assert_eq!(decide(call(&world, &partner, |token| token), stated).await, partners, "{stated:?}");
    }
}
