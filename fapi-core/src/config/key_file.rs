//! Private keys in files: those that this server authenticates with, and those that tokens are encrypted to.
//!
//! Decides what is read: a regular file of bounded size, with PEM or a JWK in it. What a key must be like is decided in
//! `crypto/`. The path shows in errors, the content never does.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::Deserializer;
use zeroize::Zeroizing;

use super::Provider;
#[cfg(any(feature = "aws-lc-rs", feature = "josekit"))]
use super::values::apply;
use super::values::{Shorthand, text_or_table};
use crate::config_error::ConfigError;
use crate::crypto::{DecryptionKey, SigningKey, SigningKeyError};
use crate::issuer::read_file;

/// In place of a path that is none.
const HIDDEN: &str = "(a key, where its path belongs)";

/// The setting of [`DecryptionKeySettings`].
const TOKEN_DECRYPTION: &str = "token_decryption";

/// A private key that decrypts access tokens, for
/// [`ResourceServerBuilder::token_decryption`](crate::ResourceServerBuilder::token_decryption): the path of its file, or a
/// table. Needs the feature `josekit`.
#[derive(Clone, Debug)]
pub struct DecryptionKeySettings(KeyFile);

/// A file with a private key: PEM, or a JWK.
#[derive(Clone, Debug)]
pub(super) struct KeyFile {
    pub(super) path: PathBuf,
    /// The `kid`; that of a JWK by default.
    pub(super) key_id: Option<String>,
}

impl DecryptionKeySettings {
    pub(super) fn into_key(self) -> Result<Arc<dyn DecryptionKey>, ConfigError> {
        decryption_key(&self.0)
    }
}

impl<'de> Deserialize<'de> for DecryptionKeySettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_table(deserializer)
    }
}

impl<'de> Shorthand<'de> for DecryptionKeySettings {
    type Table = DecryptionKeyTable;
    const EXPECTED: &'static str = "the path of a file with a private key, or a table";

    fn from_text<E: serde::de::Error>(path: &str) -> Result<Self, E> {
        Ok(Self(KeyFile { path: path.into(), key_id: None }))
    }
}

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct DecryptionKeyTable {
    /// The file of the private key: PEM (not encrypted) or a JWK.
    key_file: PathBuf,
    /// The `kid` under which the public key was given to authorization servers; that of a JWK by default.
    key_id: Option<String>,
}

impl From<DecryptionKeyTable> for DecryptionKeySettings {
    fn from(DecryptionKeyTable { key_file, key_id }: DecryptionKeyTable) -> Self {
        Self(KeyFile { path: key_file, key_id })
    }
}

impl KeyFile {
    /// The key, to sign with. `setting` is the name of this file's.
    pub(super) fn signing_key(
        &self,
        setting: &'static str,
        provider: Option<Provider>,
    ) -> Result<Arc<dyn SigningKey>, ConfigError> {
        let provider = provider.or_else(|| Provider::BUILT_IN.first().copied());
        let provider = provider.ok_or(ConfigError::CryptoProviderMissing)?;
        self.load(setting, |content| {
            let text = std::str::from_utf8(content).map_err(|_| SigningKeyError::Pem.to_string())?;
            provider.signing_key(text, self.key_id.as_deref()).map_err(|error| error.to_string())
        })
    }

    fn load<K>(
        &self,
        setting: &'static str,
        parse: impl FnOnce(&[u8]) -> Result<K, String>,
    ) -> Result<K, ConfigError> {
        let content = read_file(&self.path).map(Zeroizing::new).map_err(|reason| reason.to_string());
        content.and_then(|content| parse(&content)).map_err(|reason| self.unusable(setting, reason))
    }

    fn unusable(&self, setting: &'static str, reason: String) -> ConfigError {
        let path = self.path.display().to_string();
        // Whoever puts the key where its path belongs must not find it in a log.
        let path =
            if is_jwk(path.as_bytes()) || path.contains("-----BEGIN") { HIDDEN.to_owned() } else { path };
        ConfigError::KeyFile { setting, path, reason }
    }
}

impl Provider {
    /// Those of this build, the default one first.
    const BUILT_IN: &[Self] = &[
        #[cfg(feature = "aws-lc-rs")]
        Self::AwsLcRs,
        #[cfg(feature = "josekit")]
        Self::Josekit,
    ];

    #[cfg_attr(
        not(any(feature = "aws-lc-rs", feature = "josekit")),
        expect(unused_variables, reason = "there is no provider")
    )]
    fn signing_key(self, text: &str, key_id: Option<&str>) -> Result<Arc<dyn SigningKey>, SigningKeyError> {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLcRs => {
                use crate::crypto::AwsLcSigningKey as Key;
                let key = if is_jwk(text.as_bytes()) { Key::from_jwk(text) } else { Key::from_pem(text) };
                Ok(Arc::new(apply(key?, key_id, Key::with_key_id)))
            }
            #[cfg(feature = "josekit")]
            Self::Josekit => {
                use crate::crypto::JosekitSigningKey as Key;
                let key = if is_jwk(text.as_bytes()) { Key::from_jwk(text) } else { Key::from_pem(text) };
                Ok(Arc::new(apply(key?, key_id, Key::with_key_id)))
            }
        }
    }
}

#[cfg(feature = "josekit")]
fn decryption_key(file: &KeyFile) -> Result<Arc<dyn DecryptionKey>, ConfigError> {
    use crate::crypto::JosekitDecryptionKey as Key;
    file.load(TOKEN_DECRYPTION, |content| {
        let key = if is_jwk(content) { Key::from_jwk(content) } else { Key::from_pem(content) };
        let key = key.map_err(|error| error.to_string())?;
        Ok(Arc::new(apply(key, file.key_id.as_deref(), Key::with_key_id)) as _)
    })
}

#[cfg(not(feature = "josekit"))]
fn decryption_key(file: &KeyFile) -> Result<Arc<dyn DecryptionKey>, ConfigError> {
    let reason = "it needs the feature \"josekit\", without which this program was built";
    Err(file.unusable(TOKEN_DECRYPTION, reason.to_owned()))
}

/// PEM never begins with a brace.
fn is_jwk(content: &[u8]) -> bool {
    content.trim_ascii_start().starts_with(b"{")
}
