//! DPoP proofs in the form of RFC 9449 §4.2: valid by default, and wrong in one way on demand.

use fapi_core::UnixTime;

use crate::encoding::{sha256_base64url, unique_id};
use crate::jws::{UnsignedJwt, jwt_setters};
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
}

impl ProofBuilder {
    pub(crate) fn new(key: SigningKey, now: UnixTime, method: &str, url: &str) -> Self {
        let jwk = key.public_jwk();
        let mut jwt = UnsignedJwt::new(key, "dpop+jwt");
        jwt.set_header("jwk", jwk);
        Self { jwt }.jti(&unique_id()).claim("htm", method).claim("htu", url).issued_at(now)
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
}

jwt_setters!(ProofBuilder);
