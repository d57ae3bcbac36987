//! A client in as few lines as possible: plain HTTP, for servers on this machine.

use std::fmt;

use fapi_testkit::TestClient;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, WWW_AUTHENTICATE};
use hyper::http;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// The largest answer that is read, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// A request, ready to be sent or to be shown as a command.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: &'static str,
    /// The URL.
    pub url: String,
    /// The value of `Authorization`, if any.
    pub authorization: Option<String>,
    /// The value of `DPoP`, if any.
    pub dpop: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The content.
    pub body: String,
}

/// Why no answer came back.
pub type CallError = Box<dyn std::error::Error + Send + Sync>;

/// An HTTP client with its connections.
#[derive(Clone, Debug)]
pub struct Http(Client<HttpConnector, Full<Bytes>>);

impl Http {
    /// A client without connections.
    #[must_use]
    pub fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// Sends `call`.
    ///
    /// # Errors
    /// If there is no answer, or one that cannot be read.
    pub async fn send(&self, call: &Call) -> Result<Answer, CallError> {
        let fields = [(AUTHORIZATION.as_str(), &call.authorization), ("dpop", &call.dpop)];
        let request = http::Request::builder().method(call.method).uri(&call.url);
        let request = fields.into_iter().fold(request, |request, (name, value)| match value {
            Some(value) => request.header(name, value),
            None => request,
        });
        self.answer(request.body(Full::default())?).await
    }

    /// Pushes a security event to a receiver, as its transmitter does (RFC 8935 §2.1).
    ///
    /// # Errors
    /// If there is no answer, or one that cannot be read.
    pub async fn push_event(&self, url: &str, authorization: &str, set: &str) -> Result<Answer, CallError> {
        let request = http::Request::post(url)
            .header(CONTENT_TYPE, "application/secevent+jwt")
            .header(AUTHORIZATION, authorization);
        self.answer(request.body(set.to_owned().into())?).await
    }

    async fn answer(&self, request: http::Request<Full<Bytes>>) -> Result<Answer, CallError> {
        let (head, body) = self.0.request(request).await?.into_parts();
        let body = Limited::new(body, MAX_BODY).collect().await?.to_bytes();
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8(body.into())?,
        })
    }
}

impl Http {
    /// Sends a `GET` with this token and a proof of `client`; where the API wants a nonce, once more with it (RFC 9449 §9).
    ///
    /// # Errors
    /// If there is no answer, or one that cannot be read.
    pub async fn get(&self, client: &TestClient, url: &str, token: &str) -> Result<Answer, CallError> {
        let proof = || client.proof("GET", url).access_token(token);
        let call = |proof: String| Call {
            method: "GET",
            url: url.to_owned(),
            authorization: Some(format!("DPoP {token}")),
            dpop: Some(proof),
        };
        let answer = self.send(&call(proof().sign())).await?;
        match answer.nonce() {
            Some(nonce) => self.send(&call(proof().nonce(nonce).sign())).await,
            None => Ok(answer),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl Answer {
    /// A header field, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The nonce for the next proof (RFC 9449 §8), if there is one.
    #[must_use]
    pub fn nonce(&self) -> Option<&str> {
        self.header("dpop-nonce")
    }

    /// A parameter of a challenge (RFC 6750 §3), such as `error`.
    #[must_use]
    pub fn challenge(&self, parameter: &str) -> Option<&str> {
        let start = format!("{parameter}=\"");
        self.headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|challenge| challenge.to_str().ok())
            .find_map(|challenge| challenge.split_once(&start)?.1.split('"').next())
    }
}

/// The command that sends this call.
impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "curl -si -w '\\n' -X {} {}", self.method, self.url)?;
        for (name, value) in [("Authorization", &self.authorization), ("DPoP", &self.dpop)] {
            if let Some(value) = value {
                write!(formatter, " \\\n  -H '{name}: {value}'")?;
            }
        }
        Ok(())
    }
}
