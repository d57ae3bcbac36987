//! The issuer on a loopback port: metadata (RFC 8414), key set, token endpoint, introspection and a status list over
//! real sockets, and the ways in which such a server fails.
//!
//! It runs on a thread of its own, so that tests with or without a runtime, also with paused time, can use it. Every
//! answer closes its connection, so that one fetch is one count.

mod answer;
mod client_authentication;
mod connection;
mod fault;
mod introspection_endpoint;
mod metadata;
mod respond;
mod tls;
mod token_endpoint;

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use http::{Request, Response};
use tokio::sync::oneshot;

use crate::certificate::TestCertificate;
use crate::issuer::TestIssuer;

use fault::Faults;
pub use fault::{Endpoint, Fault};

/// A [`TestIssuer`] on a loopback port, from [`TestIssuer::serve`] or [`TestIssuer::serve_tls`]; dropping it stops it.
///
/// It answers what [`TestIssuer::respond`] answers, and fails as it is told.
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
    certificate: Option<TestCertificate>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the connections share with the handle.
#[derive(Debug)]
struct Shared {
    issuer: TestIssuer,
    faults: Mutex<Faults>,
    requests: Mutex<HashMap<Endpoint, usize>>,
}

impl Shared {
    fn count(&self, endpoint: Option<Endpoint>) {
        if let Some(endpoint) = endpoint {
            let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            let count = requests.entry(endpoint).or_default();
            *count = count.saturating_add(1);
        }
    }
}

/// What the issuer answers, without a socket.
pub(crate) fn respond(issuer: &TestIssuer, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    respond::respond(issuer, request, issuer.identifier())
}

impl IssuerServer {
    pub(crate) fn start(issuer: TestIssuer, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let identifier = format!("http://{}", listener.local_addr()?);
        Ok(Self::run(issuer.with_identifier(identifier), listener, None))
    }

    pub(crate) fn start_tls(issuer: TestIssuer, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let identifier = format!("https://localhost:{}", listener.local_addr()?.port());
        Ok(Self::run(issuer.with_identifier(identifier), listener, Some(TestCertificate::generate())))
    }

    fn run(issuer: TestIssuer, listener: TcpListener, certificate: Option<TestCertificate>) -> Self {
        let tls = certificate.as_ref().map(tls::acceptor);
        let tls = tls.transpose().expect("a generated certificate can be served");
        let shared = Arc::new(Shared { issuer, faults: Mutex::default(), requests: Mutex::default() });
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                connection::run(listener, tls, &shared, stopped).expect("the issuer's server can start");
            }
        });
        Self { shared, certificate, stop: Some(stop), thread: Some(thread) }
    }

    /// The issuer that is served: it mints tokens and rotates its keys.
    #[must_use]
    pub fn issuer(&self) -> &TestIssuer {
        &self.shared.issuer
    }

    /// The issuer's identifier: `http://127.0.0.1:PORT`, over TLS `https://localhost:PORT`.
    #[must_use]
    pub fn identifier(&self) -> &str {
        self.issuer().identifier()
    }

    /// The certificate by which the server is known, for clients to trust; nothing without TLS.
    #[must_use]
    pub fn root_certificate(&self) -> Option<&TestCertificate> {
        self.certificate.as_ref()
    }

    /// The URL of the token endpoint.
    #[must_use]
    pub fn token_endpoint(&self) -> String {
        self.issuer().token_endpoint()
    }

    /// Makes all further requests fail in this way, also those to endpoints that fail in their own way.
    pub fn set_fault(&self, fault: Fault) {
        *self.faults() = Faults { everywhere: Some(fault), ..Faults::default() };
    }

    /// Makes all further requests to one endpoint fail in this way; the others stay as they are.
    pub fn set_fault_of(&self, endpoint: Endpoint, fault: Fault) {
        self.faults().single.insert(endpoint, fault);
    }

    /// Makes all further requests to one endpoint succeed again; the others stay as they are.
    pub fn clear_fault_of(&self, endpoint: Endpoint) {
        self.faults().single.remove(&endpoint);
    }

    /// Makes all further requests about one token, or else to one path, fail in this way; the others stay as they are.
    pub fn set_fault_about(&self, token_or_path: &str, fault: Fault) {
        self.faults().subjects.insert(token_or_path.to_owned(), fault);
    }

    /// Makes all further requests about one token, or else to one path, succeed again.
    pub fn clear_fault_about(&self, token_or_path: &str) {
        self.faults().subjects.remove(token_or_path);
    }

    /// Makes all further requests succeed again.
    pub fn clear_fault(&self) {
        *self.faults() = Faults::default();
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often an endpoint has been asked, also while it failed.
    #[must_use]
    pub fn requests(&self, endpoint: Endpoint) -> usize {
        let requests = self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.get(&endpoint).copied().unwrap_or_default()
    }

    /// How often the metadata has been asked for, also while it failed.
    #[must_use]
    pub fn metadata_fetches(&self) -> usize {
        self.requests(Endpoint::Metadata)
    }

    /// How often the key set has been asked for, also while it failed.
    #[must_use]
    pub fn jwks_fetches(&self) -> usize {
        self.requests(Endpoint::Jwks)
    }

    /// How often a token has been asked for, also while it failed.
    #[must_use]
    pub fn token_requests(&self) -> usize {
        self.requests(Endpoint::Token)
    }

    /// How often a token has been asked about, also while it failed.
    #[must_use]
    pub fn introspection_requests(&self) -> usize {
        self.requests(Endpoint::Introspection)
    }

    /// How often the status list has been asked for, also while it failed.
    #[must_use]
    pub fn status_list_fetches(&self) -> usize {
        self.requests(Endpoint::StatusList)
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
