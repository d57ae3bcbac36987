//! A client of the resource server: a key, and proofs of its possession.

use std::sync::Arc;

use fapi_core::jose::Algorithm;
use fapi_core::{Clock, SystemClock};

use crate::key::SigningKey;
use crate::proof::ProofBuilder;

/// A client that proves possession of a key with DPoP (RFC 9449).
///
/// ```
/// use fapi_testkit::{TestClient, TestIssuer};
///
/// let client = TestClient::new();
/// let token = TestIssuer::new("https://as.example.com").token().bound_to(&client).sign();
/// let proof = client.proof("GET", "https://api.example.com/whoami").access_token(&token).sign();
/// assert_eq!(proof.split('.').count(), 3);
/// ```
#[derive(Clone, Debug)]
pub struct TestClient {
    key: SigningKey,
    clock: Arc<dyn Clock>,
}

impl TestClient {
    /// A client with a new ES256 key and the system's clock.
    #[must_use]
    pub fn new() -> Self {
        Self::with_key(SigningKey::generate(Algorithm::Es256))
    }

    /// A client with this key and the system's clock.
    #[must_use]
    pub fn with_key(key: SigningKey) -> Self {
        Self { key, clock: Arc::new(SystemClock) }
    }

    /// The same client with a new key for `algorithm`.
    #[must_use]
    pub fn with_algorithm(self, algorithm: Algorithm) -> Self {
        Self { key: SigningKey::generate(algorithm), ..self }
    }

    /// The same client with the time of `clock`.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The client's key.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The `jkt` of tokens bound to this client.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        self.key.thumbprint()
    }

    /// A valid proof for a request, made now. `url` becomes `htu` exactly as given.
    pub fn proof(&self, method: &str, url: &str) -> ProofBuilder {
        ProofBuilder::new(self.key.clone(), self.clock.now(), method, url)
    }
}

impl Default for TestClient {
    fn default() -> Self {
        Self::new()
    }
}
