//! The profiles whose expectations differ: the presets of `fapi_core::Profile`, which say what a conforming API accepts.
//!
//! What a preset says stands there and not here a second time; [`Terms`] asks it. A test environment has the expectations
//! of its production.

use std::fmt;
use std::str::FromStr;

use fapi_core::jose::Algorithm;
use fapi_core::{Binding, SenderConstraint};
use serde::{Deserialize, Serialize};

/// What the API under test says it conforms to.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Profile {
    /// FAPI 2.0 Security Profile Final.
    #[default]
    Fapi2,
    /// HelseID, the Norwegian health sector: RS256 tokens and proofs, `typ` `JWT`, scopes as an array.
    #[serde(alias = "helseid-test")]
    Helseid,
    /// Maskinporten, Norwegian organisations: RS256 tokens without `typ`, `aud` and `sub`.
    #[serde(alias = "maskinporten-test")]
    Maskinporten,
    /// Open Finance Brasil: PS256 tokens that are bound to certificates, `x-fapi-interaction-id` required.
    OpenFinanceBrazil,
    /// The Consumer Data Right of Australia: PS256 and ES256 tokens that are bound to certificates.
    CdrAu,
    /// Open Banking in the United Kingdom: PS256 tokens that are bound to certificates.
    UkOpenBanking,
    /// The AT Protocol: a nonce in every proof, and one with every answer to a proof.
    Atproto,
    /// The Model Context Protocol: challenges that say where the metadata is and which scope to ask for.
    Mcp,
}

/// There is no profile of this name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotAProfile;

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 8] = [
        Self::Fapi2,
        Self::Helseid,
        Self::Maskinporten,
        Self::OpenFinanceBrazil,
        Self::CdrAu,
        Self::UkOpenBanking,
        Self::Atproto,
        Self::Mcp,
    ];

    /// The name, as [`fapi_core::Profile`] has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fapi2 => "fapi2",
            Self::Helseid => "helseid",
            Self::Maskinporten => "maskinporten",
            Self::OpenFinanceBrazil => "open-finance-brazil",
            Self::CdrAu => "cdr-au",
            Self::UkOpenBanking => "uk-open-banking",
            Self::Atproto => "atproto",
            Self::Mcp => "mcp",
        }
    }

    /// The name, written out.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Fapi2 => "FAPI 2.0 Security Profile",
            Self::Helseid => "HelseID",
            Self::Maskinporten => "Maskinporten",
            Self::OpenFinanceBrazil => "Open Finance Brasil",
            Self::CdrAu => "Consumer Data Right, Australia",
            Self::UkOpenBanking => "UK Open Banking",
            Self::Atproto => "AT Protocol",
            Self::Mcp => "Model Context Protocol",
        }
    }

    /// What a conforming API accepts.
    #[must_use]
    pub fn rules(self) -> fapi_core::Profile {
        match self {
            Self::Fapi2 => fapi_core::Profile::fapi2(),
            Self::Helseid => fapi_core::Profile::helseid(),
            Self::Maskinporten => fapi_core::Profile::maskinporten(),
            Self::OpenFinanceBrazil => fapi_core::Profile::open_finance_brazil(),
            Self::CdrAu => fapi_core::Profile::cdr_au(),
            Self::UkOpenBanking => fapi_core::Profile::uk_open_banking(),
            Self::Atproto => fapi_core::Profile::atproto(),
            Self::Mcp => fapi_core::Profile::mcp(),
        }
    }

    /// The algorithm with which the issuers of this profile sign.
    #[must_use]
    pub fn token_algorithm(self) -> Algorithm {
        self.rules().token_algorithms().first().copied().unwrap_or(Algorithm::Es256)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// By name; that of a test environment is another one of the same profile.
impl FromStr for Profile {
    type Err = NotAProfile;

    fn from_str(name: &str) -> Result<Self, NotAProfile> {
        let preset: fapi_core::Profile = name.parse().map_err(|_| NotAProfile)?;
        let name = preset.name().trim_end_matches("-test");
        Self::ALL.into_iter().find(|profile| profile.name() == name).ok_or(NotAProfile)
    }
}

impl fmt::Display for NotAProfile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::names().join(", ");
        write!(formatter, "it must be one of {names}")
    }
}

impl NotAProfile {
    fn names() -> [&'static str; Profile::ALL.len()] {
        Profile::ALL.map(Profile::name)
    }
}

impl std::error::Error for NotAProfile {}

/// What an API says of itself: its profile, and to what it wants tokens to be bound.
#[derive(Clone, Debug)]
pub struct Terms {
    profile: Profile,
    rules: fapi_core::Profile,
    sender_constraint: SenderConstraint,
}

impl Terms {
    /// The terms of a profile, whose kind of binding may be narrowed.
    #[must_use]
    pub fn new(profile: Profile, sender_constraint: Option<SenderConstraint>) -> Self {
        let rules = profile.rules();
        let sender_constraint = sender_constraint.unwrap_or(rules.sender_constraint());
        Self { profile, rules, sender_constraint }
    }

    /// How the valid request, from which cases start, shows that its token is the client's: by a proof wherever proofs
    /// are accepted.
    #[must_use]
    pub const fn binding(&self) -> Binding {
        match self.sender_constraint {
            SenderConstraint::Mtls => Binding::Mtls,
            _ => Binding::Dpop,
        }
    }

    pub(super) const fn profile(&self) -> Profile {
        self.profile
    }

    pub(super) const fn rules(&self) -> &fapi_core::Profile {
        &self.rules
    }

    pub(super) const fn sender_constraint(&self) -> SenderConstraint {
        self.sender_constraint
    }
}
