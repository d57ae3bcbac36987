//! An authorization server without a socket: a key, a key set, and tokens that are right by default.

use std::sync::{Arc, PoisonError, RwLock};

use fapi_core::jose::Algorithm;
use fapi_core::{Clock, SystemClock};
use serde_json::json;

use crate::key::SigningKey;
use crate::server::IssuerServer;
use crate::token::TokenBuilder;

/// An issuer of access tokens; clones share the same key.
///
/// ```
/// use fapi_testkit::TestIssuer;
///
/// let issuer = TestIssuer::new("https://as.example.com");
/// let token = issuer.token().audience("https://api.example.com").scope("whoami:read").sign();
/// assert_eq!(token.split('.').count(), 3);
/// assert!(issuer.jwks().contains(&issuer.key().thumbprint()));
/// ```
#[derive(Clone, Debug)]
pub struct TestIssuer {
    identifier: String,
    key: Arc<RwLock<SigningKey>>,
    clock: Arc<dyn Clock>,
}

impl TestIssuer {
    /// An issuer with a new ES256 key and the system's clock.
    #[must_use]
    pub fn new(identifier: &str) -> Self {
        let key = SigningKey::generate(Algorithm::Es256);
        Self {
            identifier: identifier.to_owned(),
            key: Arc::new(RwLock::new(key)),
            clock: Arc::new(SystemClock),
        }
    }

    /// The same issuer with a new key for `algorithm`.
    #[must_use]
    pub fn with_algorithm(self, algorithm: Algorithm) -> Self {
        Self { key: Arc::new(RwLock::new(SigningKey::generate(algorithm))), ..self }
    }

    /// The same issuer with the time of `clock`.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    pub(crate) fn with_identifier(self, identifier: String) -> Self {
        Self { identifier, ..self }
    }

    /// The `iss` of its tokens.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// The key that signs now; its `kid` is its thumbprint.
    #[must_use]
    pub fn key(&self) -> SigningKey {
        self.key.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key set (RFC 7517 §5) as JSON: the key that signs now, and no other.
    #[must_use]
    pub fn jwks(&self) -> String {
        let key = self.key();
        json!({"keys": [key.published_jwk(&key.thumbprint())]}).to_string()
    }

    /// Replaces the key with a new one of the same algorithm. The old key is no longer published; a test that still
    /// needs it takes [`TestIssuer::key`] before.
    pub fn rotate_keys(&self) {
        let key = SigningKey::generate(self.key().algorithm());
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = key;
    }

    /// A valid access token (RFC 9068), issued now. It is not sender-constrained until the test says to whom.
    pub fn token(&self) -> TokenBuilder {
        TokenBuilder::new(&self.identifier, self.key(), self.clock.now())
    }

    /// The same issuer on a loopback port; its identifier becomes `http://127.0.0.1:PORT`.
    ///
    /// # Panics
    /// If no port can be had.
    #[must_use]
    pub fn serve(self) -> IssuerServer {
        IssuerServer::start(self)
    }
}
