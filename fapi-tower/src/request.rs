//! The facts of an `http` request, as the server wants them: nothing is judged here.
//!
//! The target is the one that the client sent, also under a router that strips prefixes (R50, pitfall P27). All field lines
//! of a header are handed over, so that a second one is noticed (R29, R40, pitfalls P18 and P19).

use fapi_core::{FieldLines, PeerCertificate, ResourceRequest, StatedIssuer};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, Uri};

const DPOP: HeaderName = HeaderName::from_static("dpop");
/// Media types without the suffix for the message format.
const GRPC: [&str; 3] = ["application/grpc", "application/grpc-web", "application/grpc-web-text"];

pub(crate) fn resource_request(parts: &Parts) -> ResourceRequest<'_> {
    let uri = original_uri(parts);
    let certificate = parts.extensions.get::<PeerCertificate>();
    ResourceRequest::new(parts.method.as_str(), uri.path(), uri.query())
        .with_authorization(field_lines(&parts.headers, &AUTHORIZATION))
        .with_dpop(field_lines(&parts.headers, &DPOP))
        .with_peer_certificate(certificate.map(PeerCertificate::der))
        .with_stated_issuer(parts.extensions.get::<StatedIssuer>().map(StatedIssuer::as_str))
}

/// P27: axum keeps what the client sent when it strips the prefix of a nested router.
#[cfg(feature = "axum")]
pub(crate) fn original_uri(parts: &Parts) -> &Uri {
    parts.extensions.get::<axum::extract::OriginalUri>().map_or(&parts.uri, |original| &original.0)
}

#[cfg(not(feature = "axum"))]
pub(crate) fn original_uri(parts: &Parts) -> &Uri {
    &parts.uri
}

/// In the extensions of a request that is refused with a gRPC status.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GrpcStatus;

/// Whether the caller speaks gRPC (or gRPC-Web), and so reads a gRPC status, not an HTTP one.
pub(crate) fn is_grpc(parts: &Parts) -> bool {
    let content_type =
        parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(['+', ';']).next().unwrap_or_default().trim_end();
    parts.method == Method::POST && GRPC.iter().any(|grpc| media_type.eq_ignore_ascii_case(grpc))
}

fn field_lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> FieldLines<'a> {
    headers.get_all(name).iter().map(|value| value.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request};

    use super::*;

    #[test]
    fn only_grpc_media_types_are_grpc() {
        for (value, expected) in [
            ("application/grpc", true),
            ("Application/gRPC+proto", true),
            ("application/grpc; charset=utf-8", true),
            ("application/grpc-web", true),
            ("application/grpc-web-text+proto", true),
            ("application/grpcx", false),
            ("application/grpc-webx", false),
            ("application/json", false),
            ("", false),
        ] {
            let (mut parts, ()) = Request::post("/").body(()).unwrap().into_parts();
            assert!(!is_grpc(&parts));
            parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static(value));
            assert_eq!(is_grpc(&parts), expected, "{value}");
            parts.method = Method::GET;
            assert!(!is_grpc(&parts));
        }
    }
}
