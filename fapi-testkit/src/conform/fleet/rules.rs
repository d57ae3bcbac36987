//! What the values of a fleet file may be. Each rule returns the value as it is used, or what is allowed.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use fapi_core::Binding;
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Uri};

use super::file::{CredentialsEntry, TlsEntry};
use super::tables::{CredentialsToml, TlsToml};
use crate::catalogue::AuthorizationDetail;

/// A name becomes a part of URLs and of file names.
pub(super) const NAME_RULE: &str = "letters, digits, '-', '_' and '.', at most 64, and no '.' at the start";
/// What a run may last.
const TIME_LIMITS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);

pub(super) fn name_rule(name: &str) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let good = (1..=64).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(allowed);
    if good { Ok(()) } else { Err(format!("{name:?} is no name: {NAME_RULE}")) }
}

/// The value is not shown: it may hold a password.
pub(super) fn url_rule(url: &str) -> Result<String, String> {
    let rule = || "it must be an http or https URL without user, query and fragment".to_owned();
    let uri: Uri = url.parse().map_err(|_| rule())?;
    let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    let plain = !url.contains(['@', '?', '#']) && uri.host().is_some_and(|host| !host.is_empty());
    if scheme && plain { Ok(url.to_owned()) } else { Err(rule()) }
}

pub(super) fn method_rule(method: &str) -> Result<String, String> {
    method
        .parse::<Method>()
        .map(|_| method.to_owned())
        .map_err(|_| "it must be an HTTP method, such as GET".to_owned())
}

pub(super) fn path_rule(path: &str) -> Result<String, String> {
    let good = path.starts_with('/') && !path.contains('#') && path.parse::<PathAndQuery>().is_ok();
    if good { Ok(path.to_owned()) } else { Err("it must be a path that starts with '/'".to_owned()) }
}

pub(super) fn filled(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("it must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

pub(super) fn rate_rule(rate: u32) -> Result<u32, String> {
    if rate > 0 { Ok(rate) } else { Err("it must be at least 1 request a second".to_owned()) }
}

pub(super) fn time_limit_rule(limit: &str) -> Result<Duration, String> {
    humantime::parse_duration(limit)
        .ok()
        .filter(|limit| TIME_LIMITS.contains(limit))
        .ok_or_else(|| "it must be a time between 1s and 1h, such as \"90s\" or \"2m\"".to_owned())
}

pub(super) fn age_rule(age: &str) -> Result<Duration, String> {
    humantime::parse_duration(age).map_err(|_| "it must be a time, such as \"90s\" or \"5m\"".to_owned())
}

pub(super) fn detail_rule(detail: &str) -> Result<AuthorizationDetail, String> {
    detail.parse().map_err(|error: crate::catalogue::NotADetail| error.to_string())
}

pub(super) fn credentials_rule(
    credentials: &CredentialsToml,
    folder: &Path,
    binding: Binding,
) -> Result<CredentialsEntry, String> {
    match credentials {
        CredentialsToml {
            issuer_listen: Some(address),
            token_file: None,
            key_file: None,
            token_command: None,
        } => {
            let address = address.parse().ok().filter(|address: &SocketAddr| address.port() != 0);
            let rule = "issuer-listen must be an address and a port, such as \"127.0.0.1:9400\"";
            address.map(CredentialsEntry::Issuer).ok_or_else(|| rule.to_owned())
        }
        CredentialsToml {
            issuer_listen: None,
            token_file: Some(token),
            key_file: key,
            token_command: None,
        } if key.is_some() || binding == Binding::Mtls => {
            let key = key.as_ref().map(|key| folder.join(key));
            Ok(CredentialsEntry::Files { token: folder.join(token), key })
        }
        CredentialsToml {
            issuer_listen: None,
            token_file: None,
            key_file: None,
            token_command: Some(command),
        } => filled(command)
            .map(CredentialsEntry::Command)
            .map_err(|_| "token-command must not be empty".to_owned()),
        _ => Err("it must hold issuer-listen, or token-file and key-file, or token-command".to_owned()),
    }
}

pub(super) fn tls_rule(tls: &TlsToml, folder: &Path) -> Result<TlsEntry, String> {
    let client = match (&tls.client_cert, &tls.client_key) {
        (Some(certificate), Some(key)) => Some((folder.join(certificate), folder.join(key))),
        (None, None) => None,
        _ => return Err("client-cert and client-key go together".to_owned()),
    };
    Ok(TlsEntry { ca: tls.ca.as_ref().map(|path| folder.join(path)), client })
}
