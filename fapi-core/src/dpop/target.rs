//! Is a proof's `htu` the URL of this request? (RFC 9449 §4.3 (9), RFC 3986 §6.2.2-6.2.3, R47-R50)
//!
//! The URL of a request is the configured public URL followed by the path of the request: never the `Host` header
//! (pitfall P26). Most clients send exactly that, so bytes are compared first; only when they differ, both URLs are
//! normalised. A host outside ASCII must be written as an A-label (`xn--`), by the configuration and by the client.

use fluent_uri::Uri;

use crate::error::TargetMismatch;

/// The URL under which clients reach this API: `https://api.example.com`, or with the path prefix that a gateway removes
/// (`https://api.example.com/v1`). In normal form, without a trailing slash.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PublicUrl(Box<str>);

impl PublicUrl {
    /// Reads a public URL from the configuration.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
        let uri = Uri::parse(url).map_err(|_invalid| "it is not an absolute URL (RFC 3986)")?;
        if uri.has_query() || uri.has_fragment() {
            return Err("it has a query or a fragment");
        }
        if uri.authority().is_some_and(|authority| authority.has_userinfo()) {
            return Err("it has user information");
        }
        let url = normalize(url).ok_or("it is not an http or https URL with a host")?;
        let url = url.as_str();
        Ok(Self(url.strip_suffix('/').unwrap_or(url).into()))
    }

    /// The URL in normal form, without a trailing slash.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks that `htu` is the URL of the request to `path`: as received, percent-encoded, without the query.
///
/// # Errors
/// What differs.
pub(crate) fn check_target(public: &PublicUrl, path: &str, htu: &str) -> Result<(), TargetMismatch> {
    let path = match path {
        // RFC 9112 §3.3: the URI of a request for `*` has an empty path.
        "*" => "",
        // Anything else would continue the host of the public URL.
        path if !path.is_empty() && !path.starts_with('/') => return Err(TargetMismatch::Path),
        path => path,
    };
    // RFC 9449 §4.3 (9), R48: query and fragment are ignored.
    let htu = htu.split(['?', '#']).next().unwrap_or_default();
    if htu.strip_prefix(public.as_str()) == Some(path) {
        return Ok(());
    }
    // RFC 9449 §4.3, R49: both are normalised.
    let claimed = normalize(htu).ok_or(TargetMismatch::Malformed)?;
    let actual = normalize(&[public.as_str(), path].concat()).ok_or(TargetMismatch::Path)?;
    if claimed.scheme() != actual.scheme() {
        return Err(TargetMismatch::Scheme);
    }
    if claimed.authority().map(|it| it.as_str()) != actual.authority().map(|it| it.as_str()) {
        return Err(TargetMismatch::Authority);
    }
    if path_of(&claimed) != path_of(&actual) {
        return Err(TargetMismatch::Path);
    }
    Ok(())
}

/// The normal form of an absolute http(s) URL without user information, query and fragment.
///
/// RFC 3986 §6.2.2: scheme and host in lower case, percent-encodings in upper case, none of unreserved characters, and no
/// dot segments. §6.2.3: no default or empty port. Reserved characters stay as they are, and so do the case of the path,
/// `//` and a trailing `/` (pitfall P24).
fn normalize(url: &str) -> Option<Uri<String>> {
    let uri = Uri::parse(url).ok()?;
    let authority = uri.authority()?;
    // A scheme is compared without regard to case (RFC 3986 §3.1).
    let http = ["https", "http"].iter().any(|scheme| uri.scheme().as_str().eq_ignore_ascii_case(scheme));
    // RFC 9110 §4.2.1, §4.2.4: a host is required; user information is an error.
    let refused =
        authority.host().is_empty() || authority.has_userinfo() || uri.has_query() || uri.has_fragment();
    (http && !refused).then(|| uri.normalize())
}

/// RFC 3986 §6.2.3: an empty path is `/`.
fn path_of(uri: &Uri<String>) -> &str {
    Some(uri.path().as_str()).filter(|path| !path.is_empty()).unwrap_or("/")
}
