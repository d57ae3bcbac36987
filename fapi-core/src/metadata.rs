//! The protected resource metadata documents (RFC 9728), from the same configuration that the verifier goes by (R142).
//!
//! One for each public URL, built once: a client compares `resource` with the URL that it has asked (§3.3, R140). The
//! adapters serve them without authentication; which one a challenge names is decided in `resource_server.rs`.

use std::sync::Arc;

use serde::Serialize;

use crate::confirmation::SenderConstraint;
use crate::dpop::target::PublicUrl;

/// RFC 9728 §3: inserted between the host and the path of the resource identifier.
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The metadata document of a resource server, ready to be served.
///
/// Serve [`json`](Self::json) as `application/json` at [`path`](Self::path), for `GET`, without authentication.
#[derive(Clone, Debug)]
pub struct ProtectedResourceMetadata {
    resource: String,
    path: String,
    url: String,
    json: String,
}

/// Human-readable parts of the metadata (RFC 9728 §2); all optional.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct ResourceDescription {
    /// `resource_name`: the API's name, for people.
    #[serde(rename = "resource_name", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `resource_documentation`: URL of the developer documentation.
    #[serde(rename = "resource_documentation", skip_serializing_if = "Option::is_none")]
    pub documentation: Option<String>,
    /// `resource_policy_uri`: URL of the policy on how clients may use the data.
    #[serde(rename = "resource_policy_uri", skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// `resource_tos_uri`: URL of the terms of service.
    #[serde(rename = "resource_tos_uri", skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
}

/// The members of the document that follow from the configuration. Empty lists are left out (RFC 9728 §3.2, R139).
#[derive(Clone, Serialize)]
pub(crate) struct Document<'a> {
    pub(crate) resource: &'a str,
    pub(crate) authorization_servers: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes_supported: Vec<&'a str>,
    /// R3: neither in the query nor in a form.
    pub(crate) bearer_methods_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) dpop_signing_alg_values_supported: Vec<&'static str>,
    pub(crate) dpop_bound_access_tokens_required: bool,
    pub(crate) tls_client_certificate_bound_access_tokens: bool,
    #[serde(flatten)]
    pub(crate) description: &'a ResourceDescription,
}

impl<'a> Document<'a> {
    pub(crate) fn new(
        resource: &'a str,
        constraint: SenderConstraint,
        algorithms: Vec<&'static str>,
        description: &'a ResourceDescription,
    ) -> Self {
        let dpop = constraint != SenderConstraint::Mtls;
        Self {
            resource,
            authorization_servers: Vec::new(),
            scopes_supported: Vec::new(),
            bearer_methods_supported: ["header"],
            dpop_signing_alg_values_supported: if dpop { algorithms } else { Vec::new() },
            // R142: required exactly where nothing else is accepted.
            dpop_bound_access_tokens_required: constraint == SenderConstraint::Dpop,
            tls_client_certificate_bound_access_tokens: constraint != SenderConstraint::Dpop,
            description,
        }
    }
}

impl ProtectedResourceMetadata {
    pub(crate) fn new(document: &Document<'_>) -> Result<Self, serde_json::Error> {
        let (origin, path) = split_origin(document.resource);
        // RFC 9728 §3.1, R138. A slash that follows the host directly would be removed; a `PublicUrl` has none.
        let path = format!("{WELL_KNOWN}{path}");
        let resource = document.resource.to_owned();
        Ok(Self { resource, url: format!("{origin}{path}"), path, json: serde_json::to_string(document)? })
    }

    /// The path of the document's URL, percent-encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The document's URL, as challenges name it in `resource_metadata`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The document.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Whether `path` is where the document is served: with or without a terminating slash, since clients differ in
    /// how they build it.
    #[must_use]
    pub fn is_at(&self, path: &str) -> bool {
        path == self.path
            || path.strip_suffix('/') == Some(&self.path)
            || self.path.strip_suffix('/') == Some(path)
    }
}

/// The documents of a server.
#[derive(Debug)]
pub(crate) struct MetadataDocuments {
    /// That of the server's `public_url`.
    pub(crate) primary: ProtectedResourceMetadata,
    /// Those of the further public URLs of a trusted proxy.
    pub(crate) others: Vec<(PublicUrl, Arc<ProtectedResourceMetadata>)>,
}

impl MetadataDocuments {
    /// That of a further public URL.
    pub(crate) fn further(&self, public_url: &PublicUrl) -> Option<&Arc<ProtectedResourceMetadata>> {
        self.others.iter().find(|(url, _)| url == public_url).map(|(_, document)| document)
    }

    /// The document at this path of this origin (R138, R140); where nobody has said which origin it is, or it is none of
    /// this API's, the first one at this path.
    pub(crate) fn at(
        &self,
        path: &str,
        origin: impl FnOnce() -> Option<String>,
    ) -> Option<&ProtectedResourceMetadata> {
        let others = self.others.iter().map(|(_, document)| &**document);
        let mut here = [&self.primary].into_iter().chain(others).filter(|document| document.is_at(path));
        let first = here.next()?;
        let mut others = here.peekable();
        if others.peek().is_none() {
            return Some(first);
        }
        let origin = origin();
        let asked = |document: &&ProtectedResourceMetadata| {
            Some(split_origin(&document.resource).0) == origin.as_deref()
        };
        Some([first].into_iter().chain(others).find(asked).unwrap_or(first))
    }
}

/// Cuts an absolute URL before its path.
fn split_origin(url: &str) -> (&str, &str) {
    let authority = url.find("://").map_or(0, |at| at.saturating_add(3));
    let path = url
        .get(authority..)
        .and_then(|rest| rest.find('/'))
        .map_or(url.len(), |at| authority.saturating_add(at));
    url.split_at_checked(path).unwrap_or((url, ""))
}
