//! The settings that are tables: profile, description, replay store.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use serde::de::Deserializer;

use super::values::{
    AlgorithmName, Shorthand, Span, Text, apply, number, some_number, some_one_or_many, text_or_table,
};
use crate::clock::{Clock, SystemClock};
use crate::config_error::ConfigError;
use crate::crypto::CryptoProvider;
use crate::interaction_id::InteractionIdPolicy;
use crate::jose::Algorithm;
use crate::metadata::ResourceDescription;
use crate::profile::Profile;
use crate::replay::{MemoryReplayStore, least_share};

/// A profile: its name, or a table that changes one. What is not set stays as it is in the preset.
#[derive(Clone, Debug)]
pub struct ProfileSettings(ProfileTable);

impl ProfileSettings {
    /// The same changes, of this profile instead.
    #[must_use]
    pub fn with_preset(self, profile: Profile) -> Self {
        Self(ProfileTable { preset: Preset(profile), ..self.0 })
    }

    /// The profile.
    #[must_use]
    pub fn into_profile(self) -> Profile {
        self.0.into_profile()
    }
}

/// The profile unchanged.
impl From<Profile> for ProfileSettings {
    fn from(profile: Profile) -> Self {
        Self(ProfileTable { preset: Preset(profile), ..ProfileTable::default() })
    }
}

impl<'de> Deserialize<'de> for ProfileSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_table(deserializer)
    }
}

impl<'de> Shorthand<'de> for ProfileSettings {
    type Table = ProfileTable;
    const EXPECTED: &'static str = "the name of a profile, or a table";

    fn from_text<E: serde::de::Error>(name: &str) -> Result<Self, E> {
        name.parse::<Profile>().map(Self::from).map_err(E::custom)
    }
}

/// As the `with_*` methods of [`Profile`].
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct ProfileTable {
    /// The profile to start from; `fapi2` by default.
    preset: Preset,
    /// A name of its own, which a profile needs that accepts more than FAPI 2.0.
    name: Option<String>,
    /// The algorithms accepted for access tokens; one or several.
    #[serde(deserialize_with = "some_one_or_many")]
    #[cfg_attr(
        feature = "config-schema",
        schemars(with = "Option<super::schema::OneOrMany<AlgorithmName>>")
    )]
    token_algorithms: Option<Vec<AlgorithmName>>,
    /// The algorithms accepted for DPoP proofs; one or several.
    #[serde(deserialize_with = "some_one_or_many")]
    #[cfg_attr(
        feature = "config-schema",
        schemars(with = "Option<super::schema::OneOrMany<AlgorithmName>>")
    )]
    proof_algorithms: Option<Vec<AlgorithmName>>,
    /// The accepted values of `typ` of access tokens, without `application/`; one or several.
    #[serde(deserialize_with = "some_one_or_many")]
    #[cfg_attr(feature = "config-schema", schemars(with = "Option<super::schema::OneOrMany<String>>"))]
    token_types: Option<Vec<String>>,
    /// Whether an access token may have no `typ`.
    untyped_tokens: Option<bool>,
    /// Whether an access token may have no `aud`.
    audience_optional: Option<bool>,
    /// Whether an access token may have no `sub`.
    subject_optional: Option<bool>,
    /// Whether an access token may have no `jti`.
    token_id_optional: Option<bool>,
    /// Whether an access token may have no `iat`.
    issued_at_optional: Option<bool>,
    /// Whether this API must be the only audience of an access token.
    single_audience: Option<bool>,
    /// Whether every answer to a request with a proof carries a nonce.
    nonce_in_every_answer: Option<bool>,
    /// Whether a challenge of status 401 names the scope to ask for.
    challenges_name_scope: Option<bool>,
    /// What is done with `x-fapi-interaction-id`.
    interaction_id: Option<InteractionIdPolicy>,
    /// How long a proof is accepted after its `iat`; from `1s` to `10m`.
    proof_max_age: Option<Span>,
    /// How far in the future `iat` and `nbf` may be; at most `60s`.
    max_future: Option<Span>,
    /// How long after its `exp` an access token is still accepted; at most `60s`.
    expiry_leeway: Option<Span>,
    /// The largest access token, in bytes.
    #[serde(deserialize_with = "some_number")]
    #[cfg_attr(feature = "config-schema", schemars(range(min = 256, max = 65536)))]
    max_token_bytes: Option<usize>,
    /// The largest DPoP proof, in bytes.
    #[serde(deserialize_with = "some_number")]
    #[cfg_attr(feature = "config-schema", schemars(range(min = 256, max = 65536)))]
    max_proof_bytes: Option<usize>,
    /// The longest `jti` of a proof, in bytes.
    #[serde(deserialize_with = "some_number")]
    #[cfg_attr(feature = "config-schema", schemars(range(min = 36, max = 1024)))]
    max_jti_bytes: Option<usize>,
}

impl From<ProfileTable> for ProfileSettings {
    fn from(table: ProfileTable) -> Self {
        Self(table)
    }
}

impl ProfileTable {
    fn into_profile(self) -> Profile {
        let table = self;
        let Preset(profile) = table.preset;
        let profile = apply(profile, table.name, Profile::named);
        let profile = apply(profile, algorithms(table.token_algorithms), Profile::with_token_algorithms);
        let profile = apply(profile, algorithms(table.proof_algorithms), Profile::with_proof_algorithms);
        let profile = apply(profile, types(table.token_types), Profile::with_token_types);
        let profile = apply(profile, table.untyped_tokens, Profile::with_untyped_tokens);
        let profile = apply(profile, table.audience_optional, Profile::with_audience_optional);
        let profile = apply(profile, table.subject_optional, Profile::with_subject_optional);
        let profile = apply(profile, table.token_id_optional, Profile::with_token_id_optional);
        let profile = apply(profile, table.issued_at_optional, Profile::with_issued_at_optional);
        let profile = apply(profile, table.single_audience, Profile::with_single_audience);
        let profile = apply(profile, table.nonce_in_every_answer, Profile::with_nonce_in_every_answer);
        let profile = apply(profile, table.challenges_name_scope, Profile::with_challenges_name_scope);
        let profile = apply(profile, table.interaction_id, Profile::with_interaction_id);
        let profile = apply(profile, span(table.proof_max_age), Profile::with_proof_max_age);
        let profile = apply(profile, span(table.max_future), Profile::with_max_future);
        let profile = apply(profile, span(table.expiry_leeway), Profile::with_expiry_leeway);
        let profile = apply(profile, table.max_token_bytes, Profile::with_max_token_bytes);
        let profile = apply(profile, table.max_proof_bytes, Profile::with_max_proof_bytes);
        apply(profile, table.max_jti_bytes, Profile::with_max_jti_bytes)
    }
}

fn algorithms(names: Option<Vec<AlgorithmName>>) -> Option<Vec<Algorithm>> {
    Some(names?.into_iter().map(|AlgorithmName(algorithm)| algorithm).collect())
}

fn types(types: Option<Vec<String>>) -> Option<Vec<Cow<'static, str>>> {
    Some(types?.into_iter().map(Cow::Owned).collect())
}

fn span(span: Option<Span>) -> Option<Duration> {
    span.map(|Span(duration)| duration)
}

/// A profile by its name.
#[derive(Clone, Debug)]
pub(super) struct Preset(Profile);

impl Default for Preset {
    fn default() -> Self {
        Self(Profile::fapi2())
    }
}

impl<'de> Deserialize<'de> for Preset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = format!("one of {}", Profile::names().collect::<Vec<_>>().join(", "));
        let parse = |name: &str| name.parse().ok().map(Self);
        deserializer.deserialize_str(Text { parse, expected: &expected })
    }
}

/// As [`ResourceDescription`].
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a table of name, documentation, policy_uri and tos_uri")]
#[non_exhaustive]
pub struct DescriptionSettings {
    /// The API's name, for people.
    pub name: Option<String>,
    /// The URL of the developer documentation.
    pub documentation: Option<String>,
    /// The URL of the policy on how clients may use the data.
    pub policy_uri: Option<String>,
    /// The URL of the terms of service.
    pub tos_uri: Option<String>,
}

impl From<DescriptionSettings> for ResourceDescription {
    fn from(settings: DescriptionSettings) -> Self {
        let DescriptionSettings { name, documentation, policy_uri, tos_uri } = settings;
        Self { name, documentation, policy_uri, tos_uri }
    }
}

/// As [`MemoryReplayStore`](crate::MemoryReplayStore).
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a table of capacity and client_share")]
#[non_exhaustive]
pub struct ReplayStoreSettings {
    /// For how many proofs there is room; from 1 to 100,000,000.
    #[serde(deserialize_with = "number")]
    #[cfg_attr(feature = "config-schema", schemars(range(min = 1, max = 100_000_000)))]
    pub capacity: usize,
    /// How many a client may have once half of the store is in use: from a thirty-second of the capacity to all of it; an
    /// eighth by default.
    #[serde(default, deserialize_with = "some_number")]
    pub client_share: Option<usize>,
}

impl ReplayStoreSettings {
    pub(super) fn store(self, crypto: &dyn CryptoProvider) -> Result<MemoryReplayStore, ConfigError> {
        let Self { capacity, client_share } = self;
        let store = MemoryReplayStore::with_capacity(crypto, SystemClock.now(), capacity)?;
        // In code, what is out of bounds is the nearest that is not.
        let (least, most) = (least_share(capacity).max(1), capacity);
        match client_share {
            Some(value) if !(least..=most).contains(&value) => {
                Err(ConfigError::ReplayClientShare { value, least, most })
            }
            _ => Ok(apply(store, client_share, MemoryReplayStore::with_client_share)),
        }
    }
}
