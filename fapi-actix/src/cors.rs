//! What a browser of another origin needs from a resource server (RFC 9449 §7.1 and §8, R38): its preflight is not
//! refused, and it may read the challenge and the nonce.
//!
//! Which origins may call the API is left to the application.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_LENGTH,
    CONTENT_TYPE, HeaderMap, HeaderValue, ORIGIN, TRANSFER_ENCODING,
};
use fapi_core::ResourceServer;

const WWW_AUTHENTICATE: &str = "WWW-Authenticate";
const DPOP_NONCE: &str = "DPoP-Nonce";

/// In the extensions of a request that passed without a token, for whoever needs one to refuse it.
#[derive(Clone, Debug)]
pub(crate) struct Preflight(pub(crate) ResourceServer);

/// Whether this is a preflight (Fetch, "CORS-preflight request"): it never carries credentials.
pub(crate) fn is_preflight(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        && !headers.contains_key(AUTHORIZATION)
}

/// Whether a preflight announces content, which one of a browser never has.
pub(crate) fn announces_content(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    headers.contains_key(CONTENT_TYPE)
        || headers.contains_key(TRANSFER_ENCODING)
        || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
}

/// Whether the answer is read by a browser of another origin, perhaps.
pub(crate) fn has_origin(request: &ServiceRequest) -> bool {
    request.headers().contains_key(ORIGIN)
}

/// Exposes the challenge and the nonce, where the answer does not already.
pub(crate) fn expose(headers: &mut HeaderMap) {
    let value = match (exposes(headers, WWW_AUTHENTICATE), exposes(headers, DPOP_NONCE)) {
        (false, false) => "WWW-Authenticate, DPoP-Nonce",
        (false, true) => WWW_AUTHENTICATE,
        (true, false) => DPOP_NONCE,
        (true, true) => return,
    };
    headers.append(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(value));
}

/// `*` does not count: it is a mere name on requests with credentials (Fetch, "CORS-exposed header-name list").
fn exposes(headers: &HeaderMap, name: &str) -> bool {
    headers
        .get_all(ACCESS_CONTROL_EXPOSE_HEADERS)
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|exposed| exposed.trim().eq_ignore_ascii_case(name))
}
