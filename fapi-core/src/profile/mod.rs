//! Which algorithms, types, windows and limits are accepted: a profile is data, and a server is built with one.
//!
//! `Profile::fapi2()` is the FAPI 2.0 Security Profile Final, strictly. The others, one small file each, are those of
//! sectors and ecosystems: what they accept beyond FAPI 2.0 is found and named in `deviation.rs`, since a profile that has
//! been relaxed may not be called conformant (SP 5.1.2, R20). What a server would be told beside its profile, such as the
//! kind of binding, is here, too, as its default; the builder's setters override it.

mod atproto;
mod bounds;
mod change;
mod deviation;
mod helseid;
mod maskinporten;
mod mcp;
mod open_finance;

use std::borrow::Cow;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error as ThisError;

use crate::confirmation::SenderConstraint;
use crate::dpop::NoncePolicy;
use crate::dpop::target::PublicUrl;
use crate::helseid::HelseIdClaims;
use crate::interaction_id::InteractionIdPolicy;
use crate::jose::Algorithm;
use crate::token::claims::ClaimRules;
use crate::token::{ClaimsType, NoClaims};

pub use deviation::Deviation;
pub(crate) use deviation::others as other_algorithms;

/// The name of the strict profile.
pub(crate) const FAPI2_NAME: &str = "fapi2";
/// FAPI 2.0 SP 5.4.1-1 and its note (R7): the only algorithms, in the order in which challenges name them.
const FAPI2_ALGORITHMS: [Algorithm; 4] =
    [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa, Algorithm::Ed25519];
/// RFC 9068 §4, R90: the type of an access token, and of nothing else that an issuer signs.
static FAPI2_TOKEN_TYPES: [Cow<'static, str>; 1] = [text("at+jwt")];
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

/// The claims that tokens under a profile are known to hold beyond the registered ones.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ProfileClaims {
    None,
    HelseId,
}

type Preset = fn() -> Profile;

/// The profiles that have a name.
const PRESETS: [(&str, Preset); 10] = [
    (FAPI2_NAME, Profile::fapi2),
    ("helseid", Profile::helseid),
    ("helseid-test", Profile::helseid_test),
    ("maskinporten", Profile::maskinporten),
    ("maskinporten-test", Profile::maskinporten_test),
    ("open-finance-brazil", Profile::open_finance_brazil),
    ("cdr-au", Profile::cdr_au),
    ("uk-open-banking", Profile::uk_open_banking),
    ("atproto", Profile::atproto),
    ("mcp", Profile::mcp),
];

const fn text(text: &'static str) -> Cow<'static, str> {
    Cow::Borrowed(text)
}

/// The acceptance rules of a resource server, and the defaults that go with them.
///
/// | profile | for | name |
/// |---|---|---|
/// | [`fapi2`](Self::fapi2) | FAPI 2.0, strictly; the default | `fapi2` |
/// | [`helseid`](Self::helseid), [`helseid_test`](Self::helseid_test) | the Norwegian health sector | `helseid`, `helseid-test` |
/// | [`maskinporten`](Self::maskinporten), [`maskinporten_test`](Self::maskinporten_test) | Norwegian organisations, machine to machine | `maskinporten`, `maskinporten-test` |
/// | [`open_finance_brazil`](Self::open_finance_brazil) | Open Finance Brasil | `open-finance-brazil` |
/// | [`cdr_au`](Self::cdr_au) | Consumer Data Right, Australia | `cdr-au` |
/// | [`uk_open_banking`](Self::uk_open_banking) | Open Banking, United Kingdom | `uk-open-banking` |
/// | [`atproto`](Self::atproto) | the AT Protocol | `atproto` |
/// | [`mcp`](Self::mcp) | Model Context Protocol | `mcp` |
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
    untyped_tokens: bool,
    single_audience: bool,
    max_token_lifetime: Option<Duration>,
    sender_constraint: SenderConstraint,
    nonce_policy: NoncePolicy,
    nonce_in_every_answer: bool,
    challenges_name_scope: bool,
    challenges_bearer_first: bool,
    interaction_id: InteractionIdPolicy,
    claims: ProfileClaims,
    issuer: Option<Cow<'static, str>>,
    refused_issuers: Cow<'static, [Cow<'static, str>]>,
}

/// Whether a name says "FAPI 2.0" and nothing else, in any spelling, such as `FAPI 2` or `fapi-2.0`.
fn is_fapi2(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let name = letters.map(|letter| letter.to_ascii_lowercase()).collect::<String>();
    let rest = name.strip_prefix(FAPI2_NAME).map(|rest| rest.strip_prefix('0').unwrap_or(rest));
    matches!(rest, Some("" | "final" | "sp" | "securityprofile" | "securityprofilefinal"))
}

/// There is no profile of this name.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[error("there is no profile {name:?}; there are {}", Profile::names().collect::<Vec<_>>().join(", "))]
pub struct UnknownProfile {
    name: String,
}

/// By name, such as `helseid`.
impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        let preset = PRESETS.into_iter().find(|(own, _)| *own == name);
        preset.map(|(_, profile)| profile()).ok_or_else(|| UnknownProfile { name: name.to_owned() })
    }
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
            untyped_tokens: false,
            single_audience: false,
            max_token_lifetime: None,
            sender_constraint: SenderConstraint::Either,
            nonce_policy: NoncePolicy::WhenNeeded,
            nonce_in_every_answer: false,
            challenges_name_scope: false,
            challenges_bearer_first: false,
            interaction_id: InteractionIdPolicy::Off,
            claims: ProfileClaims::None,
            issuer: None,
            refused_issuers: Cow::Borrowed(&[]),
        }
    }

    /// The names of all profiles, as [`FromStr`] takes them.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PRESETS.into_iter().map(|(name, _)| name)
    }

    /// The profile's name, as logs show it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is called FAPI 2.0 and accepts what FAPI 2.0 does not (R20).
    pub(crate) fn is_misnamed(&self) -> bool {
        is_fapi2(&self.name) && self.deviations().next().is_some()
    }

    /// Whether this issuer may not be trusted under this profile, such as that of a test environment in production (P40).
    pub(crate) fn refuses_issuer(&self, identifier: &str) -> bool {
        let origin = origin(identifier);
        self.refused_issuers.iter().any(|refused| self::origin(refused) == origin)
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
    pub(crate) fn accepts_token_type(&self, typ: Option<&str>) -> bool {
        const PREFIX: &str = "application/";
        let Some(typ) = typ else { return self.untyped_tokens };
        let prefix = typ.get(..PREFIX.len()).filter(|prefix| prefix.eq_ignore_ascii_case(PREFIX));
        let short = prefix.and_then(|prefix| typ.get(prefix.len()..)).unwrap_or(typ);
        self.token_types.iter().any(|accepted| accepted.eq_ignore_ascii_case(short))
    }

    /// The values of `typ` by which an access token is known, without `application/`.
    pub fn token_types(&self) -> impl Iterator<Item = &str> {
        self.token_types.iter().map(AsRef::as_ref)
    }

    /// Whether an access token may have no `aud`.
    #[must_use]
    pub const fn audience_optional(&self) -> bool {
        self.claim_rules.audience_optional
    }

    /// Whether this API must be the only one that an access token is for.
    #[must_use]
    pub const fn single_audience(&self) -> bool {
        self.single_audience
    }

    /// The longest lifetime of access tokens that the profile's rules state, if they do: what to pass to
    /// [`Revocation::max_token_lifetime`](crate::Revocation::max_token_lifetime) where nothing else ends a token. It is not
    /// enforced by itself.
    #[must_use]
    pub const fn max_token_lifetime(&self) -> Option<Duration> {
        self.max_token_lifetime
    }

    /// Which kinds of binding are accepted, unless
    /// [`ResourceServerBuilder::sender_constraint`](crate::ResourceServerBuilder::sender_constraint) says otherwise.
    #[must_use]
    pub const fn sender_constraint(&self) -> SenderConstraint {
        self.sender_constraint
    }

    /// When a proof must carry a nonce, unless [`ResourceServerBuilder::nonce`](crate::ResourceServerBuilder::nonce) says
    /// otherwise.
    #[must_use]
    pub const fn nonce_policy(&self) -> NoncePolicy {
        self.nonce_policy
    }

    /// Whether every answer to a request with a proof carries a nonce, and not only where a new one is needed.
    #[must_use]
    pub const fn nonce_in_every_answer(&self) -> bool {
        self.nonce_in_every_answer
    }

    /// Whether a challenge of status 401 names the scope to ask for.
    #[must_use]
    pub const fn challenges_name_scope(&self) -> bool {
        self.challenges_name_scope
    }

    /// Whether the challenge `Bearer` stands before `DPoP` where there are both, for clients that read the first one only.
    #[must_use]
    pub const fn challenges_bearer_first(&self) -> bool {
        self.challenges_bearer_first
    }

    /// What is done with `x-fapi-interaction-id`, unless
    /// [`ResourceServerBuilder::interaction_id`](crate::ResourceServerBuilder::interaction_id) says otherwise.
    #[must_use]
    pub const fn interaction_id(&self) -> InteractionIdPolicy {
        self.interaction_id
    }

    /// The issuer that is trusted, unless [`ResourceServerBuilder::issuer`](crate::ResourceServerBuilder::issuer) names
    /// another one.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The issuers that cannot be trusted under this profile, however they are spelt: those of test environments (P40). No
    /// setting changes that; an API that is a test has a profile of its own, such as [`Profile::helseid_test`].
    pub fn refused_issuers(&self) -> impl Iterator<Item = &str> {
        self.refused_issuers.iter().map(AsRef::as_ref)
    }

    /// The claims type, unless [`ResourceServerBuilder::claims`](crate::ResourceServerBuilder::claims) names another one.
    pub(crate) fn claims_type(&self) -> ClaimsType {
        match self.claims {
            ProfileClaims::None => ClaimsType::of::<NoClaims>(),
            ProfileClaims::HelseId => ClaimsType::of::<HelseIdClaims>(),
        }
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

/// Scheme, host and port in normal form (RFC 3986 §6.2): those of an issuer, however its identifier is spelt.
fn origin(identifier: &str) -> Cow<'_, str> {
    let Ok(url) = PublicUrl::parse(identifier) else { return Cow::Borrowed(identifier) };
    // A host with the root's dot is the same host.
    Cow::Owned(url.origin().trim_end_matches('.').to_owned())
}
