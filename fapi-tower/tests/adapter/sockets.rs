//! Over real sockets: plain hyper, and tonic.

use std::convert::Infallible;

use bytes::Bytes;
use fapi_tower::{Cors, NoClaims, Verified};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tonic::Code;
use tonic::metadata::MetadataValue;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tower::{Layer, ServiceExt, service_fn};

use crate::api::{DPOP_CHALLENGE, access_token_layer};
use fapi_testkit::Scenario;

async fn subject(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let verified = request.extensions().get::<Verified>().expect("the layer is around");
    let token = verified.access_token::<NoClaims>().expect("NoClaims always fits");
    Ok(Response::new(Full::from(token.subject().as_str().to_owned())))
}

/// Sends bytes as they are and reads to the end.
async fn exchange(api: &Scenario, request: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (socket, _) = listener.accept().await.unwrap();
    let service = TowerToHyperService::new(access_token_layer(api).layer(service_fn(subject)));
    let serving = tokio::spawn(
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service),
    );
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    serving.await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn plain_hyper() {
    let api = Scenario::new();
    let head = "GET /records HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n";
    let token = api.token().sign();
    let proof = api.proof("GET", "/records", &token).sign();
    // R27, R40: names and schemes in any case.
    let good = format!("{head}AUTHORIZATION: dPoP {token}\r\nDPOP: {proof}\r\n\r\n");
    let answer = exchange(&api, good.clone()).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nalice"), "{answer}");
    // R25
    assert!(answer.to_lowercase().contains("\r\ndate: "), "{answer}");

    let replayed = exchange(&api, good).await;
    assert!(replayed.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{replayed}");

    let refused = exchange(&api, format!("{head}\r\n")).await;
    assert!(refused.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{refused}");
    assert!(refused.contains(&format!("\r\nwww-authenticate: {DPOP_CHALLENGE}\r\n")), "{refused}");
    assert!(refused.contains("\r\ncontent-length: 0\r\n"), "{refused}");

    let metadata =
        "GET /.well-known/oauth-protected-resource HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let document = exchange(&api, metadata.to_owned()).await;
    assert!(document.ends_with(api.server.metadata().json()), "{document}");
}

/// R29, P19: two field lines of one name, as they come off the wire.
#[tokio::test]
async fn repeated_field_lines_over_hyper() {
    let api = Scenario::new();
    let head = "GET /records HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n";
    let token = api.token().sign();
    let proof = api.proof("GET", "/records", &token).sign();
    let authorization = format!("authorization: DPoP {token}\r\n");
    let two_tokens =
        exchange(&api, format!("{head}{authorization}dpop: {proof}\r\n{authorization}\r\n")).await;
    assert!(two_tokens.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{two_tokens}");
    let two_proofs =
        exchange(&api, format!("{head}dpop: {proof}\r\n{authorization}DPoP: {proof}\r\n\r\n")).await;
    assert!(two_proofs.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{two_proofs}");
}

async fn health_service(api: &Scenario) -> HealthClient<Channel> {
    HealthClient::new(health_channel(api).await)
}

async fn health_channel(api: &Scenario) -> Channel {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_, health) = tonic_health::server::health_reporter();
    let server = Server::builder().layer(access_token_layer(api).with_grpc_status()).add_service(health);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap()
}

const CHECK: &str = "/grpc.health.v1.Health/Check";

fn signed(api: &Scenario) -> tonic::Request<HealthCheckRequest> {
    let token = api.token().sign();
    let proof = api.proof("POST", CHECK, &token).sign();
    let mut request = tonic::Request::new(HealthCheckRequest::default());
    let metadata = request.metadata_mut();
    metadata.insert("authorization", MetadataValue::try_from(format!("DPoP {token}")).unwrap());
    metadata.insert("dpop", MetadataValue::try_from(proof).unwrap());
    request
}

#[tokio::test]
async fn tonic_accepts() {
    let api = Scenario::new();
    let mut client = health_service(&api).await;
    let answer = client.check(signed(&api)).await.unwrap();
    assert_eq!(answer.into_inner().status, 1, "serving");
}

#[tokio::test]
async fn tonic_refuses_with_a_status_and_the_challenge_in_the_metadata() {
    let api = Scenario::with(|builder| builder.nonce(fapi_tower::NoncePolicy::Required));
    let mut client = health_service(&api).await;

    let status = client.check(HealthCheckRequest::default()).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "Unauthorized"));
    let challenges: Vec<_> = status.metadata().get_all("www-authenticate").iter().collect();
    assert_eq!(challenges.len(), 2);
    assert_eq!(challenges[0], DPOP_CHALLENGE);

    // R63: the nonce is in the metadata too.
    let status = client.check(signed(&api)).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "use_dpop_nonce"));
    assert_eq!(status.metadata().get_all("dpop-nonce").iter().count(), 1);

    let mut twice = signed(&api);
    twice.metadata_mut().append("authorization", MetadataValue::from_static("DPoP abc"));
    let status = client.check(twice).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "invalid_request"));
}

/// An empty message of gRPC, without a token, in what looks like a preflight. The length is not announced.
fn call_as_preflight(content_type: Option<&str>) -> Request<tonic::body::Body> {
    let mut request = Request::builder()
        .method("OPTIONS")
        .uri(CHECK)
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "POST");
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    let message = Full::new(Bytes::from_static(&[0; 5])).map_frame(|frame| frame);
    request.body(tonic::body::Body::new(message)).unwrap()
}

// R38: tonic does not look at the method, so what looks like a preflight must not get as far.
#[tokio::test]
async fn a_preflight_runs_no_rpc() {
    for (cors, content_type, status, runs) in [
        (Cors::AnswerPreflight, None, 204, false),
        (Cors::AnswerPreflight, Some("application/grpc"), 204, false),
        (Cors::Disabled, None, 401, false),
        (Cors::Disabled, Some("application/grpc"), 401, false),
        (Cors::PassPreflight, Some("application/grpc"), 204, false),
        // What the documentation warns of: this is why it is not the default.
        (Cors::PassPreflight, None, 200, true),
    ] {
        let api = Scenario::with(|builder| builder.cors(cors));
        let answer = health_channel(&api).await.oneshot(call_as_preflight(content_type)).await.unwrap();
        assert_eq!(answer.status(), status, "{cors:?} {content_type:?}");
        let message = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(!message.is_empty(), runs, "{cors:?} {content_type:?}");
    }
}
