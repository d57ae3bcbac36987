//! `htm` and `htu` (RFC 9449 §4.3 (8), (9)): the method, and the URL in the normal form of RFC 3986 §6.2.2-6.2.3.

use hyper::http::request::Parts;

use super::ReferenceServer;
use crate::flaw::Flaw;

/// The prefix of the routes that stand under a router of their own.
const NESTED: &str = "/nested";

impl ReferenceServer {
    // RFC 9110 §9.1, P25: methods have a case.
    pub(super) fn is_method(&self, htm: &str, parts: &Parts) -> bool {
        let overriding = parts.headers.get("x-http-method-override").and_then(|value| value.to_str().ok());
        let method = match overriding {
            Some(method) if self.has(Flaw::MethodOverride) => method,
            _ => parts.method.as_str(),
        };
        htm == method || self.has(Flaw::HtmCase) && htm.eq_ignore_ascii_case(method) || self.has(Flaw::Htm)
    }

    pub(super) fn is_target(&self, htu: &str, parts: &Parts) -> bool {
        let url = format!("{}{}", self.origin_for(parts), self.client_path(parts));
        if self.has(Flaw::Htu) {
            return true;
        }
        if self.has(Flaw::HtuAsText) {
            return htu == url;
        }
        let url = match parts.uri.query() {
            Some(query) if self.has(Flaw::HtuWithQuery) => format!("{url}?{query}"),
            _ => url,
        };
        // No router removes the dot segments of a request, so that the proof for one path would open another.
        if has_dot_segments(parts.uri.path()) && !self.has(Flaw::RequestDotSegments) {
            return false;
        }
        let (Some(claimed), Some(actual)) = (self.normal_form(htu), self.normal_form(&url)) else {
            return false;
        };
        if self.has(Flaw::HtuPrefix) {
            return claimed.starts_with(&actual);
        }
        if self.has(Flaw::HtuPathOnly) {
            return path_of(&claimed) == path_of(&actual);
        }
        if self.has(Flaw::HtuScheme) {
            return claimed.split_once(':').map(|it| it.1) == actual.split_once(':').map(|it| it.1);
        }
        if self.has(Flaw::HtuHostOnly) {
            return claimed.strip_suffix(path_of(&claimed)) == actual.strip_suffix(path_of(&actual));
        }
        claimed == actual
    }

    // P26: configured, never told by the request.
    fn origin_for(&self, parts: &Parts) -> String {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let (scheme, host) = self.public_url.split_once("://").unwrap();
        let told = if self.has(Flaw::HtuFromHost) {
            header("host")
        } else if self.has(Flaw::HtuFromForwardedHost) {
            header("x-forwarded-host")
        } else if self.has(Flaw::HtuFromForwarded) {
            header("forwarded").and_then(|field| field.strip_prefix("host="))
        } else {
            None
        };
        let scheme = header("x-forwarded-proto").filter(|_| self.has(Flaw::HtuFromProto)).unwrap_or(scheme);
        format!("{scheme}://{}", told.unwrap_or(host))
    }

    // P27: the path that the client asked for.
    fn client_path<'a>(&self, parts: &'a Parts) -> &'a str {
        let path = parts.uri.path();
        let told = parts.headers.get("x-original-url").and_then(|value| value.to_str().ok());
        let path = told.filter(|_| self.has(Flaw::HtuFromOriginalUrl)).unwrap_or(path);
        let path =
            if self.has(Flaw::MatrixRemoved) { path.split(';').next().unwrap_or_default() } else { path };
        let path = if self.has(Flaw::SlashRemoved) { path.trim_end_matches('/') } else { path };
        let without_prefix = path.strip_prefix(NESTED).filter(|_| self.has(Flaw::NestedPath));
        without_prefix.unwrap_or(path)
    }

    fn normal_form(&self, url: &str) -> Option<String> {
        let url =
            url.split(if self.has(Flaw::HtuWithQuery) { '#' } else { '?' }).next()?.split('#').next()?;
        let (scheme, rest) = url.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match &*scheme {
            "https" => ":443",
            "http" => ":80",
            _ => return None,
        };
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let authority = match authority.rsplit_once('@') {
            Some((_, host)) if self.has(Flaw::HtuUserinfo) => host,
            Some(_) => return None,
            None => authority,
        };
        let authority = authority.to_ascii_lowercase();
        let host = authority.strip_suffix(default_port).or(authority.strip_suffix(':')).unwrap_or(&authority);
        let host = if self.has(Flaw::HtuPort) { host.split(':').next()? } else { host };
        Some(format!("{scheme}://{host}{}", self.normal_path(path)?))
    }

    fn normal_path(&self, path: &str) -> Option<String> {
        let mut path = without_dot_segments(&self.decode_unreserved(path)?);
        if self.has(Flaw::HtuPathCase) {
            path = path.to_ascii_lowercase();
        }
        if self.has(Flaw::HtuDoubleSlash) {
            while path.contains("//") {
                path = path.replace("//", "/");
            }
        }
        if self.has(Flaw::HtuTrailingSlash) {
            path = path.trim_end_matches('/').to_owned();
        }
        Some(path)
    }

    /// RFC 3986 §6.2.2.1-2: what need not be encoded is decoded, hexadecimal digits are in upper case.
    fn decode_unreserved(&self, path: &str) -> Option<String> {
        let mut parts = path.split('%');
        let mut decoded = parts.next()?.to_owned();
        for part in parts {
            let (digits, rest) = part.split_at_checked(2)?;
            let byte = u8::from_str_radix(digits, 16).ok()?;
            let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            if unreserved || self.has(Flaw::HtuDecoded) {
                decoded.push(char::from(byte));
            } else {
                let digits = if self.has(Flaw::HexCase) { digits.to_owned() } else { format!("{byte:02X}") };
                decoded.push_str(&format!("%{digits}"));
            }
            decoded.push_str(rest);
        }
        Some(decoded)
    }
}

fn has_dot_segments(path: &str) -> bool {
    let dot = |segment: &str| matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | "..");
    path.split('/').any(dot)
}

fn path_of(url: &str) -> &str {
    url.splitn(4, '/').nth(3).map_or("", |path| url.get(url.len() - path.len() - 1..).unwrap_or_default())
}

/// RFC 3986 §5.2.4
fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." if last => kept.push(""),
            "." => {}
            ".." => {
                kept.pop();
                if last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}
