//! Key pairs of a resource server, to which an issuer encrypts tokens (RFC 7518 §4).

use std::borrow::Cow;
use std::fmt;

use josekit::JoseError;
use josekit::jwe::JweEncrypter;
use josekit::jwe::alg::ecdh_es::EcdhEsJweAlgorithm;
use josekit::jwe::alg::rsaes::RsaesJweAlgorithm;
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use serde_json::{Map, Value, json};

use crate::jwe::JweBuilder;
use crate::key::{PUBLIC_MEMBERS, jwk_thumbprint, private_key_pem};

/// RFC 7518 §4.3: RSA keys have at least 2048 bits.
const RSA_BITS: u32 = 2048;

/// A key pair of a resource server, to which tokens are encrypted, and the algorithm by which that is done.
///
/// ```
/// use fapi_testkit::{EncryptionKey, TestIssuer};
///
/// let key = EncryptionKey::ec();
/// let issuer = TestIssuer::new("https://as.example.com");
/// let nested = issuer.token().encrypt_to(&key);
/// assert_eq!(nested.split('.').count(), 5);
///
/// // Wrong in exactly one way: claims inside that nobody signed.
/// let unsigned = key.encrypt(r#"{"iss":"https://as.example.com"}"#).encrypt();
/// # let _ = unsigned;
/// ```
#[derive(Clone)]
pub struct EncryptionKey {
    private: Map<String, Value>,
    algorithm: Cow<'static, str>,
}

impl EncryptionKey {
    /// A new RSA key of 2048 bits, for `RSA-OAEP-256`.
    ///
    /// # Panics
    /// If the key cannot be generated.
    #[must_use]
    pub fn rsa() -> Self {
        Self::new(Jwk::generate_rsa_key(RSA_BITS), "RSA-OAEP-256")
    }

    /// A new key on the curve P-256, for `ECDH-ES+A256KW`.
    ///
    /// # Panics
    /// If the key cannot be generated.
    #[must_use]
    pub fn ec() -> Self {
        Self::new(Jwk::generate_ec_key(EcCurve::P256), "ECDH-ES+A256KW")
    }

    fn new(jwk: Result<Jwk, JoseError>, algorithm: &'static str) -> Self {
        let private = jwk.expect("OpenSSL generates a key").as_ref().clone();
        Self { private, algorithm: Cow::Borrowed(algorithm) }
    }

    /// The same key with another algorithm: `RSA-OAEP-256`, `RSA-OAEP` or `RSA1_5` for an RSA key, `ECDH-ES`,
    /// `ECDH-ES+A128KW`, `ECDH-ES+A192KW` or `ECDH-ES+A256KW` for the other.
    ///
    /// # Panics
    /// If the key cannot be used with the algorithm.
    #[must_use]
    pub fn with_algorithm(self, algorithm: &str) -> Self {
        let key = Self { algorithm: Cow::Owned(algorithm.to_owned()), ..self };
        key.encrypter().expect("an algorithm that fits the key");
        key
    }

    /// The `alg` of what is encrypted to this key.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The RFC 7638 thumbprint of the public key: the `kid` of what is encrypted to it.
    #[must_use]
    pub fn kid(&self) -> String {
        jwk_thumbprint(&self.public_jwk())
    }

    /// The public key with its required members only.
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        let mut public = self.private.clone();
        public.retain(|member, _| PUBLIC_MEMBERS.contains(&member.as_str()));
        Value::Object(public)
    }

    /// The public key as a resource server publishes it: with `kid`, `use` and `alg`.
    #[must_use]
    pub fn published_jwk(&self) -> Value {
        self.described(self.public_jwk())
    }

    /// The whole key pair, with `kid`, `use` and `alg`.
    #[must_use]
    pub fn private_jwk(&self) -> Value {
        self.described(Value::Object(self.private.clone()))
    }

    fn described(&self, mut jwk: Value) -> Value {
        if let Some(members) = jwk.as_object_mut() {
            members.extend([
                ("kid".to_owned(), json!(self.kid())),
                ("use".to_owned(), json!("enc")),
                ("alg".to_owned(), json!(self.algorithm)),
            ]);
        }
        jwk
    }

    /// The private key in PEM (PKCS #8).
    #[must_use]
    pub fn private_key_pem(&self) -> String {
        private_key_pem(&self.private)
    }

    /// `payload`, most often a signed JWT, to be encrypted to this key.
    pub fn encrypt(&self, payload: &str) -> JweBuilder {
        JweBuilder::new(self, payload)
    }

    /// Nothing if no such algorithm is known.
    pub(crate) fn encrypter(&self) -> Option<Box<dyn JweEncrypter>> {
        let jwk = Jwk::from_map(self.private.clone()).ok()?;
        let rsa = |algorithm: RsaesJweAlgorithm| algorithm.encrypter_from_jwk(&jwk).ok();
        let ecdh = |algorithm: EcdhEsJweAlgorithm| algorithm.encrypter_from_jwk(&jwk).ok();
        Some(match self.algorithm() {
            "RSA-OAEP-256" => Box::new(rsa(RsaesJweAlgorithm::RsaOaep256)?),
            "RSA-OAEP" => Box::new(rsa(RsaesJweAlgorithm::RsaOaep)?),
            #[allow(deprecated, reason = "what a verifier must refuse")]
            "RSA1_5" => Box::new(rsa(RsaesJweAlgorithm::Rsa1_5)?),
            "ECDH-ES" => Box::new(ecdh(EcdhEsJweAlgorithm::EcdhEs)?),
            "ECDH-ES+A128KW" => Box::new(ecdh(EcdhEsJweAlgorithm::EcdhEsA128kw)?),
            "ECDH-ES+A192KW" => Box::new(ecdh(EcdhEsJweAlgorithm::EcdhEsA192kw)?),
            "ECDH-ES+A256KW" => Box::new(ecdh(EcdhEsJweAlgorithm::EcdhEsA256kw)?),
            _ => return None,
        })
    }
}

/// Shows the algorithm and the thumbprint, never the key.
impl fmt::Debug for EncryptionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EncryptionKey")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}
