//! RFC 7662 as a source of revocations (SP 5.3.4-3, R4): JWTs that were verified, and are asked about.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::{Error, HttpError, Introspection, ResourceServerBuilder, Revocation};
use serde_json::{Value, json};

use crate::authorization_server::{AuthorizationServer, active, active_with, introspection};
use crate::logging::Log;
use crate::world::{API, Request, World};

/// A world in which JWTs are asked about.
fn asking_about_jwts(introspection: Introspection) -> (World, Arc<AuthorizationServer>) {
    asking(introspection, |builder| builder)
}

/// The same, where the server's own configuration was changed.
fn asking(
    introspection: Introspection,
    configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
) -> (World, Arc<AuthorizationServer>) {
    let server = AuthorizationServer::new();
    let world = World::introspecting(&server, introspection, |builder| {
        configure(builder.revocation(Revocation::introspection()))
    });
    server.answer_json(&json!({"active": true}));
    (world, server)
}

// R4, R125: a revoked JWT is refused as soon as the last answer has run out.
#[tokio::test]
async fn a_jwt_is_asked_about_where_that_was_chosen() {
    let (world, server) = asking_about_jwts(introspection());
    let token = world.token().sign();
    let request = || Request::dpop(&token, world.proof(&token).sign());
    assert_eq!(world.verify(&request()).await, Ok(()));
    assert_eq!(server.questions()[0].form["token"], token);
    server.answer_json(&json!({"active": false}));
    assert_eq!((world.verify(&request()).await, server.asked()), (Ok(()), 1));
    world.clock.advance(Duration::from_secs(30));
    assert_eq!((world.verify(&request()).await, server.asked()), (Err(Error::TokenInactive), 2));
}

// R4, P13: "could not ask" is 503 for a JWT as well.
#[tokio::test]
async fn a_jwt_that_cannot_be_asked_about_is_503() {
    let (world, server) = asking_about_jwts(introspection());
    server.answer(Err(HttpError::TimedOut));
    assert_eq!(world.verify(&world.valid()).await, Err(Error::IntrospectionUnavailable));
    assert_eq!(world.verify(&world.mtls()).await, Err(Error::IntrospectionUnavailable));
}

// R4, R60: only about tokens that their holder has shown to be theirs, and before the proof is used up.
#[tokio::test]
async fn a_stolen_jwt_is_not_asked_about() {
    let (world, server) = asking_about_jwts(introspection());
    let token = world.token().sign();
    let thief = world.another_client();
    let stolen = thief.proof("GET", &format!("{API}/records")).access_token(&token).sign();
    assert_eq!(world.verify(&Request::dpop(&token, stolen)).await, Err(Error::KeyBinding));
    let forged = world.proof(&token).signed_by(thief.key()).sign();
    assert_eq!(world.verify(&Request::dpop(&token, forged)).await, Err(Error::ProofSignature));
    assert_eq!(server.asked(), 0);
    server.answer(Err(HttpError::TimedOut));
    let request = Request::dpop(&token, world.proof(&token).sign());
    assert_eq!(world.verify(&request).await, Err(Error::IntrospectionUnavailable));
    server.answer_json(&json!({"active": true}));
    assert_eq!(world.verify(&request).await, Ok(()));
}

// R4, R126: the answer may say what the token says, or less.
#[tokio::test]
async fn an_answer_that_agrees_is_an_answer() {
    let (world, server) = asking_about_jwts(introspection());
    let agreeing = [
        active(&world),
        active_with(&world, "aud", json!(["https://other.example.com", API])),
        active_with(&world, "exp", format!("{}.5", world.ahead(300).as_secs()).parse::<Value>().unwrap()),
        active_with(&world, "sub", Value::Null),
        active_with(&world, "unknown", "member"),
    ];
    for answer in agreeing {
        server.answer_json(&answer);
        assert_eq!(world.verify(&world.valid()).await, Ok(()), "{answer}");
    }
}

// R4, R126: an answer that is not what the token says is about another one: not the client's fault, and remembered, so
// that the issuer is not asked again and again.
#[tokio::test]
async fn an_answer_that_contradicts_the_token_is_none() {
    let other = World::new();
    for (member, value) in [
        ("iss", json!("https://other.example.com")),
        ("sub", json!("bob")),
        ("sub", json!(7)),
        ("client_id", json!("another-client")),
        ("jti", json!("another-token")),
        ("exp", json!(other.ahead(200).as_secs())),
        ("exp", json!("soon")),
        ("aud", json!("https://other.example.com")),
        ("aud", json!(["https://other.example.com"])),
        ("aud", json!({})),
        ("cnf", json!({"jkt": other.client.thumbprint()})),
        ("cnf", json!({})),
        ("cnf", json!("bound")),
    ] {
        let log = Log::default();
        let _guard = tracing::subscriber::set_default(log.clone());
        let (world, server) = asking_about_jwts(introspection());
        server.answer_json(&active_with(&world, member, value.clone()));
        let token = world.token().sign();
        let call = || Request::dpop(&token, world.proof(&token).sign());
        let rejection = world.refused(&call()).await;
        assert_eq!(rejection.error(), &Error::IntrospectionInvalid, "{member} {value}");
        assert_eq!(rejection.status(), 503);
        assert_eq!(world.verify(&call()).await, Err(Error::IntrospectionInvalid), "{member} {value}");
        assert_eq!(server.asked(), 1, "{member}");
        let told: Vec<_> = log.take().into_iter().filter(|line| line.contains("contradicts")).collect();
        assert!(told.len() == 1 && told[0].contains(&format!("member={member:?}")), "{told:?}");
    }
}

/// Whoever encrypts a token again has the same token, of which one answer is enough.
#[cfg(feature = "josekit")]
mod encrypted {
    use fapi_core::crypto::JosekitDecryptionKey;
    use fapi_testkit::EncryptionKey;
    use tokio::task::JoinSet;

    use super::*;

    const TEXTS: usize = 20;

    fn decrypting(key: &EncryptionKey) -> (Arc<World>, Arc<AuthorizationServer>) {
        let own = JosekitDecryptionKey::from_jwk(key.private_jwk().to_string().as_bytes()).unwrap();
        let (world, server) =
            asking(introspection(), |builder| builder.token_decryption([Arc::new(own) as Arc<_>]));
        (Arc::new(world), server)
    }

    fn again(world: &World, key: &EncryptionKey, token: &str) -> Request {
        let text = key.encrypt(token).encrypt();
        Request::dpop(&text, world.proof(&text).sign())
    }

    // R95, R125
    #[tokio::test]
    async fn a_token_encrypted_again_and_again_is_one_question() {
        let key = EncryptionKey::ec();
        let (world, server) = decrypting(&key);
        let token = world.token().sign();
        for _ in 0..TEXTS {
            assert_eq!(world.verify(&again(&world, &key, &token)).await, Ok(()));
        }
        assert_eq!(server.asked(), 1);
        // What the issuer has signed, and not what somebody has made of it.
        assert_eq!(server.questions()[0].form["token"], token);
        let known = again(&world, &key, &token);
        assert_eq!(world.verify(&known).await, Ok(()));
        server.answer_json(&json!({"active": false}));
        world.clock.advance(Duration::from_secs(30));
        // The text is known, the answer has run out; and then all texts are refused.
        let text = known.authorization[0].trim_start_matches("DPoP ");
        let known = Request::dpop(text, world.proof(text).sign());
        assert_eq!(world.verify(&known).await, Err(Error::TokenInactive));
        assert_eq!(world.verify(&again(&world, &key, &token)).await, Err(Error::TokenInactive));
        assert_eq!(server.asked(), 2);
        // Another token is another question.
        server.answer_json(&json!({"active": true}));
        assert_eq!(world.verify(&again(&world, &key, &world.token().sign())).await, Ok(()));
        assert_eq!(server.asked(), 3);
    }

    // R121, R125
    #[tokio::test]
    async fn all_texts_at_once_share_a_call() {
        let key = EncryptionKey::ec();
        let (world, server) = decrypting(&key);
        let token = world.token().sign();
        let mut calls = JoinSet::new();
        for _ in 0..TEXTS {
            let (world, request) = (Arc::clone(&world), again(&world, &key, &token));
            calls.spawn(async move { world.verify(&request).await });
        }
        assert_eq!(calls.join_all().await, vec![Ok(()); TEXTS]);
        assert_eq!(server.asked(), 1);
    }
}
