//! Scheme and token (RFC 6750 §2, RFC 9110 §11.4): in one `Authorization` header, and nowhere else.

use hyper::http::request::Parts;

use super::ReferenceServer;
use super::answer::Refusal;
use crate::flaw::Flaw;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Scheme {
    Dpop,
    Bearer,
}

pub(super) struct Credentials {
    pub(super) scheme: Scheme,
    pub(super) token: String,
}

impl ReferenceServer {
    pub(super) fn credentials(&self, parts: &Parts, body: &[u8]) -> Result<Credentials, Refusal> {
        let field = match self.authorization(parts)? {
            Some(field) => field,
            None => return self.elsewhere(parts, body).ok_or(Refusal::Unauthenticated),
        };
        if has_parameter(parts.uri.query(), self.has(Flaw::EncodedQueryName)) && !self.has(Flaw::QueryBeside)
        {
            return Err(Refusal::InvalidRequest);
        }
        if self.has(Flaw::NoTokenCrash) && !field.contains(' ') {
            return Err(Refusal::Crash);
        }
        let (scheme, token) = self.split(&field);
        let scheme = self.scheme(scheme)?;
        if !is_token68(token) {
            return Err(Refusal::InvalidRequest);
        }
        Ok(Credentials { scheme, token: token.to_owned() })
    }

    // RFC 6750 §3.1, P19: exactly one.
    fn authorization(&self, parts: &Parts) -> Result<Option<String>, Refusal> {
        let fields: Vec<_> = parts.headers.get_all("authorization").iter().collect();
        if fields.len() > 1 && self.has(Flaw::TwoAuthorizationsCrash) {
            return Err(Refusal::Crash);
        }
        let field = match *fields {
            [] => return Ok(None),
            [one] => one,
            [one, ..] if self.has(Flaw::FirstAuthorization) => one,
            [.., one] if self.has(Flaw::LastAuthorization) => one,
            _ => return Err(Refusal::InvalidRequest),
        };
        match field.to_str() {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) if self.has(Flaw::NotTextCrash) => Err(Refusal::Crash),
            Err(_) => Err(Refusal::InvalidRequest),
        }
    }

    // RFC 9110 §11.4: a scheme, spaces, one token68.
    fn split<'a>(&self, field: &'a str) -> (&'a str, &'a str) {
        if self.has(Flaw::TabSeparates) {
            return field.split_once(char::is_whitespace).unwrap_or((field, ""));
        }
        let (scheme, token) = field.split_once(' ').unwrap_or((field, ""));
        let token = if self.has(Flaw::OneSpace) { token } else { token.trim_start_matches(' ') };
        if self.has(Flaw::SecondWord) {
            return (scheme, token.split(' ').next().unwrap_or_default());
        }
        if self.has(Flaw::FirstOfList) {
            return (scheme, token.split(',').next().unwrap_or_default());
        }
        (scheme, if self.has(Flaw::QuotedToken) { token.trim_matches('"') } else { token })
    }

    // RFC 9110 §11.1, P20: a scheme has no case.
    fn scheme(&self, scheme: &str) -> Result<Scheme, Refusal> {
        if self.has(Flaw::SchemeCase) && !["DPoP", "Bearer"].contains(&scheme) {
            return Err(Refusal::Unauthenticated);
        }
        match &*scheme.to_ascii_lowercase() {
            "dpop" => Ok(Scheme::Dpop),
            "bearer" => Ok(Scheme::Bearer),
            "" => Err(Refusal::InvalidRequest),
            _ if self.has(Flaw::AnyScheme) => Ok(Scheme::Dpop),
            _ => Err(Refusal::Unauthenticated),
        }
    }

    /// Where a token must not be read from.
    fn elsewhere(&self, parts: &Parts, body: &[u8]) -> Option<Credentials> {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let token = if self.has(Flaw::QueryToken) {
            parameter(parts.uri.query()?)
        } else if self.has(Flaw::FormToken) {
            parameter(std::str::from_utf8(body).ok()?)
        } else if self.has(Flaw::CookieToken) {
            parameter(header("cookie")?)
        } else if self.has(Flaw::ForwardedAuthorization) {
            header("x-forwarded-authorization")?.split(' ').nth(1)
        } else {
            None
        };
        Some(Credentials { scheme: Scheme::Dpop, token: token?.to_owned() })
    }
}

/// RFC 6750 §2.3: also where the name is percent-encoded.
fn has_parameter(query: Option<&str>, as_written: bool) -> bool {
    let query = query.unwrap_or_default();
    if as_written {
        return parameter(query).is_some();
    }
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
}

fn parameter(pairs: &str) -> Option<&str> {
    pairs.split(['&', ';']).find_map(|pair| pair.trim().strip_prefix("access_token="))
}

fn is_token68(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}
