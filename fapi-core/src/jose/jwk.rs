//! JSON Web Keys (RFC 7517): a public key, and what its owner says it is for.
//!
//! Refuses private members before all else (R46). Which encodings and sizes of key material are acceptable is decided
//! in `public_key.rs`; whether an EC point lies on its curve by the `CryptoProvider`; whose key it is, and which
//! algorithms are accepted, by the callers.

use std::fmt;

use super::json::{Object, Value};
use super::jws::MAX_KID_LEN;
use super::public_key::optional;
use super::{Algorithm, JwkThumbprint, KeyError, PublicKey};
use crate::crypto::CryptoProvider;

/// RFC 7518 §6.2.2, §6.3.2, §6.4: the members of private and secret keys.
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public signature key with what its owner says about it.
///
/// ```
/// use fapi_core::crypto::AwsLcProvider;
/// use fapi_core::jose::{Algorithm, Jwk, KeyError};
///
/// // RFC 8037 appendix A.2 and A.3
/// let jwk = Jwk::parse(br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
/// assert_eq!(jwk.thumbprint(&AwsLcProvider).to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
/// assert_eq!(jwk.check_fits(Algorithm::Es256), Err(KeyError::Unfit));
/// # Ok::<(), KeyError>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Jwk {
    key: PublicKey,
    kid: Option<String>,
    alg: Option<String>,
    verifies: bool,
}

impl Jwk {
    /// Reads a key from its JSON.
    ///
    /// # Errors
    /// [`KeyError`], for the first rule the key fails.
    pub fn parse(json: &[u8]) -> Result<Self, KeyError> {
        Self::from_object(&Object::parse(json).map_err(|_| KeyError::NotObject)?)
    }

    pub(crate) fn from_value(value: &Value<'_>) -> Result<Self, KeyError> {
        Self::from_object(value.as_object().ok_or(KeyError::NotObject)?)
    }

    pub(crate) fn from_object(jwk: &Object<'_>) -> Result<Self, KeyError> {
        // RFC 9449 §4.3 (7), R46: before anything else, so that a leaked private key is named as such.
        if PRIVATE_MEMBERS.iter().any(|name| jwk.get(name).is_some()) {
            return Err(KeyError::Private);
        }
        let key = PublicKey::from_object(jwk)?;
        let kid = optional(jwk, "kid")?;
        // RFC 8725 §3.10, R106
        if kid.is_some_and(|kid| kid.len() > MAX_KID_LEN) {
            return Err(KeyError::MemberInvalid("kid"));
        }
        Ok(Self {
            key,
            kid: kid.map(str::to_owned),
            alg: optional(jwk, "alg")?.map(str::to_owned),
            verifies: optional(jwk, "use")?.is_none_or(|usage| usage == "sig") && key_ops_verify(jwk)?,
        })
    }

    /// The key material.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// RFC 7517 §4.5: the key id, at most 256 bytes.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Checks that this key is one for verifying signatures of `algorithm`.
    ///
    /// # Errors
    /// [`KeyError::Unfit`] if `kty` or `crv` belong to another algorithm (R109), if `alg` names another one (R99), if
    /// `use` is not `sig`, or if `key_ops` lacks `verify`.
    pub fn check_fits(&self, algorithm: Algorithm) -> Result<(), KeyError> {
        // RFC 8725 §3.1, R99: a key is for one algorithm. `EdDSA` and `Ed25519` name the same one (RFC 9864).
        let named =
            self.alg.as_deref().is_none_or(|alg| alg == algorithm.name() || is_ed25519(alg, algorithm));
        if named && self.verifies && self.key.has_type_of(algorithm) { Ok(()) } else { Err(KeyError::Unfit) }
    }

    /// RFC 7638, R68: SHA-256 of the key's required members in their canonical form.
    #[must_use]
    pub fn thumbprint(&self, crypto: &dyn CryptoProvider) -> JwkThumbprint {
        JwkThumbprint::from_bytes(crypto.sha256(self.key.canonical_json().as_bytes()))
    }
}

/// Shows the type only: a key can identify a person.
impl fmt::Debug for Jwk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Jwk").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Whether both are names of Ed25519. `EdDSA` in a JWK with `crv` `Ed448` does not get here: no such key is read.
fn is_ed25519(alg: &str, algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::EdDsa | Algorithm::Ed25519) && matches!(alg, "EdDSA" | "Ed25519")
}

/// RFC 7517 §4.3, R109: absent, or a list with `verify` in it.
fn key_ops_verify(jwk: &Object<'_>) -> Result<bool, KeyError> {
    const INVALID: KeyError = KeyError::MemberInvalid("key_ops");
    let Some(value) = jwk.get("key_ops") else { return Ok(true) };
    let operations = value.as_array().ok_or(INVALID)?;
    if operations.iter().any(|operation| operation.as_str().is_none()) {
        return Err(INVALID);
    }
    Ok(operations.iter().any(|operation| operation.as_str() == Some("verify")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::jose::base64url;

    const X: &str = "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs";
    const Y: &str = "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA";

    /// An RFC 9449 key with these members more, or instead.
    fn ec_with(members: &str) -> String {
        format!(r#"{{"kty":"EC","crv":"P-256","x":"{X}","y":"{Y}"{members}}}"#)
    }

    fn error(json: &str) -> Option<KeyError> {
        Jwk::parse(json.as_bytes()).err()
    }

    #[test]
    fn r46_p30_private_members_are_refused_before_all_else() {
        for name in PRIVATE_MEMBERS {
            assert_eq!(error(&ec_with(&format!(r#","{name}":"AQAB""#))), Some(KeyError::Private), "{name}");
            assert_eq!(
                error(&format!(r#"{{"kty":"oct","{name}":null}}"#)),
                Some(KeyError::Private),
                "{name}"
            );
        }
        assert_eq!(error(r#"{"kty":"oct"}"#), Some(KeyError::KeyType));
    }

    #[test]
    fn it_is_an_object() {
        for json in ["[]", "{", "null", r#"{"kty":"EC","kty":"EC"}"#] {
            assert_eq!(error(json), Some(KeyError::NotObject), "{json}");
        }
        assert_eq!(Jwk::from_value(&Value::Null).err(), Some(KeyError::NotObject));
        assert_eq!(error(&ec_with("")), None);
    }

    #[test]
    fn r109_the_type_fits_the_algorithm() {
        use Algorithm::{Ed25519, EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        let ec = |crv: &str, length| {
            let octets = base64url::encode(&vec![1; length]);
            format!(r#"{{"kty":"EC","crv":"{crv}","x":"{octets}","y":"{octets}"}}"#)
        };
        let rsa = format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#, base64url::encode(&[0xff; 256]));
        let okp = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, base64url::encode(&[9; 32]));
        let keys = [
            (ec("P-256", 32), vec![Es256]),
            (ec("P-384", 48), vec![Es384]),
            (ec("P-521", 66), vec![Es512]),
            (rsa, vec![Ps256, Ps384, Ps512, Rs256, Rs384, Rs512]),
            (okp, vec![EdDsa, Ed25519]),
        ];
        for (json, fitting) in keys {
            let jwk = Jwk::parse(json.as_bytes()).unwrap();
            for algorithm in Algorithm::ALL {
                let expected = if fitting.contains(&algorithm) { Ok(()) } else { Err(KeyError::Unfit) };
                assert_eq!(jwk.check_fits(algorithm), expected, "{jwk:?} {algorithm}");
            }
        }
    }

    #[test]
    fn r99_c11_alg_names_this_algorithm() {
        let ec = |alg: &str| Jwk::parse(ec_with(&format!(r#","alg":"{alg}""#)).as_bytes()).unwrap();
        assert_eq!(ec("ES256").check_fits(Algorithm::Es256), Ok(()));
        for alg in ["ES384", "es256", "ES521", "ECDH-ES", "EdDSA", ""] {
            assert_eq!(ec(alg).check_fits(Algorithm::Es256), Err(KeyError::Unfit), "{alg}");
        }
        let x = base64url::encode(&[9; 32]);
        for alg in ["EdDSA", "Ed25519"] {
            let json = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","alg":"{alg}"}}"#);
            let jwk = Jwk::parse(json.as_bytes()).unwrap();
            assert_eq!(jwk.check_fits(Algorithm::EdDsa), Ok(()), "{alg}");
            assert_eq!(jwk.check_fits(Algorithm::Ed25519), Ok(()), "{alg}");
        }
        assert_eq!(error(&ec_with(r#","alg":1"#)), Some(KeyError::MemberInvalid("alg")));
    }

    #[test]
    fn r109_use_and_key_ops_are_for_verifying() {
        let fits = |members: &str| {
            Jwk::parse(ec_with(members).as_bytes()).and_then(|jwk| jwk.check_fits(Algorithm::Es256)).err()
        };
        for members in
            [r#","use":"sig""#, r#","key_ops":["verify"]"#, r#","use":"sig","key_ops":["sign","verify"]"#]
        {
            assert_eq!(fits(members), None, "{members}");
        }
        for members in [r#","use":"enc""#, r#","use":"""#, r#","key_ops":[]"#, r#","key_ops":["sign"]"#] {
            assert_eq!(fits(members), Some(KeyError::Unfit), "{members}");
        }
        assert_eq!(fits(r#","use":["sig"]"#), Some(KeyError::MemberInvalid("use")));
        for operations in [r#""verify""#, "null", r#"["verify",1]"#, r#"{"verify":true}"#] {
            let members = format!(r#","key_ops":{operations}"#);
            assert_eq!(fits(&members), Some(KeyError::MemberInvalid("key_ops")), "{members}");
        }
    }

    #[test]
    fn r106_kid_is_bounded() {
        let kid = |length: usize| ec_with(&format!(r#","kid":"{}""#, "k".repeat(length)));
        assert_eq!(Jwk::parse(kid(256).as_bytes()).unwrap().kid().map(str::len), Some(256));
        assert_eq!(error(&kid(257)), Some(KeyError::MemberInvalid("kid")));
        assert_eq!(error(&ec_with(r#","kid":1"#)), Some(KeyError::MemberInvalid("kid")));
    }

    #[test]
    fn debug_shows_no_key_material() {
        let jwk = Jwk::parse(ec_with(r#","kid":"somebody""#).as_bytes()).unwrap();
        assert_eq!(format!("{jwk:?}"), "Jwk { key: Ec { curve: P256, .. }, .. }");
    }

    proptest! {
        #[test]
        fn never_panics(json: Vec<u8>, members in r#"(,"(kid|alg|use|key_ops|d)":("verify"|\["verify"\]|1|null)){0,3}"#) {
            let _ = Jwk::parse(&json);
            let _ = Jwk::parse(ec_with(&members).as_bytes());
        }
    }
}
