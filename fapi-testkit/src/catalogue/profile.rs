//! The profiles whose expectations differ: which algorithms, types and audiences a conforming API accepts.

use std::fmt;

use fapi_core::jose::Algorithm;
use serde::Serialize;

/// What the API under test says it conforms to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Profile {
    /// FAPI 2.0 Security Profile Final.
    #[default]
    Fapi2,
    /// HelseID, the Norwegian health sector: RS256 tokens and proofs, `typ` `JWT`, scopes as an array.
    Helseid,
}

impl Profile {
    /// The name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fapi2 => "fapi2",
            Self::Helseid => "helseid",
        }
    }

    /// The algorithm with which the issuers of this profile sign.
    #[must_use]
    pub const fn token_algorithm(self) -> Algorithm {
        match self {
            Self::Fapi2 => Algorithm::Es256,
            Self::Helseid => Algorithm::Rs256,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}
