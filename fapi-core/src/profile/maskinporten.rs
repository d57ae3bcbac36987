//! Maskinporten, through which Norwegian organisations call each other's APIs, machine to machine.
//!
//! Source: Digdir's documentation (`/token` endpoint, guide for API providers, audience-restricted tokens).

use std::borrow::Cow;

use super::{Profile, text};
use crate::jose::Algorithm;
use crate::token::claims::ClaimRules;

const PRODUCTION: &str = "https://maskinporten.no/";
const TEST: &str = "https://test.maskinporten.no/";
/// P40
static TEST_ISSUERS: [Cow<'static, str>; 2] = [text(TEST), text("https://ver2.maskinporten.no/")];
const TOKEN_ALGORITHMS: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512];
/// The documented header has `kid` and `alg` only; other types are accepted in case one is added.
static TOKEN_TYPES: [Cow<'static, str>; 2] = [text("at+jwt"), text("JWT")];

impl Profile {
    /// Maskinporten, in production.
    ///
    /// | | FAPI 2.0 | Maskinporten | source |
    /// |---|---|---|---|
    /// | algorithms of tokens | ES256, PS256, Ed25519 | RS256, RS384, RS512 | `/token` endpoint |
    /// | `typ` of tokens | `at+jwt` | none promised | `/token` endpoint |
    /// | `aud` | required | only in audience-restricted tokens | audience-restricted tokens |
    /// | `sub` | required | absent: the organisation is in `consumer` | `/token` endpoint |
    /// | issuer | – | `https://maskinporten.no/` | guide for API providers |
    ///
    /// The issuers of the test environments are refused (P40).
    ///
    /// **A token must be bound to a key all the same**, as everywhere here. Maskinporten's documentation, as read, describes
    /// bearer tokens only; whether and how it issues bound ones (`cnf`) is not established. Its bearer tokens are refused.
    ///
    /// Without an `aud` a token is told from those for other APIs by its scope alone, which has the API's own prefix: put
    /// [`Requirement::scope`](crate::Requirement::scope) on every route. Better, have Maskinporten restrict the scope to an
    /// audience, and set [`Profile::with_audience_optional`] to `false`.
    #[must_use]
    pub fn maskinporten() -> Self {
        Self {
            name: text("maskinporten"),
            token_algorithms: Cow::Borrowed(&TOKEN_ALGORITHMS),
            token_types: Cow::Borrowed(&TOKEN_TYPES),
            untyped_tokens: true,
            claim_rules: ClaimRules {
                subject_optional: true,
                audience_optional: true,
                ..ClaimRules::default()
            },
            issuer: Some(text(PRODUCTION)),
            refused_issuers: Cow::Borrowed(&TEST_ISSUERS),
            ..Self::fapi2()
        }
    }

    /// Maskinporten, in its test environment: as [`Profile::maskinporten`], with the issuer `https://test.maskinporten.no/`.
    #[must_use]
    pub fn maskinporten_test() -> Self {
        Self {
            name: text("maskinporten-test"),
            issuer: Some(text(TEST)),
            refused_issuers: Cow::Borrowed(&[]),
            ..Self::maskinporten()
        }
    }
}
