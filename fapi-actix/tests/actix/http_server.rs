//! A real `HttpServer` with several workers.

use std::io;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle, Service};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{App, HttpServer, web};
use fapi_actix::{AccessToken, AccessTokenMiddleware};
use fapi_core::{PeerCertificate, ResourceServer};
use fapi_testkit::TestCertificate;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use fapi_testkit::Scenario;

use crate::log::Log;

/// How long a start that must fail may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(20);

async fn subject(token: AccessToken) -> String {
    token.subject().as_str().to_owned()
}

/// A running server; every answer names the thread of its worker.
fn serve(server: ResourceServer, certificate: Option<PeerCertificate>) -> (ServerHandle, u16) {
    let http = HttpServer::new(move || {
        App::new()
            .route("/records", web::get().to(subject))
            .wrap(AccessTokenMiddleware::new(server.clone()))
            .wrap_fn(|request, service| {
                let answer = service.call(request);
                async move {
                    let mut response = answer.await?;
                    let thread = format!("{:?}", std::thread::current().id());
                    let thread = HeaderValue::from_str(&thread).unwrap();
                    response.headers_mut().insert(HeaderName::from_static("test-worker"), thread);
                    Ok(response)
                }
            })
    })
    .on_connect(move |_, data| {
        if let Some(certificate) = &certificate {
            data.insert(certificate.clone());
        }
    })
    .workers(2)
    .disable_signals()
    .bind(("127.0.0.1", 0))
    .unwrap();
    let port = http.addrs()[0].port();
    let running = http.run();
    let handle = running.handle();
    actix_web::rt::spawn(running);
    (handle, port)
}

/// Sends a request for `/records` and leaves the connection open, so that the next one goes to another worker.
async fn send(port: u16, headers: &str) -> (TcpStream, String) {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("GET /records HTTP/1.1\r\nHost: api.example.com\r\n{headers}\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    while !response.windows(4).any(|window| window == b"\r\n\r\n") {
        assert_ne!(connection.read_buf(&mut response).await.unwrap(), 0, "the connection was closed");
    }
    (connection, String::from_utf8(response).unwrap())
}

fn worker(response: &str) -> &str {
    response.lines().find_map(|line| line.strip_prefix("test-worker: ")).unwrap()
}

// R60, P12: one memory of used proofs for all workers.
#[actix_web::test]
async fn a_proof_is_good_for_one_worker() {
    let scenario = Scenario::new();
    let (handle, port) = serve(scenario.server.clone(), None);
    let token = scenario.token().sign();
    let proof = scenario.proof("GET", "/records", &token).sign();
    let headers = format!("Authorization: DPoP {token}\r\nDPoP: {proof}\r\n");
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(send(port, &headers).await);
    }
    let accepted = open.iter().filter(|(_, response)| response.starts_with("HTTP/1.1 200 ")).count();
    let refused = open.iter().filter(|(_, response)| response.starts_with("HTTP/1.1 401 ")).count();
    assert_eq!((accepted, refused), (1, 3));
    let first = worker(&open[0].1);
    assert!(open.iter().any(|(_, response)| worker(response) != first), "both workers were asked");
    drop(open);
    handle.stop(false).await;
}

// R29, R40: as they come over the wire.
#[actix_web::test]
async fn repeated_headers_are_seen_over_the_wire() {
    let scenario = Scenario::new();
    let (handle, port) = serve(scenario.server.clone(), None);
    let token = scenario.token().sign();
    let proof = scenario.proof("GET", "/records", &token).sign();
    let good = format!("Authorization: DPoP {token}\r\nDPoP: {proof}\r\n");
    let (_, response) = send(port, &format!("{good}authorization: Bearer {token}\r\n")).await;
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
    let (_, response) = send(port, &format!("{good}dpop: {proof}\r\n")).await;
    assert!(response.starts_with("HTTP/1.1 401 "), "{response}");
    let (_, response) = send(port, &good).await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    handle.stop(false).await;
}

// R72: the certificate of the connection.
#[actix_web::test]
async fn a_peer_certificate_is_found_in_the_connection() {
    let scenario = Scenario::new();
    let certificate = TestCertificate::generate();
    let presented = PeerCertificate::from_der(certificate.der());
    let (handle, port) = serve(scenario.server.clone(), Some(presented));
    let (other_handle, other_port) = serve(scenario.server.clone(), None);
    let token = scenario.issuer.token().bound_to_certificate(certificate.der()).sign();
    let headers = format!("Authorization: Bearer {token}\r\n");
    let (_, response) = send(port, &headers).await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    let (_, response) = send(other_port, &headers).await;
    assert!(response.starts_with("HTTP/1.1 401 "), "{response}");
    handle.stop(false).await;
    other_handle.stop(false).await;
}

// R139, RFC 9110 §9.3.2: to HEAD, the header fields of GET and no content.
#[actix_web::test]
async fn the_document_is_served_over_the_wire() {
    let scenario = Scenario::new();
    let (handle, port) = serve(scenario.server.clone(), None);
    let mut answers = Vec::new();
    for method in ["GET", "HEAD"] {
        let mut connection = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let path = scenario.server.metadata().path();
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let length = format!("content-length: {}", scenario.server.metadata().json().len());
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert!(head.lines().any(|line| line == length), "{head}");
        answers.push(body.to_owned());
    }
    assert_eq!(answers, [scenario.server.metadata().json(), ""]);
    handle.stop(false).await;
}

/// An `HttpServer` with the usual mistake.
fn built_inside_the_closure() -> Server {
    let scenario = Scenario::new();
    HttpServer::new(move || {
        let server = scenario.another_server(|builder| builder);
        App::new().route("/records", web::get().to(subject)).wrap(AccessTokenMiddleware::new(server))
    })
    .workers(2)
    .disable_signals()
    .bind(("127.0.0.1", 0))
    .unwrap()
    .run()
}

fn assert_refused(outcome: Result<io::Result<()>, tokio::time::error::Elapsed>) {
    let error = outcome.expect("the start does not hang").expect_err("the start fails");
    assert!(error.to_string().contains("Can not start server service"), "{error}");
}

// P12: a server for each worker is not started, under the runtime of actix...
#[actix_web::test]
async fn a_server_built_inside_the_closure_does_not_start() {
    assert_refused(tokio::time::timeout(PATIENCE, built_inside_the_closure()).await);
}

// P12: ... and under that of tokio, and the log says what to do.
#[tokio::test]
async fn a_server_built_inside_the_closure_does_not_start_under_tokio() {
    let log = Log::capture_everywhere();
    assert_refused(tokio::time::timeout(PATIENCE, built_inside_the_closure()).await);
    let text = log.text();
    assert!(text.contains("ERROR fapi_actix: the ResourceServer was built inside the closure"), "{text}");
    assert!(text.contains("Build it before HttpServer::new and clone it into the closure"), "{text}");
}
