//! Is a proof's `htu` the URL of this request? (RFC 9449 §4.3 (9), RFC 3986 §6.2.2-6.2.3, R47-R50)
//!
//! The URL of a request is the configured public URL followed by the path of the request: never the `Host` header
//! (pitfall P26). Most clients send exactly that, so bytes are compared first; only when they differ, both URLs are
//! normalised. A host outside ASCII must be written as an A-label (`xn--`), by the configuration and by the client.

use fluent_uri::Uri;
use memchr::memchr2;

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

    /// This URL followed by a path, which begins with a slash or is empty.
    ///
    /// # Errors
    /// What is wrong with the path.
    pub(crate) fn below(&self, path: &str) -> Result<Self, &'static str> {
        if !path.is_empty() && !path.starts_with('/') {
            return Err("it must begin with a slash");
        }
        // Nothing else would be below this URL once it is in normal form.
        if has_dot_segments(path) {
            return Err("it has dot segments");
        }
        Self::parse(&[self.as_str(), path].concat())
    }

    /// Scheme, host and port: the URL without its path.
    pub(crate) fn origin(&self) -> &str {
        // The first two slashes are those before the host.
        let path = self.0.match_indices('/').nth(2).map_or(self.0.len(), |(at, _)| at);
        self.0.get(..path).unwrap_or(&self.0)
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
    let htu = memchr2(b'?', b'#', htu.as_bytes()).and_then(|end| htu.get(..end)).unwrap_or(htu);
    // Behind the public URL, which is in normal form.
    let claimed_path = htu.strip_prefix(public.as_str());
    if claimed_path == Some(path) {
        return Ok(());
    }
    // Stricter than RFC 3986 §6.2.2.3: no router removes the dot segments of a request, so that a proof for `/b` must not
    // open what `/a/../b` is routed to.
    if has_dot_segments(path) {
        return Err(TargetMismatch::Path);
    }
    if claimed_path.is_some_and(is_normal) && is_normal(path) {
        return Err(TargetMismatch::Path);
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

/// Whether `path` is a path that normalisation does not change, so that it is equivalent to no other such path.
fn is_normal(path: &str) -> bool {
    // RFC 3986 §3.3: `pchar`, but for percent-encodings.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte);
    path.starts_with('/') && path.bytes().all(plain) && !has_dot_segments(path)
}

/// Whether a segment of `path` is `.` or `..`, percent-encoded or not.
fn has_dot_segments(path: &str) -> bool {
    path.split('/').any(|segment| {
        // Six is the length of two encoded dots.
        segment.len() <= 6
            && segment.starts_with(['.', '%'])
            && matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
    })
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use TargetMismatch::{Authority, Malformed, Path, Scheme};

    const API: &str = "https://api.example.com";

    fn check(public: &str, path: &str, htu: &str) -> Result<(), TargetMismatch> {
        check_target(&PublicUrl::parse(public).unwrap(), path, htu)
    }

    // R48, R49, P23
    #[test]
    fn equivalent_urls_are_accepted() {
        for (public, path, htu) in [
            (API, "/records", "https://api.example.com/records"),
            (API, "/records", "https://api.example.com/records?x#y"),
            (API, "/records", "https://api.example.com/records#y?x"),
            (API, "/records", "https://api.example.com/records?"),
            (API, "/records", "HTTPS://API.Example.COM/records"),
            (API, "/records", "https://api.example.com:443/records"),
            (API, "/records", "https://api.example.com:/records"),
            (API, "/", "https://api.example.com"),
            (API, "/", "https://api.example.com?x"),
            (API, "", "https://api.example.com/"),
            (API, "*", "https://api.example.com"),
            (API, "/~a", "https://api.example.com/%7Ea"),
            (API, "/%7ea", "https://api.example.com/~a"),
            (API, "/%41", "https://api.example.com/A"),
            (API, "/a%2fb", "https://api.example.com/a%2Fb"),
            (API, "/%c3%a6", "https://api.example.com/%C3%A6"),
            (API, "/b", "https://api.example.com/a/../b"),
            (API, "/b", "https://api.example.com/./b"),
            (API, "/b", "https://api.example.com/../b"),
            (API, "/b/", "https://api.example.com/b/c/.."),
            (API, "/b", "https://api.example.com/a/%2e%2E/b"),
            (API, "/a/../b", "https://api.example.com/a/../b"),
            (API, "/x", "https://%61pi.example.com/x"),
            ("https://api.example.com/", "/x", "https://api.example.com/x"),
            ("https://API.example.com:443", "/x", "https://api.example.com/x"),
            ("https://api.example.com/v1", "/x", "https://api.example.com/v1/x"),
            ("https://api.example.com/v1/", "/x", "https://api.example.com:443/v1/x"),
            ("https://api.example.com/v1", "/", "https://api.example.com/v1/"),
            ("https://api.example.com:8443", "/x", "https://api.example.com:8443/x"),
            ("http://localhost:8080", "/x", "http://LOCALHOST:8080/x"),
            ("http://localhost", "/x", "http://localhost:80/x"),
            ("https://[2001:db8::1]", "/x", "https://[2001:DB8:0::1]/x"),
            ("https://xn--bcher-kva.example", "/x", "https://xn--bcher-kva.example/x"),
        ] {
            assert_eq!(check(public, path, htu), Ok(()), "{public} {path} {htu}");
        }
    }

    // R48-R50, P24, P26
    #[test]
    fn other_urls_are_refused() {
        for (path, htu, mismatch) in [
            // The path: case, slashes and reserved characters count.
            ("/records", "https://api.example.com/Records", Path),
            ("/records", "https://api.example.com/records/", Path),
            ("/records/", "https://api.example.com/records", Path),
            ("/records", "https://api.example.com//records", Path),
            ("//records", "https://api.example.com/records", Path),
            ("/records", "https://api.example.com/records/1", Path),
            ("/records/1", "https://api.example.com/records", Path),
            ("/records", "https://api.example.com", Path),
            ("/records", "https://api.example.com/record%73%20", Path),
            ("/a/b", "https://api.example.com/a%2Fb", Path),
            ("/a%2Fb", "https://api.example.com/a/b", Path),
            ("/a%252Fb", "https://api.example.com/a%2Fb", Path),
            ("/a;b", "https://api.example.com/a%3Bb", Path),
            ("/b", "https://api.example.com/a/..%2Fb", Path),
            // A request with dot segments is routed as it is, so only a proof for exactly that opens it.
            ("/a/../b", "https://api.example.com/b", Path),
            ("/a/%2E%2e/b", "https://api.example.com/b", Path),
            ("/./b", "https://api.example.com/b", Path),
            ("/b/.", "https://api.example.com/b/", Path),
            // What is not a path cannot change the host.
            (".evil.example/x", "https://api.example.com.evil.example/x", Path),
            ("@evil.example/x", "https://api.example.com@evil.example/x", Path),
            ("records", "https://api.example.comrecords", Path),
            ("/a?b", "https://api.example.com/a", Path),
            ("/a#b", "https://api.example.com/a", Path),
            ("/a b", "https://api.example.com/a%20b", Path),
            // The host and the port.
            ("/x", "https://other.example.com/x", Authority),
            ("/x", "https://api.example.com.evil.example/x", Authority),
            ("/x", "https://api.example.com./x", Authority),
            ("/x", "https://api.example.com:444/x", Authority),
            ("/x", "https://api.example.com:80/x", Authority),
            ("/x", "http://api.example.com/x", Scheme),
            ("/x", "http://api.example.com:443/x", Scheme),
            // Not an absolute http(s) URL.
            ("/x", "", Malformed),
            ("/x", "/x", Malformed),
            ("/x", "//api.example.com/x", Malformed),
            ("/x", "api.example.com/x", Malformed),
            ("/x", "https:/x", Malformed),
            ("/x", "https:///x", Malformed),
            ("/x", "https://:443/x", Malformed),
            ("/x", "?https://api.example.com/x", Malformed),
            ("/x", "javascript:alert(1)", Malformed),
            ("/x", "ftp://api.example.com/x", Malformed),
            ("/x", "httpss://api.example.com/x", Malformed),
            ("/x", "https://user@api.example.com/x", Malformed),
            ("/x", "https://@api.example.com/x", Malformed),
            ("/x", "https://api.example.com:443@evil.example/x", Malformed),
            ("/x", "https://api.example.com\\x", Malformed),
            ("/x", "https:\\\\api.example.com\\x", Malformed),
            ("/x", "https://api.example.com/\tx", Malformed),
            ("/x", "\thttps://api.example.com/x", Malformed),
            ("/x", " https://api.example.com/x", Malformed),
            ("/x", "https://api.example.com/x ", Malformed),
            ("/x", "https://api.example.com/\u{e6}", Malformed),
            ("/x", "https://b\u{fc}cher.example/x", Malformed),
            ("/x", "https://api.example.com/%zz", Malformed),
            ("/x", "https://api.example.com/x|y", Malformed),
            ("/x", "https://api.example.com/[x]", Malformed),
            ("/x", "https://api.example.com/x\0", Malformed),
            ("/x", "https://api.example.com:port/x", Malformed),
        ] {
            assert_eq!(check(API, path, htu), Err(mismatch), "{path} {htu}");
        }
    }

    // P27: the prefix that the gateway removes is part of the URL.
    #[test]
    fn the_prefix_is_part_of_the_path() {
        let public = "https://api.example.com/v1";
        assert_eq!(check(public, "/x", "https://api.example.com/x"), Err(Path));
        assert_eq!(check(public, "/x", "https://api.example.com/v2/x"), Err(Path));
        assert_eq!(check(public, "/", "https://api.example.com/v1"), Err(Path));
    }

    #[test]
    fn a_public_url_is_an_absolute_http_url() {
        for wrong in [
            "",
            "api.example.com",
            "/v1",
            "ftp://api.example.com",
            "https://",
            "https:///v1",
            "https://user@api.example.com",
            "https://api.example.com?x",
            "https://api.example.com#x",
            "https://api.example.com/v 1",
            "https://b\u{fc}cher.example",
        ] {
            assert!(PublicUrl::parse(wrong).is_err(), "{wrong}");
        }
        let public = PublicUrl::parse("HTTPS://API.example.com:443/v1/").unwrap();
        assert_eq!(public.as_str(), "https://api.example.com/v1");
    }

    /// URLs of few building blocks, so that equivalent ones are frequent.
    fn url() -> impl Strategy<Value = String> {
        let scheme = prop::sample::select(vec!["https", "HTTPS", "http"]);
        let host =
            prop::sample::select(vec!["a.b", "A.b", "%61.b", "[::1]", "[0::1]", "a.b:443", "a.b:80", "a.b:"]);
        let segment = prop::sample::select(vec![
            "", ".", "..", "a", "A", "%61", "%2e", "%2F", "%2f", "~", "%7e", "a:b",
        ]);
        (scheme, host, prop::collection::vec(segment, 0..6)).prop_map(|(scheme, host, path)| {
            let path: String = path.iter().flat_map(|segment| ["/", segment]).collect();
            format!("{scheme}://{host}{path}")
        })
    }

    proptest! {
        // R49
        #[test]
        fn normalisation_is_idempotent(url in url()) {
            let normal = normalize(&url).unwrap();
            let again = normalize(normal.as_str()).unwrap();
            prop_assert_eq!(again.as_str(), normal.as_str());
        }

        // R49: the short way and the long way agree.
        #[test]
        fn urls_are_equal_if_their_normal_forms_are(one in url(), other in url()) {
            let normal = |url: &str| {
                let uri = normalize(url).unwrap();
                (uri.scheme().as_str().to_owned(), uri.authority().unwrap().as_str().to_owned(), path_of(&uri).to_owned())
            };
            let path = one.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap_or_default();
            prop_assume!(!has_dot_segments(&path));
            let public = PublicUrl::parse(one.strip_suffix(path.as_str()).unwrap()).unwrap();
            prop_assert_eq!(check_target(&public, &path, &one), Ok(()));
            prop_assert_eq!(check_target(&public, &path, &other).is_ok(), normal(&one) == normal(&other));
        }

        #[test]
        fn nothing_panics(path in ".*", htu in ".*", tail in ".*") {
            let public = PublicUrl::parse(API).unwrap();
            let _ = check_target(&public, &path, &htu);
            let _ = check_target(&public, &format!("/{path}"), &format!("{API}/{tail}"));
            let _ = PublicUrl::parse(&htu);
        }
    }
}
