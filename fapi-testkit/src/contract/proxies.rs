//! What counts of a trusted proxy, and of anybody else, and what handlers see of it (R50, R80-R82, R88; pitfalls P26, P50).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fapi_core::{CertificateHeader, ForwardedHeaders, Peer, ResourceServerBuilder, TrustedProxy};

use super::cases::{BEARER, DPOP, Rows, accepted, bearer, failed, finish, refused, request, unauthenticated};
use super::{ContractCase, Expected, SEEN_BY_HANDLER, TestRequest, World};

const PROXY: Peer = Peer::Address(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 1, 2, 3)));
const STRANGER: Peer = Peer::Address(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));
/// A further public URL, with the prefix that the proxy removes.
const OTHER_URL: &str = "https://api.example.org/v1";
/// What a server takes of a certificate header, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// Believes its proxy about certificates and about the URL.
pub(super) fn with_x_forwarded(builder: ResourceServerBuilder) -> ResourceServerBuilder {
    let urls = ForwardedHeaders::x_forwarded().with_prefix().public_url(OTHER_URL);
    let proxy = TrustedProxy::at(["10.0.0.0/8"]).client_certificate(CertificateHeader::rfc9440());
    builder.trusted_proxy(proxy.forwarded(urls))
}

/// Believes its proxy about the URL only.
pub(super) fn with_forwarded(builder: ResourceServerBuilder) -> ResourceServerBuilder {
    let urls = ForwardedHeaders::forwarded().public_url(OTHER_URL);
    builder.trusted_proxy(TrustedProxy::at(["10.0.0.0/8"]).forwarded(urls))
}

pub(super) fn x_forwarded(world: &World) -> Vec<ContractCase> {
    finish(world, [certificates(world), strangers(world), urls(world), prefixes(world)].into_iter().flatten())
}

/// With these headers, over a connection with this peer.
fn from(peer: Peer, mut request: TestRequest, headers: &[(&'static str, &str)]) -> TestRequest {
    request.headers.extend(headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
    TestRequest { peer, ..request }
}

/// Accepted by a handler that has seen these headers.
fn seen(names: &[&str]) -> Expected {
    let mut expected = accepted();
    expected.headers.extend(names.iter().map(|name| (SEEN_BY_HANDLER.to_owned(), (*name).to_owned())));
    expected
}

fn client_cert(der: &[u8]) -> String {
    format!(":{}:", STANDARD.encode(der))
}

fn wrong_certificate() -> Expected {
    let challenge = failed("Bearer", "invalid_token", "Invalid client certificate binding");
    refused(401, &[challenge, DPOP.to_owned()])
}

fn wrong_target() -> Expected {
    refused(401, &[failed("DPoP", "invalid_dpop_proof", "Invalid DPoP proof htu")])
}

fn unknown_url() -> Expected {
    let description = "The URL of the request is not one of this API";
    refused(400, &[failed("DPoP", "invalid_request", description), BEARER.to_owned()])
}

impl World {
    /// With a token that is bound to the client's certificate, over a connection that has none.
    fn certificate_bound(&self) -> TestRequest {
        let token = self.token().without_claim("cnf").bound_to_certificate(self.certificate.der()).sign();
        bearer(&token, None)
    }

    /// With a proof for this URL.
    fn proved_for(&self, url: &str) -> TestRequest {
        let url = url.to_owned();
        let token = self.token().sign();
        let proof = self.proof(&token).claim("htu", url).sign();
        request("/records", vec![("authorization", format!("DPoP {token}")), ("dpop", proof)])
    }
}

/// R72, R80, R81, R88
fn certificates(world: &World) -> Rows {
    let own = client_cert(world.certificate.der());
    let other = client_cert(world.other_certificate.der());
    let trailing = client_cert(&[world.certificate.der(), &[0]].concat());
    let oversized = format!("{}{own}", " ".repeat(MAX_BYTES));
    let conveyed = |headers: &[(&'static str, &str)]| from(PROXY, world.certificate_bound(), headers);
    let on_the_connection =
        TestRequest { certificate: Some(world.certificate.der().to_vec()), ..conveyed(&[]) };
    vec![
        ("conveyed certificate", conveyed(&[("client-cert", &own)]), seen(&["client-cert"])),
        (
            "conveyed certificate with its chain",
            conveyed(&[("client-cert", &own), ("client-cert-chain", &other)]),
            seen(&["client-cert", "client-cert-chain"]),
        ),
        ("conveyed certificate of another", conveyed(&[("client-cert", &other)]), wrong_certificate()),
        (
            "two conveyed certificates",
            conveyed(&[("client-cert", &own), ("client-cert", &own)]),
            wrong_certificate(),
        ),
        (
            "a list of conveyed certificates",
            conveyed(&[("client-cert", &format!("{own}, {own}"))]),
            wrong_certificate(),
        ),
        (
            "conveyed certificate with a byte after it",
            conveyed(&[("client-cert", &trailing)]),
            wrong_certificate(),
        ),
        ("oversized conveyed certificate", conveyed(&[("client-cert", &oversized)]), wrong_certificate()),
        ("no conveyed certificate", conveyed(&[]), wrong_certificate()),
        ("the proxy's own certificate", on_the_connection, wrong_certificate()),
    ]
}

/// R81, R82, P50: ignored, and removed.
fn strangers(world: &World) -> Rows {
    let own = client_cert(world.certificate.der());
    let forged = [
        ("client-cert", &*own),
        ("client-cert-chain", "x"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-prefix", "/v1"),
    ];
    let mut with_certificate = from(STRANGER, world.certificate_bound(), &forged);
    with_certificate.certificate = Some(world.certificate.der().to_vec());
    let proved = || world.with_token(|token| token);
    vec![
        (
            "forged certificate header",
            from(STRANGER, world.certificate_bound(), &forged),
            wrong_certificate(),
        ),
        ("forged headers from nobody knows whom", from(Peer::Unknown, proved(), &forged), seen(&[])),
        ("forged headers beside a certificate of one's own", with_certificate, seen(&[])),
        ("forged headers beside a proof", from(STRANGER, proved(), &forged), seen(&[])),
        (
            "a header that is no proxy's",
            from(STRANGER, proved(), &[("forwarded", "for=192.0.2.1")]),
            seen(&["forwarded"]),
        ),
    ]
}

/// R50, P26: the URL that the proxy names, of those that are configured.
fn urls(world: &World) -> Rows {
    const HOST: &str = "x-forwarded-host";
    let primary = || world.with_token(|token| token);
    let other = || world.proved_for("https://api.example.org/v1/records");
    let (host, prefix) = ((HOST, "api.example.org"), ("x-forwarded-prefix", "/v1"));
    vec![
        ("no forwarding header", from(PROXY, primary(), &[]), seen(&[])),
        (
            "the public URL by name",
            from(PROXY, primary(), &[(HOST, "api.example.com"), ("x-forwarded-proto", "https")]),
            seen(&[HOST, "x-forwarded-proto"]),
        ),
        ("a further URL", from(PROXY, other(), &[host, prefix]), seen(&[HOST, "x-forwarded-prefix"])),
        ("a further URL by its host alone", from(PROXY, other(), &[host]), seen(&[HOST])),
        ("a further URL of a stranger", from(STRANGER, other(), &[host, prefix]), wrong_target()),
        ("proof for a further URL that was not asked", from(PROXY, other(), &[]), wrong_target()),
    ]
}

/// R50, R140, R144
fn prefixes(world: &World) -> Rows {
    let named = |request: TestRequest, headers: &[(&'static str, &str)]| from(PROXY, request, headers);
    let (host, prefix) = (("x-forwarded-host", "api.example.org"), ("x-forwarded-prefix", "/v1"));
    let proved = || world.proved_for("https://api.example.org/v1/records");
    let without_prefix = world.proved_for("https://api.example.org/records");
    vec![
        ("proof without the prefix", named(without_prefix, &[host, prefix]), elsewhere(wrong_target())),
        ("another prefix", named(proved(), &[host, ("x-forwarded-prefix", "/v2")]), unknown_url()),
        ("another host", named(proved(), &[("x-forwarded-host", "evil.example"), prefix]), unknown_url()),
        ("a path in the host", named(proved(), &[("x-forwarded-host", "api.example.org/v1")]), unknown_url()),
        ("two hosts", named(proved(), &[host, host]), unknown_url()),
        (
            "a list of hosts",
            named(proved(), &[("x-forwarded-host", "evil.example, api.example.org")]),
            unknown_url(),
        ),
        (
            "no credentials at a further URL",
            named(request("/records", vec![]), &[host, prefix]),
            elsewhere(unauthenticated()),
        ),
    ]
}

/// With the challenges of the further URL.
fn elsewhere(mut expected: Expected) -> Expected {
    for (_, value) in &mut expected.headers {
        *value = value.replace(
            "https://api.example.com/.well-known/oauth-protected-resource",
            "https://api.example.org/.well-known/oauth-protected-resource/v1",
        );
    }
    expected
}

/// The same in the words of RFC 7239.
pub(super) fn forwarded(world: &World) -> Vec<ContractCase> {
    const FORWARDED: &str = "forwarded";
    let other = || world.proved_for("https://api.example.org/v1/records");
    let stated = |peer, value: &str| from(peer, other(), &[(FORWARDED, value)]);
    let own = client_cert(world.certificate.der());
    let rows = vec![
        (
            "Forwarded of the proxy",
            stated(PROXY, "for=192.0.2.1;host=\"api.example.org\";proto=https"),
            seen(&[FORWARDED]),
        ),
        ("Forwarded of two proxies", stated(PROXY, "host=evil.example, host=api.example.org"), unknown_url()),
        ("Forwarded of a stranger", stated(STRANGER, "host=api.example.org;proto=https"), wrong_target()),
        ("Forwarded over http", stated(PROXY, "host=api.example.org;proto=http"), unknown_url()),
        (
            "forged Forwarded is removed",
            from(STRANGER, world.with_token(|token| token), &[(FORWARDED, "host=evil.example")]),
            seen(&[]),
        ),
        (
            "certificate header where none counts",
            from(PROXY, world.certificate_bound(), &[("client-cert", &own)]),
            wrong_certificate(),
        ),
        (
            "the proxy's certificate where no header counts",
            TestRequest {
                certificate: Some(world.certificate.der().to_vec()),
                ..from(PROXY, world.certificate_bound(), &[])
            },
            wrong_certificate(),
        ),
    ];
    finish(world, rows)
}
