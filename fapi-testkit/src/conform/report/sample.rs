//! Reports for the tests of the writers: a realistic one, and one whose every text is hostile.

use std::time::Duration;

use serde_json::{Value, json};

use super::{DecodedJwt, Exchange, Outcome, Received, Report, Sent, Summary, TestedApi, Verdict};
use crate::catalogue::{Case, Group, Kind, Profile, Rule, Severity};

/// Ends texts, attributes, elements, comments, sections, table cells, lines and code in every format.
pub(in crate::conform) const HOSTILE: &str = "<script>alert(1)</script>\"'`|\\|]]>--><!--</td></pre></style></title>&amp;&#x0;\0\u{1b}[31m\u{7f}\
     \u{85}\u{202e}\u{2028}\u{ffff}\r\n| a | b |\n# @everyone #1 [x](javascript:y) ![i](http://evil.example/) ```\n\n<?x";

/// A run with failures, passed cases and skipped ones.
pub(in crate::conform) fn failing() -> Report {
    of([failures(), passes(), skips()].concat())
}

/// A run without failures.
pub(in crate::conform) fn passing() -> Report {
    of([passes(), skips()].concat())
}

/// A report in which each text is this one.
pub(super) fn all_texts(text: &'static str) -> Report {
    let case = Case {
        id: text,
        title: text,
        rule: Rule { clause: text, says: text, numbers: text },
        ..case("", Group::Proof, Severity::Critical, "", "RFC 9449 §4.3 (9)", "")
    };
    let jwt = || DecodedJwt { header: json!({ text: text }), claims: json!([text, { text: [text] }]) };
    let headers = || vec![(text.to_owned(), text.to_owned()), (text.to_owned(), text.to_owned())];
    let answered = Exchange {
        sent: Sent {
            method: text.to_owned(),
            target: text.to_owned(),
            headers: headers(),
            token: Some(jwt()),
            proofs: vec![jwt(), jwt()],
        },
        received: Ok(Received { status: 999, headers: headers() }),
    };
    let unanswered = Exchange { received: Err(text.to_owned()), ..answered.clone() };
    let outcome = |verdict| Outcome {
        expected: text.to_owned(),
        exchanges: vec![answered.clone(), unanswered.clone()],
        ..outcome(case.clone(), verdict, vec![])
    };
    let mut report = of(vec![
        outcome(Verdict::Failed { severity: Severity::Critical, why: text.to_owned() }),
        outcome(Verdict::Failed { severity: Severity::Low, why: text.to_owned() }),
        outcome(Verdict::Passed),
        outcome(Verdict::Skipped { why: text.to_owned() }),
    ]);
    for field in [
        &mut report.target.address,
        &mut report.target.public_url,
        &mut report.target.method,
        &mut report.target.path,
        &mut report.target.audience,
        &mut report.target.credentials,
    ] {
        text.clone_into(field);
    }
    Report { version: text, ..report }
}

/// A report of these outcomes.
pub(super) fn of(outcomes: Vec<Outcome>) -> Report {
    Report {
        version: "0.1.0",
        target: TestedApi {
            address: "http://127.0.0.1:8080".to_owned(),
            public_url: "https://api.example.com".to_owned(),
            method: "GET".to_owned(),
            path: "/whoami".to_owned(),
            audience: "https://api.example.com".to_owned(),
            credentials: "an issuer of the run's own, http://127.0.0.1:9000".to_owned(),
            nonces: false,
        },
        profile: Profile::Fapi2,
        started: 1_750_000_000,
        duration: Duration::from_millis(12_340),
        summary: Summary::of(&outcomes),
        outcomes,
    }
}

fn failures() -> Vec<Outcome> {
    let failed = |severity, why: &str| Verdict::Failed { severity, why: why.to_owned() };
    let other_host = exchange("https://evil.example/whoami", 200, None);
    let second = Exchange { sent: other_host.sent.clone(), received: Ok(received(200, None)) };
    vec![
        outcome(
            case(
                "scheme-unknown",
                Group::Credentials,
                Severity::Critical,
                "a valid token under a scheme that does not exist",
                "RFC 6750 §3.1",
                "a request without any credentials should not be told an error code",
            ),
            failed(Severity::Low, "refused, but with the error code invalid_token"),
            vec![exchange(URL, 401, Some("invalid_token"))],
        ),
        outcome(
            case(
                "htu-other-host",
                Group::Target,
                Severity::Critical,
                "htu with another host",
                "RFC 9449 §4.3 (9)",
                "htu is the URI of the request, ignoring query and fragment; both should be normalised before",
            ),
            failed(Severity::Critical, "the request was served"),
            vec![other_host],
        ),
        outcome(
            case(
                "replay-second-use",
                Group::Replay,
                Severity::Critical,
                "the same proof twice",
                "RFC 9449 §11.1",
                "a proof is used once: its jti is remembered while the proof is acceptable",
            ),
            failed(Severity::Critical, "the second request was served"),
            vec![exchange(URL, 200, None), second],
        ),
        outcome(
            case(
                "header-of-100-kib",
                Group::Limits,
                Severity::Medium,
                "a token of 100 KiB",
                "RFC 9110 §5.4",
                "a server bounds what it reads, and answers what is larger with a 4xx",
            ),
            failed(Severity::Medium, "the connection was closed without an answer"),
            vec![Exchange { sent: sent(URL), received: Err("connection reset by peer".to_owned()) }],
        ),
    ]
}

fn passes() -> Vec<Outcome> {
    let refused = || vec![exchange(URL, 401, Some("invalid_dpop_proof"))];
    let token = "typ is at+jwt or application/at+jwt; anything else is refused";
    let accepted = Case {
        kind: Kind::Acceptance,
        ..case(
            "valid",
            Group::Credentials,
            Severity::High,
            "a valid request",
            "FAPI 2.0 SP §5.3.4-1",
            "tokens in the Authorization header are accepted",
        )
    };
    vec![
        outcome(accepted, Verdict::Passed, vec![exchange(URL, 200, None)]),
        outcome(
            case("typ-missing", Group::Token, Severity::High, "a token without typ", "RFC 9068 §4", token),
            Verdict::Passed,
            refused(),
        ),
        outcome(
            case("typ-jwt", Group::Token, Severity::Medium, "a token with typ JWT", "RFC 9068 §4", token),
            Verdict::Passed,
            refused(),
        ),
        outcome(
            case(
                "htm-post",
                Group::Target,
                Severity::High,
                "htm POST for a GET",
                "RFC 9449 §4.3 (8)",
                "htm is the method of the request",
            ),
            Verdict::Passed,
            refused(),
        ),
        outcome(
            case(
                "jti-missing",
                Group::Proof,
                Severity::High,
                "a proof without jti",
                "RFC 9449 §4.3 (3)",
                "all required claims of §4.2 are contained",
            ),
            Verdict::Passed,
            refused(),
        ),
    ]
}

fn skips() -> Vec<Outcome> {
    let says = "a proof without the nonce is answered with 401, use_dpop_nonce and one DPoP-Nonce";
    let skipped = |why: &str| Verdict::Skipped { why: why.to_owned() };
    vec![
        outcome(
            case(
                "nonce-missing",
                Group::Nonce,
                Severity::High,
                "a proof without the nonce",
                "RFC 9449 §9",
                says,
            ),
            skipped("the API has not handed out a DPoP-Nonce"),
            vec![],
        ),
        outcome(
            case(
                "certificate-other",
                Group::Mtls,
                Severity::Critical,
                "a token bound to another certificate",
                "RFC 8705 §3",
                "a certificate-bound token is accepted only over a connection with that certificate",
            ),
            skipped("needs a client certificate on the connection"),
            vec![],
        ),
    ]
}

const URL: &str = "https://api.example.com/whoami";

fn case(
    id: &'static str,
    group: Group,
    severity: Severity,
    title: &'static str,
    clause: &'static str,
    says: &'static str,
) -> Case {
    let rule = Rule { clause, says, numbers: "R48 P24" };
    let kind = Kind::Attack;
    Case {
        id,
        group,
        kind,
        severity,
        title,
        rule,
        needs: vec![],
        given: vec![],
        unless: vec![],
        steps: vec![],
    }
}

fn outcome(case: Case, verdict: Verdict, exchanges: Vec<Exchange>) -> Outcome {
    Outcome {
        case: Box::leak(Box::new(case)),
        expected: "401 with the error invalid_dpop_proof or invalid_token".to_owned(),
        verdict,
        exchanges,
        duration: Duration::from_millis(12),
    }
}

fn exchange(htu: &str, status: u16, error: Option<&str>) -> Exchange {
    Exchange { sent: sent(htu), received: Ok(received(status, error)) }
}

fn sent(htu: &str) -> Sent {
    let fields = [
        ("Host", "api.example.com"),
        ("Authorization", "DPoP ‹access token›"),
        ("DPoP", "‹proof 1›"),
        ("Accept", "application/json"),
    ];
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"});
    let claims: Value = json!({"iss": "http://127.0.0.1:9000", "aud": "https://api.example.com", "sub": "user-1", "client_id": "client-1", "iat": 1_750_000_000, "exp": 1_750_000_300, "jti": "t-1", "scope": "read", "cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}});
    Sent {
        method: "GET".to_owned(),
        target: "/whoami".to_owned(),
        headers: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        token: Some(DecodedJwt { header: json!({"typ": "at+jwt", "alg": "ES256", "kid": "key-1"}), claims }),
        proofs: vec![DecodedJwt {
            header: json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}),
            claims: json!({"htm": "GET", "htu": htu, "iat": 1_750_000_000, "jti": "e1j3V_bKic8-LAEB", "ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"}),
        }],
    }
}

fn received(status: u16, error: Option<&str>) -> Received {
    let mut headers = vec![("date".to_owned(), "Sun, 15 Jun 2025 15:06:40 GMT".to_owned())];
    match error {
        Some(error) => {
            let challenge = format!("DPoP error=\"{error}\", algs=\"ES256 PS256 EdDSA\"");
            headers.push(("www-authenticate".to_owned(), challenge));
        }
        None => headers.push(("content-type".to_owned(), "application/json".to_owned())),
    }
    headers.push(("cache-control".to_owned(), "no-store".to_owned()));
    Received { status, headers }
}
