//! A listener for `axum::serve` that terminates TLS, so that the client certificate is known (RFC 8705 §3).
//!
//! Handshakes run beside each other, each of them for a limited time and a limited number of them at once. A client that
//! says nothing keeps nobody waiting, and neither do many of them: where there are too many, the one that has been at it
//! longest makes room for the next. Against a flood of new connections, only a limit by address in front of this helps, and
//! after the handshake, limits on silent connections are the server's to set.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use fapi_core::PeerCertificate;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use crate::connection::Connection;

/// How long a handshake may take. It is two round trips at the most, and a packet that is lost is sent again after one
/// second, and after two more (RFC 6298 §2, §5.5): a client on a slow network that loses it twice still gets in.
const HANDSHAKE_TIME: Duration = Duration::from_secs(5);
/// Handshakes at once: some MB of memory, and half of the descriptors that a process on Linux usually has.
const MAX_HANDSHAKES: usize = 512;

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
    handshake_time: Duration,
    max_handshakes: usize,
    handshakes: JoinSet<(u64, io::Result<Accepted>)>,
    /// Those that have not come to an end, by the number of their connection: the oldest first.
    unfinished: BTreeMap<u64, AbortHandle>,
    connections: u64,
}

type Accepted = (TlsStream<TcpStream>, SocketAddr);

impl TlsListener {
    /// Accepts the connections of `tcp` with this configuration, such as that of `fapi_core::ServerTls`.
    #[must_use]
    pub fn new(tcp: TcpListener, config: impl Into<Arc<ServerConfig>>) -> Self {
        Self {
            tcp,
            acceptor: TlsAcceptor::from(config.into()),
            handshake_time: HANDSHAKE_TIME,
            max_handshakes: MAX_HANDSHAKES,
            handshakes: JoinSet::new(),
            unfinished: BTreeMap::new(),
            connections: 0,
        }
    }

    /// How long a handshake may take: 5 s by default, which is enough for a client whose network loses a packet twice.
    #[must_use]
    pub fn with_handshake_time(self, most: Duration) -> Self {
        Self { handshake_time: most, ..self }
    }

    /// How many handshakes may be going on: 512 by default. One more, and the oldest of them is given up: to keep others
    /// out, somebody would have to connect so many times within each of their handshakes. Each needs a file descriptor.
    #[must_use]
    pub fn with_max_handshakes(self, most: usize) -> Self {
        Self { max_handshakes: most, ..self }
    }

    fn shake_hands(&mut self, stream: TcpStream, peer: SocketAddr) {
        while self.unfinished.len() >= self.max_handshakes.max(1) {
            if let Some((_, oldest)) = self.unfinished.pop_first() {
                oldest.abort();
            }
        }
        let (number, time) = (self.connections, self.handshake_time);
        self.connections = number.wrapping_add(1);
        let handshake = self.acceptor.accept(stream);
        let task = async move {
            let done = timeout(time, handshake).await;
            (number, done.map_err(io::Error::from).flatten().map(|stream| (stream, peer)))
        };
        self.unfinished.insert(number, self.handshakes.spawn(task));
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Accepted {
        loop {
            tokio::select! {
                (stream, peer) = Listener::accept(&mut self.tcp) => self.shake_hands(stream, peer),
                Some(ended) = self.handshakes.join_next() => match ended {
                    Ok((number, done)) => {
                        self.unfinished.remove(&number);
                        match done {
                            Ok(accepted) => return accepted,
                            // The client's own affair, and of no weight: anybody can open a connection.
                            Err(error) => tracing::debug!(target: "fapi_tower", %error, "TLS handshake failed"),
                        }
                    }
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
