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
/// assert!(Profile::helseid().deviations().any(|it| it == Deviation::TokenAlgorithm(Algorithm::Rs256)));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Deviation {
    /// SP 5.4.1-1 (R7): another algorithm for access tokens.
    TokenAlgorithm(Algorithm),
    /// SP 5.4.1-1 (R7): another algorithm for DPoP proofs.
    ProofAlgorithm(Algorithm),
    /// RFC 9068 §4 (R90): another `typ` of access tokens.
    TokenType(Cow<'static, str>),
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
    /// A stable name for metrics and log search, such as `token_algorithm`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TokenAlgorithm(_) => "token_algorithm",
            Self::ProofAlgorithm(_) => "proof_algorithm",
            Self::TokenType(_) => "token_type",
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
            Self::TokenAlgorithm(algorithm) => write!(
                formatter,
                "access tokens may be signed with {algorithm}, which FAPI 2.0 does not permit (SP 5.4.1-1)"
            ),
            Self::ProofAlgorithm(algorithm) => write!(
                formatter,
                "DPoP proofs may be signed with {algorithm}, which FAPI 2.0 does not permit (SP 5.4.1-1)"
            ),
            Self::TokenType(typ) => write!(
                formatter,
                "access tokens may have the typ {typ:?}, by which they cannot be told from other JWTs of the issuer (RFC 9068 §4)"
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
        let unknown = |algorithm: &&Algorithm| !FAPI2_ALGORITHMS.contains(algorithm);
        let of_tokens = self.token_algorithms.iter().filter(unknown).copied().map(Deviation::TokenAlgorithm);
        let of_proofs = self.proof_algorithms.iter().filter(unknown).copied().map(Deviation::ProofAlgorithm);
        let types = self.token_types.iter().filter(|typ| !FAPI2_TOKEN_TYPES.contains(typ));
        let rules = self.claim_rules;
        let optional = [
            (self.untyped_tokens, Deviation::UntypedToken),
            (rules.audience_optional, Deviation::AudienceOptional),
            (rules.subject_optional, Deviation::SubjectOptional),
            (rules.token_id_optional, Deviation::TokenIdOptional),
            (rules.issued_at_optional, Deviation::IssuedAtOptional),
        ];
        of_tokens
            .chain(of_proofs)
            .chain(types.cloned().map(Deviation::TokenType))
            .chain(optional.into_iter().filter_map(|(holds, deviation)| holds.then_some(deviation)))
    }
}
