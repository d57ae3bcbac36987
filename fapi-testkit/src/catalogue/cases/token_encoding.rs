//! The header and the encoding of the access token: R95, R103, R108-R116, R177, P32.

use serde_json::json;

use super::rules::{B64, BASE64URL, CRIT, DUPLICATES, UTF8, VALIDATE_ALL};
use crate::catalogue::case::Case;
use crate::catalogue::expectation::TOKEN_MALFORMED;
use crate::catalogue::forge;
use crate::catalogue::group::Group::Token as T;
use crate::catalogue::group::Need::Issuer;
use crate::catalogue::group::Severity::{High, Medium};

pub(super) fn cases() -> Vec<Case> {
    let cases = [headers(), encodings()].concat();
    cases.into_iter().map(|case| case.needs(Issuer)).collect()
}

fn headers() -> Vec<Case> {
    vec![
        T.attack(
            "token-crit-unknown",
            High,
            "crit names a parameter that nobody knows",
            CRIT.at("R112 R177"),
            TOKEN_MALFORMED,
            |s| s.with_token(|t| t.header("crit", json!(["policy"])).header("policy", "strict")),
        ),
        T.attack(
            "token-crit-exp",
            Medium,
            "crit names exp, which is not in the header",
            CRIT.at("R112 R177"),
            TOKEN_MALFORMED,
            |s| s.with_token(|t| t.header("crit", json!(["exp"]))),
        ),
        T.attack("token-crit-empty", Medium, "crit is empty", CRIT.at("R112"), TOKEN_MALFORMED, |s| {
            s.with_token(|t| t.header("crit", json!([])))
        }),
        T.attack("token-b64-false", High, "b64 is false", B64.at("R113 R177"), TOKEN_MALFORMED, |s| {
            s.with_token(|t| t.header("b64", false).header("crit", json!(["b64"])))
        }),
        T.attack(
            "token-duplicate-alg",
            High,
            "alg twice, the second is none",
            DUPLICATES.at("R111 R177 P32"),
            TOKEN_MALFORMED,
            |s| s.with_token(|t| t.edit_header(|json| and_also(&json, r#""alg":"none""#))),
        ),
        T.attack(
            "token-duplicate-aud",
            High,
            "aud twice, the second is another API",
            DUPLICATES.at("R111 P32"),
            TOKEN_MALFORMED,
            |s| {
                s.with_token(|t| {
                    t.edit_payload(|json| and_also(&json, r#""aud":"https://other.example.com""#))
                })
            },
        ),
        T.attack(
            "token-duplicate-cnf",
            High,
            "cnf twice, the second is somebody else's",
            DUPLICATES.at("R111 R177 P32"),
            TOKEN_MALFORMED,
            |s| {
                let (method, value) = s.others_confirmation();
                let cnf = format!(r#""cnf":{{"{method}":"{value}"}}"#);
                s.with_token(|t| t.edit_payload(|json| and_also(&json, &cnf)))
            },
        ),
        T.attack(
            "token-duplicate-jkt",
            High,
            "the confirmation twice in cnf, the second is somebody else's",
            DUPLICATES.at("R111 R177 P32"),
            TOKEN_MALFORMED,
            |s| {
                let ((_, own), (method, others)) = (s.confirmation(), s.others_confirmation());
                let second = format!(r#","{method}":"{others}"}}"#);
                let own = format!(r#""{own}"}}"#);
                s.with_token(|t| t.edit_payload(|json| json.replacen(&own, &own.replace('}', &second), 1)))
            },
        ),
        T.accept(
            "token-header-extension",
            Medium,
            "a header parameter that nobody knows",
            CRIT.at("R112"),
            |s| s.with_token(|t| t.header("x5t", "AAAA").header("tx_id", "1")),
        ),
    ]
}

fn encodings() -> Vec<Case> {
    vec![
        T.attack(
            "token-trailing-bits",
            Medium,
            "the last character has unused bits",
            BASE64URL.at("R115"),
            TOKEN_MALFORMED,
            |s| s.with_signed_token(|t| forge::with_trailing_bits(&t.sign())),
        ),
        T.attack(
            "token-bom",
            Medium,
            "a byte order mark before the claims",
            UTF8.at("R103 R177"),
            TOKEN_MALFORMED,
            |s| s.with_token(|t| t.edit_payload(|json| format!("\u{feff}{json}"))),
        ),
        T.attack("token-utf16", Medium, "the claims in UTF-16", UTF8.at("R103 R177"), TOKEN_MALFORMED, |s| {
            let mut payload = Vec::new();
            s.with_token(|t| {
                let t = t.edit_payload(|json| {
                    payload = json.encode_utf16().flat_map(u16::to_be_bytes).collect();
                    json
                });
                t.raw_payload(payload)
            })
        }),
        T.attack(
            "token-json-and-more",
            Medium,
            "text after the claims",
            VALIDATE_ALL.at("R116"),
            TOKEN_MALFORMED,
            |s| s.with_token(|t| t.edit_payload(|json| format!("{json}{{}}"))),
        ),
        T.attack(
            "token-lone-surrogate",
            Medium,
            "sub is half of a surrogate pair",
            UTF8.at("R103 R177"),
            TOKEN_MALFORMED,
            |s| {
                s.with_token(|t| {
                    t.claim("sub", "@").edit_payload(|json| json.replace("\"@\"", r#""\ud800""#))
                })
            },
        ),
        T.attack(
            "token-not-utf8",
            Medium,
            "sub holds bytes that are no UTF-8",
            UTF8.at("R103"),
            TOKEN_MALFORMED,
            |s| {
                s.with_token(|t| {
                    let mut payload = Vec::new();
                    let t = t.claim("sub", "@").edit_payload(|json| {
                        payload = json
                            .as_bytes()
                            .iter()
                            .map(|byte| if *byte == b'@' { 0xff } else { *byte })
                            .collect();
                        json
                    });
                    t.raw_payload(payload)
                })
            },
        ),
    ]
}

/// The JSON object with a further member at its end. A parser that takes the last of two members takes this one.
pub(super) fn and_also(json: &str, member: &str) -> String {
    let open = json.strip_suffix('}').unwrap_or(json);
    format!("{open},{member}}}")
}
