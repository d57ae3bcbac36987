//! What each profile says, written down a second time and by hand: if it stood in `fapi-core` only, a mistake there would
//! look right from both sides.

use fapi_testkit::catalogue::Profile;

/// What is accepted, and what is owed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Of tokens, that of the issuer's own key first.
    pub(super) token_algorithms: &'static [&'static str],
    pub(super) proof_algorithms: &'static [&'static str],
    /// Whether `typ` of a token may be `JWT`.
    pub(super) jwt_type: bool,
    pub(super) untyped: bool,
    pub(super) audience_optional: bool,
    pub(super) single_audience: bool,
    pub(super) subject_optional: bool,
    /// Whether tokens may be bound to keys.
    pub(super) proofs: bool,
    /// Whether tokens may be bound to certificates.
    pub(super) certificates: bool,
    pub(super) nonces: bool,
    /// Whether challenges say which scope to ask for, and where the metadata is.
    pub(super) challenges_help: bool,
    /// Whether an answer has an `x-fapi-interaction-id` even if the request has none.
    pub(super) interaction_id_made: bool,
    pub(super) interaction_id_required: bool,
}

const FAPI2_ALGORITHMS: &[&str] = &["ES256", "PS256", "EdDSA", "Ed25519"];
const HELSEID_ALGORITHMS: &[&str] =
    &["RS256", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS384", "RS512"];

const FAPI2: Rules = Rules {
    token_algorithms: FAPI2_ALGORITHMS,
    proof_algorithms: FAPI2_ALGORITHMS,
    jwt_type: false,
    untyped: false,
    audience_optional: false,
    single_audience: false,
    subject_optional: false,
    proofs: true,
    certificates: true,
    nonces: false,
    challenges_help: false,
    interaction_id_made: false,
    interaction_id_required: false,
};

/// FAPI 1.0 Advanced with certificates.
const OPEN_FINANCE: Rules = Rules {
    token_algorithms: &["PS256"],
    jwt_type: true,
    subject_optional: true,
    proofs: false,
    interaction_id_made: true,
    ..FAPI2
};

impl Rules {
    pub(super) const fn of(profile: Profile) -> Self {
        match profile {
            Profile::Helseid => Self {
                // Those of HelseID's keys; the other two RSA algorithms are for proofs.
                token_algorithms: HELSEID_ALGORITHMS.split_at(7).0,
                proof_algorithms: HELSEID_ALGORITHMS,
                jwt_type: true,
                single_audience: true,
                subject_optional: true,
                certificates: false,
                ..FAPI2
            },
            Profile::Maskinporten => Self {
                token_algorithms: &["RS256", "RS384", "RS512"],
                jwt_type: true,
                untyped: true,
                audience_optional: true,
                subject_optional: true,
                ..FAPI2
            },
            Profile::OpenFinanceBrazil => Self { interaction_id_required: true, ..OPEN_FINANCE },
            Profile::CdrAu => Self { token_algorithms: &["PS256", "ES256"], ..OPEN_FINANCE },
            Profile::UkOpenBanking => OPEN_FINANCE,
            Profile::Atproto => Self { certificates: false, nonces: true, ..FAPI2 },
            Profile::Mcp => Self { challenges_help: true, ..FAPI2 },
            _ => FAPI2,
        }
    }
}
