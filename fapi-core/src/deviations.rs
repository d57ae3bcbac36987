//! Where a configuration accepts what FAPI 2.0 does not, by its profile or beside it (SP 5.1.2, R20).
//!
//! Found when the server is built, and logged once. What a profile deviates in is decided in `profile/deviation.rs`; here,
//! what the settings around it do: whom tokens are for, how long a revoked one is accepted, and where TLS is missing.

use std::time::Duration;

use crate::dpop::target::PublicUrl;
use crate::issuer::Issuer;
use crate::profile::{Deviation, Profile, other_algorithms};
use crate::revocation::{Choice, Revocation};

/// RFC 6750 §5.3: "short-lived (one hour or less)". FAPI 2.0 asks for short-lived tokens and names no number (SP 6.8, R67).
const SHORT_LIVED: Duration = Duration::from_secs(60 * 60);

/// The settings that may deviate.
pub(crate) struct Settings<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) public_url: &'a PublicUrl,
    pub(crate) issuers: &'a [Issuer],
    pub(crate) revocations: &'a [Revocation],
    pub(crate) allow_insecure_loopback: bool,
}

pub(crate) fn deviations(settings: &Settings<'_>) -> Vec<Deviation> {
    let mut found: Vec<_> = settings.profile.deviations().collect();
    found.extend(
        settings
            .issuers
            .iter()
            .filter(|issuer| accepts_any_audience(issuer))
            .map(|issuer| Deviation::IntrospectionWithoutAudience(issuer.identifier().to_owned())),
    );
    if let Some(most) = longest_life_of_a_revoked_token(settings.revocations) {
        found.push(Deviation::RevocationUnknown(most));
        found.extend((most > SHORT_LIVED).then_some(Deviation::LongLivedToken(most)));
    }
    found.extend(settings.revocations.iter().filter_map(of_security_events));
    found.extend(settings.allow_insecure_loopback.then_some(Deviation::InsecureLoopback));
    found.extend(settings.public_url.as_str().starts_with("http:").then_some(Deviation::InsecurePublicUrl));
    found
}

fn accepts_any_audience(issuer: &Issuer) -> bool {
    let introspection = issuer.rules.introspection.as_ref();
    introspection.is_some_and(|introspection| introspection.opaque_tokens && introspection.audience_optional)
}

/// R4: where tokens are only bounded in their life, and nothing is asked about them but opaque ones.
fn longest_life_of_a_revoked_token(revocations: &[Revocation]) -> Option<Duration> {
    let lifetimes = revocations.iter().map(|Revocation(choice)| match choice {
        Choice::MaxTokenLifetime(most) => Some(*most),
        _ => None,
    });
    lifetimes.collect::<Option<Vec<_>>>()?.into_iter().min()
}

fn of_security_events(Revocation(choice): &Revocation) -> Option<Deviation> {
    let Choice::SecurityEvents(events) = choice else { return None };
    let others = other_algorithms(events.algorithms.as_deref()?)?;
    Some(Deviation::SecurityEventAlgorithms(events.transmitter.identifier().to_owned(), others))
}
