//! A resource server on the network: HTTP/1.1 over TCP or TLS, with connections that are kept.

use std::io;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;

use super::{Answer, Call, Target, TargetError};

/// How long an answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A resource server at a URL.
#[derive(Debug)]
pub struct HttpTarget {
    /// Scheme and authority.
    origin: String,
    /// The path of the URL, without a trailing slash.
    base: String,
    client: HttpClient,
    /// Writes header names in title case.
    title_case: HttpClient,
    certificate: Option<Vec<u8>>,
}

/// What TLS goes by, beside the certificates that the system trusts.
#[derive(Clone, Debug, Default)]
pub struct TlsFiles<'a> {
    /// Further certificates to trust (PEM).
    pub trusted: Option<&'a Path>,
    /// A client certificate and its private key (PEM).
    pub client: Option<(&'a Path, &'a Path)>,
}

impl HttpTarget {
    /// The server at `url`, whose path, if it has one, precedes that of every request.
    ///
    /// # Errors
    /// If the URL is not an http or https URL.
    pub fn new(url: &str) -> io::Result<Self> {
        Self::with_tls(url, &TlsFiles::default())
    }

    /// The server at `url`, with further certificates.
    ///
    /// # Errors
    /// If the URL is not an http or https URL, or a file cannot be read.
    pub fn with_tls(url: &str, files: &TlsFiles<'_>) -> io::Result<Self> {
        let uri: Uri = url.parse().map_err(io::Error::other)?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(io::Error::other("it is not an http or https URL"));
        };
        let (config, certificate) = tls(files)?;
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
        let client = |title_case| {
            Client::builder(TokioExecutor::new())
                .http1_title_case_headers(title_case)
                .build(connector.clone())
        };
        Ok(Self {
            origin: format!("{scheme}://{authority}"),
            base: uri.path().trim_end_matches('/').to_owned(),
            client: client(false),
            title_case: client(true),
            certificate,
        })
    }

    fn uri(&self, call: &Call) -> Result<Uri, TargetError> {
        // RFC 8615 §3: well-known URIs are at the root of an origin.
        let base = if call.target.starts_with("/.well-known/") { "" } else { &self.base };
        let uri = format!("{}{base}{}", self.origin, call.target);
        uri.parse().map_err(|error| TargetError::Unsendable(format!("{error}")))
    }
}

#[async_trait]
impl Target for HttpTarget {
    async fn send(&self, call: &Call) -> Result<Answer, TargetError> {
        // Names go out in lower case; a case that is about names writes this one in title case.
        let title_case = call.headers.iter().any(|(name, _)| name == "Dpop");
        let client = if title_case { &self.title_case } else { &self.client };
        let request = super::request(call, self.uri(call)?)?;
        let exchange = async {
            match client.request(request).await {
                Ok(response) => super::answer(response).await,
                Err(error) if error.is_connect() => Err(TargetError::Unreachable(reason(&error))),
                Err(error) => Err(TargetError::Closed(reason(&error))),
            }
        };
        timeout(ANSWER_LIMIT, exchange).await.unwrap_or(Err(TargetError::TimedOut))
    }

    fn address(&self) -> String {
        format!("{}{}", self.origin, self.base)
    }

    fn is_network(&self) -> bool {
        true
    }

    fn certificate(&self) -> Option<&[u8]> {
        self.certificate.as_deref()
    }
}

/// The innermost cause: the outer ones only say that there was one.
fn reason(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn tls(files: &TlsFiles<'_>) -> io::Result<(ClientConfig, Option<Vec<u8>>)> {
    let mut roots = RootCertStore::empty();
    // Without any, https fails at the handshake; http needs none.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = files.trusted {
        roots.add_parsable_certificates(certificates(path)?);
    }
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots);
    let Some((certificate, key)) = files.client else { return Ok((builder.with_no_client_auth(), None)) };
    let chain = certificates(certificate)?;
    let leaf = chain.first().map(|leaf| leaf.to_vec());
    let key = PrivateKeyDer::from_pem_file(key).map_err(io::Error::other)?;
    let config = builder.with_client_auth_cert(chain, key).map_err(io::Error::other)?;
    Ok((config, leaf))
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_file_iter(path)
        .and_then(|certificates| certificates.collect::<Result<Vec<_>, _>>())
        .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))
}
