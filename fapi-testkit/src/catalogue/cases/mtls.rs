//! Certificate-bound tokens and headers that only a trusted proxy may set: R72-R75, R81-R88, R179, P50.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::rules::{CERTIFICATE, CERTIFICATE_HEADER, CNF, ONE_BINDING};
use crate::TokenBuilder;
use crate::catalogue::case::Case;
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{ACCEPTED, MISTAKE, UNPROVED_REFUSED};
use crate::catalogue::feature::Feature;
use crate::catalogue::group::Group::Mtls as M;
use crate::catalogue::group::Need::{Certificate, CertificateTokens, Issuer, Proofs};
use crate::catalogue::group::Severity::{Critical, High, Medium};
use crate::catalogue::scene::Scene;
use serde_json::json;

pub(super) fn cases() -> Vec<Case> {
    let accepted = accepted().into_iter().map(|case| case.needs(CertificateTokens));
    let own = accepted.chain(with_certificate()).map(|case| case.needs(Certificate));
    let cases = without_certificate().into_iter().chain(headers()).chain(own).chain(other_bindings());
    cases.map(|case| case.needs(Issuer)).collect()
}

/// A token that is bound to a certificate that the connection does not have.
fn others_token(s: &Scene) -> Call {
    s.bearer(&s.unbound().bound_to_certificate(s.cast().certificate.der()).sign())
}

fn without_certificate() -> Vec<Case> {
    vec![
        M.attack(
            "certificate-of-other",
            Critical,
            "a token that is bound to a certificate which the connection does not have",
            CERTIFICATE.at("R72 P15"),
            UNPROVED_REFUSED,
            others_token,
        ),
        M.attack(
            "certificate-thumbprint-empty",
            Critical,
            "x5t#S256 is empty",
            CERTIFICATE.at("R72 R89"),
            UNPROVED_REFUSED,
            |s| s.bearer(&s.unbound().claim("cnf", json!({"x5t#S256": ""})).sign()),
        ),
        M.attack(
            "certificate-thumbprint-null",
            Critical,
            "x5t#S256 is null",
            CERTIFICATE.at("R72 R89"),
            UNPROVED_REFUSED,
            |s| s.bearer(&s.unbound().claim("cnf", json!({"x5t#S256": null})).sign()),
        ),
        M.attack(
            "certificate-thumbprint-of-nothing",
            High,
            "x5t#S256 is the hash of no bytes",
            CERTIFICATE.at("R72"),
            UNPROVED_REFUSED,
            |s| s.bearer(&s.unbound().bound_to_certificate(b"").sign()),
        ),
    ]
}

/// Anybody can send these.
fn headers() -> Vec<Case> {
    let case = |id, title, call| {
        M.attack(id, Critical, title, CERTIFICATE_HEADER.at("R79 R81 R179 P50"), UNPROVED_REFUSED, call)
    };
    vec![
        case("header-client-cert", "the certificate in Client-Cert (RFC 9440)", |s| {
            others_token(s).header("Client-Cert", format!(":{}:", base64(s)))
        }),
        case("header-client-cert-twice", "the certificate in two Client-Cert headers", |s| {
            others_token(s)
                .header("Client-Cert", format!(":{}:", base64(s)))
                .header("Client-Cert", format!(":{}:", base64(s)))
        }),
        case("header-xfcc-hash", "its hash in X-Forwarded-Client-Cert", |s| {
            others_token(s).header("X-Forwarded-Client-Cert", format!("By=spiffe://proxy;Hash={}", hex(s)))
        }),
        case("header-xfcc-cert", "the certificate in X-Forwarded-Client-Cert", |s| {
            others_token(s).header("X-Forwarded-Client-Cert", format!("Cert=\"{}\"", escaped_pem(s)))
        }),
        case(
            "header-ssl-client-cert",
            "the certificate in ssl-client-cert and its kin, as nginx writes them",
            |s| {
                others_token(s)
                    .header("ssl-client-cert", escaped_pem(s))
                    .header("X-SSL-Client-Cert", escaped_pem(s))
                    .header("X-SSL-Cert", escaped_pem(s))
                    .header("X-Client-Cert", escaped_pem(s))
                    .header("X-SSL-Client-Verify", "SUCCESS")
                    .header("ssl-client-verify", "SUCCESS")
            },
        ),
        case("header-tls-client-cert", "the certificate in X-Forwarded-Tls-Client-Cert", |s| {
            others_token(s).header("X-Forwarded-Tls-Client-Cert", base64(s))
        }),
        case("header-arr-clientcert", "the certificate in X-ARR-ClientCert", |s| {
            others_token(s).header("X-ARR-ClientCert", base64(s))
        }),
        case("header-amzn-mtls", "the certificate in X-Amzn-Mtls-Clientcert", |s| {
            others_token(s)
                .header("X-Amzn-Mtls-Clientcert-Leaf", escaped_pem(s))
                .header("X-Amzn-Mtls-Clientcert", escaped_pem(s))
        }),
        case("header-cloud-leaf", "the certificate in X-Client-Cert-Leaf", |s| {
            others_token(s)
                .header("X-Client-Cert-Leaf", format!(":{}:", base64(s)))
                .header("X-Client-Cert-Present", "true")
        }),
    ]
    .into_iter()
    .chain(headers_in_other_spellings())
    .collect()
}

fn headers_in_other_spellings() -> Vec<Case> {
    let case = |id, title, call| {
        M.attack(
            id,
            Critical,
            title,
            CERTIFICATE_HEADER.at("R82 R83 R84 R86 R87 R179 P50"),
            UNPROVED_REFUSED,
            call,
        )
    };
    vec![
        case(
            "header-xfcc-two-elements",
            "its hash in the first of two elements of X-Forwarded-Client-Cert",
            |s| {
                let none = "0".repeat(64);
                others_token(s).header("X-Forwarded-Client-Cert", format!("Hash={},By=a;Hash={none}", hex(s)))
            },
        ),
        case("header-base64-der", "the certificate in base64, as HAProxy writes it", |s| {
            others_token(s)
                .header("X-SSL-Client-Cert", base64(s))
                .header("X-SSL-Client-DER", base64(s))
                .header("X-Client-Cert", base64(s))
                .header("X-SSL-Client-Verify", "0")
        }),
        case("header-folded-pem", "the certificate in PEM of one line, as Apache writes it", |s| {
            others_token(s)
                .header("SSL_CLIENT_CERT", folded_pem(s))
                .header("X-SSL-Client-Cert", folded_pem(s))
                .header("X-Client-Cert", folded_pem(s))
                .header("SSL_CLIENT_VERIFY", "SUCCESS")
        }),
        case(
            "header-tls-client-cert-escaped",
            "the certificate in X-Forwarded-Tls-Client-Cert, escaped",
            |s| {
                let escaped = form_urlencoded::byte_serialize(base64(s).as_bytes()).collect::<String>();
                others_token(s).header("X-Forwarded-Tls-Client-Cert", escaped)
            },
        ),
        case("header-viewer-cert", "the certificate and its hash in CloudFront-Viewer-Cert headers", |s| {
            others_token(s)
                .header("CloudFront-Viewer-Cert-Pem", escaped_pem(s))
                .header("CloudFront-Viewer-Cert-Sha256", hex(s))
        }),
        case("header-thumbprint", "its hash alone, in hexadecimal and in base64", |s| {
            let digest = openssl::sha::sha256(s.cast().certificate.der());
            others_token(s)
                .header("X-SSL-Client-Fingerprint", hex(s))
                .header("X-SSL-Client-SHA256", hex(s))
                .header("X-Client-Cert-Hash", STANDARD.encode(digest))
                .header(
                    "X-Client-Cert-Thumbprint",
                    crate::encoding::sha256_base64url(s.cast().certificate.der()),
                )
        }),
        case(
            "header-client-cert-from-loopback",
            "the certificate in Client-Cert, and headers that say that a proxy of this machine sends it",
            |s| {
                others_token(s)
                    .header("Client-Cert", format!(":{}:", base64(s)))
                    .header("Forwarded", "for=127.0.0.1")
                    .header("X-Forwarded-For", "127.0.0.1")
                    .header("X-Real-IP", "127.0.0.1")
            },
        ),
    ]
}

/// A valid request with a token that is bound to the certificate of the connection.
fn bound(s: &Scene) -> Call {
    s.bearer(&s.unbound().bound_to_certificate(s.certificate()).sign())
}

/// What clients with certificates do all day.
fn accepted() -> Vec<Case> {
    let ok = |id, severity, title, call| M.accept(id, severity, title, CERTIFICATE.at("R72 R73"), call);
    vec![
        ok("certificate-bound", High, "a token that is bound to the certificate of the connection", bound),
        ok("certificate-one-token-often", High, "one certificate-bound token three times", bound)
            .then(ACCEPTED, Scene::previous)
            .then(ACCEPTED, Scene::previous),
        ok("certificate-token-renewed", High, "a renewed token for the same certificate", bound)
            .then(ACCEPTED, bound)
            .then(ACCEPTED, bound),
        ok("certificate-parallel", High, "four requests over four connections at once", bound).in_parallel(4),
        ok("certificate-scheme-case", Medium, "the scheme written bearer", |s| {
            let token = s.unbound().bound_to_certificate(s.certificate()).sign();
            s.bare().header("Authorization", format!("bearer {token}"))
        }),
        ok("certificate-cnf-more-members", Medium, "cnf has a member that nobody knows", |s| {
            let thumbprint = crate::encoding::sha256_base64url(s.certificate());
            s.bearer(&s.unbound().claim("cnf", json!({"x5t#S256": thumbprint, "x_more": [1]})).sign())
        }),
        ok("certificate-query", Medium, "a query, as with any other token", |s| {
            bound(s).target(&format!("{}?page=2", s.path()))
        }),
        ok("certificate-after-theft", High, "after somebody else's token was tried", others_token)
            .expecting(MISTAKE)
            .then(ACCEPTED, bound),
    ]
}

fn with_certificate() -> Vec<Case> {
    vec![
        M.attack(
            "certificate-and-header-of-other",
            Critical,
            "a token that is bound to another's certificate, which is in a header, over a connection with a certificate",
            CERTIFICATE_HEADER.at("R81 R82 P50"),
            UNPROVED_REFUSED,
            |s| {
                others_token(s)
                    .header("Client-Cert", format!(":{}:", base64(s)))
                    .header("X-Forwarded-Client-Cert", format!("Hash={}", hex(s)))
                    .header("X-Client-Cert", escaped_pem(s))
            },
        ),
        M.attack(
            "certificate-unbound",
            Critical,
            "a token without cnf over a connection with a certificate",
            CERTIFICATE.at("R6 R72"),
            UNPROVED_REFUSED,
            |s| s.bearer(&s.unbound().sign()),
        ),
        M.attack(
            "certificate-key-bound",
            Critical,
            "a DPoP-bound token as Bearer over a connection with a certificate",
            CERTIFICATE.at("R58 R72"),
            UNPROVED_REFUSED,
            |s| s.bearer(&s.mint_with_key().sign()),
        ),
        M.attack(
            "certificate-thumbprint-hex",
            Medium,
            "x5t#S256 in hexadecimal",
            CERTIFICATE.at("R73 R179 P50"),
            UNPROVED_REFUSED,
            |s| {
                let hex: String =
                    openssl::sha::sha256(s.certificate()).iter().map(|byte| format!("{byte:02x}")).collect();
                s.bearer(&s.unbound().claim("cnf", json!({"x5t#S256": hex})).sign())
            },
        ),
        M.attack(
            "certificate-thumbprint-padded",
            Medium,
            "x5t#S256 with padding",
            CERTIFICATE.at("R73 R179"),
            UNPROVED_REFUSED,
            |s| {
                let padded = format!("{}=", crate::encoding::sha256_base64url(s.certificate()));
                s.bearer(&s.unbound().claim("cnf", json!({"x5t#S256": padded})).sign())
            },
        ),
        M.attack(
            "certificate-trailing-bytes",
            Medium,
            "x5t#S256 of the certificate and one byte more",
            CERTIFICATE.at("R73 R179 P50"),
            UNPROVED_REFUSED,
            |s| s.bearer(&s.unbound().bound_to_certificate(&[s.certificate(), b"\0"].concat()).sign()),
        ),
        M.attack(
            "certificate-and-key-as-bearer",
            High,
            "a token that is bound to key and certificate, as Bearer",
            CNF.at("R58 R89"),
            UNPROVED_REFUSED,
            |s| s.bearer(&s.mint_with_key().bound_to_certificate(s.certificate()).sign()),
        ),
        M.accept(
            "certificate-and-key",
            Medium,
            "a token that is bound to key and certificate, both shown",
            CNF.at("R89 P21"),
            |s| with_proof(s, &s.mint_with_key().bound_to_certificate(s.certificate()).sign()),
        )
        .needs(Proofs),
    ]
}

/// The other kind of binding, where the API accepts one only: whoever has such a token has got it from an issuer that does
/// not keep the profile, or for another API.
fn other_bindings() -> Vec<Case> {
    let as_proved = |id, severity, title, call| {
        let case = M.attack(id, severity, title, ONE_BINDING.at("R6 R72"), UNPROVED_REFUSED, call);
        case.unless(Feature::Proofs)
    };
    vec![
        as_proved("key-bound-where-certificate", High, "a DPoP-bound token with a valid proof", |s| {
            with_ps256_proof(s, |token| token)
        }),
        as_proved(
            "both-bound-where-certificate",
            High,
            "a token that is bound to key and certificate, under DPoP, both shown",
            |s| with_ps256_proof(s, |token| token.bound_to_certificate(s.certificate())),
        )
        .needs(Certificate),
        as_proved(
            "certificate-bound-under-dpop",
            Medium,
            "a certificate-bound token under the scheme DPoP, with a proof",
            |s| with_ps256_proof(s, |token| token.without_claim("cnf").bound_to_certificate(s.certificate())),
        )
        .needs(Certificate),
        as_proved(
            "certificate-of-other-and-proof",
            Critical,
            "a token that is bound to key and another's certificate, under DPoP, with a valid proof",
            |s| with_ps256_proof(s, |token| token.bound_to_certificate(s.cast().certificate.der())),
        ),
        M.attack(
            "certificate-bound-where-key",
            High,
            "a token that is bound to the certificate of the connection, as Bearer",
            ONE_BINDING.at("R6 R72"),
            UNPROVED_REFUSED,
            bound,
        )
        .needs(Certificate)
        .unless(Feature::CertificateTokens),
    ]
}

/// Under the scheme DPoP, with the client's proof.
fn with_proof(s: &Scene, token: &str) -> Call {
    s.dpop(token, s.proof_of(&s.cast().client, token).sign())
}

/// The same of a client whose algorithm is one of all profiles.
fn with_ps256_proof(s: &Scene, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Call {
    let client = &s.cast().rsa().ps256;
    let token = change(s.unbound().bound_to(client)).sign();
    s.dpop(&token, s.proof_of(client, &token).sign())
}

fn base64(s: &Scene) -> String {
    STANDARD.encode(s.cast().certificate.der())
}

fn hex(s: &Scene) -> String {
    openssl::sha::sha256(s.cast().certificate.der()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The certificate in PEM, in one line.
fn folded_pem(s: &Scene) -> String {
    s.cast().certificate.pem().trim().replace('\n', " ")
}

/// The certificate in PEM, percent-encoded.
fn escaped_pem(s: &Scene) -> String {
    form_urlencoded::byte_serialize(s.cast().certificate.pem().as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}
