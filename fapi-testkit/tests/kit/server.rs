//! The served issuer answers over a real socket, fails as told, counts, and stops.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use fapi_core::jose::Algorithm;
use fapi_testkit::{Endpoint, Fault, IssuerServer, RegisteredClient, SigningKey, TestClient, TestIssuer};
use serde_json::{Value, json};

use crate::oracle::{claims, verifies};

const METADATA: &str = "/.well-known/oauth-authorization-server";
const CLIENT_CREDENTIALS: &str =
    "grant_type=client_credentials&client_id=robot&scope=a+b&resource=https%3A%2F%2Fapi.example.com%2F";

fn server() -> IssuerServer {
    TestIssuer::new("replaced").serve()
}

/// Sends one request and returns status and body; nothing if the connection was closed without an answer.
fn send(server: &IssuerServer, head: &str, body: &str) -> Option<(u16, String)> {
    let address = server.identifier().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(stream, "{head}\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().unwrap(), body.to_owned()))
}

fn get(server: &IssuerServer, path: &str) -> Option<(u16, String)> {
    send(server, &format!("GET {path} HTTP/1.1"), "")
}

fn get_json(server: &IssuerServer, path: &str) -> Value {
    let (status, body) = get(server, path).unwrap();
    assert_eq!(status, 200);
    serde_json::from_str(&body).unwrap()
}

fn request_token(server: &IssuerServer, proof: &str, form: &str) -> (u16, Value) {
    let (status, body) = send(server, &format!("POST /token HTTP/1.1\r\nDPoP: {proof}"), form).unwrap();
    (status, serde_json::from_str(&body).unwrap())
}

#[test]
fn one_token_and_one_list_can_be_told_apart() {
    let server = TestIssuer::new("replaced")
        .with_client(RegisteredClient::client_secret_basic("api", "secret"))
        .serve();
    let issuer = server.issuer();
    let (changed, failing, other) =
        (issuer.token().opaque(), issuer.token().opaque(), issuer.token().opaque());
    issuer.change_introspection_of(&changed, |answer| answer.member("active", "true"));
    server.set_fault_about(&failing, Fault::Status(500));
    let head = "POST /introspect HTTP/1.1\r\nAuthorization: Basic YXBpOnNlY3JldA==\r\n\
                Content-Type: application/x-www-form-urlencoded";
    let ask = |token: &str| send(&server, head, &format!("token={token}")).unwrap();
    assert!(ask(&changed).1.contains(r#""active":"true""#));
    assert_eq!(ask(&failing).0, 500);
    assert!(ask(&other).1.contains(r#""active":true"#));
    server.clear_fault_about(&failing);
    assert_eq!(ask(&failing).0, 200);

    let uri = format!("{}/7", issuer.status_list_uri());
    issuer.change_status_list_at(&uri, |list| list.claim("ttl", 1));
    let list = |path: &str| {
        let head = format!("GET {path} HTTP/1.1\r\nAccept: application/statuslist+jwt");
        claims(&send(&server, &head, "").unwrap().1)
    };
    assert_eq!([&list("/status-list/7")["sub"], &list("/status-list/7")["ttl"]], [&json!(uri), &json!(1)]);
    assert_eq!(list("/status-list")["ttl"], 60);
    assert_eq!(list("/status-list/8")["sub"], format!("{}/8", issuer.status_list_uri()));
}

#[test]
fn metadata_leads_to_the_key_that_signs() {
    let server = server();
    for path in [METADATA, "/.well-known/openid-configuration"] {
        let metadata = get_json(&server, path);
        assert_eq!(metadata["issuer"], server.identifier());
        assert_eq!(metadata["jwks_uri"], format!("{}/jwks", server.identifier()));
        assert_eq!(metadata["token_endpoint"], server.token_endpoint());
    }
    let token = server.issuer().token().sign();
    assert_eq!(claims(&token)["iss"], server.identifier());
    assert!(verifies(&token, Algorithm::Es256, &get_json(&server, "/jwks")["keys"][0]));
    assert_eq!(get(&server, "/elsewhere").unwrap().0, 404);
}

#[test]
fn rotated_keys_are_served() {
    let server = server();
    let before = get_json(&server, "/jwks");
    server.issuer().rotate_keys();
    let after = get_json(&server, "/jwks");
    assert_ne!(before["keys"][0]["kid"], after["keys"][0]["kid"]);
    assert!(verifies(&server.issuer().token().sign(), Algorithm::Es256, &after["keys"][0]));
}

#[test]
fn a_proof_buys_a_token_bound_to_its_key() {
    let server = server();
    for algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::Ed25519] {
        let client = TestClient::new().with_algorithm(algorithm);
        let proof = client.proof("POST", &server.token_endpoint()).sign();
        let (status, answer) = request_token(&server, &proof, CLIENT_CREDENTIALS);
        assert_eq!(
            (status, &answer["token_type"], &answer["expires_in"]),
            (200, &json!("DPoP"), &json!(300))
        );

        let token = answer["access_token"].as_str().unwrap();
        assert!(verifies(token, Algorithm::Es256, &server.issuer().key().public_jwk()));
        let claims = claims(token);
        assert_eq!(claims["cnf"], json!({"jkt": client.thumbprint()}));
        assert_eq!([&claims["client_id"], &claims["sub"]], ["robot", "robot"]);
        assert_eq!([&claims["scope"], &claims["aud"]], ["a b", "https://api.example.com/"]);
    }
}

#[test]
fn a_proof_that_does_not_verify_buys_nothing() {
    let server = server();
    let client = TestClient::new();
    let proof = || client.proof("POST", &server.token_endpoint());
    let wrong = [
        proof().with_flipped_signature().sign(),
        proof().signed_by(&SigningKey::generate(Algorithm::Es256)).sign(),
        proof().header("alg", "none").sign(),
        proof().without_header("jwk").sign(),
        "not.a.jws".to_owned(),
        String::new(),
    ];
    for proof in wrong {
        let answer = request_token(&server, &proof, CLIENT_CREDENTIALS);
        assert_eq!(answer, (400, json!({"error": "invalid_dpop_proof"})), "{proof}");
    }
    let answer = request_token(&server, &proof().sign(), "grant_type=password");
    assert_eq!(answer, (400, json!({"error": "unsupported_grant_type"})));
}

#[test]
fn it_fails_as_told_and_recovers() {
    let server = server();
    server.set_fault(Fault::Down);
    assert_eq!(get(&server, "/jwks"), None);

    server.set_fault(Fault::Rubbish);
    let (status, body) = get(&server, "/jwks").unwrap();
    assert_eq!(status, 200);
    assert!(serde_json::from_str::<Value>(&body).is_err());

    server.set_fault(Fault::WrongIssuer);
    let metadata = get_json(&server, METADATA);
    assert_ne!(metadata["issuer"], server.identifier());
    assert_eq!(metadata["jwks_uri"], format!("{}/jwks", server.identifier()));

    server.set_fault(Fault::Slow(Duration::from_millis(50)));
    let asked = Instant::now();
    get_json(&server, "/jwks");
    assert!(asked.elapsed() >= Duration::from_millis(50));

    server.clear_fault();
    assert_eq!(get_json(&server, METADATA)["issuer"], server.identifier());
}

#[test]
fn an_endpoint_may_fail_alone() {
    let server = server();
    server.set_fault_of(Endpoint::Jwks, Fault::Status(503));
    assert_eq!(get(&server, "/jwks").unwrap(), (503, "{}".to_owned()));
    get_json(&server, METADATA);

    server.set_fault_of(Endpoint::Metadata, Fault::Down);
    assert_eq!((get(&server, METADATA), get(&server, "/jwks").unwrap().0), (None, 503));
    server.set_fault(Fault::Rubbish);
    assert_eq!(get(&server, "/jwks").unwrap().0, 200);
    server.clear_fault();
    get_json(&server, METADATA);
    get_json(&server, "/jwks");
}

#[test]
fn an_unresponsive_issuer_takes_a_request_and_never_answers() {
    let server = server();
    server.set_fault(Fault::Unresponsive);
    let mut stream = TcpStream::connect(server.identifier().strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    stream.write_all(b"GET /jwks HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    assert_eq!(server.jwks_fetches(), 1);
    // It stops all the same.
    drop(server);
}

// R180
#[test]
fn the_truth_may_be_elsewhere_or_buried() {
    let server = server();
    let truth = get(&server, "/jwks").unwrap().1;
    server.set_fault(Fault::Redirect);
    assert_eq!(get(&server, "/jwks").unwrap(), (307, "{}".to_owned()));
    assert_eq!(get(&server, "/jwks?redirected").unwrap(), (200, truth.clone()));

    server.set_fault(Fault::Oversize(100_000));
    let (status, body) = get(&server, "/jwks").unwrap();
    assert_eq!((status, body.len(), body.trim_end()), (200, 100_000, truth.as_str()));
}

#[test]
fn it_counts_what_is_asked_for_even_while_it_fails() {
    let server = server();
    get_json(&server, METADATA);
    get_json(&server, "/jwks");
    server.set_fault(Fault::Down);
    assert_eq!(get(&server, "/jwks"), None);
    assert_eq!((server.metadata_fetches(), server.jwks_fetches(), server.token_requests()), (1, 2, 0));
    server.clear_fault();
    request_token(&server, "", "");
    assert_eq!(server.token_requests(), 1);
}

#[test]
fn dropping_it_frees_the_port() {
    let server = server();
    let address = server.identifier().strip_prefix("http://").unwrap().to_owned();
    drop(server);
    assert!(TcpStream::connect(address).is_err());
}
