//! RFC 9440 and RFC 7239: what a trusted proxy says about its client's certificate and about the URL, and what anybody
//! else says.

use std::time::Duration;

use fapi_core::{
    CertificateHeader, CertificateHeaderError, ConfigError, Error, FieldLines, ForwardedError,
    ForwardedHeaders, Issuer, Peer, ResourceServer, ResourceServerBuilder, Revocation, TrustedProxy,
    TrustedProxyError,
};
use fapi_testkit::{TestCertificate, TestIssuer};
use serde_json::json;

use crate::logging::Log;
use crate::vectors;
use crate::world::{API, ISSUER, Request, World};

type Headers<'a> = &'a [(&'a str, &'a str)];

fn proxy() -> Peer {
    Peer::Address([10, 1, 2, 3].into())
}

fn stranger() -> Peer {
    Peer::Address([192, 0, 2, 1].into())
}

/// An API behind proxies of 10.0.0.0/8 that send `header`.
fn behind(header: CertificateHeader) -> World {
    World::with(|builder| builder.trusted_proxy(TrustedProxy::at(["10.0.0.0/8"]).client_certificate(header)))
}

/// The decision about `request` from `peer` with these headers beside it.
async fn decide(world: &World, peer: Peer, headers: Headers<'_>, request: &Request) -> Result<(), Error> {
    let lines = |name: &str| {
        let own = headers.iter().filter(|(own, _)| *own == name);
        own.map(|(_, value)| value.as_bytes()).collect::<FieldLines<'_>>()
    };
    let lines: Vec<_> = world.server.proxy_headers().map(|name| (name, lines(name))).collect();
    let facts = request.borrow().with_peer(peer).with_proxy_headers(&lines);
    world.server.verify(&facts).await.map(|_verified| ()).map_err(|rejection| rejection.error().clone())
}

/// The request with a certificate-bound token, but without the certificate.
fn without_certificate(world: &World) -> Request {
    Request { certificate: None, ..world.mtls() }
}

fn client_cert(certificate: &TestCertificate) -> String {
    format!(":{}:", base64(certificate.der()))
}

fn base64(der: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(der)
}

// R72, R80, R81: the certificate that the proxy conveys is the client's.
#[tokio::test]
async fn a_trusted_proxy_conveys_the_certificate() {
    let world = behind(CertificateHeader::rfc9440());
    let request = without_certificate(&world);
    let own = client_cert(&world.certificate);
    let other = client_cert(&TestCertificate::generate());
    assert_eq!(decide(&world, proxy(), &[("client-cert", &own)], &request).await, Ok(()));
    for (headers, error) in [
        (&[][..], Error::CertificateMissing),
        (&[("client-cert", "")], Error::CertificateMissing),
        (&[("client-cert", &*other)], Error::CertificateBinding),
        (
            &[("client-cert", &own), ("client-cert", &own)],
            Error::CertificateHeader(CertificateHeaderError::Repeated),
        ),
        (&[("client-cert", "x")], Error::CertificateHeader(CertificateHeaderError::Encoding)),
    ] {
        assert_eq!(decide(&world, proxy(), headers, &request).await, Err(error), "{headers:?}");
    }
}

// R81, R82, R179, P50: nobody else is believed, whatever the header says.
#[tokio::test]
async fn a_stranger_conveys_nothing() {
    let world = behind(CertificateHeader::rfc9440());
    let request = without_certificate(&world);
    let own = client_cert(&world.certificate);
    for (peer, error) in [
        (stranger(), Error::CertificateMissing),
        // Whose fault it is that nothing is known of the peer, only the log says.
        (Peer::Unknown, Error::PeerUnknown),
        (Peer::UnixSocket, Error::CertificateMissing),
    ] {
        assert_eq!(decide(&world, peer, &[("client-cert", &own)], &request).await, Err(error), "{peer:?}");
        assert!(!world.server.trusts(peer));
        // Rubbish from a stranger is not even looked at; the certificate of the connection counts.
        assert_eq!(decide(&world, peer, &[("client-cert", "x")], &world.mtls()).await, Ok(()), "{peer:?}");
    }
    // R81: off by default.
    let plain = World::new();
    assert_eq!(plain.server.proxy_headers().count(), 0);
    assert!(!plain.server.trusts(proxy()));
    let request = without_certificate(&plain);
    let own = client_cert(&plain.certificate);
    assert_eq!(
        decide(&plain, proxy(), &[("client-cert", &own)], &request).await,
        Err(Error::CertificateMissing)
    );
}

// R81: an adapter that does not know its peers makes a trusted proxy useless, which the log says, once.
#[tokio::test]
async fn a_peer_that_is_not_known_is_told_of() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let world = behind(CertificateHeader::rfc9440());
    let warnings = || log.take().into_iter().filter(|line| line.contains("is not known")).count();
    decide(&world, proxy(), &[], &world.valid()).await.unwrap();
    assert_eq!(warnings(), 0);
    for expected in [1, 0] {
        decide(&world, Peer::Unknown, &[], &world.valid()).await.unwrap();
        assert!(!world.server.trusts(Peer::Unknown));
        assert_eq!(warnings(), expected);
    }
    decide(&World::new(), Peer::Unknown, &[], &world.mtls()).await.unwrap_err();
    assert_eq!(warnings(), 0);
}

// R81: the certificate on the connection of a trusted proxy is the proxy's own.
#[tokio::test]
async fn the_certificate_of_the_proxy_is_not_the_clients() {
    let world = behind(CertificateHeader::rfc9440());
    let own = client_cert(&world.certificate);
    assert_eq!(decide(&world, proxy(), &[], &world.mtls()).await, Err(Error::CertificateMissing));
    let other = TestCertificate::generate();
    let request = world.mtls().certificate(other.der());
    assert_eq!(decide(&world, proxy(), &[("client-cert", &own)], &request).await, Ok(()));
}

// R81: nor is it where the proxy says nothing of certificates, but of the URL: such a proxy has ended the client's TLS.
#[tokio::test]
async fn the_certificate_of_a_proxy_without_a_certificate_header_is_nobodys() {
    let forwarded = || TrustedProxy::at(["10.0.0.0/8"]).forwarded(ForwardedHeaders::x_forwarded());
    let world = World::with(|builder| builder.trusted_proxy(forwarded()));
    assert_eq!(decide(&world, proxy(), &[], &world.mtls()).await, Err(Error::CertificateMissing));
    // Who comes past the proxy has a connection of their own.
    assert_eq!(decide(&world, stranger(), &[], &world.mtls()).await, Ok(()));
}

// R80, R88: a header that cannot be read is a refusal like that of another certificate, and no concern of DPoP.
#[tokio::test]
async fn an_unreadable_header_is_refused_where_it_is_needed() {
    let world = behind(CertificateHeader::haproxy("x-cert"));
    let lines = [("x-cert", FieldLines::One(b"!"))];
    let request = without_certificate(&world);
    let facts = request.borrow().with_peer(proxy()).with_proxy_headers(&lines);
    let rejection = world.server.verify(&facts).await.unwrap_err();
    assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
    assert_eq!(decide(&world, proxy(), &[("x-cert", "!")], &world.valid()).await, Ok(()));
}

// R80: the header of RFC 9440 appendix A, and the thumbprint of its certificate.
#[tokio::test]
async fn rfc9440_a_client_cert() {
    let Some(published) = vectors::shared("published.json") else { return };
    let vector = &published["rfc9440"];
    let world = behind(CertificateHeader::rfc9440());
    let token = world.token().claim("cnf", json!({"x5t#S256": vector["x5t#S256_computed"]})).sign();
    let header = vector["client_cert_header"].as_str().unwrap();
    let request = Request::bearer(&token);
    assert_eq!(decide(&world, proxy(), &[("client-cert", header)], &request).await, Ok(()));
    let rfc8705 = format!(":{}:", published["rfc8705"]["cert_der_b64"].as_str().unwrap());
    assert_eq!(
        decide(&world, proxy(), &[("client-cert", &rfc8705)], &request).await,
        Err(Error::CertificateBinding)
    );
}

// R73, R83: the example certificate of RFC 8705 appendix A, by its hash alone.
#[tokio::test]
async fn rfc8705_a_certificate_by_its_hash() {
    let Some(published) = vectors::shared("published.json") else { return };
    let world = behind(CertificateHeader::envoy());
    let thumbprint = published["rfc8705"]["x5t#S256"].as_str().unwrap();
    let token = world.token().claim("cnf", json!({"x5t#S256": thumbprint})).sign();
    let hash = {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(thumbprint).unwrap();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let xfcc = format!("By=spiffe://example/proxy;Hash={hash};Subject=\"CN=mtls\"");
    let headers = [("x-forwarded-client-cert", &*xfcc)];
    assert_eq!(decide(&world, proxy(), &headers, &Request::bearer(&token)).await, Ok(()));
}

// R82: which one counts must be known at start.
#[test]
fn one_trusted_proxy_is_configured() {
    let proxy = || TrustedProxy::at(["10.0.0.1"]).client_certificate(CertificateHeader::rfc9440());
    let build = |configure: &dyn Fn(ResourceServerBuilder) -> ResourceServerBuilder| {
        let builder = ResourceServer::builder()
            .public_url(API)
            .audience(API)
            .revocation(Revocation::max_token_lifetime(Duration::from_secs(300)))
            .issuer(Issuer::new(ISSUER).with_key_set(TestIssuer::new(ISSUER).jwks()));
        configure(builder).build().map(|_built| ())
    };
    assert_eq!(build(&|builder| builder.trusted_proxy(proxy())), Ok(()));
    let repeated = build(&|builder| builder.trusted_proxy(proxy()).trusted_proxy(proxy()));
    assert_eq!(repeated, Err(ConfigError::TrustedProxy(TrustedProxyError::Repeated)));
    let nobody = || TrustedProxy::at::<String>([]).client_certificate(CertificateHeader::rfc9440());
    let nobody = build(&|builder| builder.trusted_proxy(nobody()));
    assert_eq!(nobody, Err(ConfigError::TrustedProxy(TrustedProxyError::Nobody)));
    // R12: of every URL of the API.
    let http = || proxy().forwarded(ForwardedHeaders::forwarded().public_url("http://api.example.org"));
    let http = build(&|builder| builder.trusted_proxy(http()));
    assert!(matches!(http, Err(ConfigError::PublicUrl { url, .. }) if url == "http://api.example.org"));
}

const OTHER_HOST: &str = "https://api.example.org";

fn with_two_hosts(builder: ResourceServerBuilder) -> ResourceServerBuilder {
    let headers = ForwardedHeaders::x_forwarded().public_url(OTHER_HOST);
    builder.trusted_proxy(TrustedProxy::at(["10.0.0.0/8"]).forwarded(headers))
}

/// The valid request, but for the host of its proof.
fn proved_for(world: &World, url: &str) -> Request {
    let token = world.token().sign();
    Request::dpop(&token, world.client.proof("GET", url).access_token(&token).sign())
}

// R50, R178, P26: the proxy says which of the configured URLs it was, and nobody else does.
#[tokio::test]
async fn a_trusted_proxy_says_which_public_url_it_was() {
    let world = World::with(with_two_hosts);
    let (one, other) = ("https://api.example.com/records", "https://api.example.org/records");
    let to_other = [("x-forwarded-host", "api.example.org"), ("x-forwarded-proto", "https")];
    let authority = Error::ProofTarget(fapi_core::TargetMismatch::Authority);
    for (peer, headers, url, expected) in [
        (proxy(), &to_other[..], other, Ok(())),
        (proxy(), &to_other, one, Err(authority.clone())),
        (proxy(), &[], one, Ok(())),
        (proxy(), &[], other, Err(authority.clone())),
        (stranger(), &to_other, one, Ok(())),
        (stranger(), &to_other, other, Err(authority.clone())),
        (Peer::Unknown, &to_other, other, Err(authority)),
    ] {
        let request = proved_for(&world, url);
        assert_eq!(decide(&world, peer, headers, &request).await, expected, "{peer:?} {url}");
    }
}

// R50, P26: a malformed or unknown value is a refusal, not a guess; a proof for the unknown URL does not help.
#[tokio::test]
async fn what_the_proxy_says_must_be_one_of_the_public_urls() {
    let world = World::with(with_two_hosts);
    for (headers, error) in [
        (&[("x-forwarded-host", "evil.example")][..], ForwardedError::UnknownUrl),
        (&[("x-forwarded-host", "api.example.com/x")], ForwardedError::Malformed),
        (&[("x-forwarded-host", "api.example.com, evil.example")], ForwardedError::Repeated),
        (&[("x-forwarded-proto", "http")], ForwardedError::UnknownUrl),
        (&[("x-forwarded-proto", "https"), ("x-forwarded-proto", "https")], ForwardedError::Repeated),
    ] {
        for url in ["https://api.example.com/records", "https://evil.example/records"] {
            let request = proved_for(&world, url);
            let lines: Vec<_> = world
                .server
                .proxy_headers()
                .map(|name| {
                    let own = headers.iter().filter(|(own, _)| *own == name);
                    (name, own.map(|(_, value)| value.as_bytes()).collect::<FieldLines<'_>>())
                })
                .collect();
            let facts = request.borrow().with_peer(proxy()).with_proxy_headers(&lines);
            let rejection = world.server.verify(&facts).await.unwrap_err();
            assert_eq!(rejection.error(), &Error::Forwarded(error), "{headers:?}");
            assert_eq!((rejection.status(), rejection.error_code()), (400, Some("invalid_request")));
        }
    }
}
