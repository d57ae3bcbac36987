//! The ways in which a served issuer fails, at all of its endpoints or at one.

use std::collections::HashMap;
use std::time::Duration;

use super::respond::is_status_list;

/// A way in which a served issuer fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Every connection is closed without an answer.
    Down,
    /// Every request is taken, and never answered.
    Unresponsive,
    /// Every answer comes this much later.
    Slow(Duration),
    /// Every answer has status 200 and a body that is not JSON.
    Rubbish,
    /// Every answer has this status and a JSON body without any meaning.
    Status(u16),
    /// Every answer is a redirection (307) to where the true answer is: the same address with the query `redirected`.
    Redirect,
    /// Every answer is the true one, followed by as many spaces as make it this long, in bytes.
    Oversize(usize),
    /// The metadata names another issuer.
    WrongIssuer,
}

/// An endpoint of a served issuer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Endpoint {
    /// The metadata, at both of its well-known addresses.
    Metadata,
    /// The key set.
    Jwks,
    /// The token endpoint, with and without mutual TLS.
    Token,
    /// The introspection endpoint, with and without mutual TLS.
    Introspection,
    /// The status list.
    StatusList,
}

impl Endpoint {
    pub(super) fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/jwks" => Self::Jwks,
            "/token" | "/mtls/token" => Self::Token,
            "/introspect" | "/mtls/introspect" => Self::Introspection,
            path if is_status_list(path) => Self::StatusList,
            path if path.starts_with("/.well-known/") => Self::Metadata,
            _ => return None,
        })
    }
}

/// Which endpoints fail now.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) everywhere: Option<Fault>,
    pub(super) single: HashMap<Endpoint, Fault>,
    /// By the token that is asked about, or the path that is asked for.
    pub(super) subjects: HashMap<String, Fault>,
}

impl Faults {
    pub(super) fn of(&self, endpoint: Option<Endpoint>, subject: &str) -> Option<Fault> {
        let subject = self.subjects.get(subject).copied();
        let single = || endpoint.and_then(|endpoint| self.single.get(&endpoint).copied());
        subject.or_else(single).or(self.everywhere)
    }
}
