//! Where the tokens come from, as the command line says.

use std::fs;
use std::path::Path;

use fapi_core::jose::Algorithm;
use fapi_testkit::SigningKey;
use fapi_testkit::catalogue::{CatalogueIssuer, Profile};
use fapi_testkit::conform::Credentials;
use serde_json::Value;

use crate::arguments::TokenArguments;

pub(crate) fn credentials(arguments: &TokenArguments, profile: Profile) -> Result<Credentials, String> {
    if let Some(command) = &arguments.token_command {
        return Ok(Credentials::Command(command.clone()));
    }
    if let (Some(token), Some(key)) = (&arguments.token, &arguments.key) {
        let key = read_key(key, profile)?;
        return Ok(Credentials::Token { token: read(token)?.trim().to_owned().into(), key });
    }
    let address = arguments.issuer_listen;
    let issuer = CatalogueIssuer::new("replaced by the address", profile);
    let issuer = issuer.serve_on(address).map_err(|error| format!("cannot listen on {address}: {error}"))?;
    Ok(Credentials::Issuer(issuer))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn read_key(path: &Path, profile: Profile) -> Result<SigningKey, String> {
    // Nothing of the content may be shown: it is a private key.
    let wrong = || format!("{}: it is not a private JWK that can sign proofs", path.display());
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
    match (member("kty")?, member("crv"), profile) {
        ("EC", Some("P-256"), _) => Some(Algorithm::Es256),
        ("EC", Some("P-384"), _) => Some(Algorithm::Es384),
        ("EC", Some("P-521"), _) => Some(Algorithm::Es512),
        ("OKP", Some("Ed25519"), _) => Some(Algorithm::EdDsa),
        ("RSA", None, Profile::Helseid) => Some(Algorithm::Rs256),
        ("RSA", None, _) => Some(Algorithm::Ps256),
        _ => None,
    }
}
