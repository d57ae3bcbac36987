//! Demonstrating proof of possession (RFC 9449): the proof, the request it was made for, and its nonce.

pub(crate) mod nonce;
pub(crate) mod proof;
pub(crate) mod target;

pub use nonce::{NonceSecret, NonceSecretTooShort};

/// When a DPoP proof must carry a nonce of this server (RFC 9449 §9).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "config", derive(serde::Deserialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum NoncePolicy {
    /// Never asked for; a `nonce` claim is ignored. For clients that cannot answer a nonce challenge.
    ///
    /// Proofs whose `iat` lies before the start of the replay store are then refused, since their reuse cannot be ruled
    /// out. What remains is a proof of a client whose clock is early: used just before a restart, it can be used once more
    /// after it, until its `iat` has aged. Only a nonce closes that gap.
    Off,
    /// Every proof must carry one.
    Required,
    /// Asked for only while the replay store cannot vouch for a proof: for the first seconds after a start or a flush.
    #[default]
    WhenNeeded,
}
