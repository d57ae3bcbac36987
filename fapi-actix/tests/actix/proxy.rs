//! What a proxy in front of the API says, and what anybody else says in its place.

use std::net::SocketAddr;

use actix_web::body::to_bytes;
use actix_web::dev::Service;
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_and_read_body, call_service, init_service};
use actix_web::{App, HttpRequest, web};
use fapi_actix::{AccessTokenMiddleware, Cors, Rejection, metadata};
use fapi_core::{CertificateHeader, Error, ForwardedHeaders, Peer, TargetMismatch, TrustedProxy};
use fapi_testkit::{Scenario, TestCertificate};

use crate::requests::{error, get, lines};

const PROXY: &str = "10.1.2.3:4711";
const STRANGER: &str = "192.0.2.1:4711";

fn behind_haproxy() -> Scenario {
    Scenario::with(|builder| {
        let header = CertificateHeader::haproxy("X-Client-Cert");
        builder.trusted_proxy(TrustedProxy::at(["10.0.0.0/8"]).client_certificate(header))
    })
}

fn base64(certificate: &TestCertificate) -> String {
    certificate.pem().lines().filter(|line| !line.starts_with("-----")).collect()
}

/// Says whether the handler has seen the proxy's header.
async fn seen(request: HttpRequest) -> &'static str {
    if request.headers().contains_key("x-client-cert") { "seen" } else { "not seen" }
}

/// A certificate-bound token, and a header that says the certificate is the client's.
fn claimed(scenario: &Scenario, certificate: &TestCertificate) -> TestRequest {
    let token = scenario.issuer.token().bound_to_certificate(certificate.der()).sign();
    TestRequest::with_uri("/records")
        .insert_header(("authorization", format!("Bearer {token}")))
        .insert_header(("x-client-cert", base64(certificate)))
}

/// The answer: why it was refused, or what the handler has seen.
async fn answer(scenario: &Scenario, request: TestRequest) -> Result<String, Error> {
    let middleware = AccessTokenMiddleware::new(scenario.server.clone());
    let app = init_service(App::new().default_service(web::to(seen)).wrap(middleware)).await;
    let response = call_service(&app, request.to_request()).await;
    if response.status() != StatusCode::OK {
        return Err(error(&response));
    }
    let body = to_bytes(response.into_body()).await.unwrap();
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

// R72, R81, R82
#[actix_web::test]
async fn a_certificate_header_counts_from_the_proxy() {
    let scenario = behind_haproxy();
    let certificate = TestCertificate::generate();
    let request = claimed(&scenario, &certificate).peer_addr(address(PROXY));
    assert_eq!(answer(&scenario, request).await, Ok("seen".to_owned()));
    let twice = claimed(&scenario, &certificate).append_header(("x-client-cert", base64(&certificate)));
    assert!(matches!(
        answer(&scenario, twice.peer_addr(address(PROXY))).await,
        Err(Error::CertificateHeader(_))
    ));
}

// R81, R82, R179, P50: from anybody else it does not count, and the handler does not see it.
#[actix_web::test]
async fn a_certificate_header_of_a_stranger_is_removed() {
    let scenario = behind_haproxy();
    let certificate = TestCertificate::generate();
    let stranger = claimed(&scenario, &certificate).peer_addr(address(STRANGER));
    assert_eq!(answer(&scenario, stranger).await, Err(Error::CertificateMissing));
    assert_eq!(answer(&scenario, claimed(&scenario, &certificate)).await, Err(Error::PeerUnknown));
    let dpop = get(&scenario, "/records").insert_header(("x-client-cert", base64(&certificate)));
    assert_eq!(answer(&scenario, dpop).await, Ok("not seen".to_owned()));
}

// R82: nor does the handler see what actix-web has made of such a header for somebody further out.
#[actix_web::test]
async fn what_was_read_of_a_strangers_header_is_forgotten() {
    let scenario = Scenario::with(|builder| {
        builder.trusted_proxy(TrustedProxy::at(["10.0.0.0/8"]).forwarded(ForwardedHeaders::x_forwarded()))
    });
    let host = async |request: HttpRequest| request.connection_info().host().to_owned();
    let middleware = AccessTokenMiddleware::new(scenario.server.clone());
    let app = App::new().default_service(web::to(host)).wrap(middleware).wrap_fn(|request, service| {
        assert_eq!(request.connection_info().host(), "evil.example");
        service.call(request)
    });
    let app = init_service(app).await;
    let request = get(&scenario, "/records").insert_header(("x-forwarded-host", "evil.example"));
    let response = call_service(&app, request.peer_addr(address(STRANGER)).to_request()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_ne!(to_bytes(response.into_body()).await.unwrap(), "evil.example");
}

// R82: somebody further out may know the peer better.
#[actix_web::test]
async fn the_peer_in_the_extensions_comes_first() {
    let scenario = behind_haproxy();
    let certificate = TestCertificate::generate();
    let middleware = AccessTokenMiddleware::new(scenario.server.clone());
    let app = App::new().default_service(web::to(seen)).wrap(middleware).wrap_fn(|request, service| {
        use actix_web::HttpMessage as _;
        request.extensions_mut().insert(Peer::Address([192, 0, 2, 1].into()));
        service.call(request)
    });
    let app = init_service(app).await;
    let request = claimed(&scenario, &certificate).peer_addr(address(PROXY));
    let response = call_service(&app, request.to_request()).await;
    assert!(response.response().extensions().contains::<Rejection>());
}

// R38, R82: nor does a handler that answers preflights.
#[actix_web::test]
async fn a_preflight_is_without_it_too() {
    let scenario = Scenario::with(|builder| {
        let proxy = TrustedProxy::at(["::1"]).client_certificate(CertificateHeader::haproxy("x-client-cert"));
        builder.trusted_proxy(proxy).cors(Cors::PassPreflight)
    });
    let preflight = TestRequest::with_uri("/records")
        .method(Method::OPTIONS)
        .insert_header(("origin", "https://app.example"))
        .insert_header(("access-control-request-method", "GET"))
        .insert_header(("x-client-cert", "x"));
    assert_eq!(answer(&scenario, preflight).await, Ok("not seen".to_owned()));
}

// R50, P26, P27: with the prefix that the gateway has removed, and on the host that the proxy names.
#[actix_web::test]
async fn the_url_is_the_one_that_the_client_has_typed() {
    let scenario = Scenario::with(|builder| {
        let headers = ForwardedHeaders::x_forwarded().with_prefix().public_url("https://api.example.org/v2");
        builder
            .public_url("https://api.example.com/v1")
            .trusted_proxy(TrustedProxy::at(["10.1.2.3"]).forwarded(headers))
    });
    let other = [("x-forwarded-host", "api.example.org"), ("x-forwarded-prefix", "/v2")];
    let (authority, path) = (Some(TargetMismatch::Authority), Some(TargetMismatch::Path));
    for (url, peer, headers, mismatch) in [
        ("https://api.example.com/v1/records", STRANGER, &[][..], None),
        ("https://api.example.com/records", STRANGER, &[], path),
        ("https://api.example.com/v1/records", PROXY, &[], None),
        ("https://api.example.org/v2/records", PROXY, &other, None),
        ("https://api.example.org/records", PROXY, &other, path),
        ("https://api.example.com/v1/records", PROXY, &other, authority),
        ("https://api.example.org/v2/records", STRANGER, &other, authority),
    ] {
        let token = scenario.token().sign();
        let proof = scenario.client.proof("GET", url).access_token(&token).sign();
        let request = TestRequest::with_uri("/records")
            .peer_addr(address(peer))
            .insert_header(("authorization", format!("DPoP {token}")))
            .insert_header(("dpop", proof));
        let request = headers.iter().fold(request, |request, header| request.insert_header(*header));
        let expected = mismatch.map_or(Ok("not seen".to_owned()), |part| Err(Error::ProofTarget(part)));
        assert_eq!(answer(&scenario, request).await, expected, "{url} {peer} {headers:?}");
    }
}

// R138, R140, R144: document and challenge are those of the URL that the client has asked.
#[actix_web::test]
async fn metadata_is_that_of_the_requested_url() {
    const PATH: &str = "/.well-known/oauth-protected-resource";
    let scenario = Scenario::with(|builder| {
        let headers = ForwardedHeaders::forwarded()
            .public_url("https://api.example.org")
            .public_url("https://api.example.net/v2");
        builder.trusted_proxy(TrustedProxy::at(["10.1.2.3"]).forwarded(headers))
    });
    let wrapped = init_service(App::new().wrap(AccessTokenMiddleware::new(scenario.server.clone()))).await;
    let mounted = init_service(App::new().service(metadata(&scenario.server))).await;
    let request = |peer, forwarded, path| {
        let request = TestRequest::with_uri(path).peer_addr(address(peer));
        request.insert_header(("forwarded", forwarded)).to_request()
    };
    for (peer, forwarded, path, resource) in [
        (PROXY, "host=api.example.org;proto=https", PATH, "https://api.example.org"),
        (PROXY, "host=api.example.com", PATH, "https://api.example.com"),
        (PROXY, "host=evil.example", PATH, "https://api.example.com"),
        (STRANGER, "host=api.example.org", PATH, "https://api.example.com"),
        (
            PROXY,
            "host=api.example.net",
            "/.well-known/oauth-protected-resource/v2",
            "https://api.example.net/v2",
        ),
    ] {
        let document = call_and_read_body(&wrapped, request(peer, forwarded, path)).await;
        let start = format!("{{\"resource\":\"{resource}\",");
        assert!(document.starts_with(start.as_bytes()), "{peer} {forwarded}: {document:?}");
        assert_eq!(call_and_read_body(&mounted, request(peer, forwarded, path)).await, document);
    }
    let refused = call_service(&wrapped, request(PROXY, "host=api.example.org", "/records")).await;
    for challenge in lines(&refused, "www-authenticate") {
        let expected = "\"https://api.example.org/.well-known/oauth-protected-resource\"";
        assert!(challenge.ends_with(expected), "{challenge}");
    }
}

// R82: who comes through a Unix domain socket is known from the connection.
#[cfg(unix)]
#[actix_web::test]
async fn a_unix_domain_socket_is_known() {
    use actix_web::HttpServer;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let scenario = Scenario::with(|builder| {
        let header = CertificateHeader::haproxy("x-client-cert");
        builder.trusted_proxy(TrustedProxy::at_unix_socket().client_certificate(header))
    });
    let certificate = TestCertificate::generate();
    let token = scenario.issuer.token().bound_to_certificate(certificate.der()).sign();
    let path = std::env::temp_dir().join(format!("fapi-actix-{}.sock", std::process::id()));
    let server = scenario.server.clone();
    let http = HttpServer::new(move || {
        App::new().default_service(web::to(seen)).wrap(AccessTokenMiddleware::new(server.clone()))
    });
    let http = http.workers(1).disable_signals().on_connect(fapi_actix::on_connect);
    let http = http
        .listen_uds(std::os::unix::net::UnixListener::bind(&path).unwrap())
        .unwrap()
        .bind(("127.0.0.1", 0))
        .unwrap();
    let tcp = http.addrs().into_iter().find(|address| address.port() != 8080).unwrap();
    let running = http.run();
    let handle = running.handle();
    actix_web::rt::spawn(running);

    let request = format!(
        "GET /records HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         X-Client-Cert: {}\r\n\r\n",
        base64(&certificate)
    );
    let mut answers = [String::new(), String::new()];
    let mut socket = tokio::net::UnixStream::connect(&path).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    socket.read_to_string(&mut answers[0]).await.unwrap();
    let mut socket = tokio::net::TcpStream::connect(tcp).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    socket.read_to_string(&mut answers[1]).await.unwrap();
    handle.stop(false).await;
    std::fs::remove_file(path).unwrap();
    assert!(answers[0].starts_with("HTTP/1.1 200 "), "{}", answers[0]);
    assert!(answers[1].starts_with("HTTP/1.1 401 "), "{}", answers[1]);
}
