//! A listener for `axum::serve` that terminates TLS, so that the client certificate is known (RFC 8705 §3).
//!
//! Handshakes run beside each other, each of them for a limited time and a limited number of them at once: a client that
//! says nothing keeps nobody waiting, and many of them cost a bounded amount of memory.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use fapi_core::PeerCertificate;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use crate::connection::Connection;

/// A handshake takes two round trips; this is for slow networks.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Handshakes at once. Further connections wait in the backlog of the socket.
const MAX_HANDSHAKES: usize = 1024;

/// Accepts TLS connections for `axum::serve`, and knows their client certificates.
///
/// ```no_run
/// use axum::Router;
/// use fapi_tower::fapi_core::{ClientCertificates, ServerTls};
/// use fapi_tower::{Connection, TlsListener};
/// use tokio::net::TcpListener;
///
/// # async fn serve(app: Router, chain: &[u8], key: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
/// let tls = ServerTls::from_pem(chain, key)?.client_certificates(ClientCertificates::required()).build()?;
/// let listener = TlsListener::new(TcpListener::bind("0.0.0.0:443").await?, tls);
/// axum::serve(listener, app.into_make_service_with_connect_info::<Connection>()).await?;
/// # Ok(())
/// # }
/// ```
pub struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    handshakes: JoinSet<io::Result<(TlsStream<TcpStream>, SocketAddr)>>,
}

impl TlsListener {
    /// Accepts the connections of `tcp` with this configuration, such as that of `fapi_core::ServerTls`.
    #[must_use]
    pub fn new(tcp: TcpListener, config: impl Into<Arc<ServerConfig>>) -> Self {
        Self { tcp, acceptor: TlsAcceptor::from(config.into()), handshakes: JoinSet::new() }
    }

    fn shake_hands(&mut self, stream: TcpStream, peer: SocketAddr) {
        let handshake = self.acceptor.accept(stream);
        self.handshakes.spawn(async move { Ok((timeout(HANDSHAKE_TIME, handshake).await??, peer)) });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let room = self.handshakes.len() < MAX_HANDSHAKES;
            tokio::select! {
                (stream, peer) = Listener::accept(&mut self.tcp), if room => self.shake_hands(stream, peer),
                Some(done) = self.handshakes.join_next() => match done {
                    Ok(Ok(accepted)) => return accepted,
                    // The client's own affair, and of no weight: anybody can open a connection.
                    Ok(Err(error)) => tracing::debug!(target: "fapi_tower", %error, "TLS handshake failed"),
                    Err(error) => tracing::debug!(target: "fapi_tower", %error, "TLS handshake was given up"),
                },
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        let (_, tls) = stream.io().get_ref();
        Self::new((*stream.remote_addr()).into(), PeerCertificate::of_connection(tls))
    }
}

impl std::fmt::Debug for TlsListener {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TlsListener").field("tcp", &self.tcp).finish_non_exhaustive()
    }
}
