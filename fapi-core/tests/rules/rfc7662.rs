//! RFC 7662: opaque tokens, and what their issuer says of them.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::crypto::{AwsLcProvider, CryptoProvider};
use fapi_core::jose::{Algorithm, CompactJws, Header, JoseError, Jwk};
use fapi_core::{
    ClientAuthentication, ConfigError, DenyList, Error, HttpError, HttpResponse, Introspection, Issuer,
    IssuerError, Requirement, ResourceServer, Revocation,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::authorization_server::{
    AuthorizationServer, CLIENT_ID, ENDPOINT, JSON, JWT, MTLS_ENDPOINT, OPAQUE, active, active_with,
    active_without, introspection, private_key_jwt, with_opaque, world, world_with,
};
use crate::logging::Log;
use crate::world::{API, ISSUER, Request, World, decide};

const MALFORMED: Error = Error::TokenMalformed(JoseError::NotCompact);

/// The decision about the opaque token, with a new proof.
async fn verdict(world: &World) -> Result<(), Error> {
    world.verify(&with_opaque(world, OPAQUE)).await
}

/// The decision where the issuer answers like this.
async fn verdict_on(answer: impl FnOnce(&World) -> Value) -> Result<(), Error> {
    let (world, server) = world();
    server.answer_json(&answer(&world));
    verdict(&world).await
}

// R121
#[tokio::test]
async fn an_opaque_token_is_asked_about_by_post() {
    let (world, server) = world();
    assert_eq!(verdict(&world).await, Ok(()));
    let [question] = &server.questions()[..] else { panic!("one question") };
    assert_eq!((&*question.url, &*question.accept), (ENDPOINT, JSON));
    assert_eq!((&*question.form["token"], &*question.form["token_type_hint"]), (OPAQUE, "access_token"));
    assert_eq!(question.authorization, None);
}

/// The assertion in a question: header and claims, after its signature has verified under `key`.
fn assertion(question: &crate::authorization_server::Question, key: &Value) -> (String, Value) {
    let form = &question.form;
    assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let jws = CompactJws::parse(&form["client_assertion"]).unwrap();
    let header = jws.decode_header().unwrap();
    assert_eq!(Header::parse(&header).unwrap().alg(), "ES256");
    let key = Jwk::parse(key.to_string().as_bytes()).unwrap();
    let key = AwsLcProvider.verifying_key(&key, Algorithm::Es256).unwrap();
    key.verify(jws.signing_input().as_bytes(), &jws.decode_signature().unwrap()).unwrap();
    let claims = serde_json::from_slice(&jws.decode_payload().unwrap()).unwrap();
    (String::from_utf8(header).unwrap(), claims)
}

// R122: the audience of an assertion is the issuer, as a string; each is used once.
#[tokio::test]
async fn an_assertion_is_for_the_issuer_alone() {
    let (authentication, key) = private_key_jwt();
    let (world, server) =
        world_with(Introspection::new(authentication).with_max_age(Duration::ZERO).with_endpoint(ENDPOINT));
    for _ in 0..2 {
        assert_eq!(verdict(&world).await, Ok(()));
    }
    let questions = server.questions();
    let assertions: Vec<_> =
        questions.iter().map(|question| assertion(question, &key.public_jwk()).1).collect();
    for claims in &assertions {
        assert_eq!(claims["aud"], json!(ISSUER));
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!(CLIENT_ID), &json!(CLIENT_ID)));
        assert_eq!(claims["iat"], world.now().as_secs());
        assert_eq!(claims["exp"], world.ahead(60).as_secs());
    }
    assert_ne!(assertions[0]["jti"], assertions[1]["jti"]);
    let (header, _) = assertion(&questions[0], &key.public_jwk());
    let header: Value = serde_json::from_str(&header).unwrap();
    assert_eq!(header, json!({"alg": "ES256", "kid": "api-1", "typ": "client-authentication+jwt"}));
}

// R122: what the issuer calls itself, where that differs from the configuration by a slash.
#[tokio::test]
async fn an_assertion_names_the_issuer_as_it_names_itself() {
    let (authentication, key) = private_key_jwt();
    let (world, server) = world_with(Introspection::new(authentication));
    let stated = format!("{ISSUER}/");
    server.state("issuer", stated.clone());
    server.answer_json(&active_with(&world, "iss", stated.clone()));
    assert_eq!(verdict(&world).await, Ok(()));
    assert_eq!(assertion(&server.questions()[0], &key.public_jwk()).1["aud"], json!(stated));
}

// R78: over mutual TLS the alias is asked, if there is one, and only then.
#[tokio::test]
async fn mutual_tls_goes_to_the_alias() {
    let mtls = || Introspection::new(ClientAuthentication::mutual_tls(CLIENT_ID));
    for (introspection, alias, expected) in
        [(mtls(), true, MTLS_ENDPOINT), (mtls(), false, ENDPOINT), (introspection(), true, ENDPOINT)]
    {
        let (world, server) = world_with(introspection);
        if alias {
            server.state("mtls_endpoint_aliases", json!({"introspection_endpoint": MTLS_ENDPOINT}));
        }
        assert_eq!(verdict(&world).await, Ok(()));
        let [question] = &server.questions()[..] else { panic!("one question") };
        assert_eq!(question.url, expected);
    }
    let (world, server) = world_with(mtls());
    assert_eq!(verdict(&world).await, Ok(()));
    assert_eq!(server.questions()[0].form["client_id"], CLIENT_ID);
}

// R121: RFC 6749 §2.3.1 form-encodes both before they are joined.
#[tokio::test]
async fn a_secret_goes_into_the_header() {
    let authentication = ClientAuthentication::client_secret_basic("my api", "p:a%ss");
    assert!(!format!("{authentication:?}").contains("p:a"), "{authentication:?}");
    let (world, server) = world_with(Introspection::new(authentication));
    assert_eq!(verdict(&world).await, Ok(()));
    let question = server.questions().remove(0);
    // my+api:p%3Aa%25ss
    assert_eq!(question.authorization.as_deref(), Some("Basic bXkrYXBpOnAlM0FhJTI1c3M="));
    assert_eq!(question.form.len(), 2, "{:?}", question.form.keys());
}

// R121: neither the token nor the credentials leave over plain http, or go where two parsers might disagree.
#[tokio::test]
async fn the_endpoint_is_https() {
    for endpoint in [
        json!("http://as.example.com/introspect"),
        json!("https://as.example.com\\@evil.example/"),
        json!(format!("https://as.example.com/{}", "a".repeat(2048))),
        json!(["https://as.example.com/introspect"]),
        Value::Null,
    ] {
        let (world, server) = world();
        server.state("introspection_endpoint", endpoint.clone());
        assert_eq!(verdict(&world).await, Err(Error::IntrospectionUnavailable), "{endpoint}");
        assert_eq!(server.asked(), 0);
        // The keys do not depend on it.
        assert_eq!(world.verify(&world.valid()).await, Ok(()));
    }
}

// R123, R180, P47: active is a boolean; whatever is not one is no answer, and an answer "no" is 401.
#[tokio::test]
async fn active_is_a_boolean() {
    for active in [json!("true"), json!("false"), json!(1), json!(0), json!([true]), json!({}), Value::Null] {
        let error = verdict_on(|world| active_with(world, "active", active.clone())).await;
        assert_eq!(error, Err(Error::IntrospectionInvalid), "{active}");
    }
    assert_eq!(verdict_on(|world| active_without(world, "active")).await, Err(Error::IntrospectionInvalid));
    // R123: members that are not known do not matter.
    assert_eq!(verdict_on(|world| active_with(world, "x", json!({"y": 1}))).await, Ok(()));

    let (world, server) = world();
    server.answer_json(&active_with(&world, "active", false));
    let rejection = world.refused(&with_opaque(&world, OPAQUE)).await;
    assert_eq!(rejection.error(), &Error::TokenInactive);
    assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
}

// R124, P13: an issuer that refuses this server, is out of order or talks nonsense is no reason to blame the token.
#[tokio::test]
async fn a_failed_introspection_is_503_without_a_challenge() {
    use Error::{IntrospectionInvalid as Invalid, IntrospectionUnavailable as Unavailable};
    let status = |status| Ok(HttpResponse::new(status, r#"{"active":true}"#).with_content_type(JSON));
    let typed = |body: &str, media_type: &str| Ok(HttpResponse::new(200, body).with_content_type(media_type));
    let inactive = r#"{"active":false}"#;
    for (answer, error) in [
        (status(401), Unavailable),
        (status(403), Unavailable),
        (status(400), Unavailable),
        (status(429), Unavailable),
        (status(500), Unavailable),
        (status(503), Unavailable),
        // R180
        (status(302), Unavailable),
        (status(201), Unavailable),
        (Err(HttpError::TimedOut), Unavailable),
        (Err(HttpError::TooLarge), Unavailable),
        (Ok(HttpResponse::new(200, inactive)), Invalid),
        (typed(inactive, "text/html"), Invalid),
        (typed(inactive, "application/jwt"), Invalid),
        (typed(inactive, JWT), Invalid),
        (typed("", JSON), Invalid),
        (typed("true", JSON), Invalid),
        (typed("[]", JSON), Invalid),
        (typed(r#"{"active":false,"active":true}"#, JSON), Invalid),
        (typed(r#"{"active":true}{}"#, JSON), Invalid),
    ] {
        let (world, server) = world();
        server.answer(answer.clone());
        let rejection = world.refused(&with_opaque(&world, OPAQUE)).await;
        assert_eq!(rejection.error(), &error, "{answer:?}");
        assert_eq!((rejection.status(), rejection.error_code()), (503, None));
        assert!(rejection.headers().all(|(name, _)| name != "www-authenticate"));
        // Not known is not remembered.
        server.answer_json(&active(&world));
        assert_eq!(verdict(&world).await, Ok(()));
    }
    let (world, server) = world();
    server.answer(typed(inactive, "Application/JSON ; charset=utf-8"));
    assert_eq!(verdict(&world).await, Err(Error::TokenInactive));
}

// R124: the operator learns what to mend, and neither token nor secret is in it (P44).
#[tokio::test]
async fn the_log_says_what_to_mend() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let (world, server) =
        world_with(Introspection::new(ClientAuthentication::client_secret_basic(CLIENT_ID, "very-secret")));
    server.answer(Ok(HttpResponse::new(401, r#"{"error":"invalid_client"}"#)));
    assert_eq!(verdict(&world).await, Err(Error::IntrospectionUnavailable));
    let lines = log.take().join("\n");
    assert!(lines.contains("WARN fapi_core::issuer"), "{lines}");
    assert!(lines.contains("status 401: the issuer refuses this server; check its client_id"), "{lines}");
    let secret = server.questions()[0].authorization.clone().unwrap();
    for text in [OPAQUE, "very-secret", secret.trim_start_matches("Basic ")] {
        assert!(!lines.contains(text), "{lines}");
    }
}

// R180: an answer is bounded.
#[tokio::test]
async fn an_answer_of_more_than_32_kib_is_refused() {
    let padded = |bytes: usize| {
        let json = r#"{"active":false}"#;
        let body = format!("{json}{}", " ".repeat(bytes - json.len()));
        Ok(HttpResponse::new(200, body).with_content_type(JSON))
    };
    for (bytes, error) in [(32 * 1024, Error::TokenInactive), (32 * 1024 + 1, Error::IntrospectionInvalid)] {
        let (world, server) = world();
        server.answer(padded(bytes));
        assert_eq!(verdict(&world).await, Err(error), "{bytes}");
    }
}

// R125, P46: an answer counts for its time, and then the issuer is asked again.
#[tokio::test]
async fn an_answer_counts_for_a_while() {
    let (world, server) = world();
    assert_eq!(verdict(&world).await, Ok(()));
    server.answer_json(&json!({"active": false}));
    world.clock.advance(Duration::from_millis(29_999));
    assert_eq!((verdict(&world).await, server.asked()), (Ok(()), 1));
    world.clock.advance(Duration::from_millis(1));
    assert_eq!((verdict(&world).await, server.asked()), (Err(Error::TokenInactive), 2));
    // "No" counts for five seconds.
    server.answer_json(&active(&world));
    world.clock.advance(Duration::from_millis(4_999));
    assert_eq!((verdict(&world).await, server.asked()), (Err(Error::TokenInactive), 2));
    world.clock.advance(Duration::from_millis(1));
    assert_eq!((verdict(&world).await, server.asked()), (Ok(()), 3));
}

// R125, P46, P47: never beyond exp.
#[tokio::test]
async fn no_answer_counts_beyond_exp() {
    let (world, server) = world_with(introspection().with_max_age(Duration::from_secs(600)));
    server.answer_json(&active_with(&world, "exp", world.ahead(10).as_secs()));
    assert_eq!(verdict(&world).await, Ok(()));
    world.clock.advance(Duration::from_millis(9_999));
    assert_eq!((verdict(&world).await, server.asked()), (Ok(()), 1));
    world.clock.advance(Duration::from_millis(1));
    // The issuer still says that it is active.
    assert_eq!(verdict(&world).await, Err(Error::TokenExpired { ago_seconds: 0 }));
    assert_eq!(server.asked(), 2);
}

// R125: the ages can be configured, within bounds.
#[tokio::test]
async fn the_ages_are_configurable() {
    let ages = introspection().with_max_age(Duration::ZERO).with_negative_age(Duration::ZERO);
    let (world, server) = world_with(ages);
    for questions in 1..3 {
        assert_eq!((verdict(&world).await, server.asked()), (Ok(()), questions));
    }
    server.answer_json(&json!({"active": false}));
    for questions in 3..5 {
        assert_eq!((verdict(&world).await, server.asked()), (Err(Error::TokenInactive), questions));
    }
    let built = |introspection| config_error(|issuer| issuer.with_introspection(introspection));
    let error = built(introspection().with_max_age(Duration::from_secs(601)));
    let expected = IssuerError::IntrospectionAge { name: "max_age", most_seconds: 600 };
    assert_eq!(error, ConfigError::Issuer(expected));
    let error = built(introspection().with_negative_age(Duration::from_secs(61)));
    let expected = IssuerError::IntrospectionAge { name: "negative_age", most_seconds: 60 };
    assert_eq!(error, ConfigError::Issuer(expected));
}

// R126: the answer is held against the rules of a JWT, but for what RFC 7662 leaves to the issuer.
#[tokio::test]
async fn the_answer_is_held_against_the_rules() {
    for member in ["iss", "sub", "jti", "scope", "token_type"] {
        assert_eq!(verdict_on(|world| active_without(world, member)).await, Ok(()), "{member}");
    }
    for (member, error) in [
        ("exp", Error::TokenClaimMissing("exp")),
        ("client_id", Error::TokenClaimMissing("client_id")),
        ("aud", Error::TokenClaimMissing("aud")),
        ("cnf", Error::TokenUnbound),
    ] {
        assert_eq!(verdict_on(|world| active_without(world, member)).await, Err(error), "{member}");
    }
    for (member, value, error) in [
        ("iss", json!("https://other.example"), Error::TokenIssuer),
        ("iss", json!(7), Error::TokenClaimInvalid("iss")),
        ("aud", json!("https://other.example"), Error::TokenAudience),
        ("aud", json!([]), Error::TokenClaimInvalid("aud")),
        ("exp", json!("1750000000"), Error::TokenClaimInvalid("exp")),
        ("exp", json!(1_750_000_120), Error::TokenExpired { ago_seconds: 0 }),
        ("nbf", json!(1_750_000_151), Error::TokenNotYetValid { ahead_seconds: 31 }),
        ("sub", json!(7), Error::TokenClaimInvalid("sub")),
        ("scope", json!(7), Error::TokenClaimInvalid("scope")),
        ("cnf", json!("x"), Error::ConfirmationMalformed),
    ] {
        let verdict = verdict_on(|world| active_with(world, member, value.clone())).await;
        assert_eq!(verdict, Err(error), "{member} {value}");
    }
    let audiences =
        verdict_on(|world| active_with(world, "aud", json!(["https://other.example", API]))).await;
    assert_eq!(audiences, Ok(()));
}

// R126, R4: iat is asked for only where lifetimes are limited; here the issuer is asked, which is choice enough.
#[tokio::test]
async fn introspection_is_a_source_of_revocations() {
    let (world, server) = world();
    server.answer_json(&active_without(&world, "iat"));
    assert_eq!(verdict(&world).await, Err(Error::TokenClaimMissing("iat")));
    let introspecting = ResourceServer::builder()
        .public_url(API)
        .audience(API)
        .issuer(Issuer::new(ISSUER).with_introspection(introspection()))
        .revocation(Revocation::introspection())
        .clock(Arc::new(world.clock.clone()))
        .http_client(Arc::clone(&server) as _)
        .build()
        .unwrap();
    world.clock.advance(Duration::from_secs(120));
    assert_eq!(decide(&introspecting, &with_opaque(&world, OPAQUE)).await, Ok(()));
    assert_eq!(server.asked(), 2);
}

// R126, P47: an answer without aud only where that was configured; one for another API never.
#[tokio::test]
async fn an_absent_audience_must_be_allowed() {
    let (world, server) = world_with(introspection().without_audience().with_max_age(Duration::ZERO));
    server.answer_json(&active_without(&world, "aud"));
    assert_eq!(verdict(&world).await, Ok(()));
    server.answer_json(&active_with(&world, "aud", "https://other.example"));
    assert_eq!(verdict(&world).await, Err(Error::TokenAudience));
}

// R126: handlers see the same facts and claims as of a JWT.
#[tokio::test]
async fn handlers_see_the_answer() {
    #[derive(Deserialize)]
    struct Claims {
        ward: String,
    }
    let server = AuthorizationServer::new();
    let world = World::introspecting(&server, introspection(), |builder| builder.claims::<Claims>());
    server.answer_json(&active_with(&world, "ward", "7b"));
    let verified = world.accepted(&with_opaque(&world, OPAQUE)).await;
    let token = verified.access_token::<Claims>().unwrap();
    assert_eq!((token.subject().as_str(), token.client_id().as_str()), ("alice", "client"));
    assert_eq!((token.issuer(), token.token_id(), &*token.claims().ward), (ISSUER, None, "7b"));
    assert!(verified.check(&Requirement::scope("read")).is_ok());
    assert!(verified.check(&Requirement::scope("write")).is_err());
}

// R59: the binding of an introspected token is checked here, and its type must fit.
#[tokio::test]
async fn the_binding_is_checked_here() {
    let thief = World::new().another_client();
    let bound_to_thief = json!({"jkt": thief.thumbprint()});
    assert_eq!(verdict_on(|world| active_with(world, "cnf", bound_to_thief)).await, Err(Error::KeyBinding));
    for (token_type, verdict) in [
        (json!("dpop"), Ok(())),
        (json!("Bearer"), Err(Error::TokenClaimInvalid("token_type"))),
        (json!("N_A"), Err(Error::TokenClaimInvalid("token_type"))),
        (json!(7), Err(Error::TokenClaimInvalid("token_type"))),
    ] {
        let found = verdict_on(|world| active_with(world, "token_type", token_type.clone())).await;
        assert_eq!(found, verdict, "{token_type}");
    }
    // A token that was active is no less bound: the answer is remembered, the proof is not (P46).
    let (world, _server) = world();
    assert_eq!(verdict(&world).await, Ok(()));
    let stolen = thief.proof("GET", &format!("{API}/records")).access_token(OPAQUE).issued_at(world.now());
    assert_eq!(world.verify(&Request::dpop(OPAQUE, stolen.sign())).await, Err(Error::KeyBinding));
    assert_eq!(world.verify(&Request::bearer(OPAQUE)).await, Err(Error::TokenBoundToKey));
}

// R74: a certificate-bound token, introspected.
#[tokio::test]
async fn the_certificate_is_checked_here() {
    let (world, server) = world();
    let token = world.issuer.token().bound_to_certificate(world.certificate.der()).sign();
    let payload = CompactJws::parse(&token).unwrap().decode_payload().unwrap();
    let cnf = serde_json::from_slice::<Value>(&payload).unwrap()["cnf"].clone();
    let mut answer = active_with(&world, "cnf", cnf);
    answer["token_type"] = json!("Bearer");
    server.answer_json(&answer);
    let request = Request::bearer(OPAQUE);
    assert_eq!(world.verify(&request.clone().certificate(world.certificate.der())).await, Ok(()));
    assert_eq!(world.verify(&request.clone().certificate(b"other")).await, Err(Error::CertificateBinding));
    assert_eq!(world.verify(&request).await, Err(Error::CertificateMissing));
    // R59: DPoP is the type of tokens with a key only.
    let (world, server) = crate::authorization_server::world();
    answer["token_type"] = json!("DPoP");
    server.answer_json(&answer);
    let error = world.verify(&request.certificate(world.certificate.der())).await;
    assert_eq!(error, Err(Error::TokenClaimInvalid("token_type")));
}

// R121, R130: JWTs and opaque tokens side by side, told apart by their form; a JWT is verified and never asked about.
#[tokio::test]
async fn jwts_and_opaque_tokens_side_by_side() {
    let (world, server) = world();
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
    let forged = world.with_token(|token| token.signed_by(world.another_client().key()));
    assert_eq!(world.verify(&forged).await, Err(Error::TokenSignature));
    let id_token = world.with_token(|token| token.header("typ", "JWT"));
    assert_eq!(world.verify(&id_token).await, Err(Error::TokenType));
    assert_eq!(server.asked(), 0);
    // Dots alone make no JWT; `e30` is `{}`.
    for (asked, token) in (1..).zip(["a", "a.b", "a.b.c", "a.b.c.d.e", "YQ.e30.e30", "W10.e30.e30"]) {
        assert_eq!(world.verify(&with_opaque(&world, token)).await, Ok(()), "{token}");
        assert_eq!(server.asked(), asked, "{token}");
    }
    // Nor does another spelling make a JWT opaque: a trailing dot, padding, a part too many or too few.
    let jwt = world.token().header("typ", "JWT").sign();
    let respelled = [format!("{jwt}."), jwt.replacen('.', "=.", 1), format!("{jwt}.e30")];
    let others =
        ["e30.e30.e30", "e30.e30.e30.e30.e30", "e30.e30", "e30.", "e30==.e30.e30"].map(str::to_owned);
    for token in respelled.into_iter().chain(others) {
        assert!(world.verify(&with_opaque(&world, &token)).await.is_err(), "{token}");
        assert_eq!(server.asked(), 6, "{token}");
    }
}

// R71, P43: what anybody can send without a key costs the issuer nothing.
#[tokio::test]
async fn nobody_is_asked_before_a_key_is_shown() {
    let (world, server) = world();
    let bearer = Request::bearer("made-up");
    assert_eq!(world.verify(&bearer).await, Err(Error::CertificateMissing));
    let unsigned = world.proof("made-up").with_flipped_signature().sign();
    assert_eq!(world.verify(&Request::dpop("made-up", unsigned)).await, Err(Error::ProofSignature));
    assert_eq!(server.asked(), 0);
}

// R121: without introspection, and where it is for JWTs only, an opaque token is no token.
#[tokio::test]
async fn opaque_tokens_are_a_choice() {
    let world = World::new();
    assert_eq!(world.verify(&with_opaque(&world, OPAQUE)).await, Err(MALFORMED));
    let (world, server) = world_with(introspection().for_jwts_only());
    assert_eq!(verdict(&world).await, Err(MALFORMED));
    assert_eq!(server.asked(), 0);
}

/// The error of a configuration with this issuer.
fn config_error(configure: impl FnOnce(Issuer) -> Issuer) -> ConfigError {
    configured(vec![configure(Issuer::new(ISSUER))], Revocation::max_token_lifetime(Duration::from_secs(300)))
        .unwrap_err()
}

fn configured(issuers: Vec<Issuer>, revocation: Revocation) -> Result<ResourceServer, ConfigError> {
    let builder = ResourceServer::builder().public_url(API).audience(API).revocation(revocation);
    issuers.into_iter().fold(builder, |builder, issuer| builder.issuer(issuer)).build()
}

// R4, R104, R121
#[test]
fn contradictions_are_configuration_errors() {
    let jwks_uri = "https://as.example.com/jwks";
    assert_eq!(
        config_error(|issuer| issuer.with_jwks_uri(jwks_uri).with_introspection(introspection())),
        ConfigError::Issuer(IssuerError::IntrospectionEndpointMissing(ISSUER.to_owned()))
    );
    let http = "http://as.example.com/introspect";
    assert_eq!(
        config_error(|issuer| issuer.with_introspection(introspection().with_endpoint(http))),
        ConfigError::Issuer(IssuerError::IntrospectionEndpoint(http.to_owned()))
    );
    let nobody = Introspection::new(ClientAuthentication::client_secret_basic("", "secret"));
    assert_eq!(
        config_error(|issuer| issuer.with_introspection(nobody)),
        ConfigError::Issuer(IssuerError::ClientIdEmpty(ISSUER.to_owned()))
    );
    let other = "https://other.example";
    let issuers = |first: Introspection, second: Option<Introspection>| {
        let second = second.into_iter().fold(Issuer::new(other), Issuer::with_introspection);
        vec![Issuer::new(ISSUER).with_introspection(first), second]
    };
    let lifetime = || Revocation::max_token_lifetime(Duration::from_secs(300));
    assert_eq!(
        configured(issuers(introspection(), Some(introspection())), lifetime()).unwrap_err(),
        ConfigError::OpaqueTokensAmbiguous(ISSUER.to_owned(), other.to_owned())
    );
    assert_eq!(
        configured(issuers(introspection(), None), Revocation::introspection()).unwrap_err(),
        ConfigError::IntrospectionMissing(other.to_owned())
    );
    let jwts_only = Some(introspection().for_jwts_only());
    assert!(configured(issuers(introspection(), jwts_only), Revocation::introspection()).is_ok());
    assert!(configured(issuers(introspection(), None), lifetime()).is_ok());
}

// R67: the longest lifetime holds for an opaque token too.
#[tokio::test]
async fn an_opaque_token_may_not_live_longer_than_stated() {
    let (world, server) = world();
    server.answer_json(&active_with(&world, "exp", world.ahead(3601).as_secs()));
    assert_eq!(verdict(&world).await, Err(Error::TokenLifetime { seconds: 3601 }));
    assert_eq!(decide(&world.server, &world.valid()).await, Ok(()));
}

// P46, R125: an answer counts for its max_age on either side of the moment when it was given; a clock that goes back does not
// make it count for longer.
#[tokio::test]
async fn an_answer_does_not_count_for_longer_when_the_clock_goes_back() {
    let (world, server) = world_with(introspection().with_max_age(Duration::from_secs(20)));
    let certificate = &world.certificate;
    let thumbprint = fapi_core::CertificateThumbprint::of(certificate.der(), &AwsLcProvider).to_string();
    let mut answer = active_with(&world, "cnf", json!({"x5t#S256": thumbprint}));
    answer["token_type"] = "Bearer".into();
    server.answer_json(&answer);
    let request = Request::bearer(OPAQUE).certificate(certificate.der());
    assert_eq!(world.verify(&request).await, Ok(()));
    server.answer_json(&json!({"active": false}));
    let answered = world.now();
    world.clock.set(answered.saturating_sub(Duration::from_secs(19)));
    assert_eq!(world.verify(&request).await, Ok(()));
    world.clock.set(answered.saturating_sub(Duration::from_secs(20)));
    assert_eq!(world.verify(&request).await, Err(Error::TokenInactive));
}

// R125, SP 5.3.4-3: a revocation clears what is remembered of the token, once; whoever presents it again and again does not
// drive calls.
#[tokio::test]
async fn a_revoked_token_is_forgotten() {
    let (server, denied) = (AuthorizationServer::new(), DenyList::new());
    let world = World::introspecting(&server, introspection(), |builder| {
        builder.revocation(Revocation::deny_list(denied.clone()))
    });
    server.answer_json(&active(&world));
    assert_eq!((verdict(&world).await, verdict(&world).await), (Ok(()), Ok(())));
    assert_eq!(server.questions().len(), 1);
    denied.deny_subject(ISSUER, "alice", world.now()).unwrap();
    assert_eq!(verdict(&world).await, Err(Error::TokenRevoked));
    assert_eq!(server.questions().len(), 1);
    for _ in 0..10 {
        assert_eq!(verdict(&world).await, Err(Error::TokenRevoked));
        assert_eq!(server.questions().len(), 2);
    }
}

// R71: an answer that counts no longer spares nobody the proof of a key.
#[tokio::test]
async fn a_stale_answer_costs_no_call_without_a_key() {
    let (world, server) = world();
    assert_eq!(verdict(&world).await, Ok(()));
    world.clock.advance(Duration::from_secs(31));
    let forged = world.proof(OPAQUE).with_flipped_signature().sign();
    assert_eq!(world.verify(&Request::dpop(OPAQUE, forged)).await, Err(Error::ProofSignature));
    assert_eq!(server.questions().len(), 1);
    assert_eq!(verdict(&world).await, Ok(()));
    assert_eq!(server.questions().len(), 2);
}
