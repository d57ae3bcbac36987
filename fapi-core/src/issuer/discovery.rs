//! Where an issuer's keys are: its metadata document (RFC 8414, OIDC Discovery; R117).
//!
//! The document is asked for at the RFC 8414 location, and at the OpenID Connect one if it cannot be had there. It counts only
//! if it names the issuer that it was asked for. Whether a trailing slash is forgiven is decided in `name.rs`.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error as ThisError;

use super::fetch::{FETCH_TIME_LIMIT, within};
use super::http::{HttpClient, HttpError, HttpResponse, MAX_BODY_BYTES};
use super::jwks::KeySetError;
use super::url::Url;
use crate::jose::JoseError;
use crate::jose::json::{Object, Value};

/// RFC 8414 §3: inserted between the host and the path of the issuer identifier.
const OAUTH_WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";
/// OIDC Discovery §4: appended to the issuer identifier.
const OPENID_WELL_KNOWN: &str = "/.well-known/openid-configuration";
/// RFC 8414 §3.2.
const METADATA_TYPE: &str = "application/json";
/// The longest URL taken from metadata, in bytes.
const MAX_URL_BYTES: usize = 2048;
/// Time for one location: what one that hangs leaves is enough to find out that the other does, too. An issuer that takes
/// longer could not answer for metadata and keys within the time of a fetch either.
const LOCATION_TIME_LIMIT: Duration = Duration::from_millis(2400);
const _: () = assert!(2 * LOCATION_TIME_LIMIT.as_millis() < FETCH_TIME_LIMIT.as_millis());

/// What this server needs of an issuer's metadata.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Metadata {
    pub(super) issuer: String,
    pub(super) jwks_uri: String,
    /// RFC 8414 §2; used only after a check of its own, since the keys do not depend on it.
    pub(super) introspection_endpoint: Option<String>,
    /// RFC 8705 §5: the same for mutual TLS.
    pub(super) mtls_introspection_endpoint: Option<String>,
}

/// Why an issuer's keys could not be loaded, in words for the operator.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
pub(crate) enum FetchError {
    #[error("GET {url}: {reason}")]
    Http { url: String, reason: HttpError },
    #[error("GET {url}: the answer has status {status}")]
    Status { url: String, status: u16 },
    #[error("GET {url}: the metadata cannot be read: {reason}")]
    Metadata { url: String, reason: JoseError },
    #[error("GET {url}: the metadata has no usable {member}")]
    Member { url: String, member: &'static str },
    #[error(
        "the metadata is that of another issuer, {0:?}; is the issuer configured exactly as it names itself?"
    )]
    OtherIssuer(String),
    #[error("there is no metadata: {oauth}; {openid}")]
    NoMetadata { oauth: Box<Self>, openid: Box<Self> },
    #[error("GET {url}: {reason}")]
    KeySet { url: String, reason: KeySetError },
    #[error("the key set file {path}: {reason}")]
    File { path: String, reason: Arc<str> },
    #[error("the key set file {path}: {reason}")]
    FileKeySet { path: String, reason: KeySetError },
    #[error("no complete answer within {0} s")]
    TimedOut(u64),
    #[error("the tokio runtime has no timers: build it with enable_time")]
    NoTimer,
}

/// Fetches the metadata of `issuer`.
pub(super) async fn discover(http: &dyn HttpClient, issuer: &str) -> Result<Metadata, FetchError> {
    let [oauth, openid] = well_known_urls(issuer);
    let refused = match get_metadata(http, &oauth).await {
        Err(error) if !error.is_of_metadata() => Box::new(error),
        found => return found,
    };
    // RFC 8414 §5, R117: the other location only if no metadata can be had at this one.
    get_metadata(http, &openid).await.map_err(|error| {
        let of_metadata = error.is_of_metadata();
        if of_metadata { error } else { FetchError::NoMetadata { oauth: refused, openid: Box::new(error) } }
    })
}

impl FetchError {
    /// Whether metadata was found, of whatever issuer: what is wrong with it stays wrong. A page that is there for every URL,
    /// an error in JSON or a broken answer is none.
    fn is_of_metadata(&self) -> bool {
        matches!(self, Self::Member { member, .. } if *member != "issuer")
    }
}

async fn get_metadata(http: &dyn HttpClient, url: &str) -> Result<Metadata, FetchError> {
    let timed_out = |_| FetchError::Http { url: url.to_owned(), reason: HttpError::TimedOut };
    let answer = within(LOCATION_TIME_LIMIT, get(http, url, METADATA_TYPE)).await;
    let response = answer.map_err(timed_out)??;
    parse_metadata(url, &response.body, http.allows_insecure_loopback())
}

/// Fetches `url`; anything but 200 is an error, a redirect too.
pub(crate) async fn get(http: &dyn HttpClient, url: &str, accept: &str) -> Result<HttpResponse, FetchError> {
    let answer = http.get(url, accept).await;
    let response = answer.map_err(|reason| FetchError::Http { url: url.to_owned(), reason })?;
    if response.status != 200 {
        return Err(FetchError::Status { url: url.to_owned(), status: response.status });
    }
    Ok(response)
}

fn well_known_urls(issuer: &str) -> [String; 2] {
    // RFC 8414 §3.1, OIDC Discovery §4.1: a terminating slash is removed first.
    let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
    let (origin, path) = Url::parse(issuer, true).map_or((issuer, ""), |url| (url.origin, url.path));
    [format!("{origin}{OAUTH_WELL_KNOWN}{path}"), format!("{issuer}{OPENID_WELL_KNOWN}")]
}

fn parse_metadata(url: &str, body: &[u8], insecure_loopback: bool) -> Result<Metadata, FetchError> {
    let unreadable = |reason| FetchError::Metadata { url: url.to_owned(), reason };
    if body.len() > MAX_BODY_BYTES {
        return Err(unreadable(JoseError::TooLarge));
    }
    let document = Object::parse(body).map_err(unreadable)?;
    let member = |member: &'static str| {
        document
            .get(member)
            .and_then(Value::as_str)
            .filter(|value| value.len() <= MAX_URL_BYTES)
            .ok_or_else(|| FetchError::Member { url: url.to_owned(), member })
    };
    let (issuer, jwks_uri) = (member("issuer")?, member("jwks_uri")?);
    // RFC 8414 §2, R117: keys travel over https only.
    if Url::parse(jwks_uri, insecure_loopback).is_none() {
        return Err(FetchError::Member { url: url.to_owned(), member: "jwks_uri" });
    }
    let aliases = document.get("mtls_endpoint_aliases").and_then(Value::as_object);
    Ok(Metadata {
        issuer: issuer.to_owned(),
        jwks_uri: jwks_uri.to_owned(),
        introspection_endpoint: introspection_endpoint(&document),
        mtls_introspection_endpoint: aliases.and_then(introspection_endpoint),
    })
}

fn introspection_endpoint(members: &Object<'_>) -> Option<String> {
    let endpoint = members.get("introspection_endpoint").and_then(Value::as_str);
    endpoint.filter(|url| url.len() <= MAX_URL_BYTES).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    // R117: RFC 8414 §3.1 inserts, OIDC Discovery §4 appends.
    #[test]
    fn well_known_locations() {
        for (issuer, oauth, openid) in [
            (
                "https://as.example",
                "https://as.example/.well-known/oauth-authorization-server",
                "https://as.example/.well-known/openid-configuration",
            ),
            (
                "https://as.example/",
                "https://as.example/.well-known/oauth-authorization-server",
                "https://as.example/.well-known/openid-configuration",
            ),
            (
                "https://as.example:8443/tenant/1/",
                "https://as.example:8443/.well-known/oauth-authorization-server/tenant/1",
                "https://as.example:8443/tenant/1/.well-known/openid-configuration",
            ),
        ] {
            assert_eq!(well_known_urls(issuer), [oauth, openid]);
        }
    }
}
