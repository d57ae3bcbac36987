//! Access tokens in the form of RFC 9068: valid by default, and wrong in one way on demand.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::UnixTime;
use serde_json::{Value, json};

use crate::client::TestClient;
use crate::encoding::{sha256_base64url, unique_id};
use crate::encryption_key::EncryptionKey;
use crate::issuer::TestIssuer;
use crate::jws::{UnsignedJwt, jwt_setters};
use crate::memory::Memory;

/// How long a token lives unless the test says otherwise.
const LIFETIME: Duration = Duration::from_secs(300);

/// An access token before it is signed, from [`TestIssuer::token`](crate::TestIssuer::token). The last setter of a
/// claim wins.
///
/// Without any setter: `aud` is `https://api.example.com`, `sub` is `alice`, `client_id` is `client`, `scope` is
/// `read`; `iat` is now and `exp` 300 seconds later; `jti` is unique.
///
/// ```
/// use fapi_testkit::{TestClient, TestIssuer};
///
/// let issuer = TestIssuer::new("https://as.example.com");
/// let client = TestClient::new();
/// let valid = issuer.token().bound_to(&client).sign();
/// let id_token = issuer.token().bound_to(&client).header("typ", "JWT").sign();
/// let eternal = issuer.token().bound_to(&client).without_claim("exp").sign();
/// # let _ = (valid, id_token, eternal);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a token is made by `sign`"]
pub struct TokenBuilder {
    jwt: UnsignedJwt,
    issued_at: UnixTime,
    lifetime: Duration,
    memory: Arc<Memory>,
}

impl TokenBuilder {
    pub(crate) fn new(issuer: &TestIssuer) -> Self {
        let now = issuer.now();
        Self {
            jwt: issuer.jwt("at+jwt"),
            issued_at: now,
            lifetime: LIFETIME,
            memory: Arc::clone(issuer.memory()),
        }
        .claim("jti", unique_id())
        .audience("https://api.example.com")
        .subject("alice")
        .client_id("client")
        .scope("read")
        .issued_at(now)
    }

    /// Sets `aud` to one audience; for several, use [`TokenBuilder::claim`].
    pub fn audience(self, audience: &str) -> Self {
        self.claim("aud", audience)
    }

    /// Sets `sub`.
    pub fn subject(self, subject: &str) -> Self {
        self.claim("sub", subject)
    }

    /// Sets `client_id`.
    pub fn client_id(self, client_id: &str) -> Self {
        self.claim("client_id", client_id)
    }

    /// Sets `scope`: scope tokens separated by spaces.
    pub fn scope(self, scope: &str) -> Self {
        self.claim("scope", scope)
    }

    /// Sets `iat`, and `exp` to the end of the lifetime; both in whole seconds.
    pub fn issued_at(mut self, time: UnixTime) -> Self {
        self.issued_at = time;
        self.with_times()
    }

    /// Sets `exp` to this long after `iat`, in whole seconds.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self.with_times()
    }

    fn with_times(self) -> Self {
        let expires = self.issued_at.saturating_add(self.lifetime);
        let issued = self.issued_at;
        self.claim("iat", issued.as_secs()).claim("exp", expires.as_secs())
    }

    /// Binds the token to the client's key: `cnf.jkt` (RFC 9449 §6.1). Other confirmations stay.
    pub fn bound_to(self, client: &TestClient) -> Self {
        self.confirmation("jkt", client.thumbprint())
    }

    /// Binds the token to a DER certificate: `cnf["x5t#S256"]` (RFC 8705 §3.1). Other confirmations stay.
    pub fn bound_to_certificate(self, der: &[u8]) -> Self {
        self.confirmation("x5t#S256", sha256_base64url(der))
    }

    fn confirmation(self, method: &str, value: String) -> Self {
        let mut confirmation = self.jwt.claim("cnf").and_then(Value::as_object).cloned().unwrap_or_default();
        confirmation.insert(method.to_owned(), json!(value));
        self.claim("cnf", confirmation)
    }

    /// Names the entry of a token status list that says whether the token is still valid: `status.status_list` with
    /// `uri` and `idx` (Token Status List §6). See [`TestIssuer::status_list`](crate::TestIssuer::status_list).
    pub fn status_list(self, uri: &str, index: u64) -> Self {
        self.claim("status", json!({"status_list": {"uri": uri, "idx": index}}))
    }

    /// An opaque token: a random reference of 22 characters, under which the issuer keeps the claims; only
    /// [`TestIssuer::introspection`](crate::TestIssuer::introspection) tells them. Header and key have no meaning then.
    ///
    /// # Panics
    /// If the claims have been replaced by something that is not a JSON object.
    #[must_use]
    pub fn opaque(self) -> String {
        self.opaque_as(&unique_id())
    }

    /// An opaque token of the test's choice, say one that looks like a JWT.
    ///
    /// # Panics
    /// If the claims have been replaced by something that is not a JSON object.
    #[must_use]
    pub fn opaque_as(self, reference: &str) -> String {
        let claims = self.jwt.into_claims().expect("the claims of an opaque token are a JSON object");
        self.memory.remember_token(reference, claims);
        reference.to_owned()
    }

    /// A signed token in an encrypted one (RFC 7519 §11.2): [`TokenBuilder::sign`], then
    /// [`EncryptionKey::encrypt`](crate::EncryptionKey::encrypt).
    #[must_use]
    pub fn encrypt_to(self, key: &EncryptionKey) -> String {
        key.encrypt(&self.sign()).encrypt()
    }
}

jwt_setters!(TokenBuilder);
