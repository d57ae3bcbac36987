//! The Model Context Protocol: an MCP server over HTTP, as a resource server.
//!
//! Source: the protocol's specification, "Authorization" (revision 2025-11-25): protected resource metadata (RFC 9728),
//! `resource_metadata` and `scope` in challenges, the audience of RFC 8707.

use super::{Profile, text};

impl Profile {
    /// An MCP server over HTTP.
    ///
    /// | | FAPI 2.0 | MCP | source |
    /// |---|---|---|---|
    /// | metadata | RFC 9728 | RFC 9728, required | Authorization Server Location |
    /// | challenges | `resource_metadata` | `resource_metadata`, and the `scope` to ask for | Protected Resource Metadata Discovery Requirements |
    /// | order of challenges | any | `Bearer` before `DPoP` | clients in use read the first one only |
    /// | `aud` | this API | this server's canonical URI | Token Audience Binding and Validation |
    ///
    /// A client asks for a token for the `resource` of the metadata. Where that has a path, set
    /// [`resource_path`](crate::ResourceServerBuilder::resource_path), and the whole of it as the
    /// [`audience`](crate::ResourceServerBuilder::audience).
    ///
    /// The scope in a challenge of status 401 is that of
    /// [`scopes_supported`](crate::ResourceServerBuilder::scopes_supported): name there what a client needs at first.
    ///
    /// **Stricter than MCP**, which is content with bearer tokens: a token must be bound to a key, by DPoP or mutual TLS. A
    /// client that can do neither cannot call this server. It deviates from FAPI 2.0 in nothing that a resource server checks.
    #[must_use]
    pub fn mcp() -> Self {
        Self {
            name: text("mcp"),
            challenges_name_scope: true,
            challenges_bearer_first: true,
            ..Self::fapi2()
        }
    }
}
