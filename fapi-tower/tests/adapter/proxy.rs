//! What a proxy in front of the API says, and what anybody else says in its place.

use std::net::{IpAddr, SocketAddr};

use fapi_testkit::{Scenario, TestCertificate};
use fapi_tower::fapi_core::{CertificateHeader, Error, ForwardedHeaders, TargetMismatch, TrustedProxy};
use fapi_tower::{Cors, MetadataService, Peer, PeerCertificate, Rejection};
use http::request::Builder;
use http::{Request, Response, StatusCode};
use http_body_util::Full;

use crate::api::{Calls, TestRequest, TestResponse, empty, lines, protected, send, valid_request};

const PROXY: &str = "10.1.2.3";
const STRANGER: &str = "192.0.2.1";

fn peer(address: &str) -> Peer {
    Peer::Address(address.parse().unwrap())
}

fn behind_haproxy() -> Scenario {
    Scenario::with(|builder| {
        let header = CertificateHeader::haproxy("X-Client-Cert");
        builder.trusted_proxy(TrustedProxy::at(["10.0.0.0/8"]).client_certificate(header))
    })
}

fn base64(certificate: &TestCertificate) -> String {
    certificate.pem().lines().filter(|line| !line.starts_with("-----")).collect()
}

/// A certificate-bound token, and a header that says the certificate is the client's.
fn claimed(api: &Scenario, certificate: &TestCertificate) -> Builder {
    let token = api.issuer.token().bound_to_certificate(certificate.der()).sign();
    let request = Request::builder().uri("/records").header("authorization", format!("Bearer {token}"));
    request.header("x-client-cert", base64(certificate))
}

/// Says whether the handler has seen the proxy's header.
fn seen(request: &TestRequest) -> TestResponse {
    Response::new(Full::from(if request.headers().contains_key("x-client-cert") {
        "seen"
    } else {
        "not seen"
    }))
}

// R72, R81, R82
#[tokio::test]
async fn a_certificate_header_counts_from_the_proxy() {
    let (api, calls) = (behind_haproxy(), Calls::default());
    let service = protected(&api, &calls, seen);
    let certificate = TestCertificate::generate();
    let (parts, body) =
        send(service.clone(), empty(claimed(&api, &certificate).extension(peer(PROXY)))).await;
    assert_eq!((parts.status, body.as_str()), (StatusCode::OK, "seen"));

    let other = claimed(&api, &certificate).header("x-client-cert", base64(&certificate));
    let (parts, _) = send(service, empty(other.extension(peer(PROXY)))).await;
    assert_eq!(parts.status, StatusCode::UNAUTHORIZED);
}

// R81, R82, R179, P50: from anybody else it does not count, and the handler does not see it.
#[tokio::test]
async fn a_certificate_header_of_a_stranger_is_removed() {
    let (api, calls) = (behind_haproxy(), Calls::default());
    let service = protected(&api, &calls, seen);
    let certificate = TestCertificate::generate();
    for peer in [Some(peer(STRANGER)), Some(Peer::UnixSocket), Some(Peer::Unknown), None] {
        let mut request = empty(claimed(&api, &certificate));
        peer.and_then(|peer| request.extensions_mut().insert(peer));
        let (parts, _) = send(service.clone(), request).await;
        assert_eq!(parts.status, StatusCode::UNAUTHORIZED, "{peer:?}");
        let unknown = peer.is_none_or(|peer| peer == Peer::Unknown);
        let error = if unknown { Error::PeerUnknown } else { Error::CertificateMissing };
        assert_eq!(parts.extensions.get::<Rejection>().unwrap().error(), &error, "{peer:?}");
    }
    assert_eq!(calls.count(), 0);
    // With what is right without it, the request passes, without the header.
    let own = claimed(&api, &certificate).extension(PeerCertificate::from_der(certificate.der().to_vec()));
    let (parts, body) = send(service.clone(), empty(own)).await;
    assert_eq!((parts.status, body.as_str()), (StatusCode::OK, "not seen"));
    let dpop = valid_request(&api, "GET", "/records").header("x-client-cert", base64(&certificate));
    let (parts, body) = send(service, empty(dpop)).await;
    assert_eq!((parts.status, body.as_str()), (StatusCode::OK, "not seen"));
}

// R38, R82: nor does a handler that answers preflights.
#[tokio::test]
async fn a_preflight_is_without_it_too() {
    let api = Scenario::with(|builder| {
        let proxy = TrustedProxy::at([PROXY]).client_certificate(CertificateHeader::haproxy("x-client-cert"));
        builder.trusted_proxy(proxy).cors(Cors::PassPreflight)
    });
    let service = protected(&api, &Calls::default(), seen);
    let preflight = Request::options("/records").header("origin", "https://app.example");
    let preflight = preflight.header("access-control-request-method", "GET").header("x-client-cert", "x");
    let (parts, body) = send(service, empty(preflight)).await;
    assert_eq!((parts.status, body.as_str()), (StatusCode::OK, "not seen"));
}

// R82: axum knows the peer.
#[cfg(feature = "axum")]
#[tokio::test]
async fn the_address_is_axums() {
    use axum::extract::ConnectInfo;
    let (api, calls) = (behind_haproxy(), Calls::default());
    let service = protected(&api, &calls, seen);
    let certificate = TestCertificate::generate();
    for (address, status) in [(PROXY, StatusCode::OK), (STRANGER, StatusCode::UNAUTHORIZED)] {
        let address = SocketAddr::new(address.parse::<IpAddr>().unwrap(), 4711);
        let request = claimed(&api, &certificate).extension(ConnectInfo(address));
        assert_eq!(send(service.clone(), empty(request)).await.0.status, status, "{address}");
    }
}

/// A request with a proof for this URL, and these headers of a proxy beside it.
fn proved(api: &Scenario, path: &str, url: &str, peer: Peer, headers: &[(&str, &str)]) -> TestRequest {
    let token = api.token().sign();
    let proof = api.client.proof("GET", url).access_token(&token).sign();
    let request = Request::builder().uri(path).header("authorization", format!("DPoP {token}"));
    let request = request.header("dpop", proof).extension(peer);
    empty(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)))
}

// R50, P26, P27: with the prefix that the gateway has removed, and on the host that the proxy names.
#[tokio::test]
async fn the_url_is_the_one_that_the_client_has_typed() {
    let api = Scenario::with(|builder| {
        let headers = ForwardedHeaders::x_forwarded().with_prefix().public_url("https://api.example.org/v2");
        builder
            .public_url("https://api.example.com/v1")
            .trusted_proxy(TrustedProxy::at([PROXY]).forwarded(headers))
    });
    let service = protected(&api, &Calls::default(), crate::api::hello);
    let other = [("x-forwarded-host", "api.example.org"), ("x-forwarded-prefix", "/v2")];
    let (authority, path) = (Some(TargetMismatch::Authority), Some(TargetMismatch::Path));
    for (url, peer, headers, mismatch) in [
        ("https://api.example.com/v1/records", peer(STRANGER), &[][..], None),
        ("https://api.example.com/records", peer(STRANGER), &[], path),
        ("https://api.example.com/v1/records", peer(PROXY), &[], None),
        ("https://api.example.org/v2/records", peer(PROXY), &other, None),
        ("https://api.example.org/records", peer(PROXY), &other, path),
        ("https://api.example.com/v1/records", peer(PROXY), &other, authority),
        ("https://api.example.org/v2/records", peer(STRANGER), &other, authority),
    ] {
        let (parts, _) = send(service.clone(), proved(&api, "/records", url, peer, headers)).await;
        let error = parts.extensions.get::<Rejection>().map(|rejection| rejection.error().clone());
        assert_eq!(error, mismatch.map(Error::ProofTarget), "{url} {peer:?} {headers:?}");
    }
}

// R138, R140, R144: document and challenge are those of the URL that the client has asked.
#[tokio::test]
async fn metadata_is_that_of_the_requested_url() {
    const PATH: &str = "/.well-known/oauth-protected-resource";
    let api = Scenario::with(|builder| {
        let headers = ForwardedHeaders::forwarded()
            .public_url("https://api.example.org")
            .public_url("https://api.example.net/v2");
        builder.trusted_proxy(TrustedProxy::at([PROXY]).forwarded(headers))
    });
    let calls = Calls::default();
    let service = protected(&api, &calls, crate::api::hello);
    for (peer, forwarded, path, resource) in [
        (peer(PROXY), "host=api.example.org;proto=https", PATH, "https://api.example.org"),
        (peer(PROXY), "host=api.example.com", PATH, "https://api.example.com"),
        (peer(PROXY), "host=evil.example", PATH, "https://api.example.com"),
        (peer(STRANGER), "host=api.example.org", PATH, "https://api.example.com"),
        (
            peer(PROXY),
            "host=api.example.net",
            "/.well-known/oauth-protected-resource/v2",
            "https://api.example.net/v2",
        ),
    ] {
        let request = || empty(Request::builder().uri(path).header("forwarded", forwarded).extension(peer));
        let resource = format!("{{\"resource\":\"{resource}\",");
        let (parts, document) = send(service.clone(), request()).await;
        assert_eq!(parts.status, StatusCode::OK, "{forwarded}");
        assert!(document.starts_with(&resource), "{forwarded}: {document}");
        let (_, same) = send(MetadataService::new(&api.server), request()).await;
        assert_eq!(same, document, "{forwarded}");
    }
    let request = Request::builder().uri("/records").header("forwarded", "host=api.example.org");
    let (parts, _) = send(service, empty(request.extension(peer(PROXY)))).await;
    for challenge in lines(&parts.headers, "www-authenticate") {
        assert!(
            challenge.ends_with("\"https://api.example.org/.well-known/oauth-protected-resource\""),
            "{challenge}"
        );
    }
    assert_eq!(calls.count(), 0);
}
