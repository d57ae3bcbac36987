//! What the issuer answers to one request, without a socket.

use std::borrow::Cow;

use fapi_core::PeerCertificate;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::{introspection_endpoint, metadata, token_endpoint};
use crate::encoding::sha256_base64url;
use crate::issuer::TestIssuer;

/// One request to an endpoint.
pub(super) struct Call<'a> {
    pub(super) issuer: &'a TestIssuer,
    pub(super) request: &'a Request<Vec<u8>>,
    /// The `x5t#S256` of the client's certificate, where it counts.
    pub(super) certificate: Option<String>,
}

impl<'a> Call<'a> {
    /// RFC 8705 §5: the certificate counts at the endpoints that are named for it, and at no other.
    fn new(issuer: &'a TestIssuer, request: &'a Request<Vec<u8>>) -> Self {
        let certificate = request.extensions().get::<PeerCertificate>();
        let certificate = certificate.filter(|_| request.uri().path().starts_with("/mtls/"));
        Self {
            issuer,
            request,
            certificate: certificate.map(|certificate| sha256_base64url(certificate.der())),
        }
    }

    /// A parameter of the form.
    pub(super) fn parameter(&self, name: &str) -> Option<Cow<'a, str>> {
        form_urlencoded::parse(self.request.body()).find_map(|(key, value)| (key == name).then_some(value))
    }

    /// Whether `Accept` names this media type.
    pub(super) fn accepts(&self, media_type: &str) -> bool {
        let accept = self.request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
        accept.is_some_and(|accept| accept.split(',').any(|range| essence(range) == media_type))
    }

    /// Whether the body is a form by its own account.
    pub(super) fn is_form(&self) -> bool {
        let content_type = self.request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        content_type.is_some_and(|value| essence(value) == "application/x-www-form-urlencoded")
    }
}

/// A media type without its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Answers as the served issuer does while it is well, calling itself `name` in its metadata.
pub(super) fn respond(issuer: &TestIssuer, request: &Request<Vec<u8>>, name: &str) -> Response<Vec<u8>> {
    let call = Call::new(issuer, request);
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/.well-known/oauth-authorization-server" | "/.well-known/openid-configuration") => {
            json_response(StatusCode::OK, &metadata::document(issuer, name))
        }
        (&Method::GET, "/jwks") => response(StatusCode::OK, "application/json", issuer.jwks()),
        (&Method::GET, path) if is_status_list(path) => status_list(&call),
        (&Method::POST, "/token" | "/mtls/token") => token_endpoint::respond(&call),
        (&Method::POST, "/introspect" | "/mtls/introspect") => introspection_endpoint::respond(&call),
        _ => error(StatusCode::NOT_FOUND, "not_found"),
    }
}

/// Whether there is a status list at this path: an issuer may have any number of them.
pub(super) fn is_status_list(path: &str) -> bool {
    path == "/status-list" || path.starts_with("/status-list/")
}

/// Token Status List §8.1
fn status_list(call: &Call<'_>) -> Response<Vec<u8>> {
    const MEDIA_TYPE: &str = "application/statuslist+jwt";
    if !call.accepts(MEDIA_TYPE) && !call.accepts("*/*") {
        return error(StatusCode::NOT_ACCEPTABLE, "not_acceptable");
    }
    let uri = format!("{}{}", call.issuer.identifier(), call.request.uri().path());
    let list = call.issuer.memory().changed_status_list(&uri, call.issuer.status_list(&uri));
    response(StatusCode::OK, MEDIA_TYPE, list.sign())
}

pub(super) fn json_response(status: StatusCode, body: &Value) -> Response<Vec<u8>> {
    response(status, "application/json", body.to_string())
}

/// RFC 6749 §5.2
pub(super) fn error(status: StatusCode, code: &str) -> Response<Vec<u8>> {
    json_response(status, &json!({"error": code}))
}

/// RFC 6749 §5.2: with the scheme that would be accepted.
pub(super) fn invalid_client() -> Response<Vec<u8>> {
    let mut response = error(StatusCode::UNAUTHORIZED, "invalid_client");
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
    response
}

pub(super) fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Vec<u8>>,
) -> Response<Vec<u8>> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
