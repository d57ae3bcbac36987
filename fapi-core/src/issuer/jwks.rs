//! An issuer's keys: a JWK Set (RFC 7517 §5) as a list of keys, each made ready for one algorithm.
//!
//! A key that cannot be used is left out and never spoils the others (RFC 7517 §5, R109, pitfall P36); so is one that
//! holds private or secret members. What a single key must look like is decided in `jose/jwk.rs`.

use std::fmt;
use std::sync::Arc;

use thiserror::Error as ThisError;

use super::http::MAX_BODY_BYTES;
use crate::crypto::{CryptoProvider, InvalidSignature, VerifyingKey};
use crate::jose::json::{Object, Value};
use crate::jose::{Algorithm, JoseError, Jwk, KeyError};

/// Keys in a key set: the largest authorization servers publish about ten.
const MAX_KEYS: usize = 100;
/// Keys tried for one token, where several have its `kid` and algorithm (SP 5.4.3): one old, one new, and as many to
/// spare. Each costs a signature verification.
const MAX_CANDIDATES: usize = 4;

/// The usable keys of one issuer.
pub(crate) struct KeySet {
    /// SHA-256 of the JSON: equal sets are the same set, so that caches survive a refresh that changed nothing.
    digest: [u8; 32],
    keys: Vec<VerificationKey>,
}

/// A key of an issuer, ready for one algorithm.
#[derive(Debug)]
pub(crate) struct VerificationKey {
    kid: Option<Box<str>>,
    algorithm: Algorithm,
    key: Arc<dyn VerifyingKey>,
}

/// Why a JWK Set cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum KeySetError {
    /// Not strict JSON, or larger than 512 KiB.
    #[error("the key set cannot be read: {0}")]
    Malformed(JoseError),
    /// RFC 7517 §5.1: no array `keys`.
    #[error("the key set has no array \"keys\"")]
    KeysMissing,
    /// More than 100 keys.
    #[error("the key set has more than 100 keys")]
    TooManyKeys,
    /// Not one key of a configured set can verify a token: of other types, too short, for encryption, private or for other algorithms.
    #[error("no key of the key set can be used with the accepted token algorithms")]
    NoUsableKey,
}

impl KeySet {
    /// Reads a JWK Set and keeps the keys that can verify signatures of `algorithms`; there may be none, since an issuer
    /// that withdraws its only key publishes an empty set.
    pub(crate) fn parse(
        json: &[u8],
        algorithms: &[Algorithm],
        crypto: &dyn CryptoProvider,
    ) -> Result<Self, KeySetError> {
        if json.len() > MAX_BODY_BYTES {
            return Err(KeySetError::Malformed(JoseError::TooLarge));
        }
        let document = Object::parse(json).map_err(KeySetError::Malformed)?;
        let members = document.get("keys").and_then(Value::as_array).ok_or(KeySetError::KeysMissing)?;
        if members.len() > MAX_KEYS {
            return Err(KeySetError::TooManyKeys);
        }
        let mut keys = Vec::new();
        for (position, member) in members.iter().enumerate() {
            match verification_keys(member, algorithms, crypto) {
                Ok(usable) => keys.extend(usable),
                Err(reason) => report_unusable(position, reason),
            }
        }
        Ok(Self { digest: crypto.sha256(json), keys })
    }

    /// This set, if it has a key: for one that is configured, where an empty one can only be a mistake.
    pub(super) fn require_usable_key(self) -> Result<Self, KeySetError> {
        if self.keys.is_empty() { Err(KeySetError::NoUsableKey) } else { Ok(self) }
    }

    /// The keys that may have signed a token with this `kid` and algorithm; at most four.
    pub(crate) fn candidates<'a>(
        &'a self,
        kid: Option<&'a str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'a VerificationKey> {
        // SP 5.4.3, R11: keys that share a kid are told apart by type, use and algorithm; what is still ambiguous is tried.
        let matching = self.keys.iter().filter(move |key| {
            key.algorithm == algorithm && kid.is_none_or(|kid| key.kid.as_deref() == Some(kid))
        });
        // R119: without a kid only a key that is the only one of its algorithm.
        let ambiguous = kid.is_none() && matching.clone().nth(1).is_some();
        matching.take(if ambiguous { 0 } else { MAX_CANDIDATES })
    }

    /// The number of keys, counted once for each algorithm.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether this is the same key set as `other`, byte for byte.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KeySet").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

impl VerificationKey {
    /// Checks `signature` over `message`.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        self.key.verify(message, signature)
    }
}

/// One entry for each of `algorithms` that the key fits.
fn verification_keys(
    member: &Value<'_>,
    algorithms: &[Algorithm],
    crypto: &dyn CryptoProvider,
) -> Result<Vec<VerificationKey>, KeyError> {
    let jwk = Jwk::from_value(member)?;
    let fitting = algorithms.iter().copied().filter(|algorithm| jwk.check_fits(*algorithm).is_ok());
    let keys = fitting.map(|algorithm| {
        let key = crypto.verifying_key(&jwk, algorithm)?;
        Ok(VerificationKey { kid: jwk.kid().map(Box::from), algorithm, key })
    });
    let keys = keys.collect::<Result<Vec<_>, KeyError>>()?;
    if keys.is_empty() { Err(KeyError::Unfit) } else { Ok(keys) }
}

/// Names the key by its position: nothing of a key gets into the log.
fn report_unusable(position: usize, reason: KeyError) {
    if reason == KeyError::Private {
        // R109: left out, and somebody should know.
        tracing::warn!(target: super::LOG_TARGET, position, "the issuer publishes a private or secret key; it is not used");
    } else {
        tracing::debug!(target: super::LOG_TARGET, position, %reason, "a key of the issuer is not used");
    }
}

#[cfg(test)]
#[cfg(feature = "aws-lc-rs")]
mod tests {
    use super::*;
    use crate::crypto::AwsLcProvider;
    use crate::jose::base64url;

    const FAPI2: [Algorithm; 4] = [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa, Algorithm::Ed25519];
    /// RFC 9449 §4.2 and RFC 8037 A.2.
    const EC: &str = r#""kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA""#;
    const OKP: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    fn parse(keys: &[String]) -> Result<KeySet, KeySetError> {
        KeySet::parse(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes(), &FAPI2, &AwsLcProvider)
    }

    fn key(members: &str, more: &str) -> String {
        format!("{{{members}{more}}}")
    }

    fn count(keys: &KeySet, kid: Option<&str>, algorithm: Algorithm) -> usize {
        keys.candidates(kid, algorithm).count()
    }

    // RFC 8037 A.4: the key that was found is the key of the set.
    #[test]
    fn a_key_verifies_its_signature() {
        let keys = parse(&[key(EC, r#","kid":"1""#), key(OKP, r#","kid":"1""#)]).unwrap();
        let signature = crate::jose::CompactJws::parse(
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        )
        .unwrap();
        let candidates: Vec<_> = keys.candidates(Some("1"), Algorithm::EdDsa).collect();
        let [candidate] = candidates[..] else { panic!("one candidate") };
        let octets = signature.decode_signature().unwrap();
        assert_eq!(candidate.verify(signature.signing_input().as_bytes(), &octets), Ok(()));
        assert_eq!(candidate.verify(b"another message", &octets), Err(InvalidSignature));
    }

    // R109, P36: what cannot be used is left out, and the rest stays; so is RSA above 4096 bits (R70).
    #[test]
    fn unusable_keys_do_not_spoil_the_set() {
        let good = key(EC, r#","kid":"good""#);
        for bad in [
            r#"{"kty":"AKP","alg":"ML-DSA-44","kid":"bad","pub":"AA"}"#.to_owned(),
            r#"{"kty":"oct","kid":"bad","k":"AAAA"}"#.to_owned(),
            r#"{"kty":"EC","crv":"secp256k1","kid":"bad","x":"AA","y":"AA"}"#.to_owned(),
            r#"{"kty":"EC","crv":"P-256","kid":"bad","x":"AA","y":"AA"}"#.to_owned(),
            r#"{"kty":"RSA","kid":"bad","n":"AQAB","e":"AQAB"}"#.to_owned(),
            format!(r#"{{"kty":"RSA","kid":"bad","n":"{}","e":"AQAB"}}"#, base64url::encode(&[0xff; 1024])),
            r#"{"kid":"bad"}"#.to_owned(),
            r#"{"kty":7,"kid":"bad"}"#.to_owned(),
            "null".to_owned(),
            "\"bad\"".to_owned(),
            key(EC, r#","kid":"bad","use":"enc""#),
            key(EC, r#","kid":"bad","key_ops":["sign"]"#),
            key(EC, r#","kid":"bad","alg":"ES384""#),
            key(EC, r#","kid":"bad","d":"AA""#),
            key(OKP, r#","kid":"bad","d":"AA""#),
            key(EC, r#","kid":["bad"]"#),
        ] {
            let keys = parse(&[bad.clone(), good.clone()]).unwrap();
            assert_eq!(count(&keys, Some("good"), Algorithm::Es256), 1, "{bad}");
            assert_eq!(keys.len(), 1, "{bad}");
        }
    }

    // R109: a point that is not on the curve.
    #[test]
    fn a_point_off_its_curve_is_left_out() {
        let off = EC.replace("9VE4", "9VE5");
        assert_eq!(parse(&[key(&off, "")]).unwrap().len(), 0);
    }

    // R11, SP 5.4.3: keys that share a kid are told apart by their attributes.
    #[test]
    fn a_duplicate_kid_is_resolved_by_attributes() {
        let keys = parse(&[
            key(EC, r#","kid":"1","use":"enc""#),
            key(OKP, r#","kid":"1""#),
            key(EC, r#","kid":"1""#),
        ])
        .unwrap();
        assert_eq!(count(&keys, Some("1"), Algorithm::Es256), 1);
        assert_eq!(count(&keys, Some("1"), Algorithm::Ed25519), 1);
        assert_eq!(count(&keys, Some("1"), Algorithm::Ps256), 0);
    }

    // R11: what is still ambiguous is tried, within bounds.
    #[test]
    fn candidates_are_bounded() {
        for (published, tried) in [(2, 2), (4, 4), (5, 4)] {
            let keys = parse(&vec![key(EC, r#","kid":"1""#); published]).unwrap();
            assert_eq!(count(&keys, Some("1"), Algorithm::Es256), tried);
        }
    }

    // R119: without a kid only a key that is the only one of its algorithm; and never a key of another kid.
    #[test]
    fn no_kid_needs_a_single_candidate() {
        let keys = parse(&[key(EC, r#","kid":"1""#), key(OKP, "")]).unwrap();
        assert_eq!(count(&keys, None, Algorithm::Es256), 1);
        assert_eq!(count(&keys, None, Algorithm::EdDsa), 1);
        assert_eq!(count(&keys, Some("2"), Algorithm::Es256), 0);
        // Nor is a key without a kid one for a token that names its key.
        assert_eq!(count(&keys, Some("2"), Algorithm::EdDsa), 0);
        assert_eq!(count(&keys, Some(""), Algorithm::EdDsa), 0);
        let keys = parse(&[key(EC, r#","kid":"1""#), key(EC, r#","kid":"2""#)]).unwrap();
        assert_eq!(count(&keys, None, Algorithm::Es256), 0);
    }

    // R99: only the accepted algorithms get keys.
    #[test]
    fn only_accepted_algorithms() {
        let json = format!(r#"{{"keys":[{}]}}"#, key(OKP, ""));
        let keys = KeySet::parse(json.as_bytes(), &[Algorithm::Ed25519], &AwsLcProvider).unwrap();
        assert_eq!((count(&keys, None, Algorithm::Ed25519), count(&keys, None, Algorithm::EdDsa)), (1, 0));
    }

    // R118: bounded, and read strictly.
    #[test]
    fn refuses_what_is_not_a_key_set() {
        let refused = |json: &str| KeySet::parse(json.as_bytes(), &FAPI2, &AwsLcProvider).unwrap_err();
        assert_eq!(refused("<html>"), KeySetError::Malformed(JoseError::Json));
        assert_eq!(refused(r#"{"keys":[],"keys":[]}"#), KeySetError::Malformed(JoseError::DuplicateMember));
        assert_eq!(refused("[]"), KeySetError::Malformed(JoseError::NotObject));
        assert_eq!(refused("{}"), KeySetError::KeysMissing);
        assert_eq!(refused(r#"{"keys":{}}"#), KeySetError::KeysMissing);
        assert_eq!(parse(&vec![key(EC, ""); MAX_KEYS + 1]).unwrap_err(), KeySetError::TooManyKeys);
        assert!(parse(&vec![key(EC, ""); MAX_KEYS]).is_ok());
        let padding = " ".repeat(MAX_BODY_BYTES);
        assert_eq!(refused(&format!("{{}}{padding}")), KeySetError::Malformed(JoseError::TooLarge));
    }

    // R118: a set without keys is a set; whether that is a mistake depends on where it comes from.
    #[test]
    fn an_empty_set_is_a_key_set() {
        for empty in [vec![], vec![r#"{"kty":"oct","k":"AAAA"}"#.to_owned()]] {
            let keys = parse(&empty).unwrap();
            assert_eq!((keys.len(), count(&keys, None, Algorithm::Es256)), (0, 0));
            assert_eq!(keys.require_usable_key().unwrap_err(), KeySetError::NoUsableKey);
        }
        assert!(parse(&[key(EC, "")]).unwrap().require_usable_key().is_ok());
    }

    #[test]
    fn debug_shows_no_key() {
        let keys = parse(&[key(EC, r#","kid":"secret""#)]).unwrap();
        assert_eq!(format!("{keys:?}"), "KeySet { keys: 1, .. }");
    }
}
