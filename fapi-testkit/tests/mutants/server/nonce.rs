//! Nonces (RFC 9449 §8, §9): one for the life of the server is enough for a test, and stays valid for many requests.

use super::ReferenceServer;
use super::answer::Refusal;
use crate::flaw::Flaw;

impl ReferenceServer {
    pub(super) fn check_nonce(&self, nonce: Option<&str>) -> Result<(), Refusal> {
        let Some(expected) = &self.nonce else { return Ok(()) };
        let known = match nonce {
            // RFC 9449 §11.3: never without one.
            None => self.has(Flaw::NonceOptional),
            Some(nonce) => nonce == expected || self.has(Flaw::AnyNonce),
        };
        if !known {
            return Err(Refusal::UseNonce);
        }
        // R62: a nonce may be used again.
        let first_use = nonce.is_none_or(|nonce| self.used_nonces.lock().unwrap().insert(nonce.to_owned()));
        if self.has(Flaw::NonceSingleUse) && !first_use { Err(Refusal::UseNonce) } else { Ok(()) }
    }
}
