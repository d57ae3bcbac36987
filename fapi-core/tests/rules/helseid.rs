//! HelseID: its tokens, proofs and claims, after the published examples.

use std::time::Duration;

use fapi_core::helseid::{AssuranceLevel, HelseIdClaims, Tenancy};
use fapi_core::jose::Algorithm;
use fapi_core::{
    AccessToken, ConfigError, Deviation, Error, Issuer, Profile, ResourceServer, ResourceServerBuilder,
    Revocation, SenderConstraint,
};
use fapi_testkit::{ProofBuilder, SigningKey, TestClient, TokenBuilder};
use serde_json::{Value, json};

use crate::world::{API, Request, World, header};

pub(crate) const TEST_ISSUER: &str = "https://helseid-sts.test.nhn.no";
const AUDIENCE: &str = "e-helse:sfm.api";

/// The token that NHN publishes as an example, without its times and `jti`.
fn published() -> Value {
    json!({
        "aud": AUDIENCE,
        "scope": ["openid", "profile", "helseid://scopes/identity/pid", "helseid://scopes/identity/security_level",
            "helseid://scopes/hpr/hpr_number", "helseid://scopes/identity/assurance_level", "e-helse:sfm.api/sfm.api"],
        "amr": ["pwd"], "client_id": "8cd7c619-92db-4d55-89e2-383b75efc758", "client_amr": "private_key_jwt",
        "helseid://claims/client/claims/orgnr_parent": "917897468",
        "nhn:sfm:journal-id": "a99abfb4-2bea-4e0a-bb03-38e37febbd2c",
        "sub": "tzto6gPhyTQw2bR/Wl0kgF/mTH+jdQoUBvaYSObfmlQ=", "idp": "testidp-oidc",
        "helseid://claims/identity/pid": "17056600574", "helseid://claims/identity/security_level": "4",
        "helseid://claims/identity/assurance_level": "high", "helseid://claims/hpr/hpr_number": "431001110",
        "oldsub": "n57qJQXiVg8sRZRurRDMKiIm6LnWrSzENEcmOgYL/MI=",
        "helseid://claims/client/amr": "rsa_private_key",
        "helseid://claims/client/claims/orgnr_supplier": "994598759",
        "e-helse:sfm.api/client/claims/sfm-id": "ce75db36-c57b-4592-9d47-5dfae8a34340",
        "helseid://claims/client/client_tenancy": "multi-tenant", "sid": "9E10C7DFEDC83C399DDBCD03B0907DBF"
    })
}

pub(crate) fn world() -> World {
    world_with(|builder| builder)
}

pub(crate) fn world_with(configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder) -> World {
    World::under(Profile::helseid_test(), TEST_ISSUER, Algorithm::Rs256, |builder| {
        configure(builder.audience(AUDIENCE))
    })
}

/// The published token, bound to the client's key as one for DPoP is.
pub(crate) fn token(world: &World) -> TokenBuilder {
    let now = world.now().as_secs();
    let claims = published().as_object().unwrap().clone();
    let token = world.token().lifetime(Duration::from_secs(3600)).claim("nbf", now).claim("auth_time", now);
    claims.into_iter().fold(token, |token, (name, value)| token.claim(&name, value))
}

/// The published token of a client that acts for itself.
pub(crate) fn machine_token(world: &World) -> TokenBuilder {
    let of_user = ["sub", "sid", "idp", "amr", "auth_time", "helseid://claims/identity/pid", "oldsub"];
    let more = ["security_level", "assurance_level"].map(|name| format!("helseid://claims/identity/{name}"));
    let token = token(world).without_claim("helseid://claims/hpr/hpr_number");
    let token = of_user.iter().fold(token, |token, name| token.without_claim(name));
    more.iter().fold(token, |token, name| token.without_claim(name))
}

pub(crate) fn request(world: &World, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Request {
    let token = change(token(world)).sign();
    Request::dpop(&token, world.proof(&token).sign())
}

fn proof_request(world: &World, change: impl FnOnce(ProofBuilder) -> String) -> Request {
    let token = token(world).sign();
    let proof = change(world.proof(&token));
    Request::dpop(&token, proof)
}

async fn verify(world: &World, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Result<(), Error> {
    world.verify(&request(world, change)).await
}

// The published example, in every field.
#[tokio::test]
async fn the_published_token_is_accepted_and_read() {
    let world = world();
    let verified = world.accepted(&request(&world, |token| token)).await;
    let token: AccessToken<HelseIdClaims> = verified.access_token().unwrap();
    assert!(token.scope().contains("e-helse:sfm.api/sfm.api"));
    assert_eq!(token.subject().as_str(), "tzto6gPhyTQw2bR/Wl0kgF/mTH+jdQoUBvaYSObfmlQ=");
    let claims = token.claims();
    assert_eq!(claims.pid(), Some("17056600574"));
    assert_eq!(claims.security_level(), Some(4));
    assert_eq!(claims.assurance_level(), Some(AssuranceLevel::High));
    assert_eq!(claims.hpr_number(), Some("431001110"));
    assert_eq!(claims.identity_provider(), Some("testidp-oidc"));
    assert_eq!(claims.session_id(), Some("9E10C7DFEDC83C399DDBCD03B0907DBF"));
    assert_eq!(claims.authentication_methods().collect::<Vec<_>>(), ["pwd"]);
    assert_eq!(claims.client_authentication_method(), Some("private_key_jwt"));
    assert_eq!(claims.client_key_kind(), Some("rsa_private_key"));
    assert_eq!(claims.parent_organisation(), Some("917897468"));
    assert_eq!(claims.child_organisation(), None);
    assert_eq!(claims.supplier(), Some("994598759"));
    assert_eq!(claims.tenancy(), Some(Tenancy::Multi));
    assert_eq!(claims.journal_id(), Some("a99abfb4-2bea-4e0a-bb03-38e37febbd2c"));
    assert_eq!(claims.sfm_id(), Some("ce75db36-c57b-4592-9d47-5dfae8a34340"));
    assert_eq!(claims.old_subject(), Some("n57qJQXiVg8sRZRurRDMKiIm6LnWrSzENEcmOgYL/MI="));
    assert_eq!(claims.unreadable().count(), 0);
    // R21, R22
    let shown = format!("{token:?} {claims:?}");
    for secret in ["17056600574", "431001110", "tzto6gPhyTQw2bR", "9E10C7DFEDC8", "n57qJQXiVg8"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

// R90, R92: the forms in which a token comes.
#[tokio::test]
async fn the_forms_of_a_token_that_are_in_use() {
    let world = world();
    for typ in ["at+jwt", "JWT", "jwt", "application/at+jwt"] {
        assert_eq!(verify(&world, |token| token.header("typ", typ)).await, Ok(()), "{typ}");
    }
    for typ in ["dpop+jwt", "logout+jwt", ""] {
        assert_eq!(verify(&world, |token| token.header("typ", typ)).await, Err(Error::TokenType), "{typ}");
    }
    assert_eq!(verify(&world, |token| token.without_header("typ")).await, Err(Error::TokenType));
    assert_eq!(verify(&world, |token| token.claim("aud", json!([AUDIENCE]))).await, Ok(()));
    assert_eq!(verify(&world, |token| token.scope("openid e-helse:sfm.api/sfm.api")).await, Ok(()));
}

// R92: one audience, unless the API says otherwise.
#[tokio::test]
async fn the_api_is_the_only_audience() {
    let both = json!(["https://helseid-sts.test.nhn.no/resources", AUDIENCE]);
    let two = |token: TokenBuilder| token.claim("aud", both.clone());
    assert_eq!(verify(&world(), two).await, Err(Error::TokenAudienceShared));
    let tolerant = world_with(|builder| builder.profile(Profile::helseid_test().with_single_audience(false)));
    assert_eq!(verify(&tolerant, two).await, Ok(()));
    let other = |token: TokenBuilder| token.audience("e-helse:sfm.api/other");
    assert_eq!(verify(&tolerant, other).await, Err(Error::TokenAudience));
}

// R6, R58: DPoP only, and never without a binding.
#[tokio::test]
async fn a_token_is_bound_and_used_with_dpop() {
    let world = world();
    let bound = token(&world).sign();
    // As Bearer: a legacy client without DPoP, or a stolen token. The scheme is what is wrong with both.
    let unbound = token(&world).without_claim("cnf").sign();
    for sent in [&bound, &unbound] {
        let rejection = world.refused(&Request::bearer(sent)).await;
        assert_eq!(rejection.error(), &Error::SchemeNotAccepted(SenderConstraint::Dpop));
        assert_eq!(rejection.error().code(), "scheme_not_accepted");
        let text = rejection.error().to_string();
        assert!(
            text.contains("under the scheme Bearer") && text.contains("DPoP-bound tokens only"),
            "{text}"
        );
        let challenge = header(&rejection, "www-authenticate").unwrap();
        let start = "DPoP error=\"invalid_token\", error_description=\"The access token was sent under the scheme Bearer; \
                     only DPoP-bound tokens are accepted\", algs=";
        assert!(challenge.starts_with(start), "{challenge}");
    }
    assert_eq!(verify(&world, |token| token.without_claim("cnf")).await, Err(Error::TokenUnbound));
}

// R44: the nine algorithms of HelseID's metadata, and no others.
#[tokio::test]
async fn proofs_of_the_nine_algorithms() {
    let world = world();
    for algorithm in Algorithm::ALL {
        let expected = match algorithm {
            Algorithm::EdDsa | Algorithm::Ed25519 => Err(Error::ProofAlgorithm),
            _ => Ok(()),
        };
        let client = TestClient::with_key(SigningKey::generate(algorithm))
            .with_clock(std::sync::Arc::new(world.clock.clone()));
        let token = token(&world).without_claim("cnf").bound_to(&client).sign();
        let proof = client.proof("GET", "https://api.example.com/records").access_token(&token).sign();
        assert_eq!(world.verify(&Request::dpop(&token, proof)).await, expected, "{algorithm}");
    }
}

// R51, R43, R45: as NHN's own example: escapes in typ, kid beside jwk, an empty nonce.
#[tokio::test]
async fn the_published_form_of_a_proof() {
    let world = world();
    let published = |proof: ProofBuilder| {
        proof
            .header("kid", "B427")
            .nonce("")
            .edit_header(|header| header.replace("dpop+jwt", "dpop\\u002Bjwt"))
            .sign()
    };
    assert_eq!(world.verify(&proof_request(&world, published)).await, Ok(()));
    let unknown = |proof: ProofBuilder| proof.nonce("of HelseID's token endpoint").sign();
    assert_eq!(world.verify(&proof_request(&world, unknown)).await, Ok(()));
}

// R15, R52
#[tokio::test]
async fn a_proof_is_good_from_15_s_before_to_10_s_after() {
    let world = world();
    let at = |time| move |proof: ProofBuilder| proof.issued_at(time).sign();
    assert_eq!(world.verify(&proof_request(&world, at(world.ago(15)))).await, Ok(()));
    assert_eq!(world.verify(&proof_request(&world, at(world.ahead(10)))).await, Ok(()));
    let too_old = world.verify(&proof_request(&world, at(world.ago(16)))).await;
    assert!(matches!(too_old, Err(Error::ProofTooOld { .. })), "{too_old:?}");
    let ahead = world.verify(&proof_request(&world, at(world.ahead(11)))).await;
    assert!(matches!(ahead, Err(Error::ProofFromFuture { .. })), "{ahead:?}");
}

// R116: message fields in a proof are in use, so that it may be large: of 8 kB, and not a byte more.
#[tokio::test]
async fn a_proof_may_have_8_kb() {
    let world = world();
    let token = token(&world).sign();
    let of_field = |bytes: usize| world.proof(&token).claim("msg_hash", "x".repeat(bytes)).sign();
    // Four characters are three bytes, so that one more byte is one or two more characters.
    let mut at_most = 5_000;
    while of_field(at_most + 1).len() <= 8 * 1024 {
        at_most += 1;
    }
    let (fits, too_large) = (of_field(at_most), of_field(at_most + 1));
    assert!(
        fits.len() >= 8 * 1024 - 2 && too_large.len() <= 8 * 1024 + 2,
        "{} {}",
        fits.len(),
        too_large.len()
    );
    assert_eq!(world.verify(&Request::dpop(&token, fits)).await, Ok(()));
    assert_eq!(world.verify(&Request::dpop(&token, too_large)).await, Err(Error::ProofTooLarge));
}

// R94: of "a few seconds" of leeway, five.
#[tokio::test]
async fn a_token_is_good_for_5_s_after_its_exp() {
    let world = world();
    let expired = |seconds| {
        let exp = world.ago(seconds).as_secs();
        move |token: TokenBuilder| token.claim("exp", exp)
    };
    assert_eq!(verify(&world, expired(4)).await, Ok(()));
    assert_eq!(verify(&world, expired(5)).await, Err(Error::TokenExpired { ago_seconds: 5 }));
}

fn build(profile: Profile, issuer: Option<&str>) -> Result<(), ConfigError> {
    let builder = ResourceServer::builder()
        .profile(profile)
        .public_url(API)
        .audience(AUDIENCE)
        .revocation(Revocation::max_token_lifetime(Duration::from_secs(3600)));
    issuer.map(Issuer::new).into_iter().fold(builder, ResourceServerBuilder::issuer).build().map(|_server| ())
}

// P40: anybody can have a token of the test environment made.
#[test]
fn production_refuses_the_issuers_of_tests() {
    assert_eq!(Profile::helseid().issuer(), Some("https://helseid-sts.nhn.no"));
    assert_eq!(build(Profile::helseid(), None), Ok(()));
    for issuer in [
        TEST_ISSUER,
        "https://helseid-sts.test.nhn.no/",
        "https://HELSEID-STS.test.nhn.no",
        "https://HELSEID-STS.test.nhn.no:443/",
        "https://helseid-sts.test.nhn.no:/",
        "https://helseid-sts.test.nhn.no.",
        "https://helseid%2Dsts.test.nhn.no",
        "https://helseid-sts.test.nhn.no//",
        "https://helseid-sts.test.nhn.no/other",
        "https://helseid-sts.utvikling.nhn.no",
        "HTTPS://helseid-sts.utvikling.nhn.no:443",
    ] {
        let refused = ConfigError::IssuerRefused { issuer: issuer.to_owned(), profile: "helseid".to_owned() };
        assert_eq!(build(Profile::helseid(), Some(issuer)), Err(refused));
    }
    assert_eq!(build(Profile::helseid_test(), None), Ok(()));
    // Another port is another server.
    for other in
        ["https://helseid-sts.test.nhn.no:8443", "https://helseid-sts.nhn.no/", "https://sts.example.no"]
    {
        assert_eq!(build(Profile::helseid(), Some(other)), Ok(()), "{other}");
    }
}

// R20
#[test]
fn every_deviation_is_named() {
    use Algorithm::{Es384, Es512, Ps384, Ps512, Rs256, Rs384, Rs512};
    let deviations: Vec<_> = Profile::helseid().deviations().collect();
    let expected = [
        Deviation::TokenAlgorithms(vec![Rs256, Es384, Es512, Ps384, Ps512]),
        Deviation::ProofAlgorithms(vec![Es384, Es512, Ps384, Ps512, Rs256, Rs384, Rs512]),
        Deviation::TokenTypes(vec!["JWT".into()]),
        Deviation::SubjectOptional,
    ];
    assert_eq!(deviations, expected);
    assert!(deviations[0].to_string().contains("RS256, ES384"), "{}", deviations[0]);
}
