//! Which algorithms, types, windows and limits are accepted: a profile is data, and a server is built with one.
//!
//! `Profile::fapi2()` is the FAPI 2.0 Security Profile Final, strictly. A profile that has been relaxed must be given a
//! name of its own, since it may not be called conformant (SP 5.1.2, R20).

use std::borrow::Cow;
use std::time::Duration;

use crate::jose::Algorithm;
use crate::token::claims::ClaimRules;

/// The name of the strict profile.
const FAPI2_NAME: &str = "fapi2";
/// FAPI 2.0 SP 5.4.1-1 and its note (R7): the only algorithms, in the order in which challenges name them.
const FAPI2_ALGORITHMS: [Algorithm; 4] =
    [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa, Algorithm::Ed25519];
/// RFC 9068 §4, R90: the type of an access token, and of nothing else that an issuer signs.
const FAPI2_TOKEN_TYPES: [Cow<'static, str>; 1] = [Cow::Borrowed("at+jwt")];
/// How long a proof is accepted after its `iat`: long enough for slow networks and a late client clock
/// (RFC 9449 §11.1: seconds to minutes; the conformance suite demands at least 10 s).
const FAPI2_PROOF_MAX_AGE: Duration = Duration::from_secs(60);
/// How far ahead of this server's clock an `iat` or `nbf` may be: SP 5.3.2.1-13 demands 10 s and forbids more
/// than 60 s; its note 3 says that 30 s is often needed (R15).
const FAPI2_MAX_FUTURE: Duration = Duration::from_secs(30);
/// RFC 9068 §4 allows a little leeway for `exp`; none is needed where clocks are synchronised.
const FAPI2_EXPIRY_LEEWAY: Duration = Duration::ZERO;
/// Bytes of an access token (R116): twice the usual header limit of a token with many claims.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// Bytes of a DPoP proof (R116): an RSA-4096 key and signature need about 2,000.
const MAX_PROOF_BYTES: usize = 8 * 1024;
/// Bytes of a `jti` (R61): four times a UUID leaves room for every scheme seen.
const MAX_JTI_BYTES: usize = 256;

/// The acceptance rules of a resource server.
///
/// ```
/// use fapi_core::{Profile, jose::Algorithm};
///
/// let profile = Profile::fapi2();
/// assert!(profile.proof_algorithms().contains(&Algorithm::Es256));
/// assert!(!profile.proof_algorithms().contains(&Algorithm::Rs256));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Profile {
    name: Cow<'static, str>,
    token_algorithms: Cow<'static, [Algorithm]>,
    proof_algorithms: Cow<'static, [Algorithm]>,
    token_types: Cow<'static, [Cow<'static, str>]>,
    claim_rules: ClaimRules,
    proof_max_age: Duration,
    max_future: Duration,
    expiry_leeway: Duration,
    max_token_bytes: usize,
    max_proof_bytes: usize,
    max_jti_bytes: usize,
}

impl Profile {
    /// FAPI 2.0 Security Profile Final: ES256, PS256 and Ed25519 for tokens and proofs; proofs of the last 60 s;
    /// 30 s for a client clock that is early; no leeway for `exp`.
    #[must_use]
    pub const fn fapi2() -> Self {
        Self {
            name: Cow::Borrowed(FAPI2_NAME),
            token_algorithms: Cow::Borrowed(&FAPI2_ALGORITHMS),
            proof_algorithms: Cow::Borrowed(&FAPI2_ALGORITHMS),
            token_types: Cow::Borrowed(&FAPI2_TOKEN_TYPES),
            claim_rules: ClaimRules {
                subject_optional: false,
                token_id_optional: false,
                issued_at_optional: false,
                audience_optional: false,
            },
            proof_max_age: FAPI2_PROOF_MAX_AGE,
            max_future: FAPI2_MAX_FUTURE,
            expiry_leeway: FAPI2_EXPIRY_LEEWAY,
            max_token_bytes: MAX_TOKEN_BYTES,
            max_proof_bytes: MAX_PROOF_BYTES,
            max_jti_bytes: MAX_JTI_BYTES,
        }
    }

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

    /// The profile's name, as logs show it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is called FAPI 2.0 and accepts algorithms that FAPI 2.0 does not (R20).
    pub(crate) fn is_misnamed(&self) -> bool {
        let mut algorithms = self.token_algorithms.iter().chain(&*self.proof_algorithms);
        self.name == FAPI2_NAME && algorithms.any(|algorithm| !FAPI2_ALGORITHMS.contains(algorithm))
    }

    /// The algorithms accepted for access tokens.
    #[must_use]
    pub fn token_algorithms(&self) -> &[Algorithm] {
        &self.token_algorithms
    }

    /// The algorithms accepted for DPoP proofs.
    #[must_use]
    pub fn proof_algorithms(&self) -> &[Algorithm] {
        &self.proof_algorithms
    }

    /// Whether `typ` is the type of an access token: in any case, with or without `application/` (RFC 7515 §4.1.9).
    pub(crate) fn accepts_token_type(&self, typ: &str) -> bool {
        const PREFIX: &str = "application/";
        let prefix = typ.get(..PREFIX.len()).filter(|prefix| prefix.eq_ignore_ascii_case(PREFIX));
        let short = prefix.and_then(|prefix| typ.get(prefix.len()..)).unwrap_or(typ);
        self.token_types.iter().any(|accepted| accepted.eq_ignore_ascii_case(short))
    }

    pub(crate) const fn claim_rules(&self) -> ClaimRules {
        self.claim_rules
    }

    /// How long a proof is accepted after its `iat`.
    #[must_use]
    pub const fn proof_max_age(&self) -> Duration {
        self.proof_max_age
    }

    /// How far in the future `iat` and `nbf` may be.
    #[must_use]
    pub const fn max_future(&self) -> Duration {
        self.max_future
    }

    /// How long after its `exp` an access token is still accepted.
    #[must_use]
    pub const fn expiry_leeway(&self) -> Duration {
        self.expiry_leeway
    }

    /// The largest access token, in bytes.
    #[must_use]
    pub const fn max_token_bytes(&self) -> usize {
        self.max_token_bytes
    }

    /// The largest DPoP proof, in bytes.
    #[must_use]
    pub const fn max_proof_bytes(&self) -> usize {
        self.max_proof_bytes
    }

    /// The longest `jti`, in bytes.
    #[must_use]
    pub const fn max_jti_bytes(&self) -> usize {
        self.max_jti_bytes
    }
}
