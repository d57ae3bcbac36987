//! RFC 9068 §2.2 and §4: JWT access tokens.

use std::sync::Arc;

use fapi_core::jose::JoseError;
use fapi_core::{Error, Issuer, NoClaims, Profile};
use fapi_testkit::{TestIssuer, TokenBuilder};
use serde_json::{Value, json};

use crate::fakes::{JWKS_URI, METADATA_URL, Network};
use crate::world::{API, ISSUER, Request, World};

// R90
#[tokio::test]
async fn typ_is_at_jwt() {
    let world = World::new();
    for typ in ["at+jwt", "at+JWT", "AT+jwt", "application/at+jwt", "Application/AT+JWT"] {
        assert_eq!(world.verify(&world.with_token(|token| token.header("typ", typ))).await, Ok(()), "{typ}");
    }
    for typ in [
        "JWT",
        "jwt",
        "",
        "dpop+jwt",
        "token-introspection+jwt",
        "secevent+jwt",
        "logout+jwt",
        "at+jwt ",
        "text/at+jwt",
    ] {
        let request = world.with_token(|token| token.header("typ", typ));
        assert_eq!(world.verify(&request).await, Err(Error::TokenType), "{typ}");
    }
    let request = world.with_token(|token| token.without_header("typ"));
    assert_eq!(world.verify(&request).await, Err(Error::TokenType));
}

// R91
#[tokio::test]
async fn iss_is_the_issuer_byte_for_byte() {
    let world = World::new();
    // Without metadata, the first good token says whether the configuration has a slash too many.
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
    for iss in [
        "https://as.example.com/",
        "https://AS.example.com",
        "https://as.example.com:443",
        "https://as.example.co",
        "http://as.example.com",
        " https://as.example.com",
    ] {
        let request = world.with_token(|token| token.claim("iss", iss));
        assert_eq!(world.verify(&request).await, Err(Error::TokenIssuer), "{iss}");
    }
}

// R91: without metadata, the first good token settles the spelling, a forged one nothing.
#[tokio::test]
async fn a_good_token_settles_the_spelling_of_iss() {
    for configured in ["https://as.example.com/", "https://as.example.com"] {
        let network = Network::new();
        let world = World::trusting(Issuer::new(configured).with_jwks_uri(JWKS_URI), &network);
        network.publish(&world.issuer);
        let slash = |token: TokenBuilder| token.claim("iss", "https://as.example.com/");
        let forged = world.with_token(|token| slash(token).with_flipped_signature());
        assert_eq!(world.verify(&forged).await, Err(Error::TokenSignature));
        assert_eq!(world.verify(&world.valid()).await, Ok(()), "{configured}");
        assert_eq!(world.verify(&world.with_token(slash)).await, Err(Error::TokenIssuer));
        assert_eq!(world.verify(&world.valid()).await, Ok(()));
    }
}

// R91: where the configuration has a slash more, the metadata says which of the two is the issuer's, also to the first
// request.
#[tokio::test]
async fn the_metadata_settles_the_spelling_of_iss() {
    let network = Network::new();
    let world = World::trusting(Issuer::new("https://as.example.com/"), &network);
    let with_slash = world.with_token(|token| token.claim("iss", "https://as.example.com/"));
    assert_eq!(world.verify(&with_slash).await, Err(Error::TokenIssuer));
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
    assert_eq!(network.requests(), [METADATA_URL, JWKS_URI]);
}

// R92, R23, R105
#[tokio::test]
async fn aud_contains_this_api() {
    let world = World::new();
    let with = |aud: &Value| world.with_token(|token| token.claim("aud", aud.clone()));
    for aud in [json!(API), json!([API]), json!(["https://other.example.com", API])] {
        assert_eq!(world.verify(&with(&aud)).await, Ok(()), "{aud}");
    }
    for aud in [
        json!("https://api.example.com/"),
        json!("https://api.example.com/records"),
        json!("https://api.example.co"),
        json!("https://API.example.com"),
        json!(["https://other.example.com"]),
        json!(format!("{API} https://other.example.com")),
    ] {
        assert_eq!(world.verify(&with(&aud)).await, Err(Error::TokenAudience), "{aud}");
    }
    for aud in
        [json!([]), json!(null), json!(1), json!([1]), json!([[API]]), json!([API, null]), json!({"a": API})]
    {
        assert_eq!(world.verify(&with(&aud)).await, Err(Error::TokenClaimInvalid("aud")), "{aud}");
    }
    let request = world.with_token(|token| token.without_claim("aud"));
    assert_eq!(world.verify(&request).await, Err(Error::TokenClaimMissing("aud")));
}

// R92: an API may have several identifiers.
#[tokio::test]
async fn every_configured_audience_is_accepted() {
    let world = World::with(|builder| builder.audience("records"));
    for audience in [API, "records"] {
        assert_eq!(world.verify(&world.with_token(|token| token.audience(audience))).await, Ok(()));
    }
}

// R93, R101
#[tokio::test]
async fn the_signature_is_the_issuers() {
    let world = World::new();
    let impostor = TestIssuer::new(ISSUER);
    let request = world.with_token(|token| token.signed_by(&impostor.key()));
    let rejection = world.refused(&request).await;
    assert_eq!(rejection.error(), &Error::TokenSignature);
    assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
    let request = world.with_token(|token| token.signed_by(world.client.key()));
    assert_eq!(world.verify(&request).await, Err(Error::TokenSignature));
}

// R94
#[tokio::test]
async fn a_token_lives_until_exp() {
    let world = World::new();
    let at = |claim: &'static str, time: u64| world.with_token(|token| token.claim(claim, time));
    let now = world.now().as_secs();
    assert_eq!(world.verify(&at("exp", now + 1)).await, Ok(()));
    assert_eq!(world.verify(&at("exp", now)).await, Err(Error::TokenExpired { ago_seconds: 0 }));
    assert_eq!(world.verify(&at("exp", now - 10)).await, Err(Error::TokenExpired { ago_seconds: 10 }));
    assert_eq!(world.verify(&at("nbf", now)).await, Ok(()));
    assert_eq!(world.verify(&at("nbf", now + 60)).await, Err(Error::TokenNotYetValid { ahead_seconds: 60 }));

    let profile = Profile::fapi2().with_expiry_leeway(std::time::Duration::from_secs(5));
    let world = World::with(|builder| builder.profile(profile));
    let at = |exp| world.with_token(|token| token.claim("exp", exp));
    assert_eq!(world.verify(&at(world.ago(4).as_secs())).await, Ok(()));
    assert_eq!(world.verify(&at(world.ago(5).as_secs())).await, Err(Error::TokenExpired { ago_seconds: 5 }));
}

// R95: five parts are an encrypted token, which nobody agreed on.
#[tokio::test]
async fn encrypted_tokens_are_refused() {
    let world = World::new();
    let token = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAA.AAAA.AAAA";
    let request = Request::dpop(token, world.proof(token).sign());
    assert_eq!(world.verify(&request).await, Err(Error::TokenEncrypted));
}

// R96
#[tokio::test]
async fn each_required_claim_is_required() {
    let world = World::new();
    for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        let request = world.with_token(|token| token.without_claim(claim));
        assert_eq!(world.verify(&request).await, Err(Error::TokenClaimMissing(claim)));
        for value in [json!(null), json!({}), json!(true)] {
            let request = world.with_token(|token| token.claim(claim, value.clone()));
            assert_eq!(world.verify(&request).await, Err(Error::TokenClaimInvalid(claim)), "{claim} {value}");
        }
    }
    for claim in ["iss", "sub", "client_id", "jti"] {
        let request = world.with_token(|token| token.claim(claim, ""));
        assert_eq!(world.verify(&request).await, Err(Error::TokenClaimInvalid(claim)), "{claim}");
    }
}

// R96: scope is optional, and a string or an array.
#[tokio::test]
async fn scope_is_optional() {
    let world = World::new();
    let with = |scope: Value| world.with_token(|token| token.claim("scope", scope));
    for (request, scope) in [
        (world.with_token(|token| token.without_claim("scope")), ""),
        (with(json!("a b")), "a b"),
        (with(json!(["a", "b"])), "a b"),
    ] {
        let token = world.accepted(&request).await.access_token::<NoClaims>().unwrap();
        assert_eq!(token.scope().to_string(), scope);
    }
    for scope in [json!(null), json!(1), json!({"a": 1}), json!("a\"b"), json!(["a b"])] {
        assert_eq!(world.verify(&with(scope)).await, Err(Error::TokenClaimInvalid("scope")));
    }
}

// R97: whatever is wrong with a token is invalid_token, and the answer does not say what.
#[tokio::test]
async fn every_token_error_is_invalid_token() {
    let world = World::new();
    for request in [
        world.with_token(|token| token.header("typ", "JWT")),
        world.with_token(|token| token.header("alg", "none")),
        world.with_token(|token| token.claim("iss", "https://evil.example.com")),
        world.with_token(|token| token.audience("https://other.example.com")),
        world.with_token(|token| token.without_claim("jti")),
        world.with_token(|token| token.signed_by(world.client.key())),
        world.with_token(|token| token.header("kid", "other")),
    ] {
        let rejection = world.refused(&request).await;
        assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
        let (_, challenge) = rejection.headers().next().unwrap();
        assert!(challenge.contains("error_description=\"Invalid access token\""), "{challenge}");
    }
}

// R98
#[tokio::test]
async fn times_are_numbers_and_may_have_a_fraction() {
    let world = World::new();
    let with = |exp: Value| world.with_token(|token| token.claim("exp", exp));
    let now = world.now().as_secs();
    let half_a_second = serde_json::from_str(&format!("{now}.5")).unwrap();
    assert_eq!(world.verify(&with(half_a_second)).await, Ok(()));
    for exp in
        [json!(format!("{}", now + 60)), json!(-1), json!(u64::MAX), json!(1e300), json!(true), json!([now])]
    {
        assert_eq!(world.verify(&with(exp.clone())).await, Err(Error::TokenClaimInvalid("exp")), "{exp}");
    }
}

// R104: the keys of one issuer are worth nothing under the name of another.
#[tokio::test]
async fn keys_belong_to_their_issuer() {
    let other = TestIssuer::new("https://other.example.com");
    let trusted = Issuer::new(other.identifier()).with_key_set(other.jwks());
    let world = World::with(|builder| builder.issuer(trusted));
    let other = other.with_clock(Arc::new(world.clock.clone()));
    let by_other = other.token().audience(API).bound_to(&world.client);
    let send = |token: fapi_testkit::TokenBuilder| {
        let token = token.sign();
        Request::dpop(&token, world.proof(&token).sign())
    };
    assert_eq!(world.verify(&send(by_other.clone())).await, Ok(()));
    let in_the_name_of_ours = by_other.clone().claim("iss", ISSUER);
    assert_eq!(world.verify(&send(in_the_name_of_ours)).await, Err(Error::TokenKeyUnknown));
    let with_our_kid = by_other.claim("iss", ISSUER).header("kid", world.issuer.key().thumbprint());
    assert_eq!(world.verify(&send(with_our_kid)).await, Err(Error::TokenSignature));
}

// R104: two key sets for one name would be ambiguous.
#[test]
fn an_issuer_is_configured_once() {
    for twin in [ISSUER, "https://as.example.com/"] {
        let server = fapi_core::ResourceServer::builder()
            .public_url(API)
            .audience(API)
            .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
            .issuer(Issuer::new(ISSUER))
            .issuer(Issuer::new(twin))
            .build();
        assert_eq!(server.unwrap_err(), fapi_core::ConfigError::IssuerRepeated(twin.to_owned()));
    }
}

// R107, R97, R178: each kind of JWT is good for one thing.
#[tokio::test]
async fn a_proof_is_no_token_and_a_token_no_proof() {
    let world = World::new();
    let token = world.token().sign();
    let proof = world.proof(&token).sign();
    let proof_as_token = Request::dpop(&proof, world.proof(&proof).sign());
    assert_eq!(world.verify(&proof_as_token).await, Err(Error::TokenType));
    assert_eq!(world.verify(&Request::dpop(&token, &token)).await, Err(Error::ProofType));
    let opaque = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    let request = Request::dpop(opaque, world.proof(opaque).sign());
    assert_eq!(world.verify(&request).await, Err(Error::TokenMalformed(JoseError::Base64)));
}

// R119
#[tokio::test]
async fn a_token_without_kid_needs_a_single_key() {
    let world = World::new();
    assert_eq!(world.verify(&world.with_token(|token| token.without_header("kid"))).await, Ok(()));
    let two = |issuer: &TestIssuer| {
        let another = fapi_testkit::SigningKey::generate(issuer.key().algorithm());
        json!({"keys": [issuer.key().published_jwk("1"), another.published_jwk("2")]}).to_string()
    };
    let other = TestIssuer::new("https://other.example.com");
    let world =
        World::with(|builder| builder.issuer(Issuer::new(other.identifier()).with_key_set(two(&other))));
    let other = other.with_clock(Arc::new(world.clock.clone()));
    for (token, expected) in [
        (other.token().header("kid", "1"), Ok(())),
        (other.token().without_header("kid"), Err(Error::TokenKeyUnknown)),
    ] {
        let token = token.audience(API).bound_to(&world.client).sign();
        assert_eq!(world.verify(&Request::dpop(&token, world.proof(&token).sign())).await, expected);
    }
}
