//! An issuer that answers questions about tokens (RFC 7662, RFC 9701), as the test says, and remembers them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fapi_core::jose::Algorithm;
use fapi_core::{ClientAuthentication, HttpClient, HttpError, HttpResponse, Introspection};
use fapi_testkit::{SigningKey, TestIssuer, TokenBuilder};
use serde_json::{Value, json};

use crate::fakes::{JWKS_URI, METADATA_URL};
use crate::world::{API, ISSUER, Request, World};

pub(crate) const ENDPOINT: &str = "https://as.example.com/introspect";
pub(crate) const MTLS_ENDPOINT: &str = "https://mtls.as.example.com/introspect";
pub(crate) const JSON: &str = "application/json";
pub(crate) const JWT: &str = "application/token-introspection+jwt";
/// This API's `client_id` at the issuer.
pub(crate) const CLIENT_ID: &str = "records-api";
/// A token that is no JWT.
pub(crate) const OPAQUE: &str = "2YotnFZFEjr1zCsicMWpAA";

/// One request to the introspection endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) url: String,
    pub(crate) accept: String,
    pub(crate) authorization: Option<String>,
    pub(crate) form: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(crate) struct AuthorizationServer {
    metadata: Mutex<Value>,
    jwks: Mutex<String>,
    answer: Mutex<Result<HttpResponse, HttpError>>,
    questions: Mutex<Vec<Question>>,
}

impl AuthorizationServer {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            metadata: Mutex::new(
                json!({"issuer": ISSUER, "jwks_uri": JWKS_URI, "introspection_endpoint": ENDPOINT}),
            ),
            jwks: Mutex::default(),
            answer: Mutex::new(Err(HttpError::TimedOut)),
            questions: Mutex::default(),
        })
    }

    pub(crate) fn publish(&self, issuer: &TestIssuer) {
        *self.jwks.lock().unwrap() = issuer.jwks();
    }

    pub(crate) fn state(&self, member: &str, value: impl Into<Value>) {
        self.metadata.lock().unwrap()[member] = value.into();
    }

    /// From now on every question is answered like this.
    pub(crate) fn answer(&self, answer: Result<HttpResponse, HttpError>) {
        *self.answer.lock().unwrap() = answer;
    }

    pub(crate) fn answer_json(&self, answer: &Value) {
        self.answer(Ok(HttpResponse::new(200, answer.to_string()).with_content_type(JSON)));
    }

    pub(crate) fn answer_jwt(&self, jwt: String) {
        self.answer(Ok(HttpResponse::new(200, jwt).with_content_type(JWT)));
    }

    pub(crate) fn questions(&self) -> Vec<Question> {
        self.questions.lock().unwrap().clone()
    }

    /// How many questions there were.
    pub(crate) fn asked(&self) -> usize {
        self.questions().len()
    }
}

#[async_trait]
impl HttpClient for AuthorizationServer {
    async fn get(&self, url: &str, _accept: &str) -> Result<HttpResponse, HttpError> {
        match url {
            METADATA_URL => Ok(HttpResponse::new(200, self.metadata.lock().unwrap().to_string())),
            JWKS_URI => Ok(HttpResponse::new(200, self.jwks.lock().unwrap().clone())),
            _ => Ok(HttpResponse::new(404, "")),
        }
    }

    async fn post_form(
        &self,
        url: &str,
        accept: &str,
        authorization: Option<&str>,
        form: &str,
    ) -> Result<HttpResponse, HttpError> {
        let question = Question {
            url: url.to_owned(),
            accept: accept.to_owned(),
            authorization: authorization.map(str::to_owned),
            form: form_urlencoded::parse(form.as_bytes()).into_owned().collect(),
        };
        self.questions.lock().unwrap().push(question);
        self.answer.lock().unwrap().clone()
    }
}

/// Authentication with a key, which is returned.
pub(crate) fn private_key_jwt() -> (ClientAuthentication, SigningKey) {
    let key = SigningKey::generate(Algorithm::Es256);
    let mut jwk = key.private_jwk();
    jwk["kid"] = json!("api-1");
    let own = fapi_core::crypto::AwsLcSigningKey::from_jwk(&jwk.to_string()).unwrap();
    (ClientAuthentication::private_key_jwt(CLIENT_ID, Arc::new(own)), key)
}

/// The usual configuration.
pub(crate) fn introspection() -> Introspection {
    Introspection::new(private_key_jwt().0)
}

/// A world with the usual configuration, in which [`OPAQUE`] is active.
pub(crate) fn world() -> (World, Arc<AuthorizationServer>) {
    world_with(introspection())
}

pub(crate) fn world_with(introspection: Introspection) -> (World, Arc<AuthorizationServer>) {
    let server = AuthorizationServer::new();
    let world = World::introspecting(&server, introspection, |builder| builder);
    server.answer_json(&active(&world));
    (world, server)
}

/// The answer for an active token that is bound to the client of `world`.
pub(crate) fn active(world: &World) -> Value {
    json!({
        "active": true,
        "iss": ISSUER,
        "sub": "alice",
        "client_id": "client",
        "aud": API,
        "scope": "read",
        "exp": world.ahead(300).as_secs(),
        "iat": world.now().as_secs(),
        "token_type": "DPoP",
        "cnf": {"jkt": world.client.thumbprint()},
    })
}

/// That answer without a member.
pub(crate) fn active_without(world: &World, member: &str) -> Value {
    let mut answer = active(world);
    answer.as_object_mut().unwrap().remove(member);
    answer
}

/// That answer with a member.
pub(crate) fn active_with(world: &World, member: &str, value: impl Into<Value>) -> Value {
    let mut answer = active(world);
    answer[member] = value.into();
    answer
}

/// A signed answer (RFC 9701 §5) for this API, made now, before it is signed.
pub(crate) fn signed(world: &World, token_introspection: &Value) -> TokenBuilder {
    let claims = json!({
        "iss": ISSUER,
        "aud": CLIENT_ID,
        "iat": world.now().as_secs(),
        "token_introspection": token_introspection,
    });
    world.issuer.token().header("typ", "token-introspection+jwt").raw_payload(claims.to_string())
}

/// The valid request with an opaque token.
pub(crate) fn with_opaque(world: &World, token: &str) -> Request {
    Request::dpop(token, world.proof(token).sign())
}
