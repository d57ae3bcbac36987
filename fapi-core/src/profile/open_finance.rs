//! Open finance in Brazil, Australia and the United Kingdom: FAPI 1.0 Advanced with mutual TLS.
//!
//! Sources: the security profile of Open Finance Brasil (Implementer's Draft 3), the Consumer Data Standards of Australia,
//! the Open Banking security profile of the United Kingdom, and what the OpenID Foundation's conformance suite checks for
//! each. What they ask of the resource server's answers beyond `x-fapi-interaction-id` is the application's.

use std::borrow::Cow;
use std::time::Duration;

use super::{Profile, text};
use crate::confirmation::SenderConstraint;
use crate::interaction_id::InteractionIdPolicy;
use crate::jose::Algorithm;
use crate::token::claims::ClaimRules;

const PS256: [Algorithm; 1] = [Algorithm::Ps256];
const PS256_OR_ES256: [Algorithm; 2] = [Algorithm::Ps256, Algorithm::Es256];
/// FAPI 1.0 is older than RFC 9068 and leaves the form of access tokens open.
static TOKEN_TYPES: [Cow<'static, str>; 2] = [text("at+jwt"), text("JWT")];

impl Profile {
    /// Open Finance Brasil.
    ///
    /// | | FAPI 2.0 | Open Finance Brasil | source |
    /// |---|---|---|---|
    /// | algorithms of tokens | ES256, PS256, Ed25519 | PS256 | security profile, item 23 |
    /// | binding | DPoP or mutual TLS | mutual TLS, scheme `Bearer` | FAPI 1.0 Advanced §5.2.2 |
    /// | `typ` of tokens | `at+jwt` | `at+jwt` or `JWT` | not established |
    /// | `sub` | required | absent where no user took part | not established |
    /// | lifetime of tokens (not enforced by itself) | short | 300 to 900 s | security profile, item 13 |
    /// | `x-fapi-interaction-id` | optional | required | security profile |
    ///
    /// Pass [`max_token_lifetime`](Self::max_token_lifetime), 900 s, to
    /// [`Revocation::max_token_lifetime`](crate::Revocation::max_token_lifetime). That a token lives for 300 s is for the
    /// authorization server.
    ///
    /// Not covered: signed bodies of payments, idempotency keys, the state of a consent.
    #[must_use]
    pub fn open_finance_brazil() -> Self {
        Self {
            name: text("open-finance-brazil"),
            max_token_lifetime: Some(Duration::from_secs(900)),
            interaction_id: InteractionIdPolicy::Require,
            ..mutual_tls(&PS256)
        }
    }

    /// The Consumer Data Right of Australia.
    ///
    /// | | FAPI 2.0 | Consumer Data Right | source |
    /// |---|---|---|---|
    /// | algorithms of tokens | ES256, PS256, Ed25519 | PS256, ES256 | Consumer Data Standards, security profile |
    /// | binding | DPoP or mutual TLS | mutual TLS, scheme `Bearer` | FAPI 1.0 Advanced §5.2.2 |
    /// | `typ` of tokens | `at+jwt` | `at+jwt` or `JWT` | not established |
    /// | `sub` | required | absent where no user took part | not established |
    /// | `x-fapi-interaction-id` | optional | in every answer | conformance suite |
    ///
    /// Not covered: `x-v` and its 406, `x-fapi-auth-date`, `x-fapi-customer-ip-address`, `x-cds-client-headers`, errors in the form `urn:au-cds:error:…`.
    #[must_use]
    pub fn cdr_au() -> Self {
        Self { name: text("cdr-au"), ..mutual_tls(&PS256_OR_ES256) }
    }

    /// Open Banking in the United Kingdom.
    ///
    /// | | FAPI 2.0 | UK Open Banking | source |
    /// |---|---|---|---|
    /// | algorithms of tokens | ES256, PS256, Ed25519 | PS256 | conformance suite |
    /// | binding | DPoP or mutual TLS | mutual TLS, scheme `Bearer` | FAPI 1.0 Advanced §5.2.2 |
    /// | `typ` of tokens | `at+jwt` | `at+jwt` or `JWT` | not established |
    /// | `sub` | required | absent where no user took part | not established |
    /// | `x-fapi-interaction-id` | optional | played back, or made | FAPI 1.0 Baseline §6.2.1 |
    ///
    /// Not covered: `x-fapi-auth-date`, `x-fapi-customer-ip-address`, `x-idempotency-key`, `x-jws-signature`.
    #[must_use]
    pub fn uk_open_banking() -> Self {
        Self { name: text("uk-open-banking"), ..mutual_tls(&PS256) }
    }
}

fn mutual_tls(algorithms: &'static [Algorithm]) -> Profile {
    Profile {
        token_algorithms: Cow::Borrowed(algorithms),
        proof_algorithms: Cow::Borrowed(algorithms),
        token_types: Cow::Borrowed(&TOKEN_TYPES),
        claim_rules: ClaimRules { subject_optional: true, ..ClaimRules::default() },
        sender_constraint: SenderConstraint::Mtls,
        // FAPI 1.0 Baseline §6.2.1-11: the request's, or a new one.
        interaction_id: InteractionIdPolicy::Make,
        ..Profile::fapi2()
    }
}
