//! What a connection says of its other end: the address of the peer, and the client certificate that it has proved.
//!
//! axum learns both when it accepts the connection, and keeps them for each of its requests; without axum, whoever accepts
//! connections puts `Peer` and `PeerCertificate` into the request's extensions.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use fapi_core::{Peer, PeerCertificate};
use http::Extensions;
use tokio::net::TcpListener;

/// What axum is to know about each connection, for [`AccessTokenLayer`](crate::AccessTokenLayer) to find: who is at its
/// other end, and with which client certificate.
///
/// ```no_run
/// use axum::Router;
/// use fapi_tower::Connection;
/// use tokio::net::TcpListener;
///
/// # async fn serve(app: Router) -> std::io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:8080").await?;
/// axum::serve(listener, app.into_make_service_with_connect_info::<Connection>()).await
/// # }
/// ```
///
/// The listener is one of `tokio::net::TcpListener`, `tokio::net::UnixListener` and, with the feature `rustls`,
/// `TlsListener`. `into_make_service_with_connect_info::<SocketAddr>` does as well, where there are no certificates.
#[derive(Clone, Debug)]
pub struct Connection {
    peer: Peer,
    certificate: Option<PeerCertificate>,
}

impl Connection {
    pub(crate) const fn new(peer: Peer, certificate: Option<PeerCertificate>) -> Self {
        Self { peer, certificate }
    }

    /// Who is at the other end.
    #[must_use]
    pub const fn peer(&self) -> Peer {
        self.peer
    }

    /// The client certificate of the connection, if it has one.
    #[must_use]
    pub const fn certificate(&self) -> Option<&PeerCertificate> {
        self.certificate.as_ref()
    }
}

impl Connected<IncomingStream<'_, TcpListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self::new((*stream.remote_addr()).into(), None)
    }
}

#[cfg(unix)]
impl Connected<IncomingStream<'_, tokio::net::UnixListener>> for Connection {
    fn connect_info(_: IncomingStream<'_, tokio::net::UnixListener>) -> Self {
        Self::new(Peer::UnixSocket, None)
    }
}

/// What axum has kept, if it was asked to.
pub(crate) fn peer(extensions: &Extensions) -> Option<Peer> {
    let connection = extensions.get::<ConnectInfo<Connection>>().map(|info| info.0.peer());
    connection.or_else(|| extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.into()))
}

/// What axum has kept, if it was asked to.
pub(crate) fn certificate(extensions: &Extensions) -> Option<&PeerCertificate> {
    extensions.get::<ConnectInfo<Connection>>().and_then(|info| info.0.certificate())
}
