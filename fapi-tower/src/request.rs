//! The facts of an `http` request, as the server wants them: nothing is judged here.
//!
//! The target is the one that the client sent, also under a router that strips prefixes (R50, pitfall P27). All field lines
//! of a header are handed over, so that a second one is noticed (R29, R40, pitfalls P18 and P19). Headers that only a
//! trusted proxy may set are removed from everybody else's request (R82, pitfall P50).

use fapi_core::{FieldLines, Peer, PeerCertificate, ResourceRequest, ResourceServer, StatedIssuer};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

const DPOP: HeaderName = HeaderName::from_static("dpop");
const INTERACTION_ID: HeaderName = HeaderName::from_static("x-fapi-interaction-id");
/// Media types without the suffix for the message format.
const GRPC: [&str; 3] = ["application/grpc", "application/grpc-web", "application/grpc-web-text"];

/// The field lines of each header of a proxy.
pub(crate) fn proxy_headers<'a>(
    server: &'a ResourceServer,
    parts: &'a Parts,
) -> Vec<(&'a str, FieldLines<'a>)> {
    let lines = |name: &str| parts.headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    server.proxy_headers().map(|name| (name, lines(name))).collect()
}

/// R82, P50: nobody further inside sees what anybody could have sent.
pub(crate) fn remove_untrusted(server: &ResourceServer, parts: &mut Parts) {
    if !server.trusts(peer(parts)) {
        for name in server.proxy_headers() {
            parts.headers.remove(name);
        }
    }
}

pub(crate) fn resource_request<'a>(
    parts: &'a Parts,
    proxy_headers: &'a [(&'a str, FieldLines<'a>)],
) -> ResourceRequest<'a> {
    let uri = original_uri(parts);
    let certificate = peer_certificate(parts);
    ResourceRequest::new(parts.method.as_str(), uri.path(), uri.query())
        .with_authorization(field_lines(&parts.headers, &AUTHORIZATION))
        .with_dpop(field_lines(&parts.headers, &DPOP))
        .with_interaction_id(field_lines(&parts.headers, &INTERACTION_ID))
        .with_peer_certificate(certificate.map(PeerCertificate::der))
        .with_stated_issuer(parts.extensions.get::<StatedIssuer>().map(StatedIssuer::as_str))
        .with_peer(peer(parts))
        .with_proxy_headers(proxy_headers)
}

/// From whoever accepts connections, or from axum.
fn peer(parts: &Parts) -> Peer {
    let peer = parts.extensions.get::<Peer>().copied();
    #[cfg(feature = "axum")]
    let peer = peer.or_else(|| crate::connection::peer(&parts.extensions));
    peer.unwrap_or_default()
}

/// From whoever terminates TLS, or from axum.
fn peer_certificate(parts: &Parts) -> Option<&PeerCertificate> {
    let certificate = parts.extensions.get::<PeerCertificate>();
    #[cfg(feature = "axum")]
    let certificate = certificate.or_else(|| crate::connection::certificate(&parts.extensions));
    certificate
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
    headers.get_all(name).iter().map(HeaderValue::as_bytes).collect()
}

#[cfg(test)]
mod tests {
    use http::Request;

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
