//! Where the tokens of a run come from: an issuer of its own, the user, or a command.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io};

use fapi_core::jose::Algorithm;
use serde_json::Value;

use crate::catalogue::{Cast, CatalogueIssuer, Profile, Tokens};
use crate::encoding::sha256_base64url;
use crate::{SigningKey, TestClient};

/// Where the tokens of a run come from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credentials {
    /// An issuer that the API trusts: all cases can run.
    Issuer(CatalogueIssuer),
    /// One token and the key that it is bound to: the cases that change the request or the proof can run.
    Token {
        /// The access token.
        token: Secret,
        /// The key; none if the token is bound to the client certificate of the connection.
        key: Option<SigningKey>,
    },
    /// A command that prints a token for the key whose thumbprint is in the environment variable `FAPI_JKT`; or, where
    /// tokens are bound to certificates only, for that of the connection, whose thumbprint is in `FAPI_X5T_S256`.
    Command(String),
}

/// A text that is not shown.
#[derive(Clone)]
pub struct Secret(String);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

impl Credentials {
    /// One token and the private JWK that it is bound to, from files; no JWK if it is bound to the client certificate of
    /// the connection.
    ///
    /// # Errors
    /// If a file cannot be read, or the key cannot sign proofs. The error shows nothing of a file's content.
    pub fn from_files(token: &Path, key: Option<&Path>, profile: Profile) -> io::Result<Self> {
        let key = key.map(|key| read_key(key, profile)).transpose()?;
        Ok(Self::Token { token: read(token)?.trim().to_owned().into(), key })
    }

    /// In words, without anything secret.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Issuer(issuer) => format!("an issuer of the run's own, {}", issuer.identifier()),
            Self::Token { key: Some(_), .. } => "a token that was given, with its key".to_owned(),
            Self::Token { key: None, .. } => "a token that was given".to_owned(),
            Self::Command(_) => "tokens from a command".to_owned(),
        }
    }

    /// Who takes part and which tokens there are: bound to this certificate, or else to the keys of those who take part.
    pub(super) async fn prepare(self, certificate: Option<&[u8]>) -> io::Result<(Cast, Tokens)> {
        match self {
            Self::Issuer(issuer) => Ok((Cast::new(TestClient::new()), Tokens::Minted(issuer))),
            Self::Token { token, key } => {
                let client = key.map_or_else(TestClient::new, TestClient::with_key);
                let tokens = HashMap::from([(client.thumbprint(), token.0)]);
                Ok((Cast::new(client), Tokens::Given(tokens)))
            }
            Self::Command(command) => {
                let certificate = certificate.map(sha256_base64url);
                let tokens = move || from_command(&command, certificate);
                tokio::task::spawn_blocking(tokens).await.map_err(io::Error::other)?
            }
        }
    }
}

fn from_command(command: &str, certificate: Option<String>) -> io::Result<(Cast, Tokens)> {
    let cast = Cast::new(TestClient::new());
    if let Some(thumbprint) = certificate {
        let token = print_token(command, ("FAPI_X5T_S256", &thumbprint))?;
        let tokens = HashMap::from([(cast.token_holders()[0].thumbprint(), token)]);
        return Ok((cast, Tokens::Given(tokens)));
    }
    let token = |client: &TestClient| {
        let thumbprint = client.thumbprint();
        let token = print_token(command, ("FAPI_JKT", &thumbprint))?;
        Ok((thumbprint, token))
    };
    let tokens = cast.token_holders().into_iter().map(token).collect::<io::Result<_>>()?;
    Ok((cast, Tokens::Given(tokens)))
}

/// What the command prints, without the line break.
fn print_token(command: &str, (variable, thumbprint): (&str, &str)) -> io::Result<String> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let output = Command::new(shell)
        .args([flag, command])
        .env(variable, thumbprint)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("the token command ended with {}", output.status)));
    }
    let token = String::from_utf8(output.stdout).map_err(io::Error::other)?;
    match token.trim() {
        "" => Err(io::Error::other("the token command printed nothing")),
        token => Ok(token.to_owned()),
    }
}

fn read(path: &Path) -> io::Result<String> {
    fs::read_to_string(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

fn read_key(path: &Path, profile: Profile) -> io::Result<SigningKey> {
    // Nothing of the content may be shown: it is a private key.
    let wrong =
        || io::Error::other(format!("{}: it is not a private JWK that can sign proofs", path.display()));
    let jwk: Value = serde_json::from_str(&read(path)?).map_err(|_| wrong())?;
    let algorithm = algorithm(&jwk, profile).ok_or_else(wrong)?;
    SigningKey::try_from_private_jwk(algorithm, &jwk).ok_or_else(wrong)
}

/// The algorithm that the key names, or the usual one of its type.
fn algorithm(jwk: &Value, profile: Profile) -> Option<Algorithm> {
    let member = |name| jwk.get(name).and_then(Value::as_str);
    if let Some(name) = member("alg") {
        return Algorithm::from_name(name);
    }
    match (member("kty")?, member("crv")) {
        ("EC", Some("P-256")) => Some(Algorithm::Es256),
        ("EC", Some("P-384")) => Some(Algorithm::Es384),
        ("EC", Some("P-521")) => Some(Algorithm::Es512),
        ("OKP", Some("Ed25519")) => Some(Algorithm::EdDsa),
        ("RSA", None) => {
            let algorithms = profile.rules().proof_algorithms().to_vec();
            [Algorithm::Rs256, Algorithm::Ps256].into_iter().find(|algorithm| algorithms.contains(algorithm))
        }
        _ => None,
    }
}
