//! The sockets of the served issuer: accepts connections, with TLS or without, and hands each request on.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use fapi_core::PeerCertificate;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::{Shared, answer};

/// Serves until the handle is dropped; leaving the runtime closes all connections.
pub(super) fn run(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    shared: &Arc<Shared>,
    stopped: oneshot::Receiver<()>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::spawn(accept(listener, tls, Arc::clone(shared)));
        // The sender is dropped, never used.
        let _ = stopped.await;
        Ok(())
    })
}

async fn accept(listener: tokio::net::TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    while let Ok((connection, _)) = listener.accept().await {
        tokio::spawn(serve(connection, tls.clone(), Arc::clone(&shared)));
    }
}

async fn serve(connection: TcpStream, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let Some(tls) = tls else { return serve_http(connection, None, shared).await };
    // A handshake that fails is the business of the client under test.
    let Ok(connection) = tls.accept(connection).await else { return };
    let certificate = connection.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let certificate = certificate.map(|certificate| PeerCertificate::from_der(certificate.to_vec()));
    serve_http(connection, certificate, shared).await;
}

async fn serve_http<C>(connection: C, certificate: Option<PeerCertificate>, shared: Arc<Shared>)
where
    TokioIo<C>: Read + Write + Unpin,
{
    let service = service_fn(|request| answer::answer(Arc::clone(&shared), certificate.clone(), request));
    let connection = TokioIo::new(connection);
    // A connection that breaks is the business of the client under test.
    http1::Builder::new().keep_alive(false).serve_connection(connection, service).await.ok();
}
