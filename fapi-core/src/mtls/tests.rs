//! Every header format with a certificate in it, and with everything that is not exactly one.

#![allow(clippy::arithmetic_side_effects, clippy::string_slice)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fapi_testkit::TestCertificate;
use proptest::prelude::*;

use super::CertificateHeaderError::{
    Contradiction, Elements, Encoding, NotACertificate, Repeated, Several, TooLarge, Unverified,
};
use super::{CertificateHeader, CertificateHeaderError, CertificateThumbprint};
use crate::crypto::AwsLcProvider;
use crate::request::FieldLines;

type Read = Result<Option<CertificateThumbprint>, CertificateHeaderError>;

/// What is read from the first header of `header`, with these field lines, and from the second with those.
fn read_with_verdict(header: &CertificateHeader, values: &[&str], verdict: &[&str]) -> Read {
    let name = header.names().next().unwrap().to_owned();
    let lines = |asked: &str| {
        let values = if asked == name { values } else { verdict };
        values.iter().map(|value| value.as_bytes()).collect::<FieldLines<'_>>()
    };
    header.read(lines, &AwsLcProvider)
}

fn read(header: &CertificateHeader, value: &str) -> Read {
    read_with_verdict(header, &[value], &[])
}

fn base64(der: &[u8]) -> String {
    STANDARD.encode(der)
}

/// As nginx and Envoy do it: all but letters, digits and `-._~`.
fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |escaped, byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            escaped + &char::from(byte).to_string()
        }
        _ => format!("{escaped}%{byte:02X}"),
    })
}

/// As the AWS load balancer does it: `+`, `=` and `/` stay.
fn escape_but_base64(text: &str) -> String {
    escape(text).replace("%2B", "+").replace("%3D", "=").replace("%2F", "/")
}

fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

fn hex(thumbprint: &CertificateThumbprint) -> String {
    thumbprint.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A format, and how to write a PEM certificate in it.
type Format = (CertificateHeader, fn(&TestCertificate) -> String);

fn formats() -> Vec<Format> {
    vec![
        (CertificateHeader::rfc9440(), |it| format!(":{}:", base64(it.der()))),
        (CertificateHeader::google("X-Client-Cert-Leaf"), |it| format!(":{}:", base64(it.der()))),
        (CertificateHeader::envoy(), |it| format!("Cert=\"{}\"", escape(it.pem()))),
        (CertificateHeader::nginx("x-cert"), |it| escape(it.pem())),
        (CertificateHeader::haproxy("x-cert"), |it| base64(it.der())),
        (CertificateHeader::apache("x-cert"), |it| escape(it.pem())),
        (CertificateHeader::apache("x-cert"), |it| it.pem().trim().replace('\n', " ")),
        (CertificateHeader::aws_alb_verify(), |it| escape_but_base64(it.pem())),
        (CertificateHeader::aws_alb_passthrough(), |it| escape_but_base64(it.pem())),
        (CertificateHeader::azure_application_gateway("x-cert"), |it| escape(it.pem())),
        (CertificateHeader::azure_app_service(), |it| base64(it.der())),
        (CertificateHeader::azure_app_service(), |it| it.pem().trim().replace('\n', " ")),
        (CertificateHeader::traefik(), |it| body(it.pem())),
        (CertificateHeader::traefik(), |it| escape(&body(it.pem()))),
    ]
}

fn thumbprint(certificate: &TestCertificate) -> CertificateThumbprint {
    CertificateThumbprint::of(certificate.der(), &AwsLcProvider)
}

// R80, R83, R84, R85, R86, R87, R88
#[test]
fn every_format_gives_the_certificate() {
    let certificate = TestCertificate::generate();
    for (header, write) in formats() {
        let value = write(&certificate);
        assert_eq!(read(&header, &value), Ok(Some(thumbprint(&certificate))), "{header:?} {value}");
    }
}

// R80, R88, R179, P50: what is there and is not one certificate is an error, in every format.
#[test]
fn nothing_but_one_certificate_is_accepted() {
    let certificate = TestCertificate::generate();
    for (header, write) in formats() {
        let value = write(&certificate);
        assert_eq!(read_with_verdict(&header, &[&value, &value], &[]), Err(Repeated), "{header:?}");
        assert_eq!(read_with_verdict(&header, &["", &value], &[]), Err(Repeated), "{header:?}");
        for (changed, what) in [
            (format!("{value}x{value}"), "two, with something between"),
            (format!("{value},{value}x"), "a list that ends in something else"),
            (value[1..].to_owned(), "its beginning is missing"),
            (value[..value.len() - 1].to_owned(), "its end is missing"),
            (value.replacen("MII", "MI\u{e9}", 1), "not ASCII"),
            (value.replacen("MII", "M!I", 1), "not base64"),
            (value.replacen("MII", "MJI", 1), "another length"),
            ("-".to_owned(), "a dash"),
            ("%".to_owned(), "a percent sign"),
            ("NONE".to_owned(), "a word"),
        ] {
            let read = read(&header, &changed);
            assert!(read.is_err(), "{header:?}: {what}: {changed}");
        }
        assert_eq!(read(&header, &"A".repeat(16 * 1024 + 1)), Err(TooLarge), "{header:?}");
        assert_ne!(read(&header, &"A".repeat(16 * 1024)), Err(TooLarge), "{header:?}");
    }
}

// R81: a proxy whose client has none sends no header, or an empty one.
#[test]
fn no_certificate_is_none() {
    for (header, _) in formats() {
        assert_eq!(read_with_verdict(&header, &[], &[]), Ok(None), "{header:?}");
        assert_eq!(read(&header, ""), Ok(None), "{header:?}");
    }
    assert_eq!(read(&CertificateHeader::apache("x-cert"), "(null)"), Ok(None));
    assert_eq!(read(&CertificateHeader::nginx("x-cert"), "(null)"), Err(Encoding));
}

// R88, R179, P50
#[test]
fn der_ends_where_the_certificate_ends() {
    let certificate = TestCertificate::generate();
    let longer = base64(&[certificate.der(), &[0]].concat());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{longer}\n-----END CERTIFICATE-----\n");
    for (header, value) in [
        (CertificateHeader::rfc9440(), format!(":{longer}:")),
        (CertificateHeader::haproxy("x-cert"), longer.clone()),
        (CertificateHeader::nginx("x-cert"), escape(&pem)),
        (CertificateHeader::envoy(), format!("Cert={}", escape(&pem))),
        (CertificateHeader::traefik(), longer.clone()),
    ] {
        assert_eq!(read(&header, &value), Err(NotACertificate), "{header:?}");
    }
}

// R80: strictly a byte sequence, without parameters and in no list.
#[test]
fn client_cert_is_one_byte_sequence() {
    let der = base64(TestCertificate::generate().der());
    let header = CertificateHeader::rfc9440();
    for wrong in [
        der.clone(),
        format!("\"{der}\""),
        format!(":{der}"),
        format!("{der}:"),
        format!(":{der}:;a=1"),
        format!(":{der}:, :{der}:"),
        format!(": {der}:"),
        format!(":{}:", der.replace('+', "-").replace('/', "_").replacen("MII", "MI-", 1)),
        "::".to_owned(),
        ":".to_owned(),
    ] {
        assert!(read(&header, &wrong).is_err(), "{wrong}");
    }
    assert_eq!(header.names().collect::<Vec<_>>(), ["client-cert", "client-cert-chain"]);
}

// R83: the hash suffices; beside the certificate it must be the certificate's.
#[test]
fn xfcc_hash_and_certificate_agree() {
    let (one, other) = (TestCertificate::generate(), TestCertificate::generate());
    let header = CertificateHeader::envoy();
    let own = thumbprint(&one);
    let value = |hash: &CertificateThumbprint, it: &TestCertificate| {
        format!("By=spiffe://a/b;Hash={};Cert=\"{}\";Subject=\"CN=a,O=b\"", hex(hash), escape(it.pem()))
    };
    assert_eq!(read(&header, &format!("By=a;Hash={};Subject=\"\"", hex(&own))), Ok(Some(own)));
    assert_eq!(read(&header, &value(&own, &one)), Ok(Some(own)));
    assert_eq!(read(&header, &value(&own, &other)), Err(Contradiction));
    assert_eq!(read(&header, &value(&thumbprint(&other), &one)), Err(Contradiction));
}

// R83, R179: the element of the first trusted proxy counts, if there are as many as proxies.
#[test]
fn xfcc_is_read_by_trust_depth() {
    let (one, other) = (thumbprint(&TestCertificate::generate()), thumbprint(&TestCertificate::generate()));
    let forged = format!("Hash={},Hash={}", hex(&other), hex(&one));
    assert_eq!(read(&CertificateHeader::envoy(), &forged), Err(Elements));
    assert_eq!(read(&CertificateHeader::envoy_chain(2), &forged), Ok(Some(other)));
    assert_eq!(read(&CertificateHeader::envoy_chain(2), &format!("Hash={}", hex(&one))), Err(Elements));
    assert_eq!(read(&CertificateHeader::envoy_chain(3), &forged), Err(Elements));
}

// R85, R86: of a chain, the client's own certificate counts, and the rest must be certificates too.
#[test]
fn the_leaf_is_the_first_of_a_chain() {
    let (leaf, issuer) = (TestCertificate::generate(), TestCertificate::generate());
    let own = Ok(Some(thumbprint(&leaf)));
    let pem = format!("{}{}", leaf.pem(), issuer.pem());
    let passthrough = CertificateHeader::aws_alb_passthrough();
    assert_eq!(read(&passthrough, &escape_but_base64(&pem)), own);
    assert_eq!(read(&passthrough, &escape_but_base64(&format!("{pem}x"))), Err(Encoding));
    let traefik = CertificateHeader::traefik();
    assert_eq!(read(&traefik, &format!("{},{}", body(leaf.pem()), body(issuer.pem()))), own);
    assert_eq!(read(&traefik, &format!("{},", body(leaf.pem()))), Err(NotACertificate));
    // R88: in all other formats there is exactly one.
    for one in [CertificateHeader::aws_alb_verify(), CertificateHeader::nginx("x-cert")] {
        assert_eq!(read(&one, &escape(&pem)), Err(Several), "{one:?}");
    }
    assert_eq!(read(&CertificateHeader::apache("x-cert"), &pem.replace('\n', " ")), Err(Several));
}

// R84: the certificate counts if the proxy has found its chain in order, where that is asked for.
#[test]
fn a_verdict_of_the_proxy_counts() {
    let certificate = TestCertificate::generate();
    let header = CertificateHeader::nginx("X-Cert").with_verdict("X-Verify", "SUCCESS");
    assert_eq!(header.names().collect::<Vec<_>>(), ["x-cert", "x-verify"]);
    let value = escape(certificate.pem());
    assert_eq!(read_with_verdict(&header, &[&value], &["SUCCESS"]), Ok(Some(thumbprint(&certificate))));
    for verdict in
        [&[][..], &["FAILED:unable to verify the first certificate"], &["NONE"], &["success"], &[""]]
    {
        assert_eq!(read_with_verdict(&header, &[&value], verdict), Err(Unverified), "{verdict:?}");
    }
    assert_eq!(read_with_verdict(&header, &[&value], &["SUCCESS", "SUCCESS"]), Err(Unverified));
    assert_eq!(read_with_verdict(&header, &[], &["NONE"]), Ok(None));
}

fn certificate_bytes() -> impl Strategy<Value = Vec<u8>> {
    // SEQUENCE { SEQUENCE {..}, SEQUENCE {..}, BIT STRING } of any content.
    let content = || prop::collection::vec(any::<u8>(), 0..100);
    (content(), content(), content()).prop_map(|(one, two, three)| {
        let field =
            |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
        let three = [&[0][..], &three].concat();
        let fields = [field(0x30, &one), field(0x30, &two), field(3, &three)].concat();
        let length = u16::try_from(fields.len()).unwrap().to_be_bytes();
        match fields.len() {
            0..=127 => [&[0x30, length[1]], &*fields].concat(),
            128..=255 => [&[0x30, 0x81, length[1]], &*fields].concat(),
            _ => [&[0x30, 0x82, length[0], length[1]], &*fields].concat(),
        }
    })
}

proptest! {
    // R88: what is written is read, whatever the certificate holds.
    #[test]
    fn what_is_written_is_read(der in certificate_bytes()) {
        let own = Ok(Some(CertificateThumbprint::of(&der, &AwsLcProvider)));
        let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", base64(&der));
        prop_assert_eq!(read(&CertificateHeader::rfc9440(), &format!(":{}:", base64(&der))), own);
        prop_assert_eq!(read(&CertificateHeader::nginx("x-cert"), &escape(&pem)), own);
        prop_assert_eq!(read(&CertificateHeader::envoy(), &format!("Cert=\"{}\"", escape(&pem))), own);
        prop_assert_eq!(read(&CertificateHeader::traefik(), &base64(&der)), own);
    }

    // R88: no value makes any format panic.
    #[test]
    fn nothing_panics(value in ".*", tail in "[ -~]{0,40}") {
        let certificate = TestCertificate::generate();
        for (header, write) in formats() {
            let _ = read(&header, &value);
            let changed = read(&header, &format!("{}{tail}", write(&certificate)));
            prop_assert!(matches!(changed, Err(_) | Ok(Some(_))));
        }
        let _ = read(&CertificateHeader::envoy_chain(2), &value);
    }
}

// R84: where two headers must say so, both must; the first is not replaced by the second.
#[test]
fn every_verdict_counts() {
    let certificate = TestCertificate::generate();
    let value = escape(certificate.pem());
    let header = CertificateHeader::nginx("x-cert").with_verdict("x-a", "1").with_verdict("x-b", "2");
    assert_eq!(header.names().collect::<Vec<_>>(), ["x-cert", "x-a", "x-b"]);
    for (a, b, good) in [("1", "2", true), ("0", "2", false), ("1", "0", false)] {
        let lines = |name: &str| {
            FieldLines::One(match name {
                "x-a" => a.as_bytes(),
                "x-b" => b.as_bytes(),
                _ => value.as_bytes(),
            })
        };
        let read = header.read(lines, &AwsLcProvider);
        assert_eq!(read.is_ok(), good, "{a} {b}: {read:?}");
    }
}
