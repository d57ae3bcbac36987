//! JWE in compact serialisation (RFC 7516 §7.1) and its protected header, as far as access tokens need it.
//!
//! Decides form, algorithms and sizes, all of it before any cryptography: five parts, strict base64url, one of three key
//! managements with A256GCM and nothing else, never compressed. Nothing here is decrypted, and nothing that is encrypted
//! is vouched for by anybody: whoever knows a public key can encrypt to it.

use std::fmt;

use super::json::{Object, Value};
use super::jws::MAX_KID_LEN;
use super::{JoseError, KeyError, PublicKey, base64url};

/// RFC 7518 §4.3: an encrypted key is as long as the modulus, which has 4096 bits at most.
const MAX_ENCRYPTED_KEY_LEN: usize = 512;
/// RFC 3394 §2.2.1, RFC 7518 §4.6: a key of 256 bits, wrapped.
const WRAPPED_KEY_LEN: usize = 40;
/// RFC 7518 §5.3: what A256GCM has.
const IV_LEN: usize = 12;
const TAG_LEN: usize = 16;

/// A key management algorithm (RFC 7518 §4): how the key that encrypts the content is agreed on.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum KeyManagement {
    /// `RSA-OAEP-256`.
    RsaOaep256,
    /// `ECDH-ES`: the agreed key itself.
    EcdhEs,
    /// `ECDH-ES+A256KW`: the agreed key wraps another.
    EcdhEsA256Kw,
}

impl KeyManagement {
    /// Every one there is. `RSA1_5` will never be (RFC 8725 §3.2, R100).
    pub const ALL: [Self; 3] = [Self::RsaOaep256, Self::EcdhEs, Self::EcdhEsA256Kw];

    /// The registered `alg` value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
        }
    }

    /// The algorithm with this exact name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Whether an encrypted key of this length can be one of this algorithm.
    const fn fits(self, encrypted_key_len: usize) -> bool {
        match self {
            Self::RsaOaep256 => 0 < encrypted_key_len && encrypted_key_len <= MAX_ENCRYPTED_KEY_LEN,
            // RFC 7518 §4.6: the empty octet sequence.
            Self::EcdhEs => encrypted_key_len == 0,
            Self::EcdhEsA256Kw => encrypted_key_len == WRAPPED_KEY_LEN,
        }
    }
}

/// A JWE of five parts whose content is encrypted with A256GCM; not decrypted yet.
///
/// ```
/// use fapi_core::jose::{CompactJwe, JoseError};
///
/// assert_eq!(CompactJwe::parse("a.b.c").unwrap_err(), JoseError::NotCompactJwe);
/// // {"alg":"RSA1_5","enc":"A256GCM"}
/// let jwe = CompactJwe::parse("eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMjU2R0NNIn0.AA.AA.AA.AA");
/// assert_eq!(jwe.unwrap_err(), JoseError::EncryptionAlgorithm);
/// ```
pub struct CompactJwe<'a> {
    header_segment: &'a str,
    header: Vec<u8>,
    algorithm: KeyManagement,
    key_id: Option<Box<str>>,
    encrypted_key: Vec<u8>,
    initialization_vector: [u8; IV_LEN],
    ciphertext: Vec<u8>,
    tag: [u8; TAG_LEN],
}

/// What the protected header says.
struct Facts {
    algorithm: KeyManagement,
    key_id: Option<Box<str>>,
}

impl<'a> CompactJwe<'a> {
    /// Reads `text`, whose size should have been checked before.
    ///
    /// # Errors
    /// [`JoseError`]: not five parts; not strict base64url; the header not strict JSON; an `alg` or `enc` that is not
    /// accepted; `crit` or `zip`; `cty` missing or not that of a JWT; an `epk` that cannot be a key; parts of other lengths
    /// than the algorithms have.
    pub fn parse(text: &'a str) -> Result<Self, JoseError> {
        let mut parts = text.split('.');
        let mut part = || parts.next().ok_or(JoseError::NotCompactJwe);
        let [header_segment, encrypted_key, vector, ciphertext, tag] =
            [part()?, part()?, part()?, part()?, part()?];
        if parts.next().is_some() || header_segment.is_empty() || ciphertext.is_empty() {
            return Err(JoseError::NotCompactJwe);
        }
        let header = base64url::decode(header_segment)?;
        let Facts { algorithm, key_id } = parse_header(&header)?;
        let encrypted_key = base64url::decode(encrypted_key)?;
        if !algorithm.fits(encrypted_key.len()) {
            return Err(JoseError::PartLength);
        }
        Ok(Self {
            header_segment,
            algorithm,
            key_id,
            encrypted_key,
            // RFC 7518 §5.3: a shorter tag would be easier to forge.
            initialization_vector: base64url::decode_array(vector).ok_or(JoseError::PartLength)?,
            ciphertext: base64url::decode(ciphertext)?,
            tag: base64url::decode_array(tag).ok_or(JoseError::PartLength)?,
            header,
        })
    }

    /// The key management algorithm.
    #[must_use]
    pub fn algorithm(&self) -> KeyManagement {
        self.algorithm
    }

    /// The `kid` of the key that it is encrypted to, untrusted, at most 256 bytes.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The JSON of the protected header: strict, without duplicate members.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The encoded header: the additional authenticated data (RFC 7516 §5.2 step 15).
    #[must_use]
    pub fn additional_data(&self) -> &[u8] {
        self.header_segment.as_bytes()
    }

    /// The encrypted key; empty for `ECDH-ES`.
    #[must_use]
    pub fn encrypted_key(&self) -> &[u8] {
        &self.encrypted_key
    }

    /// The initialization vector.
    #[must_use]
    pub fn initialization_vector(&self) -> &[u8; 12] {
        &self.initialization_vector
    }

    /// The ciphertext, as long as the content.
    #[must_use]
    pub fn ciphertext(&self) -> &[u8] {
        &self.ciphertext
    }

    /// The authentication tag.
    #[must_use]
    pub fn tag(&self) -> &[u8; 16] {
        &self.tag
    }
}

/// Shows no content: a JWE is a credential.
impl fmt::Debug for CompactJwe<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CompactJwe").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn parse_header(json: &[u8]) -> Result<Facts, JoseError> {
    let header = Object::parse(json)?;
    let text = |name: &'static str| match header.get(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or(JoseError::HeaderInvalid(name)),
    };
    // RFC 7516 §4.1.13, R112: no extension is understood here.
    if header.get("crit").is_some() {
        return Err(JoseError::Critical);
    }
    // RFC 8725 §3.6, R108: a few octets could become gigabytes.
    if header.get("zip").is_some() {
        return Err(JoseError::Compressed);
    }
    // RFC 8725 §3.1, R99, R100: by allow-list, case-sensitively.
    let algorithm = text("alg")?.ok_or(JoseError::HeaderMissing("alg"))?;
    let algorithm = KeyManagement::from_name(algorithm).ok_or(JoseError::EncryptionAlgorithm)?;
    if text("enc")?.ok_or(JoseError::HeaderMissing("enc"))? != "A256GCM" {
        return Err(JoseError::EncryptionAlgorithm);
    }
    // RFC 7519 §5.2: a JWT inside of it is announced.
    if !is_nested_jwt(text("cty")?.ok_or(JoseError::HeaderMissing("cty"))?) {
        return Err(JoseError::HeaderInvalid("cty"));
    }
    let key_id = text("kid")?;
    if key_id.is_some_and(|kid| kid.len() > MAX_KID_LEN) {
        return Err(JoseError::HeaderInvalid("kid"));
    }
    if algorithm != KeyManagement::RsaOaep256 {
        let (apu, apv) = (text("apu")?, text("apv")?);
        [apu, apv].into_iter().flatten().try_for_each(|info| base64url::decode(info).map(|_| ()))?;
        check_ephemeral_key(header.get("epk"))?;
    }
    Ok(Facts { algorithm, key_id: key_id.map(Into::into) })
}

/// RFC 7519 §5.2, RFC 9068 §2.1: `JWT`, or the type of what is inside; compared as media types are (RFC 7516 §4.1.12).
fn is_nested_jwt(cty: &str) -> bool {
    ["JWT", "at+jwt", "application/jwt", "application/at+jwt"]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(cty))
}

/// RFC 7518 §4.6.1.1: a public key, of a form that the decrypter need not doubt. That its point is on the curve is the
/// decrypter's check.
fn check_ephemeral_key(epk: Option<&Value<'_>>) -> Result<(), JoseError> {
    const INVALID: JoseError = JoseError::HeaderInvalid("epk");
    let jwk = epk.ok_or(JoseError::HeaderMissing("epk"))?.as_object().ok_or(INVALID)?;
    let key: Result<PublicKey, KeyError> = PublicKey::from_object(jwk);
    match key {
        Ok(PublicKey::Ec { .. }) if jwk.get("d").is_none() => Ok(()),
        _ => Err(INVALID),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 7518 appendix C.
    const EPK: &str = r#"{"kty":"EC","crv":"P-256","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}"#;

    fn jwe(header: &str, lengths: [usize; 4]) -> String {
        let [key, vector, ciphertext, tag] = lengths.map(|length| base64url::encode(&vec![7; length]));
        format!("{}.{key}.{vector}.{ciphertext}.{tag}", base64url::encode(header.as_bytes()))
    }

    fn with_header(header: &str) -> Result<KeyManagement, JoseError> {
        let key = if header.contains("A256KW") { 40 } else { 0 };
        CompactJwe::parse(&jwe(header, [key, 12, 100, 16])).map(|jwe| jwe.algorithm())
    }

    #[test]
    fn r95_the_three_key_managements_are_read() {
        let rsa = jwe(r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JWT","kid":"1"}"#, [256, 12, 1, 16]);
        let rsa = CompactJwe::parse(&rsa).unwrap();
        assert_eq!((rsa.algorithm(), rsa.key_id()), (KeyManagement::RsaOaep256, Some("1")));
        assert_eq!((rsa.encrypted_key().len(), rsa.ciphertext()), (256, &[7][..]));
        for (alg, algorithm) in
            [("ECDH-ES", KeyManagement::EcdhEs), ("ECDH-ES+A256KW", KeyManagement::EcdhEsA256Kw)]
        {
            let header = format!(
                r#"{{"alg":"{alg}","enc":"A256GCM","cty":"jwt","epk":{EPK},"apu":"QWxpY2U","apv":"Qm9i"}}"#
            );
            assert_eq!(with_header(&header), Ok(algorithm));
        }
    }

    #[test]
    fn r95_nothing_but_five_parts() {
        let header = r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JWT"}"#;
        let good = jwe(header, [256, 12, 1, 16]);
        assert!(CompactJwe::parse(&good).is_ok());
        let without_header = good.split_once('.').unwrap().1;
        for text in ["", ".", "a.b.c", "a.b.c.d", "....", &format!("{good}."), &format!(".{without_header}")]
        {
            assert_eq!(CompactJwe::parse(text).unwrap_err(), JoseError::NotCompactJwe, "{text}");
        }
        let empty = jwe(header, [256, 12, 0, 16]);
        assert_eq!(CompactJwe::parse(&empty).unwrap_err(), JoseError::NotCompactJwe);
        for spelling in [format!("{good}="), good.replace('.', "=."), format!(" {good}")] {
            assert!(CompactJwe::parse(&spelling).is_err(), "{spelling}");
        }
    }

    // R95, R100: RFC 8725 §3.2.
    #[test]
    fn r95_r100_no_other_algorithm() {
        for alg in [
            "RSA1_5",
            "RSA-OAEP",
            "RSA-OAEP-384",
            "ECDH-ES+A128KW",
            "ECDH-ES+A192KW",
            "dir",
            "A256KW",
            "A256GCMKW",
            "PBES2-HS256+A128KW",
            "rsa-oaep-256",
            "none",
            "",
        ] {
            let header = format!(r#"{{"alg":"{alg}","enc":"A256GCM","cty":"JWT","epk":{EPK}}}"#);
            assert_eq!(with_header(&header), Err(JoseError::EncryptionAlgorithm), "{alg}");
        }
        for enc in ["A128GCM", "A192GCM", "A128CBC-HS256", "A256CBC-HS512", "a256gcm", "none", ""] {
            let header = format!(r#"{{"alg":"ECDH-ES","enc":"{enc}","cty":"JWT","epk":{EPK}}}"#);
            assert_eq!(with_header(&header), Err(JoseError::EncryptionAlgorithm), "{enc}");
        }
    }

    #[test]
    fn r95_r112_the_header_is_strict() {
        let header = |members: &str| format!(r#"{{"alg":"ECDH-ES","enc":"A256GCM",{members}}}"#);
        let with_epk = |members: &str| with_header(&header(&format!(r#""epk":{EPK},{members}"#)));
        let nested = |members: &str| with_epk(&format!(r#""cty":"JWT",{members}"#));
        assert_eq!(nested(r#""unknown":1"#), Ok(KeyManagement::EcdhEs));
        assert_eq!(nested(r#""crit":["exp"]"#), Err(JoseError::Critical));
        assert_eq!(nested(r#""zip":"DEF""#), Err(JoseError::Compressed));
        assert_eq!(nested(r#""zip":null"#), Err(JoseError::Compressed));
        assert_eq!(nested(r#""enc":"A256GCM""#), Err(JoseError::DuplicateMember));
        assert_eq!(nested(r#""kid":1"#), Err(JoseError::HeaderInvalid("kid")));
        let long = format!(r#""kid":"{}""#, "k".repeat(257));
        assert_eq!(nested(&long), Err(JoseError::HeaderInvalid("kid")));
        assert_eq!(nested(r#""apu":1"#), Err(JoseError::HeaderInvalid("apu")));
        assert_eq!(nested(r#""apv":"Qm9i==""#), Err(JoseError::Base64));
        for cty in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
            assert_eq!(with_epk(&format!(r#""cty":"{cty}""#)), Ok(KeyManagement::EcdhEs), "{cty}");
        }
        for cty in ["json", "", "JWE", "dpop+jwt"] {
            let refused = with_epk(&format!(r#""cty":"{cty}""#));
            assert_eq!(refused, Err(JoseError::HeaderInvalid("cty")), "{cty}");
        }
        assert_eq!(with_epk(r#""typ":"at+jwt""#), Err(JoseError::HeaderMissing("cty")));
        for missing in ["alg", "enc"] {
            let header = header(r#""cty":"JWT""#).replace(missing, "other");
            assert_eq!(with_header(&header), Err(JoseError::HeaderMissing(missing)));
        }
    }

    // R102, RFC 7518 §4.6.1.1.
    #[test]
    fn r95_r102_the_ephemeral_key_is_a_public_key() {
        let with_epk =
            |epk: &str| with_header(&format!(r#"{{"alg":"ECDH-ES","enc":"A256GCM","cty":"JWT"{epk}}}"#));
        assert_eq!(with_epk(""), Err(JoseError::HeaderMissing("epk")));
        for epk in [
            "null".to_owned(),
            "{}".to_owned(),
            format!("[{EPK}]"),
            EPK.replace("\"kty\":\"EC\"", "\"kty\":\"RSA\""),
            EPK.replace("P-256", "P-384"),
            EPK.replace("P-256", "secp256k1"),
            EPK.replace("\"x\":\"gI", "\"x\":\"AAgI"),
            EPK.replace("\"kty\"", "\"d\":\"AA\",\"kty\""),
        ] {
            let refused = with_epk(&format!(r#","epk":{epk}"#));
            assert_eq!(refused, Err(JoseError::HeaderInvalid("epk")), "{epk}");
        }
    }

    // R116: before any cryptography.
    #[test]
    fn r95_r116_parts_have_their_lengths() {
        let rsa = r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JWT"}"#;
        let ecdh = format!(r#"{{"alg":"ECDH-ES","enc":"A256GCM","cty":"JWT","epk":{EPK}}}"#);
        let wrapped = ecdh.replace("ECDH-ES", "ECDH-ES+A256KW");
        let parse = |header: &str, key, vector, tag| {
            CompactJwe::parse(&jwe(header, [key, vector, 1, tag])).map(|_jwe| ())
        };
        for (header, right, wrong) in
            [(rsa, 512, vec![0, 513]), (&ecdh, 0, vec![1, 40]), (&wrapped, 40, vec![0, 7, 8, 39, 41, 256])]
        {
            assert_eq!(parse(header, right, 12, 16), Ok(()));
            for length in wrong {
                assert_eq!(parse(header, length, 12, 16), Err(JoseError::PartLength), "{header} {length}");
            }
            for (vector, tag) in [(0, 16), (11, 16), (13, 16), (16, 16), (12, 0), (12, 4), (12, 15), (12, 17)]
            {
                assert_eq!(parse(header, right, vector, tag), Err(JoseError::PartLength));
            }
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in r"[A-Za-z0-9_=-]{0,40}(\.[A-Za-z0-9_=-]{0,40}){0,5}", header: Vec<u8>) {
            let _ = CompactJwe::parse(&text);
            let _ = CompactJwe::parse(&jwe(&String::from_utf8_lossy(&header), [0, 12, 1, 16]));
        }
    }
}
