//! In which header a proxy conveys its client's certificate, and how to read it (RFC 9440; R80, R83-R88).
//!
//! One named format, read strictly: a value that is not exactly one certificate in it is an error, not "no certificate".
//! Whom to believe is decided in `proxy/`; whose certificate the token names, in `confirmation.rs`.

use std::borrow::Cow;

use thiserror::Error as ThisError;

use super::encoding::{from_base64, from_pem, leaf_of_pem, percent_decode};
use super::{CertificateThumbprint, xfcc};
use crate::crypto::CryptoProvider;
use crate::request::FieldLines;

/// Bytes of a certificate header (R88): as much as common proxies accept for all header fields together.
const MAX_BYTES: usize = 16 * 1024;

/// The header in which a proxy conveys the certificate of its client, and the format of its value.
///
/// For use with [`TrustedProxy`](crate::TrustedProxy), which says from whom it is believed.
///
/// ```
/// use fapi_core::{CertificateHeader, TrustedProxy};
///
/// let proxy = TrustedProxy::at(["10.0.0.0/8"])
///     .client_certificate(CertificateHeader::nginx("x-client-cert"));
/// # let _ = proxy;
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertificateHeader {
    name: Cow<'static, str>,
    format: Format,
    /// Other headers of the same proxy about the same certificate: not read, but not anybody's to send either.
    companions: &'static [&'static str],
    verdicts: Vec<Verdict>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Format {
    /// RFC 9440 §2.2: `:base64:`.
    ByteSequence,
    /// Envoy, with an element for each of so many proxies.
    Xfcc(usize),
    /// Base64 of the DER encoding.
    Base64,
    /// PEM, percent-encoded.
    EscapedPem,
    /// The same, of the client's certificate and then its chain.
    EscapedPemChain,
    /// PEM in one line, percent-encoded or not.
    FoldedPem,
    /// Base64 or PEM in one line.
    Base64OrPem,
    /// The base64 of PEM without its first and last line, percent-encoded or not; then the chain, separated by commas.
    PemBodies,
}

/// What the proxy says in another header about the chain of the certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Verdict {
    name: Cow<'static, str>,
    good: Cow<'static, str>,
}

/// Why the certificate header of a trusted proxy cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum CertificateHeaderError {
    /// RFC 9440 §2.2: more than one field line (R80).
    #[error("it is there more than once")]
    Repeated,
    /// Larger than 16 KiB.
    #[error("it is too large")]
    TooLarge,
    /// Not in the configured format.
    #[error("it is not in the configured format")]
    Encoding,
    /// More than one certificate where one is expected.
    #[error("it holds more than one certificate")]
    Several,
    /// Not the DER encoding of a certificate, or with bytes after its end.
    #[error("it does not hold exactly one certificate in DER")]
    NotACertificate,
    /// More or fewer elements than there are proxies.
    #[error("it has not as many elements as there are trusted proxies")]
    Elements,
    /// The hash beside the certificate is another one's.
    #[error("its hash is not that of its certificate")]
    Contradiction,
    /// The proxy did not find its chain in order.
    #[error("the proxy has not vouched for its chain")]
    Unverified,
}

impl CertificateHeader {
    /// `Client-Cert` (RFC 9440).
    #[must_use]
    pub const fn rfc9440() -> Self {
        Self::fixed("client-cert", Format::ByteSequence, &["client-cert-chain"])
    }

    /// Envoy's `x-forwarded-client-cert` of exactly one proxy, which replaces what its clients send
    /// (`forward_client_cert_details: SANITIZE_SET`). Its `Hash` suffices.
    #[must_use]
    pub const fn envoy() -> Self {
        Self::envoy_chain(1)
    }

    /// Envoy's `x-forwarded-client-cert` of exactly so many proxies one after the other, each of which adds an element
    /// (`APPEND_FORWARD`), while the first one replaces what its clients send (`SANITIZE_SET`). The first element counts.
    #[must_use]
    pub const fn envoy_chain(proxies: usize) -> Self {
        Self::fixed("x-forwarded-client-cert", Format::Xfcc(proxies), &[])
    }

    /// nginx: `proxy_set_header NAME $ssl_client_escaped_cert;`. If the API relies on the proxy for the chain, see
    /// [`Self::with_verdict`] for `$ssl_client_verify`.
    #[must_use]
    pub fn nginx(name: impl Into<Cow<'static, str>>) -> Self {
        Self::named(name, Format::EscapedPem)
    }

    /// HAProxy: `http-request set-header NAME %[ssl_c_der,base64]`.
    #[must_use]
    pub fn haproxy(name: impl Into<Cow<'static, str>>) -> Self {
        Self::named(name, Format::Base64)
    }

    /// Apache: `RequestHeader set NAME "%{SSL_CLIENT_CERT}s"`, escaped or not.
    #[must_use]
    pub fn apache(name: impl Into<Cow<'static, str>>) -> Self {
        Self::named(name, Format::FoldedPem)
    }

    /// AWS Application Load Balancer that verifies certificates: `X-Amzn-Mtls-Clientcert-Leaf`.
    #[must_use]
    pub const fn aws_alb_verify() -> Self {
        Self::fixed("x-amzn-mtls-clientcert-leaf", Format::EscapedPem, AWS_COMPANIONS)
    }

    /// AWS Application Load Balancer that passes certificates through without looking at them:
    /// `X-Amzn-Mtls-Clientcert`, the client's own first.
    #[must_use]
    pub const fn aws_alb_passthrough() -> Self {
        Self::fixed("x-amzn-mtls-clientcert", Format::EscapedPemChain, AWS_COMPANIONS)
    }

    /// Azure Application Gateway: a rewrite that sets the header NAME to `{var_client_certificate}`.
    #[must_use]
    pub fn azure_application_gateway(name: impl Into<Cow<'static, str>>) -> Self {
        Self::named(name, Format::EscapedPem)
    }

    /// Azure App Service: `X-ARR-ClientCert`.
    #[must_use]
    pub const fn azure_app_service() -> Self {
        Self::fixed("x-arr-clientcert", Format::Base64OrPem, &[])
    }

    /// Traefik, version 2 or 3: `X-Forwarded-Tls-Client-Cert` (`passTLSClientCert: pem: true`), the client's own first.
    #[must_use]
    pub const fn traefik() -> Self {
        Self::fixed("x-forwarded-tls-client-cert", Format::PemBodies, &["x-forwarded-tls-client-cert-info"])
    }

    /// Google Cloud load balancers: a custom header NAME (usually `X-Client-Cert-Leaf`) with `{client_cert_leaf}`.
    #[must_use]
    pub fn google(name: impl Into<Cow<'static, str>>) -> Self {
        Self::named(name, Format::ByteSequence)
    }

    /// Lets a certificate count only if the proxy says in another header that its chain is in order, such as
    /// `x-client-verify` with `SUCCESS` of nginx (`$ssl_client_verify`). Needed only where the proxy passes on
    /// certificates whose chain it has not found in order, and the API relies on chains (RFC 8705 §2.1). May be
    /// repeated, and then each must say so.
    #[must_use]
    pub fn with_verdict(
        mut self,
        name: impl Into<Cow<'static, str>>,
        good: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.verdicts.push(Verdict { name: lower_case(name.into()), good: good.into() });
        self
    }

    fn named(name: impl Into<Cow<'static, str>>, format: Format) -> Self {
        Self { name: lower_case(name.into()), format, companions: &[], verdicts: Vec::new() }
    }

    const fn fixed(name: &'static str, format: Format, companions: &'static [&'static str]) -> Self {
        Self { name: Cow::Borrowed(name), format, companions, verdicts: Vec::new() }
    }

    /// All headers that the proxy must set or remove, names in lower case.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.read_names().chain(self.companions.iter().copied())
    }

    /// Those of them that are read: the certificate's, and one for each verdict on it.
    pub(crate) fn read_names(&self) -> impl Iterator<Item = &str> {
        [&*self.name].into_iter().chain(self.verdicts.iter().map(|verdict| &*verdict.name))
    }

    /// Whether any value could be read: a list with an element for each of no proxies could not.
    pub(crate) const fn is_usable(&self) -> bool {
        !matches!(self.format, Format::Xfcc(0))
    }

    /// The thumbprint of the certificate in a value of this header: what the server would make of it.
    ///
    /// ```
    /// use fapi_core::crypto::AwsLcProvider;
    /// use fapi_core::{CertificateHeader, CertificateHeaderError};
    ///
    /// let header = CertificateHeader::rfc9440();
    /// let error = header.thumbprint(b"SUCCESS", &AwsLcProvider).unwrap_err();
    /// assert_eq!(error, CertificateHeaderError::Encoding);
    /// ```
    ///
    /// # Errors
    /// What is wrong with the value.
    pub fn thumbprint(
        &self,
        value: &[u8],
        crypto: &dyn CryptoProvider,
    ) -> Result<CertificateThumbprint, CertificateHeaderError> {
        if value.len() > MAX_BYTES {
            return Err(CertificateHeaderError::TooLarge);
        }
        let value = std::str::from_utf8(value).map_err(|_| CertificateHeaderError::Encoding)?;
        let der = match self.format {
            Format::Xfcc(proxies) => return xfcc_thumbprint(value, proxies, crypto),
            Format::ByteSequence => byte_sequence(value),
            Format::Base64 => from_base64(value),
            Format::EscapedPem | Format::FoldedPem => from_pem(&percent_decode(value)?),
            Format::EscapedPemChain => leaf_of_pem(&percent_decode(value)?),
            Format::Base64OrPem if value.starts_with("-----") => from_pem(&percent_decode(value)?),
            Format::Base64OrPem => from_base64(value),
            Format::PemBodies => first_pem_body(value),
        }?;
        Ok(CertificateThumbprint::of(&der, crypto))
    }

    /// The certificate that `lines` gives for this header, if any.
    pub(crate) fn read<'a>(
        &self,
        lines: impl Fn(&str) -> FieldLines<'a>,
        crypto: &dyn CryptoProvider,
    ) -> Result<Option<CertificateThumbprint>, CertificateHeaderError> {
        let value = match lines(&self.name) {
            // R81: no header, no certificate. Proxies without a certificate often send an empty value.
            FieldLines::Absent | FieldLines::One(b"") => return Ok(None),
            // R80, R179: never a list.
            FieldLines::Many => return Err(CertificateHeaderError::Repeated),
            FieldLines::One(value) => value,
        };
        if self.format == Format::FoldedPem && value == APACHE_NONE {
            return Ok(None);
        }
        for verdict in &self.verdicts {
            // R84
            if lines(&verdict.name) != FieldLines::One(verdict.good.as_bytes()) {
                return Err(CertificateHeaderError::Unverified);
            }
        }
        self.thumbprint(value, crypto).map(Some)
    }
}

const AWS_COMPANIONS: &[&str] = &[
    "x-amzn-mtls-clientcert",
    "x-amzn-mtls-clientcert-leaf",
    "x-amzn-mtls-clientcert-serial-number",
    "x-amzn-mtls-clientcert-issuer",
    "x-amzn-mtls-clientcert-subject",
    "x-amzn-mtls-clientcert-validity",
];

/// What Apache writes for a variable that is not set.
const APACHE_NONE: &[u8] = b"(null)";

/// RFC 8941 §3.3.5, RFC 9440 §2.1. Stricter than RFC 8941 §4.2.7: padding is required, so that a certificate has one
/// spelling.
fn byte_sequence(value: &str) -> Result<Vec<u8>, CertificateHeaderError> {
    let base64 = value.strip_prefix(':').and_then(|rest| rest.strip_suffix(':'));
    from_base64(base64.ok_or(CertificateHeaderError::Encoding)?)
}

fn xfcc_thumbprint(
    value: &str,
    proxies: usize,
    crypto: &dyn CryptoProvider,
) -> Result<CertificateThumbprint, CertificateHeaderError> {
    let element = xfcc::parse(value, proxies)?;
    let stated = element.hash.map(CertificateThumbprint::from_sha256);
    let own = element.der.map(|der| CertificateThumbprint::of(&der, crypto));
    match (stated, own) {
        (Some(stated), Some(own)) if stated != own => Err(CertificateHeaderError::Contradiction),
        (Some(thumbprint), _) | (None, Some(thumbprint)) => Ok(thumbprint),
        (None, None) => Err(CertificateHeaderError::Encoding),
    }
}

/// R86: Traefik 2 escapes what Traefik 3 does not; `%` is no character of base64.
fn first_pem_body(value: &str) -> Result<Vec<u8>, CertificateHeaderError> {
    let mut bodies = value.split(',');
    let leaf = from_base64(&percent_decode(bodies.next().unwrap_or_default())?)?;
    for body in bodies {
        from_base64(&percent_decode(body)?)?;
    }
    Ok(leaf)
}

fn lower_case(name: Cow<'static, str>) -> Cow<'static, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        name
    }
}
