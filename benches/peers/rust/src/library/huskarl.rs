//! huskarl-resource-server: its validator for RFC 9068 tokens, with the jti checker that it leaves to the application.

use std::collections::HashSet;
use std::error::Error;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri};
use huskarl_resource_server::core::Error as HuskarlError;
use huskarl_resource_server::core::http::{HttpClient, HttpResponse, Idempotency};
use huskarl_resource_server::core::jwt::JtiUniquenessChecker;
use huskarl_resource_server::core::platform::MaybeSendBoxFuture;
use huskarl_resource_server::validator::rfc9068::Rfc9068Validator;
use tokio::runtime::{Builder, Runtime};

use crate::data::{Data, Request, Setting};
use crate::library::poll_once;
use crate::peer::{Peer, Refusal};

/// Longer than its default of a minute, so that the proofs stay fresh for the whole run.
const MAX_PROOF_AGE: Duration = Duration::from_secs(300);

pub struct Huskarl {
    setting: Setting,
    method: Method,
    uri: Uri,
    runtime: Runtime,
}

/// Answers every request with the key set.
struct KeySetClient(Bytes);

impl HttpClient for KeySetClient {
    fn execute(
        &self,
        _request: http::Request<Bytes>,
        _idempotency: Idempotency,
    ) -> MaybeSendBoxFuture<'_, Result<HttpResponse, HuskarlError>> {
        let body = self.0.clone();
        Box::pin(
            async move { Ok(HttpResponse { status: http::StatusCode::OK, headers: HeaderMap::new(), body }) },
        )
    }
}

#[derive(Debug, Default)]
struct SeenIdentifiers(Mutex<HashSet<String>>);

impl JtiUniquenessChecker for SeenIdentifiers {
    fn check_and_mark_seen(&self, jti: &str) -> MaybeSendBoxFuture<'_, Result<bool, HuskarlError>> {
        let jti = jti.to_owned();
        Box::pin(
            async move { Ok(!self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(jti)) },
        )
    }
}

impl Huskarl {
    pub fn new(data: &Data) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            method: data.setting.method.parse()?,
            uri: data.setting.url.parse()?,
            setting: data.setting.clone(),
            runtime: Builder::new_current_thread().enable_all().build()?,
        })
    }
}

impl Peer for Huskarl {
    type Server = Rfc9068Validator;
    type Input = HeaderMap;

    fn server(&self) -> Result<Rfc9068Validator, Box<dyn Error>> {
        let validator = Rfc9068Validator::builder()
            .issuer(self.setting.issuer.clone())
            .audience(self.setting.audience.clone())
            .jwks_uri("https://as.example.com/jwks".parse()?)
            .jwks_source(KeySetClient(self.setting.jwks.to_string().into()))
            .allowed_signing_algorithms(algorithms())
            .allowed_dpop_signing_algorithms(algorithms())
            .max_dpop_proof_age(MAX_PROOF_AGE)
            .dpop_jti_checker(SeenIdentifiers::default())
            .require_dpop(true)
            .build();
        Ok(self.runtime.block_on(validator)?)
    }

    fn input(&self, request: &Request) -> Option<HeaderMap> {
        let authorization = format!("{} {}", request.scheme, request.token);
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_str(&authorization).ok()?);
        if let Some(proof) = &request.proof {
            headers.insert("dpop", HeaderValue::from_str(proof).ok()?);
        }
        Some(headers)
    }

    fn verify(&self, server: &mut Rfc9068Validator, headers: &HeaderMap) -> Result<(), Refusal> {
        let _context = self.runtime.enter();
        let result = poll_once(server.validate_request(headers, &self.method, &self.uri, None));
        match result.ok_or("it waits")?.outcome {
            Ok(Some(_validated)) => Ok(()),
            Ok(None) => Err("no credentials".to_owned()),
            Err(error) => Err(chain(&error)),
        }
    }
}

/// FAPI 2.0 Security Profile §5.4.1.
fn algorithms() -> Vec<String> {
    ["PS256", "ES256", "EdDSA", "Ed25519"].map(str::to_owned).to_vec()
}

/// An error and its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
