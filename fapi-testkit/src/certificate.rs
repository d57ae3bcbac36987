//! Client certificates for mutual TLS (RFC 8705): self-signed, as such a client may use them.

use std::fmt;

use crate::encoding::sha256_base64url;

/// A self-signed client certificate with its private key (ECDSA P-256).
///
/// ```
/// use fapi_testkit::{TestCertificate, TestIssuer};
///
/// let certificate = TestCertificate::generate();
/// let token = TestIssuer::new("https://as.example.com").token().bound_to_certificate(certificate.der()).sign();
/// # let _ = token;
/// ```
#[derive(Clone)]
pub struct TestCertificate {
    der: Vec<u8>,
    pem: String,
    private_key_pem: String,
}

impl TestCertificate {
    /// A new certificate and key for `localhost`.
    ///
    /// # Panics
    /// If the key cannot be generated.
    #[must_use]
    pub fn generate() -> Self {
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()])
            .expect("a certificate for `localhost` can be made");
        Self {
            der: certified.cert.der().to_vec(),
            pem: certified.cert.pem(),
            private_key_pem: certified.signing_key.serialize_pem(),
        }
    }

    /// The certificate in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate in PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The private key in PEM (PKCS #8).
    #[must_use]
    pub fn private_key_pem(&self) -> &str {
        &self.private_key_pem
    }

    /// The `x5t#S256` of tokens bound to this certificate: base64url of the SHA-256 of the DER.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        sha256_base64url(&self.der)
    }
}

/// Shows the thumbprint, never the private key.
impl fmt::Debug for TestCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TestCertificate")
            .field("thumbprint", &self.thumbprint())
            .finish_non_exhaustive()
    }
}
