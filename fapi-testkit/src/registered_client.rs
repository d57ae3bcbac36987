//! Clients that an issuer knows, and by which proof of who they are.

use std::fmt;

use serde_json::Value;

use crate::encoding::sha256_base64url;
use crate::key::SigningKey;

/// A client of a [`TestIssuer`](crate::TestIssuer), registered with
/// [`TestIssuer::with_client`](crate::TestIssuer::with_client): it may introspect, and its tokens are issued to nobody
/// else.
///
/// ```
/// use fapi_core::jose::Algorithm;
/// use fapi_testkit::{RegisteredClient, SigningKey, TestIssuer};
///
/// let key = SigningKey::generate(Algorithm::Es256);
/// let api = RegisteredClient::private_key_jwt("api", &key).with_audience("https://api.example.com");
/// let issuer = TestIssuer::new("https://as.example.com").with_client(api);
/// # let _ = issuer;
/// ```
#[derive(Clone)]
pub struct RegisteredClient {
    pub(crate) client_id: String,
    pub(crate) audience: String,
    pub(crate) credential: Credential,
}

/// What a client proves itself with.
#[derive(Clone)]
pub(crate) enum Credential {
    /// The public JWK of the key that signs assertions.
    Key(Value),
    Secret(String),
    /// The `x5t#S256` of the certificate.
    Certificate(String),
}

impl RegisteredClient {
    /// A client that signs assertions with `key` (RFC 7523 §2.2); only its public half is kept.
    #[must_use]
    pub fn private_key_jwt(client_id: &str, key: &SigningKey) -> Self {
        Self::new(client_id, Credential::Key(key.public_jwk()))
    }

    /// A client with a secret (RFC 6749 §2.3.1).
    #[must_use]
    pub fn client_secret_basic(client_id: &str, secret: &str) -> Self {
        Self::new(client_id, Credential::Secret(secret.to_owned()))
    }

    /// A client with a certificate (RFC 8705 §2.2): this very one, in DER.
    #[must_use]
    pub fn mutual_tls(client_id: &str, certificate: &[u8]) -> Self {
        Self::new(client_id, Credential::Certificate(sha256_base64url(certificate)))
    }

    fn new(client_id: &str, credential: Credential) -> Self {
        Self { client_id: client_id.to_owned(), audience: client_id.to_owned(), credential }
    }

    /// The same client, with the `aud` of the signed introspection answers that it gets (RFC 9701 §5); its identifier
    /// unless told.
    #[must_use]
    pub fn with_audience(self, audience: &str) -> Self {
        Self { audience: audience.to_owned(), ..self }
    }
}

/// Shows the identifier, never the secret.
impl fmt::Debug for RegisteredClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RegisteredClient").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}
