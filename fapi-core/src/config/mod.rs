//! Settings from a TOML file or from environment variables, for programs that are configured and not compiled.
//!
//! The keys have the names of the builder's methods, and [`Config::into_builder`] gives a builder, to which the program adds
//! what is no data: the claims type, a replay store, an HTTP client. Unknown keys are refused, like values that are not
//! allowed; the error names key, value and what is allowed. What is missing or contradictory is found by
//! [`ResourceServerBuilder::build`], as in code.

mod error;
mod issuer;
mod key_file;
mod proxy;
mod revocation;
#[cfg(feature = "config-schema")]
mod schema;
mod settings;
mod tree;
mod values;

use std::ffi::OsString;
use std::sync::Arc;

use serde::Deserialize;

use crate::builder::{ResourceServerBuilder, default_crypto};
use crate::config_error::ConfigError;
use crate::confirmation::SenderConstraint;
use crate::cors::Cors;
use crate::crypto::{CryptoProvider, DecryptionKey};
use crate::dpop::NoncePolicy;
use crate::interaction_id::InteractionIdPolicy;
use crate::issuer::Issuer;
use crate::rejection;
use crate::replay::MemoryReplayStore;
use crate::resource_server::ResourceServer;
use tree::{Node, Variables};
use values::{apply, one_or_many, some_one_or_many};

pub use error::SettingsError;
pub use issuer::IssuerSettings;
pub use key_file::DecryptionKeySettings;
pub use proxy::TrustedProxySettings;
pub use revocation::{RevocationSettings, SecurityEventsSettings, StatusListOrigin, StatusListSettings};
pub use settings::{DescriptionSettings, ProfileSettings, ReplayStoreSettings};
pub use values::{AlgorithmName, Secret, Span};

/// The settings of a resource server. Each is optional here; a program may fill in what is missing, or override.
///
/// ```
/// use fapi_core::config::Config;
///
/// let config = Config::from_toml(r#"
///     profile = "helseid"
///     public_url = "https://api.example.no"
///     audience = "example:my-api"
///     revocation.max_token_lifetime = "10m"
/// "#)?;
/// let server = config.into_builder()?.build()?;
///
/// let error = Config::from_toml(r#"nonce = "sometimes""#).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "nonce: unknown variant `sometimes`, expected one of `off`, `required`, `when-needed`"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Where a list is expected, one value will do; a profile or an issuer may be a name or a table:
///
/// ```
/// # let config = fapi_core::config::Config::from_toml(r#"
/// public_url = "https://api.example.com"
/// audience = ["https://api.example.com", "urn:example:api"]
/// nonce = "required"
///
/// [profile]
/// preset = "fapi2"
/// proof_max_age = "30s"
///
/// [[issuer]]
/// identifier = "https://as.example.com"
/// introspection = { client_id = "records-api", client_secret = "…", max_age = "10s" }
///
/// [[issuer]]
/// identifier = "https://other.example.com"
/// jwks_uri = "https://other.example.com/jwks"
/// audience = "urn:example:records"
/// token_algorithms = "ES256"
///
/// [revocation]
/// max_token_lifetime = "5m"
/// # "#)?;
/// # config.into_builder()?.build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Config {
    /// [`ResourceServerBuilder::profile`]: a name, or a table that changes a profile.
    pub profile: Option<ProfileSettings>,
    /// [`ResourceServerBuilder::public_url`].
    pub public_url: Option<String>,
    /// [`ResourceServerBuilder::trusted_proxy`].
    #[cfg_attr(feature = "config-schema", schemars(with = "Option<proxy::TrustedProxyTable>"))]
    pub trusted_proxy: Option<TrustedProxySettings>,
    /// [`ResourceServerBuilder::issuer`], one or several.
    #[serde(deserialize_with = "one_or_many")]
    #[cfg_attr(feature = "config-schema", schemars(with = "schema::OneOrMany<IssuerSettings>"))]
    pub issuer: Vec<IssuerSettings>,
    /// [`ResourceServerBuilder::token_decryption`]: the files of the keys, one or several. Needs the feature `josekit`.
    #[serde(deserialize_with = "some_one_or_many")]
    #[cfg_attr(
        feature = "config-schema",
        schemars(with = "Option<schema::OneOrMany<DecryptionKeySettings>>")
    )]
    pub token_decryption: Option<Vec<DecryptionKeySettings>>,
    /// [`ResourceServerBuilder::audience`], one or several.
    #[serde(deserialize_with = "one_or_many")]
    #[cfg_attr(feature = "config-schema", schemars(with = "schema::OneOrMany<String>"))]
    pub audience: Vec<String>,
    /// [`ResourceServerBuilder::revocation`].
    pub revocation: RevocationSettings,
    /// [`ResourceServerBuilder::sender_constraint`].
    pub sender_constraint: Option<SenderConstraint>,
    /// [`ResourceServerBuilder::nonce`].
    pub nonce: Option<NoncePolicy>,
    /// [`ResourceServerBuilder::nonce_secrets`]: the first one makes nonces, all of them check.
    #[serde(deserialize_with = "one_or_many")]
    #[cfg_attr(feature = "config-schema", schemars(with = "schema::OneOrMany<Secret>"))]
    pub nonce_secrets: Vec<Secret>,
    /// [`ResourceServerBuilder::interaction_id`].
    pub interaction_id: Option<InteractionIdPolicy>,
    /// [`ResourceServerBuilder::rejection_body`].
    pub rejection_body: Option<RejectionBody>,
    /// [`ResourceServerBuilder::scopes_supported`].
    #[serde(deserialize_with = "one_or_many")]
    #[cfg_attr(feature = "config-schema", schemars(with = "schema::OneOrMany<String>"))]
    pub scopes_supported: Vec<String>,
    /// [`ResourceServerBuilder::resource_path`].
    pub resource_path: Option<String>,
    /// [`ResourceServerBuilder::description`].
    pub description: Option<DescriptionSettings>,
    /// [`ResourceServerBuilder::cors`].
    pub cors: Option<Cors>,
    /// [`ResourceServerBuilder::allow_insecure_loopback`].
    pub allow_insecure_loopback: Option<bool>,
    /// [`ResourceServerBuilder::crypto_provider`].
    pub crypto_provider: Option<Provider>,
    /// [`ResourceServerBuilder::memory_replay_store`].
    pub memory_replay_store: Option<ReplayStoreSettings>,
}

/// What the body of a refusal holds. One of your own is set in code.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RejectionBody {
    /// Nothing.
    Empty,
    /// A problem document (RFC 9457).
    ProblemJson,
}

/// A provider of cryptography that this build has.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Provider {
    /// AWS-LC.
    #[cfg(feature = "aws-lc-rs")]
    AwsLcRs,
    /// OpenSSL.
    #[cfg(feature = "josekit")]
    Josekit,
}

impl Config {
    /// Reads a TOML document.
    ///
    /// # Errors
    /// [`SettingsError`] names the key, its value, and what is allowed.
    pub fn from_toml(text: &str) -> Result<Self, SettingsError> {
        Self::from_tree(Node::parse(text)?, Variables::new())
    }

    /// Reads the environment variables that begin with `prefix`, such as `FAPI_`: `FAPI_PUBLIC_URL` is `public_url`, and
    /// `FAPI_PROFILE__PROOF_MAX_AGE` is `profile.proof_max_age`. Lists are separated by spaces.
    ///
    /// A variable with that prefix that is no setting is refused, so choose a prefix for these alone.
    ///
    /// # Errors
    /// As [`Config::from_toml`].
    pub fn from_env(prefix: &str) -> Result<Self, SettingsError> {
        Self::from_variables(None, prefix, std::env::vars_os())
    }

    /// Reads a TOML document, and lays the environment variables over it that begin with `prefix`.
    ///
    /// # Errors
    /// As [`Config::from_toml`].
    pub fn from_toml_and_env(text: &str, prefix: &str) -> Result<Self, SettingsError> {
        Self::from_variables(Some(text), prefix, std::env::vars_os())
    }

    fn from_variables(
        text: Option<&str>,
        prefix: &str,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, SettingsError> {
        let mut tree = text.map_or_else(|| Ok(Node::empty()), Node::parse)?;
        let variables = tree.overlay(prefix, variables)?;
        Self::from_tree(tree, variables)
    }

    /// A mistake in a value that a variable has set is the variable's.
    fn from_tree(tree: Node, mut variables: Variables) -> Result<Self, SettingsError> {
        serde_path_to_error::deserialize(tree).map_err(|error| {
            let key = error.path().to_string();
            let problem = error.into_inner().message().to_owned();
            match variables.remove(key.split('[').next().unwrap_or_default()) {
                Some(variable) => SettingsError::Variable { variable, problem },
                None => SettingsError::Value { key, problem },
            }
        })
    }

    /// The JSON Schema (draft 2020-12) of these settings, for editors and pipelines.
    #[cfg(feature = "config-schema")]
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// A builder with these settings.
    ///
    /// # Errors
    /// [`ConfigError`] if the file of a private key cannot be used, if there is no provider of cryptography, or if no random
    /// bytes can be had, for the replay store.
    pub fn into_builder(self) -> Result<ResourceServerBuilder, ConfigError> {
        use ResourceServerBuilder as B;
        let crypto = self.crypto_provider.map(Provider::provider);
        let store = self.memory_replay_store.map(|settings| memory_replay_store(settings, crypto.clone()));
        let store = store.transpose()?;
        let provider = self.crypto_provider;
        let issuers: Vec<Issuer> =
            self.issuer.into_iter().map(|issuer| issuer.into_issuer(provider)).collect::<Result<_, _>>()?;
        let decryption_keys = self.token_decryption.map(decryption_keys).transpose()?;
        let builder = ResourceServer::builder();
        let builder = apply(builder, crypto, B::crypto_provider);
        let builder = apply(builder, store, B::memory_replay_store);
        let builder = apply(builder, self.profile.map(ProfileSettings::into_profile), B::profile);
        let builder = apply(builder, self.public_url, B::public_url);
        let proxy = self.trusted_proxy.map(TrustedProxySettings::into_trusted_proxy);
        let builder = apply(builder, proxy, B::trusted_proxy);
        let builder = apply(builder, self.sender_constraint, B::sender_constraint);
        let builder = apply(builder, self.nonce, B::nonce);
        let builder = apply(builder, self.interaction_id, B::interaction_id);
        let builder = apply(builder, self.rejection_body.map(Into::into), B::rejection_body);
        let builder = apply(builder, self.resource_path, B::resource_path);
        let builder = apply(builder, self.description.map(Into::into), B::description);
        let builder = apply(builder, self.cors, B::cors);
        let builder = apply(builder, self.allow_insecure_loopback, B::allow_insecure_loopback);
        let builder = issuers.into_iter().fold(builder, B::issuer);
        let builder = apply(builder, decryption_keys, B::token_decryption);
        let builder = self.audience.into_iter().fold(builder, B::audience);
        let builder = self.revocation.choices().fold(builder, B::revocation);
        let secrets = self.nonce_secrets.into_iter().map(|Secret(secret)| secret);
        Ok(builder.scopes_supported(self.scopes_supported).nonce_secrets(secrets))
    }
}

fn memory_replay_store(
    settings: ReplayStoreSettings,
    crypto: Option<Arc<dyn CryptoProvider>>,
) -> Result<MemoryReplayStore, ConfigError> {
    let crypto = crypto.or_else(default_crypto).ok_or(ConfigError::CryptoProviderMissing)?;
    settings.store(&*crypto)
}

fn decryption_keys(settings: Vec<DecryptionKeySettings>) -> Result<Vec<Arc<dyn DecryptionKey>>, ConfigError> {
    settings.into_iter().map(DecryptionKeySettings::into_key).collect()
}

impl From<RejectionBody> for rejection::RejectionBody {
    fn from(body: RejectionBody) -> Self {
        match body {
            RejectionBody::Empty => Self::Empty,
            RejectionBody::ProblemJson => Self::ProblemJson,
        }
    }
}

impl Provider {
    fn provider(self) -> Arc<dyn CryptoProvider> {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLcRs => Arc::new(crate::crypto::AwsLcProvider),
            #[cfg(feature = "josekit")]
            Self::Josekit => Arc::new(crate::crypto::JosekitProvider),
        }
    }
}

#[cfg(test)]
mod tests;
