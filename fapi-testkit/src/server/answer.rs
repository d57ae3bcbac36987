//! One request to the served issuer: count it, fail as told, or answer.

use std::borrow::Cow;
use std::future;
use std::sync::{Arc, PoisonError};

use fapi_core::PeerCertificate;
use http::header::{HeaderValue, LOCATION};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use serde_json::json;

use super::Shared;
use super::fault::{Endpoint, Fault};
use super::respond::{json_response, respond, response};

/// What a wrong issuer calls itself.
const WRONG_ISSUER: &str = "https://attacker.example.com";

/// The longest body that is read, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// Where a redirection leads to.
const REDIRECTED: &str = "redirected";

/// Why a connection is closed without an answer.
type Closed = Box<dyn std::error::Error + Send + Sync>;

pub(super) async fn answer(
    shared: Arc<Shared>,
    certificate: Option<PeerCertificate>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Closed> {
    let (mut head, body) = request.into_parts();
    if let Some(certificate) = certificate {
        head.extensions.insert(certificate);
    }
    let body = Limited::new(body, MAX_BODY).collect().await?.to_bytes();
    let request = Request::from_parts(head, body.to_vec());
    let answer = failing(&shared, &request).await?;
    Ok(answer.map(|body| Full::new(Bytes::from(body))))
}

async fn failing(shared: &Shared, request: &Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Closed> {
    let endpoint = Endpoint::of(request.uri().path());
    shared.count(endpoint);
    let subject = subject(request);
    let fault = shared.faults.lock().unwrap_or_else(PoisonError::into_inner).of(endpoint, &subject);
    let name = match fault {
        Some(Fault::WrongIssuer) => WRONG_ISSUER,
        _ => shared.issuer.identifier(),
    };
    let truth = || respond(&shared.issuer, request, name);
    Ok(match fault {
        Some(Fault::Down) => return Err("the issuer is down".into()),
        Some(Fault::Unresponsive) => future::pending().await,
        Some(Fault::Slow(delay)) => {
            tokio::time::sleep(delay).await;
            truth()
        }
        Some(Fault::Rubbish) => response(StatusCode::OK, "application/json", "<html>not JSON"),
        Some(Fault::Status(status)) => json_response(StatusCode::from_u16(status)?, &json!({})),
        Some(Fault::Redirect) if request.uri().query() != Some(REDIRECTED) => redirection(request)?,
        Some(Fault::Oversize(length)) => truth().map(|mut body| {
            body.resize(length.max(body.len()), b' ');
            body
        }),
        Some(Fault::Redirect | Fault::WrongIssuer) | None => truth(),
    })
}

/// What is asked about: a token, or else whatever is at this path.
fn subject(request: &Request<Vec<u8>>) -> Cow<'_, str> {
    let token =
        form_urlencoded::parse(request.body()).find_map(|(name, value)| (name == "token").then_some(value));
    token.unwrap_or_else(|| request.uri().path().into())
}

fn redirection(request: &Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Closed> {
    let mut redirection = json_response(StatusCode::TEMPORARY_REDIRECT, &json!({}));
    let location = HeaderValue::from_str(&format!("{}?{REDIRECTED}", request.uri().path()))?;
    redirection.headers_mut().insert(LOCATION, location);
    Ok(redirection)
}
