//! What cross-origin callers need (RFC 9449 §7.1 and §8, R38): their preflight requests are not refused, and scripts may
//! read the challenge and the nonce. Which origins may call is the application's decision, not made here.

use bytes::Bytes;
use fapi_core::ResourceServer;
use http::header::{
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_LENGTH,
    CONTENT_TYPE, ORIGIN, TRANSFER_ENCODING,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;

/// What is exposed: the challenge, and the nonce that the next proof must carry.
const EXPOSED: [&str; 2] = ["WWW-Authenticate", "DPoP-Nonce"];

/// In the extensions of a request that passed without a token, for whoever needs one to refuse it.
#[derive(Clone, Debug)]
pub(crate) struct Preflight(pub(crate) ResourceServer);

/// The Fetch standard's CORS-preflight request, which never carries credentials. One with credentials is a request like
/// any other.
pub(crate) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(ORIGIN)
        && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        && !parts.headers.contains_key(AUTHORIZATION)
}

/// Whether a preflight announces content, which one of a browser never has. Only the header fields are asked: nothing is
/// known of the body's type, and in HTTP/2 content may come unannounced.
pub(crate) fn announces_content(headers: &HeaderMap) -> bool {
    headers.contains_key(CONTENT_TYPE)
        || headers.contains_key(TRANSFER_ENCODING)
        || headers.get_all(CONTENT_LENGTH).iter().any(|length| length != "0")
}

/// The answer to a preflight: no refusal, and no permission, which is the application's or a gateway's to give.
pub(crate) fn answer_preflight() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Lets scripts read the headers of this crate, beside those that the application exposes already.
pub(crate) fn expose(headers: &mut HeaderMap) {
    let missing = match EXPOSED.map(|name| is_exposed(headers, name)) {
        [true, true] => return,
        [true, false] => HeaderValue::from_static("DPoP-Nonce"),
        [false, true] => HeaderValue::from_static("WWW-Authenticate"),
        [false, false] => HeaderValue::from_static("WWW-Authenticate, DPoP-Nonce"),
    };
    headers.append(ACCESS_CONTROL_EXPOSE_HEADERS, missing);
}

fn is_exposed(headers: &HeaderMap, name: &str) -> bool {
    let lines = headers.get_all(ACCESS_CONTROL_EXPOSE_HEADERS).iter();
    lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).any(|exposed| {
        // RFC 9110 §5.1: names are case-insensitive.
        exposed.trim().eq_ignore_ascii_case(name)
    })
}
