//! Trusted proxies: their formats, and what is refused.

use super::*;
use crate::proxy::TrustedProxyError;

#[test]
fn proxies_are_named_with_their_formats() {
    let build = |proxy: &str| {
        let config =
            Config::from_toml(&format!("{VALID}[trusted_proxy]\naddresses = \"192.0.2.7\"\n{proxy}"));
        config.unwrap().into_builder().unwrap().build().map(|_server| ())
    };
    for format in
        ["rfc9440", "envoy", "aws-alb-verify", "aws-alb-passthrough", "azure-app-service", "traefik"]
    {
        assert_eq!(build(&format!("client_certificate.format = \"{format}\"")), Ok(()), "{format}");
        let named =
            format!("trusted_proxy.client_certificate = {{ format = \"{format}\", header = \"x-a\" }}");
        assert!(problem(&named).contains("its name is fixed"), "{format}");
    }
    for format in ["nginx", "haproxy", "apache", "azure-application-gateway", "google"] {
        let named = format!("client_certificate = {{ format = \"{format}\", header = \"x-cert\" }}");
        assert_eq!(build(&named), Ok(()), "{format}");
        let unnamed = problem(&format!("trusted_proxy.client_certificate.format = \"{format}\""));
        assert!(unnamed.starts_with("trusted_proxy.client_certificate: header is missing"), "{unnamed}");
    }
    assert_eq!(build("client_certificate = { format = \"envoy\", proxies = 2 }"), Ok(()));
    assert_eq!(build("forwarded.headers = \"forwarded\""), Ok(()));
    for (text, says) in [
        ("client_certificate = { format = \"traefik\", proxies = 2 }", "proxies goes with"),
        ("client_certificate = { format = \"caddy\" }", "`nginx`"),
        ("unix_socket = true\naddresses = \"::1\"", "exclude each other"),
        ("adresses = \"::1\"", "`addresses`"),
    ] {
        let problem = problem(&format!("[trusted_proxy]\n{text}"));
        assert!(problem.contains(says), "{problem}");
    }
    assert!(matches!(build(""), Err(ConfigError::TrustedProxy(_))));
}

// R82: what could never hold, or would be ignored, does not start.
#[test]
fn a_proxy_that_contradicts_itself_is_refused() {
    let refused = |proxy: &str| {
        let config = Config::from_toml(&format!("{VALID}[trusted_proxy]\n{proxy}")).unwrap();
        config.into_builder().unwrap().build().map(|_server| ()).unwrap_err()
    };
    let shared = || TrustedProxyError::HeaderShared("x-cert".to_owned());
    for (text, expected) in [
        ("", TrustedProxyError::Nobody),
        ("forwarded.headers = \"forwarded\"", TrustedProxyError::Nobody),
        ("addresses = \"::1\"", TrustedProxyError::Nothing),
        (
            "unix_socket = true\nforwarded = { headers = \"forwarded\", prefix = true }",
            TrustedProxyError::ForwardedParts,
        ),
        (
            "unix_socket = true\nforwarded = { headers = \"forwarded\", port = true }",
            TrustedProxyError::ForwardedParts,
        ),
        (
            "unix_socket = true\nclient_certificate = { format = \"nginx\", header = \"x-cert\", verdict = { header = \"X-Cert\", good = \"SUCCESS\" } }",
            shared(),
        ),
    ] {
        assert_eq!(refused(text), ConfigError::TrustedProxy(expected), "{text}");
    }
}
