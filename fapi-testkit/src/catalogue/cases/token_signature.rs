//! The signature of the access token: R93, R99-R104, R106, R110, R175, P29, P38.

use serde_json::{Value, json};

use super::rules::{
    ALG_CONFUSION, ALGORITHMS, BASE64URL, COMPACT, ECDSA_VALUE, EMBEDDED_KEY, OWN_KEYS, TOKEN_ALGORITHMS,
    TOKEN_SIGNATURE,
};
use crate::catalogue::case::Case;
use crate::catalogue::cast::RSA_KID;
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{TOKEN_MALFORMED, TOKEN_REFUSED};
use crate::catalogue::feature::Feature::TokenAlgorithm;
use crate::catalogue::forge;
use crate::catalogue::group::Group::Token as T;
use crate::catalogue::group::Need::Issuer;
use crate::catalogue::group::Severity::{Critical, High, Medium};
use crate::catalogue::scene::Scene;
use crate::jws::flip_signature;
use crate::{SigningKey, TokenBuilder};
use fapi_core::jose::Algorithm;
use openssl::hash::MessageDigest;

pub(super) fn cases() -> Vec<Case> {
    let minted = [forged(), confused(), algorithms(), keys_in_the_header()].concat();
    let mut cases: Vec<Case> = minted.into_iter().map(|case| case.needs(Issuer)).collect();
    cases.extend(altered());
    cases
}

/// What needs no issuer: a token that was valid.
fn altered() -> Vec<Case> {
    vec![
        T.attack(
            "token-signature-flipped",
            Critical,
            "one bit of the signature is flipped",
            TOKEN_SIGNATURE.at("R93 P29"),
            TOKEN_REFUSED,
            |s| s.with_token_text(&flip_signature(s.token())),
        ),
        T.attack(
            "token-signature-empty",
            Critical,
            "the signature is empty",
            TOKEN_SIGNATURE.at("R93 R114"),
            TOKEN_MALFORMED,
            |s| s.with_token_text(&forge::with_signature(s.token(), b"")),
        ),
        T.attack(
            "token-two-parts",
            Critical,
            "the signature and its dot are missing",
            COMPACT.at("R114 R116"),
            TOKEN_MALFORMED,
            |s| {
                let (input, _) = s.token().rsplit_once('.').unwrap_or_default();
                s.with_token_text(input)
            },
        ),
        T.attack("token-four-parts", High, "a fourth part", COMPACT.at("R177"), TOKEN_MALFORMED, |s| {
            s.with_token_text(&format!("{}.e30", s.token()))
        }),
        T.attack(
            "token-five-parts",
            High,
            "five parts, as an encrypted token has",
            COMPACT.at("R95"),
            TOKEN_MALFORMED,
            |s| s.with_token_text(&format!("{}.e30.e30", s.token())),
        ),
        T.attack(
            "token-padded",
            Medium,
            "padding after the signature",
            BASE64URL.at("R108 R115"),
            TOKEN_MALFORMED,
            |s| s.with_token_text(&format!("{}==", s.token())),
        ),
    ]
}

fn forged() -> Vec<Case> {
    vec![
        T.attack(
            "token-signed-by-other",
            Critical,
            "signed with a key that is not the issuer's",
            TOKEN_SIGNATURE.at("R93 R104"),
            TOKEN_REFUSED,
            |s| s.with_token(|t| t.signed_by(&s.keys().impostor)),
        ),
        T.attack(
            "token-claims-changed",
            Critical,
            "sub is changed after signing",
            TOKEN_SIGNATURE.at("R93 P29"),
            TOKEN_REFUSED,
            |s| {
                s.with_signed_token(|t| {
                    let signed = t.clone().sign();
                    let signature = forge::signature_of(&signed);
                    t.subject("admin").sign_with(|_| signature)
                })
            },
        ),
        T.attack(
            "token-alg-none",
            Critical,
            "alg is none, without a signature",
            ALGORITHMS.at("R7 R93 R175"),
            TOKEN_MALFORMED,
            |s| s.with_signed_token(|t| t.header("alg", "none").sign_with(|_| vec![])),
        ),
        T.attack(
            "token-alg-none-mixed-case",
            Critical,
            "alg is nOnE, without a signature",
            ALGORITHMS.at("R99 R175"),
            TOKEN_MALFORMED,
            |s| s.with_signed_token(|t| t.header("alg", "nOnE").sign_with(|_| vec![])),
        ),
        T.attack(
            "token-alg-none-signed",
            Critical,
            "alg is none, with a valid signature",
            ALGORITHMS.at("R7 R93"),
            TOKEN_REFUSED,
            |s| s.with_token(|t| t.header("alg", "none")),
        ),
        T.attack("token-alg-absent", High, "no alg", ALGORITHMS.at("R99"), TOKEN_MALFORMED, |s| {
            s.with_token(|t| t.without_header("alg"))
        }),
        T.attack(
            "token-alg-lower-case",
            Medium,
            "alg in lower case",
            ALG_CONFUSION.at("R99"),
            TOKEN_REFUSED,
            |s| {
                let alg = s.issuer().key().algorithm().name().to_ascii_lowercase();
                s.with_token(|t| t.header("alg", alg))
            },
        ),
        T.attack(
            "token-signature-zero",
            Critical,
            "r and s are zero (CVE-2022-21449)",
            ECDSA_VALUE.at("R110 R175"),
            TOKEN_REFUSED,
            |s| s.with_token_text(&es256(s).sign_with(|_| vec![0; 64])),
        )
        .given(TokenAlgorithm(Algorithm::Es256)),
        T.attack(
            "token-signature-order",
            Critical,
            "r is the order of the curve",
            ECDSA_VALUE.at("R110 R175"),
            TOKEN_REFUSED,
            |s| s.with_token_text(&forge::with_order_as_r(&es256(s).sign())),
        )
        .given(TokenAlgorithm(Algorithm::Es256)),
        T.attack(
            "token-signature-der",
            Medium,
            "the signature in DER",
            ECDSA_VALUE.at("R110"),
            TOKEN_REFUSED,
            |s| s.with_token_text(&forge::in_der(&es256(s).sign())),
        )
        .given(TokenAlgorithm(Algorithm::Es256)),
        T.attack(
            "token-signature-longer",
            Medium,
            "a byte after the signature",
            ECDSA_VALUE.at("R110 R175"),
            TOKEN_REFUSED,
            |s| {
                s.with_signed_token(|t| {
                    let token = t.sign();
                    forge::with_signature(&token, &[forge::signature_of(&token), vec![0]].concat())
                })
            },
        ),
    ]
}

fn confused() -> Vec<Case> {
    vec![
        T.attack(
            "token-hs256-public-jwk",
            Critical,
            "HS256 with the issuer's public JWK as the secret",
            ALG_CONFUSION.at("R99 R175"),
            TOKEN_REFUSED,
            |s| {
                let jwk = s.issuer().key().public_jwk().to_string();
                s.with_signed_token(|t| {
                    t.header("alg", "HS256").sign_with(|input| forge::hmac(jwk.as_bytes(), input))
                })
            },
        ),
        T.attack(
            "token-hs256-public-pem",
            Critical,
            "HS256 with an RSA key of the issuer in PEM as the secret",
            ALG_CONFUSION.at("R99 R175"),
            TOKEN_REFUSED,
            |s| {
                let pem = s.keys().rsa.public_pem();
                let kid = s.keys().ps256.thumbprint();
                s.with_signed_token(|t| {
                    t.header("alg", "HS256").header("kid", kid).sign_with(|input| forge::hmac(&pem, input))
                })
            },
        ),
        T.attack(
            "token-hs256-empty",
            Critical,
            "HS256 with a secret of zeros",
            ALG_CONFUSION.at("R99"),
            TOKEN_REFUSED,
            |s| {
                s.with_signed_token(|t| {
                    t.header("alg", "HS256").sign_with(|input| forge::hmac(&[0; 32], input))
                })
            },
        ),
        T.attack(
            "token-rs256",
            High,
            "RS256 with an RSA key of the issuer",
            ALGORITHMS.at("R7 R100 R175"),
            TOKEN_REFUSED,
            |s| pkcs1(s, "RS256", MessageDigest::sha256()),
        )
        .unless(TokenAlgorithm(Algorithm::Rs256)),
        T.attack(
            "token-alg-of-other-key",
            High,
            "the kid of another key, which is an RSA key",
            ALG_CONFUSION.at("R99 R104"),
            TOKEN_REFUSED,
            |s| {
                let kid = s.keys().ps256.thumbprint();
                s.with_token(|t| t.header("kid", kid))
            },
        ),
    ]
}

/// Keys of the issuer, each with an algorithm that one profile has and another one has not.
fn algorithms() -> Vec<Case> {
    let refused = |id, algorithm: Algorithm, call| {
        let title = algorithm.name();
        let case = T.attack(id, High, title, TOKEN_ALGORITHMS.at("R7"), TOKEN_REFUSED, call);
        case.unless(TokenAlgorithm(algorithm))
    };
    let accepted = |id, algorithm: Algorithm, call| {
        let case = T.accept(id, High, algorithm.name(), TOKEN_ALGORITHMS.at("R7"), call);
        case.given(TokenAlgorithm(algorithm))
    };
    vec![
        refused("token-es256", Algorithm::Es256, with_es256),
        accepted("token-es256-accepted", Algorithm::Es256, with_es256),
        refused("token-es384", Algorithm::Es384, with_es384),
        accepted("token-es384-accepted", Algorithm::Es384, with_es384),
        refused("token-ps256", Algorithm::Ps256, |s| signed_with(s, &s.keys().ps256)),
        refused("token-eddsa", Algorithm::EdDsa, |s| signed_with(s, &s.keys().eddsa)),
        refused("token-rs512", Algorithm::Rs512, with_rs512),
        accepted("token-rs512-accepted", Algorithm::Rs512, with_rs512),
    ]
}

fn with_es256(s: &Scene) -> Call {
    signed_with(s, &s.keys().es256)
}

fn with_es384(s: &Scene) -> Call {
    signed_with(s, &s.keys().es384)
}

fn with_rs512(s: &Scene) -> Call {
    pkcs1(s, "RS512", MessageDigest::sha512())
}

fn signed_with(s: &Scene, key: &SigningKey) -> Call {
    s.valid_with(signed_by(s, key))
}

/// A valid token but for this key of the issuer.
fn signed_by(s: &Scene, key: &SigningKey) -> TokenBuilder {
    s.mint().header("alg", key.algorithm().name()).header("kid", key.thumbprint()).signed_by(key)
}

fn es256(s: &Scene) -> TokenBuilder {
    signed_by(s, &s.keys().es256)
}

/// RSASSA-PKCS1-v1_5 with the RSA key of the issuer that is not published for another algorithm.
fn pkcs1(s: &Scene, algorithm: &str, hash: MessageDigest) -> Call {
    let token = s.mint().header("alg", algorithm).header("kid", RSA_KID);
    s.with_token_text(&token.sign_with(|input| s.keys().rsa.sign_pkcs1(input, hash)))
}

fn keys_in_the_header() -> Vec<Case> {
    fn with_key(s: &Scene, name: &'static str, value: Value) -> Call {
        s.with_token(|t| t.header(name, value).without_header("kid").signed_by(&s.keys().impostor))
    }
    vec![
        T.attack(
            "token-embedded-jwk",
            Critical,
            "signed with a key that stands in the header as jwk",
            EMBEDDED_KEY.at("R106 R175"),
            TOKEN_REFUSED,
            |s| with_key(s, "jwk", s.keys().impostor.public_jwk()),
        ),
        T.attack(
            "token-jku",
            Critical,
            "signed with a key that jku points to",
            EMBEDDED_KEY.at("R106 P38"),
            TOKEN_REFUSED,
            |s| with_key(s, "jku", json!("https://evil.example.com/jwks")),
        ),
        T.attack(
            "token-x5u",
            High,
            "signed with a key that x5u points to",
            EMBEDDED_KEY.at("R106"),
            TOKEN_REFUSED,
            |s| with_key(s, "x5u", json!("https://evil.example.com/certificate")),
        ),
        T.attack(
            "token-x5c",
            Critical,
            "a certificate in the header as x5c",
            EMBEDDED_KEY.at("R106"),
            TOKEN_REFUSED,
            |s| {
                use base64::Engine as _;
                let der = base64::engine::general_purpose::STANDARD.encode(s.cast().certificate.der());
                with_key(s, "x5c", json!([der]))
            },
        ),
        T.attack(
            "token-embedded-jwk-own-kid",
            Critical,
            "the kid of the issuer, but signed with the jwk in the header",
            EMBEDDED_KEY.at("R106 R175"),
            TOKEN_REFUSED,
            |s| {
                let impostor = &s.keys().impostor;
                s.with_token(|t| t.header("jwk", impostor.public_jwk()).signed_by(impostor))
            },
        ),
        T.attack(
            "token-other-issuers-key",
            Critical,
            "a token of another issuer with the kid of this one",
            OWN_KEYS.at("R104"),
            TOKEN_REFUSED,
            |s| s.with_token(|t| t.claim("iss", "https://evil.example.com").signed_by(&s.keys().impostor)),
        ),
    ]
}
