//! JWS in compact serialisation (RFC 7515 §7.1) and its protected header.
//!
//! Form only is decided: three parts when a JWS is split, strict base64url when a part is decoded, and no `crit` or
//! `b64` in a header. Nothing here is verified; which `alg` and `typ` are accepted, which key verifies, and how large a JWS may be, is for the callers.

use std::borrow::Cow;
use std::fmt;

use memchr::memchr_iter;

use super::JoseError;
use super::base64url;
use super::json::{Members, Value};

/// Longest `kid`, in bytes: it is untrusted input that ends up in comparisons and log lines (RFC 8725 §3.10, R106).
pub(super) const MAX_KID_LEN: usize = 256;

/// A JWS of three parts, borrowed from the text it came in.
///
/// ```
/// use fapi_core::jose::{CompactJws, Header, JoseError};
///
/// // RFC 8037 appendix A.4
/// let text = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
/// let jws = CompactJws::parse(text)?;
/// assert_eq!(Header::parse(&jws.decode_header()?)?.alg(), "EdDSA");
/// assert_eq!(jws.decode_payload()?, b"Example of Ed25519 signing");
/// assert_eq!(CompactJws::parse("a.b"), Err(JoseError::NotCompact));
/// # Ok::<(), JoseError>(())
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct CompactJws<'a> {
    signing_input: &'a str,
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> CompactJws<'a> {
    /// Splits `text`. Its size should have been checked before; the parts are base64url only if they decode.
    ///
    /// # Errors
    /// [`JoseError::NotCompact`] unless there are exactly three parts, none of them empty (an empty payload is a
    /// detached one, R114).
    pub fn parse(text: &'a str) -> Result<Self, JoseError> {
        // RFC 9449 §4.3 (2), R41: two, four or five parts are no JWS in compact serialisation.
        let mut dots = memchr_iter(b'.', text.as_bytes());
        let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
            return Err(JoseError::NotCompact);
        };
        let (signing_input, signature) = split_around(text, second);
        let (header, payload) = split_around(signing_input, first);
        if header.is_empty() || payload.is_empty() || signature.is_empty() {
            return Err(JoseError::NotCompact);
        }
        Ok(Self { signing_input, header, payload, signature })
    }

    /// The encoded header, as sent. A client repeats it byte for byte, so it can serve as a cache key.
    #[must_use]
    pub fn header_segment(&self) -> &'a str {
        self.header
    }

    /// What is signed: the encoded header, a dot, the encoded payload (RFC 7515 §5.2).
    #[must_use]
    pub fn signing_input(&self) -> &'a str {
        self.signing_input
    }

    /// The header's JSON.
    ///
    /// # Errors
    /// [`JoseError::Base64`]
    pub fn decode_header(&self) -> Result<Vec<u8>, JoseError> {
        base64url::decode(self.header)
    }

    /// The payload.
    ///
    /// # Errors
    /// [`JoseError::Base64`]
    pub fn decode_payload(&self) -> Result<Vec<u8>, JoseError> {
        base64url::decode(self.payload)
    }

    /// The signature.
    ///
    /// # Errors
    /// [`JoseError::Base64`]
    pub fn decode_signature(&self) -> Result<Vec<u8>, JoseError> {
        base64url::decode(self.signature)
    }
}

/// Shows no content: a JWS is a credential.
impl fmt::Debug for CompactJws<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CompactJws").finish_non_exhaustive()
    }
}

/// The header parameters that this crate reads; all others are ignored (`jku`, `x5u` and `x5c` among them, R106).
#[derive(Clone)]
pub struct Header<'a> {
    alg: Cow<'a, str>,
    typ: Option<Cow<'a, str>>,
    kid: Option<Cow<'a, str>>,
    jwk: Option<Value<'a>>,
}

impl<'a> Header<'a> {
    /// Reads a decoded header.
    ///
    /// # Errors
    /// [`JoseError`]: not strict JSON; `alg` missing; `alg`, `typ` or `kid` not a string, or `kid` of more than 256
    /// bytes; `crit` or `b64` present.
    pub fn parse(json: &'a [u8]) -> Result<Self, JoseError> {
        let members: Parameters<'a> = Members::parse(json)?;
        let alg = string(members.alg, "alg")?;
        // RFC 7797 §7, R113
        if members.b64.is_some() {
            return Err(JoseError::UnencodedPayload);
        }
        // RFC 7515 §4.1.11, R112: no extension is understood here, and an empty list is an error as well.
        if members.crit.is_some() {
            return Err(JoseError::Critical);
        }
        let (kid, typ) = (string(members.kid, "kid")?, string(members.typ, "typ")?);
        // RFC 8725 §3.10, R106
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID_LEN) {
            return Err(JoseError::HeaderInvalid("kid"));
        }
        // RFC 7515 §4.1.1
        let alg = alg.ok_or(JoseError::HeaderMissing("alg"))?;
        Ok(Self { alg, typ, kid, jwk: members.jwk })
    }

    /// RFC 7515 §4.1.1: the name of the algorithm, untrusted.
    #[must_use]
    pub fn alg(&self) -> &str {
        &self.alg
    }

    /// RFC 7515 §4.1.9: the type.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// RFC 7515 §4.1.4: the key id, untrusted, at most 256 bytes.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// RFC 7515 §4.1.3: the key, untrusted.
    pub(crate) fn jwk(&self) -> Option<&Value<'a>> {
        self.jwk.as_ref()
    }
}

/// Shows the parameters of bounded content only.
impl fmt::Debug for Header<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Header").finish_non_exhaustive()
    }
}

/// The header parameters that are read, or must not be there.
#[derive(Default)]
struct Parameters<'a> {
    alg: Option<Value<'a>>,
    b64: Option<Value<'a>>,
    crit: Option<Value<'a>>,
    jwk: Option<Value<'a>>,
    kid: Option<Value<'a>>,
    typ: Option<Value<'a>>,
}

impl<'a> Members<'a> for Parameters<'a> {
    fn place(&mut self, name: &str) -> Option<&mut Option<Value<'a>>> {
        Some(match name {
            "alg" => &mut self.alg,
            "b64" => &mut self.b64,
            "crit" => &mut self.crit,
            "jwk" => &mut self.jwk,
            "kid" => &mut self.kid,
            "typ" => &mut self.typ,
            _ => return None,
        })
    }
}

fn string<'a>(value: Option<Value<'a>>, name: &'static str) -> Result<Option<Cow<'a, str>>, JoseError> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        // Pitfall P30: a `typ` that is no string is refused, not unwrapped.
        Some(_) => Err(JoseError::HeaderInvalid(name)),
    }
}

/// What stands before the character at `index`, and what stands after it.
fn split_around(text: &str, index: usize) -> (&str, &str) {
    (text.get(..index).unwrap_or_default(), text.get(index.saturating_add(1)..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn r41_three_parts_and_their_borrowed_spelling() {
        let jws = CompactJws::parse("YQ.Yg.Yw").unwrap();
        assert_eq!(jws.header_segment(), "YQ");
        assert_eq!(jws.signing_input(), "YQ.Yg");
        assert_eq!(jws.decode_header(), Ok(b"a".to_vec()));
        assert_eq!(jws.decode_payload(), Ok(b"b".to_vec()));
        assert_eq!(jws.decode_signature(), Ok(b"c".to_vec()));
        assert_eq!(format!("{jws:?}"), "CompactJws { .. }");
    }

    #[test]
    fn r41_r108_r114_nothing_but_three_parts() {
        let refused = [
            "",
            ".",
            "..",
            "YQ",
            "YQ.Yg",
            "YQ.Yg.",
            "YQ..Yw",
            ".Yg.Yw",
            "YQ.Yg.Yw.",
            ".YQ.Yg.Yw",
            "YQ.Yg.Yw.ZA",
            "YQ.Yg.Yw.ZA.ZQ",
            "YQ..Yg.Yw",
            r#"{"protected":"YQ","payload":"Yg","signature":"Yw"}"#,
        ];
        for text in refused {
            assert_eq!(CompactJws::parse(text), Err(JoseError::NotCompact), "{text:?}");
        }
    }

    #[test]
    fn r108_r115_only_the_base64url_alphabet() {
        let parts = |text| {
            let jws = CompactJws::parse(text)?;
            Ok((jws.decode_header()?, jws.decode_payload()?, jws.decode_signature()?))
        };
        for text in [
            "YQ==.Yg.Yw",
            "YQ.Yg.Yw==",
            "YQ.Y g.Yw",
            "YQ.Yg.Yw\n",
            " YQ.Yg.Yw",
            "YQ.Y+.Yw",
            "YQ.Yg,Yg.Yw",
            "YQ.é.Yw",
        ] {
            assert_eq!(parts(text), Err(JoseError::Base64), "{text:?}");
        }
        // Trailing bits
        let jws = CompactJws::parse("YR.Yh.Yx").unwrap();
        assert_eq!(jws.decode_header(), Err(JoseError::Base64));
        assert_eq!(jws.decode_payload(), Err(JoseError::Base64));
        assert_eq!(jws.decode_signature(), Err(JoseError::Base64));
    }

    #[test]
    fn the_header_has_the_parameters_that_are_read() {
        let json =
            br#"{"typ":"dpop+jwt","alg":"ES256","kid":"k\u0031","jwk":{"kty":"EC"},"jku":"https://x","x":1}"#;
        let header = Header::parse(json).unwrap();
        assert_eq!(header.alg(), "ES256");
        assert_eq!(header.typ(), Some("dpop+jwt"));
        assert_eq!(header.kid(), Some("k1"));
        assert!(header.jwk().is_some_and(|jwk| jwk.as_object().is_some()));
        assert_eq!(format!("{header:?}"), "Header { .. }");

        let header = Header::parse(br#"{"\u0061lg":"none"}"#).unwrap();
        assert_eq!((header.alg(), header.typ(), header.kid()), ("none", None, None));
        assert!(header.jwk().is_none());
    }

    #[test]
    fn a_header_parameter_has_its_type() {
        use JoseError::{HeaderInvalid, HeaderMissing};
        let too_long = format!(r#"{{"alg":"a","kid":"{}"}}"#, "k".repeat(MAX_KID_LEN + 1));
        let refused = [
            ("{}", HeaderMissing("alg")),
            (r#"{"typ":"JWT"}"#, HeaderMissing("alg")),
            (r#"{"Alg":"ES256"}"#, HeaderMissing("alg")),
            (r#"{"alg":null}"#, HeaderInvalid("alg")),
            (r#"{"alg":["ES256"]}"#, HeaderInvalid("alg")),
            // P30
            (r#"{"alg":"a","typ":1}"#, HeaderInvalid("typ")),
            (r#"{"alg":"a","kid":{}}"#, HeaderInvalid("kid")),
            // R106
            (too_long.as_str(), HeaderInvalid("kid")),
            // P32, R111
            (r#"{"alg":"a","alg":"b"}"#, JoseError::DuplicateMember),
            ("[]", JoseError::NotObject),
            ("", JoseError::Json),
        ];
        for (json, error) in refused {
            assert_eq!(Header::parse(json.as_bytes()).err(), Some(error), "{json}");
        }
        let longest = format!(r#"{{"alg":"a","kid":"{}"}}"#, "k".repeat(MAX_KID_LEN));
        assert_eq!(Header::parse(longest.as_bytes()).unwrap().kid().map(str::len), Some(MAX_KID_LEN));
    }

    #[test]
    fn r112_r113_no_extension_is_understood() {
        for crit in [r#"["exp"]"#, r#"["b64"]"#, "[]", "null", r#""exp""#, "{}"] {
            let json = format!(r#"{{"alg":"ES256","crit":{crit}}}"#);
            assert_eq!(Header::parse(json.as_bytes()).err(), Some(JoseError::Critical), "{crit}");
        }
        for b64 in ["false", "true", "null"] {
            let json = format!(r#"{{"alg":"ES256","b64":{b64}}}"#);
            assert_eq!(Header::parse(json.as_bytes()).err(), Some(JoseError::UnencodedPayload), "{b64}");
        }
        assert_eq!(Header::parse(br#"{"alg":"a","\u0063rit":["x"]}"#).err(), Some(JoseError::Critical));
    }

    proptest! {
        #[test]
        fn never_panics(text: String, json: Vec<u8>) {
            let _ = CompactJws::parse(&text);
            let _ = Header::parse(&json);
        }

        #[test]
        fn what_parses_is_its_parts(text in "[A-Za-z0-9_.=-]{0,20}") {
            let parts: Vec<_> = text.split('.').collect();
            let form = parts.len() == 3 && !parts.contains(&"");
            prop_assert_eq!(CompactJws::parse(&text).is_ok(), form);
        }
    }
}
