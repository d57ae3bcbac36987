//! Makes the calls of each kind: what the server knows of them, and what is wrong with them.

use std::iter;
use std::sync::OnceLock;

use fapi_core::jose::Algorithm;
use fapi_core::{Error, Profile};
use fapi_testkit::{ProofBuilder, TestClient};

use crate::{Call, RawVerification, Scenario, Setup};

/// Proofs and cold clients made ahead of time for one server.
const CALLS: usize = 4096;
/// The same where a signature takes the better part of a millisecond to make.
const RSA_CALLS: usize = 512;
/// Clients with keys of their own where a key takes a tenth of a second to make.
const RSA_CLIENTS: usize = 64;
/// Proofs of other clients that a server remembers: those of the last 60 s at 4,000 a second.
const REMEMBERED: u64 = 240_000;

/// Makes the requests of each scenario, once it is known that the scenario runs.
#[derive(Debug)]
pub struct Fixture {
    /// Issuer, clock and servers.
    pub setup: Setup,
    algorithm: Algorithm,
    calls: usize,
    clients: usize,
    /// Made when a scenario needs them.
    strangers: OnceLock<Vec<TestClient>>,
}

/// What is wrong with a proof that is refused before its signature is looked at.
pub(crate) struct Wrong {
    change: Box<dyn Fn(ProofBuilder) -> ProofBuilder>,
    error: Error,
}

impl Wrong {
    /// This change, for which a proof is refused with this error.
    pub(crate) fn new(change: impl Fn(ProofBuilder) -> ProofBuilder + 'static, error: Error) -> Self {
        Self { change: Box::new(change), error }
    }
}

impl Fixture {
    /// Calls whose tokens and proofs are of this algorithm: thousands for a measurement, or a few to see that each scenario
    /// runs.
    #[must_use]
    pub fn new(algorithm: Algorithm, measuring: bool) -> Self {
        let (calls, clients, remembered) = match (measuring, algorithm) {
            (false, _) => (4, 2, 0),
            (true, Algorithm::Ps256) => (RSA_CALLS, RSA_CLIENTS, REMEMBERED),
            (true, _) => (CALLS, CALLS, REMEMBERED),
        };
        let setup = Setup::signing_with(algorithm, remembered);
        Self { setup, algorithm, calls, clients, strangers: OnceLock::new() }
    }

    /// Token and key were seen before; every proof is new.
    pub(crate) fn warm(&self) -> Scenario {
        let (client, first, calls) = self.client_with_calls();
        let raw = RawVerification::of(&client, &calls);
        Scenario::new(calls, Ok(()), raw).after([first])
    }

    /// Every call has a new token, bound to a new key.
    pub(crate) fn cold(&self) -> Scenario {
        let call = |client| self.setup.call(client, &self.setup.token(client));
        self.scenario(self.strangers().iter().map(call), Ok(()))
    }

    pub(crate) fn certificate(&self) -> Scenario {
        let call = self.setup.certificate_call();
        self.scenario(self.repeat(&call), Ok(())).after([call])
    }

    /// The same call again and again, which is refused with `error`.
    pub(crate) fn garbage(&self, call: &Call, error: Error) -> Scenario {
        self.scenario(self.repeat(call), Err(error))
    }

    /// A known token and a known key, but the signatures are others.
    pub(crate) fn forged(&self) -> Scenario {
        let (client, token) = self.client_with_token();
        let forged =
            |_| Call::with_proof(&token, self.setup.proof(&client, &token).with_flipped_signature().sign());
        let scenario = self.scenario((0..self.calls).map(forged), Err(Error::ProofSignature));
        scenario.after([self.setup.call(&client, &token)])
    }

    /// A known token with proofs of a key that it is not bound to.
    pub(crate) fn stolen(&self) -> Scenario {
        let (client, token) = self.client_with_token();
        let thief = self.setup.client(self.algorithm);
        let calls = (0..self.calls).map(|_| self.setup.call(&thief, &token));
        self.scenario(calls, Err(Error::KeyBinding)).after([self.setup.call(&client, &token)])
    }

    pub(crate) fn replayed(&self) -> Scenario {
        let (_, _, calls) = self.client_with_calls();
        self.scenario(calls.clone(), Err(Error::ProofReplayed)).after(calls)
    }

    /// A known token and a known key, and proofs that are wrong in one claim.
    pub(crate) fn wrong(&self, wrong: &Wrong) -> Scenario {
        let (client, token) = self.client_with_token();
        let call = |_| Call::with_proof(&token, (wrong.change)(self.setup.proof(&client, &token)).sign());
        let scenario = self.scenario((0..self.calls).map(call), Err(wrong.error.clone()));
        scenario.after([self.setup.call(&client, &token)])
    }

    /// The same, with the largest token and proofs that the server reads.
    pub(crate) fn wrong_and_large(&self, wrong: &Wrong) -> Scenario {
        let client = self.setup.client(self.algorithm);
        let token = largest(Profile::fapi2().max_token_bytes(), |padding| {
            self.setup.unsigned_token(&client).edit_payload(padding).sign()
        });
        let call = |_| {
            let proof = || (wrong.change)(self.setup.proof(&client, &token));
            let proof =
                largest(Profile::fapi2().max_proof_bytes(), |padding| proof().edit_payload(padding).sign());
            Call::with_proof(&token, proof)
        };
        // A proof of that size is signed twice.
        let scenario = self.scenario((0..self.calls / 4).map(call), Err(wrong.error.clone()));
        scenario.after([self.setup.call(&client, &token)])
    }

    /// Proofs of keys, and tokens, that the server has never seen.
    pub(crate) fn wrong_of_strangers(&self, wrong: &Wrong) -> Scenario {
        let call = |client| {
            let token = self.setup.token(client);
            Call::with_proof(&token, (wrong.change)(self.setup.proof(client, &token)).sign())
        };
        self.scenario(self.strangers().iter().map(call), Err(wrong.error.clone()))
    }

    /// A token that is no JWT, and nothing wrong with its proof, which is a stranger's.
    pub(crate) fn malformed_token(&self) -> Call {
        let client = self.setup.client(self.algorithm);
        let token = self.setup.unsigned_token(&client).edit_payload(without_end).sign();
        self.setup.call(&client, &token)
    }

    pub(crate) fn malformed_proof(&self) -> Call {
        let (client, token) = self.client_with_token();
        Call::with_proof(&token, self.setup.proof(&client, &token).edit_payload(without_end).sign())
    }

    /// A proof as large as it may be, of which only the last byte is missing.
    pub(crate) fn largest_malformed_proof(&self) -> Call {
        let (client, token) = self.client_with_token();
        let proof = largest(Profile::fapi2().max_proof_bytes(), |padding| {
            self.setup.proof(&client, &token).edit_payload(|payload| without_end(padding(payload))).sign()
        });
        Call::with_proof(&token, proof)
    }

    /// A scenario whose floor are verifications of another client's proofs.
    fn scenario(&self, calls: impl IntoIterator<Item = Call>, expected: Result<(), Error>) -> Scenario {
        let (client, _, other_calls) = self.client_with_calls();
        let raw = RawVerification::of(&client, &other_calls);
        Scenario::new(calls.into_iter().collect(), expected, raw)
    }

    /// A new client, its first call, and those that follow with the same token.
    fn client_with_calls(&self) -> (TestClient, Call, Vec<Call>) {
        let (client, token) = self.client_with_token();
        let call = || self.setup.call(&client, &token);
        let (first, calls) = (call(), (0..self.calls).map(|_| call()).collect());
        (client, first, calls)
    }

    fn client_with_token(&self) -> (TestClient, String) {
        let client = self.setup.client(self.algorithm);
        let token = self.setup.token(&client);
        (client, token)
    }

    /// Clients whose keys a new server has not seen.
    fn strangers(&self) -> &[TestClient] {
        let make = || iter::repeat_with(|| self.setup.client(self.algorithm)).take(self.clients).collect();
        self.strangers.get_or_init(make)
    }

    fn repeat(&self, call: &Call) -> Vec<Call> {
        vec![call.clone(); self.calls]
    }
}

/// What pads a JSON object.
type Padding<'a> = &'a dyn Fn(String) -> String;

/// The longest JWS of at most `limit` bytes. It is padded with the JSON that has the most values for its length.
fn largest(limit: usize, sign: impl Fn(Padding<'_>) -> String) -> String {
    const MEMBER: &str = r#","padding":[]"#;
    let room = (limit - sign(&|payload| payload).len()) / 4 * 3;
    let zeros = (room - MEMBER.len()).div_ceil(2);
    let values = vec!["0"; zeros].join(",");
    let jws = sign(&|payload| format!(r#"{},"padding":[{values}]}}"#, without_end(payload)));
    assert!(limit - 8 < jws.len() && jws.len() <= limit, "{} bytes are not nearly {limit}", jws.len());
    jws
}

/// A JSON object without its last byte.
fn without_end(mut object: String) -> String {
    object.pop();
    object
}
