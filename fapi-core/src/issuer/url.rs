//! URLs of issuers: absolute and https (RFC 8414 §2, §3; R117), split so that a well-known path can be put in.
//!
//! Only configuration and verified metadata get here, never a token. The HTTP client parses the URL again, and decides
//! which addresses may be reached at all.

use super::address::{AddressClass, classify};

/// An absolute URL: `origin` is `scheme://authority`, `path` is the rest, empty or starting with `/`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Url<'a> {
    pub(crate) origin: &'a str,
    pub(crate) path: &'a str,
}

impl<'a> Url<'a> {
    /// Parses an https URL, with query or without; also an http URL of a loopback host if `insecure_loopback`.
    pub(crate) fn parse(text: &'a str, insecure_loopback: bool) -> Option<Self> {
        // A fragment is never sent, and anything beside printable ASCII, or a backslash, is read differently by
        // different parsers.
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\')) {
            return None;
        }
        let (scheme, rest) = text.split_once("://")?;
        let (authority, _) = rest.split_once(['/', '?']).unwrap_or((rest, ""));
        let (origin, path) =
            text.split_at_checked(scheme.len().checked_add(3)?.checked_add(authority.len())?)?;
        let host = host(authority)?;
        let secure = scheme.eq_ignore_ascii_case("https");
        let loopback = insecure_loopback && scheme.eq_ignore_ascii_case("http") && is_loopback(host);
        (secure || loopback).then_some(Self { origin, path })
    }

    /// Parses an issuer identifier: as [`Url::parse`], and without a query (RFC 8414 §2).
    pub(super) fn parse_identifier(text: &'a str, insecure_loopback: bool) -> Option<Self> {
        Self::parse(text, insecure_loopback).filter(|url| !url.path.contains('?'))
    }
}

/// Whether a URL is https, or http of a loopback host, where the bytes never leave the machine (SP 5.2.1, R12).
pub(crate) fn is_secure_or_loopback(url: &str) -> bool {
    Url::parse(url, true).is_some()
}

/// The host of an authority without user information, brackets and port.
fn host(authority: &str) -> Option<&str> {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => authority.split_once(':').map_or(authority, |(host, _)| host),
    };
    (!host.is_empty() && !authority.contains('@')).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address| classify(address) == AddressClass::Loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_origin_and_path() {
        let url = |origin, path| Some(Url { origin, path });
        assert_eq!(Url::parse("https://as.example", false), url("https://as.example", ""));
        assert_eq!(Url::parse("https://as.example:8443/", false), url("https://as.example:8443", "/"));
        assert_eq!(Url::parse("https://as.example/a/b", false), url("https://as.example", "/a/b"));
        assert_eq!(Url::parse("https://[2001:db8::1]:1/a", false), url("https://[2001:db8::1]:1", "/a"));
        assert_eq!(Url::parse("https://as.example?p=1", false), url("https://as.example", "?p=1"));
    }

    // R117: https only, and nothing that two parsers could read differently.
    #[test]
    fn refuses_what_is_not_an_absolute_https_url() {
        for text in [
            "",
            "as.example",
            "//as.example",
            "https:as.example",
            "https://",
            "https:///path",
            "https://:443/",
            "https://user@as.example",
            "https://as.example/#fragment",
            "https://as.example\\@other.example",
            "https://as.example/ x",
            "https://as.exämple",
            "http://as.example",
            "ftp://as.example",
        ] {
            assert_eq!(Url::parse(text, true), None, "{text}");
        }
    }

    // R117: a query is for a jwks_uri, not for an issuer identifier.
    #[test]
    fn an_identifier_has_no_query() {
        assert!(Url::parse("https://as.example/jwks?p=1", false).is_some());
        assert_eq!(Url::parse_identifier("https://as.example/?p=1", false), None);
        assert_eq!(Url::parse_identifier("https://as.example?", false), None);
    }

    // R108, R117: http is for loopback hosts, and only where it was allowed.
    #[test]
    fn http_is_for_allowed_loopback_only() {
        for text in [
            "http://127.0.0.1:1/",
            "http://127.8.9.1",
            "http://[::1]:1/",
            "http://localhost:1/",
            "HTTP://LOCALHOST",
        ] {
            assert!(Url::parse(text, true).is_some(), "{text}");
            assert_eq!(Url::parse(text, false), None, "{text}");
        }
        for text in
            ["http://10.0.0.1/", "http://localhost.example/", "http://127.0.0.1.example/", "http://[::2]/"]
        {
            assert_eq!(Url::parse(text, true), None, "{text}");
        }
    }
}
