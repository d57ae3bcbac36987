//! How adapters treat the callers that browsers bring from other origins (RFC 9449 §7.1 and §8, R38).
//!
//! Only the choice is here; each adapter carries it out. Which origins may call is the application's decision, made in a
//! CORS layer of its own or in a gateway.

/// What an adapter does for scripts of other origins.
///
/// A *preflight* is the request with which a browser asks before it sends one of another origin: `OPTIONS` with `Origin`
/// and `Access-Control-Request-Method`. It cannot carry a token: a request with `Authorization` is none. It has no content
/// either: one that announces some is never passed on.
///
/// ```
/// use fapi_core::{Cors, ResourceServer};
///
/// // An API that no browser calls from another origin.
/// let builder = ResourceServer::builder().cors(Cors::Disabled);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "config", derive(serde::Deserialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Cors {
    /// A preflight is a request like any other, and no header field is exposed.
    Disabled,
    /// The adapter answers a preflight itself, with 204 and without a permission: it is not refused, and reaches no
    /// handler. A CORS layer outside of the adapter has answered it before, and a gateway may add the permission. To
    /// requests with `Origin`, refusals and answers with a nonce expose `WWW-Authenticate` and `DPoP-Nonce`.
    #[default]
    AnswerPreflight,
    /// As [`Self::AnswerPreflight`], but a preflight **reaches what the adapter protects, without a token**: for a CORS
    /// layer that is inside of the adapter, or handlers that answer `OPTIONS`.
    ///
    /// Anybody can send a request that looks like a preflight. One that announces content, as a browser's never does
    /// (`Content-Type`, `Transfer-Encoding`, a `Content-Length` other than 0), is answered and does not pass. But what is
    /// behind the adapter and does not look at the method, such as a gRPC service, a proxy, or a handler for every method,
    /// can then be called without a token; in HTTP/2 even with content, which need not be announced there.
    PassPreflight,
}

impl Cors {
    /// Whether scripts of other origins may read the challenge and the nonce.
    #[must_use]
    pub const fn exposes_headers(self) -> bool {
        !matches!(self, Self::Disabled)
    }
}
