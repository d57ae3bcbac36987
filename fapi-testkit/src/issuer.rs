//! An authorization server without a socket: a key, a key set, and tokens that are right by default.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};

use fapi_core::jose::Algorithm;
use fapi_core::{Clock, SystemClock};
use serde_json::{Value, json};

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
    also_published: Arc<[Value]>,
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
            also_published: Arc::new([]),
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

    /// The same issuer with further JWKs in its key set, after its own and exactly as given: keys that a verifier must
    /// pass over, and keys that it must find among them.
    #[must_use]
    pub fn also_publishing(self, jwks: impl IntoIterator<Item = Value>) -> Self {
        Self { also_published: jwks.into_iter().collect(), ..self }
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

    /// The key set (RFC 7517 §5) as JSON: the key that signs now, and no other but those of
    /// [`TestIssuer::also_publishing`].
    #[must_use]
    pub fn jwks(&self) -> String {
        let key = self.key();
        let mut keys = vec![key.published_jwk(&key.thumbprint())];
        keys.extend_from_slice(&self.also_published);
        json!({"keys": keys}).to_string()
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
        self.serve_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a free loopback port")
    }

    /// The same issuer on a chosen address; its identifier becomes `http://ADDRESS`.
    ///
    /// # Errors
    /// If the address cannot be had.
    pub fn serve_on(self, address: SocketAddr) -> io::Result<IssuerServer> {
        IssuerServer::start(self, address)
    }
}
