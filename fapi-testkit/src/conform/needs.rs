//! What a run can do, and so which cases it can try: by what it was given, by what was said of the API, by what the API has
//! shown, and by the time that is left.

use std::time::Duration;

use super::options::Answers;
use super::runner::{PATIENCE, Runner};
use crate::catalogue::{Case, Feature, Need, Tokens};

/// How soon an API must have looked for new keys after an unknown one: half a minute, and a little for the fetch.
const ROTATION_LIMIT: Duration = Duration::from_secs(32);
/// How long a run may take for the sake of a rotation.
const MINUTE: Duration = Duration::from_secs(60);
/// RFC 9110 §9.2.1: methods that change nothing, and QUERY, which is one of them.
const SAFE_METHODS: [&str; 4] = ["GET", "HEAD", "OPTIONS", "QUERY"];

impl Runner<'_> {
    pub(super) fn skips(&self, case: &Case) -> Option<&'static str> {
        if self.started.elapsed() > self.options.time_limit {
            return Some("the time of the run is up");
        }
        case.needs.iter().find(|need| !self.can(**need)).map(|need| need.missing())
    }

    fn can(&self, need: Need) -> bool {
        let minted = matches!(self.setting.tokens, Tokens::Minted(_));
        match need {
            Need::Issuer => minted,
            Need::MoreTokens => {
                minted || matches!(&self.setting.tokens, Tokens::Given(tokens) if tokens.len() > 1)
            }
            Need::ScopeRoute => self.setting.scope_route.is_some(),
            Need::StepUpRoute => self.setting.step_up_route.is_some(),
            Need::MaxAge => self.setting.step_up_route.as_ref().is_some_and(|route| route.max_age.is_some()),
            Need::DetailsRoute => self.setting.details_route.is_some(),
            Need::Proofs => self.has(Feature::Proofs),
            Need::CertificateTokens => self.has(Feature::CertificateTokens),
            Need::Certificate => self.setting.certificate.is_some(),
            Need::Nonces => self.nonce.is_some(),
            Need::NoncesRequired => self.options.nonces_required || self.has(Feature::NoncesRequired),
            Need::Metadata => self.has_metadata,
            Need::ServedIssuer => self.issuer_is_served(),
            Need::OtherPaths => {
                self.options.other_methods || SAFE_METHODS.contains(&self.options.method.as_str())
            }
            Need::OtherMethods => self.options.other_methods,
            // The run has waited for it.
            Need::Uptime => true,
            Need::Rotation => self.has_time_for_rotation(),
            Need::OpaqueTokens => self.options.opaque_tokens.is_some() && self.issuer_is_served(),
            Need::SignedIntrospection => {
                self.options.opaque_tokens == Some(Answers::Signed) && self.issuer_is_served()
            }
            Need::IntrospectedJwts => self.options.introspected_jwts && self.issuer_is_served(),
            Need::StatusLists => self.options.status_lists && self.issuer_is_served(),
            Need::SecurityEvents => self.options.security_events.is_some() && minted,
            Need::RevocationTime => self.has_time_for_revocation(),
            Need::Network => self.target.is_network(),
        }
    }

    pub(super) fn has(&self, feature: Feature) -> bool {
        self.setting.terms.have(feature)
    }

    fn issuer_is_served(&self) -> bool {
        self.setting.key_fetches().is_some()
    }

    /// How long an API may take to learn of a revocation, and a little for the last request.
    pub(super) fn revocation_limit(&self) -> Duration {
        self.options.revocation_limit.saturating_add(PATIENCE)
    }

    fn has_time_for_revocation(&self) -> bool {
        self.started.elapsed().saturating_add(self.revocation_limit()) < self.options.time_limit
    }

    /// How long an API may take to learn of a new key.
    pub(super) fn rotation_limit(&self) -> Duration {
        ROTATION_LIMIT.min(self.options.ready_limit)
    }

    /// Whether the API will have looked for new keys before the run has taken a minute, or all its time where cases were
    /// chosen: nobody chooses what is to be passed over.
    fn has_time_for_rotation(&self) -> bool {
        let wait = self.rotation_limit().saturating_sub(self.fetched.elapsed());
        let end = self.started.elapsed().saturating_add(wait);
        let limit = self.options.time_limit;
        let limit = if self.options.only.is_empty() { MINUTE.min(limit) } else { limit };
        self.setting.key_fetches().is_some() && end < limit
    }
}
