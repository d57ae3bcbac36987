//! Requests that are wrong in one way, and some that are unusual and right.

use std::time::Duration;

use fapi_core::UnixTime;
use fapi_core::jose::Algorithm;
use fapi_testkit::{ProofBuilder, SigningKey, TestClient, TokenBuilder};
use serde::Serialize;
use serde_json::json;

use crate::party::Party;

const HOUR: Duration = Duration::from_secs(3600);

/// One request, sent to a server that has seen none before.
#[derive(Serialize)]
pub(crate) struct Case {
    /// What is special about it.
    name: &'static str,
    /// Where it says what a server does with it.
    clause: &'static str,
    /// Whether it is right.
    valid: bool,
    /// How often it is sent; the answer to the last one counts.
    times: u32,
    scheme: &'static str,
    token: String,
    proof: Option<String>,
}

impl Case {
    fn wrong((name, clause): (&'static str, &'static str), token: &str, proof: ProofBuilder) -> Self {
        let (token, proof) = (token.to_owned(), Some(proof.sign()));
        Self { name, clause, valid: false, times: 1, scheme: "DPoP", token, proof }
    }

    fn valid(self) -> Self {
        Self { valid: true, ..self }
    }
}

/// All of them.
pub(crate) fn all(party: &Party) -> Vec<Case> {
    let mut cases = presentation(party);
    cases.extend(proof_claims(party));
    cases.extend(targets(party));
    cases.extend(proof_headers(party));
    cases.extend(algorithms(party));
    cases.extend(tokens(party));
    cases
}

/// What is sent, and how often.
fn presentation(party: &Party) -> Vec<Case> {
    let token = party.token().sign();
    let proof = || party.proof(&token);
    let thief = TestClient::new();
    vec![
        Case::wrong(("(valid)", "RFC 9449 §4.3"), &token, proof()).valid(),
        Case { times: 2, ..Case::wrong(("replay", "RFC 9449 §11.1"), &token, proof()) },
        Case { proof: None, ..Case::wrong(("no proof", "RFC 9449 §7.1"), &token, proof()) },
        Case {
            scheme: "Bearer",
            proof: None,
            ..Case::wrong(("bound token as Bearer", "RFC 9449 §7.2"), &token, proof())
        },
        Case::wrong(
            ("key binding (cnf.jkt)", "RFC 9449 §4.3 (12b)"),
            &token,
            Party::proof_of(&thief, &token),
        ),
        Case::wrong(("proof signature", "RFC 9449 §4.3 (6)"), &token, proof().with_flipped_signature()),
    ]
}

/// Claims of the proof, but for `htu`.
fn proof_claims(party: &Party) -> Vec<Case> {
    let token = party.token().sign();
    let of = |name, change: &dyn Fn(ProofBuilder) -> ProofBuilder| {
        Case::wrong(name, &token, change(party.proof(&token)))
    };
    let at = |time: UnixTime| move |proof: ProofBuilder| proof.issued_at(time);
    vec![
        of(("ath missing", "RFC 9449 §4.3 (12a)"), &|proof| proof.without_claim("ath")),
        of(("ath of another token", "RFC 9449 §4.3 (12a)"), &|proof| proof.access_token("another")),
        of(("htm", "RFC 9449 §4.3 (8)"), &|proof| proof.claim("htm", "POST")),
        of(("htm in lower case", "RFC 9449 §4.3 (8), RFC 9110 §9.1"), &|proof| proof.claim("htm", "get")),
        of(("iat an hour old", "RFC 9449 §4.3 (11)"), &at(party.now.saturating_sub(HOUR))),
        of(("iat an hour ahead", "RFC 9449 §4.3 (11)"), &at(party.now.saturating_add(HOUR))),
        of(("iat missing", "RFC 9449 §4.3 (3)"), &|proof| proof.without_claim("iat")),
        of(("jti missing", "RFC 9449 §4.3 (3)"), &|proof| proof.without_claim("jti")),
        of(("jti of 4,000 characters", "RFC 9449 §11.1, for servers that store it"), &|proof| {
            proof.jti(&"a".repeat(4000))
        }),
        of(("nonce that was never issued", "RFC 9449 §4.3 (10), for servers that issue nonces"), &|proof| {
            proof.nonce("never-issued")
        }),
        of(("unknown claim and parameter", "RFC 9449 §4.2"), &|proof| {
            proof.claim("x-unknown", "x").header("x-unknown", "x")
        })
        .valid(),
    ]
}

/// The `htu` of the proof, for a request to `https://api.example.com/records`.
fn targets(party: &Party) -> Vec<Case> {
    let token = party.token().sign();
    let of = |name, htu: &str| Case::wrong(name, &token, party.proof(&token).claim("htu", htu));
    let (matching, path) = ("RFC 9449 §4.3 (9)", "RFC 9449 §4.3 (9), RFC 3986 §6.2");
    let normalised = "RFC 9449 §4.3: servers SHOULD normalise";
    vec![
        of(("htu: path", matching), "https://api.example.com/other"),
        of(("htu: host", matching), "https://other.example.com/records"),
        of(("htu: scheme", matching), "http://api.example.com/records"),
        of(("htu: doubled slash", path), "https://api.example.com//records"),
        of(("htu: slash at the end", path), "https://api.example.com/records/"),
        of(("htu: query and fragment", matching), "https://api.example.com/records?a=1#b").valid(),
        of(("htu: case and default port", normalised), "HTTPS://API.Example.com:443/records").valid(),
        of(("htu: escaped letter", normalised), "https://api.example.com/%72ecords").valid(),
    ]
}

/// Header parameters of the proof.
fn proof_headers(party: &Party) -> Vec<Case> {
    let token = party.token().sign();
    let of = |name, change: &dyn Fn(ProofBuilder) -> ProofBuilder| {
        Case::wrong(name, &token, change(party.proof(&token)))
    };
    vec![
        of(("typ of the proof", "RFC 9449 §4.3 (4)"), &|proof| proof.header("typ", "JWT")),
        of(("typ of the proof missing", "RFC 9449 §4.3 (4)"), &|proof| proof.without_header("typ")),
        of(("private key in jwk", "RFC 9449 §4.3 (7)"), &|proof| {
            proof.header("jwk", party.client.key().private_jwk())
        }),
        of(("unknown crit", "RFC 7515 §4.1.11"), &|proof| {
            proof.header("crit", json!(["x"])).header("x", true)
        }),
    ]
}

/// FAPI 2.0 Security Profile §5.4.1 allows PS256, ES256 and EdDSA with Ed25519.
fn algorithms(party: &Party) -> Vec<Case> {
    let of = |name, algorithm| {
        let client = TestClient::with_key(SigningKey::generate(algorithm));
        let token = party.token_of(&client).sign();
        let proof = Party::proof_of(&client, &token);
        Case::wrong(name, &token, proof)
    };
    let token = party.token().sign();
    let unsigned = party.proof(&token).header("alg", "none").sign_with(|_| Vec::new());
    vec![
        Case {
            proof: Some(unsigned),
            ..Case::wrong(("alg none", "RFC 9449 §4.3 (5)"), &token, party.proof(&token))
        },
        of(("proof alg RS256", "FAPI 2.0 Security Profile §5.4.1"), Algorithm::Rs256),
        of(("proof alg ES384", "FAPI 2.0 Security Profile §5.4.1"), Algorithm::Es384),
        of(("proof alg PS256", "FAPI 2.0 Security Profile §5.4.1"), Algorithm::Ps256).valid(),
        of(("proof alg EdDSA", "FAPI 2.0 Security Profile §5.4.1"), Algorithm::EdDsa).valid(),
    ]
}

/// Tokens, each with a proof that is right for it.
fn tokens(party: &Party) -> Vec<Case> {
    let of = |name, token: TokenBuilder| {
        let token = token.sign();
        let proof = party.proof(&token);
        Case::wrong(name, &token, proof)
    };
    let foreign = SigningKey::generate(party.issuer.key().algorithm());
    let past = party.now.saturating_sub(HOUR.saturating_mul(2));
    vec![
        of(("token signature", "RFC 9068 §4"), party.token().signed_by(&foreign)),
        of(("token typ", "RFC 9068 §4"), party.token().header("typ", "JWT")),
        of(("token iss", "RFC 9068 §4"), party.token().claim("iss", "https://other.example.com")),
        of(("token aud", "RFC 9068 §4"), party.token().audience("https://other.example.com")),
        of(("token exp", "RFC 9068 §4"), party.token().issued_at(past)),
        of(("token exp missing", "RFC 9068 §2.2"), party.token().without_claim("exp")),
        of(("token without cnf", "RFC 9449 §7.1"), party.unbound_token()),
    ]
}
