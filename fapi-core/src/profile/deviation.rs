//! Where a profile accepts what FAPI 2.0 does not (SP 5.1.2, R20).
//!
//! Found by comparison with the strict profile, not declared: a profile cannot be relaxed without its deviations being
//! known, named and logged at start. What a profile asks for beyond FAPI 2.0 is no deviation.

use std::borrow::Cow;
use std::fmt;

use super::{FAPI2_ALGORITHMS, FAPI2_TOKEN_TYPES, Profile};
use crate::jose::Algorithm;

/// One thing that a profile accepts and FAPI 2.0 does not. `Display` says it in a sentence, with the clause.
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
fn others(algorithms: &[Algorithm]) -> Option<Vec<Algorithm>> {
    let others: Vec<_> =
        algorithms.iter().copied().filter(|algorithm| !FAPI2_ALGORITHMS.contains(algorithm)).collect();
    (!others.is_empty()).then_some(others)
}

fn names(algorithms: &[Algorithm]) -> String {
    algorithms.iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>().join(", ")
}
