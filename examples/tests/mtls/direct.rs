//! Without a proxy: the API terminates TLS, and the adapters find the certificate in the connection.

use std::net::Ipv4Addr;
use std::time::Duration;

use fapi_core::{ClientCertificates, Issuer, ResourceServer, Revocation, ServerTls};
use fapi_examples::api;
use fapi_testkit::{TestCertificate, TestIssuer};
use fapi_tower::TlsListener;
use tokio::net::{TcpListener, TcpStream};

use crate::client::over_tls;
use crate::scenario::base64;

#[derive(Clone, Copy)]
enum Framework {
    Axum,
    Actix,
}

// R72
#[tokio::test(flavor = "multi_thread")]
async fn axum_finds_the_certificate() {
    certificates(Framework::Axum).await;
}

// R72
#[tokio::test(flavor = "multi_thread")]
async fn actix_finds_the_certificate() {
    certificates(Framework::Actix).await;
}

/// R72, R77, R81, P50: the client of the token is served, and nobody else; a header is nothing.
async fn certificates(framework: Framework) {
    let (server, own, other) =
        (TestCertificate::generate(), TestCertificate::generate(), TestCertificate::generate());
    let issuer = TestIssuer::new("https://as.example.com");
    let port = serve(framework, &server, &issuer).await;
    // Who connects and says nothing keeps nobody waiting.
    let _silent = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let token = issuer.token().audience("https://api.example.com").bound_to_certificate(own.der()).sign();
    let (authorization, certificate) = (format!("Bearer {token}"), base64(&own));
    let credentials = [("Host", "api.example.com"), ("Authorization", &*authorization)];
    let header = format!(":{certificate}:");
    let forged = [&credentials[..], &[("X-Client-Cert", &*certificate), ("Client-Cert", &*header)]].concat();
    for (shown, fields, status) in [
        (Some(&own), &credentials[..], 200),
        (Some(&other), &credentials, 401),
        (None, &credentials, 401),
        (Some(&other), &*forged, 401),
        (None, &*forged, 401),
    ] {
        assert_eq!(over_tls(port, &server, shown, fields).await, status, "{shown:?}");
    }
}

async fn serve(framework: Framework, certificate: &TestCertificate, issuer: &TestIssuer) -> u16 {
    let server = ResourceServer::builder()
        .public_url("https://api.example.com")
        .audience("https://api.example.com")
        .issuer(Issuer::new(issuer.identifier()).with_key_set(issuer.jwks()))
        .revocation(Revocation::max_token_lifetime(Duration::from_secs(3600)))
        .build()
        .unwrap();
    let tls = ServerTls::from_pem(certificate.pem().as_bytes(), certificate.private_key_pem().as_bytes());
    let tls = tls.unwrap().client_certificates(ClientCertificates::optional()).build().unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let stop = std::future::pending();
    match framework {
        Framework::Axum => {
            let listener = TlsListener::new(listener, tls);
            tokio::spawn(api::axum::serve(listener, server, stop));
        }
        Framework::Actix => {
            // Its future stays on one thread.
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let listener = listener.into_std().unwrap();
                runtime.block_on(async move {
                    let listener = TcpListener::from_std(listener).unwrap();
                    api::actix::serve_tls(listener, tls, server, stop).await.unwrap();
                });
            });
        }
    }
    port
}
