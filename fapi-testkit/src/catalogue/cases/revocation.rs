//! Tokens that the issuer has revoked, of which the API learns by asking it: R4, R125, P47.

use super::rules::REVOKED;
use crate::catalogue::case::Case;
use crate::catalogue::expectation::{ACCEPTED, TOKEN_REFUSED};
use crate::catalogue::group::Group::Revocation as R;
use crate::catalogue::group::Need::{IntrospectedJwts, OpaqueTokens};
use crate::catalogue::group::Severity::{Critical, High};
use crate::catalogue::scene::Scene;

pub(super) fn cases() -> Vec<Case> {
    vec![
        R.attack(
            "opaque-revoked",
            High,
            "an opaque token that is revoked after its first use",
            REVOKED.at("R4 R125 P47"),
            ACCEPTED,
            |s| s.with_opaque(|t| t),
        )
        .then(TOKEN_REFUSED, Scene::revoked)
        .until_refused()
        .needs(OpaqueTokens),
        R.accept(
            "opaque-revoked-other",
            High,
            "an opaque token, after another one of the client was revoked",
            REVOKED.at("R4"),
            |s| s.with_opaque(|t| t),
        )
        .then(ACCEPTED, |s| {
            let issuer = s.issuer().issuer();
            issuer.revoke(&s.mint().opaque());
            s.same_token()
        })
        .needs(OpaqueTokens),
        R.attack(
            "jwt-inactive",
            Critical,
            "a JWT that was revoked before its first use",
            REVOKED.at("R4 R123"),
            TOKEN_REFUSED,
            |s| {
                let token = s.mint().sign();
                s.issuer().issuer().revoke(&token);
                s.with_token_text(&token)
            },
        )
        .needs(IntrospectedJwts),
        R.attack(
            "jwt-revoked",
            High,
            "a JWT that is revoked after its first use",
            REVOKED.at("R4 R125"),
            ACCEPTED,
            |s| s.with_token(|t| t),
        )
        .then(TOKEN_REFUSED, Scene::revoked)
        .until_refused()
        .needs(IntrospectedJwts),
    ]
}
