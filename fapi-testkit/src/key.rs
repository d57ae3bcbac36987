//! Private keys that sign anything: the header goes out exactly as given, whether or not it fits the key.
//!
//! Signatures are made with josekit's primitives and the JWS is put together here, because josekit's own serialiser
//! would repair the very headers that a test wants to be wrong.

use std::fmt;

use fapi_core::jose::Algorithm;
use josekit::JoseError;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jwk::alg::ed::{EdCurve, EdKeyPair};
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jwk::{Jwk, KeyPair as _};
use josekit::jws::{self, JwsSigner};
use serde_json::{Map, Value, json};

use crate::encoding::{base64url, sha256_base64url};

/// RFC 7518 §3.3 and FAPI 2.0 Security Profile §5.4.1: RSA keys have at least 2048 bits.
const RSA_BITS: u32 = 2048;

/// The members of a public JWK of any type; all others are private or descriptive.
pub(crate) const PUBLIC_MEMBERS: [&str; 6] = ["kty", "crv", "x", "y", "n", "e"];

/// A private key and the algorithm it signs with.
///
/// ```
/// use fapi_core::jose::Algorithm;
/// use fapi_testkit::SigningKey;
/// use serde_json::json;
///
/// let key = SigningKey::generate(Algorithm::Es256);
/// // An ES256 signature under a header that claims something else.
/// let jws = key.sign(&json!({"alg": "none"}), b"{}");
/// assert!(jws.starts_with("eyJhbGciOiJub25lIn0.e30."));
/// ```
#[derive(Clone)]
pub struct SigningKey {
    algorithm: Algorithm,
    private: Map<String, Value>,
    signer: Box<dyn JwsSigner>,
}

impl SigningKey {
    /// A new key. An RSA key has 2048 bits and takes about a tenth of a second.
    ///
    /// # Panics
    /// If this crate has no signer for `algorithm`.
    #[must_use]
    pub fn generate(algorithm: Algorithm) -> Self {
        let jwk = generate_jwk(algorithm).expect("OpenSSL generates a key");
        Self::from_private_jwk(algorithm, &Value::Object(jwk.as_ref().clone()))
    }

    /// The key of a private JWK, with public and private members; descriptive members such as `kid` are dropped.
    ///
    /// # Panics
    /// If the JWK is not a private key for `algorithm`.
    #[must_use]
    pub fn from_private_jwk(algorithm: Algorithm, jwk: &Value) -> Self {
        Self::try_from_private_jwk(algorithm, jwk).expect("a private JWK that fits the algorithm")
    }

    /// The key of a private JWK that comes from outside of the test; `None` if it is not one for `algorithm`.
    #[must_use]
    pub fn try_from_private_jwk(algorithm: Algorithm, jwk: &Value) -> Option<Self> {
        let mut private = jwk.as_object()?.clone();
        private.retain(|member, _| {
            !matches!(member.as_str(), "alg" | "kid" | "use" | "key_ops" | "x5c" | "x5t")
        });
        let bare = Jwk::from_map(private.clone()).ok()?;
        let signer = signer(algorithm, &bare).ok()?;
        Some(Self { algorithm, private, signer })
    }

    /// The algorithm of [`SigningKey::sign`].
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key with its required members only, as it stands in the header of a DPoP proof.
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        let mut public = self.private.clone();
        public.retain(|member, _| PUBLIC_MEMBERS.contains(&member.as_str()));
        Value::Object(public)
    }

    /// The public key as an issuer publishes it: with `kid`, `use` and `alg`.
    #[must_use]
    pub fn published_jwk(&self, kid: &str) -> Value {
        let mut jwk = self.public_jwk();
        if let Some(members) = jwk.as_object_mut() {
            members.extend([
                ("kid".to_owned(), json!(kid)),
                ("use".to_owned(), json!("sig")),
                ("alg".to_owned(), json!(self.algorithm.name())),
            ]);
        }
        jwk
    }

    /// The whole key pair, without descriptive members.
    #[must_use]
    pub fn private_jwk(&self) -> Value {
        Value::Object(self.private.clone())
    }

    /// The private key in PEM (PKCS #8).
    #[must_use]
    pub fn private_key_pem(&self) -> String {
        private_key_pem(&self.private)
    }

    /// The RFC 7638 thumbprint of the public key: the `jkt` of tokens bound to it.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        jwk_thumbprint(&self.public_jwk())
    }

    /// A compact JWS over exactly this header and payload. Nothing is added to the header, and its `alg` may say
    /// anything: the signature is always made with [`SigningKey::algorithm`].
    #[must_use]
    pub fn sign(&self, header: &Value, payload: &[u8]) -> String {
        self.sign_raw(header.to_string().as_bytes(), payload)
    }

    /// Like [`SigningKey::sign`], with the bytes of the header: for duplicate members and text that is not JSON.
    #[must_use]
    pub fn sign_raw(&self, header: &[u8], payload: &[u8]) -> String {
        let input = format!("{}.{}", base64url(header), base64url(payload));
        format!("{input}.{}", base64url(self.signature(input.as_bytes())))
    }

    /// The signature of `input`.
    pub(crate) fn signature(&self, input: &[u8]) -> Vec<u8> {
        self.signer.sign(input).expect("a private key can sign")
    }
}

/// Shows the algorithm and the thumbprint, never the key.
impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("thumbprint", &self.thumbprint())
            .finish_non_exhaustive()
    }
}

/// The RFC 7638 thumbprint of a JWK (SHA-256, base64url): only the members that its key type requires count.
///
/// ```
/// use serde_json::json;
///
/// // RFC 8037 appendix A.3
/// let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
/// assert_eq!(fapi_testkit::jwk_thumbprint(&jwk), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
/// ```
///
/// # Panics
/// If the JWK lacks a required member or its `kty` is not `EC`, `OKP` or `RSA`.
#[must_use]
pub fn jwk_thumbprint(jwk: &Value) -> String {
    // RFC 7638 §3.2, RFC 8037 §2, R68: the required members in lexicographic order.
    let members: &[&str] = match jwk.get("kty").and_then(Value::as_str) {
        Some("EC") => &["crv", "kty", "x", "y"],
        Some("OKP") => &["crv", "kty", "x"],
        Some("RSA") => &["e", "kty", "n"],
        _ => &[],
    };
    assert!(!members.is_empty(), "a JWK of type EC, OKP or RSA");
    let text: Vec<String> = members
        .iter()
        .map(|member| {
            format!("{}:{}", json!(member), jwk.get(member).expect("a JWK with its required members"))
        })
        .collect();
    sha256_base64url(format!("{{{}}}", text.join(",")))
}

/// The private key of a JWK that this kit has made or taken, in PEM (PKCS #8).
pub(crate) fn private_key_pem(private: &Map<String, Value>) -> String {
    let pem = Jwk::from_map(private.clone()).and_then(|jwk| {
        Ok(match jwk.key_type() {
            "RSA" => RsaKeyPair::from_jwk(&jwk)?.to_pem_private_key(),
            "EC" => EcKeyPair::from_jwk(&jwk)?.to_pem_private_key(),
            _ => EdKeyPair::from_jwk(&jwk)?.to_pem_private_key(),
        })
    });
    String::from_utf8(pem.expect("a private JWK")).expect("PEM is ASCII")
}

fn generate_jwk(algorithm: Algorithm) -> Result<Jwk, JoseError> {
    match algorithm {
        Algorithm::Es256 => Jwk::generate_ec_key(EcCurve::P256),
        Algorithm::Es384 => Jwk::generate_ec_key(EcCurve::P384),
        Algorithm::Es512 => Jwk::generate_ec_key(EcCurve::P521),
        Algorithm::EdDsa | Algorithm::Ed25519 => Jwk::generate_ed_key(EdCurve::Ed25519),
        _ => Jwk::generate_rsa_key(RSA_BITS),
    }
}

fn signer(algorithm: Algorithm, jwk: &Jwk) -> Result<Box<dyn JwsSigner>, JoseError> {
    Ok(match algorithm {
        Algorithm::Es256 => Box::new(jws::ES256.signer_from_jwk(jwk)?),
        Algorithm::Es384 => Box::new(jws::ES384.signer_from_jwk(jwk)?),
        Algorithm::Es512 => Box::new(jws::ES512.signer_from_jwk(jwk)?),
        Algorithm::Ps256 => Box::new(jws::PS256.signer_from_jwk(jwk)?),
        Algorithm::Ps384 => Box::new(jws::PS384.signer_from_jwk(jwk)?),
        Algorithm::Ps512 => Box::new(jws::PS512.signer_from_jwk(jwk)?),
        Algorithm::Rs256 => Box::new(jws::RS256.signer_from_jwk(jwk)?),
        Algorithm::Rs384 => Box::new(jws::RS384.signer_from_jwk(jwk)?),
        Algorithm::Rs512 => Box::new(jws::RS512.signer_from_jwk(jwk)?),
        Algorithm::EdDsa | Algorithm::Ed25519 => Box::new(jws::EdDSA.signer_from_jwk(jwk)?),
        other => unreachable!("no signer for {other}"),
    })
}
