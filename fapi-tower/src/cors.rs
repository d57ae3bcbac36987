//! What cross-origin callers need (RFC 9449 §7.1 and §8, R38): preflight requests pass, and scripts may read the challenge
//! and the nonce. Which origins may call is the application's decision, not made here.

use fapi_core::ResourceServer;
use http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

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
