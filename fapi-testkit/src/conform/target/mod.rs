//! Where requests go: over a socket, or to a service in this process.

#[cfg(feature = "actix")]
mod actix;
mod http;
mod service;

use async_trait::async_trait;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body, Bytes};
use hyper::http::{HeaderName, HeaderValue, Request, Response, Uri};

#[cfg(feature = "actix")]
pub use actix::ActixTarget;
pub use http::{HttpTarget, TlsFiles};
pub use service::ServiceTarget;

use crate::catalogue::{Answer, Call};

/// The largest part of an answer's content that is read, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// A resource server under test.
#[async_trait]
pub trait Target: Send + Sync {
    /// Sends the request exactly as it is and reads the answer.
    ///
    /// # Errors
    /// If there is no answer.
    async fn send(&self, call: &Call) -> Result<Answer, TargetError>;

    /// Where requests go, in words.
    fn address(&self) -> String;

    /// Whether requests cross a network, where header names have a case and an HTTP server adds its part.
    fn is_network(&self) -> bool;

    /// The client certificate of the connection (DER), if there is one.
    fn certificate(&self) -> Option<&[u8]> {
        None
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TargetError {
    /// No connection could be made.
    Unreachable(String),
    /// The connection was closed without an answer.
    Closed(String),
    /// No answer came in time.
    TimedOut,
    /// The request cannot be sent this way.
    Unsendable(String),
}

impl std::fmt::Display for TargetError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable(why) => write!(formatter, "no connection: {why}"),
            Self::Closed(why) => write!(formatter, "the connection was closed without an answer: {why}"),
            Self::TimedOut => formatter.write_str("no answer in time"),
            Self::Unsendable(why) => write!(formatter, "the request cannot be sent: {why}"),
        }
    }
}

impl std::error::Error for TargetError {}

/// The request as the `http` crate has it.
fn request(call: &Call, uri: Uri) -> Result<Request<Full<Bytes>>, TargetError> {
    let unsendable = |error: &dyn std::fmt::Display| TargetError::Unsendable(error.to_string());
    let mut request = Request::new(Full::new(Bytes::from(call.body.clone())));
    *request.method_mut() = call.method.parse().map_err(|error| unsendable(&error))?;
    *request.uri_mut() = uri;
    for (name, value) in &call.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| unsendable(&error))?;
        let value = HeaderValue::from_bytes(value).map_err(|error| unsendable(&error))?;
        request.headers_mut().append(name, value);
    }
    Ok(request)
}

/// Status, header fields and as much of the content as is read.
async fn answer<B>(response: Response<B>) -> Result<Answer, TargetError>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (head, body) = response.into_parts();
    let headers = head.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let headers = headers.collect();
    // What is longer than the limit, or breaks off, is of no interest.
    let body = match Limited::new(std::pin::pin!(body), MAX_BODY).collect().await {
        Ok(content) => content.to_bytes().to_vec(),
        Err(_) => vec![],
    };
    Ok(Answer { status: head.status.as_u16(), headers, body })
}
