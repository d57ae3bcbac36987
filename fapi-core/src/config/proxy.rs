//! The settings of trusted proxies: from where they connect, and what they are believed about.
//!
//! The formats of certificate headers have the names of [`CertificateHeader`]'s functions, with hyphens.

use serde::Deserialize;

use super::values::{apply, one_or_many, some_number, when};
use crate::mtls::CertificateHeader;
use crate::proxy::{ForwardedHeaders, TrustedProxy};

/// As [`TrustedProxy`].
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "TrustedProxyTable")]
pub struct TrustedProxySettings(TrustedProxy);

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "config-schema", schemars(transform = super::schema::trusted_about_something))]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table of addresses or unix_socket, client_certificate and forwarded"
)]
pub(super) struct TrustedProxyTable {
    /// The IP addresses or networks from which the proxies connect.
    #[serde(deserialize_with = "one_or_many")]
    #[cfg_attr(feature = "config-schema", schemars(with = "super::schema::OneOrMany<String>"))]
    addresses: Vec<String>,
    /// Instead: they connect through a Unix domain socket, which only they may be allowed to open.
    unix_socket: bool,
    /// The header that conveys the certificate of the client.
    #[cfg_attr(feature = "config-schema", schemars(with = "Option<CertificateHeaderTable>"))]
    client_certificate: Option<CertificateHeaderSettings>,
    /// The headers that say under which URL the client has reached the proxy.
    forwarded: Option<ForwardedSettings>,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "CertificateHeaderTable")]
struct CertificateHeaderSettings(CertificateHeader);

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "config-schema", schemars(transform = super::schema::header_of_the_format))]
#[serde(deny_unknown_fields, expecting = "a table of format, header, proxies and verdict")]
struct CertificateHeaderTable {
    /// How the proxy writes it.
    format: Format,
    /// The name of the header, where the operator of the proxy chooses it.
    header: Option<String>,
    /// How many proxies add an element, with the format `envoy`; 1 by default.
    #[serde(default, deserialize_with = "some_number")]
    #[cfg_attr(feature = "config-schema", schemars(range(min = 1)))]
    proxies: Option<usize>,
    /// What the proxy must say of the chain of the certificate, for it to count.
    verdict: Option<VerdictTable>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a table of header and good")]
struct VerdictTable {
    /// The name of the header.
    header: String,
    /// Its value where the chain is in order, such as `SUCCESS`.
    good: String,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Format {
    Rfc9440,
    Envoy,
    Nginx,
    Haproxy,
    Apache,
    AwsAlbVerify,
    AwsAlbPassthrough,
    AzureApplicationGateway,
    AzureAppService,
    Traefik,
    Google,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "config-schema", schemars(transform = super::schema::parts_of_x_forwarded))]
#[serde(deny_unknown_fields, expecting = "a table of headers, port, prefix and public_url")]
struct ForwardedSettings {
    /// Which of the two kinds.
    headers: ForwardedKind,
    /// Whether `X-Forwarded-Port` counts, too.
    #[serde(default)]
    port: bool,
    /// Whether `X-Forwarded-Prefix` counts, too.
    #[serde(default)]
    prefix: bool,
    /// Further URLs under which clients reach this API.
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(feature = "config-schema", schemars(with = "super::schema::OneOrMany<String>"))]
    public_url: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum ForwardedKind {
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// `X-Forwarded-Proto` and `X-Forwarded-Host`.
    XForwarded,
}

impl TryFrom<CertificateHeaderTable> for CertificateHeaderSettings {
    type Error = &'static str;

    fn try_from(table: CertificateHeaderTable) -> Result<Self, Self::Error> {
        if table.proxies.is_some() && table.format != Format::Envoy {
            return Err("proxies goes with the format `envoy` only");
        }
        let header = match (table.format, table.header) {
            (Format::Rfc9440, None) => CertificateHeader::rfc9440(),
            (Format::Envoy, None) => CertificateHeader::envoy_chain(table.proxies.unwrap_or(1)),
            (Format::AwsAlbVerify, None) => CertificateHeader::aws_alb_verify(),
            (Format::AwsAlbPassthrough, None) => CertificateHeader::aws_alb_passthrough(),
            (Format::AzureAppService, None) => CertificateHeader::azure_app_service(),
            (Format::Traefik, None) => CertificateHeader::traefik(),
            (Format::Nginx, Some(name)) => CertificateHeader::nginx(name),
            (Format::Haproxy, Some(name)) => CertificateHeader::haproxy(name),
            (Format::Apache, Some(name)) => CertificateHeader::apache(name),
            (Format::AzureApplicationGateway, Some(name)) => {
                CertificateHeader::azure_application_gateway(name)
            }
            (Format::Google, Some(name)) => CertificateHeader::google(name),
            (_, None) => {
                return Err("header is missing: with this format, its name is the proxy's to choose");
            }
            (_, Some(_)) => return Err("header must be left out: with this format, its name is fixed"),
        };
        let verdict = |header: CertificateHeader, it: VerdictTable| header.with_verdict(it.header, it.good);
        Ok(Self(apply(header, table.verdict, verdict)))
    }
}

impl From<ForwardedSettings> for ForwardedHeaders {
    fn from(settings: ForwardedSettings) -> Self {
        let headers = match settings.headers {
            ForwardedKind::Forwarded => Self::forwarded(),
            ForwardedKind::XForwarded => Self::x_forwarded(),
        };
        let headers = when(headers, settings.port, Self::with_port);
        let headers = when(headers, settings.prefix, Self::with_prefix);
        settings.public_url.into_iter().fold(headers, Self::public_url)
    }
}

impl TryFrom<TrustedProxyTable> for TrustedProxySettings {
    type Error = &'static str;

    fn try_from(table: TrustedProxyTable) -> Result<Self, Self::Error> {
        let proxy = match (table.unix_socket, table.addresses) {
            (true, addresses) if !addresses.is_empty() => {
                return Err("addresses and unix_socket exclude each other: the proxies connect in one way");
            }
            (true, _) => TrustedProxy::at_unix_socket(),
            (false, addresses) => TrustedProxy::at(addresses),
        };
        let header = table.client_certificate.map(|CertificateHeaderSettings(header)| header);
        let proxy = apply(proxy, header, TrustedProxy::client_certificate);
        Ok(Self(apply(proxy, table.forwarded.map(Into::into), TrustedProxy::forwarded)))
    }
}

impl TrustedProxySettings {
    /// Whether the proxies connect through a Unix domain socket, on which the program must listen then.
    #[must_use]
    pub fn is_at_unix_socket(&self) -> bool {
        self.0.is_at_unix_socket()
    }

    /// The proxy.
    pub fn into_trusted_proxy(self) -> TrustedProxy {
        self.0
    }
}
