//! A value of a certificate header, in each format that a proxy may use.
#![no_main]

use std::sync::LazyLock;

use fapi_core::CertificateHeader;
use fapi_core::crypto::AwsLcProvider;
use libfuzzer_sys::fuzz_target;

static FORMATS: LazyLock<Vec<CertificateHeader>> = LazyLock::new(|| {
    vec![
        CertificateHeader::rfc9440(),
        CertificateHeader::envoy(),
        CertificateHeader::envoy_chain(2),
        CertificateHeader::nginx("x"),
        CertificateHeader::haproxy("x"),
        CertificateHeader::apache("x"),
        CertificateHeader::aws_alb_passthrough(),
        CertificateHeader::azure_app_service(),
        CertificateHeader::traefik(),
    ]
});

fuzz_target!(|input: &[u8]| {
    for format in FORMATS.iter() {
        let once = format.thumbprint(input, &AwsLcProvider);
        assert_eq!(once, format.thumbprint(input, &AwsLcProvider));
    }
});
