//! The facts of an `http` request, as the server wants them: nothing is judged here.
//!
//! The target is the one that the client sent, also under a router that strips prefixes (R50, pitfall P27). All field lines
//! of a header are handed over, so that a second one is noticed (R29, R40, pitfalls P18 and P19).

use fapi_core::{FieldLines, PeerCertificate, ResourceRequest};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Uri};

const DPOP: HeaderName = HeaderName::from_static("dpop");
const GRPC: &[u8] = b"application/grpc";

pub(crate) fn resource_request(parts: &Parts) -> ResourceRequest<'_> {
    let uri = original_uri(parts);
    let certificate = parts.extensions.get::<PeerCertificate>();
    ResourceRequest::new(parts.method.as_str(), uri.path(), uri.query())
        .with_authorization(field_lines(&parts.headers, &AUTHORIZATION))
        .with_dpop(field_lines(&parts.headers, &DPOP))
        .with_peer_certificate(certificate.map(PeerCertificate::der))
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

/// Whether the caller speaks gRPC (or gRPC-Web), and so reads a gRPC status, not an HTTP one.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.as_bytes().get(..GRPC.len()));
    content_type.is_some_and(|start| start.eq_ignore_ascii_case(GRPC))
}

fn field_lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> FieldLines<'a> {
    headers.get_all(name).iter().map(|value| value.as_bytes()).collect()
}
