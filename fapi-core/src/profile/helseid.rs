//! HelseID, the identity service of the Norwegian health sector.
//!
//! Sources: NHN's "Security profile for HelseID-clients and APIs" with its appendices on access tokens and DPoP proofs, the
//! published metadata, and NHN's own client libraries, which say what is really sent. Claims and requirements are in
//! `helseid/`.

use std::borrow::Cow;
use std::time::Duration;

use super::{Profile, ProfileClaims, text};
use crate::confirmation::SenderConstraint;
use crate::dpop::NoncePolicy;
use crate::jose::Algorithm;
use crate::token::claims::ClaimRules;

const PRODUCTION: &str = "https://helseid-sts.nhn.no";
const TEST: &str = "https://helseid-sts.test.nhn.no";
/// P40: anybody can have a token of the test environment made, with any claims.
static TEST_ISSUERS: [Cow<'static, str>; 2] = [text(TEST), text("https://helseid-sts.utvikling.nhn.no")];
/// HelseID signs with RS256. The others are in its cryptographic requirements, ready for a change.
const TOKEN_ALGORITHMS: [Algorithm; 7] = [
    Algorithm::Rs256,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
];
/// Those of HelseID's `dpop_signing_alg_values_supported`.
const PROOF_ALGORITHMS: [Algorithm; 9] = [
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
];
/// Appendix on access tokens: `at+jwt` or `JWT`, and nothing else.
static TOKEN_TYPES: [Cow<'static, str>; 2] = [text("at+jwt"), text("JWT")];
/// Implementations in the field accept 6 to 15 s of age; 10 s are demanded by the FAPI conformance suite.
const PROOF_MAX_AGE: Duration = Duration::from_secs(15);
/// SP 5.3.2.1-13, R15: at least 10 s.
const MAX_FUTURE: Duration = Duration::from_secs(10);
/// Appendix on access tokens: "usually no more than a few seconds".
const EXPIRY_LEEWAY: Duration = Duration::from_secs(5);

impl Profile {
    /// HelseID, in production.
    ///
    /// | | FAPI 2.0 | HelseID | source |
    /// |---|---|---|---|
    /// | algorithms of tokens | ES256, PS256, Ed25519 | RS256, and ES and PS of 256, 384, 512 | key set |
    /// | algorithms of proofs | ES256, PS256, Ed25519 | RS, PS, ES of 256, 384, 512 | metadata |
    /// | `typ` of tokens | `at+jwt` | `at+jwt` or `JWT` | appendix on access tokens |
    /// | `aud` | one of several | one, this API | appendix on access tokens ("should") |
    /// | `sub` | required | absent where no user took part | claims reference |
    /// | binding | DPoP or mutual TLS | DPoP | security profile |
    /// | nonces | when needed | off | NHN's client cannot answer a challenge |
    /// | `iat` of proofs | −60 … +30 s | −15 … +10 s | not established |
    /// | leeway for `exp` | none | 5 s | appendix on access tokens |
    /// | claims type | – | [`HelseIdClaims`](crate::helseid::HelseIdClaims) | – |
    /// | issuer | – | `https://helseid-sts.nhn.no` | metadata |
    ///
    /// The issuers of HelseID's test environments are refused (P40).
    ///
    /// Not established: HelseID's own number for `iat`; which algorithms remain after the change of its cryptographic
    /// requirements in May 2026; the longest lifetime of a token; whether `JWT` is still issued. Each has a `with_*` method.
    ///
    /// ```
    /// use std::time::Duration;
    /// use fapi_core::{Profile, ResourceServer, Revocation};
    ///
    /// let server = ResourceServer::builder()
    ///     .profile(Profile::helseid())
    ///     .public_url("https://api.example.no")
    ///     .audience("example:my-api")
    ///     .revocation(Revocation::max_token_lifetime(Duration::from_secs(600)))
    ///     .build()?;
    /// # Ok::<(), fapi_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn helseid() -> Self {
        Self {
            name: text("helseid"),
            token_algorithms: Cow::Borrowed(&TOKEN_ALGORITHMS),
            proof_algorithms: Cow::Borrowed(&PROOF_ALGORITHMS),
            token_types: Cow::Borrowed(&TOKEN_TYPES),
            claim_rules: ClaimRules { subject_optional: true, ..ClaimRules::default() },
            single_audience: true,
            proof_max_age: PROOF_MAX_AGE,
            max_future: MAX_FUTURE,
            expiry_leeway: EXPIRY_LEEWAY,
            sender_constraint: SenderConstraint::Dpop,
            nonce_policy: NoncePolicy::Off,
            claims: ProfileClaims::HelseId,
            issuer: Some(text(PRODUCTION)),
            refused_issuers: Cow::Borrowed(&TEST_ISSUERS),
            ..Self::fapi2()
        }
    }

    /// HelseID, in its test environment: as [`Profile::helseid`], with the issuer `https://helseid-sts.test.nhn.no`.
    ///
    /// Anybody with access to that environment can have tokens made with any claims: not for real data.
    #[must_use]
    pub fn helseid_test() -> Self {
        Self {
            name: text("helseid-test"),
            issuer: Some(text(TEST)),
            refused_issuers: Cow::Borrowed(&[]),
            ..Self::helseid()
        }
    }
}
