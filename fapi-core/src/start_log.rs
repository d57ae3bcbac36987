//! What is logged when a server is built: what it goes by, and everything that is laxer than it could be (SP 5.1.2, R20).
//!
//! Nothing is decided here. What happens to requests is logged by `outcome.rs`.

use crate::authorization::Scheme;
use crate::replay::Replays;
use crate::resource_server::Inner;

pub(crate) fn log(server: &Inner) {
    tracing::info!(
        target: "fapi_core",
        profile = server.profile.name(),
        public_url = server.public_url.as_str(),
        issuers = server.tokens.issuers.len(),
        claims = server.tokens.claims_type.name,
        binding = ?server.constraint,
        nonce = ?server.nonce_policy,
        "resource server built"
    );
    for deviation in &server.deviations {
        // SP 5.1.2, R20: never silently.
        tracing::warn!(
            target: "fapi_core",
            profile = server.profile.name(),
            deviation = deviation.code(),
            "deviates from FAPI 2.0: {deviation}"
        );
    }
    let profile = &server.profile;
    for (setting, overridden) in [
        ("sender_constraint", server.constraint != profile.sender_constraint()),
        ("nonce", server.nonce_policy != profile.nonce_policy()),
        ("interaction_id", server.interaction_id != profile.interaction_id()),
    ] {
        if overridden {
            tracing::info!(target: "fapi_core", profile = profile.name(), setting, "the configuration overrides what the profile says of this setting");
        }
    }
    if let Some(proxy) = &server.proxy {
        // R81: off by default, and never silently on.
        let headers: Vec<_> = proxy.header_names().collect();
        tracing::info!(target: "fapi_core", ?headers, "headers of trusted proxies count: they must replace them");
    }
    if matches!(server.replays, Replays::Memory(_)) && server.constraint.accepts(Scheme::Dpop) {
        // P12: never silently.
        tracing::info!(
            target: "fapi_core",
            "used DPoP proofs are remembered in this process only: run one process, or share a replay store"
        );
    }
}
