//! DPoP proofs in the form of RFC 9449 §4.2: valid by default, and wrong in one way on demand.

use fapi_core::UnixTime;
use serde_json::Value;

use crate::encoding::{sha256_base64url, unique_id};
use crate::jws::{UnsignedJwt, flip_signature};
use crate::key::SigningKey;

/// A DPoP proof before it is signed, from [`TestClient::proof`](crate::TestClient::proof). The last setter of a claim
/// wins.
///
/// Without any setter it has `htm`, `htu`, `iat` (now) and a unique `jti`. A proof for a resource server also needs
/// [`ProofBuilder::access_token`].
///
/// ```
/// use fapi_testkit::TestClient;
///
/// let client = TestClient::new();
/// let proof = || client.proof("GET", "https://api.example.com/whoami").access_token("token");
/// let valid = proof().sign();
/// let untyped = proof().without_header("typ").sign();
/// # let _ = (valid, untyped);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a proof is made by `sign`"]
pub struct ProofBuilder {
    jwt: UnsignedJwt,
    flipped_signature: bool,
}

impl ProofBuilder {
    pub(crate) fn new(key: SigningKey, now: UnixTime, method: &str, url: &str) -> Self {
        let jwk = key.public_jwk();
        let mut jwt = UnsignedJwt::new(key, "dpop+jwt");
        jwt.set_header("jwk", jwk);
        Self { jwt, flipped_signature: false }
            .jti(&unique_id())
            .claim("htm", method)
            .claim("htu", url)
            .issued_at(now)
    }

    /// Sets `ath` to the hash of the access token that goes with the proof.
    pub fn access_token(self, token: &str) -> Self {
        self.claim("ath", sha256_base64url(token))
    }

    /// Sets `iat`, in whole seconds.
    pub fn issued_at(self, time: UnixTime) -> Self {
        self.claim("iat", time.as_secs())
    }

    /// Sets `nonce` to the value of a `DPoP-Nonce` header.
    pub fn nonce(self, nonce: &str) -> Self {
        self.claim("nonce", nonce)
    }

    /// Sets `jti`.
    pub fn jti(self, jti: &str) -> Self {
        self.claim("jti", jti)
    }

    /// Sets any claim to any value.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.jwt.set_claim(name, value);
        self
    }

    /// Leaves out a claim.
    pub fn without_claim(mut self, name: &str) -> Self {
        self.jwt.remove_claim(name);
        self
    }

    /// Sets any header parameter to any value.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.jwt.set_header(name, value);
        self
    }

    /// Leaves out a header parameter.
    pub fn without_header(mut self, name: &str) -> Self {
        self.jwt.remove_header(name);
        self
    }

    /// Replaces all claims by these bytes: for duplicate members and payloads that are not JSON.
    pub fn raw_payload(mut self, payload: impl Into<Vec<u8>>) -> Self {
        self.jwt.set_raw_payload(payload);
        self
    }

    /// Changes the text of the JSON header, after all other changes to it: for duplicate members and escapes.
    pub fn edit_header(mut self, edit: impl FnOnce(String) -> String) -> Self {
        self.jwt.edit_header(edit);
        self
    }

    /// Changes the text of the JSON payload, after all other changes to it: for duplicate members and numbers that JSON
    /// values cannot hold.
    pub fn edit_payload(mut self, edit: impl FnOnce(String) -> String) -> Self {
        self.jwt.edit_payload(edit);
        self
    }

    /// Signs with another key; the header, its `jwk` and its `alg` stay as they are.
    pub fn signed_by(mut self, key: &SigningKey) -> Self {
        self.jwt.set_key(key);
        self
    }

    /// Flips one bit of the signature.
    pub fn with_flipped_signature(mut self) -> Self {
        self.flipped_signature = true;
        self
    }

    /// The proof, as it goes into the `DPoP` header.
    #[must_use]
    pub fn sign(self) -> String {
        let proof = self.jwt.sign();
        if self.flipped_signature { flip_signature(&proof) } else { proof }
    }

    /// The proof with whatever `signature` makes of the signing input (RFC 7515 §5.1).
    #[must_use]
    pub fn sign_with(self, signature: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
        self.jwt.sign_with(signature)
    }
}
