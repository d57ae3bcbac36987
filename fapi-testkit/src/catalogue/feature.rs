//! In what APIs differ, by their profile and by the kind of binding they want. A case that is about such a difference says
//! where it belongs; where it does not, another one often takes its place.

use std::fmt;

use fapi_core::jose::Algorithm;
use fapi_core::{Deviation, InteractionIdPolicy, NoncePolicy, SenderConstraint};

use super::profile::{Profile, Terms};

/// Something that holds for some APIs and not for others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Feature {
    /// The profile is this one.
    Of(Profile),
    /// DPoP-bound tokens are accepted, with a proof.
    Proofs,
    /// Certificate-bound tokens are accepted.
    CertificateTokens,
    /// Tokens may be signed with this algorithm.
    TokenAlgorithm(Algorithm),
    /// Proofs may be signed with this algorithm.
    ProofAlgorithm(Algorithm),
    /// `typ` of a token may be `JWT`.
    JwtType,
    /// Tokens may have no `typ`.
    UntypedTokens,
    /// Tokens may have no `aud`.
    AudienceOptional,
    /// A token has this API as its only audience.
    SingleAudience,
    /// Tokens may have no `sub`.
    SubjectOptional,
    /// Every proof needs a nonce.
    NoncesRequired,
    /// Nonces are not in use.
    NoncesOff,
    /// Every answer to a proof has a nonce.
    NonceInEveryAnswer,
    /// The challenge of a 401 names the scope to ask for.
    ScopeInChallenges,
    /// An `x-fapi-interaction-id` of the request is in the answer.
    InteractionIdEchoed,
    /// An answer has an `x-fapi-interaction-id`, also where the request has none.
    InteractionIdMade,
    /// A request without `x-fapi-interaction-id` is refused.
    InteractionIdRequired,
}

impl Terms {
    /// Whether it holds for the API.
    #[must_use]
    pub fn have(&self, feature: Feature) -> bool {
        let rules = self.rules();
        let deviates = |deviation: Deviation| rules.deviations().any(|own| own == deviation);
        let interaction_id = rules.interaction_id();
        match feature {
            Feature::Of(profile) => self.profile() == profile,
            Feature::Proofs => self.sender_constraint() != SenderConstraint::Mtls,
            Feature::CertificateTokens => self.sender_constraint() != SenderConstraint::Dpop,
            Feature::TokenAlgorithm(algorithm) => rules.token_algorithms().contains(&algorithm),
            Feature::ProofAlgorithm(algorithm) => rules.proof_algorithms().contains(&algorithm),
            Feature::JwtType => rules.token_types().any(|typ| typ == "JWT"),
            Feature::UntypedTokens => deviates(Deviation::UntypedToken),
            Feature::AudienceOptional => rules.audience_optional(),
            Feature::SingleAudience => rules.single_audience(),
            Feature::SubjectOptional => deviates(Deviation::SubjectOptional),
            Feature::NoncesRequired => rules.nonce_policy() == NoncePolicy::Required,
            Feature::NoncesOff => rules.nonce_policy() == NoncePolicy::Off,
            Feature::NonceInEveryAnswer => rules.nonce_in_every_answer(),
            Feature::ScopeInChallenges => rules.challenges_name_scope(),
            Feature::InteractionIdEchoed => interaction_id != InteractionIdPolicy::Off,
            Feature::InteractionIdMade => {
                matches!(interaction_id, InteractionIdPolicy::Make | InteractionIdPolicy::Require)
            }
            Feature::InteractionIdRequired => interaction_id == InteractionIdPolicy::Require,
        }
    }
}

/// As the end of "where ..." and "unless ...".
impl fmt::Display for Feature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(profile) => write!(formatter, "the profile is {profile}"),
            Self::TokenAlgorithm(algorithm) => {
                write!(formatter, "tokens may be signed with {}", algorithm.name())
            }
            Self::ProofAlgorithm(algorithm) => {
                write!(formatter, "proofs may be signed with {}", algorithm.name())
            }
            Self::Proofs => formatter.write_str("DPoP-bound tokens are accepted"),
            Self::CertificateTokens => formatter.write_str("certificate-bound tokens are accepted"),
            Self::JwtType => formatter.write_str("typ of a token may be JWT"),
            Self::UntypedTokens => formatter.write_str("tokens may have no typ"),
            Self::AudienceOptional => formatter.write_str("tokens may have no aud"),
            Self::SingleAudience => formatter.write_str("a token is for this API only"),
            Self::SubjectOptional => formatter.write_str("tokens may have no sub"),
            Self::NoncesRequired => formatter.write_str("every proof needs a nonce"),
            Self::NoncesOff => formatter.write_str("nonces are not in use"),
            Self::NonceInEveryAnswer => formatter.write_str("every answer to a proof has a nonce"),
            Self::ScopeInChallenges => formatter.write_str("challenges name the scope to ask for"),
            Self::InteractionIdEchoed => formatter.write_str("answers repeat x-fapi-interaction-id"),
            Self::InteractionIdMade => formatter.write_str("every answer has an x-fapi-interaction-id"),
            Self::InteractionIdRequired => formatter.write_str("x-fapi-interaction-id is required"),
        }
    }
}
