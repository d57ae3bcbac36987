//! A request as it goes out and an answer as it comes back, without any framework's idea of what they may hold.

use std::fmt;

/// A request. The target and the header fields go out exactly as they stand here, repeated ones too.
#[derive(Clone, Eq, PartialEq)]
pub struct Call {
    /// The method.
    pub method: String,
    /// Path and query, as they stand in the request line.
    pub target: String,
    /// The header fields, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The content; empty for none.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Clone, Eq, PartialEq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header fields, in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The content, as much of it as was read.
    pub body: Vec<u8>,
}

impl Call {
    /// A request without header fields.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), headers: vec![], body: vec![] }
    }

    /// The request with a further header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The request without the header fields of this name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self
    }

    /// The request with another method.
    #[must_use]
    pub fn method(self, method: &str) -> Self {
        Self { method: method.to_owned(), ..self }
    }

    /// The request with another path and query.
    #[must_use]
    pub fn target(self, target: &str) -> Self {
        Self { target: target.to_owned(), ..self }
    }

    /// The request with a form as its content (RFC 6750 §2.2).
    #[must_use]
    pub fn form(self, content: &str) -> Self {
        let call = self.header("content-type", "application/x-www-form-urlencoded");
        Self { body: content.as_bytes().to_vec(), ..call }
    }

    /// The values of the header fields of this name that are text, in order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.headers.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name));
        own.filter_map(|(_, value)| std::str::from_utf8(value).ok())
    }
}

impl Answer {
    /// Whether the request was served.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// The values of the header fields of this name (lower case), in order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The challenges of all `WWW-Authenticate` fields.
    #[must_use]
    pub fn challenges(&self) -> Vec<super::Challenge> {
        self.values("www-authenticate").flat_map(super::challenge::parse).collect()
    }

    /// The nonce for the next proof, if the answer asks for one (RFC 9449 §9).
    #[must_use]
    pub fn asks_for_nonce(&self) -> bool {
        self.challenges().iter().any(|challenge| challenge.parameter("error") == Some("use_dpop_nonce"))
    }
}

/// Shows names, never values: some are secrets.
impl fmt::Debug for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        formatter
            .debug_struct("Call")
            .field("method", &self.method)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

/// Shows the status and names: values and content may repeat what was sent.
impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        formatter
            .debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}
