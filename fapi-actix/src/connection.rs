//! What a connection says of its other end, for as long as it lasts: that it came through a Unix domain socket, and the
//! client certificate that was proved in its TLS handshake (RFC 8705 §3).

use std::any::Any;

use actix_web::dev::Extensions;
use fapi_core::Peer;

/// For `HttpServer::on_connect`: tells the middleware what the requests of a connection have in common.
///
/// With the feature `rustls`, that is the client certificate of `HttpServer::bind_rustls_0_23`; and that the peer has come
/// through a Unix domain socket, of `HttpServer::listen_uds` (actix-web does not call it for those of `bind_uds`). The IP
/// address of a peer is known without it.
///
/// ```
/// use actix_web::{App, HttpServer};
///
/// let server = HttpServer::new(|| App::new()).on_connect(fapi_actix::on_connect);
/// # let _ = server;
/// ```
pub fn on_connect(connection: &dyn Any, data: &mut Extensions) {
    #[cfg(unix)]
    if connection.is::<tokio::net::UnixStream>() {
        data.insert(Peer::UnixSocket);
    }
    #[cfg(feature = "rustls")]
    if let Some(certificate) = certificate(connection) {
        data.insert(certificate);
    }
}

#[cfg(feature = "rustls")]
fn certificate(connection: &dyn Any) -> Option<fapi_core::PeerCertificate> {
    use actix_tls::accept::rustls_0_23::TlsStream;

    let stream = connection.downcast_ref::<TlsStream<tokio::net::TcpStream>>()?;
    let (_, tls) = stream.get_ref();
    fapi_core::PeerCertificate::of_connection(tls)
}
