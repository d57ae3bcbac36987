//! What a private key looks like in a file, for all implementations of a signing key: PKCS #8 in PEM (RFC 7468 §10), or a
//! private JWK (RFC 7517, RFC 7518 §6, RFC 8037).
//!
//! Only the form is read here. That the parts of a key fit each other is for the provider to check.

use base64_simd::STANDARD;
use zeroize::Zeroizing;

use super::signing::SigningKeyError;
use crate::jose::json::{Object, Value};
use crate::jose::{Algorithm, base64url};

/// RFC 7468 §10: the label of an unencrypted PKCS #8 key.
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// The DER of a PKCS #8 key in PEM form.
pub(super) fn decode_pem(pem: &str) -> Result<Zeroizing<Vec<u8>>, SigningKeyError> {
    let (_, rest) = pem.split_once(PEM_BEGIN).ok_or(SigningKeyError::Pem)?;
    let (body, _) = rest.split_once(PEM_END).ok_or(SigningKeyError::Pem)?;
    let body: Zeroizing<String> =
        Zeroizing::new(body.chars().filter(|character| !character.is_ascii_whitespace()).collect());
    STANDARD.decode_to_vec(body.as_bytes()).map(Zeroizing::new).map_err(|_| SigningKeyError::Pem)
}

/// A private JWK (RFC 7517, RFC 7518 §6, RFC 8037) of a type that is signed with here.
pub(super) struct PrivateJwk<'a> {
    members: Object<'a>,
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<Box<str>>,
}

impl<'a> PrivateJwk<'a> {
    pub(super) fn parse(json: &'a str) -> Result<Self, SigningKeyError> {
        let members = Object::parse(json.as_bytes()).map_err(|_| SigningKeyError::Jwk("kty"))?;
        let text = |name| members.get(name).and_then(Value::as_str);
        // SP 5.4.1-1, R7: the algorithms of FAPI 2.0, here as well.
        let algorithm = match (text("kty"), text("crv"), text("alg")) {
            (Some("EC"), Some("P-256"), None | Some("ES256")) => Algorithm::Es256,
            (Some("RSA"), None, None | Some("PS256")) => Algorithm::Ps256,
            (Some("OKP"), Some("Ed25519"), None | Some("EdDSA")) => Algorithm::EdDsa,
            (Some("OKP"), Some("Ed25519"), Some("Ed25519")) => Algorithm::Ed25519,
            (None, ..) => return Err(SigningKeyError::Jwk("kty")),
            _ => return Err(SigningKeyError::Unfit),
        };
        let key_id = text("kid").map(Box::from);
        Ok(Self { members, algorithm, key_id })
    }

    /// The octets of a member.
    pub(super) fn octets(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>, SigningKeyError> {
        let text = self.members.get(name).and_then(Value::as_str).ok_or(SigningKeyError::Jwk(name))?;
        base64url::decode(text).map(Zeroizing::new).map_err(|_| SigningKeyError::Jwk(name))
    }
}
