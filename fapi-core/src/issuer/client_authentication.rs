//! How this server authenticates to an issuer when it asks about tokens (RFC 7662 §2.1; SP 5.3.3-5, R121, R122).
//!
//! Decides what goes into the request; which URL it goes to is decided in `introspection/`. In order of preference: a
//! signed assertion, or a client certificate; a secret only where the issuer has nothing better.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64_simd::STANDARD;
use form_urlencoded::Serializer;
use serde_json::json;
use thiserror::Error as ThisError;
use zeroize::Zeroizing;

use crate::clock::UnixTime;
use crate::crypto::{CryptoProvider, SigningKey};
use crate::jose::base64url;

/// RFC 7523 §2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The type of an assertion, so that nothing else that the key signs can be taken for one (rfc7523bis §4).
const ASSERTION_JWT_TYPE: &str = "client-authentication+jwt";
/// RFC 7523 §3 (4): used at once, so it need not live longer than the clocks of the two may differ.
const ASSERTION_LIFETIME: Duration = Duration::from_secs(60);
/// Bytes of a `jti`: nobody meets the same one twice.
const ASSERTION_ID_BYTES: usize = 16;

/// How this server authenticates to an issuer, under a `client_id` that was registered there for introspection alone
/// (FAPI 2.0 Message Signing 6.2).
///
/// ```
/// use std::sync::Arc;
/// use fapi_core::{ClientAuthentication, crypto::AwsLcSigningKey};
///
/// let key = AwsLcSigningKey::from_jwk(
///     r#"{"kty":"OKP","crv":"Ed25519","kid":"api-1",
///         "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
///         "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
/// )?;
/// let authentication = ClientAuthentication::private_key_jwt("records-api", Arc::new(key));
/// # let _ = authentication;
/// # Ok::<(), fapi_core::crypto::SigningKeyError>(())
/// ```
#[derive(Clone)]
pub struct ClientAuthentication {
    client_id: Arc<str>,
    method: Method,
}

#[derive(Clone)]
enum Method {
    PrivateKeyJwt(Arc<dyn SigningKey>),
    MutualTls,
    /// The value of the `Authorization` header.
    ClientSecretBasic(Arc<Zeroizing<String>>),
}

/// The parts of a request that authenticate it.
#[derive(Default)]
pub(super) struct Credentials {
    pub(super) authorization: Option<Arc<Zeroizing<String>>>,
    /// Further parameters of the form.
    pub(super) parameters: Vec<(&'static str, String)>,
}

/// This server cannot authenticate.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
pub(super) enum AuthenticationError {
    #[error("the key of this server could not sign")]
    Signing,
    #[error("the operating system gave no random bytes")]
    Random,
}

impl ClientAuthentication {
    /// With assertions signed by `key` (RFC 7523), whose public part the issuer knows.
    #[must_use]
    pub fn private_key_jwt(client_id: impl Into<String>, key: Arc<dyn SigningKey>) -> Self {
        Self { client_id: client_id.into().into(), method: Method::PrivateKeyJwt(key) }
    }

    /// With the certificate of the connection (RFC 8705 §2), which the HTTP client holds: see
    /// `ReqwestClientBuilder::client_certificate`.
    #[must_use]
    pub fn mutual_tls(client_id: impl Into<String>) -> Self {
        Self { client_id: client_id.into().into(), method: Method::MutualTls }
    }

    /// With a secret in the `Authorization` header (RFC 6749 §2.3.1): for issuers that have nothing better, since they
    /// must know the secret as well.
    #[must_use]
    pub fn client_secret_basic(client_id: impl Into<String>, secret: impl Into<String>) -> Self {
        let (client_id, secret) = (client_id.into(), Zeroizing::new(secret.into()));
        // RFC 6749 §2.3.1: each of the two is form-encoded first.
        let pair = Zeroizing::new(format!("{}:{}", *form_encoded(&client_id), *form_encoded(&secret)));
        let header = format!("Basic {}", *Zeroizing::new(STANDARD.encode_to_string(pair.as_bytes())));
        let method = Method::ClientSecretBasic(Arc::new(Zeroizing::new(header)));
        Self { client_id: client_id.into(), method }
    }

    /// The `client_id` of this server at the issuer.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// RFC 8705 §5, R78: whether the request goes to the alias endpoint, if the issuer has one.
    pub(super) const fn is_mutual_tls(&self) -> bool {
        matches!(self.method, Method::MutualTls)
    }

    /// What authenticates one request to `issuer`.
    pub(super) fn credentials(
        &self,
        issuer: &str,
        crypto: &dyn CryptoProvider,
        now: UnixTime,
    ) -> Result<Credentials, AuthenticationError> {
        Ok(match &self.method {
            Method::PrivateKeyJwt(key) => {
                let assertion = self.assertion(&**key, issuer, crypto, now)?;
                let parameters = vec![
                    ("client_assertion_type", ASSERTION_TYPE.to_owned()),
                    ("client_assertion", assertion),
                ];
                Credentials { parameters, ..Credentials::default() }
            }
            // RFC 8705 §2: the issuer learns from it which certificate to expect.
            Method::MutualTls => Credentials {
                parameters: vec![("client_id", self.client_id.as_ref().to_owned())],
                ..Credentials::default()
            },
            Method::ClientSecretBasic(header) => {
                Credentials { authorization: Some(Arc::clone(header)), ..Credentials::default() }
            }
        })
    }

    /// RFC 7523 §3.
    fn assertion(
        &self,
        key: &dyn SigningKey,
        issuer: &str,
        crypto: &dyn CryptoProvider,
        now: UnixTime,
    ) -> Result<String, AuthenticationError> {
        let mut id = [0; ASSERTION_ID_BYTES];
        crypto.fill_random(&mut id).map_err(|_| AuthenticationError::Random)?;
        let mut header = json!({"typ": ASSERTION_JWT_TYPE, "alg": key.algorithm().name()});
        if let (Some(kid), Some(members)) = (key.key_id(), header.as_object_mut()) {
            members.insert("kid".to_owned(), kid.into());
        }
        let claims = json!({
            "iss": *self.client_id,
            "sub": *self.client_id,
            // SP 5.3.3-5, R122: the issuer alone and as a string. A list, or the URL of an endpoint, which another
            // issuer could name as its own, would let that one use the assertion.
            "aud": issuer,
            "jti": base64url::encode(&id),
            "iat": now.as_secs(),
            "exp": now.saturating_add(ASSERTION_LIFETIME).as_secs(),
        });
        let encoded = |value: &serde_json::Value| base64url::encode(value.to_string().as_bytes());
        let input = format!("{}.{}", encoded(&header), encoded(&claims));
        let signature = key.sign(input.as_bytes()).map_err(|_| AuthenticationError::Signing)?;
        Ok(format!("{input}.{}", base64url::encode(&signature)))
    }
}

/// Shows no secret.
impl fmt::Debug for ClientAuthentication {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match &self.method {
            Method::PrivateKeyJwt(_) => "private_key_jwt",
            Method::MutualTls => "tls_client_auth",
            Method::ClientSecretBasic(_) => "client_secret_basic",
        };
        formatter
            .debug_struct("ClientAuthentication")
            .field("client_id", &self.client_id)
            .field("method", &method)
            .finish_non_exhaustive()
    }
}

fn form_encoded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(form_urlencoded::byte_serialize(text.as_bytes()).collect())
}

/// The form with these parameters (RFC 7662 §2.1).
pub(super) fn form(token: &str, credentials: &Credentials) -> Zeroizing<String> {
    let mut form = Serializer::new(String::new());
    form.append_pair("token", token).append_pair("token_type_hint", "access_token");
    form.extend_pairs(&credentials.parameters);
    Zeroizing::new(form.finish())
}
