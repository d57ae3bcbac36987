//! The served issuer over TLS, asked by a client that shares no code with it.

use std::sync::Arc;

use fapi_testkit::{Fault, IssuerServer, RegisteredClient, TestCertificate, TestClient, TestIssuer};
use reqwest::{Certificate, Client, ClientBuilder, Identity};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::oracle::claims;

fn trusting(server: &IssuerServer) -> ClientBuilder {
    let root = server.root_certificate().unwrap();
    Client::builder().tls_certs_only([Certificate::from_der(root.der()).unwrap()])
}

fn with_certificate(server: &IssuerServer, certificate: &TestCertificate) -> Client {
    let pem = format!("{}{}", certificate.pem(), certificate.private_key_pem());
    trusting(server).identity(Identity::from_pem(pem.as_bytes()).unwrap()).build().unwrap()
}

async fn post(client: &Client, url: &str, form: &'static str) -> (u16, Value) {
    let request = client.post(url).header("Content-Type", "application/x-www-form-urlencoded");
    let response = request.body(form).send().await.unwrap();
    (response.status().as_u16(), serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
}

async fn metadata(server: &IssuerServer, client: &Client) -> Value {
    let url = format!("{}/.well-known/oauth-authorization-server", server.identifier());
    let response = client.get(url).send().await.unwrap();
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

#[tokio::test]
async fn only_who_trusts_its_certificate_believes_it() {
    let server = TestIssuer::new("replaced").serve_tls();
    assert!(server.identifier().starts_with("https://localhost:"));
    let client = trusting(&server).build().unwrap();
    let metadata = metadata(&server, &client).await;
    assert_eq!(metadata["issuer"], server.identifier());
    assert_eq!(server.metadata_fetches(), 1);

    let other = TestIssuer::new("replaced").serve_tls();
    assert!(trusting(&other).build().unwrap().get(server.identifier()).send().await.is_err());
    assert!(TestIssuer::new("replaced").serve().root_certificate().is_none());
}

#[tokio::test]
async fn a_token_is_bound_to_the_certificate_of_the_connection() {
    let server = TestIssuer::new("replaced").serve_tls();
    let certificate = TestCertificate::generate();
    let client = with_certificate(&server, &certificate);
    let metadata = metadata(&server, &client).await;
    let alias = metadata["mtls_endpoint_aliases"]["token_endpoint"].as_str().unwrap();
    let form = "grant_type=client_credentials&client_id=robot";

    let (status, answer) = post(&client, alias, form).await;
    assert_eq!((status, &answer["token_type"]), (200, &json!("Bearer")));
    let token = claims(answer["access_token"].as_str().unwrap());
    assert_eq!(token["cnf"], json!({"x5t#S256": certificate.thumbprint()}));

    let refused = (400, json!({"error": "invalid_dpop_proof"}));
    assert_eq!(post(&client, &server.token_endpoint(), form).await, refused);
    let bare = trusting(&server).build().unwrap();
    assert_eq!(post(&bare, alias, form).await, refused);

    let proof = TestClient::new().proof("POST", &server.token_endpoint()).sign();
    let request = bare.post(server.token_endpoint()).header("DPoP", proof).body(form);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_client_introspects_with_its_certificate() {
    let certificate = TestCertificate::generate();
    let client = RegisteredClient::mutual_tls("api", certificate.der());
    let server = TestIssuer::new("replaced").with_client(client).serve_tls();
    let token = server.issuer().token().opaque_as("opaque");
    let alias = format!("{}/mtls/introspect", server.identifier());
    let form = "client_id=api&token=opaque";

    let (status, answer) = post(&with_certificate(&server, &certificate), &alias, form).await;
    assert_eq!((status, &answer["active"]), (200, &json!(true)));
    server.issuer().revoke(&token);
    let (_, answer) = post(&with_certificate(&server, &certificate), &alias, form).await;
    assert_eq!(answer, json!({"active": false}));

    let stranger = with_certificate(&server, &TestCertificate::generate());
    assert_eq!(post(&stranger, &alias, form).await.0, 401);
    assert_eq!(server.introspection_requests(), 3);
}

/// Asks for the key set with the certificate of `shown` and the key of `held`; says whether an answer came.
async fn shows(
    server: &IssuerServer,
    version: &'static SupportedProtocolVersion,
    shown: &TestCertificate,
    held: &TestCertificate,
) -> bool {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let key = PrivateKeyDer::from_pem_slice(held.private_key_pem().as_bytes()).unwrap();
    let key = provider.key_provider.load_private_key(key).unwrap();
    let chain = vec![CertificateDer::from(shown.der().to_vec())];
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(server.root_certificate().unwrap().der().to_vec())).unwrap();
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, key))));

    let address = server.identifier().strip_prefix("https://").unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let Ok(mut stream) = connector.connect("localhost".try_into().unwrap(), stream).await else {
        return false;
    };
    let request = b"GET /jwks HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request).await.is_ok() && stream.read(&mut [0; 1]).await.is_ok_and(|length| length > 0)
}

#[tokio::test]
async fn a_certificate_is_shown_by_the_holder_of_its_key() {
    let server = TestIssuer::new("replaced").serve_tls();
    let (own, stolen) = (TestCertificate::generate(), TestCertificate::generate());
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        assert!(shows(&server, version, &own, &own).await, "{version:?}");
        assert!(!shows(&server, version, &stolen, &own).await, "{version:?}");
    }
}

#[tokio::test]
async fn it_fails_over_tls_as_told() {
    let server = TestIssuer::new("replaced").serve_tls();
    server.set_fault(Fault::Down);
    assert!(trusting(&server).build().unwrap().get(server.identifier()).send().await.is_err());
}
