//! What is measured: calls of each kind, beside the raw verifications that they cannot do without.
//!
//! How it is measured stands in `paired.rs`.

use fapi_core::jose::Algorithm;
use fapi_core::{Error, TargetMismatch};
use fapi_testkit::{ProofBuilder, TestClient};

use crate::{Call, RawVerification, Scenario, Setup};

/// Proofs and cold clients made ahead of time for one server.
const CALLS: usize = 4096;
/// Proofs of other clients that a server remembers: those of the last 60 s at 4,000 a second.
const REMEMBERED: u64 = 240_000;
/// The default limit of a token is 16 KiB.
const OVERSIZED: usize = 17 * 1024;
/// A refusal that needs no signature.
const REFUSAL: f64 = 0.03;
/// A request whose token and key were seen before.
const WARM: f64 = 1.03;

/// One kind of call.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What it is called.
    pub name: &'static str,
    /// How many raw verifications are its floor.
    pub floor: u32,
    /// How many times that floor it may cost; none where it is measured only to be known.
    pub target: Option<f64>,
    /// Makes the calls.
    pub scenario: fn(&Fixture) -> Scenario,
}

/// Every kind of call that is measured.
pub const CASES: [Case; 16] = [
    Case {
        name: "warm, ES256",
        floor: 1,
        target: Some(WARM),
        scenario: |fixture| fixture.warm(Algorithm::Es256),
    },
    Case {
        name: "warm, EdDSA",
        floor: 1,
        target: Some(WARM),
        scenario: |fixture| fixture.warm(Algorithm::EdDsa),
    },
    Case {
        name: "warm, PS256",
        floor: 1,
        target: Some(WARM),
        scenario: |fixture| fixture.warm(Algorithm::Ps256),
    },
    Case {
        name: "cold token and key, ES256 and ES256",
        floor: 2,
        target: Some(1.06),
        scenario: Fixture::cold,
    },
    Case { name: "warm, client certificate", floor: 1, target: Some(0.02), scenario: Fixture::certificate },
    Case {
        name: "refused: no credentials",
        floor: 1,
        target: Some(REFUSAL),
        scenario: |fixture| fixture.garbage(&Call::default(), Error::CredentialsMissing),
    },
    Case {
        name: "refused: malformed header",
        floor: 1,
        target: Some(REFUSAL),
        scenario: |fixture| {
            fixture.garbage(&Call::with_authorization("DPoP not a token"), Error::CredentialsMalformed)
        },
    },
    Case {
        name: "refused: oversized token",
        floor: 1,
        target: Some(REFUSAL),
        scenario: |fixture| {
            let line = format!("DPoP {}", "a".repeat(OVERSIZED));
            fixture.garbage(&Call::with_authorization(line), Error::CredentialsTooLarge)
        },
    },
    Case {
        name: "refused: wrong htm",
        floor: 1,
        target: Some(REFUSAL),
        scenario: |fixture| fixture.wrong(|proof| proof.claim("htm", "POST"), &Error::ProofMethod),
    },
    Case {
        name: "refused: wrong htu",
        floor: 1,
        target: Some(REFUSAL),
        scenario: |fixture| {
            let url = "https://api.example.com/other";
            fixture.wrong(|proof| proof.claim("htu", url), &Error::ProofTarget(TargetMismatch::Path))
        },
    },
    Case {
        name: "refused: stale iat",
        floor: 1,
        target: Some(REFUSAL),
        scenario: |fixture| {
            let iat = fixture.setup.seconds_ago(100);
            fixture.wrong(|proof| proof.claim("iat", iat), &Error::ProofTooOld { age_seconds: 100 })
        },
    },
    Case {
        name: "refused: wrong ath",
        floor: 1,
        target: Some(REFUSAL),
        scenario: |fixture| {
            let ath = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";
            fixture.wrong(|proof| proof.claim("ath", ath), &Error::ProofAccessTokenHash)
        },
    },
    Case {
        name: "refused: unknown nonce",
        floor: 1,
        target: Some(REFUSAL),
        scenario: |fixture| fixture.wrong(|proof| proof.nonce("unknown"), &Error::NonceUnknown),
    },
    Case { name: "refused: bad signature", floor: 1, target: None, scenario: Fixture::forged },
    Case { name: "refused: replay", floor: 1, target: None, scenario: Fixture::replayed },
    Case { name: "refused: another key", floor: 1, target: None, scenario: Fixture::stolen },
];

/// Makes the requests of each scenario, once it is known that the scenario runs.
#[derive(Debug)]
pub struct Fixture {
    /// Issuer, clock and servers.
    pub setup: Setup,
    calls: usize,
}

impl Fixture {
    /// Thousands of calls for a measurement, or a few to see that each scenario runs.
    #[must_use]
    pub fn new(measuring: bool) -> Self {
        let (calls, remembered) = if measuring { (CALLS, REMEMBERED) } else { (4, 0) };
        Self { setup: Setup::new(remembered), calls }
    }

    /// Token and key were seen before; every proof is new.
    fn warm(&self, algorithm: Algorithm) -> Scenario {
        let (client, first, calls) = self.client_with_calls(algorithm);
        let raw = RawVerification::of(&client, &calls);
        Scenario::new(algorithm, calls, Ok(()), raw).after([first])
    }

    /// Every call has a new token, bound to a new key.
    fn cold(&self) -> Scenario {
        let call = || {
            let client = self.setup.client(Algorithm::Es256);
            self.setup.call(&client, &self.setup.token(&client))
        };
        self.scenario((0..self.calls).map(|_| call()), Ok(()))
    }

    fn certificate(&self) -> Scenario {
        let call = self.setup.certificate_call();
        self.scenario(self.repeat(&call), Ok(())).after([call])
    }

    fn garbage(&self, call: &Call, error: Error) -> Scenario {
        self.scenario(self.repeat(call), Err(error))
    }

    /// A known token and a known key, but the signatures are others.
    fn forged(&self) -> Scenario {
        let client = self.setup.client(Algorithm::Es256);
        let token = self.setup.token(&client);
        let forged = (0..self.calls).map(|_| self.setup.forged_call(&client, &token));
        self.scenario(forged, Err(Error::ProofSignature)).after([self.setup.call(&client, &token)])
    }

    /// A known token and a known key, and proofs that are wrong in one claim, which is found before any signature.
    fn wrong(&self, change: impl Fn(ProofBuilder) -> ProofBuilder, error: &Error) -> Scenario {
        let client = self.setup.client(Algorithm::Es256);
        let token = self.setup.token(&client);
        let call = |_| Call::with_proof(&token, change(self.setup.proof(&client, &token)).sign());
        let scenario = self.scenario((0..self.calls).map(call), Err(error.clone()));
        scenario.after([self.setup.call(&client, &token)])
    }

    /// A known token with proofs of a key that it is not bound to.
    fn stolen(&self) -> Scenario {
        let (client, thief) = (self.setup.client(Algorithm::Es256), self.setup.client(Algorithm::Es256));
        let token = self.setup.token(&client);
        let calls = (0..self.calls).map(|_| self.setup.call(&thief, &token));
        self.scenario(calls, Err(Error::KeyBinding)).after([self.setup.call(&client, &token)])
    }

    fn replayed(&self) -> Scenario {
        let (_, _, calls) = self.client_with_calls(Algorithm::Es256);
        self.scenario(calls.clone(), Err(Error::ProofReplayed)).after(calls)
    }

    /// A scenario whose floor are ES256 verifications of another client's proofs.
    fn scenario(&self, calls: impl IntoIterator<Item = Call>, expected: Result<(), Error>) -> Scenario {
        let (client, _, other_calls) = self.client_with_calls(Algorithm::Es256);
        let raw = RawVerification::of(&client, &other_calls);
        Scenario::new(Algorithm::Es256, calls.into_iter().collect(), expected, raw)
    }

    /// A new client, its first call, and those that follow with the same token.
    fn client_with_calls(&self, algorithm: Algorithm) -> (TestClient, Call, Vec<Call>) {
        let client = self.setup.client(algorithm);
        let token = self.setup.token(&client);
        let call = || self.setup.call(&client, &token);
        let (first, calls) = (call(), (0..self.calls).map(|_| call()).collect());
        (client, first, calls)
    }

    fn repeat(&self, call: &Call) -> Vec<Call> {
        vec![call.clone(); self.calls]
    }
}
