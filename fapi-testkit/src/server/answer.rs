//! One request to the served issuer: count it, fail as told, or answer.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use fapi_core::jose::Algorithm;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::{Fault, Shared, token_endpoint};

/// What a wrong issuer calls itself.
const WRONG_ISSUER: &str = "https://attacker.example.com";

/// The longest form that the token endpoint reads, in bytes.
const MAX_FORM: usize = 16 * 1024;

/// Why a connection is closed without an answer.
type Closed = Box<dyn std::error::Error + Send + Sync>;

pub(super) async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Closed> {
    shared.count(request.uri().path());
    let fault = *shared.fault.lock().unwrap_or_else(PoisonError::into_inner);
    match fault {
        Some(Fault::Down) => return Err("the issuer is down".into()),
        Some(Fault::Rubbish) => return Ok(response(StatusCode::OK, "<html>not JSON")?),
        Some(Fault::Slow(delay)) => tokio::time::sleep(delay).await,
        Some(Fault::WrongIssuer) | None => {}
    }
    let issuer = if fault == Some(Fault::WrongIssuer) { WRONG_ISSUER } else { shared.issuer.identifier() };
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/.well-known/oauth-authorization-server" | "/.well-known/openid-configuration") => {
            Ok(response(StatusCode::OK, shared.metadata(issuer).to_string())?)
        }
        (&Method::GET, "/jwks") => Ok(response(StatusCode::OK, shared.issuer.jwks())?),
        (&Method::POST, "/token") => token(&shared, request).await,
        _ => Ok(response(StatusCode::NOT_FOUND, json!({"error": "not_found"}).to_string())?),
    }
}

async fn token(shared: &Shared, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Closed> {
    let proof = request.headers().get("DPoP").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let form = Limited::new(request.into_body(), MAX_FORM).collect().await?.to_bytes();
    let (status, body) = match token_endpoint::client_credentials(&shared.issuer, proof.as_deref(), &form) {
        Ok(token) => (StatusCode::OK, token),
        Err(error) => (StatusCode::BAD_REQUEST, json!({"error": error.code()})),
    };
    Ok(response(status, body.to_string())?)
}

fn response(status: StatusCode, body: impl Into<Bytes>) -> hyper::http::Result<Response<Full<Bytes>>> {
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json")
        .header(CACHE_CONTROL, "no-store")
        .body(Full::new(body.into()))
}

impl Shared {
    fn count(&self, path: &str) {
        let counter = match path {
            "/jwks" => &self.jwks_fetches,
            "/token" => &self.token_requests,
            path if path.starts_with("/.well-known/") => &self.metadata_fetches,
            _ => return,
        };
        counter.fetch_add(1, Ordering::SeqCst);
    }

    /// RFC 8414 §2; the addresses stay those of this server whatever the issuer calls itself.
    fn metadata(&self, issuer: &str) -> Value {
        let address = self.issuer.identifier();
        json!({
            "issuer": issuer,
            "token_endpoint": format!("{address}/token"),
            "jwks_uri": format!("{address}/jwks"),
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["none"],
            "dpop_signing_alg_values_supported": Algorithm::ALL.map(Algorithm::name),
        })
    }
}
