//! Envoy's `x-forwarded-client-cert` (R83): a list with an element for each proxy, appended on the right, of pairs
//! `key=value`; values with `,`, `;` or `=` are quoted.
//!
//! An element counts only if it is known which proxy wrote it, so that their number is part of the configuration.

use std::borrow::Cow;

use super::CertificateHeaderError as Error;
use super::encoding::{from_pem, percent_decode, sha256_from_hex};

/// What an element says about the client's certificate: at least one of the two.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Element {
    pub(super) hash: Option<[u8; 32]>,
    pub(super) der: Option<Vec<u8>>,
}

/// The first of exactly `count` elements: that of the proxy to which the client has connected.
pub(super) fn parse(value: &str, count: usize) -> Result<Element, Error> {
    let mut elements = split(value, ',')?;
    // R83, R179: one more than there are proxies, and the client may have written the first.
    if elements.len() != count {
        return Err(Error::Elements);
    }
    if elements.is_empty() { Err(Error::Elements) } else { parse_element(elements.swap_remove(0)) }
}

fn parse_element(element: &str) -> Result<Element, Error> {
    let mut found = Element::default();
    for pair in split(element, ';')? {
        let (key, value) = pair.trim().split_once('=').ok_or(Error::Encoding)?;
        let repeated = if key.eq_ignore_ascii_case("Hash") {
            found.hash.replace(sha256_from_hex(&unquote(value)?)?).is_some()
        } else if key.eq_ignore_ascii_case("Cert") {
            found.der.replace(from_pem(&percent_decode(&unquote(value)?)?)?).is_some()
        } else {
            // By, Chain, Subject, URI and DNS decide nothing.
            false
        };
        // R88: exactly one. A proxy does not quote every name of a certificate, in which a client may have written anything.
        if repeated {
            return Err(Error::Several);
        }
    }
    if found == Element::default() { Err(Error::Encoding) } else { Ok(found) }
}

/// The parts between those separators that are not in quotes.
fn split(text: &str, separator: char) -> Result<Vec<&str>, Error> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(|character| {
        if escaped {
            escaped = false;
        } else {
            match character {
                '"' => quoted = !quoted,
                '\\' => escaped = quoted,
                _ => return character == separator && !quoted,
            }
        }
        false
    });
    let parts = parts.collect();
    if quoted { Err(Error::Encoding) } else { Ok(parts) }
}

/// The text within quotes, without its escapes; text without quotes as it is.
fn unquote(value: &str) -> Result<Cow<'_, str>, Error> {
    let Some(quoted) = value.strip_prefix('"') else {
        return if value.contains('"') { Err(Error::Encoding) } else { Ok(Cow::Borrowed(value)) };
    };
    let quoted = quoted.strip_suffix('"').ok_or(Error::Encoding)?;
    if !quoted.contains(['\\', '"']) {
        return Ok(Cow::Borrowed(quoted));
    }
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(characters.next().ok_or(Error::Encoding)?),
            '"' => return Err(Error::Encoding),
            other => text.push(other),
        }
    }
    Ok(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(byte: u8) -> String {
        format!("{byte:02x}").repeat(32)
    }

    fn hash_of(value: &str, count: usize) -> Result<Option<[u8; 32]>, Error> {
        parse(value, count).map(|element| element.hash)
    }

    // R83
    #[test]
    fn the_hash_of_the_one_element_is_read() {
        let hash = hash(7);
        for value in [
            format!("Hash={hash}"),
            format!("hash={hash}"),
            format!("HASH=\"{hash}\""),
            format!("By=spiffe://a/b;Hash={hash};Subject=\"CN=x,O=\\\"y;z\\\",C=\\\\\";URI=;DNS=a;DNS=b"),
            format!("Subject=\"Hash=1,2;Hash=3\";Hash={hash}"),
        ] {
            assert_eq!(hash_of(&value, 1), Ok(Some([7; 32])), "{value}");
        }
    }

    // R83, R179: the number of proxies is known, and an element more or less is refused.
    #[test]
    fn the_elements_are_as_many_as_the_proxies() {
        let (first, second) = (format!("Hash={}", hash(1)), format!("Hash={}", hash(2)));
        let two = format!("{first},{second}");
        assert_eq!(hash_of(&two, 2), Ok(Some([1; 32])));
        for (value, count) in [(&*two, 1), (&*first, 2), (&*two, 3), (&*format!("{two},{first}"), 2)] {
            assert_eq!(hash_of(value, count), Err(Error::Elements), "{value} {count}");
        }
    }

    // R83, R88
    #[test]
    fn what_is_not_an_element_with_one_certificate_is_refused() {
        let hash = hash(7);
        for (value, error) in [
            (String::new(), Error::Encoding),
            ("By=a".to_owned(), Error::Encoding),
            ("Hash".to_owned(), Error::Encoding),
            (format!("Hash={hash};"), Error::Encoding),
            (format!("Hash={hash}\""), Error::Encoding),
            (format!("Hash=\"{hash}"), Error::Encoding),
            (format!("Hash=\"{hash}\\\""), Error::Encoding),
            (format!("Hash=\"\"{hash}\""), Error::Encoding),
            (format!("Hash={hash};hash={hash}"), Error::Several),
            (format!("By=a;Hash={hash};URI=x;Hash={hash}"), Error::Several),
            (format!("By=a;Hash={hash};URI=x,Hash={hash}"), Error::Elements),
            ("Cert=\"x\"".to_owned(), Error::Encoding),
            (format!("Hash={}", hash.replacen("07", "", 1)), Error::Encoding),
        ] {
            assert_eq!(parse(&value, 1), Err(error), "{value}");
        }
    }
}
