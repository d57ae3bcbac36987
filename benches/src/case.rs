//! What is measured: calls of each kind, beside the raw verifications that they cannot do without.
//!
//! Each kind is measured for each algorithm whose raw verification it is held against. How the calls are made stands in
//! `fixture.rs`, how they are measured in `paired.rs`.

use fapi_core::jose::{Algorithm, JoseError};
use fapi_core::{Error, TargetMismatch};
use fapi_testkit::ProofBuilder;

use crate::fixture::{Fixture, Wrong};
use crate::{Call, Scenario};

/// The algorithms of FAPI 2.0: token and proof of a call are of the same one.
pub const ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ps256];
/// A refusal that needs no signature.
const REFUSAL: f64 = 0.03;
/// The default limits of a token and of a proof are 16 KiB and 8 KiB.
const OVERSIZED_TOKEN: usize = 17 * 1024;
const OVERSIZED_PROOF: usize = 9 * 1024;
/// HTTP servers let through request lines of about 64 kB, so this many pairs of a name and no value.
const PAIRS_OF_QUERY: usize = 30_000;

/// One kind of call.
pub struct Case {
    /// What it is called.
    pub name: String,
    /// What it is one of, for a table that shows only the worst of each group.
    pub group: Option<&'static str>,
    /// The algorithm of its floor.
    pub algorithm: Algorithm,
    /// How many raw verifications are its floor.
    pub floor: u32,
    /// How many times that floor it may cost; none where it is measured only to be known.
    pub target: Option<f64>,
    scenario: Box<dyn Fn(&Fixture) -> Scenario>,
}

impl Case {
    /// Every kind of call that is held against the raw verification of `algorithm`.
    #[must_use]
    pub fn all(algorithm: Algorithm) -> Vec<Self> {
        let mut cases = accepted(algorithm);
        if algorithm == Algorithm::Es256 {
            cases.extend(without_algorithm());
        }
        cases.extend(wrong_claims(algorithm));
        cases.extend(nonces_and_replays(algorithm));
        cases
    }

    /// The calls.
    #[must_use]
    pub fn scenario(&self, fixture: &Fixture) -> Scenario {
        (self.scenario)(fixture)
    }

    fn accepted(
        name: impl Into<String>,
        algorithm: Algorithm,
        floor: u32,
        target: f64,
        scenario: impl Fn(&Fixture) -> Scenario + 'static,
    ) -> Self {
        let name = name.into();
        Self { name, group: None, algorithm, floor, target: Some(target), scenario: Box::new(scenario) }
    }

    fn refused(
        group: &'static str,
        algorithm: Algorithm,
        name: impl Into<String>,
        scenario: impl Fn(&Fixture) -> Scenario + 'static,
    ) -> Self {
        let (name, group) = (name.into(), Some(group));
        Self { name, group, algorithm, floor: 1, target: Some(REFUSAL), scenario: Box::new(scenario) }
    }
}

fn accepted(algorithm: Algorithm) -> Vec<Case> {
    let warm = Case::accepted(format!("warm, {algorithm}"), algorithm, 1, 1.03, Fixture::warm);
    let cold = format!("cold token and key, {algorithm}");
    let cold = Case::accepted(cold, algorithm, 2, 1.06, Fixture::cold);
    // There is no proof, and so no algorithm: it is held against ES256 only.
    let certificate = (algorithm == Algorithm::Es256)
        .then(|| Case::accepted("warm, client certificate", algorithm, 1, 0.02, Fixture::certificate));
    [warm, cold].into_iter().chain(certificate).collect()
}

/// Calls that are refused before anything depends on an algorithm.
fn without_algorithm() -> Vec<Case> {
    const GARBAGE: &str = "refused: no, malformed or oversized credentials";
    let refused = |name: &str, call: fn(&Fixture) -> Call, error: Error| {
        let name = format!("refused: {name}");
        Case::refused(GARBAGE, Algorithm::Es256, name, move |fixture| {
            fixture.garbage(&call(fixture), error.clone())
        })
    };
    vec![
        refused("no credentials", |_| Call::default(), Error::CredentialsMissing),
        refused(
            "no credentials, the largest query",
            |_| Call::default().with_query("a&".repeat(PAIRS_OF_QUERY)),
            Error::CredentialsMissing,
        ),
        refused(
            "malformed header",
            |_| Call::with_authorization("DPoP not a token"),
            Error::CredentialsMalformed,
        ),
        refused("malformed token", Fixture::malformed_token, Error::TokenMalformed(JoseError::Json)),
        refused("malformed proof", Fixture::malformed_proof, Error::ProofMalformed(JoseError::Json)),
        refused(
            "malformed proof, largest",
            Fixture::largest_malformed_proof,
            Error::ProofMalformed(JoseError::Json),
        ),
        refused(
            "oversized token",
            |_| Call::with_authorization(format!("DPoP {}", "a".repeat(OVERSIZED_TOKEN))),
            Error::CredentialsTooLarge,
        ),
        refused(
            "oversized proof",
            |_| Call::with_proof("token", "a".repeat(OVERSIZED_PROOF)),
            Error::ProofTooLarge,
        ),
    ]
}

/// Each claim that is wrong, in a proof that is otherwise like others, as large as it may be, or of a key never seen.
fn wrong_claims(algorithm: Algorithm) -> Vec<Case> {
    const KINDS: [(&str, &str, Scenarios); 3] = [
        ("refused: wrong htm, htu, iat or ath", "", Fixture::wrong),
        ("refused: the same, largest token and proof", ", largest token and proof", Fixture::wrong_and_large),
        ("refused: the same, a key never seen", ", a key never seen", Fixture::wrong_of_strangers),
    ];
    let mut cases = Vec::new();
    for (group, suffix, scenario) in KINDS {
        for (claim, wrong) in WRONG {
            let name = format!("refused: {claim}{suffix}, {algorithm}");
            cases.push(Case::refused(group, algorithm, name, move |fixture| {
                scenario(fixture, &wrong(fixture))
            }));
        }
    }
    cases
}

type Scenarios = fn(&Fixture, &Wrong) -> Scenario;

type MakeWrong = fn(&Fixture) -> Wrong;

const WRONG: [(&str, MakeWrong); 4] = [
    ("wrong htm", |_| Wrong::new(|proof| proof.claim("htm", "POST"), Error::ProofMethod)),
    ("wrong htu", |_| {
        let url = "https://api.example.com/other";
        Wrong::new(move |proof| proof.claim("htu", url), Error::ProofTarget(TargetMismatch::Path))
    }),
    ("stale iat", |fixture| {
        let iat = fixture.setup.seconds_ago(100);
        Wrong::new(move |proof| proof.claim("iat", iat), Error::ProofTooOld { age_seconds: 100 })
    }),
    ("wrong ath", |_| {
        let ath = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";
        Wrong::new(move |proof| proof.claim("ath", ath), Error::ProofAccessTokenHash)
    }),
];

fn nonces_and_replays(algorithm: Algorithm) -> Vec<Case> {
    const NONCE: &str = "refused: a nonce that is stale or unknown";
    let nonce = |name: &str, nonce: fn(&Fixture) -> String| {
        let name = format!("refused: {name}, {algorithm}");
        Case::refused(NONCE, algorithm, name, move |fixture| {
            let nonce = nonce(fixture);
            let change = move |proof: ProofBuilder| proof.nonce(&nonce);
            fixture.wrong(&Wrong::new(change, Error::NonceUnknown))
        })
    };
    let replay = format!("refused: a replay, {algorithm}");
    let mut cases = vec![
        // Handed out by the same server at its start: to know that it is stale takes an HMAC for each period.
        nonce("stale nonce", |fixture| fixture.setup.stale_nonce()),
        nonce("unknown nonce", |_| "fUHyO2r2Z3DZ53EsNrWBbA".to_owned()),
        Case::refused("refused: a replay", algorithm, replay, Fixture::replayed),
    ];
    if algorithm == Algorithm::Es256 {
        let known = [
            ("refused: bad signature", Fixture::forged as fn(&Fixture) -> Scenario),
            ("refused: another key", Fixture::stolen),
        ];
        cases.extend(known.map(|(name, scenario)| Case {
            target: None,
            ..Case::refused("refused: after a signature", algorithm, name, scenario)
        }));
    }
    cases
}
