//! The default HTTP client for issuers: `reqwest` with rustls, held to what fetching keys needs.
//!
//! Decides which URLs may be asked for: https only (SP 5.2.1, R12), and only public addresses (R108); and reads one answer of
//! bounded size in bounded time (R118). How connections are made and kept is decided in `connections.rs`.

mod connections;

use std::error::Error as StdError;
use std::iter::successors;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ::reqwest::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap};
use ::reqwest::{Identity, Method, RequestBuilder, Response};
use ::url::{Host, Url};
use async_trait::async_trait;

use self::connections::Connections;
use super::address::{AddressClass, classify};
use super::http::{HttpClient, HttpError, HttpResponse, MAX_BODY_BYTES};

/// Longest reason taken from a lower layer, in characters.
const MAX_REASON_CHARS: usize = 200;

/// An [`HttpClient`] on `reqwest` and rustls, for public https servers unless told otherwise.
///
/// ```
/// use fapi_core::ReqwestClient;
///
/// # fn main() -> Result<(), fapi_core::HttpError> {
/// let client = ReqwestClient::new()?;
/// let in_own_network = ReqwestClient::builder().allow_private_addresses().build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ReqwestClient {
    access: Access,
    connections: Arc<Connections>,
}

/// Makes a [`ReqwestClient`].
#[derive(Clone, Debug, Default)]
pub struct ReqwestClientBuilder {
    access: Access,
    certificate: Option<Result<Identity, HttpError>>,
}

/// What may be reached beside public https servers.
#[derive(Clone, Copy, Debug, Default)]
struct Access {
    private_addresses: bool,
    insecure_loopback: bool,
}

impl ReqwestClient {
    /// A client that reaches public https servers only.
    ///
    /// # Errors
    /// [`HttpError::Setup`] if TLS cannot be set up.
    pub fn new() -> Result<Self, HttpError> {
        Self::builder().build()
    }

    /// A client with exceptions.
    #[must_use]
    pub fn builder() -> ReqwestClientBuilder {
        ReqwestClientBuilder::default()
    }

    /// A request to this URL, if it may be reached.
    fn request(&self, method: Method, url: &str) -> Result<RequestBuilder, HttpError> {
        let url = Url::parse(url).map_err(|_| HttpError::UrlRefused)?;
        self.access.check(&url)?;
        Ok(self.connections.of_this_runtime()?.request(method, url))
    }
}

impl ReqwestClientBuilder {
    /// Also reaches https servers at private, shared, unique local and loopback addresses; never at link-local ones.
    ///
    /// For an issuer in the organisation's own network. Its metadata then can point into that network (R108).
    #[must_use]
    pub fn allow_private_addresses(mut self) -> Self {
        self.access.private_addresses = true;
        self
    }

    /// Also reaches loopback addresses (`127.0.0.0/8`, `::1`, `localhost`), and these over plain http too.
    ///
    /// For development only: whoever can open a port on this machine can then be the issuer.
    #[must_use]
    pub fn allow_insecure_loopback(mut self) -> Self {
        self.access.insecure_loopback = true;
        self
    }

    /// The certificate that this client shows where a server asks for one, for
    /// [`ClientAuthentication::mutual_tls`](crate::ClientAuthentication::mutual_tls): PEM, with the private key, the
    /// certificate and what is between it and its root.
    #[must_use]
    pub fn client_certificate(mut self, pem: &[u8]) -> Self {
        self.certificate =
            Some(Identity::from_pem(pem).map_err(|error| HttpError::Setup(root_cause(&error))));
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`HttpError::Setup`] if TLS cannot be set up, most often because the system has no root certificates, or because
    /// the client certificate cannot be read.
    pub fn build(self) -> Result<ReqwestClient, HttpError> {
        let connections = Connections::new(self.access, self.certificate.transpose()?)?;
        Ok(ReqwestClient { access: self.access, connections: Arc::new(connections) })
    }
}

#[async_trait]
impl HttpClient for ReqwestClient {
    async fn get(&self, url: &str, accept: &str) -> Result<HttpResponse, HttpError> {
        exchange(self.request(Method::GET, url)?.header(ACCEPT, accept)).await
    }

    async fn post_form(
        &self,
        url: &str,
        accept: &str,
        authorization: Option<&str>,
        form: &str,
    ) -> Result<HttpResponse, HttpError> {
        let mut request = self
            .request(Method::POST, url)?
            .header(ACCEPT, accept)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.to_owned());
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        exchange(request).await
    }

    fn allows_insecure_loopback(&self) -> bool {
        self.access.insecure_loopback
    }
}

/// Sends the request and reads the answer.
async fn exchange(request: RequestBuilder) -> Result<HttpResponse, HttpError> {
    let response = request.send().await.map_err(http_error)?;
    let (status, max_age) = (response.status().as_u16(), max_age(response.headers()));
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.map(str::to_owned);
    let body = read_body(response).await?;
    Ok(HttpResponse { status, body, max_age, content_type })
}

/// Reads the body, and stops as soon as it is too large.
async fn read_body(mut response: Response) -> Result<Vec<u8>, HttpError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(http_error)? {
        if body.len().saturating_add(chunk.len()) > MAX_BODY_BYTES {
            return Err(HttpError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl Access {
    fn check(self, url: &Url) -> Result<(), HttpError> {
        let host = url.host().ok_or(HttpError::UrlRefused)?;
        let address = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
        };
        let loopback = address
            .map_or(host == Host::Domain("localhost"), |address| classify(address) == AddressClass::Loopback);
        let scheme_allowed = match url.scheme() {
            "https" => true,
            "http" => loopback && self.insecure_loopback,
            _ => false,
        };
        // User information would be sent as credentials.
        if !scheme_allowed || !url.username().is_empty() || url.password().is_some() {
            return Err(HttpError::UrlRefused);
        }
        // R108: an address in the URL is never resolved, so it is checked here.
        if address.is_some_and(|address| !self.permits(address)) {
            return Err(HttpError::AddressRefused);
        }
        Ok(())
    }

    fn permits(self, address: IpAddr) -> bool {
        match classify(address) {
            AddressClass::Public => true,
            AddressClass::Private => self.private_addresses,
            AddressClass::Loopback => self.private_addresses || self.insecure_loopback,
            AddressClass::Special => false,
        }
    }
}

/// RFC 9111 §5.2.2: how long the answer is fresh; zero for `no-store` and `no-cache`, whatever is beside them.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let directives = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let ages = directives.filter_map(|directive| {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => Some(Duration::ZERO),
            "max-age" => value.trim().trim_matches('"').parse().ok().map(Duration::from_secs),
            _ => None,
        }
    });
    ages.min()
}

fn http_error(error: ::reqwest::Error) -> HttpError {
    if let Some(refused) = causes(&error).find_map(|cause| cause.downcast_ref::<HttpError>()) {
        return refused.clone();
    }
    if error.is_timeout() { HttpError::TimedOut } else { HttpError::Connection(root_cause(&error)) }
}

/// The innermost reason: "connection refused", "certificate has expired". The outer ones repeat the URL.
fn root_cause(error: &::reqwest::Error) -> Arc<str> {
    let text = causes(error).last().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    text.chars().take(MAX_REASON_CHARS).collect::<String>().into()
}

fn causes(error: &::reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    successors(Some(error as &(dyn StdError + 'static)), |cause| (**cause).source())
}
