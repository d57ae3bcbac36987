//! Proofs that look unusual and are valid: R41-R46, R54, R55, R68. Some client library makes each of them.

use serde_json::{Value, json};

use super::rules::{EXTENSIONS, HELSEID_ALGORITHMS, JSON_ESCAPES, JSON_SPACE, JTI, PROOF_ALG, THUMBPRINT};
use crate::catalogue::case::Case;
use crate::catalogue::exchange::Call;
use crate::catalogue::feature::Feature::ProofAlgorithm;
use crate::catalogue::group::Group::Proof as P;
use crate::catalogue::group::Need::Issuer;
use crate::catalogue::group::Severity::{High, Low, Medium};
use crate::catalogue::scene::Scene;
use crate::encoding::unique_id;
use crate::{SigningKey, TestClient};
use fapi_core::jose::Algorithm;

pub(super) fn cases() -> Vec<Case> {
    [keys(), algorithms(), identifiers(), text(), claims(), parameters()].concat()
}

/// The key of the client as other libraries write it.
fn jwk(s: &Scene, members: &[(&str, Value)]) -> Call {
    let mut jwk = s.cast().client.key().public_jwk();
    if let Some(jwk) = jwk.as_object_mut() {
        jwk.extend(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }
    s.with_proof(|p| p.header("jwk", jwk))
}

fn keys() -> Vec<Case> {
    let ok = |id, severity, title, call| P.accept(id, severity, title, THUMBPRINT.at("R54 R55 R68"), call);
    vec![
        ok("proof-jwk-webcrypto", High, "ext and key_ops inside jwk, as WebCrypto exports it", |s| {
            jwk(s, &[("ext", json!(true)), ("key_ops", json!(["verify"]))])
        }),
        ok("proof-jwk-more", Medium, "members of jwk that nobody knows", |s| {
            jwk(s, &[("x_created", json!(1_750_000_000)), ("x_device", json!({"os": null}))])
        }),
        ok("proof-jwk-kid-url", Low, "kid inside jwk is a URL", |s| {
            jwk(s, &[("kid", json!("https://client.example.com/keys#1"))])
        }),
        ok("proof-jwk-reordered", High, "the members of jwk in another order", |s| {
            let jwk = s.cast().client.key().public_jwk();
            s.with_proof(|p| p.edit_header(|json| json.replace(&jwk.to_string(), &backwards(&jwk))))
        }),
        ok("proof-kid-thumbprint", Medium, "kid in the header is the thumbprint", |s| {
            let kid = s.cast().client.thumbprint();
            s.with_proof(|p| p.header("kid", kid))
        }),
        ok("proof-kid-uuid", Low, "kid in the header is a UUID", |s| {
            s.with_proof(|p| p.header("kid", "2f6e4e1c-0d0c-4f6b-9f5e-0f9a5a3a7c11"))
        }),
    ]
}

/// The JSON of a key with its members in reverse.
fn backwards(jwk: &Value) -> String {
    let members = jwk.as_object().into_iter().flatten();
    let mut members: Vec<_> = members.map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    members.reverse();
    format!("{{{}}}", members.join(","))
}

fn algorithms() -> Vec<Case> {
    fn of(s: &Scene, algorithm: Algorithm) -> Call {
        s.valid_of(&TestClient::with_key(SigningKey::generate(algorithm)))
    }
    let allowed = |id, severity, title, call| {
        P.accept(id, severity, title, PROOF_ALG.at("R7 R8 R44"), call).needs(Issuer)
    };
    let helseid = |id, algorithm: Algorithm, call| {
        let case = P.accept(id, Medium, algorithm.name(), HELSEID_ALGORITHMS.at("R44"), call);
        case.needs(Issuer).given(ProofAlgorithm(algorithm))
    };
    vec![
        allowed("proof-ps256-3072", High, "PS256 with an RSA key of 3072 bits", |s| {
            s.valid_of(&s.cast().large_rsa().bits_3072)
        }),
        allowed("proof-ps256-4096", High, "PS256 with an RSA key of 4096 bits", |s| {
            s.valid_of(&s.cast().large_rsa().bits_4096)
        }),
        allowed("proof-es256-new-key", High, "ES256 with a key that was never seen before", |s| {
            of(s, Algorithm::Es256)
        }),
        helseid("proof-rs384-helseid", Algorithm::Rs384, |s| of(s, Algorithm::Rs384)),
        helseid("proof-rs512-helseid", Algorithm::Rs512, |s| of(s, Algorithm::Rs512)),
        helseid("proof-ps384-helseid", Algorithm::Ps384, |s| of(s, Algorithm::Ps384)),
        helseid("proof-ps512-helseid", Algorithm::Ps512, |s| of(s, Algorithm::Ps512)),
        helseid("proof-es512-helseid", Algorithm::Es512, |s| of(s, Algorithm::Es512)),
    ]
}

fn identifiers() -> Vec<Case> {
    fn hex() -> String {
        unique_id().bytes().map(|byte| format!("{byte:02x}")).collect()
    }
    let ok = |id, severity, title, call| P.accept(id, severity, title, JTI.at("R42 R60 R61"), call);
    vec![
        ok("proof-jti-hex", Medium, "jti is 32 hexadecimal digits", |s| {
            let jti: String = hex().chars().take(32).collect();
            s.with_proof(|p| p.jti(&jti))
        }),
        ok("proof-jti-uuid-upper-case", Low, "jti is a UUID in upper case and braces", |s| {
            let digits: String = hex().to_ascii_uppercase().chars().take(12).collect();
            s.with_proof(|p| p.jti(&format!("{{5A7D7F9C-3C9B-4F3A-9D0E-{digits}}}")))
        }),
        ok("proof-jti-urn", Low, "jti is a URN", |s| {
            s.with_proof(|p| p.jti(&format!("urn:example:{}", unique_id())))
        }),
        ok("proof-jti-base64", Medium, "jti has +, / and =", |s| {
            s.with_proof(|p| p.jti(&format!("{}+/==", unique_id())))
        }),
        ok("proof-jti-digits", Medium, "jti is a text of digits", |s| {
            let digits: String = unique_id().bytes().map(|byte| format!("{byte:03}")).collect();
            s.with_proof(|p| p.jti(&digits))
        }),
        ok("proof-jti-unicode", Low, "jti has letters beyond ASCII", |s| {
            s.with_proof(|p| p.jti(&format!("ærø-{}", unique_id())))
        }),
        ok("proof-jti-escaped", Low, "jti begins with an escape", |s| {
            s.with_proof(|p| p.edit_payload(|json| json.replace("\"jti\":\"", "\"jti\":\"\\u0061")))
        }),
        ok("proof-jti-256", Medium, "jti has 256 characters", |s| {
            s.with_proof(|p| p.jti(&format!("{}{}", unique_id(), "j".repeat(234))))
        }),
    ]
}

fn text() -> Vec<Case> {
    vec![
        P.accept(
            "proof-slashes-escaped",
            High,
            "slashes of htu are written \\/, as some languages do",
            JSON_ESCAPES.at("R48"),
            |s| s.with_proof(|p| p.edit_payload(|json| json.replace('/', "\\/"))),
        ),
        P.accept("proof-htm-escaped", Low, "htm begins with an escape", JSON_ESCAPES.at("R47"), |s| {
            let first = s.method().chars().next().unwrap_or('G');
            let (plain, escaped) =
                (format!("\"htm\":\"{first}"), format!("\"htm\":\"\\u{:04x}", u32::from(first)));
            s.with_proof(|p| p.edit_payload(move |json| json.replace(&plain, &escaped)))
        }),
        P.accept("proof-json-spaced", Medium, "spaces between the claims", JSON_SPACE.at("R41"), |s| {
            s.with_proof(|p| p.edit_payload(|json| json.replace("\":", "\" : ").replace(",\"", " ,\n\"")))
        }),
        P.accept("proof-header-spaced", Low, "line breaks in the header", JSON_SPACE.at("R41"), |s| {
            s.with_proof(|p| p.edit_header(|json| json.replace(",\"", ",\r\n  \"")))
        }),
        P.accept("proof-json-around", Low, "spaces around the claims", JSON_SPACE.at("R41"), |s| {
            s.with_proof(|p| p.edit_payload(|json| format!(" \n{json}\t ")))
        }),
    ]
}

/// A further claim of every JSON type.
fn claims() -> Vec<Case> {
    let ok = |id, title, call| P.accept(id, Medium, title, EXTENSIONS.at("R55"), call);
    vec![
        ok("proof-claim-null", "a further claim is null", |s| {
            s.with_proof(|p| p.claim("x_more", json!(null)))
        }),
        ok("proof-claim-true", "a further claim is true", |s| s.with_proof(|p| p.claim("x_more", true))),
        ok("proof-claim-number", "a further claim is 1e300", |s| {
            s.with_proof(|p| p.claim("x_more", "@").edit_payload(|json| json.replace("\"@\"", "1e300")))
        }),
        ok("proof-claim-text", "a further claim is a text with quotes", |s| {
            s.with_proof(|p| p.claim("x_more", "\"\\\""))
        }),
        ok("proof-claim-array", "a further claim is an array", |s| {
            s.with_proof(|p| p.claim("x_more", json!([[], 0])))
        }),
        ok("proof-claim-object", "a further claim is an object", |s| {
            s.with_proof(|p| p.claim("x_more", json!({"htm": "POST", "jti": null})))
        }),
        ok("proof-registered-claims", "iss, sub and aud, as of a client assertion", |s| {
            s.with_proof(|p| {
                p.claim("iss", "client").claim("sub", "client").claim("aud", "https://as.example.com")
            })
        }),
    ]
}

/// A further header parameter of every JSON type.
fn parameters() -> Vec<Case> {
    let ok = |id, title, call| P.accept(id, Low, title, EXTENSIONS.at("R55"), call);
    vec![
        ok("proof-parameter-null", "a further header parameter is null", |s| {
            s.with_proof(|p| p.header("x_more", json!(null)))
        }),
        ok("proof-parameter-number", "a further header parameter is a number", |s| {
            s.with_proof(|p| p.header("x_more", 7))
        }),
        ok("proof-parameter-array", "a further header parameter is an array", |s| {
            s.with_proof(|p| p.header("x_more", json!(["jwk"])))
        }),
        ok("proof-parameter-object", "a further header parameter is an object", |s| {
            s.with_proof(|p| p.header("x_more", json!({"kty": "oct"})))
        }),
        ok("proof-cty", "cty in the header", |s| s.with_proof(|p| p.header("cty", "application/json"))),
    ]
}
