//! The settings of revocation: where revoked tokens are learnt of.
//!
//! That each setting is there and of its type is checked here; that it means something, such as that an origin is one, by
//! the builder. A deny list and a source of your own are code, and so are not here.

use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::issuer::issuer_with_keys;
use super::values::{
    AlgorithmName, SecretText, Shorthand, Span, apply, one_or_many, some_one_or_many, text_or_table, when,
};
use crate::issuer::Issuer;
use crate::revocation::{Revocation, SecurityEvents, StatusListPolicy};

/// Where revoked tokens are learnt of. All that is set must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RevocationSettings {
    /// Nothing is asked, and a token whose `exp` is more than this long after its `iat` is refused.
    pub max_token_lifetime: Option<Span>,
    /// Each token is asked about at its issuer, which must have a table `introspection`.
    #[serde(default)]
    pub introspection: bool,
    /// The lists that issuers publish of the statuses of their tokens; an empty table will do.
    pub status_list: Option<StatusListSettings>,
    /// What issuers, or other transmitters, push when they have withdrawn something, one or several. The program mounts the
    /// receiver.
    #[serde(default, deserialize_with = "receivers")]
    #[cfg_attr(
        feature = "config-schema",
        schemars(with = "super::schema::OneOrMany<SecurityEventsSettings>")
    )]
    pub security_events: Vec<SecurityEventsSettings>,
}

impl RevocationSettings {
    pub(super) fn choices(self) -> impl Iterator<Item = Revocation> {
        let lifetime = self.max_token_lifetime.map(|Span(most)| Revocation::max_token_lifetime(most));
        let asked = self.introspection.then(Revocation::introspection);
        let listed = self.status_list.map(|settings| Revocation::status_list(settings.into()));
        let pushed =
            self.security_events.into_iter().map(|settings| Revocation::security_events(settings.into()));
        [lifetime, asked, listed].into_iter().flatten().chain(pushed)
    }
}

/// Events were asked for: an empty list must not mean that none are received.
fn receivers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SecurityEventsSettings>, D::Error> {
    let receivers = one_or_many(deserializer)?;
    if receivers.is_empty() { Err(D::Error::custom("it names no transmitter")) } else { Ok(receivers) }
}

/// As [`StatusListPolicy`].
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct StatusListSettings {
    /// Whether a token may lack a status: it cannot be revoked then before it expires.
    pub optional: bool,
    /// How long a list is kept at most; `60s` by default, at most `1h`.
    pub max_age: Option<Span>,
    /// Where lists may be beside the origin of their issuer; one or several.
    #[serde(deserialize_with = "one_or_many")]
    #[cfg_attr(feature = "config-schema", schemars(with = "super::schema::OneOrMany<StatusListOrigin>"))]
    pub origins: Vec<StatusListOrigin>,
}

/// As [`StatusListPolicy::with_origin`].
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StatusListOrigin {
    /// The identifier of one of the server's issuers.
    pub issuer: String,
    /// Where its lists may be, as `https://host` or `https://host:port`.
    pub origin: String,
}

impl From<StatusListSettings> for StatusListPolicy {
    fn from(settings: StatusListSettings) -> Self {
        let policy = when(Self::new(), settings.optional, Self::optional);
        let policy = apply(policy, settings.max_age.map(|Span(age)| age), Self::with_max_age);
        let origins = settings.origins.into_iter();
        origins.fold(policy, |policy, at| policy.with_origin(at.issuer, at.origin))
    }
}

/// As [`SecurityEvents`].
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecurityEventsSettings {
    /// Who sends the events: its identifier, or a table.
    issuer: TransmitterSettings,
    /// This receiver's name in the `aud` of the events.
    audience: String,
    /// The value of the `Authorization` header that the transmitter was told to send, whole.
    // Stated, so that serde itself reports a missing one: `SecretText` would say only that it is no text.
    #[serde(deserialize_with = "SecretText::deserialize")]
    authorization: SecretText,
    /// The algorithms that events may be signed with, those that the profile accepts for tokens by default; one or several.
    #[serde(default, deserialize_with = "some_one_or_many")]
    #[cfg_attr(
        feature = "config-schema",
        schemars(with = "Option<super::schema::OneOrMany<AlgorithmName>>")
    )]
    algorithms: Option<Vec<AlgorithmName>>,
    /// The issuers of whose tokens the transmitter may speak beside its own; one or several.
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(feature = "config-schema", schemars(with = "super::schema::OneOrMany<String>"))]
    for_issuers: Vec<String>,
    /// The members of a complex subject that the transmitter calls critical; one or several.
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(feature = "config-schema", schemars(with = "super::schema::OneOrMany<String>"))]
    critical_subject_members: Vec<String>,
    /// How often the transmitter sends verification events at least; none are expected by default.
    verification_interval: Option<Span>,
}

impl From<SecurityEventsSettings> for SecurityEvents {
    fn from(settings: SecurityEventsSettings) -> Self {
        let SecretText(authorization) = settings.authorization;
        let TransmitterSettings(transmitter) = settings.issuer;
        let events = Self::new(transmitter, settings.audience, authorization.as_str());
        let algorithms = settings.algorithms.map(|names| names.into_iter().map(|AlgorithmName(it)| it));
        let events = apply(events, algorithms, Self::with_algorithms);
        let interval = settings.verification_interval.map(|Span(interval)| interval);
        let events = apply(events, interval, Self::with_verification_interval);
        let events = events.for_issuers(settings.for_issuers);
        events.with_critical_subject_members(settings.critical_subject_members)
    }
}

/// The transmitter of security events: an issuer, but of no tokens, and so without rules for them.
#[derive(Clone, Debug)]
pub(super) struct TransmitterSettings(Issuer);

impl<'de> Deserialize<'de> for TransmitterSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_table(deserializer)
    }
}

impl<'de> Shorthand<'de> for TransmitterSettings {
    type Table = TransmitterTable;
    const EXPECTED: &'static str = "the identifier of a transmitter, or a table";

    fn from_text<E: serde::de::Error>(identifier: &str) -> Result<Self, E> {
        Ok(Self(Issuer::new(identifier)))
    }
}

/// The transmitter and its keys.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct TransmitterTable {
    /// The identifier, the `iss` of the events: an absolute https URL.
    identifier: String,
    /// The URL of a JWK Set, if the keys are not where the transmitter's metadata says.
    jwks_uri: Option<String>,
    /// A JWK Set, as JSON: nothing is fetched then.
    key_set: Option<String>,
    /// A file with a JWK Set, which is read again once a minute: nothing is fetched then.
    key_set_file: Option<PathBuf>,
}

impl TryFrom<TransmitterTable> for TransmitterSettings {
    type Error = &'static str;

    fn try_from(table: TransmitterTable) -> Result<Self, Self::Error> {
        issuer_with_keys(table.identifier, table.jwks_uri, table.key_set, table.key_set_file).map(Self)
    }
}
