//! Which proxy is believed, and what it is believed about (R50, R81, R82; pitfalls P26 and P50).
//!
//! One rule of whom to trust: the peer of the connection. The headers that it may set and the addresses that it may have
//! are one value, so that there is never one without the other. From anybody else these headers do not count, and the
//! adapters remove them. How a certificate header is read stands in `mtls/`; how a URL is found, in `forwarded.rs`.

mod forwarded;
mod peer;
#[cfg(test)]
mod tests;

pub use forwarded::{ForwardedError, ForwardedHeaders};
pub use peer::Peer;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Once;

use ipnet::IpNet;
use thiserror::Error as ThisError;

use crate::config_error::ConfigError;
use crate::crypto::CryptoProvider;
use crate::dpop::target::PublicUrl;
use crate::interaction_id::INTERACTION_ID;
use crate::mtls::{CertificateHeader, CertificateHeaderError, CertificateThumbprint};
use crate::request::ResourceRequest;
use forwarded::ForwardedUrls;

/// Headers that are read as the client's own, by the core, by an adapter or by a router. As a proxy's, they would be removed
/// from everybody else's requests. None of those that a format prescribes is among them.
const READ_AS_THE_CLIENTS: [&str; 9] = [
    "access-control-request-method",
    "authorization",
    "content-length",
    "content-type",
    "dpop",
    "host",
    "origin",
    "transfer-encoding",
    INTERACTION_ID,
];

/// Bits before the IPv4 address in `::ffff:192.0.2.1` (RFC 4291 §2.5.5.2).
const MAPPED_PREFIX: u8 = 96;

/// The proxies in front of this API: where they connect from, and what they say about their clients.
///
/// ```
/// use std::time::Duration;
/// use fapi_core::{CertificateHeader, ForwardedHeaders, Issuer, ResourceServer, Revocation, TrustedProxy};
///
/// let server = ResourceServer::builder()
///     .public_url("https://api.example.com")
///     .issuer(Issuer::new("https://as.example.com"))
///     .audience("https://api.example.com")
///     .revocation(Revocation::max_token_lifetime(Duration::from_secs(300)))
///     .trusted_proxy(
///         TrustedProxy::at(["10.1.0.0/16", "::1"])
///             .client_certificate(CertificateHeader::nginx("x-client-cert"))
///             .forwarded(ForwardedHeaders::x_forwarded().public_url("https://api.example.org")),
///     )
///     .build()?;
/// # Ok::<(), fapi_core::ConfigError>(())
/// ```
///
/// The proxy **must replace or remove** each of these headers in what its clients send; see [`Self::headers`]. Nothing
/// else may be able to connect to the API from its addresses.
#[derive(Clone, Debug)]
#[must_use = "it does nothing until it is passed to ResourceServerBuilder::trusted_proxy"]
pub struct TrustedProxy {
    addresses: Vec<String>,
    unix_socket: bool,
    certificates: Vec<CertificateHeader>,
    forwarded: Vec<ForwardedHeaders>,
}

/// What is wrong with a [`TrustedProxy`].
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum TrustedProxyError {
    /// The setting was made twice.
    #[error("trusted_proxy is set twice: name all addresses in one TrustedProxy")]
    Repeated,
    /// Nobody is trusted.
    #[error("trusted_proxy has no address: name the addresses from which the proxies connect")]
    Nobody,
    /// Not an address.
    #[error(
        "trusted_proxy {0:?} is neither an IP address nor a network of them such as 10.1.0.0/16 or fd00::/8"
    )]
    Address(String),
    /// A network of all addresses.
    #[error("trusted_proxy {0:?} is everybody: name the addresses from which the proxies connect")]
    Everybody(String),
    /// An address without a header.
    #[error("trusted_proxy is believed about nothing: add client_certificate or forwarded")]
    Nothing,
    /// R82: two certificate headers.
    #[error("trusted_proxy has more than one client_certificate header: which one counts?")]
    CertificateHeaders,
    /// Two kinds of forwarding headers.
    #[error("trusted_proxy has forwarded twice: Forwarded or X-Forwarded-*, which one counts?")]
    ForwardedHeaders,
    /// `Forwarded` has a port in its `host`, and no prefix.
    #[error(
        "trusted_proxy.forwarded cannot have port or prefix with the header Forwarded: they are X-Forwarded-Port and X-Forwarded-Prefix, and go with x-forwarded"
    )]
    ForwardedParts,
    /// R82: one header for two things, of which it can say one.
    #[error(
        "trusted_proxy would read {0:?} for two things: the certificate, each verdict on it and the URL need headers of their own"
    )]
    HeaderShared(String),
    /// Not a header of a proxy.
    #[error(
        "trusted_proxy cannot take {0:?} from a header of a proxy: it must be a field name of the proxy's own"
    )]
    HeaderName(String),
    /// A list of no elements.
    #[error("trusted_proxy has an x-forwarded-client-cert of no proxies: there must be at least one")]
    Proxies,
}

impl TrustedProxy {
    /// Proxies that connect from these IP addresses or networks (CIDR).
    pub fn at<A: Into<String>>(addresses: impl IntoIterator<Item = A>) -> Self {
        Self {
            addresses: addresses.into_iter().map(Into::into).collect(),
            unix_socket: false,
            certificates: Vec::new(),
            forwarded: Vec::new(),
        }
    }

    /// Proxies that connect through a Unix domain socket, which only they may be allowed to open.
    pub fn at_unix_socket() -> Self {
        Self { unix_socket: true, ..Self::at::<String>([]) }
    }

    #[cfg(feature = "config")]
    pub(crate) const fn is_at_unix_socket(&self) -> bool {
        self.unix_socket
    }

    /// The header in which they convey the certificate of the client (RFC 9440). Their own certificate, if they have one
    /// on the connection to this API, is then no longer a client's.
    pub fn client_certificate(mut self, header: CertificateHeader) -> Self {
        self.certificates.push(header);
        self
    }

    /// The headers in which they say under which URL the client has reached them (RFC 7239). Without, that is the
    /// `public_url`.
    pub fn forwarded(mut self, headers: ForwardedHeaders) -> Self {
        self.forwarded.push(headers);
        self
    }

    /// The names, in lower case, of the headers that the proxy must replace or remove in what its clients send.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        let certificate = self.certificates.iter().flat_map(CertificateHeader::names);
        certificate.chain(self.forwarded.iter().flat_map(ForwardedHeaders::names))
    }

    /// A header that would be read for two things.
    fn shared_header(&self) -> Option<String> {
        let certificate = self.certificates.iter().flat_map(CertificateHeader::read_names);
        let read = certificate.chain(self.forwarded.iter().flat_map(ForwardedHeaders::names));
        let mut seen = BTreeSet::new();
        read.filter(|name| !seen.insert(*name)).map(str::to_owned).next()
    }

    /// Checks everything, so that a mistake is known at start.
    pub(crate) fn build(
        self,
        public_url: &PublicUrl,
        parse_url: impl Fn(String) -> Result<PublicUrl, ConfigError>,
    ) -> Result<ProxyTrust, ConfigError> {
        let networks =
            self.addresses.iter().map(|text| parse_network(text)).collect::<Result<Vec<_>, _>>()?;
        if networks.is_empty() && !self.unix_socket {
            return Err(TrustedProxyError::Nobody.into());
        }
        let shared = self.shared_header();
        let mut names: Vec<Box<str>> = self.headers().map(Into::into).collect();
        if names.is_empty() {
            return Err(TrustedProxyError::Nothing.into());
        }
        names.sort_unstable();
        names.dedup();
        if let Some(wrong) = names.iter().find(|name| !is_proxy_header(name)) {
            return Err(TrustedProxyError::HeaderName(wrong.to_string()).into());
        }
        // R82: several formats at once are ambiguous.
        let certificate = at_most_one(self.certificates, TrustedProxyError::CertificateHeaders)?;
        if !certificate.as_ref().is_none_or(CertificateHeader::is_usable) {
            return Err(TrustedProxyError::Proxies.into());
        }
        let forwarded = at_most_one(self.forwarded, TrustedProxyError::ForwardedHeaders)?;
        if let Some(name) = shared {
            return Err(TrustedProxyError::HeaderShared(name).into());
        }
        let forwarded =
            forwarded.map(|headers| ForwardedUrls::new(headers, public_url, parse_url)).transpose()?;
        let unknown_peer = Once::new();
        Ok(ProxyTrust {
            networks,
            unix_socket: self.unix_socket,
            certificate,
            forwarded,
            names,
            unknown_peer,
        })
    }
}

fn warn_of_unknown_peer() {
    tracing::warn!(
        target: "fapi_core",
        "a trusted proxy is configured, but who has sent a request is not known, so that nobody is trusted: in axum, serve \
         `into_make_service_with_connect_info::<fapi_tower::Connection>()`; elsewhere, put `fapi_core::Peer` into the \
         request's extensions (said once)"
    );
}

/// R82: as the peer's address is compared, an IPv4 address is one in whatever form it is written.
fn canonical(network: IpNet) -> Option<IpNet> {
    let IpNet::V6(v6) = network else { return Some(network) };
    let Some(address) = v6.addr().to_ipv4_mapped() else { return Some(network) };
    let prefix = v6.prefix_len().checked_sub(MAPPED_PREFIX)?;
    IpNet::new(address.into(), prefix).ok()
}

fn at_most_one<T>(mut given: Vec<T>, several: TrustedProxyError) -> Result<Option<T>, TrustedProxyError> {
    let one = given.pop();
    if given.is_empty() { Ok(one) } else { Err(several) }
}

fn parse_network(text: &str) -> Result<IpNet, TrustedProxyError> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let network =
        network.ok().and_then(canonical).ok_or_else(|| TrustedProxyError::Address(text.to_owned()))?;
    // R82: whoever trusts everybody trusts the client.
    if network.prefix_len() == 0 { Err(TrustedProxyError::Everybody(text.to_owned())) } else { Ok(network) }
}

/// RFC 9110 §5.6.2: a field name is a token; and one that the proxy may set.
fn is_proxy_header(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token) && !READ_AS_THE_CLIENTS.contains(&name)
}

/// The trust in proxies of a server that has been built.
#[derive(Debug)]
pub(crate) struct ProxyTrust {
    networks: Vec<IpNet>,
    unix_socket: bool,
    certificate: Option<CertificateHeader>,
    forwarded: Option<ForwardedUrls>,
    /// In lower case, each once.
    names: Vec<Box<str>>,
    /// Whether the log has it that peers are not known.
    unknown_peer: Once,
}

impl ProxyTrust {
    /// R82: by the address of the connection, which nobody can choose.
    pub(crate) fn trusts(&self, peer: Peer) -> bool {
        match peer {
            // R81: who is not known is not trusted. Most likely nobody ever is, and the proxy is configured in vain.
            Peer::Unknown => {
                self.unknown_peer.call_once(warn_of_unknown_peer);
                false
            }
            Peer::UnixSocket => self.unix_socket,
            // A socket for both versions of IP sees IPv4 addresses in the form ::ffff:192.0.2.1.
            Peer::Address(address) => {
                let address = address.to_canonical();
                self.networks.iter().any(|network| network.contains(&address))
            }
        }
    }

    /// Whether this peer could be a proxy that conveys certificates: nobody has told who it is.
    pub(crate) fn cannot_tell(&self, peer: Peer) -> bool {
        self.certificate.is_some() && peer == Peer::Unknown
    }

    pub(crate) fn header_names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// R80, R81: the client's certificate as this peer conveys it; `None` if that is not a trusted proxy's to say.
    pub(crate) fn certificate(
        &self,
        request: &ResourceRequest<'_>,
        crypto: &dyn CryptoProvider,
    ) -> Option<Result<Option<CertificateThumbprint>, CertificateHeaderError>> {
        let header = self.certificate.as_ref().filter(|_| self.trusts(request.peer))?;
        Some(header.read(|name| request.proxy_header(name), crypto))
    }

    /// R50, P26: the public URL under which this peer says that the client has reached it; `None` if that is not a
    /// trusted proxy's to say.
    pub(crate) fn public_url(
        &self,
        request: &ResourceRequest<'_>,
    ) -> Option<Result<&PublicUrl, ForwardedError>> {
        let urls = self.forwarded.as_ref().filter(|_| self.trusts(request.peer))?;
        Some(urls.select(|name| request.proxy_header(name)))
    }

    /// The public URLs besides the server's own.
    pub(crate) fn further_urls(&self) -> &[PublicUrl] {
        self.forwarded.as_ref().map_or(&[], ForwardedUrls::others)
    }

    /// The scheme, host and port at which this peer says that the client has reached it.
    pub(crate) fn origin(&self, request: &ResourceRequest<'_>) -> Option<String> {
        let urls = self.forwarded.as_ref().filter(|_| self.trusts(request.peer))?;
        urls.select_origin(|name| request.proxy_header(name))
    }
}
