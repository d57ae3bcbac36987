//! Which keys of the issuer verify which tokens: R8, R11, R106, R109, R118, P34, P36, P38.

use serde_json::json;

use super::rules::{
    ALG_CONFUSION, DUPLICATE_KID, KEY_FETCHES, KEY_ROTATION, KEY_SIZE, KEY_USE, KID, UNKNOWN_KEYS,
};
use crate::SigningKey;
use crate::catalogue::case::Case;
use crate::catalogue::cast::{SAME_KID, SECRET, SECRET_KID, WEAK_KID};
use crate::catalogue::condition::FEW_KEY_FETCHES;
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{ACCEPTED, KEY_NOT_YET_KNOWN, TOKEN_MALFORMED, TOKEN_REFUSED};
use crate::catalogue::feature::Feature::TokenAlgorithm;
use crate::catalogue::forge::{self, RsaKey};
use crate::catalogue::group::Group::Keys as K;
use crate::catalogue::group::Need::{Issuer, Rotation, ServedIssuer};
use crate::catalogue::group::Severity::{Critical, High, Low, Medium};
use crate::catalogue::scene::Scene;
use fapi_core::jose::Algorithm;
use openssl::hash::MessageDigest;

pub(super) fn cases() -> Vec<Case> {
    let cases = [published(), unusable(), identifiers(), vec![outage(), flood()]].concat();
    cases.into_iter().map(|case| case.needs(Issuer)).collect()
}

/// A request whose token is signed with this key of the issuer.
fn signed(s: &Scene, key: &SigningKey, kid: &str) -> Call {
    s.with_token(|t| t.header("alg", key.algorithm().name()).header("kid", kid).signed_by(key))
}

/// A request whose token is signed with this RSA key of the issuer, by an algorithm that the profile accepts.
fn rsa_signed(s: &Scene, key: &RsaKey, kid: &str) -> Call {
    let token = s.mint().header("kid", kid);
    let hash = MessageDigest::sha256();
    let token = if s.setting.terms.have(TokenAlgorithm(Algorithm::Ps256)) {
        token.header("alg", "PS256").sign_with(|input| key.sign_pss(input, hash, 32))
    } else {
        token.header("alg", "RS256").sign_with(|input| key.sign_pkcs1(input, hash))
    };
    s.with_token_text(&token)
}

fn published() -> Vec<Case> {
    vec![
        K.accept(
            "key-without-use",
            High,
            "a key that is published without use and alg",
            KEY_ROTATION.at("R109 R118"),
            |s| signed(s, &s.keys().bare, &s.keys().bare.thumbprint()),
        ),
        K.accept(
            "key-ps256",
            High,
            "an RSA key among elliptic curve keys",
            KEY_ROTATION.at("R7 R97 R118"),
            |s| signed(s, &s.keys().ps256, &s.keys().ps256.thumbprint()),
        )
        .given(TokenAlgorithm(Algorithm::Ps256)),
        K.accept("key-eddsa", Medium, "an Ed25519 key among others", KEY_ROTATION.at("R7 R118 P36"), |s| {
            signed(s, &s.keys().eddsa, &s.keys().eddsa.thumbprint())
        })
        .given(TokenAlgorithm(Algorithm::EdDsa)),
        K.accept(
            "key-same-kid",
            Medium,
            "a kid that a key of another type has, too",
            DUPLICATE_KID.at("R11"),
            |s| signed(s, &s.keys().same_kid, SAME_KID),
        )
        .given(TokenAlgorithm(Algorithm::Es256)),
        K.accept(
            "key-same-kid-first",
            Medium,
            "a kid that a key of another type has, too: the other key",
            DUPLICATE_KID.at("R11"),
            |s| rsa_signed(s, &s.keys().rsa, SAME_KID),
        ),
        K.accept(
            "keys-with-unknown-type",
            Medium,
            "a set that also holds keys of unknown types and incomplete ones",
            UNKNOWN_KEYS.at("R109 P36"),
            Scene::valid,
        ),
    ]
}

fn unusable() -> Vec<Case> {
    vec![
        K.attack(
            "key-for-encryption",
            High,
            "a key that is published with use enc",
            KEY_USE.at("R109 R176"),
            TOKEN_REFUSED,
            |s| signed(s, &s.keys().for_encryption, &s.keys().for_encryption.thumbprint()),
        ),
        K.attack(
            "key-for-other-operation",
            High,
            "a key that is published with key_ops encrypt",
            KEY_USE.at("R109 R176"),
            TOKEN_REFUSED,
            |s| signed(s, &s.keys().not_for_verifying, &s.keys().not_for_verifying.thumbprint()),
        ),
        K.attack(
            "key-of-other-alg",
            Medium,
            "a key that is published for another alg",
            ALG_CONFUSION.at("R99"),
            TOKEN_REFUSED,
            |s| signed(s, &s.keys().other_alg, &s.keys().other_alg.thumbprint()),
        ),
        K.attack(
            "key-rsa-1024",
            High,
            "an RSA key of 1024 bits",
            KEY_SIZE.at("R8 R176"),
            TOKEN_REFUSED,
            |s| rsa_signed(s, &s.keys().weak, WEAK_KID),
        ),
        K.attack(
            "key-symmetric",
            Critical,
            "HS256 with a symmetric key that is published",
            ALG_CONFUSION.at("R109 R175 R176"),
            TOKEN_REFUSED,
            |s| {
                s.with_signed_token(|t| {
                    t.header("alg", "HS256")
                        .header("kid", SECRET_KID)
                        .sign_with(|input| forge::hmac(SECRET, input))
                })
            },
        ),
    ]
}

fn identifiers() -> Vec<Case> {
    fn kid(s: &Scene, kid: impl Into<serde_json::Value>) -> Call {
        s.with_token(|t| t.header("kid", kid).signed_by(&s.keys().impostor))
    }
    let refused = |id, severity, title, call| {
        K.attack(id, severity, title, KID.at("R106 R177 P38"), TOKEN_REFUSED, call)
    };
    vec![
        refused("kid-unknown", Critical, "a kid that is not published", |s| kid(s, "unknown")),
        refused("kid-path", High, "kid is a path to a file", |s| kid(s, "../../../../dev/null")),
        refused("kid-sql", High, "kid is a piece of SQL", |s| kid(s, "' OR 1=1 --")),
        refused("kid-url", High, "kid is a URL", |s| kid(s, "https://evil.example.com/jwks")),
        refused("kid-line-break", Medium, "kid has a line break", |s| kid(s, "unknown\r\nInjected: 1")),
        refused("kid-nul", Low, "kid has a NUL", |s| kid(s, "unknown\0")),
        refused("kid-empty", Medium, "kid is empty", |s| kid(s, "")),
        K.attack("kid-number", Medium, "kid is a number", KID.at("R106"), TOKEN_MALFORMED, |s| kid(s, 7)),
        K.attack("kid-object", Medium, "kid is an object", KID.at("R106"), TOKEN_MALFORMED, |s| {
            kid(s, json!({"$ne": null}))
        }),
        K.attack("kid-long", Medium, "kid has 2000 characters", KID.at("R106"), TOKEN_MALFORMED, |s| {
            kid(s, "k".repeat(2000))
        }),
    ]
}

/// After everything else: no token from before is valid once the API has learnt of it.
pub(super) fn rotation() -> Case {
    let current = |s: &Scene| s.with_token(|t| t);
    K.accept(
        "key-rotated",
        Medium,
        "the issuer has a new key, and the API learns of it",
        KEY_FETCHES.at("R118 P37"),
        |s| {
            s.issuer().rotate_keys();
            s.with_token(|t| t)
        },
    )
    .expecting(KEY_NOT_YET_KNOWN)
    .then(ACCEPTED, current)
    .patiently()
    .then(ACCEPTED, current)
    .needs(Issuer)
    .needs(Rotation)
}

/// A key that the issuer has withdrawn, once the API has learnt of the new one.
pub(super) fn withdrawn() -> Case {
    K.attack(
        "key-withdrawn",
        High,
        "a token of a key that the issuer has withdrawn, after the API has learnt of it",
        KEY_ROTATION.at("R104 R118 P37"),
        KEY_NOT_YET_KNOWN,
        |s| {
            // The case before may have done it.
            if s.issuer().has_signed(s.token()) {
                s.issuer().rotate_keys();
            }
            s.with_token(|t| t)
        },
    )
    .then(ACCEPTED, |s| s.with_token(|t| t))
    .patiently()
    .then(TOKEN_REFUSED, Scene::valid)
    .needs(Issuer)
    .needs(Rotation)
}

/// The issuer is away, and whom it has given tokens before need not notice.
fn outage() -> Case {
    K.accept(
        "key-outage",
        High,
        "the issuer hands out no keys, and a known key is used",
        KEY_FETCHES.at("R118 R120 P35"),
        Scene::valid,
    )
    .then(ACCEPTED, |s| {
        s.issuer().withhold_keys();
        s.with_token(|t| t)
    })
    .then(ACCEPTED, |s| s.with_token(|t| t))
    .needs(ServedIssuer)
}

/// Ten tokens with ten kids that nobody has published.
fn flood() -> Case {
    fn unknown(s: &Scene) -> Call {
        s.with_token(|t| t.header("kid", crate::encoding::unique_id()).signed_by(&s.keys().impostor))
    }
    let first = K.attack(
        "kid-flood",
        Medium,
        "ten tokens with unknown kids",
        KEY_FETCHES.at("R118 R120 P34"),
        TOKEN_REFUSED,
        unknown,
    );
    let rest = (0..8).fold(first, |case, _| case.then(TOKEN_REFUSED, unknown));
    rest.then(TOKEN_REFUSED.with(&[FEW_KEY_FETCHES]), unknown).needs(ServedIssuer)
}
