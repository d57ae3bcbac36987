//! Where a profile accepts what FAPI 2.0 does not (SP 5.1.2, R20).
//!
//! Found by comparison with the strict profile, not declared: a profile cannot be relaxed without its deviations being
//! known, named and logged at start. What a profile asks for beyond FAPI 2.0 is no deviation. The deviations of other
//! settings have their names here too; they are found in `deviations.rs`.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::{FAPI2_ALGORITHMS, FAPI2_TOKEN_TYPES, Profile};
use crate::jose::Algorithm;

/// One thing that a profile, or another setting, accepts and FAPI 2.0 does not. `Display` says it in a sentence, with the clause.
///
/// ```
/// use fapi_core::{Deviation, Profile, jose::Algorithm};
///
/// assert_eq!(Profile::fapi2().deviations().next(), None);
/// let deviation = Profile::maskinporten().deviations().next();
/// assert_eq!(
///     deviation,
///     Some(Deviation::TokenAlgorithms(vec![Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512]))
/// );
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Deviation {
    /// SP 5.4.1-1 (R7): other algorithms for access tokens.
    TokenAlgorithms(Vec<Algorithm>),
    /// SP 5.4.1-1 (R7): other algorithms for DPoP proofs.
    ProofAlgorithms(Vec<Algorithm>),
    /// RFC 9068 §4 (R90): other values of `typ` of access tokens.
    TokenTypes(Vec<Cow<'static, str>>),
    /// RFC 9068 §4 (R90): access tokens without `typ`.
    UntypedToken,
    /// RFC 9068 §2.2, RFC 9700 §2.3 (R23, R92): access tokens without `aud`.
    AudienceOptional,
    /// RFC 9068 §2.2 (R96): access tokens without `sub`.
    SubjectOptional,
    /// RFC 9068 §2.2 (R96): access tokens without `jti`.
    TokenIdOptional,
    /// RFC 9068 §2.2 (R96): access tokens without `iat`.
    IssuedAtOptional,
    /// RFC 9700 §2.3 (R23, R126): this issuer's introspection answers need not name an audience.
    IntrospectionWithoutAudience(String),
    /// SP 5.3.4-3 (R4): nothing tells of revoked JWTs; they are accepted until they expire, this long at most.
    RevocationUnknown(Duration),
    /// RFC 6750 §5.3 (R67): such tokens may live for this long, which is more than an hour.
    LongLivedToken(Duration),
    /// SP 5.4.1-1 (R7, R164): other algorithms for the security events of this transmitter.
    SecurityEventAlgorithms(String, Vec<Algorithm>),
    /// SP 5.2.1 (R12): issuers on this machine may be asked without TLS.
    InsecureLoopback,
    /// SP 5.2.1 (R12): clients reach this API without TLS.
    InsecurePublicUrl,
}

impl Deviation {
    /// A stable name for metrics and log search, such as `token_algorithms`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TokenAlgorithms(_) => "token_algorithms",
            Self::ProofAlgorithms(_) => "proof_algorithms",
            Self::TokenTypes(_) => "token_types",
            Self::UntypedToken => "untyped_token",
            Self::AudienceOptional => "audience_optional",
            Self::SubjectOptional => "subject_optional",
            Self::TokenIdOptional => "token_id_optional",
            Self::IssuedAtOptional => "issued_at_optional",
            Self::IntrospectionWithoutAudience(_) => "introspection_without_audience",
            Self::RevocationUnknown(_) => "revocation_unknown",
            Self::LongLivedToken(_) => "long_lived_token",
            Self::SecurityEventAlgorithms(..) => "security_event_algorithms",
            Self::InsecureLoopback => "insecure_loopback",
            Self::InsecurePublicUrl => "insecure_public_url",
        }
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TokenAlgorithms(algorithms) => write!(
                formatter,
                "access tokens may be signed with {}, which FAPI 2.0 does not permit (SP 5.4.1-1)",
                names(algorithms)
            ),
            Self::ProofAlgorithms(algorithms) => write!(
                formatter,
                "DPoP proofs may be signed with {}, which FAPI 2.0 does not permit (SP 5.4.1-1)",
                names(algorithms)
            ),
            Self::TokenTypes(types) => write!(
                formatter,
                "access tokens may have the typ {}, by which they cannot be told from other JWTs of the issuer (RFC 9068 §4)",
                types.join(" or ")
            ),
            Self::UntypedToken => formatter.write_str(
                "access tokens may have no typ, so that they cannot be told from other JWTs of the issuer (RFC 9068 §4)",
            ),
            Self::AudienceOptional => formatter.write_str(
                "access tokens may have no aud: any API of the issuer may be meant, so every route must ask for a scope of its own (RFC 9700 §2.3)",
            ),
            Self::SubjectOptional => formatter
                .write_str("access tokens may have no sub, which then is the client (RFC 9068 §2.2)"),
            Self::TokenIdOptional => formatter.write_str("access tokens may have no jti (RFC 9068 §2.2)"),
            Self::IssuedAtOptional => formatter.write_str("access tokens may have no iat (RFC 9068 §2.2)"),
            Self::IntrospectionWithoutAudience(issuer) => write!(
                formatter,
                "introspection answers of {issuer} may have no aud: tokens for its other APIs count here (RFC 9700 §2.3)"
            ),
            Self::RevocationUnknown(most) => write!(
                formatter,
                "nothing tells of revoked JWT access tokens: they are accepted until they expire, for {} s at most (SP 5.3.4-3)",
                most.as_secs()
            ),
            Self::LongLivedToken(most) => write!(
                formatter,
                "access tokens may live for {} s, while one hour is the most that is called short-lived (RFC 6750 §5.3)",
                most.as_secs()
            ),
            Self::SecurityEventAlgorithms(transmitter, algorithms) => write!(
                formatter,
                "security events of {transmitter} may be signed with {}, which FAPI 2.0 does not permit (SP 5.4.1-1)",
                names(algorithms)
            ),
            Self::InsecureLoopback => {
                formatter.write_str("issuers on this machine may be asked without TLS (SP 5.2.1)")
            }
            Self::InsecurePublicUrl => {
                formatter.write_str("the public URL is http: there is no TLS between the clients and it (SP 5.2.1)")
            }
        }
    }
}

impl Profile {
    /// Where this profile accepts what FAPI 2.0 does not. Each is logged as a warning when a server is built.
    pub fn deviations(&self) -> impl Iterator<Item = Deviation> {
        let types: Vec<_> =
            self.token_types.iter().filter(|typ| !FAPI2_TOKEN_TYPES.contains(typ)).cloned().collect();
        let rules = self.claim_rules;
        [
            others(&self.token_algorithms).map(Deviation::TokenAlgorithms),
            others(&self.proof_algorithms).map(Deviation::ProofAlgorithms),
            (!types.is_empty()).then_some(Deviation::TokenTypes(types)),
            self.untyped_tokens.then_some(Deviation::UntypedToken),
            rules.audience_optional.then_some(Deviation::AudienceOptional),
            rules.subject_optional.then_some(Deviation::SubjectOptional),
            rules.token_id_optional.then_some(Deviation::TokenIdOptional),
            rules.issued_at_optional.then_some(Deviation::IssuedAtOptional),
        ]
        .into_iter()
        .flatten()
    }
}

/// The algorithms that FAPI 2.0 does not permit, if there are any.
pub(crate) fn others(algorithms: &[Algorithm]) -> Option<Vec<Algorithm>> {
    let others: Vec<_> =
        algorithms.iter().copied().filter(|algorithm| !FAPI2_ALGORITHMS.contains(algorithm)).collect();
    (!others.is_empty()).then_some(others)
}

fn names(algorithms: &[Algorithm]) -> String {
    algorithms.iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>().join(", ")
}
