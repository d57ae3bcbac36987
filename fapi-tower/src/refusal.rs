//! Refusals as HTTP responses, and as gRPC statuses where the caller speaks gRPC.
//!
//! Status, header fields and body are the server's, unchanged; here they only take the form of the protocol.

use bytes::Bytes;
use fapi_core::Rejection;
use http::header::CONTENT_TYPE;
use http::{Extensions, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;

use crate::request::GrpcStatus;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// The refusal of a request with the extensions `asked`. The rejection is in its extensions, for outer layers to log.
pub(crate) fn refuse(rejection: Rejection, asked: &Extensions) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = bare(status, rejection.error_code(), asked);
    for (name, value) in rejection.headers() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            // A challenge for each scheme is a field line for each scheme.
            response.headers_mut().append(name, value);
        }
    }
    if let Some(body) = rejection.body().filter(|_| !wants_grpc_status(asked))
        && let Ok(content_type) = HeaderValue::try_from(body.content_type)
    {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        *response.body_mut() = Full::from(body.content.clone());
    }
    response.extensions_mut().insert(rejection);
    response
}

/// The answer where the application is not put together as it must be.
pub(crate) fn internal_error(asked: &Extensions) -> Response<Full<Bytes>> {
    bare(StatusCode::INTERNAL_SERVER_ERROR, None, asked)
}

/// An answer without content. In gRPC it is one of trailers only: HTTP status 200, and the gRPC status among the headers.
fn bare(status: StatusCode, error_code: Option<&'static str>, asked: &Extensions) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    if wants_grpc_status(asked) {
        // Words of the specifications or of the status code: nothing in them needs percent-encoding.
        let message = error_code.or(status.canonical_reason()).unwrap_or_default();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(GRPC_STATUS, HeaderValue::from_static(grpc_status(status)));
        headers.insert(GRPC_MESSAGE, HeaderValue::from_static(message));
    } else {
        *response.status_mut() = status;
    }
    response
}

fn wants_grpc_status(asked: &Extensions) -> bool {
    asked.get::<GrpcStatus>().is_some()
}

/// The code whose HTTP mapping (google.rpc.Code) is this status, so that a transcoding gateway restores it.
fn grpc_status(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "3",          // INVALID_ARGUMENT
        StatusCode::UNAUTHORIZED => "16",        // UNAUTHENTICATED
        StatusCode::FORBIDDEN => "7",            // PERMISSION_DENIED
        StatusCode::SERVICE_UNAVAILABLE => "14", // UNAVAILABLE
        _ => "13",                               // INTERNAL
    }
}
