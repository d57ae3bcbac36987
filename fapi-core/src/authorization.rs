//! Which access token a request presents, and under which scheme (RFC 6750 §2-3, RFC 9110 §11, RFC 9449 §7.1).
//!
//! Exactly one `Authorization` header counts; a token in the query never does. What the token is worth is decided later.

use memchr::memmem;

use crate::error::Error;
use crate::request::{FieldLines, ResourceRequest};

/// The authentication scheme under which a token was presented.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scheme {
    Dpop,
    Bearer,
}

/// The credentials of a request.
#[derive(Clone, Copy)]
pub(crate) struct Credentials<'a> {
    pub(crate) scheme: Scheme,
    pub(crate) token: &'a str,
}

/// Reads the one `Authorization` header.
pub(crate) fn parse_credentials<'a>(
    request: &ResourceRequest<'a>,
    max_token_bytes: usize,
) -> Result<Credentials<'a>, Error> {
    let token_in_query = request.query.is_some_and(has_access_token);
    let line = match request.authorization {
        // R2: a token in the query is no credential at all.
        FieldLines::Absent if token_in_query => return Err(Error::CredentialsInQuery),
        FieldLines::Absent => return Err(Error::CredentialsMissing),
        // R29, P19: more than one header is ambiguous, whatever they hold.
        FieldLines::Many => return Err(Error::CredentialsRepeated),
        FieldLines::One(line) => line,
    };
    // RFC 6750 §3.1, R2: more than one method of sending the token.
    if token_in_query {
        return Err(Error::CredentialsRepeated);
    }
    parse_line(line, max_token_bytes)
}

fn parse_line(line: &[u8], max_token_bytes: usize) -> Result<Credentials<'_>, Error> {
    // The longest scheme and a few spaces are 16 bytes; beyond that it is the token that is too large (R116).
    if line.len() > max_token_bytes.saturating_add(16) {
        return Err(Error::CredentialsTooLarge);
    }
    let line = std::str::from_utf8(line).map_err(|_| Error::CredentialsMalformed)?;
    let (scheme, rest) = line.split_once(' ').unwrap_or((line, ""));
    // R27, P20: scheme names are case-insensitive (RFC 9110 §11.1).
    let scheme = if scheme.eq_ignore_ascii_case("DPoP") {
        Scheme::Dpop
    } else if scheme.eq_ignore_ascii_case("Bearer") {
        Scheme::Bearer
    } else if is_scheme(scheme) {
        return Err(Error::SchemeUnsupported);
    } else {
        return Err(Error::CredentialsMalformed);
    };
    // R28: one or more spaces, then one token68 and nothing else.
    let token = rest.trim_start_matches(' ');
    if !is_token68(token) {
        return Err(Error::CredentialsMalformed);
    }
    if token.len() > max_token_bytes {
        return Err(Error::CredentialsTooLarge);
    }
    Ok(Credentials { scheme, token })
}

/// Whether a form-encoded query has a parameter `access_token`, however its name is percent-encoded (R2).
fn has_access_token(query: &str) -> bool {
    const NAME: &str = "access_token";
    let query = query.as_bytes();
    // P43: only this text or an encoding can make that name, so that a long query is seldom taken apart.
    let possible = || memmem::find(query, NAME.as_bytes()).is_some() || memchr::memchr(b'%', query).is_some();
    let mut pairs = query.split(|byte| *byte == b'&').filter(|pair| pair.len() >= NAME.len());
    possible() && pairs.any(|pair| form_urlencoded::parse(pair).any(|(name, _)| name == NAME))
}

/// RFC 9110 §5.6.2: `token`, the syntax of a scheme name.
fn is_scheme(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// RFC 9110 §11.2: `token68 = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn is_token68(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    // No early exit: the loop is then free of branches, which matters for tokens of a thousand bytes.
    let allowed = |byte: u8| {
        // "-", ".", "/" and the digits stand in a row.
        matches!(byte, b'-'..=b'9') | (byte | 0x20).is_ascii_lowercase() | matches!(byte, b'_' | b'~' | b'+')
    };
    !body.is_empty() && body.bytes().fold(true, |so_far, byte| so_far & allowed(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse<'a>(query: Option<&'a str>, lines: &[&'a str]) -> Result<(Scheme, &'a str), Error> {
        let authorization = lines.iter().map(|line| line.as_bytes()).collect();
        let request = ResourceRequest::new("GET", "/", query).with_authorization(authorization);
        parse_credentials(&request, 32).map(|credentials| (credentials.scheme, credentials.token))
    }

    // R1, R27, R28
    #[test]
    fn one_token68_after_a_scheme_in_any_case_is_read() {
        for (line, scheme) in [
            ("DPoP abc", Scheme::Dpop),
            ("dPOP abc", Scheme::Dpop),
            ("bEARER abc", Scheme::Bearer),
            ("Bearer    abc", Scheme::Bearer),
        ] {
            assert_eq!(parse(None, &[line]), Ok((scheme, "abc")), "{line}");
        }
        assert_eq!(parse(None, &["DPoP a-._~+/b=="]), Ok((Scheme::Dpop, "a-._~+/b==")));
    }

    // R28, R31, R116
    #[test]
    fn anything_else_in_the_header_is_refused() {
        for (line, error) in [
            ("", Error::CredentialsMalformed),
            ("DPoP", Error::CredentialsMalformed),
            ("DPoP ", Error::CredentialsMalformed),
            ("DPoP a b", Error::CredentialsMalformed),
            ("DPoP a,b", Error::CredentialsMalformed),
            ("DPoP a=b", Error::CredentialsMalformed),
            ("DPoP ==", Error::CredentialsMalformed),
            ("DPoP\ta", Error::CredentialsMalformed),
            ("DPoP a\u{e9}", Error::CredentialsMalformed),
            ("DPoP token=\"abc\"", Error::CredentialsMalformed),
            ("Basic dXNlcjpwYXNz", Error::SchemeUnsupported),
            ("Negotiate", Error::SchemeUnsupported),
            ("DPoP aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Error::CredentialsTooLarge),
            (
                "DPoP aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                Error::CredentialsTooLarge,
            ),
        ] {
            assert_eq!(parse(None, &[line]), Err(error), "{line}");
        }
    }

    // R2, R3, R29, P19
    #[test]
    fn more_than_one_way_of_sending_a_token_is_refused() {
        assert_eq!(parse(None, &[]), Err(Error::CredentialsMissing));
        assert_eq!(parse(Some("page=1"), &[]), Err(Error::CredentialsMissing));
        for query in [
            "access_token=abc",
            "a=b&access%5Ftoken=abc",
            "%61ccess_token",
            "access_token",
            "a&access_token&b=%20",
            "&&%61%63%63%65%73%73%5f%74%6f%6b%65%6e=abc",
        ] {
            assert_eq!(parse(Some(query), &[]), Err(Error::CredentialsInQuery), "{query}");
            assert_eq!(parse(Some(query), &["DPoP abc"]), Err(Error::CredentialsRepeated), "{query}");
        }
        for query in [
            "xaccess_token=abc",
            "a=access_token",
            "ACCESS_TOKEN=a",
            "%61",
            "access%2Btoken=a",
            "a%26access_token=b",
        ] {
            assert_eq!(parse(Some(query), &["DPoP abc"]), Ok((Scheme::Dpop, "abc")), "{query}");
        }
        assert_eq!(parse(None, &["DPoP abc", "DPoP abc"]), Err(Error::CredentialsRepeated));
        assert_eq!(parse(None, &["Bearer abc", "DPoP abc"]), Err(Error::CredentialsRepeated));
    }
}
