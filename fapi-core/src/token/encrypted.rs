//! Encrypted access tokens (RFC 9068 §4, RFC 7519 §5.2, R95): a signed token inside of a JWE.
//!
//! Decides with which of this server's keys a token is decrypted. What comes out is text from a stranger, since anybody
//! can encrypt to a public key: it goes through every check of a token that was never encrypted.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::crypto::DecryptionKey;
use crate::error::Error;
use crate::jose::{CompactJwe, JoseError};

/// Keys tried for one token, where several fit: each costs a private-key operation.
const MAX_CANDIDATES: usize = 4;

/// The signed token inside of an encrypted one: what its issuer is asked about. Whoever holds it can encrypt it again and
/// again, into texts that differ each time, and of which the issuer knows nothing.
pub(crate) struct InnerToken {
    pub(crate) text: Zeroizing<String>,
    pub(crate) digest: [u8; 32],
}

/// The keys to which authorization servers encrypt this server's tokens.
#[derive(Debug)]
pub(crate) struct TokenDecryption(Vec<Arc<dyn DecryptionKey>>);

impl TokenDecryption {
    pub(crate) fn new(keys: Vec<Arc<dyn DecryptionKey>>) -> Self {
        Self(keys)
    }

    /// The text of the token inside.
    pub(crate) fn decrypt(&self, text: &str) -> Result<String, Error> {
        // RFC 9068 §4, R95: where encryption was agreed, an issuer's plain token is one that should not be.
        if !is_encrypted(text) {
            return Err(Error::TokenNotEncrypted);
        }
        let jwe = CompactJwe::parse(text).map_err(Error::TokenEncryption)?;
        // RFC 8725 §3.10, R106: kid is compared and nothing else.
        let fits = |key: &&Arc<dyn DecryptionKey>| {
            let named = jwe.key_id().zip(key.key_id()).is_none_or(|(kid, own)| kid == own);
            named && key.accepts(jwe.algorithm())
        };
        let mut candidates = self.0.iter().filter(fits).take(MAX_CANDIDATES);
        // RFC 7516 §11.4: one error, whether no key fits, a key cannot be unwrapped or the tag does not verify.
        let content = candidates.find_map(|key| key.decrypt(&jwe).ok()).ok_or(Error::TokenDecryption)?;
        String::from_utf8(content).map_err(|_| Error::TokenMalformed(JoseError::Utf8))
    }
}

/// RFC 7516 §9: five parts are a JWE in compact serialisation.
pub(crate) fn is_encrypted(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'.').count() == 4
}
