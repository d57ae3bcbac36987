//! Decryption keys in memory: `josekit` on OpenSSL.
//!
//! Each key is prepared once for each algorithm that it is good for. Every failure is the same, and a key that cannot be
//! unwrapped is replaced by a random one, so that it takes as long as a tag that does not verify (RFC 7516 §11.5).

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use ::josekit::jwe::enc::A256GCM;
use ::josekit::jwe::{ECDH_ES, ECDH_ES_A256KW, JweContentEncryption, JweDecrypter, JweHeader, RSA_OAEP_256};
use ::josekit::jwk::Jwk;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rand::rand_bytes;

use super::{DecryptionFailed, DecryptionKey, DecryptionKeyError};
use crate::jose::{CompactJwe, KeyManagement};

/// RFC 7518 §4.3, R8, and the longest encrypted key that is read.
const RSA_BITS: RangeInclusive<u32> = 2048..=4096;
/// RFC 7518 §6.2.1.1.
const CURVES: [(Nid, &str); 3] =
    [(Nid::X9_62_PRIME256V1, "P-256"), (Nid::SECP384R1, "P-384"), (Nid::SECP521R1, "P-521")];

/// A [`DecryptionKey`] in memory.
///
/// ```no_run
/// use std::sync::Arc;
/// use std::time::Duration;
/// use fapi_core::crypto::JosekitDecryptionKey;
/// use fapi_core::{Issuer, ResourceServer, Revocation};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = JosekitDecryptionKey::from_pem(&std::fs::read("/etc/api/token.pem")?)?.with_key_id("2026-11");
/// let server = ResourceServer::builder()
///     .public_url("https://api.example.com")
///     .issuer(Issuer::new("https://as.example.com"))
///     .audience("https://api.example.com")
///     .revocation(Revocation::max_token_lifetime(Duration::from_secs(300)))
///     .token_decryption([Arc::new(key) as _])
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub struct JosekitDecryptionKey {
    key_id: Option<Box<str>>,
    decrypters: Vec<(KeyManagement, Box<dyn JweDecrypter>)>,
}

impl JosekitDecryptionKey {
    /// The key of a PEM text (PKCS #8, or the older forms of OpenSSL), which must not be encrypted. An EC key is good for
    /// both `ECDH-ES` and `ECDH-ES+A256KW`.
    ///
    /// # Errors
    /// [`DecryptionKeyError`]
    pub fn from_pem(pem: &[u8]) -> Result<Self, DecryptionKeyError> {
        // With a passphrase of its own, OpenSSL asks nobody at the terminal for one.
        let key =
            PKey::private_key_from_pem_passphrase(pem, b"").map_err(|_| DecryptionKeyError::Unreadable)?;
        if !is_fit(&key) {
            return Err(DecryptionKeyError::Unfit);
        }
        let der = key.private_key_to_pkcs8().map_err(|_| DecryptionKeyError::Unreadable)?;
        Self::prepare(None, |algorithm| {
            Some(match algorithm {
                KeyManagement::RsaOaep256 => Box::new(RSA_OAEP_256.decrypter_from_der(&der).ok()?),
                KeyManagement::EcdhEs => Box::new(ECDH_ES.decrypter_from_der(&der).ok()?),
                KeyManagement::EcdhEsA256Kw => Box::new(ECDH_ES_A256KW.decrypter_from_der(&der).ok()?),
            })
        })
    }

    /// The key of a private JWK, with its `kid`. Its `alg`, `use` and `key_ops`, where they are there, must be those of
    /// decryption.
    ///
    /// # Errors
    /// [`DecryptionKeyError`]
    pub fn from_jwk(json: &[u8]) -> Result<Self, DecryptionKeyError> {
        let jwk = Jwk::from_bytes(json).map_err(|_| DecryptionKeyError::Unreadable)?;
        if jwk.key_type() == "EC" && !CURVES.iter().any(|(_, name)| jwk.curve() == Some(name)) {
            return Err(DecryptionKeyError::Unfit);
        }
        Self::prepare(jwk.key_id(), |algorithm| {
            Some(match (algorithm, jwk.key_type()) {
                (KeyManagement::RsaOaep256, "RSA") => Box::new(RSA_OAEP_256.decrypter_from_jwk(&jwk).ok()?),
                (KeyManagement::EcdhEs, "EC") => Box::new(ECDH_ES.decrypter_from_jwk(&jwk).ok()?),
                (KeyManagement::EcdhEsA256Kw, "EC") => {
                    Box::new(ECDH_ES_A256KW.decrypter_from_jwk(&jwk).ok()?)
                }
                _ => return None,
            })
        })
    }

    /// The `kid` under which the public key was given to authorization servers.
    #[must_use]
    pub fn with_key_id(self, key_id: impl Into<Box<str>>) -> Self {
        Self { key_id: Some(key_id.into()), ..self }
    }

    fn prepare(
        key_id: Option<&str>,
        decrypter: impl Fn(KeyManagement) -> Option<Box<dyn JweDecrypter>>,
    ) -> Result<Self, DecryptionKeyError> {
        let decrypters: Vec<_> = KeyManagement::ALL
            .into_iter()
            .filter_map(|algorithm| Some((algorithm, decrypter(algorithm)?)))
            .collect();
        if decrypters.is_empty() {
            return Err(DecryptionKeyError::Unfit);
        }
        Ok(Self { key_id: key_id.map(Into::into), decrypters })
    }

    fn decrypter(&self, algorithm: KeyManagement) -> Option<&dyn JweDecrypter> {
        self.decrypters.iter().find(|(own, _)| *own == algorithm).map(|(_, decrypter)| &**decrypter)
    }
}

impl DecryptionKey for JosekitDecryptionKey {
    fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    fn accepts(&self, algorithm: KeyManagement) -> bool {
        self.decrypter(algorithm).is_some()
    }

    fn decrypt(&self, jwe: &CompactJwe<'_>) -> Result<Vec<u8>, DecryptionFailed> {
        let decrypter = self.decrypter(jwe.algorithm()).ok_or(DecryptionFailed)?;
        let header = JweHeader::from_bytes(jwe.header()).map_err(|_| DecryptionFailed)?;
        // RFC 8725 §3.4, R102: OpenSSL refuses an ephemeral key that is not on the curve.
        let key = content_key(decrypter, jwe.encrypted_key(), &A256GCM, &header);
        // RFC 7516 §11.5: as if it were a key, to take as long.
        let key = key.filter(|key| key.len() == A256GCM.key_len()).map_or_else(random_key, Ok)?;
        let (vector, tag) = (jwe.initialization_vector(), jwe.tag());
        A256GCM
            .decrypt(&key, Some(vector), jwe.ciphertext(), jwe.additional_data(), Some(tag))
            .map_err(|_| DecryptionFailed)
    }
}

/// Does not show the key.
impl fmt::Debug for JosekitDecryptionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithms: Vec<_> = self.decrypters.iter().map(|(algorithm, _)| algorithm).collect();
        formatter
            .debug_struct("JosekitDecryptionKey")
            .field("key_id", &self.key_id)
            .field("algorithms", &algorithms)
            .finish_non_exhaustive()
    }
}

/// The key that the content is encrypted with: unwrapped, decrypted or agreed on (RFC 7516 §5.2 steps 6 to 12).
fn content_key(
    decrypter: &dyn JweDecrypter,
    encrypted_key: &[u8],
    content: &dyn JweContentEncryption,
    header: &JweHeader,
) -> Option<Vec<u8>> {
    let encrypted_key = (!encrypted_key.is_empty()).then_some(encrypted_key);
    decrypter.decrypt(encrypted_key, content, header).ok().map(Cow::into_owned)
}

fn random_key() -> Result<Vec<u8>, DecryptionFailed> {
    let mut key = vec![0; A256GCM.key_len()];
    rand_bytes(&mut key).map_err(|_| DecryptionFailed)?;
    Ok(key)
}

fn is_fit(key: &PKey<Private>) -> bool {
    match key.id() {
        Id::RSA => {
            RSA_BITS.contains(&key.bits()) && key.rsa().is_ok_and(|rsa| rsa.check_key().unwrap_or(false))
        }
        Id::EC => key.ec_key().is_ok_and(|key| {
            let curve = key.group().curve_name();
            key.check_key().is_ok() && CURVES.iter().any(|(accepted, _)| curve == Some(*accepted))
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use ::josekit::jwe::enc::A128GCM;

    use super::*;
    use crate::jose::base64url;

    /// RFC 7518 appendix C: Bob's key, the header of Alice's message, and the key that both agree on.
    #[test]
    fn r95_the_agreement_of_rfc_7518_appendix_c() {
        let bob = br#"{"kty":"EC","crv":"P-256","x":"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ","y":"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck","d":"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"}"#;
        let header = br#"{"alg":"ECDH-ES","enc":"A128GCM","apu":"QWxpY2U","apv":"Qm9i","epk":{"kty":"EC","crv":"P-256","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}}"#;
        let key = JosekitDecryptionKey::from_jwk(bob).unwrap();
        let decrypter = key.decrypter(KeyManagement::EcdhEs).unwrap();
        let header = JweHeader::from_bytes(header).unwrap();
        let agreed = content_key(decrypter, &[], &A128GCM, &header).unwrap();
        assert_eq!(base64url::encode(&agreed), "VqqN6vgjbSBcIijNcacQGg");
    }
}
