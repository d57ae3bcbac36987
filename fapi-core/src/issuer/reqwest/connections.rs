//! How issuers are connected to: over TLS that the operating system's trust store vouches for (SP 5.2.1, R12), at addresses
//! that were checked (R108), without redirects and proxies.
//!
//! A connection is kept for some seconds, so that asking about tokens does not cost a handshake for each. It stands still
//! with the runtime that opened it: each runtime has connections of its own, so that a worker which is busy holds up no
//! request of another. Names are resolved here, for every new connection: the address that was checked is the one that is
//! connected to.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::reqwest::dns::{Addrs, Name, Resolve, Resolving};
use ::reqwest::{Client, ClientBuilder, Identity, redirect, tls};
use lru::LruCache;
use tokio::runtime::{Handle, Id};

use super::{Access, root_cause};
use crate::issuer::address::{AddressClass, classify};
use crate::issuer::http::HttpError;

/// Time for TCP and TLS: three attempts of a SYN.
const CONNECT_TIME_LIMIT: Duration = Duration::from_secs(3);
/// Time for one request from first to last byte, as long as a caller may be kept waiting.
const REQUEST_TIME_LIMIT: Duration = Duration::from_secs(5);
/// How long a connection is kept that nobody uses: less than the five seconds after which the most impatient servers close
/// it, perhaps while the next request is on its way.
const KEPT_FOR: Duration = Duration::from_secs(4);
/// Connections kept for each host: as many as there are introspection calls at a time.
const MAX_KEPT: usize = 32;
/// Runtimes whose connections are kept: actix-web has one for each processor. Beyond, the one that was idle for longest
/// opens new ones.
const MAX_RUNTIMES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);
const USER_AGENT: &str = concat!("fapi-core/", env!("CARGO_PKG_VERSION"));

/// The connections of every runtime that makes requests.
#[derive(Debug)]
pub(super) struct Connections {
    access: Access,
    certificate: Option<Identity>,
    clients: Mutex<Clients>,
}

#[derive(Debug)]
struct Clients {
    /// Made to see that it can be; for the first runtime.
    spare: Option<Client>,
    by_runtime: LruCache<Id, Client>,
}

impl Connections {
    pub(super) fn new(access: Access, certificate: Option<Identity>) -> Result<Self, HttpError> {
        let spare = Some(client(access, certificate.as_ref())?);
        let clients = Mutex::new(Clients { spare, by_runtime: LruCache::new(MAX_RUNTIMES) });
        Ok(Self { access, certificate, clients })
    }

    /// A client with the connections of the runtime that it is called on.
    pub(super) fn of_this_runtime(&self) -> Result<Client, HttpError> {
        let runtime = Handle::try_current().map_err(|error| HttpError::Setup(error.to_string().into()))?.id();
        let mut clients = self.lock();
        if let Some(client) = clients.by_runtime.get(&runtime) {
            return Ok(client.clone());
        }
        let spare = clients.spare.take();
        // Reading the root certificates takes a while: not under the lock.
        drop(clients);
        let client = spare.map_or_else(|| client(self.access, self.certificate.as_ref()), Ok)?;
        Ok(self.lock().by_runtime.get_or_insert(runtime, || client).clone())
    }

    fn lock(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn client(access: Access, certificate: Option<&Identity>) -> Result<Client, HttpError> {
    let builder = || certificate.cloned().into_iter().fold(builder(access), ClientBuilder::identity);
    let client = builder().build().or_else(|error| {
        // Development on a machine without root certificates: plain http works, and https trusts nobody.
        if access.insecure_loopback { builder().tls_certs_only([]).build() } else { Err(error) }
    });
    client.map_err(|error| HttpError::Setup(root_cause(&error)))
}

fn builder(access: Access) -> ClientBuilder {
    Client::builder()
        .user_agent(USER_AGENT)
        // A redirect could lead anywhere: the answer of 3xx is handed back as it is.
        .redirect(redirect::Policy::none())
        // Nothing outside the configuration decides where keys come from.
        .no_proxy()
        .dns_resolver(Resolver { access })
        // SP 5.2.1, R12.
        .tls_version_min(tls::Version::TLS_1_2)
        // P35: a connection has one request at a time, so that one which hangs takes no other with it, and is closed.
        .http1_only()
        .connect_timeout(CONNECT_TIME_LIMIT)
        .timeout(REQUEST_TIME_LIMIT)
        .pool_idle_timeout(KEPT_FOR)
        .pool_max_idle_per_host(MAX_KEPT)
}

/// The system's resolver without the addresses that must not be reached (R108).
#[derive(Debug)]
struct Resolver {
    access: Access,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let access = self.access;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted = permitted_addresses(access, name.as_str(), found);
            if permitted.is_empty() {
                return Err(HttpError::AddressRefused.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

fn permitted_addresses(
    access: Access,
    name: &str,
    found: impl Iterator<Item = SocketAddr>,
) -> Vec<SocketAddr> {
    // RFC 6761 §6.3: `localhost` is this machine, whatever a name server says; http is allowed to it.
    let is_local = |address| name != "localhost" || classify(address) == AddressClass::Loopback;
    found.filter(|found| access.permits(found.ip()) && is_local(found.ip())).collect()
}
