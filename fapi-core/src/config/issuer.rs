//! The settings of issuers: where their keys are, what their tokens must be like, and how they are asked about tokens.
//!
//! That what is set can go together is checked here; that it is right, such as that a URL is https, by the builder. Claim
//! rules are code, and so are not here.

use std::path::PathBuf;

use serde::Deserialize;
use serde::de::Deserializer;

use super::Provider;
use super::key_file::KeyFile;
use super::values::{
    AlgorithmName, SecretText, Shorthand, Span, apply, one_or_many, some_one_or_many, text_or_table, when,
};
use crate::config_error::ConfigError;
use crate::issuer::{ClientAuthentication, Introspection, Issuer};

/// An issuer: its identifier, or a table.
#[derive(Clone, Debug)]
pub struct IssuerSettings {
    issuer: Issuer,
    introspection: Option<IntrospectionSettings>,
}

impl IssuerSettings {
    /// The issuer; its introspection with a key of this provider.
    pub(super) fn into_issuer(self, provider: Option<Provider>) -> Result<Issuer, ConfigError> {
        let asked = self.introspection.map(|settings| settings.into_introspection(provider)).transpose()?;
        Ok(apply(self.issuer, asked, Issuer::with_introspection))
    }
}

impl From<Issuer> for IssuerSettings {
    fn from(issuer: Issuer) -> Self {
        Self { issuer, introspection: None }
    }
}

impl<'de> Deserialize<'de> for IssuerSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_table(deserializer)
    }
}

impl<'de> Shorthand<'de> for IssuerSettings {
    type Table = IssuerTable;
    const EXPECTED: &'static str = "the identifier of an issuer, or a table";

    fn from_text<E: serde::de::Error>(identifier: &str) -> Result<Self, E> {
        Ok(Issuer::new(identifier).into())
    }
}

/// As [`Issuer`].
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct IssuerTable {
    /// The identifier: an absolute https URL.
    identifier: String,
    /// The URL of a JWK Set, if the keys are not where the issuer's metadata says.
    jwks_uri: Option<String>,
    /// A JWK Set, as JSON: nothing is fetched then.
    key_set: Option<String>,
    /// A file with a JWK Set, which is read again once a minute: nothing is fetched then.
    key_set_file: Option<PathBuf>,
    /// What this issuer calls the API in the `aud` of its tokens, instead of the audiences of the server; one or several.
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(feature = "config-schema", schemars(with = "super::schema::OneOrMany<String>"))]
    audience: Vec<String>,
    /// The algorithms of the profile that are accepted for this issuer's tokens; all of them by default.
    #[serde(default, deserialize_with = "some_one_or_many")]
    #[cfg_attr(
        feature = "config-schema",
        schemars(with = "Option<super::schema::OneOrMany<AlgorithmName>>")
    )]
    token_algorithms: Option<Vec<AlgorithmName>>,
    /// How this issuer is asked about tokens.
    #[cfg_attr(feature = "config-schema", schemars(with = "Option<IntrospectionTable>"))]
    introspection: Option<IntrospectionSettings>,
}

impl TryFrom<IssuerTable> for IssuerSettings {
    type Error = &'static str;

    fn try_from(table: IssuerTable) -> Result<Self, Self::Error> {
        let issuer = issuer_with_keys(table.identifier, table.jwks_uri, table.key_set, table.key_set_file)?;
        let algorithms = table.token_algorithms.map(|names| names.into_iter().map(|AlgorithmName(it)| it));
        let issuer = apply(issuer, algorithms, Issuer::with_token_algorithms);
        let issuer = table.audience.into_iter().fold(issuer, Issuer::with_audience);
        Ok(Self { issuer, introspection: table.introspection })
    }
}

/// The issuer of this identifier, with its keys from the one place that is set, or from where its metadata says.
pub(super) fn issuer_with_keys(
    identifier: String,
    jwks_uri: Option<String>,
    key_set: Option<String>,
    key_set_file: Option<PathBuf>,
) -> Result<Issuer, &'static str> {
    let issuer = Issuer::new(identifier);
    match (jwks_uri, key_set, key_set_file) {
        (None, None, None) => Ok(issuer),
        (Some(uri), None, None) => Ok(issuer.with_jwks_uri(uri)),
        (None, Some(json), None) => Ok(issuer.with_key_set(json)),
        (None, None, Some(path)) if path.starts_with("file:") => {
            Err("key_set_file is a path, such as /etc/api/issuer.jwks, and no file: URL")
        }
        (None, None, Some(path)) => Ok(issuer.with_key_set_file(path)),
        _ => Err("jwks_uri, key_set and key_set_file exclude each other: the keys come from one place"),
    }
}

/// As [`Introspection`], with the one way to authenticate that was chosen.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "IntrospectionTable")]
struct IntrospectionSettings {
    method: Method,
    /// The rest.
    table: IntrospectionTable,
}

#[derive(Clone, Debug)]
enum Method {
    PrivateKeyJwt(KeyFile),
    ClientSecretBasic(SecretText),
    MutualTls,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct IntrospectionTable {
    /// The `client_id` of this server at the issuer.
    client_id: String,
    /// The file of the private key that signs assertions (`private_key_jwt`): PEM (PKCS #8, not encrypted) or a JWK.
    key_file: Option<PathBuf>,
    /// The `kid` under which the issuer knows the public key of `key_file`.
    key_id: Option<String>,
    /// Instead of a key: the secret (`client_secret_basic`), for issuers that have nothing better.
    client_secret: Option<SecretText>,
    /// Instead of a key: the certificate of the connection, which the program gives its HTTP client.
    #[serde(default)]
    mutual_tls: bool,
    /// The URL where to ask, if not the `introspection_endpoint` of the issuer's metadata.
    endpoint: Option<String>,
    /// Whether only signed answers count (RFC 9701).
    #[serde(default)]
    require_signed_response: bool,
    /// What the issuer calls this server in the `aud` of signed answers; `client_id` by default.
    answer_audience: Option<String>,
    /// Whether an opaque token may have no `aud`: only for an issuer that calls tokens for other APIs inactive.
    #[serde(default)]
    without_audience: bool,
    /// Whether opaque tokens are refused, and the issuer is asked about its JWTs alone.
    #[serde(default)]
    for_jwts_only: bool,
    /// How long "active" counts; `30s` by default, at most `10m`.
    max_age: Option<Span>,
    /// How long "inactive" counts; `5s` by default, at most `60s`.
    negative_age: Option<Span>,
    /// How many tokens that were not known as active are asked about in ten seconds; 1000 by default.
    budget: Option<u32>,
}

impl TryFrom<IntrospectionTable> for IntrospectionSettings {
    type Error = &'static str;

    fn try_from(mut table: IntrospectionTable) -> Result<Self, Self::Error> {
        let method = match (table.key_file.take(), table.client_secret.take(), table.mutual_tls) {
            (Some(path), None, false) => Method::PrivateKeyJwt(KeyFile { path, key_id: table.key_id.take() }),
            (None, Some(secret), false) => Method::ClientSecretBasic(secret),
            (None, None, true) => Method::MutualTls,
            _ => return Err("exactly one of key_file, client_secret and mutual_tls = true must be set"),
        };
        match table.key_id {
            Some(_) => Err("key_id goes with key_file only"),
            None => Ok(Self { method, table }),
        }
    }
}

impl IntrospectionSettings {
    fn into_introspection(self, provider: Option<Provider>) -> Result<Introspection, ConfigError> {
        let Self { method, table } = self;
        let authentication = match method {
            Method::PrivateKeyJwt(file) => {
                let key = file.signing_key("introspection.key_file", provider)?;
                ClientAuthentication::private_key_jwt(table.client_id, key)
            }
            Method::ClientSecretBasic(SecretText(secret)) => {
                ClientAuthentication::client_secret_basic(table.client_id, secret.as_str())
            }
            Method::MutualTls => ClientAuthentication::mutual_tls(table.client_id),
        };
        let it = Introspection::new(authentication);
        let it = apply(it, table.endpoint, Introspection::with_endpoint);
        let it = when(it, table.require_signed_response, Introspection::require_signed_response);
        let it = apply(it, table.answer_audience, Introspection::with_answer_audience);
        let it = when(it, table.without_audience, Introspection::without_audience);
        let it = when(it, table.for_jwts_only, Introspection::for_jwts_only);
        let it = apply(it, table.max_age.map(|Span(age)| age), Introspection::with_max_age);
        let it = apply(it, table.negative_age.map(|Span(age)| age), Introspection::with_negative_age);
        Ok(apply(it, table.budget, Introspection::with_budget))
    }
}
