//! The header field `DPoP`, the type and the claims of the proof: R40-R43, R53, R55, R57, P17, P18, P30.

use serde_json::json;

use super::rules::{
    ATH, EXTENSIONS, JSON_ESCAPES, ONE_PROOF, PROOF_CLAIMS, PROOF_JWT, PROOF_OWED, PROOF_TYP,
};
use crate::catalogue::case::Case;
use crate::catalogue::expectation::{PROOF_MISSING, PROOF_REFUSED};
use crate::catalogue::group::Group::Proof as P;
use crate::catalogue::group::Need::Network;
use crate::catalogue::group::Severity::{Critical, High, Low, Medium};
use crate::catalogue::scene::Scene;
use crate::encoding::sha256_base64url;

pub(super) fn cases() -> Vec<Case> {
    [fields(), types(), missing(), wrong(), extensions()].concat()
}

fn fields() -> Vec<Case> {
    vec![
        P.attack("proof-absent", Critical, "no proof", PROOF_OWED.at("R57"), PROOF_MISSING, |s| {
            s.valid().without("dpop")
        }),
        P.attack("proof-empty", Critical, "an empty DPoP header", PROOF_JWT.at("R41"), PROOF_MISSING, |s| {
            s.dpop(s.token(), String::new())
        }),
        P.attack(
            "proof-twice",
            High,
            "the same proof in two DPoP headers",
            ONE_PROOF.at("R40 P18"),
            PROOF_MISSING,
            |s| {
                let call = s.valid();
                let proof = call.values("dpop").collect::<String>();
                call.header("DPoP", proof)
            },
        ),
        P.attack(
            "proof-two-different",
            High,
            "two valid proofs in two DPoP headers",
            ONE_PROOF.at("R40 P18"),
            PROOF_MISSING,
            |s| s.valid().header("DPoP", s.proof().sign()),
        ),
        P.attack(
            "proof-two-second-wrong",
            High,
            "a valid proof, and rubbish in a second DPoP header",
            ONE_PROOF.at("R40 P18"),
            PROOF_MISSING,
            |s| s.valid().header("DPoP", "rubbish"),
        ),
        P.attack(
            "proof-two-first-wrong",
            High,
            "rubbish, and a valid proof in a second DPoP header",
            ONE_PROOF.at("R40 P18"),
            PROOF_MISSING,
            |s| s.dpop(s.token(), "rubbish".to_owned()).header("DPoP", s.proof().sign()),
        ),
        P.attack(
            "proof-comma-joined",
            High,
            "two proofs in one DPoP header, separated by a comma",
            ONE_PROOF.at("R40"),
            PROOF_MISSING,
            |s| {
                let two = format!("{}, {}", s.proof().sign(), s.proof().sign());
                s.dpop(s.token(), two)
            },
        ),
        P.accept(
            "proof-header-name-case",
            Medium,
            "the header name written Dpop",
            ONE_PROOF.at("R40"),
            |s| {
                let call = s.valid();
                let proof = call.values("dpop").collect::<String>();
                call.without("dpop").header("Dpop", proof)
            },
        )
        .needs(Network),
        P.attack(
            "proof-in-query",
            High,
            "the proof in the query only",
            PROOF_OWED.at("R57"),
            PROOF_MISSING,
            |s| {
                let target = format!("{}?dpop={}", s.path(), s.proof().sign());
                s.valid().without("dpop").target(&target)
            },
        ),
    ]
}

fn types() -> Vec<Case> {
    vec![
        P.attack(
            "proof-typ-wrong",
            High,
            "typ is dpop+jwt+wrongyousee",
            PROOF_TYP.at("R43"),
            PROOF_REFUSED,
            |s| typed(s, "dpop+jwt+wrongyousee"),
        ),
        P.attack("proof-typ-jwt", High, "typ is JWT", PROOF_TYP.at("R43"), PROOF_REFUSED, |s| {
            typed(s, "JWT")
        }),
        P.attack(
            "proof-typ-token",
            Critical,
            "typ is at+jwt",
            PROOF_TYP.at("R43 R107"),
            PROOF_REFUSED,
            |s| typed(s, "at+jwt"),
        ),
        P.attack("proof-typ-absent", High, "no typ", PROOF_TYP.at("R42 R43"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.without_header("typ"))
        }),
        P.attack(
            "proof-typ-space",
            Medium,
            "a space before typ",
            PROOF_TYP.at("R43 R177"),
            PROOF_REFUSED,
            |s| typed(s, " dpop+jwt"),
        ),
        P.attack("proof-typ-number", High, "typ is a number", PROOF_TYP.at("R43 P30"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.header("typ", 7))
        }),
        P.attack("proof-typ-array", Medium, "typ is an array", PROOF_TYP.at("R43 P30"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.header("typ", json!(["dpop+jwt"])))
        }),
        P.accept("proof-typ-escaped", Medium, "typ is written dpop\\u002Bjwt", JSON_ESCAPES.at("R43"), |s| {
            s.with_proof(|p| p.edit_header(|json| json.replace("dpop+jwt", "dpop\\u002Bjwt")))
        }),
    ]
}

fn typed(s: &Scene, typ: &str) -> crate::catalogue::Call {
    s.with_proof(|p| p.header("typ", typ))
}

fn missing() -> Vec<Case> {
    vec![
        P.attack("proof-jti-absent", High, "no jti", PROOF_CLAIMS.at("R42 P5"), PROOF_REFUSED, |s| {
            without(s, "jti")
        }),
        P.attack("proof-htm-absent", Critical, "no htm", PROOF_CLAIMS.at("R42"), PROOF_REFUSED, |s| {
            without(s, "htm")
        }),
        P.attack("proof-htu-absent", Critical, "no htu", PROOF_CLAIMS.at("R42 P28"), PROOF_REFUSED, |s| {
            without(s, "htu")
        }),
        P.attack("proof-iat-absent", High, "no iat", PROOF_CLAIMS.at("R42"), PROOF_REFUSED, |s| {
            without(s, "iat")
        }),
        P.attack(
            "proof-ath-absent",
            Critical,
            "no ath",
            PROOF_CLAIMS.at("R42 R53 P17"),
            PROOF_REFUSED,
            |s| without(s, "ath"),
        ),
        P.attack("proof-jwk-absent", Critical, "no jwk", PROOF_CLAIMS.at("R42 R45"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.without_header("jwk"))
        }),
    ]
}

fn without(s: &Scene, claim: &str) -> crate::catalogue::Call {
    s.with_proof(|p| p.without_claim(claim))
}

fn wrong() -> Vec<Case> {
    vec![
        P.attack(
            "proof-ath-other-token",
            Critical,
            "ath is the hash of another token",
            ATH.at("R53 R178 P17"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.access_token("another")),
        ),
        P.attack("proof-ath-hex", Medium, "ath in hexadecimal", ATH.at("R53"), PROOF_REFUSED, |s| {
            let hex: String =
                openssl::sha::sha256(s.token().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
            s.with_proof(|p| p.claim("ath", hex))
        }),
        P.attack("proof-ath-padded", Medium, "ath with padding", ATH.at("R53"), PROOF_REFUSED, |s| {
            let ath = format!("{}=", sha256_base64url(s.token()));
            s.with_proof(|p| p.claim("ath", ath))
        }),
        P.attack("proof-ath-empty", Critical, "ath is empty", ATH.at("R53 P17"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.claim("ath", ""))
        }),
        P.attack("proof-ath-null", Critical, "ath is null", ATH.at("R53 P17"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.claim("ath", json!(null)))
        }),
        P.attack(
            "proof-ath-array",
            Medium,
            "ath is an array with the right hash",
            ATH.at("R53"),
            PROOF_REFUSED,
            |s| {
                let ath = json!([sha256_base64url(s.token())]);
                s.with_proof(|p| p.claim("ath", ath))
            },
        ),
        P.attack("proof-jti-empty", Medium, "jti is empty", PROOF_CLAIMS.at("R42"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.jti(""))
        }),
        P.attack("proof-jti-number", Medium, "jti is a number", PROOF_CLAIMS.at("R42"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.claim("jti", 7))
        }),
        P.attack(
            "proof-claims-array",
            High,
            "the claims are an array",
            PROOF_JWT.at("R41 R116"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.raw_payload("[]")),
        ),
        P.attack(
            "proof-claims-no-json",
            High,
            "the claims are not JSON",
            PROOF_JWT.at("R41"),
            PROOF_REFUSED,
            |s| s.with_proof(|p| p.raw_payload("not json")),
        ),
    ]
}

fn extensions() -> Vec<Case> {
    vec![
        P.accept(
            "proof-extension-header",
            Medium,
            "a header parameter that nobody knows",
            EXTENSIONS.at("R55"),
            |s| s.with_proof(|p| p.header("tx_id", "1")),
        ),
        P.accept("proof-extension-claim", Medium, "a claim that nobody knows", EXTENSIONS.at("R55"), |s| {
            s.with_proof(|p| p.claim("tx_id", json!({"a": [1, null]})))
        }),
        P.accept(
            "proof-kid",
            Medium,
            "kid in the header, as HelseID's clients send it",
            EXTENSIONS.at("R45 R55"),
            |s| s.with_proof(|p| p.header("kid", "B427")),
        ),
        P.accept("proof-jwk-alg", Low, "alg, use and kid inside jwk", EXTENSIONS.at("R45 R55"), |s| {
            let key = s.cast().client.key();
            s.with_proof(|p| p.header("jwk", key.published_jwk("k")))
        }),
        P.accept("proof-jti-uuid", Medium, "jti is a UUID", EXTENSIONS.at("R55"), |s| {
            let random: String =
                crate::encoding::unique_id().chars().filter(char::is_ascii_alphanumeric).take(12).collect();
            s.with_proof(|p| p.jti(&format!("5a7d7f9c-3c9b-4f3a-9d0e-{random}")))
        }),
    ]
}
