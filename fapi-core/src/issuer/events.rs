//! What the operator is told of an issuer's keys: one event for each fetch, with stable fields.
//!
//! URLs and paths of the configuration may show here, and never in an answer; nothing of a key or of a token does.

use std::sync::Arc;

use super::LOG_TARGET;
use super::discovery::FetchError;
use super::keys::{IssuerKeys, Loaded};
use crate::clock::UnixTime;

impl IssuerKeys {
    pub(super) fn report_success(&self, loaded: &Loaded, recovering: bool) {
        let (issuer, keys) = (&*self.configured, loaded.keys.len());
        let unchanged =
            self.loaded.load().as_deref().is_some_and(|before| Arc::ptr_eq(&before.keys, &loaded.keys));
        if keys == 0 {
            tracing::warn!(target: LOG_TARGET, issuer, outcome = "empty", keys, "the issuer publishes no key that can be used; its tokens are refused");
        } else if recovering {
            tracing::info!(target: LOG_TARGET, issuer, outcome = "recovered", keys, "the issuer's keys can be loaded again");
        } else if unchanged {
            tracing::debug!(target: LOG_TARGET, issuer, outcome = "unchanged", keys, "the issuer's keys are unchanged");
        } else {
            tracing::info!(target: LOG_TARGET, issuer, outcome = "loaded", keys, "loaded the issuer's keys");
        }
    }

    /// Strict clients compare the metadata of this API with that of the issuer (RFC 9728 §3.3, RFC 8414 §3.3).
    pub(super) fn report_other_spelling(&self, stated: &str) {
        let issuer = &*self.configured;
        tracing::warn!(target: LOG_TARGET, issuer, stated, "the issuer is configured with another spelling than its own, which this API's metadata passes on and strict clients refuse; configure it exactly as stated");
    }

    pub(super) fn report_failure(&self, error: &FetchError, now: UnixTime) {
        let issuer = &*self.configured;
        let in_use = self.last_good(now);
        let keys = in_use.as_ref().map_or(0, |loaded| loaded.keys.len());
        if in_use.is_some() {
            tracing::warn!(target: LOG_TARGET, issuer, outcome = "failed", keys, %error, "cannot load the issuer's keys; the last good ones stay in use");
        } else {
            tracing::warn!(target: LOG_TARGET, issuer, outcome = "failed", keys, %error, "cannot load the issuer's keys; its tokens are answered with 503 until that succeeds");
        }
    }
}
