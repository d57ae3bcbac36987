//! How a profile is changed, one rule at a time. What it may be called then, `deviation.rs` decides.

use std::borrow::Cow;
use std::time::Duration;

use super::Profile;
use crate::interaction_id::InteractionIdPolicy;
use crate::jose::Algorithm;
use crate::token::claims::ClaimRules;

impl Profile {
    /// This profile under a name of its own, to be changed with the `with_*` methods.
    #[must_use]
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// The algorithms accepted for access tokens.
    #[must_use]
    pub fn with_token_algorithms(self, algorithms: impl Into<Cow<'static, [Algorithm]>>) -> Self {
        Self { token_algorithms: algorithms.into(), ..self }
    }

    /// The algorithms accepted for DPoP proofs, in the order in which challenges and metadata name them.
    #[must_use]
    pub fn with_proof_algorithms(self, algorithms: impl Into<Cow<'static, [Algorithm]>>) -> Self {
        Self { proof_algorithms: algorithms.into(), ..self }
    }

    /// How long a proof is accepted after its `iat`.
    #[must_use]
    pub fn with_proof_max_age(self, age: Duration) -> Self {
        Self { proof_max_age: age, ..self }
    }

    /// How far in the future `iat` and `nbf` may be, in tokens and in proofs; at most 60 s (R15).
    #[must_use]
    pub fn with_max_future(self, ahead: Duration) -> Self {
        Self { max_future: ahead, ..self }
    }

    /// How long after its `exp` an access token is still accepted; at most 60 s.
    #[must_use]
    pub fn with_expiry_leeway(self, leeway: Duration) -> Self {
        Self { expiry_leeway: leeway, ..self }
    }

    /// The largest access token, in bytes of its encoded form.
    #[must_use]
    pub fn with_max_token_bytes(self, bytes: usize) -> Self {
        Self { max_token_bytes: bytes, ..self }
    }

    /// The largest DPoP proof, in bytes of its encoded form.
    #[must_use]
    pub fn with_max_proof_bytes(self, bytes: usize) -> Self {
        Self { max_proof_bytes: bytes, ..self }
    }

    /// The longest `jti` of a proof, in bytes.
    #[must_use]
    pub fn with_max_jti_bytes(self, bytes: usize) -> Self {
        Self { max_jti_bytes: bytes, ..self }
    }

    /// The values of `typ` by which an access token is known, without `application/`; compared in any case.
    #[must_use]
    pub fn with_token_types(self, types: impl Into<Cow<'static, [Cow<'static, str>]>>) -> Self {
        Self { token_types: types.into(), ..self }
    }

    /// Whether an access token may have no `typ` at all.
    #[must_use]
    pub fn with_untyped_tokens(self, accepted: bool) -> Self {
        Self { untyped_tokens: accepted, ..self }
    }

    /// Whether an access token may have no `aud`. One that is there must still name this API.
    #[must_use]
    pub fn with_audience_optional(self, optional: bool) -> Self {
        Self { claim_rules: ClaimRules { audience_optional: optional, ..self.claim_rules }, ..self }
    }

    /// Whether an access token may have no `sub`, which then is the client.
    #[must_use]
    pub fn with_subject_optional(self, optional: bool) -> Self {
        Self { claim_rules: ClaimRules { subject_optional: optional, ..self.claim_rules }, ..self }
    }

    /// Whether an access token may have no `jti`.
    #[must_use]
    pub fn with_token_id_optional(self, optional: bool) -> Self {
        Self { claim_rules: ClaimRules { token_id_optional: optional, ..self.claim_rules }, ..self }
    }

    /// Whether an access token may have no `iat`. [`Revocation::max_token_lifetime`](crate::Revocation::max_token_lifetime)
    /// refuses such a token all the same.
    #[must_use]
    pub fn with_issued_at_optional(self, optional: bool) -> Self {
        Self { claim_rules: ClaimRules { issued_at_optional: optional, ..self.claim_rules }, ..self }
    }

    /// Whether this API must be the only one that an access token is for.
    #[must_use]
    pub fn with_single_audience(self, required: bool) -> Self {
        Self { single_audience: required, ..self }
    }

    /// Whether every answer to a request with a proof carries a nonce, and not only where a new one is needed.
    #[must_use]
    pub fn with_nonce_in_every_answer(self, always: bool) -> Self {
        Self { nonce_in_every_answer: always, ..self }
    }

    /// Whether a challenge of status 401 names the scope to ask for: that of
    /// [`scopes_supported`](crate::ResourceServerBuilder::scopes_supported).
    #[must_use]
    pub fn with_challenges_name_scope(self, named: bool) -> Self {
        Self { challenges_name_scope: named, ..self }
    }

    /// What is done with `x-fapi-interaction-id`.
    #[must_use]
    pub fn with_interaction_id(self, policy: InteractionIdPolicy) -> Self {
        Self { interaction_id: policy, ..self }
    }
}
