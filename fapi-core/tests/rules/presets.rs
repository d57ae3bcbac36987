//! The profiles of sectors and ecosystems: what each accepts, what it deviates in, and what it sets for the server.

use std::time::Duration;

use fapi_core::jose::Algorithm;
use fapi_core::{
    ConfigError, Deviation, Error, InteractionIdPolicy, NoncePolicy, Profile, Requirement, ResourceServer,
    Revocation, SenderConstraint,
};

use crate::logging::Log;
use crate::world::{API, ISSUER, Request, World, header, headers};

fn presets() -> impl Iterator<Item = Profile> {
    Profile::names().map(|name| name.parse().unwrap())
}

#[test]
fn every_profile_has_its_name() {
    for (profile, name) in presets().zip(Profile::names()) {
        assert_eq!(profile.name(), name);
    }
    let error = "fapi1".parse::<Profile>().unwrap_err().to_string();
    assert!(error.contains("\"fapi1\"") && error.contains("helseid"), "{error}");
}

// R20, R7: what a profile deviates in follows from what it accepts.
#[test]
fn what_each_deviates_in() {
    let codes = |profile: Profile| profile.deviations().map(|deviation| deviation.code()).collect::<Vec<_>>();
    for strict in [Profile::fapi2(), Profile::atproto(), Profile::mcp()] {
        assert_eq!(codes(strict), [""; 0]);
    }
    for fapi1 in [Profile::open_finance_brazil(), Profile::cdr_au(), Profile::uk_open_banking()] {
        assert_eq!(codes(fapi1), ["token_types", "subject_optional"]);
    }
    let of_maskinporten =
        ["token_algorithms", "token_types", "untyped_token", "audience_optional", "subject_optional"];
    assert_eq!(codes(Profile::maskinporten()), of_maskinporten);
}

fn build(profile: Profile) -> Result<(), ConfigError> {
    ResourceServer::builder()
        .profile(profile)
        .public_url(API)
        .audience(API)
        .issuer(fapi_core::Issuer::new(ISSUER))
        .revocation(Revocation::max_token_lifetime(Duration::from_secs(300)))
        .build()
        .map(|_server| ())
}

// R20: any relaxation takes the name away, not only of algorithms.
#[test]
fn a_relaxed_fapi2_has_lost_its_name() {
    for relaxed in [
        Profile::fapi2().with_audience_optional(true),
        Profile::fapi2().with_subject_optional(true),
        Profile::fapi2().with_token_id_optional(true),
        Profile::fapi2().with_issued_at_optional(true),
        Profile::fapi2().with_untyped_tokens(true),
        Profile::fapi2().with_token_types(vec!["at+jwt".into(), "JWT".into()]),
    ] {
        assert_eq!(relaxed.deviations().count(), 1);
        assert_eq!(build(relaxed.clone()), Err(ConfigError::ProfileName), "{relaxed:?}");
        assert_eq!(build(relaxed.named("own")), Ok(()));
    }
    assert_eq!(build(Profile::fapi2().with_single_audience(true)), Ok(()));
}

// R20: each deviation is a warning at start.
#[test]
fn deviations_are_logged_at_start() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let profile = Profile::fapi2()
        .with_token_algorithms(vec![Algorithm::Es256, Algorithm::Rs256])
        .with_audience_optional(true)
        .named("own");
    let deviations: Vec<Deviation> = profile.deviations().collect();
    World::with(|builder| builder.profile(profile));
    let warnings: Vec<String> = log.take().into_iter().filter(|line| line.starts_with("WARN")).collect();
    // The last one is not the profile's: see `deviations.rs`.
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    for (warning, deviation) in warnings.iter().zip(deviations) {
        let expected = format!("profile=\"own\" deviation={:?}", deviation.code());
        assert!(warning.contains(&expected) && warning.contains(&deviation.to_string()), "{warning}");
    }
}

// R20: nor may it have that name in another spelling.
#[test]
fn a_relaxed_fapi2_may_not_spell_its_name_in_another_way() {
    for name in [
        "fapi2",
        "FAPI2",
        "fapi-2.0",
        "Fapi 2",
        "FAPI 2.0 Security Profile",
        "fapi_2_0_security_profile_final",
        "fapi2sp",
    ] {
        let profile = Profile::fapi2().named(name);
        assert_eq!(build(profile.clone()), Ok(()), "{name}");
        assert_eq!(build(profile.with_untyped_tokens(true)), Err(ConfigError::ProfileName), "{name}");
    }
    for name in ["own", "fapi2-relaxed", "fapi2 with RS256", "fapi1", "fapi", "fapi-20-21"] {
        assert_eq!(build(Profile::fapi2().named(name).with_untyped_tokens(true)), Ok(()), "{name}");
    }
}

// R6, R51: the profile's defaults hold, and the builder's setters override them.
#[tokio::test]
async fn setters_override_the_profile() {
    let atproto = World::with(|builder| builder.profile(Profile::atproto()));
    assert_eq!(atproto.verify(&atproto.valid()).await, Err(Error::NonceMissing));
    let dpop_only = Err(Error::SchemeNotAccepted(SenderConstraint::Dpop));
    assert_eq!(atproto.verify(&atproto.mtls()).await, dpop_only);
    for order in [true, false] {
        let world = World::with(|builder| {
            let before = if order { builder.profile(Profile::atproto()) } else { builder };
            let set = before.nonce(NoncePolicy::Off).sender_constraint(SenderConstraint::Either);
            if order { set } else { set.profile(Profile::atproto()) }
        });
        assert_eq!(world.verify(&world.valid()).await, Ok(()));
        assert_eq!(world.verify(&world.mtls()).await, Ok(()));
    }
}

// R63, R65: with the AT Protocol, every answer to a proof has one nonce.
#[tokio::test]
async fn atproto_hands_out_a_nonce_with_every_answer() {
    let world = World::with(|builder| builder.profile(Profile::atproto()));
    let nonce = header(&world.refused(&world.valid()).await, "dpop-nonce").unwrap();
    let verified = world.accepted(&world.with_proof(|proof| proof.nonce(&nonce))).await;
    assert_eq!(verified.dpop_nonce(), Some(&*nonce));
    let forbidden = verified.check(&Requirement::scope("admin")).unwrap_err();
    assert_eq!(headers(&forbidden, "dpop-nonce"), vec![nonce.clone()]);
    let wrong = world.refused(&world.with_proof(|proof| proof.nonce(&nonce).claim("htm", "PUT"))).await;
    assert_eq!((wrong.error(), headers(&wrong, "dpop-nonce")), (&Error::ProofMethod, vec![nonce]));
    let nobody = world.refused(&Request::without_credentials()).await;
    assert_eq!(header(&nobody, "dpop-nonce"), None);
}

// R144, R34: MCP clients read the scope to ask for from the challenge.
#[tokio::test]
async fn mcp_challenges_name_the_scope() {
    let world =
        World::with(|builder| builder.profile(Profile::mcp()).scopes_supported(["tools:call", "tools:list"]));
    let rejection = world.refused(&Request::without_credentials()).await;
    for challenge in headers(&rejection, "www-authenticate") {
        assert!(challenge.contains("scope=\"tools:call tools:list\""), "{challenge}");
        assert!(
            challenge.contains("resource_metadata=\"https://api.example.com/.well-known/"),
            "{challenge}"
        );
    }
    let verified = world.accepted(&world.valid()).await;
    let forbidden = verified.check(&Requirement::scope("tools:call")).unwrap_err();
    let challenge = header(&forbidden, "www-authenticate").unwrap();
    assert_eq!(challenge.matches("scope=").count(), 1, "{challenge}");
    let other = World::with(|builder| builder.scopes_supported(["tools:call"]));
    let rejection = other.refused(&Request::without_credentials()).await;
    assert!(headers(&rejection, "www-authenticate").iter().all(|challenge| !challenge.contains("scope=")));
}

// R34, R36, R137, R140: what an MCP client does: it reads the first challenge, then the metadata, and asks for a token for the
// resource that stands there.
#[tokio::test]
async fn mcp_clients_find_their_way() {
    let world = World::with(|builder| {
        builder.profile(Profile::mcp()).resource_path("/mcp").audience("https://api.example.com/mcp")
    });
    let rejection = world.refused(&Request::without_credentials()).await;
    let challenges = headers(&rejection, "www-authenticate");
    let metadata = "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource/mcp\"";
    assert!(challenges[0].starts_with("Bearer ") && challenges[0].ends_with(metadata), "{challenges:?}");
    assert!(challenges[1].starts_with("DPoP "), "{challenges:?}");
    let document: serde_json::Value = serde_json::from_str(world.server.metadata().json()).unwrap();
    let token = world.token().audience(document["resource"].as_str().unwrap()).sign();
    let proof = world.client.proof("POST", "https://api.example.com/mcp").access_token(&token);
    world
        .accepted(&Request {
            method: "POST".to_owned(),
            path: "/mcp".to_owned(),
            ..Request::dpop(&token, proof.sign())
        })
        .await;
    let other = World::new();
    let rejection = other.refused(&Request::without_credentials()).await;
    assert!(headers(&rejection, "www-authenticate")[0].starts_with("DPoP "));
}

// R33: what challenges and metadata name is a scope, or the server does not start.
#[test]
fn what_is_no_scope_is_refused() {
    let build = |scope: &str| {
        let builder =
            ResourceServer::builder().public_url(API).audience(API).issuer(fapi_core::Issuer::new(ISSUER));
        let lifetime = Revocation::max_token_lifetime(Duration::from_secs(300));
        builder.revocation(lifetime).scopes_supported(["tools:call", scope]).build().map(|_server| ())
    };
    assert_eq!(build("tools:list"), Ok(()));
    for wrong in ["", "a b", "no\"scope", "no\\scope", "\u{e5}"] {
        assert_eq!(build(wrong), Err(ConfigError::Scope(wrong.to_owned())));
    }
}

// R7, R90, R92, R96: Maskinporten's tokens, bound all the same (R6).
#[tokio::test]
async fn maskinporten_tokens() {
    const SCOPE: &str = "example:read";
    let test = Profile::maskinporten_test();
    let world = World::under(test, "https://test.maskinporten.no/", Algorithm::Rs256, |builder| builder);
    let verify = async |change: fn(fapi_testkit::TokenBuilder) -> fapi_testkit::TokenBuilder| {
        let published =
            |token: fapi_testkit::TokenBuilder| token.without_header("typ").without_claim("sub").scope(SCOPE);
        world.verify(&world.with_token(|token| change(published(token)))).await
    };
    assert_eq!(verify(|token| token).await, Ok(()));
    assert_eq!(verify(|token| token.without_claim("aud")).await, Ok(()));
    assert_eq!(verify(|token| token.audience("https://other.example.com")).await, Err(Error::TokenAudience));
    assert_eq!(verify(|token| token.header("typ", "dpop+jwt")).await, Err(Error::TokenType));
    assert_eq!(verify(|token| token.without_claim("cnf")).await, Err(Error::TokenUnbound));
    let token = world.token().without_claim("sub").without_header("typ").sign();
    let verified = world.accepted(&Request::dpop(&token, world.proof(&token).sign())).await;
    let token = verified.access_token::<fapi_core::NoClaims>().unwrap();
    assert!(token.subject_is_client());
}

// P40; R23: no audience is needed where the tokens have none.
#[test]
fn maskinporten_needs_no_audience_and_refuses_its_test_issuer() {
    let build = |profile: Profile| {
        ResourceServer::builder()
            .profile(profile)
            .public_url(API)
            .revocation(Revocation::max_token_lifetime(Duration::from_secs(600)))
    };
    assert!(build(Profile::maskinporten()).build().is_ok());
    let strict = Profile::maskinporten().with_audience_optional(false);
    assert_eq!(build(strict).build().map(|_server| ()), Err(ConfigError::AudienceMissing));
    let test = fapi_core::Issuer::new("https://test.maskinporten.no");
    let refused = build(Profile::maskinporten()).issuer(test).build().map(|_server| ());
    assert!(matches!(refused, Err(ConfigError::IssuerRefused { .. })), "{refused:?}");
}

// R7, R72: open finance is mutual TLS and PS256; DPoP is not accepted.
#[tokio::test]
async fn open_finance_is_mutual_tls() {
    for (profile, algorithm, others) in [
        (Profile::open_finance_brazil(), Algorithm::Ps256, &["ES256", "RS256"][..]),
        (Profile::uk_open_banking(), Algorithm::Ps256, &["ES256", "RS256"]),
        (Profile::cdr_au(), Algorithm::Ps256, &["RS256"]),
        (Profile::cdr_au(), Algorithm::Es256, &["RS256"]),
    ] {
        let name = format!("{} {algorithm}", profile.name());
        let world = World::under(profile, ISSUER, algorithm, |builder| {
            builder.interaction_id(InteractionIdPolicy::Echo)
        });
        // R24: not every one requires it.
        let identified = |request: Request| request.interaction_id("93bac548-d2de-4546-b106-880a5018460d");
        assert_eq!(world.verify(&identified(world.mtls())).await, Ok(()), "{name}");
        for other in others {
            let token = world.token().without_claim("cnf").bound_to_certificate(world.certificate.der());
            let bearer = Request::bearer(&token.header("alg", *other).sign());
            let request = identified(bearer.certificate(world.certificate.der()));
            assert_eq!(world.verify(&request).await, Err(Error::TokenAlgorithm), "{name} {other}");
        }
        let mtls_only = Err(Error::SchemeNotAccepted(SenderConstraint::Mtls));
        assert_eq!(world.verify(&world.valid()).await, mtls_only, "{name}");
    }
    // R24: an identifier that finds the request again is part of each.
    assert_eq!(Profile::open_finance_brazil().interaction_id(), InteractionIdPolicy::Require);
    assert_eq!(Profile::cdr_au().interaction_id(), InteractionIdPolicy::Make);
    assert_eq!(Profile::uk_open_banking().interaction_id(), InteractionIdPolicy::Make);
    assert_eq!(Profile::open_finance_brazil().max_token_lifetime(), Some(Duration::from_secs(900)));
}
