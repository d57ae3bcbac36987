//! A client that speaks HTTP/1.1 itself, so that it can send whatever a test asks for, with or without TLS.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use fapi_testkit::TestCertificate;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

/// What a client shows in the handshake, in PEM.
#[derive(Clone, Copy)]
pub(crate) struct Identity<'a> {
    pub(crate) certificate: &'a str,
    pub(crate) key: &'a str,
}

impl<'a> From<&'a TestCertificate> for Identity<'a> {
    fn from(certificate: &'a TestCertificate) -> Self {
        Self { certificate: certificate.pem(), key: certificate.private_key_pem() }
    }
}

/// The status of the answer to `GET /whoami` with these header fields, over TLS.
pub(crate) async fn over_tls(
    port: u16,
    server: &TestCertificate,
    certificate: Option<&TestCertificate>,
    fields: &[(&str, &str)],
) -> u16 {
    over_tls_as(port, server.pem(), certificate.map(Identity::from), fields).await
}

/// The same with what was read from files.
pub(crate) async fn over_tls_as(
    port: u16,
    server: &str,
    client: Option<Identity<'_>>,
    fields: &[(&str, &str)],
) -> u16 {
    let certificate = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate(server)).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots);
    let config = match client {
        Some(own) => {
            let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
            config.with_client_auth_cert(vec![certificate(own.certificate)], key).unwrap()
        }
        None => config.with_no_client_auth(),
    };
    let tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap();
    exchange(stream, fields).await
}

/// The same without TLS, from this address of the loopback network.
pub(crate) async fn plain(api: SocketAddr, from: Ipv4Addr, fields: &[(&str, &str)]) -> u16 {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    exchange(socket.connect(api).await.unwrap(), fields).await
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, fields: &[(&str, &str)]) -> u16 {
    let mut request = "GET /whoami HTTP/1.1\r\nConnection: close\r\n".to_owned();
    for (name, value) in fields {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A peer may end TLS without saying so.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.unwrap_or_else(|| panic!("no answer: {answer:?}"))
}
