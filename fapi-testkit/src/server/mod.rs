//! The issuer on a loopback port: metadata (RFC 8414), key set and token endpoint over real sockets, and the ways in
//! which such a server fails.
//!
//! It runs on a thread of its own, so that tests with or without a runtime, also with paused time, can use it. Every
//! answer closes its connection, so that one fetch is one count.

mod answer;
mod token_endpoint;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::runtime;
use tokio::sync::oneshot;

use crate::issuer::TestIssuer;

/// A way in which a served issuer fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Every connection is closed without an answer.
    Down,
    /// Every answer comes this much later.
    Slow(Duration),
    /// Every answer has status 200 and a body that is not JSON.
    Rubbish,
    /// The metadata names another issuer.
    WrongIssuer,
}

/// A [`TestIssuer`] on a loopback port, from [`TestIssuer::serve`]; dropping it stops it.
///
/// It answers `/.well-known/oauth-authorization-server`, `/.well-known/openid-configuration`, `/jwks` and `/token`.
/// The token endpoint takes the client credentials grant from anybody, binds the token to the key of the DPoP proof,
/// and checks nothing of that proof but its signature.
///
/// ```
/// use fapi_testkit::{Fault, TestIssuer};
///
/// let server = TestIssuer::new("replaced by the address").serve();
/// assert!(server.identifier().starts_with("http://127.0.0.1:"));
///
/// server.issuer().rotate_keys();
/// server.set_fault(Fault::Down);
/// server.clear_fault();
/// assert_eq!(server.jwks_fetches(), 0);
/// ```
#[derive(Debug)]
pub struct IssuerServer {
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the connections share with the handle.
#[derive(Debug)]
struct Shared {
    issuer: TestIssuer,
    fault: Mutex<Option<Fault>>,
    metadata_fetches: AtomicUsize,
    jwks_fetches: AtomicUsize,
    token_requests: AtomicUsize,
}

impl IssuerServer {
    pub(crate) fn start(issuer: TestIssuer, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            issuer: issuer.with_identifier(format!("http://{address}")),
            fault: Mutex::new(None),
            metadata_fetches: AtomicUsize::new(0),
            jwks_fetches: AtomicUsize::new(0),
            token_requests: AtomicUsize::new(0),
        });
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || run(listener, &shared, stopped).expect("the issuer's server can start")
        });
        Ok(Self { shared, stop: Some(stop), thread: Some(thread) })
    }

    /// The issuer that is served: it mints tokens and rotates its keys.
    #[must_use]
    pub fn issuer(&self) -> &TestIssuer {
        &self.shared.issuer
    }

    /// The issuer's identifier: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn identifier(&self) -> &str {
        self.issuer().identifier()
    }

    /// The URL of the token endpoint.
    #[must_use]
    pub fn token_endpoint(&self) -> String {
        format!("{}/token", self.identifier())
    }

    /// Makes all further requests fail in this way.
    pub fn set_fault(&self, fault: Fault) {
        *self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    /// Makes all further requests succeed again.
    pub fn clear_fault(&self) {
        *self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How often the metadata has been asked for, also while it failed.
    #[must_use]
    pub fn metadata_fetches(&self) -> usize {
        self.shared.metadata_fetches.load(Ordering::SeqCst)
    }

    /// How often the key set has been asked for, also while it failed.
    #[must_use]
    pub fn jwks_fetches(&self) -> usize {
        self.shared.jwks_fetches.load(Ordering::SeqCst)
    }

    /// How often a token has been asked for, also while it failed.
    #[must_use]
    pub fn token_requests(&self) -> usize {
        self.shared.token_requests.load(Ordering::SeqCst)
    }
}

impl Drop for IssuerServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server has already been reported on its own thread.
            let _ = thread.join();
        }
    }
}

/// Serves until the handle is dropped; leaving the runtime closes all connections.
fn run(listener: TcpListener, shared: &Arc<Shared>, stopped: oneshot::Receiver<()>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::spawn(accept(listener, Arc::clone(shared)));
        // The sender is dropped, never used.
        let _ = stopped.await;
        Ok(())
    })
}

async fn accept(listener: tokio::net::TcpListener, shared: Arc<Shared>) {
    while let Ok((connection, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| answer::answer(Arc::clone(&shared), request));
        let connection =
            http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(connection), service);
        // A connection that breaks is the business of the client under test.
        tokio::spawn(async { connection.await.ok() });
    }
}
