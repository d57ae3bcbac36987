//! The keys of a fleet file, as serde reads them. What they may hold is for [`file`](super::file) to say.

use fapi_core::SenderConstraint;
use serde::Deserialize;
use toml::Spanned;

use crate::catalogue::Profile;
use crate::conform::Answers;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FleetToml {
    #[serde(default)]
    pub(super) defaults: Defaults,
    #[serde(default)]
    pub(super) api: Vec<Entry>,
}

/// Writes both tables from one list of keys: `deny_unknown_fields` does not go with `flatten`.
macro_rules! tables {
    ($($key:ident: $type:ty),+ $(,)?) => {
        /// What holds for every API that does not say otherwise.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub(super) struct Defaults {
            $(pub(super) $key: Option<$type>,)+
        }

        /// One API.
        #[derive(Clone, Debug, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(super) struct Entry {
            pub(super) name: Spanned<String>,
            pub(super) public_url: Option<Spanned<String>>,
            $(pub(super) $key: Option<$type>,)+
        }

        impl Entry {
            /// The entry, completed from the defaults.
            pub(super) fn or(self, defaults: &Defaults) -> Self {
                Self {
                    name: self.name,
                    public_url: self.public_url,
                    $($key: self.$key.or_else(|| defaults.$key.clone()),)+
                }
            }
        }
    };
}

tables! {
    target: Spanned<String>,
    audience: Spanned<String>,
    method: Spanned<String>,
    path: Spanned<String>,
    scope_path: Spanned<String>,
    scope: Spanned<String>,
    step_up_path: Spanned<String>,
    acr_values: Spanned<String>,
    max_age: Spanned<String>,
    details_path: Spanned<String>,
    details_method: Spanned<String>,
    detail: Spanned<String>,
    profile: Profile,
    sender_constraint: SenderConstraintName,
    nonces_required: bool,
    other_methods: bool,
    opaque_tokens: AnswersName,
    introspected_jwts: bool,
    status_lists: bool,
    security_events: Spanned<String>,
    revocation_limit: Spanned<String>,
    rate: Spanned<u32>,
    time_limit: Spanned<String>,
    credentials: Spanned<CredentialsToml>,
    tls: Spanned<TlsToml>,
}

/// Where tokens come from: one of three. Secrets are in files, never here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct CredentialsToml {
    pub(super) issuer_listen: Option<String>,
    pub(super) token_file: Option<String>,
    pub(super) key_file: Option<String>,
    pub(super) token_command: Option<String>,
}

/// Certificates, as PEM files.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct TlsToml {
    pub(super) ca: Option<String>,
    pub(super) client_cert: Option<String>,
    pub(super) client_key: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum AnswersName {
    Plain,
    Signed,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SenderConstraintName {
    Either,
    Dpop,
    Mtls,
}

impl From<SenderConstraintName> for SenderConstraint {
    fn from(name: SenderConstraintName) -> Self {
        match name {
            SenderConstraintName::Either => Self::Either,
            SenderConstraintName::Dpop => Self::Dpop,
            SenderConstraintName::Mtls => Self::Mtls,
        }
    }
}

impl From<AnswersName> for Answers {
    fn from(name: AnswersName) -> Self {
        match name {
            AnswersName::Plain => Self::Plain,
            AnswersName::Signed => Self::Signed,
        }
    }
}
