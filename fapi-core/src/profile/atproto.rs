//! The AT Protocol (Bluesky): a personal data server, as a resource server.
//!
//! Source: the protocol's OAuth specification, sections "Tokens and Session Lifetime", "Demonstrating Proof of Possession"
//! and "Authorization Servers".

use std::time::Duration;

use super::{Profile, text};
use crate::confirmation::SenderConstraint;
use crate::dpop::NoncePolicy;

/// "If the server cannot revoke individual access tokens then the maximum is 15 minutes".
const MAX_TOKEN_LIFETIME: Duration = Duration::from_secs(15 * 60);

impl Profile {
    /// A personal data server of the AT Protocol.
    ///
    /// | | FAPI 2.0 | AT Protocol | source |
    /// |---|---|---|---|
    /// | binding | DPoP or mutual TLS | DPoP | Demonstrating Proof of Possession |
    /// | nonces | when needed | always, and with every answer to a proof | Demonstrating Proof of Possession |
    /// | lifetime of tokens (not enforced by itself) | short | below 30 min; at most 15 min where they cannot be revoked | Tokens and Session Lifetime |
    /// | metadata | RFC 9728 | RFC 9728; exactly one authorization server (not checked) | Authorization Servers |
    ///
    /// Two of these are for the configuration: pass [`max_token_lifetime`](Self::max_token_lifetime) to
    /// [`Revocation::max_token_lifetime`](crate::Revocation::max_token_lifetime), and name one issuer only.
    ///
    /// It deviates from FAPI 2.0 in nothing that a resource server checks; its clients may be public ones.
    ///
    /// Not established: the form of the access token, which the specification leaves to the server and its authorization
    /// server; this profile takes it to be that of RFC 9068. The DID in `sub` is the application's to hold against the
    /// account that is asked for.
    #[must_use]
    pub fn atproto() -> Self {
        Self {
            name: text("atproto"),
            sender_constraint: SenderConstraint::Dpop,
            nonce_policy: NoncePolicy::Required,
            nonce_in_every_answer: true,
            max_token_lifetime: Some(MAX_TOKEN_LIFETIME),
            ..Self::fapi2()
        }
    }
}
