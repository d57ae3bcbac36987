//! Which headers are a proxy's alone, by the format in which it conveys certificates.

use fapi_core::{CertificateHeader, TrustedProxy};

use crate::world::World;

// R82, R80, R83-R87: also those that the proxy sends beside the certificate, about whom it is. The adapters remove these
// headers from the requests of everybody else.
#[test]
fn the_headers_of_each_format_are_the_proxys_alone() {
    let aws = [
        "x-amzn-mtls-clientcert",
        "x-amzn-mtls-clientcert-issuer",
        "x-amzn-mtls-clientcert-leaf",
        "x-amzn-mtls-clientcert-serial-number",
        "x-amzn-mtls-clientcert-subject",
        "x-amzn-mtls-clientcert-validity",
    ];
    let traefik = ["x-forwarded-tls-client-cert", "x-forwarded-tls-client-cert-info"];
    for (format, names) in [
        (CertificateHeader::rfc9440(), &["client-cert", "client-cert-chain"][..]),
        (CertificateHeader::envoy(), &["x-forwarded-client-cert"]),
        (CertificateHeader::envoy_chain(2), &["x-forwarded-client-cert"]),
        (CertificateHeader::nginx("X-Own"), &["x-own"]),
        (CertificateHeader::nginx("X-Own").with_verdict("X-Verify", "SUCCESS"), &["x-own", "x-verify"]),
        (CertificateHeader::haproxy("X-Own"), &["x-own"]),
        (CertificateHeader::apache("X-Own"), &["x-own"]),
        (CertificateHeader::aws_alb_verify(), &aws),
        (CertificateHeader::aws_alb_passthrough(), &aws),
        (CertificateHeader::azure_application_gateway("X-Own"), &["x-own"]),
        (CertificateHeader::azure_app_service(), &["x-arr-clientcert"]),
        (CertificateHeader::traefik(), &traefik),
        (CertificateHeader::google("X-Own"), &["x-own"]),
    ] {
        let proxy = TrustedProxy::at(["10.0.0.0/8"]).client_certificate(format.clone());
        let sorted = |names: Vec<&str>| {
            let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            names.sort();
            names.dedup();
            names
        };
        assert_eq!(sorted(proxy.headers().collect()), names, "{format:?}");
        let world = World::with(|builder| builder.trusted_proxy(proxy));
        assert_eq!(sorted(world.server.proxy_headers().collect()), names, "{format:?}");
    }
}
