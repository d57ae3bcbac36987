//! Access tokens in the form of RFC 9068: valid by default, and wrong in one way on demand.

use std::time::Duration;

use fapi_core::UnixTime;
use serde_json::{Value, json};

use crate::client::TestClient;
use crate::encoding::{sha256_base64url, unique_id};
use crate::jws::UnsignedJwt;
use crate::key::SigningKey;

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
}

impl TokenBuilder {
    pub(crate) fn new(issuer: &str, key: SigningKey, now: UnixTime) -> Self {
        let kid = key.thumbprint();
        let mut jwt = UnsignedJwt::new(key, "at+jwt");
        jwt.set_header("kid", kid);
        jwt.set_claim("iss", issuer);
        jwt.set_claim("jti", unique_id());
        Self { jwt, issued_at: now, lifetime: LIFETIME }
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

    /// Signs with another key; the header, its `kid` and its `alg` stay as they are.
    pub fn signed_by(mut self, key: &SigningKey) -> Self {
        self.jwt.set_key(key);
        self
    }

    /// The token, as it goes into the `Authorization` header.
    #[must_use]
    pub fn sign(self) -> String {
        self.jwt.sign()
    }

    /// The token with whatever `signature` makes of the signing input (RFC 7515 §5.1).
    #[must_use]
    pub fn sign_with(self, signature: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
        self.jwt.sign_with(signature)
    }
}
