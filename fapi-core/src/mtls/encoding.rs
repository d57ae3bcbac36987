//! How certificates are written into headers: base64, PEM and percent-encoding, each in one strict way (R88).
//!
//! What is unwrapped is the DER encoding of exactly one certificate, with nothing before it and nothing after it. The
//! certificate is not judged: its hash is compared with the token's (RFC 8705 §3.1), and its chain is the proxy's task.

use std::borrow::Cow;

use base64_simd::STANDARD;
use der::asn1::AnyRef;
use der::{Decode as _, Reader as _, SliceReader, Tag, Tagged as _};

use super::CertificateHeaderError as Error;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The certificate that `text` spells in base64.
pub(super) fn from_base64(text: &str) -> Result<Vec<u8>, Error> {
    // R88: padding is required; white space, foreign characters and non-zero trailing bits are refused.
    let der = STANDARD.decode_to_vec(text).map_err(|_| Error::Encoding)?;
    check_certificate(&der)?;
    Ok(der)
}

/// The certificate of a PEM text (RFC 7468), however its lines are folded.
pub(super) fn from_pem(text: &str) -> Result<Vec<u8>, Error> {
    let (der, rest) = first_of_pem(text)?;
    // R88: exactly one certificate.
    if rest.is_empty() { Ok(der) } else { Err(Error::Several) }
}

/// The first certificate of a PEM text, for formats in which it is the client's own and the others are its chain.
pub(super) fn leaf_of_pem(text: &str) -> Result<Vec<u8>, Error> {
    let (der, mut rest) = first_of_pem(text)?;
    while !rest.is_empty() {
        (_, rest) = first_of_pem(rest)?;
    }
    Ok(der)
}

fn first_of_pem(text: &str) -> Result<(Vec<u8>, &str), Error> {
    let body = text.trim_ascii_start().strip_prefix(BEGIN).ok_or(Error::Encoding)?;
    let (body, rest) = body.split_once(END).ok_or(Error::Encoding)?;
    let base64: String = body.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    Ok((from_base64(&base64)?, rest.trim_ascii()))
}

/// Undoes percent-encoding (RFC 3986 §2.1), and nothing else: a `+` of base64 stays what it is (R85).
pub(super) fn percent_decode(text: &str) -> Result<Cow<'_, str>, Error> {
    if !text.contains('%') {
        return Ok(Cow::Borrowed(text));
    }
    let mut parts = text.split('%');
    let mut decoded = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).ok_or(Error::Encoding)?;
        // `from_str_radix` would take a sign.
        let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let byte = u8::from_str_radix(digits, 16).ok().filter(|_| hex).ok_or(Error::Encoding)?;
        decoded.push(byte);
        decoded.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| Error::Encoding)
}

/// The 32 bytes that `text` spells in hexadecimal.
pub(super) fn sha256_from_hex(text: &str) -> Result<[u8; 32], Error> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return Err(Error::Encoding);
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |at: usize| pair.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        let value = digit(0).zip(digit(1)).map(|(high, low)| high << 4 | low).ok_or(Error::Encoding)?;
        *byte = u8::try_from(value).map_err(|_| Error::Encoding)?;
    }
    Ok(bytes)
}

/// RFC 5280 §4.1: `SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }`, in DER, and not a byte more (R88,
/// P50).
fn check_certificate(der: &[u8]) -> Result<(), Error> {
    let parse = || -> der::Result<()> {
        let mut reader = SliceReader::new(der)?;
        let certificate = AnyRef::decode(&mut reader)?;
        reader.finish()?;
        certificate.tag().assert_eq(Tag::Sequence)?;
        let mut fields = SliceReader::new(certificate.value())?;
        for tag in [Tag::Sequence, Tag::Sequence, Tag::BitString] {
            AnyRef::decode(&mut fields)?.tag().assert_eq(tag)?;
        }
        fields.finish()
    };
    parse().map_err(|_| Error::NotACertificate)
}

#[cfg(test)]
mod tests {
    use super::*;

    // R85: `+` of base64 is no space.
    #[test]
    fn percent_encoding_is_undone_strictly() {
        assert_eq!(percent_decode("a+b/c=").unwrap(), "a+b/c=");
        assert_eq!(percent_decode("a%2Bb%2fc%3D%0A+").unwrap(), "a+b/c=\n+");
        for wrong in ["%", "%2", "a%2", "%zz", "%+1", "%-1", "% 1", "%C3", "%2%42", "%\u{e9}"] {
            assert_eq!(percent_decode(wrong), Err(Error::Encoding), "{wrong}");
        }
    }

    // R83
    #[test]
    fn a_hash_is_64_hexadecimal_digits() {
        let hex = "00ff".repeat(16);
        assert_eq!(sha256_from_hex(&hex).unwrap()[..3], [0, 0xff, 0]);
        assert_eq!(sha256_from_hex(&hex.to_uppercase()), sha256_from_hex(&hex));
        for wrong in [
            &hex.replacen('0', "", 1),
            &format!("{hex}0"),
            &hex.replace('f', "g"),
            &hex.replace("ff", "+f"),
            "",
        ] {
            assert_eq!(sha256_from_hex(wrong), Err(Error::Encoding), "{wrong}");
        }
    }

    // R88, R179, P50
    #[test]
    fn der_is_one_certificate_and_nothing_else() {
        let certificate: &[u8] = &[0x30, 7, 0x30, 0, 0x30, 0, 3, 1, 0];
        assert_eq!(check_certificate(certificate), Ok(()));
        for wrong in [
            &[][..],
            &[0x30, 0],
            &[certificate, &[0]].concat(),
            &certificate[..8],
            &[0x31, 7, 0x30, 0, 0x30, 0, 3, 1, 0],
            &[0x30, 0x81, 7, 0x30, 0, 0x30, 0, 3, 1, 0],
            &[0x30, 9, 0x30, 0, 0x30, 0, 3, 1, 0, 5, 0],
            &[0x30, 4, 0x30, 0, 0x30, 0],
            &[0x30, 0x80, 0x30, 0, 0x30, 0, 3, 1, 0, 0, 0],
        ] {
            assert_eq!(check_certificate(wrong), Err(Error::NotACertificate), "{wrong:?}");
        }
    }
}
