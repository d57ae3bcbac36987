//! The facts of one HTTP request that the rules look at, borrowed from the adapter.
//!
//! Std types only, so that frameworks on different versions of `http` can fill it. It holds the request-target as the
//! client sent it: an adapter whose router strips a prefix hands over the original path (R50, pitfall P27). Nothing in
//! it is trusted, except that a peer certificate was proved in the TLS handshake, and that the peer is who has connected.

use std::fmt;
use std::sync::Arc;

use crate::proxy::Peer;

/// The field lines of one header: what matters is whether there is none, one, or more than one (R29, R40).
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub enum FieldLines<'a> {
    /// The header is absent.
    #[default]
    Absent,
    /// Exactly one field line, with its value.
    One(&'a [u8]),
    /// More than one field line.
    Many,
}

impl<'a> FromIterator<&'a [u8]> for FieldLines<'a> {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(lines: I) -> Self {
        let mut lines = lines.into_iter();
        match (lines.next(), lines.next()) {
            (None, _) => Self::Absent,
            (Some(line), None) => Self::One(line),
            (Some(_), Some(_)) => Self::Many,
        }
    }
}

impl fmt::Debug for FieldLines<'_> {
    // R21: the value is a credential.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Absent => "Absent",
            Self::One(_) => "One(..)",
            Self::Many => "Many",
        })
    }
}

/// The issuer that the client of a request says it uses, in the extensions of that request: the application finds it where
/// its clients state it (no standard header does), and the adapters pass it on.
///
/// A token that was got from another of the trusted issuers is then refused: the defence against an attacker who runs one
/// of them and has tricked a client into using a stolen token of a user (SP 6.3, "Cuckoo's token").
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatedIssuer(Arc<str>);

impl StatedIssuer {
    /// The client uses the issuer of this identifier.
    #[must_use]
    pub fn new(identifier: impl Into<Arc<str>>) -> Self {
        Self(identifier.into())
    }

    /// The identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One request, as [`ResourceServer::verify`](crate::ResourceServer::verify) sees it.
///
/// ```
/// use fapi_core::{FieldLines, ResourceRequest};
///
/// let request = ResourceRequest::new("GET", "/records", Some("page=2"))
///     .with_authorization(FieldLines::One(b"DPoP eyJ..."))
///     .with_dpop(FieldLines::One(b"eyJ..."));
/// # let _ = request;
/// ```
#[derive(Clone, Copy)]
pub struct ResourceRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) authorization: FieldLines<'a>,
    pub(crate) dpop: FieldLines<'a>,
    pub(crate) interaction_id: FieldLines<'a>,
    pub(crate) peer_certificate: Option<&'a [u8]>,
    pub(crate) stated_issuer: Option<&'a str>,
    pub(crate) peer: Peer,
    proxy_headers: &'a [(&'a str, FieldLines<'a>)],
}

impl<'a> ResourceRequest<'a> {
    /// A request with this method, this path as received (percent-encoded, before any router changed it) and the text
    /// after its `?`, if there is one.
    #[must_use]
    pub const fn new(method: &'a str, path: &'a str, query: Option<&'a str>) -> Self {
        Self {
            method,
            path,
            query,
            authorization: FieldLines::Absent,
            dpop: FieldLines::Absent,
            interaction_id: FieldLines::Absent,
            peer_certificate: None,
            stated_issuer: None,
            peer: Peer::Unknown,
            proxy_headers: &[],
        }
    }

    /// All `Authorization` field lines.
    #[must_use]
    pub const fn with_authorization(self, authorization: FieldLines<'a>) -> Self {
        Self { authorization, ..self }
    }

    /// All `DPoP` field lines.
    #[must_use]
    pub const fn with_dpop(self, dpop: FieldLines<'a>) -> Self {
        Self { dpop, ..self }
    }

    /// All `x-fapi-interaction-id` field lines.
    #[must_use]
    pub const fn with_interaction_id(self, interaction_id: FieldLines<'a>) -> Self {
        Self { interaction_id, ..self }
    }

    /// The client certificate (DER) whose key was proved in the TLS handshake of this connection (RFC 8705 §3).
    #[must_use]
    pub const fn with_peer_certificate(self, der: Option<&'a [u8]>) -> Self {
        Self { peer_certificate: der, ..self }
    }

    /// The issuer that the client says it uses (SP 6.3): a token of any other is refused.
    #[must_use]
    pub const fn with_stated_issuer(self, issuer: Option<&'a str>) -> Self {
        Self { stated_issuer: issuer, ..self }
    }

    /// Who is at the other end of the connection.
    #[must_use]
    pub const fn with_peer(self, peer: Peer) -> Self {
        Self { peer, ..self }
    }

    /// All field lines of each of [`ResourceServer::proxy_headers`](crate::ResourceServer::proxy_headers), by name. Whether
    /// they count depends on the peer.
    #[must_use]
    pub const fn with_proxy_headers(self, headers: &'a [(&'a str, FieldLines<'a>)]) -> Self {
        Self { proxy_headers: headers, ..self }
    }

    /// The field lines of one of them, by its name in lower case.
    pub(crate) fn proxy_header(&self, name: &str) -> FieldLines<'a> {
        let header = self.proxy_headers.iter().find(|(own, _)| *own == name);
        header.map_or(FieldLines::Absent, |(_, lines)| *lines)
    }
}

impl fmt::Debug for ResourceRequest<'_> {
    // R21: neither credentials nor the path, which may name a person.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResourceRequest")
            .field("authorization", &self.authorization)
            .field("dpop", &self.dpop)
            .field("peer_certificate", &self.peer_certificate.is_some())
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}
