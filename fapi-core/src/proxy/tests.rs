//! Who is trusted, what is refused at start, and which URL is found.

use proptest::prelude::*;

use super::forwarded::ForwardedUrls;
use super::{ForwardedError, ForwardedHeaders, Peer, ProxyTrust, TrustedProxy, TrustedProxyError};
use crate::config_error::ConfigError;
use crate::dpop::target::PublicUrl;
use crate::mtls::CertificateHeader;
use crate::request::FieldLines;

const API: &str = "https://api.example.com";

fn parse(url: String) -> Result<PublicUrl, ConfigError> {
    PublicUrl::parse(&url).map_err(|reason| ConfigError::PublicUrl { url, reason })
}

fn build(proxy: TrustedProxy) -> Result<ProxyTrust, ConfigError> {
    proxy.build(&PublicUrl::parse(API).unwrap(), parse)
}

fn error(proxy: TrustedProxy) -> TrustedProxyError {
    match build(proxy).unwrap_err() {
        ConfigError::TrustedProxy(error) => error,
        other => panic!("{other:?}"),
    }
}

fn at<const N: usize>(addresses: [&str; N]) -> TrustedProxy {
    TrustedProxy::at(addresses).client_certificate(CertificateHeader::rfc9440())
}

// R82, P50: by address, and by nothing else.
#[test]
fn a_peer_is_trusted_by_its_address() {
    let trust = build(at(["10.1.0.0/16", "192.0.2.7", "fd00::/8", "::1"])).unwrap();
    for address in ["10.1.0.0", "10.1.255.255", "192.0.2.7", "fd12::1", "::1", "::ffff:10.1.2.3"] {
        assert!(trust.trusts(Peer::Address(address.parse().unwrap())), "{address}");
    }
    for address in ["10.2.0.0", "192.0.2.8", "127.0.0.1", "fe80::1", "::2", "::ffff:10.2.0.1", "::192.0.2.7"]
    {
        assert!(!trust.trusts(Peer::Address(address.parse().unwrap())), "{address}");
    }
    // R81: off by default.
    assert!(!trust.trusts(Peer::Unknown));
    assert!(!trust.trusts(Peer::UnixSocket));
    let socket = TrustedProxy::at_unix_socket().client_certificate(CertificateHeader::rfc9440());
    let trust = build(socket).unwrap();
    assert!(trust.trusts(Peer::UnixSocket));
    assert!(!trust.trusts(Peer::Unknown));
    assert!(!trust.trusts(Peer::Address("127.0.0.1".parse().unwrap())));
}

// R81, R82: a format without an address, an address without a format, and two formats.
#[test]
fn half_a_configuration_is_refused() {
    use TrustedProxyError::{
        Address, CertificateHeaders, Everybody, ForwardedHeaders as Forwards, HeaderName, Nobody, Nothing,
        Proxies,
    };
    assert_eq!(error(at([])), Nobody);
    assert_eq!(error(TrustedProxy::at(["10.0.0.1"])), Nothing);
    assert_eq!(error(TrustedProxy::at_unix_socket()), Nothing);
    assert_eq!(error(at(["10.0.0.1"]).client_certificate(CertificateHeader::envoy())), CertificateHeaders);
    let twice =
        at(["::1"]).forwarded(ForwardedHeaders::forwarded()).forwarded(ForwardedHeaders::x_forwarded());
    assert_eq!(error(twice), Forwards);
    for everybody in ["0.0.0.0/0", "::/0"] {
        assert_eq!(error(at([everybody])), Everybody(everybody.to_owned()));
    }
    for wrong in
        ["", "localhost", "10.0.0", "10.0.0.1/33", "10.0.0.1:80", "[::1]", "*", "10.0.0.1 ", "10.0.0.1/-1"]
    {
        assert_eq!(error(at([wrong])), Address(wrong.to_owned()), "{wrong}");
    }
    for wrong in
        ["", "x cert", "x-c\u{e9}rt", "x:cert", "Authorization", "DPoP", "host", "X-FAPI-Interaction-ID"]
    {
        let proxy = TrustedProxy::at(["::1"]).client_certificate(CertificateHeader::nginx(wrong.to_owned()));
        assert_eq!(error(proxy), HeaderName(wrong.to_lowercase()), "{wrong}");
    }
    assert_eq!(
        error(TrustedProxy::at(["::1"]).client_certificate(CertificateHeader::envoy_chain(0))),
        Proxies
    );
    let wrong = TrustedProxy::at(["::1"]).forwarded(ForwardedHeaders::forwarded().public_url("api"));
    assert!(matches!(build(wrong), Err(ConfigError::PublicUrl { url, .. }) if url == "api"));
}

// R83, R84, R85, R86, R87, R88: the headers that a format prescribes are a proxy's.
#[test]
fn every_format_can_be_configured() {
    for header in [
        CertificateHeader::rfc9440(),
        CertificateHeader::envoy(),
        CertificateHeader::nginx("x-client-cert").with_verdict("x-client-verify", "SUCCESS"),
        CertificateHeader::haproxy("x-client-cert"),
        CertificateHeader::apache("x-client-cert"),
        CertificateHeader::aws_alb_verify(),
        CertificateHeader::aws_alb_passthrough(),
        CertificateHeader::azure_application_gateway("x-client-cert"),
        CertificateHeader::azure_app_service(),
        CertificateHeader::traefik(),
        CertificateHeader::google("x-client-cert-leaf"),
    ] {
        for forwarded in
            [ForwardedHeaders::forwarded(), ForwardedHeaders::x_forwarded().with_port().with_prefix()]
        {
            let proxy = TrustedProxy::at(["::1"]).client_certificate(header.clone()).forwarded(forwarded);
            assert!(build(proxy).is_ok(), "{header:?}");
        }
    }
}

// R82: what would be ignored or could never hold is refused, and an address is one in whatever form it is written.
#[test]
fn a_contradiction_is_refused() {
    use TrustedProxyError::{Address, Everybody, ForwardedParts, HeaderShared};
    let forwarded = |headers| error(TrustedProxy::at(["::1"]).forwarded(headers));
    assert_eq!(forwarded(ForwardedHeaders::forwarded().with_port()), ForwardedParts);
    assert_eq!(forwarded(ForwardedHeaders::forwarded().with_prefix()), ForwardedParts);
    let header = || CertificateHeader::nginx("X-Cert");
    let shared = |proxy: TrustedProxy, name: &str| assert_eq!(error(proxy), HeaderShared(name.to_owned()));
    let of = |header| TrustedProxy::at(["::1"]).client_certificate(header);
    shared(of(header().with_verdict("x-cert", "SUCCESS")), "x-cert");
    shared(of(header().with_verdict("x-verify", "a").with_verdict("X-Verify", "b")), "x-verify");
    let host = CertificateHeader::nginx("X-Forwarded-Host");
    shared(of(host).forwarded(ForwardedHeaders::x_forwarded()), "x-forwarded-host");
    assert!(build(of(header().with_verdict("x-verify", "a").with_verdict("x-other", "b"))).is_ok());

    let trust = build(at(["::ffff:10.0.0.0/104", "::ffff:192.0.2.7"])).unwrap();
    for (address, trusted) in [
        ("10.1.2.3", true),
        ("::ffff:10.1.2.3", true),
        ("192.0.2.7", true),
        ("11.0.0.1", false),
        ("192.0.2.8", false),
        ("::1", false),
    ] {
        assert_eq!(trust.trusts(Peer::Address(address.parse().unwrap())), trusted, "{address}");
    }
    let everybody = "::ffff:0.0.0.0/96";
    assert_eq!(error(at([everybody])), Everybody(everybody.to_owned()));
    let neither = "::ffff:10.0.0.0/90";
    assert_eq!(error(at([neither])), Address(neither.to_owned()));
}

// R82: each header that only a proxy may set is known, once and in lower case.
#[test]
fn all_headers_of_a_proxy_are_named() {
    let proxy = at(["::1"]).forwarded(ForwardedHeaders::x_forwarded().with_port().with_prefix());
    let trust = build(proxy).unwrap();
    assert_eq!(
        trust.header_names().collect::<Vec<_>>(),
        [
            "client-cert",
            "client-cert-chain",
            "x-forwarded-host",
            "x-forwarded-port",
            "x-forwarded-prefix",
            "x-forwarded-proto",
        ]
    );
    let aws = TrustedProxy::at(["::1"]).client_certificate(CertificateHeader::aws_alb_verify());
    assert!(build(aws).unwrap().header_names().all(|name| name.starts_with("x-amzn-mtls-clientcert")));
}

proptest! {
    // R50, P26: whatever is said, nothing panics, and what is found is configured.
    #[test]
    fn what_is_found_is_configured(
        host in "[a-z.:\\[\\]0-9@/,%-]{0,20}|.*",
        other in ".*",
        prefix in "(/[a-z0-9.%]{0,4}){0,3}|.*",
    ) {
        let all = urls(ForwardedHeaders::x_forwarded().with_port().with_prefix());
        let lines = [("x-forwarded-host", &*host), ("x-forwarded-port", &*other), ("x-forwarded-prefix", &*prefix)];
        for lines in [&lines[..], &lines[..1], &lines[1..2], &lines[2..]] {
            if let Ok(url) = select(&all, lines) {
                prop_assert!([API, "https://api.example.org:8443", "https://gate.example/v1"].contains(&&*url));
            }
        }
        let forwarded = urls(ForwardedHeaders::forwarded());
        let _ = select(&forwarded, &[("forwarded", &other)]);
        let _ = select(&forwarded, &[("forwarded", &format!("host={host};proto={other}"))]);
    }
}

fn urls(headers: ForwardedHeaders) -> ForwardedUrls {
    let headers = headers.public_url("https://api.example.org:8443").public_url("https://gate.example/v1");
    ForwardedUrls::new(headers, &PublicUrl::parse(API).unwrap(), parse).unwrap()
}

/// The URL that these field lines select.
fn select(urls: &ForwardedUrls, lines: &[(&str, &str)]) -> Result<String, ForwardedError> {
    let field = |name: &str| {
        let own = lines.iter().filter(|(own, _)| *own == name);
        own.map(|(_, value)| value.as_bytes()).collect::<FieldLines<'_>>()
    };
    urls.select(field).map(|url| url.as_str().to_owned())
}

// R50: what the proxy says selects one of the configured URLs.
#[test]
fn x_forwarded_headers_select_a_public_url() {
    let all = urls(ForwardedHeaders::x_forwarded().with_port().with_prefix());
    let [proto, host, port, prefix] =
        ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix"];
    for (lines, url) in [
        (&[][..], API),
        (&[(proto, "https")], API),
        (&[(proto, "HTTPS"), (host, "API.example.com")], API),
        (&[(host, "api.example.com:443")], API),
        (&[(host, "api.example.com"), (port, "443")], API),
        (&[(proto, "wss"), (host, "api.example.com")], API),
        (&[(port, "443")], API),
        (&[(host, "api.example.com"), (prefix, "")], API),
        (&[(host, "api.example.com"), (prefix, "/")], API),
        (&[(host, "api.example.org:8443")], "https://api.example.org:8443"),
        (&[(host, "api.example.org"), (port, "8443")], "https://api.example.org:8443"),
        (&[(host, "api.example.org:8443"), (port, "8443")], "https://api.example.org:8443"),
        (&[(host, "gate.example")], "https://gate.example/v1"),
        (&[(host, "gate.example"), (prefix, "/v1")], "https://gate.example/v1"),
        (&[(host, "gate.example"), (prefix, "/v1/")], "https://gate.example/v1"),
    ] {
        assert_eq!(select(&all, lines), Ok(url.to_owned()), "{lines:?}");
    }
}

// R50, P26, R178: no other URL can be made up, whatever the proxy passes on.
#[test]
fn no_other_url_is_made_up() {
    use ForwardedError::{Malformed, Repeated, UnknownUrl};
    let all = urls(ForwardedHeaders::x_forwarded().with_port().with_prefix());
    let [proto, host, port, prefix] =
        ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix"];
    for (lines, error) in [
        (&[(proto, "http")][..], UnknownUrl),
        (&[(host, "evil.example")], UnknownUrl),
        (&[(host, "api.example.com.evil.example")], UnknownUrl),
        (&[(host, "api.example.com:8443")], UnknownUrl),
        (&[(host, "api.example.org")], UnknownUrl),
        (&[(host, "gate.example"), (prefix, "")], UnknownUrl),
        (&[(host, "gate.example"), (prefix, "/v2")], UnknownUrl),
        (&[(prefix, "/v1")], UnknownUrl),
        (&[(port, "80")], UnknownUrl),
        (&[(proto, "ftp")], Malformed),
        (&[(proto, "https:")], Malformed),
        (&[(proto, "")], Malformed),
        (&[(host, "")], Malformed),
        (&[(host, "api.example.com/v1")], Malformed),
        (&[(host, "user@api.example.com")], Malformed),
        (&[(host, "api.example.com?x")], Malformed),
        (&[(host, "api.example.com#x")], Malformed),
        (&[(host, "api.example.com\\x")], Malformed),
        (&[(host, "api.example.com ")], Malformed),
        (&[(host, "%61pi.example.com")], Malformed),
        (&[(host, "b\u{fc}cher.example")], Malformed),
        (&[(host, "api.example.com:x")], Malformed),
        (&[(port, "+443")], Malformed),
        (&[(port, "443x")], Malformed),
        (&[(port, "70000")], Malformed),
        (&[(port, "")], Malformed),
        (&[(host, "api.example.com:443"), (port, "8443")], Malformed),
        (&[(prefix, "v1")], Malformed),
        (&[(prefix, "/v1?x")], Malformed),
        (&[(prefix, "/v 1")], Malformed),
        (&[(host, "api.example.com, evil.example")], Repeated),
        (&[(host, "api.example.com"), (host, "api.example.com")], Repeated),
        (&[(proto, "https,http")], Repeated),
        (&[(prefix, "/a,/b")], Repeated),
    ] {
        assert_eq!(select(&all, lines), Err(error), "{lines:?}");
    }
    let long = "a".repeat(1025);
    assert_eq!(select(&all, &[(host, &long)]), Err(Malformed));
}

// R50: port and prefix are read only where the proxy is said to set them.
#[test]
fn what_the_proxy_does_not_set_is_not_read() {
    let few = urls(ForwardedHeaders::x_forwarded());
    let lines = [("x-forwarded-port", "1"), ("x-forwarded-prefix", "/x"), ("forwarded", "host=evil.example")];
    assert_eq!(select(&few, &lines), Ok(API.to_owned()));
}

// R50: two URLs that differ in the prefix alone cannot be told apart without it.
#[test]
fn an_ambiguous_origin_is_refused() {
    let headers = ForwardedHeaders::x_forwarded().with_prefix().public_url("https://api.example.com/v2");
    let both = urls(headers);
    let host = ("x-forwarded-host", "api.example.com");
    assert_eq!(select(&both, &[host]), Err(ForwardedError::UnknownUrl));
    let v2 = [host, ("x-forwarded-prefix", "/v2")];
    assert_eq!(select(&both, &v2), Ok("https://api.example.com/v2".to_owned()));
    assert_eq!(select(&both, &[host, ("x-forwarded-prefix", "/")]), Ok(API.to_owned()));
}

// R50
#[test]
fn a_url_that_is_named_twice_is_one() {
    let twice = urls(ForwardedHeaders::x_forwarded().public_url(API).public_url("https://gate.example/v1/"));
    assert_eq!(select(&twice, &[("x-forwarded-host", "api.example.com")]), Ok(API.to_owned()));
    assert!(select(&twice, &[("x-forwarded-host", "gate.example")]).is_ok());
}

// R50, P26
#[test]
fn forwarded_is_one_element() {
    use ForwardedError::{Malformed, Repeated, UnknownUrl};
    let urls = urls(ForwardedHeaders::forwarded());
    for (value, expected) in [
        ("host=api.example.com;proto=https", Ok(API)),
        ("for=192.0.2.1; Proto=https ;HOST=api.example.com;by=_gate;ext=1", Ok(API)),
        ("for=\"[2001:db8::1]:47011\"", Ok(API)),
        ("host=\"api.example.org:8443\"", Ok("https://api.example.org:8443")),
        ("host=gate.example", Ok("https://gate.example/v1")),
        ("host=evil.example", Err(UnknownUrl)),
        ("proto=http", Err(UnknownUrl)),
        ("host=api.example.com;host=api.example.com", Err(Repeated)),
        ("host=evil.example, host=api.example.com", Err(Malformed)),
        ("for=1, for=2", Err(Malformed)),
        ("host=\"api.example.com", Err(Malformed)),
        ("host=api.example.com\"", Err(Malformed)),
        ("host=\"api.example.com\\\"", Err(Malformed)),
        ("host=", Err(Malformed)),
        ("host", Err(Malformed)),
        // RFC 7239 §4: forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )
        ("for=192.0.2.1;;host=api.example.org:8443;", Ok("https://api.example.org:8443")),
        (";host=gate.example", Ok("https://gate.example/v1")),
        ("", Ok(API)),
        (";", Ok(API)),
        ("; =", Err(Malformed)),
        (";;host=evil.example;", Err(UnknownUrl)),
        ("proto=gopher", Err(Malformed)),
    ] {
        let expected = expected.map(str::to_owned);
        assert_eq!(select(&urls, &[("forwarded", value)]), expected, "{value}");
    }
    assert_eq!(select(&urls, &[]), Ok(API.to_owned()));
    let twice = [("forwarded", "host=api.example.com"), ("forwarded", "host=api.example.com")];
    assert_eq!(select(&urls, &twice), Err(Repeated));
}
