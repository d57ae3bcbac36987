//! The compact form of a JWS (RFC 7515 §7.1) and what every JWT has in common, whatever it is for.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{NO_PAD, PAD, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurpose};
use serde_json::{Map, Value};

use super::ReferenceServer;
use crate::flaw::Flaw;

/// The longest JWT that is read, in bytes.
const MAX_LENGTH: usize = 8 * 1024;

/// Takes any unused bits in the last character.
const TRAILING_BITS: GeneralPurpose =
    GeneralPurpose::new(&alphabet::URL_SAFE, NO_PAD.with_decode_allow_trailing_bits(true));

/// Takes padding, too.
const PADDING: GeneralPurpose =
    GeneralPurpose::new(&alphabet::URL_SAFE, PAD.with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// A JWS whose signature has not been verified.
pub(super) struct Jws {
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    /// What is signed.
    pub(super) input: String,
    pub(super) signature: Vec<u8>,
}

/// What a JWT is for: one kind is never taken for the other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Token,
    Proof,
}

impl ReferenceServer {
    /// # Errors
    /// What is wrong, for the log.
    pub(super) fn parse_jws(&self, text: &str, kind: Kind) -> Result<Jws, String> {
        self.check_length(text, kind)?;
        let parts: Vec<&str> = text.split('.').collect();
        let (header, claims, signature) = match *parts {
            [header, claims, signature] => (header, claims, signature),
            [header, claims, signature, ..] if self.has(Flaw::ExtraParts) => (header, claims, signature),
            [header, claims] if self.has(Flaw::EmptySignature) => (header, claims, ""),
            _ => return Err("not three parts".to_owned()),
        };
        let jws = Jws {
            header: self.parse_object(&self.decode(header)?)?,
            claims: self.parse_object(&self.decode(claims)?)?,
            input: format!("{header}.{claims}"),
            signature: self.decode(signature)?,
        };
        self.check_critical(&jws.header)?;
        Ok(jws)
    }

    // P31: one limit, and each JWT is measured by itself.
    fn check_length(&self, text: &str, kind: Kind) -> Result<(), String> {
        let limit = match kind {
            Kind::Token if self.has(Flaw::ShortTokens) => 1024,
            Kind::Token if self.has(Flaw::UnboundedToken) => usize::MAX,
            Kind::Proof if self.has(Flaw::UnboundedProof) => usize::MAX,
            _ => MAX_LENGTH,
        };
        if text.len() <= limit { Ok(()) } else { Err("too long".to_owned()) }
    }

    // RFC 7515 §2: no padding and, RFC 4648 §3.5, no unused bits.
    fn decode(&self, part: &str) -> Result<Vec<u8>, String> {
        let engine = if self.has(Flaw::TrailingBits) {
            &TRAILING_BITS
        } else if self.has(Flaw::Padding) {
            &PADDING
        } else {
            &URL_SAFE_NO_PAD
        };
        engine.decode(part).map_err(|error| error.to_string())
    }

    // RFC 7515 §4.1.11, RFC 7797 §7: this server knows no extension, so that anything in `crit` is too much.
    fn check_critical(&self, header: &Map<String, Value>) -> Result<(), String> {
        if header.contains_key("b64") {
            return if self.has(Flaw::Unencoded) { Ok(()) } else { Err("b64".to_owned()) };
        }
        let known = !header.contains_key("crit") || self.has(Flaw::Critical);
        if known { Ok(()) } else { Err("crit".to_owned()) }
    }
}

/// Header and claims as they are written.
pub(super) fn raw(jws: &Jws) -> [String; 2] {
    let mut parts = jws.input.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap_or_default());
    std::array::from_fn(|_| String::from_utf8_lossy(&parts.next().unwrap_or_default()).into_owned())
}

/// The text of a member, if it is one.
pub(super) fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members.get(name).and_then(Value::as_str)
}

/// The bytes of a member in base64url.
pub(super) fn bytes(members: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text(members, name)?).ok()
}

/// The form of `jkt`, `ath` and `x5t#S256`.
pub(super) fn sha256(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(openssl::sha::sha256(bytes.as_ref()))
}
