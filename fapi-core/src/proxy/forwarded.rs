//! Under which of the configured public URLs a request came in, by the word of a trusted proxy (RFC 7239; R50, P26).
//!
//! What the proxy says selects a configured URL and never makes up one: a proxy that passes on what its client has put
//! into `Host` cannot be used to prove possession for another URL. What cannot be read is refused, not guessed.

use thiserror::Error as ThisError;

use crate::config_error::ConfigError;
use crate::dpop::target::PublicUrl;
use crate::proxy::TrustedProxyError;
use crate::request::FieldLines;

const FORWARDED: &str = "forwarded";
const PROTO: &str = "x-forwarded-proto";
const HOST: &str = "x-forwarded-host";
const PORT: &str = "x-forwarded-port";
const PREFIX: &str = "x-forwarded-prefix";

/// Bytes of a forwarding header: a host name has 253 at the most.
const MAX_BYTES: usize = 1024;

/// The headers in which a proxy says under which URL it was reached, and the URLs that count.
///
/// The `public_url` of the server always counts; further ones are added with [`Self::public_url`]. Without such a header
/// in a request, it is the `public_url` of the server; what a header does not say is as in that URL.
///
/// For use with [`TrustedProxy`](crate::TrustedProxy), which says from whom they are believed.
///
/// ```
/// use fapi_core::{ForwardedHeaders, TrustedProxy};
///
/// let proxy = TrustedProxy::at(["192.0.2.7"])
///     .forwarded(ForwardedHeaders::x_forwarded().public_url("https://api.example.org"));
/// # let _ = proxy;
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "it does nothing until it is passed to TrustedProxy::forwarded"]
pub struct ForwardedHeaders {
    syntax: Syntax,
    port: bool,
    prefix: bool,
    urls: Vec<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Syntax {
    Forwarded,
    XForwarded,
}

/// Why the forwarding headers of a trusted proxy cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum ForwardedError {
    /// More than one field line, or a list: only the proxy's own word counts.
    #[error("they say more than one thing; the proxy must replace what its clients send")]
    Repeated,
    /// Not a scheme, host, port or path.
    #[error("they are malformed")]
    Malformed,
    /// A URL that is not configured.
    #[error("they name a URL that is not one of this API's public URLs")]
    UnknownUrl,
}

impl ForwardedHeaders {
    /// `Forwarded` with `host` and `proto` (RFC 7239), of exactly one element.
    pub const fn forwarded() -> Self {
        Self::of(Syntax::Forwarded)
    }

    /// `X-Forwarded-Proto` and `X-Forwarded-Host`.
    pub const fn x_forwarded() -> Self {
        Self::of(Syntax::XForwarded)
    }

    const fn of(syntax: Syntax) -> Self {
        Self { syntax, port: false, prefix: false, urls: Vec::new() }
    }

    /// `X-Forwarded-Port` too; with [`Self::x_forwarded`] only.
    pub fn with_port(self) -> Self {
        Self { port: true, ..self }
    }

    /// `X-Forwarded-Prefix` too: the beginning of the path, which the proxy has removed; with [`Self::x_forwarded`] only.
    pub fn with_prefix(self) -> Self {
        Self { prefix: true, ..self }
    }

    /// A further URL under which clients reach this API, of the form of the server's `public_url`; may be repeated.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.urls.push(url.into());
        self
    }

    /// The headers that the proxy must set or remove, names in lower case.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let all = match self.syntax {
            Syntax::Forwarded => &[FORWARDED][..],
            Syntax::XForwarded => &[PROTO, HOST],
        };
        all.iter().copied().chain(self.port.then_some(PORT)).chain(self.prefix.then_some(PREFIX))
    }

    /// Whether more was asked for than `Forwarded` can say.
    const fn is_contradictory(&self) -> bool {
        matches!(self.syntax, Syntax::Forwarded) && (self.port || self.prefix)
    }
}

/// The public URLs among which a request's is found: the server's first.
#[derive(Debug)]
pub(super) struct ForwardedUrls {
    syntax: Syntax,
    port: bool,
    prefix: bool,
    primary: PublicUrl,
    others: Vec<PublicUrl>,
}

/// What a proxy says about the URL of a request.
#[derive(Debug, Default, Eq, PartialEq)]
struct Stated<'a> {
    proto: Option<&'a str>,
    host: Option<&'a str>,
    port: Option<&'a str>,
    prefix: Option<&'a str>,
}

impl ForwardedUrls {
    pub(super) fn new(
        headers: ForwardedHeaders,
        primary: &PublicUrl,
        parse: impl Fn(String) -> Result<PublicUrl, ConfigError>,
    ) -> Result<Self, ConfigError> {
        if headers.is_contradictory() {
            return Err(TrustedProxyError::ForwardedParts.into());
        }
        let mut others = Vec::with_capacity(headers.urls.len());
        for url in headers.urls {
            let url = parse(url)?;
            // One that is named twice is still one.
            if url != *primary && !others.contains(&url) {
                others.push(url);
            }
        }
        let ForwardedHeaders { syntax, port, prefix, .. } = headers;
        Ok(Self { syntax, port, prefix, primary: primary.clone(), others })
    }

    pub(super) fn others(&self) -> &[PublicUrl] {
        &self.others
    }

    /// The URL that the headers in `lines` name.
    pub(super) fn select<'a>(
        &self,
        lines: impl Fn(&str) -> FieldLines<'a>,
    ) -> Result<&PublicUrl, ForwardedError> {
        let stated = self.read(lines)?;
        if stated == Stated::default() {
            return Ok(&self.primary);
        }
        self.find(&stated)
    }

    /// Scheme, host and port that the headers in `lines` name, in normal form: of any URL, configured or not.
    pub(super) fn select_origin<'a>(&self, lines: impl Fn(&str) -> FieldLines<'a>) -> Option<String> {
        let origin = self.origin(&self.read(lines).ok()?).ok()?;
        PublicUrl::parse(&origin).ok().map(|url| url.as_str().to_owned())
    }

    fn read<'a>(&self, lines: impl Fn(&str) -> FieldLines<'a>) -> Result<Stated<'a>, ForwardedError> {
        Ok(match self.syntax {
            Syntax::Forwarded => one(lines(FORWARDED))?.map(Stated::parse).transpose()?.unwrap_or_default(),
            Syntax::XForwarded => Stated {
                proto: one_of_a_list(lines(PROTO))?,
                host: one_of_a_list(lines(HOST))?,
                port: if self.port { one_of_a_list(lines(PORT))? } else { None },
                prefix: if self.prefix { one_of_a_list(lines(PREFIX))? } else { None },
            },
        })
    }

    /// R50: the one configured URL of this origin, and of this prefix where one is stated.
    fn find(&self, stated: &Stated<'_>) -> Result<&PublicUrl, ForwardedError> {
        let prefix = stated.prefix.map(check_prefix).transpose()?;
        let url = [&self.origin(stated)?, prefix.unwrap_or_default()].concat();
        let url = PublicUrl::parse(&url).map_err(|_| ForwardedError::Malformed)?;
        let named = |own: &&PublicUrl| match prefix {
            Some(_) => **own == url,
            None => own.origin() == url.as_str(),
        };
        let mut urls = [&self.primary].into_iter().chain(&self.others).filter(named);
        match (urls.next(), urls.next()) {
            (Some(url), None) => Ok(url),
            // Also where two URLs differ in a prefix that the proxy does not state.
            _ => Err(ForwardedError::UnknownUrl),
        }
    }

    fn origin(&self, stated: &Stated<'_>) -> Result<String, ForwardedError> {
        let (scheme, authority) = self.primary.origin().split_once("://").ok_or(ForwardedError::Malformed)?;
        let scheme = stated.proto.map_or(Ok(scheme), check_scheme)?;
        let authority = stated.host.map_or(Ok(authority), check_host)?;
        let Some(port) = stated.port else { return Ok(format!("{scheme}://{authority}")) };
        let port: u16 = number(port)?;
        let (host, own_port) = split_port(authority);
        match own_port {
            // Where both say it, they must agree.
            Some(own) if stated.host.is_some() && number(own)? != port => Err(ForwardedError::Malformed),
            _ => Ok(format!("{scheme}://{host}:{port}")),
        }
    }
}

impl<'a> Stated<'a> {
    /// RFC 7239 §4: one element of `name=value`, separated by semicolons, between which there may be nothing.
    fn parse(element: &'a str) -> Result<Self, ForwardedError> {
        let mut stated = Self::default();
        for pair in element.split(';').map(str::trim_ascii).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(ForwardedError::Malformed)?;
            // A quoted value is delimited by the quotes alone; escapes and separators occur in none that counts here.
            let value = match value.strip_prefix('"') {
                Some(quoted) => quoted.strip_suffix('"').ok_or(ForwardedError::Malformed)?,
                None => value,
            };
            if value.is_empty() || value.contains(['"', '\\', ',']) {
                return Err(ForwardedError::Malformed);
            }
            let place = match name {
                name if name.eq_ignore_ascii_case("proto") => &mut stated.proto,
                name if name.eq_ignore_ascii_case("host") => &mut stated.host,
                _ => continue,
            };
            // RFC 7239 §4: each parameter at most once.
            if place.replace(value).is_some() {
                return Err(ForwardedError::Repeated);
            }
        }
        Ok(stated)
    }
}

fn one(lines: FieldLines<'_>) -> Result<Option<&str>, ForwardedError> {
    match lines {
        FieldLines::Absent => Ok(None),
        FieldLines::Many => Err(ForwardedError::Repeated),
        FieldLines::One(value) if value.len() > MAX_BYTES => Err(ForwardedError::Malformed),
        FieldLines::One(value) => std::str::from_utf8(value).map(Some).map_err(|_| ForwardedError::Malformed),
    }
}

/// A list is what several proxies have said, of which the first ones may be the client.
fn one_of_a_list(lines: FieldLines<'_>) -> Result<Option<&str>, ForwardedError> {
    let value = one(lines)?;
    if value.is_some_and(|value| value.contains(',')) { Err(ForwardedError::Repeated) } else { Ok(value) }
}

fn check_scheme(scheme: &str) -> Result<&str, ForwardedError> {
    // RFC 6455 §4.1: a WebSocket begins with a request for the http or https URL; some proxies name what it becomes.
    let schemes = [("https", "https"), ("http", "http"), ("wss", "https"), ("ws", "http")];
    let known = schemes.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(scheme));
    known.map(|(_, scheme)| scheme).ok_or(ForwardedError::Malformed)
}

/// RFC 3986 §3.2: a host and perhaps a port, without user information; nothing that could continue into a path (P26).
fn check_host(host: &str) -> Result<&str, ForwardedError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    if !host.is_empty() && host.bytes().all(allowed) { Ok(host) } else { Err(ForwardedError::Malformed) }
}

/// The path of a URL, without a trailing slash.
fn check_prefix(prefix: &str) -> Result<&str, ForwardedError> {
    let path = prefix.strip_suffix('/').unwrap_or(prefix);
    let valid = path.is_empty() || path.starts_with('/');
    if valid && !path.contains(['?', '#']) { Ok(path) } else { Err(ForwardedError::Malformed) }
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        // A colon within brackets belongs to an IPv6 address.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn number(port: &str) -> Result<u16, ForwardedError> {
    // `parse` would take a sign.
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    port.parse().ok().filter(|_| digits).ok_or(ForwardedError::Malformed)
}
