//! TLS that asks clients for certificates: the `rustls::ServerConfig` of an API that terminates TLS itself.
//!
//! The certificate is asked for in the handshake (RFC 8705 §3, R77), and the client always proves that it holds the key
//! (R76): only the chain may go without validation, since a token is bound to the certificate itself. Versions and cipher
//! suites are those of FAPI 2.0 (R12, R13).

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{
    CipherSuite, CommonState, DigitallySignedStruct, DistinguishedName, ProtocolVersion, RootCertStore,
    ServerConfig, SignatureScheme,
};
use thiserror::Error as ThisError;

use super::PeerCertificate;

/// SP 5.2.2, R13: the suites that BCP 195 recommends for TLS 1.2. All those of TLS 1.3 are permitted.
const TLS12_SUITES: [CipherSuite; 4] = [
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
];

/// The TLS of an API: its own certificate, and what it asks of its clients.
///
/// ```no_run
/// use fapi_core::{ClientCertificates, ServerTls};
///
/// # fn tls() -> Result<rustls::ServerConfig, Box<dyn std::error::Error>> {
/// let config = ServerTls::from_pem(&std::fs::read("chain.pem")?, &std::fs::read("key.pem")?)?
///     .client_certificates(ClientCertificates::required())
///     .build()?;
/// # Ok(config)
/// # }
/// ```
#[must_use = "it does nothing until it is built"]
#[derive(Debug)]
pub struct ServerTls {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    clients: ClientCertificates,
    alpn: Vec<Vec<u8>>,
}

/// Which client certificates are asked for; by default [`Self::optional`].
#[must_use]
#[derive(Clone, Debug)]
pub struct ClientCertificates {
    mandatory: bool,
    roots: Option<Arc<RootCertStore>>,
}

/// Why TLS cannot be configured.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum ServerTlsError {
    /// The certificate or the key is not PEM.
    #[error("the server's certificate or private key cannot be read: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// The certificate and the key do not fit, or cannot be used.
    #[error("the server's certificate and private key cannot be used: {0}")]
    Certificate(#[from] rustls::Error),
    /// The roots of client certificates cannot be used.
    #[error("the roots of client certificates cannot be used: {0}")]
    Roots(#[from] VerifierBuilderError),
}

impl ClientCertificates {
    /// Asked for; a client without one may connect, and use DPoP.
    pub const fn optional() -> Self {
        Self { mandatory: false, roots: None }
    }

    /// Asked for; a client without one cannot connect.
    pub const fn required() -> Self {
        Self { mandatory: true, roots: None }
    }

    /// Only certificates whose chain ends in one of these roots. Otherwise any certificate is good, also one that is
    /// self-signed or has expired (RFC 8705 §2.2, §6.2): what it opens is decided by the token that is bound to it.
    pub fn issued_by(self, roots: impl Into<Arc<RootCertStore>>) -> Self {
        Self { roots: Some(roots.into()), ..self }
    }

    fn verifier(self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, ServerTlsError> {
        let Some(roots) = self.roots else {
            let algorithms = provider.signature_verification_algorithms;
            return Ok(Arc::new(AnyCertificate { mandatory: self.mandatory, algorithms }));
        };
        let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
        let builder = if self.mandatory { builder } else { builder.allow_unauthenticated() };
        Ok(builder.build()?)
    }
}

impl ServerTls {
    /// With this certificate chain, the API's own certificate first, and its private key.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Self {
        let clients = ClientCertificates::optional();
        Self { chain, key, clients, alpn: vec![b"http/1.1".to_vec()] }
    }

    /// The same from PEM.
    ///
    /// # Errors
    /// [`ServerTlsError::Pem`] if there is no certificate or no private key in it.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, ServerTlsError> {
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>()?;
        Ok(Self::new(chain, PrivateKeyDer::from_pem_slice(key)?))
    }

    /// Which client certificates are asked for.
    pub fn client_certificates(self, clients: ClientCertificates) -> Self {
        Self { clients, ..self }
    }

    /// The protocols on offer (RFC 7301), the preferred one first; `http/1.1` by default. Add `h2` where what serves the
    /// connections speaks it. actix-web puts in its own.
    pub fn alpn<P: Into<Vec<u8>>>(self, protocols: impl IntoIterator<Item = P>) -> Self {
        Self { alpn: protocols.into_iter().map(Into::into).collect(), ..self }
    }

    /// The configuration: TLS 1.3 and 1.2 with the suites that FAPI 2.0 permits.
    ///
    /// # Errors
    /// [`ServerTlsError`] if the certificate, the key or the roots cannot be used.
    pub fn build(self) -> Result<ServerConfig, ServerTlsError> {
        let provider = Arc::new(provider());
        let verifier = self.clients.verifier(&provider)?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(self.chain, self.key)?;
        config.alpn_protocols = self.alpn;
        Ok(config)
    }
}

/// R13: with the suites that are permitted only.
fn provider() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|suite| {
        suite.version().version == ProtocolVersion::TLSv1_3 || TLS12_SUITES.contains(&suite.suite())
    });
    provider
}

impl PeerCertificate {
    /// The certificate whose key the client has proved in the handshake of this connection, if it has sent one.
    ///
    /// Works for `rustls::ServerConnection`, and for what `tokio_rustls::server::TlsStream::get_ref` gives.
    #[must_use]
    pub fn of_connection(connection: &CommonState) -> Option<Self> {
        let leaf = connection.peer_certificates()?.first()?;
        Some(Self::from_der(leaf.as_ref()))
    }
}

/// Accepts any certificate, of whoever can sign with its key.
#[derive(Debug)]
struct AnyCertificate {
    mandatory: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    // RFC 8705 §6.2, R76: no chain is built; the token is bound to this very certificate.
    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    // R76, R77: the client holds the key; without this, anybody could show anybody's certificate.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    // R76, R77
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
