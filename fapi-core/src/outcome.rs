//! One `tracing` event for each decision, with stable field names, for operators and log search.
//!
//! Target `fapi_core::outcome`. Fields: `outcome` (`accepted`, or [`Error::code`](crate::Error::code)), `status`,
//! `binding`, `interaction_id` if the answer has one, and, once the token is verified, `client_id`, `issuer` and `kid`.
//! Never a token, a proof, a path or a person (R21, R22, pitfalls P38 and P44).

use crate::confirmation::Binding;
use crate::rejection::Rejection;
use crate::token::TokenFacts;

/// The target of all outcome events.
const TARGET: &str = "fapi_core::outcome";

/// Who was decided about. Taken from a verified token only: nothing that a stranger chose is logged.
#[derive(Clone, Copy)]
pub(crate) struct Who<'a> {
    client_id: &'a str,
    issuer: &'a str,
    kid: Option<&'a str>,
}

impl<'a> Who<'a> {
    pub(crate) fn of(facts: &'a TokenFacts) -> Self {
        Self { client_id: facts.client_id.as_str(), issuer: &facts.issuer, kid: facts.key_id.as_deref() }
    }
}

pub(crate) fn accepted(who: Option<Who<'_>>, binding: Binding, interaction_id: Option<&str>) {
    tracing::debug!(
        target: TARGET,
        outcome = "accepted",
        binding = binding.name(),
        client_id = who.map(|who| who.client_id),
        issuer = who.map(|who| who.issuer),
        kid = who.and_then(|who| who.kid),
        interaction_id,
        "request accepted"
    );
}

pub(crate) fn refused(who: Option<Who<'_>>, rejection: &Rejection) {
    let (outcome, status, error) = (rejection.error().code(), rejection.status(), rejection.error());
    let (client_id, issuer) = (who.map(|who| who.client_id), who.map(|who| who.issuer));
    let (kid, interaction_id) = (who.and_then(|who| who.kid), rejection.interaction_id());
    if status >= 500 {
        // The operator's to mend, not the client's.
        tracing::error!(
            target: TARGET,
            outcome, status, client_id, issuer, kid, interaction_id,
            "request not checked: {error}"
        );
    } else {
        tracing::info!(
            target: TARGET,
            outcome, status, client_id, issuer, kid, interaction_id,
            "request refused: {error}"
        );
    }
}
