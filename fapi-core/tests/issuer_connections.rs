//! How many connections the default HTTP client opens, and whose they are: P35, R108, R120, R121.
#![cfg(all(feature = "aws-lc-rs", feature = "reqwest"))]
#![allow(missing_docs, clippy::unwrap_used)]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use fapi_core::{ClientAuthentication, SystemClock};
use fapi_core::{
    Clock, FieldLines, HttpClient, HttpResponse, Introspection, Issuer, ReqwestClient, ResourceRequest,
    ResourceServer, Revocation,
};
use fapi_testkit::{ManualClock, TestClient, TestIssuer};
use tokio::runtime;

const API: &str = "https://api.example.com";
const JSON: &str = "application/json";

/// A server on this machine that keeps its connections, and counts them and the requests.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    fn answering(body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, requests) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {JSON}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        thread::spawn({
            let (connections, requests) = (Arc::clone(&connections), Arc::clone(&requests));
            move || {
                for stream in listener.incoming().flatten() {
                    connections.fetch_add(1, SeqCst);
                    let (answer, requests) = (answer.clone(), Arc::clone(&requests));
                    // Until the client closes it.
                    thread::spawn(move || serve(stream, &answer, &requests));
                }
            }
        });
        Self { address, connections, requests }
    }

    fn url(&self) -> String {
        format!("http://{}/introspect", self.address)
    }

    fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    fn requests(&self) -> usize {
        self.requests.load(SeqCst)
    }
}

fn serve(stream: TcpStream, answer: &str, requests: &AtomicUsize) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            reader.read_exact(&mut vec![0; length])?;
            requests.fetch_add(1, SeqCst);
            reader.get_mut().write_all(answer.as_bytes())?;
        }
    }
}

fn client() -> ReqwestClient {
    ReqwestClient::builder().allow_insecure_loopback().build().unwrap()
}

async fn ask(client: &ReqwestClient, server: &Server) -> HttpResponse {
    let answer = client.post_form(&server.url(), JSON, None, "token=a").await.unwrap();
    // The connection is given back by a task of its own.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    answer
}

/// Lets this many seconds pass for the client, at once.
async fn pass(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

fn current_thread() -> runtime::Runtime {
    runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

// R121
#[tokio::test]
async fn requests_share_a_connection() {
    let (client, server) = (client(), Server::answering("{}"));
    for _ in 0..20 {
        assert_eq!(ask(&client, &server).await.status, 200);
        // Clones share it as well.
        assert_eq!(ask(&client.clone(), &server).await.status, 200);
    }
    assert_eq!((server.requests(), server.connections()), (40, 1));
}

// R121, R125: from end to end, where nothing is remembered and every request is a question.
#[tokio::test]
async fn asking_about_tokens_does_not_cost_a_connection_each() {
    let clock = ManualClock::at(SystemClock.now());
    let issuer = TestIssuer::new("https://as.example.com").with_clock(Arc::new(clock.clone()));
    let client = TestClient::new().with_clock(Arc::new(clock.clone()));
    let token = issuer.token().audience(API).bound_to(&client).opaque();
    let server = Server::answering(&issuer.introspection(&token).plain());
    let introspection = Introspection::new(ClientAuthentication::client_secret_basic("api", "secret"))
        .with_endpoint(server.url())
        .with_max_age(Duration::ZERO);
    let api = ResourceServer::builder()
        .public_url(API)
        .audience(API)
        .issuer(
            Issuer::new(issuer.identifier()).with_key_set(issuer.jwks()).with_introspection(introspection),
        )
        .revocation(Revocation::introspection())
        .allow_insecure_loopback(true)
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    clock.advance(Duration::from_secs(120));
    let authorization = format!("DPoP {token}");
    for _ in 0..20 {
        let proof = client.proof("GET", &format!("{API}/records")).access_token(&token).sign();
        let request = ResourceRequest::new("GET", "/records", None)
            .with_authorization(FieldLines::One(authorization.as_bytes()))
            .with_dpop(FieldLines::One(proof.as_bytes()));
        assert!(api.verify(&request).await.is_ok());
    }
    assert_eq!(server.requests(), 20);
    // The next question may come before the connection is given back.
    assert!(server.connections() <= 3, "{} connections", server.connections());
}

// P35, R120: the connections of a runtime that stands still are not taken by another.
#[test]
fn a_runtime_has_connections_of_its_own() {
    let (client, server) = (client(), Server::answering("{}"));
    let busy = current_thread();
    assert_eq!(busy.block_on(ask(&client, &server)).status, 200);
    let other = current_thread();
    for _ in 0..2 {
        assert_eq!(other.block_on(ask(&client, &server)).status, 200);
    }
    assert_eq!(server.connections(), 2);
    assert_eq!(busy.block_on(ask(&client, &server)).status, 200);
    assert_eq!(server.connections(), 2);
}

// R108: a connection is not kept for long, so that names are looked up, and their addresses checked, again and again.
#[tokio::test]
async fn a_connection_that_nobody_uses_is_closed() {
    let (client, server) = (client(), Server::answering("{}"));
    assert_eq!(ask(&client, &server).await.status, 200);
    pass(3).await;
    assert_eq!(ask(&client, &server).await.status, 200);
    assert_eq!(server.connections(), 1);
    pass(5).await;
    assert_eq!(ask(&client, &server).await.status, 200);
    assert_eq!(server.connections(), 2);
}
