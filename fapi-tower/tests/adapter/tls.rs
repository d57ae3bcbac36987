//! `TlsListener` under clients that connect and say nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use fapi_testkit::TestCertificate;
use fapi_tower::fapi_core::ServerTls;
use fapi_tower::{Connection, TlsListener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Longer than any test machine needs, and shorter than anybody waits: what would hang fails.
const PATIENCE: Duration = Duration::from_secs(60);
const FOR_EVER: Duration = Duration::MAX;

/// An API that says hello, behind a listener that is changed by `configure`.
async fn serve(configure: impl FnOnce(TlsListener) -> TlsListener) -> (SocketAddr, TlsConnector) {
    let certificate = TestCertificate::generate();
    let (chain, key) = (certificate.pem().as_bytes(), certificate.private_key_pem().as_bytes());
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = tcp.local_addr().unwrap();
    let listener =
        configure(TlsListener::new(tcp, ServerTls::from_pem(chain, key).unwrap().build().unwrap()));
    let app = Router::new().route("/", get(|| async { "hello" }));
    let app = app.into_make_service_with_connect_info::<Connection>();
    tokio::spawn(async { axum::serve(listener, app).await });
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(certificate.der().to_vec())).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (address, TlsConnector::from(Arc::new(client)))
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// The whole answer of the API over this connection.
async fn exchange(connector: &TlsConnector, tcp: TcpStream) -> String {
    let answer = async {
        let mut stream = connector.connect(ServerName::try_from("localhost").unwrap(), tcp).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        // A peer may end TLS without saying so.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    };
    timeout(PATIENCE, answer).await.expect("nobody is kept waiting")
}

/// Waits until the other end has closed this connection.
async fn is_closed(tcp: &mut TcpStream) -> bool {
    // Without a farewell, or with one of TCP.
    let end = timeout(PATIENCE, tcp.read(&mut [0])).await.expect("it is closed");
    end.map_or(true, |bytes| bytes == 0)
}

#[tokio::test]
async fn silent_clients_keep_nobody_out() {
    const MOST: usize = 8;
    let limits = |listener: TlsListener| listener.with_max_handshakes(MOST).with_handshake_time(FOR_EVER);
    let (address, connector) = serve(limits).await;
    let mut silent = Vec::new();
    for _ in 0..MOST {
        silent.push(connect(address).await);
    }
    let honest = connect(address).await;
    assert!(exchange(&connector, honest).await.starts_with("HTTP/1.1 200 OK\r\n"));
    // The oldest one has made room, and no other.
    let mut silent = silent.into_iter();
    assert!(is_closed(&mut silent.next().unwrap()).await);
    for late in silent {
        assert!(exchange(&connector, late).await.ends_with("\r\n\r\nhello"));
    }
}

#[tokio::test]
async fn connections_whose_handshake_is_over_do_not_count() {
    let (address, connector) = serve(|listener| listener.with_max_handshakes(1)).await;
    let localhost = ServerName::try_from("localhost").unwrap();
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = connector.connect(localhost.clone(), connect(address).await).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        // The server has seen the end of the handshake when it answers.
        timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap();
        open.push(stream);
    }
    for mut stream in open {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answers = String::new();
        let _ = timeout(PATIENCE, stream.read_to_string(&mut answers)).await.unwrap();
        assert_eq!(answers.matches("\r\n\r\nhello").count(), 2, "{answers}");
    }
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_given_up() {
    let (address, _) = serve(|listener| listener.with_handshake_time(Duration::from_millis(1))).await;
    assert!(is_closed(&mut connect(address).await).await);
}
