//! The token belongs to the key of the proof: R6, R54, R58, R89, P15, P16, P21, P47.

use serde_json::{Value, json};

use super::rules::{BOUND, CNF, NOT_BEARER, PROOF_KEY};
use crate::catalogue::case::Case;
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{BINDING_REFUSED, TOKEN_REFUSED, UNPROVED_REFUSED};
use crate::catalogue::group::Group::Binding as B;
use crate::catalogue::group::Need::{Issuer, MoreTokens, Proofs};
use crate::catalogue::group::Severity::{Critical, High, Low, Medium};
use crate::catalogue::scene::Scene;
use crate::encoding::sha256_base64url;

pub(super) fn cases() -> Vec<Case> {
    let about_proofs = stolen().into_iter().chain(confirmations_of_keys()).map(|case| case.needs(Proofs));
    let minted = unbound().into_iter().chain(confirmations()).map(|case| case.needs(Issuer));
    about_proofs.chain(minted).collect()
}

fn stolen() -> Vec<Case> {
    vec![
        B.attack(
            "stolen-token",
            Critical,
            "the token with a valid proof of another key",
            PROOF_KEY.at("R54 R178 P16"),
            BINDING_REFUSED,
            |s| s.dpop(s.token(), s.proof_of(&s.cast().thief, s.token()).sign()),
        ),
        B.attack(
            "stolen-token-claimed-kid",
            High,
            "the proof of another key, with the rightful thumbprint as kid",
            PROOF_KEY.at("R45 R54"),
            BINDING_REFUSED,
            |s| {
                let kid = s.cast().client.thumbprint();
                s.dpop(s.token(), s.proof_of(&s.cast().thief, s.token()).header("kid", kid).sign())
            },
        ),
        B.attack(
            "stolen-token-claimed-jkt",
            High,
            "the proof of another key, with the rightful thumbprint as a claim",
            PROOF_KEY.at("R54"),
            BINDING_REFUSED,
            |s| {
                let cnf = json!({"jkt": s.cast().client.thumbprint()});
                s.dpop(s.token(), s.proof_of(&s.cast().thief, s.token()).claim("cnf", cnf).sign())
            },
        ),
        B.attack(
            "other-clients-token",
            Critical,
            "the token of another client with the client's own proof",
            PROOF_KEY.at("R54 R178"),
            BINDING_REFUSED,
            |s| {
                let token = s.token_of(&s.cast().thief);
                s.with_token_text(&token)
            },
        )
        .needs(MoreTokens),
        B.attack(
            "bound-as-bearer",
            Critical,
            "a DPoP-bound token as Bearer",
            NOT_BEARER.at("R58 P15"),
            UNPROVED_REFUSED,
            |s| s.bearer(s.token()),
        ),
        B.attack(
            "bound-as-bearer-lower-case",
            Critical,
            "a DPoP-bound token as bearer, in lower case",
            NOT_BEARER.at("R27 R58 P15"),
            UNPROVED_REFUSED,
            |s| s.bare().header("Authorization", format!("bearer {}", s.token())),
        ),
        B.attack(
            "bound-as-bearer-with-proof",
            High,
            "a DPoP-bound token as Bearer, with a valid proof",
            NOT_BEARER.at("R58 R178 P15"),
            UNPROVED_REFUSED,
            |s| s.bearer(s.token()).header("DPoP", s.proof().sign()),
        ),
        B.attack(
            "bound-as-bearer-with-others-proof",
            Critical,
            "a DPoP-bound token as Bearer, with a proof of another key",
            NOT_BEARER.at("R58 R178 P15"),
            UNPROVED_REFUSED,
            |s| s.bearer(s.token()).header("DPoP", s.proof_of(&s.cast().thief, s.token()).sign()),
        ),
        B.attack(
            "bound-as-bearer-with-empty-proof",
            Critical,
            "a DPoP-bound token as Bearer, with an empty DPoP header",
            NOT_BEARER.at("R58 P15"),
            UNPROVED_REFUSED,
            |s| s.bearer(s.token()).header("DPoP", ""),
        ),
    ]
}

fn unbound() -> Vec<Case> {
    vec![
        B.attack(
            "unbound-with-proof",
            Critical,
            "a token without cnf, with a valid proof",
            BOUND.at("R6 R178"),
            BINDING_REFUSED,
            |s| {
                let token = s.unbound().sign();
                s.with_token_text(&token)
            },
        )
        .needs(Proofs),
        B.attack(
            "unbound-as-bearer",
            Critical,
            "a token without cnf as Bearer",
            BOUND.at("R6 P15"),
            UNPROVED_REFUSED,
            |s| s.bearer(&s.unbound().sign()),
        ),
        B.attack(
            "unbound-as-bearer-with-proof",
            High,
            "a token without cnf as Bearer, with a valid proof",
            BOUND.at("R6"),
            UNPROVED_REFUSED,
            |s| {
                let token = s.unbound().sign();
                s.bearer(&token).header("DPoP", s.proof_of(&s.cast().client, &token).sign())
            },
        )
        .needs(Proofs),
        B.attack(
            "jkt-at-top",
            High,
            "the confirmation as a claim of its own, and no cnf",
            CNF.at("R54 R89"),
            BINDING_REFUSED,
            |s| {
                let (method, value) = s.confirmation();
                s.with_token_text(&s.unbound().claim(method, value).sign())
            },
        ),
    ]
}

/// A request whose token has this `cnf`.
fn cnf(s: &Scene, value: impl Into<Value>) -> Call {
    s.with_token(|t| t.claim("cnf", value))
}

fn confirmations() -> Vec<Case> {
    let refused = |id, severity, title, call| {
        B.attack(id, severity, title, CNF.at("R54 R89 P21"), BINDING_REFUSED, call)
    };
    vec![
        refused("cnf-null", Critical, "cnf is null", |s| cnf(s, json!(null))),
        refused("cnf-text", High, "cnf is the thumbprint itself", |s| cnf(s, s.confirmation().1)),
        refused("cnf-empty", Critical, "cnf is empty", |s| cnf(s, json!({}))),
        refused("cnf-array", High, "cnf is an array", |s| {
            let (method, value) = s.confirmation();
            cnf(s, json!([{method: value}]))
        }),
        B.accept("cnf-more-members", Low, "cnf has a member that nobody knows", CNF.at("R89 P21"), |s| {
            let (method, value) = s.confirmation();
            cnf(s, json!({method: value, "https://example.com/x": {"a": 1}}))
        }),
    ]
}

fn confirmations_of_keys() -> Vec<Case> {
    let refused = |id, severity, title, call| {
        B.attack(id, severity, title, CNF.at("R54 R89 P21"), BINDING_REFUSED, call)
    };
    let cases = vec![
        refused("jkt-empty", Critical, "jkt is empty", |s| cnf(s, json!({"jkt": ""}))),
        refused("jkt-null", Critical, "jkt is null", |s| cnf(s, json!({"jkt": null}))),
        refused("jkt-number", High, "jkt is a number", |s| cnf(s, json!({"jkt": 7}))),
        refused("jkt-array", High, "jkt is an array of the thumbprint", |s| {
            cnf(s, json!({"jkt": [s.cast().client.thumbprint()]}))
        }),
        refused("jkt-padded", Medium, "jkt with padding", |s| {
            cnf(s, json!({"jkt": format!("{}=", s.cast().client.thumbprint())}))
        }),
        refused("jkt-prefix", Critical, "jkt is the beginning of the thumbprint", |s| {
            let short: String = s.cast().client.thumbprint().chars().take(8).collect();
            cnf(s, json!({"jkt": short}))
        }),
        refused("jkt-case", High, "jkt in lower case", |s| {
            cnf(s, json!({"jkt": s.cast().client.thumbprint().to_ascii_lowercase()}))
        }),
        refused("jkt-of-key-bytes", Medium, "jkt is another hash of the key than RFC 7638", |s| {
            let jwk = s.cast().client.key().public_jwk().to_string();
            cnf(s, json!({"jkt": sha256_base64url(format!(" {jwk}"))}))
        }),
        refused("cnf-jwk", Medium, "cnf has the key itself in place of jkt", |s| {
            cnf(s, json!({"jwk": s.cast().client.key().public_jwk()}))
        }),
        refused("cnf-kid", High, "cnf has the thumbprint as kid in place of jkt", |s| {
            cnf(s, json!({"kid": s.cast().client.thumbprint()}))
        }),
        B.attack(
            "cnf-key-and-certificate",
            High,
            "cnf names the key and a certificate, which is not shown",
            CNF.at("R89 P21"),
            TOKEN_REFUSED,
            |s| {
                let other = s.cast().certificate.der();
                s.with_token(|t| t.bound_to_certificate(other))
            },
        ),
        B.attack(
            "cnf-certificate-only",
            Critical,
            "cnf names a certificate only, with a valid proof",
            CNF.at("R54 R89"),
            BINDING_REFUSED,
            |s| {
                let token = s.unbound().bound_to_certificate(s.cast().certificate.der()).sign();
                s.with_token_text(&token)
            },
        ),
    ];
    cases.into_iter().map(|case| case.needs(Issuer)).collect()
}
