//! From the configured issuers, and the transmitters of security events, to those that a running server trusts.
//!
//! Decides which issuers a configuration may name together, and what each of them is held to: its own rules, which are
//! never laxer than the profile (SP 5.4.1-1). How keys are loaded and tokens asked about is decided in `issuer/`.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config_error::ConfigError;
use crate::crypto::CryptoProvider;
use crate::issuer::{
    HttpClient, Introspector, Issuer, IssuerError, IssuerKeys, IssuerRules, Surroundings, TrustedIssuer,
};
use crate::profile::Profile;
use crate::revocation::{Receiver, SecurityEvents};

/// What turns a configured issuer into a trusted one.
pub(crate) struct Trust<'a> {
    pub(crate) audiences: Vec<String>,
    pub(crate) profile: &'a Profile,
    pub(crate) crypto: &'a Arc<dyn CryptoProvider>,
    pub(crate) http: Option<&'a Arc<dyn HttpClient>>,
    pub(crate) clock: &'a Arc<dyn Clock>,
}

impl Trust<'_> {
    pub(crate) fn issuers(&self, issuers: Vec<Issuer>) -> Result<Vec<TrustedIssuer>, ConfigError> {
        if issuers.is_empty() {
            return Err(ConfigError::IssuerMissing);
        }
        let mut trusted: Vec<TrustedIssuer> = Vec::with_capacity(issuers.len());
        for issuer in issuers {
            // RFC 8725 §3.8, R104: an iss must name exactly one key set.
            let name = issuer.identifier().trim_end_matches('/');
            if trusted.iter().any(|other| other.keys.identifier().trim_end_matches('/') == name) {
                return Err(ConfigError::IssuerRepeated(issuer.identifier().to_owned()));
            }
            trusted.push(self.issuer(issuer)?);
        }
        Ok(trusted)
    }

    fn issuer(&self, mut issuer: Issuer) -> Result<TrustedIssuer, ConfigError> {
        let IssuerRules { algorithms, audiences, claims, introspection } = std::mem::take(&mut issuer.rules);
        let accepted = self.profile.token_algorithms();
        let algorithms = algorithms.unwrap_or_else(|| accepted.to_vec());
        // SP 5.4.1-1, R7: an issuer's own rules are stricter than the profile, never laxer.
        if algorithms.is_empty() || !algorithms.iter().all(|algorithm| accepted.contains(algorithm)) {
            return Err(IssuerError::Algorithms(issuer.identifier().to_owned()).into());
        }
        if audiences.iter().any(String::is_empty) {
            return Err(IssuerError::AudienceEmpty(issuer.identifier().to_owned()).into());
        }
        let audiences = if audiences.is_empty() { self.audiences.clone() } else { audiences };
        let (crypto, clock) = (Arc::clone(self.crypto), Arc::clone(self.clock));
        let keys = IssuerKeys::new(issuer, algorithms.clone(), crypto, self.http.map(Arc::clone), clock)?;
        let surroundings = Surroundings {
            keys: &keys,
            algorithms: &algorithms,
            max_future: self.profile.max_future(),
            http: self.http,
            crypto: self.crypto,
            clock: self.clock,
        };
        let introspector =
            introspection.map(|config| Introspector::new(config, &surroundings)).transpose()?;
        Ok(TrustedIssuer { keys, algorithms, audiences, claims, introspector })
    }

    /// A receiver of security events, whose algorithms are a matter of their own (R164).
    pub(crate) fn receiver(&self, events: SecurityEvents) -> Result<Receiver, ConfigError> {
        let issuer = events.transmitter.clone();
        if !events.is_complete() {
            return Err(ConfigError::SecurityEvents(issuer.identifier().to_owned()));
        }
        let algorithms =
            events.algorithms.clone().unwrap_or_else(|| self.profile.token_algorithms().to_vec());
        if algorithms.is_empty() {
            return Err(ConfigError::SecurityEvents(issuer.identifier().to_owned()));
        }
        let (crypto, clock) = (Arc::clone(self.crypto), Arc::clone(self.clock));
        let keys = IssuerKeys::new(issuer, algorithms.clone(), crypto, self.http.map(Arc::clone), clock)?;
        Ok(Receiver::new(events, keys, algorithms, self.profile.max_future(), self.clock.now()))
    }
}

/// What concerns introspection at several issuers.
pub(crate) fn check_introspection(
    issuers: &[TrustedIssuer],
    asks_about_jwts: bool,
) -> Result<(), ConfigError> {
    let name = |issuer: &TrustedIssuer| issuer.keys.identifier().as_ref().to_owned();
    // R4: every source must agree, so that none may have nothing to say.
    if let Some(silent) = issuers.iter().find(|issuer| asks_about_jwts && issuer.introspector.is_none()) {
        return Err(ConfigError::IntrospectionMissing(name(silent)));
    }
    let mut opaque = issuers.iter().filter(|issuer| issuer.takes_opaque_tokens());
    match (opaque.next(), opaque.next()) {
        // R104: a token is never offered to one issuer after the other.
        (Some(one), Some(other)) => Err(ConfigError::OpaqueTokensAmbiguous(name(one), name(other))),
        _ => Ok(()),
    }
}

/// RFC 9068 §4, R92: every issuer's tokens must name this API, by its own name for it or by the server's.
pub(crate) fn check_audiences(
    audiences: &[String],
    issuers: &[Issuer],
    profile: &Profile,
) -> Result<(), ConfigError> {
    let each_has_its_own =
        !issuers.is_empty() && issuers.iter().all(|issuer| !issuer.rules.audiences.is_empty());
    if audiences.is_empty() && !each_has_its_own && !profile.audience_optional() {
        return Err(ConfigError::AudienceMissing);
    }
    if audiences.iter().any(String::is_empty) { Err(ConfigError::AudienceEmpty) } else { Ok(()) }
}

/// The issuers that were named, else the profile's. P40: none that the profile refuses.
pub(crate) fn issuers_or_default(
    mut issuers: Vec<Issuer>,
    profile: &Profile,
) -> Result<Vec<Issuer>, ConfigError> {
    if issuers.is_empty() {
        issuers.extend(profile.issuer().map(Issuer::new));
    }
    match issuers.iter().find(|issuer| profile.refuses_issuer(issuer.identifier())) {
        Some(issuer) => Err(ConfigError::IssuerRefused {
            issuer: issuer.identifier().to_owned(),
            profile: profile.name().to_owned(),
        }),
        None => Ok(issuers),
    }
}
