//! How issuers are reached over HTTP: one small trait, so that the core opens no socket of its own.
//!
//! What is fetched, how often and what happens when it fails is decided in `keys.rs`; the default client is
//! `ReqwestClient` (feature `reqwest`).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error as ThisError;

/// The largest answer that is read, in bytes: a key set of 100 keys with certificates needs about half of it.
pub(super) const MAX_BODY_BYTES: usize = 512 * 1024;

/// Fetches an issuer's metadata and keys, and asks about tokens.
///
/// An implementation must verify the server's certificate (SP 5.2.1, R12), follow no redirect (an answer of 3xx is
/// returned as it is), send no cookies and no credentials but those it is told to, and bound the size of the answer and the time it takes. The
/// URLs come from the configuration and from the issuer's metadata: if that is not trusted to stay out of this server's own
/// network, it must refuse such addresses as well (R108).
#[async_trait]
pub trait HttpClient: fmt::Debug + Send + Sync {
    /// Sends a GET request for `url` with this `Accept` header, and returns the answer, whatever its status.
    ///
    /// # Errors
    /// [`HttpError`] if there is no complete answer.
    async fn get(&self, url: &str, accept: &str) -> Result<HttpResponse, HttpError>;

    /// Sends a POST request for `url` with this `application/x-www-form-urlencoded` content, this `Accept` header and,
    /// if there is one, this `Authorization` header; returns the answer, whatever its status. For introspection only: a
    /// client that was not written for it refuses.
    ///
    /// # Errors
    /// [`HttpError`] if there is no complete answer.
    async fn post_form(
        &self,
        url: &str,
        accept: &str,
        authorization: Option<&str>,
        form: &str,
    ) -> Result<HttpResponse, HttpError> {
        let _ = (url, accept, authorization, form);
        Err(HttpError::FormsUnsupported)
    }

    /// Whether `http` URLs may be used where the host is this machine: for development only, no by default.
    fn allows_insecure_loopback(&self) -> bool {
        false
    }
}

/// An answer over HTTP.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The content, without content coding.
    pub body: Vec<u8>,
    /// How long the answer is fresh, if `Cache-Control` says so; zero if it must not be kept (RFC 9111 §5.2.2).
    pub max_age: Option<Duration>,
    /// The value of `Content-Type`, if there is one.
    pub content_type: Option<String>,
}

impl HttpResponse {
    /// An answer with this status and content, and without `Cache-Control` and `Content-Type`.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: body.into(), max_age: None, content_type: None }
    }

    /// This answer with a media type.
    #[must_use]
    pub fn with_content_type(self, content_type: impl Into<String>) -> Self {
        Self { content_type: Some(content_type.into()), ..self }
    }

    /// This answer with a time for which it is fresh.
    #[must_use]
    pub fn with_max_age(self, max_age: Duration) -> Self {
        Self { max_age: Some(max_age), ..self }
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .field("max_age", &self.max_age)
            .field("content_type", &self.content_type)
            .finish()
    }
}

/// Why there is no answer. Holds nothing of a request or an answer.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum HttpError {
    /// The client could not be set up, for the stated reason: most often there are no root certificates.
    #[error("the HTTP client cannot be set up: {0}")]
    Setup(Arc<str>),
    /// The client has no [`HttpClient::post_form`], which introspection needs.
    #[error("this HTTP client cannot send forms: it lacks HttpClient::post_form, which introspection needs")]
    FormsUnsupported,
    /// Not an https URL (or an http URL of a loopback host, where that is allowed).
    #[error("the URL is not an https URL")]
    UrlRefused,
    /// R108: the host is, or resolves to, an address that is not a public one.
    #[error("the host has no public address (loopback and private addresses must be allowed explicitly)")]
    AddressRefused,
    /// No complete answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The answer exceeds the limit.
    #[error("the answer is too large")]
    TooLarge,
    /// Name resolution, TCP, TLS or HTTP failed, for the stated reason.
    #[error("the connection failed: {0}")]
    Connection(Arc<str>),
}
