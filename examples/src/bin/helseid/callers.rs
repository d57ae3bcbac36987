//! Who calls: clients with tokens in the form that HelseID issues them, each wrong in one way at most.

use fapi_core::jose::Algorithm;
use fapi_examples::client::{Answer, Call, CallError, Http};
use fapi_testkit::{SigningKey, TestClient, TestIssuer, TokenBuilder};
use serde_json::json;

use crate::api::{AUDIENCE, READ, REPORT};

const LEVEL: &str = "helseid://claims/identity/security_level";
const SUPPLIER: &str = "helseid://claims/client/claims/orgnr_supplier";

/// One call.
pub(crate) struct Scene {
    /// Its line in the table.
    pub(crate) sends: &'static str,
    path: &'static str,
    status: u16,
    error: Option<&'static str>,
    token: fn(&Callers) -> TokenBuilder,
    call: fn(Call) -> Call,
}

const fn accepted(sends: &'static str, path: &'static str, token: fn(&Callers) -> TokenBuilder) -> Scene {
    Scene { sends, path, status: 200, error: None, token, call: |call| call }
}

const fn forbidden(sends: &'static str, path: &'static str, token: fn(&Callers) -> TokenBuilder) -> Scene {
    let refused = accepted(sends, path, token);
    Scene { status: 403, error: Some("insufficient_scope"), ..refused }
}

const fn invalid(sends: &'static str, token: fn(&Callers) -> TokenBuilder) -> Scene {
    let refused = accepted(sends, "/journal", token);
    Scene { status: 401, error: Some("invalid_token"), ..refused }
}

pub(crate) const SCENES: [Scene; 11] = [
    accepted("a health worker", "/journal", Callers::health_worker),
    accepted("a health worker, with typ JWT", "/journal", |all| all.health_worker().header("typ", "JWT")),
    accepted("a system of a known supplier", "/reports", Callers::system),
    forbidden("a health worker at level 3", "/journal", |all| all.health_worker().claim(LEVEL, "3")),
    forbidden("a user, and the API has not registered security_level", "/journal", |all| {
        all.health_worker().without_claim(LEVEL)
    }),
    forbidden("a system, where a health worker is needed", "/journal", |all| {
        all.system().claim("scope", json!([READ]))
    }),
    forbidden("a user, where a system is needed", "/reports", |all| {
        all.health_worker().claim("scope", json!([REPORT]))
    }),
    forbidden("a system of another supplier", "/reports", |all| all.system().claim(SUPPLIER, "999999999")),
    invalid("a token for another API", |all| all.health_worker().audience("example:other-api")),
    invalid("a token for two APIs", |all| {
        all.health_worker().claim("aud", json!([AUDIENCE, "example:other-api"]))
    }),
    Scene {
        status: 401,
        error: Some("invalid_token"),
        call: |call| {
            let token = call.authorization.map(|value| value.replacen("DPoP", "Bearer", 1));
            Call { authorization: token, dpop: None, ..call }
        },
        ..accepted("a stolen token, as Bearer", "/journal", Callers::health_worker)
    },
];

/// HelseID, played by the test kit, and a client with the kind of key that HelseID's clients have.
pub(crate) struct Callers {
    issuer: TestIssuer,
    client: TestClient,
    api: String,
}

/// What came of a call.
pub(crate) struct Outcome {
    pub(crate) came_back: String,
    pub(crate) as_expected: bool,
}

impl Callers {
    pub(crate) fn new(issuer: TestIssuer, api: String) -> Self {
        let client = TestClient::with_key(SigningKey::generate(Algorithm::Rs256));
        Self { issuer, client, api }
    }

    fn token(&self) -> TokenBuilder {
        self.issuer
            .token()
            .audience(AUDIENCE)
            .client_id("8cd7c619-92db-4d55-89e2-383b75efc758")
            .bound_to(&self.client)
            .claim("client_amr", "private_key_jwt")
            .claim("helseid://claims/client/claims/orgnr_parent", "917897468")
    }

    fn health_worker(&self) -> TokenBuilder {
        self.token()
            .subject("tzto6gPhyTQw2bR/Wl0kgF/mTH+jdQoUBvaYSObfmlQ=")
            .claim("scope", json!(["openid", "helseid://scopes/hpr/hpr_number", READ]))
            .claim("idp", "testidp-oidc")
            .claim("helseid://claims/identity/pid", "17056600574")
            .claim(LEVEL, "4")
            .claim("helseid://claims/hpr/hpr_number", "431001110")
            .claim("helseid://claims/client/claims/orgnr_child", "922734046")
            .claim("helseid://claims/client/client_tenancy", "single-tenant")
    }

    fn system(&self) -> TokenBuilder {
        self.token()
            .without_claim("sub")
            .claim("scope", json!([REPORT]))
            .claim("helseid://claims/client/client_tenancy", "multi-tenant")
            .claim(SUPPLIER, "994598759")
    }

    /// Plays a scene.
    pub(crate) async fn play(&self, scene: &Scene, http: &Http) -> Outcome {
        match http.send(&self.call(scene)).await {
            Ok(answer) => Outcome {
                as_expected: answer.status == scene.status && answer.challenge("error") == scene.error,
                came_back: summary(&answer),
            },
            Err(error) => no_answer(&error),
        }
    }

    /// The request of a scene.
    pub(crate) fn call(&self, scene: &Scene) -> Call {
        let token = (scene.token)(self).sign();
        let url = format!("{}{}", self.api, scene.path);
        let proof = self.client.proof("GET", &url).access_token(&token).sign();
        (scene.call)(Call {
            method: "GET",
            url,
            authorization: Some(format!("DPoP {token}")),
            dpop: Some(proof),
        })
    }
}

fn no_answer(error: &CallError) -> Outcome {
    Outcome { came_back: format!("no answer: {error}"), as_expected: false }
}

/// The status, and what the challenge or else the content says.
fn summary(answer: &Answer) -> String {
    match answer.challenge("error") {
        Some(error) => format!("{} {error}", answer.status),
        None => format!("{} {}", answer.status, answer.body.replace(",\"", ", \"")),
    }
}
