//! One issuer, one API, and whoever calls it.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::crypto::AwsLcProvider;
use fapi_core::jose::{Algorithm, JwkThumbprint};
use fapi_core::{Issuer, MemoryReplayStore, ProofClient, ProofUse, ResourceServer, UnixTime};
use fapi_testkit::{ManualClock, TestCertificate, TestClient, TestIssuer};

use crate::Call;

pub(crate) const METHOD: &str = "GET";
pub(crate) const PATH: &str = "/records";
const API: &str = "https://api.example.com";
const URL: &str = "https://api.example.com/records";
const ISSUER: &str = "https://as.example.com";
const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);
/// For how long a server has been running: long enough that no proof needs a nonce.
const RUNNING: Duration = Duration::from_secs(3600);
/// Proofs that the default profile accepts are remembered this long.
const WINDOW: Duration = Duration::from_secs(60);
/// Room in the replay store: its default.
const CAPACITY: usize = 1_000_000;

/// What every benchmark starts from: an issuer that signs with ES256, and a clock that stands still.
#[derive(Debug)]
pub struct Setup {
    issuer: TestIssuer,
    clock: Arc<ManualClock>,
    remembered: u64,
}

impl Setup {
    /// A setup whose servers already remember this many proofs of other clients, since the tables of a server in use
    /// are neither empty nor in the processor's cache.
    #[must_use]
    pub fn new(remembered: u64) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        Self { issuer: TestIssuer::new(ISSUER).with_clock(Arc::clone(&clock) as _), clock, remembered }
    }

    /// A server as the builder makes it by default, but for the clock and the proofs that it remembers.
    ///
    /// # Panics
    /// If it cannot be built.
    #[must_use]
    pub fn server(&self) -> ResourceServer {
        let start = NOW.saturating_sub(RUNNING);
        self.clock.set(start);
        let server = ResourceServer::builder()
            .public_url(API)
            .issuer(Issuer::new(ISSUER).with_key_set(self.issuer.jwks()))
            .audience(API)
            .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
            .memory_replay_store(self.replay_store(start))
            .clock(Arc::clone(&self.clock) as _)
            .build()
            .expect("a valid configuration");
        self.clock.set(NOW);
        server
    }

    fn replay_store(&self, start: UnixTime) -> MemoryReplayStore {
        let store = MemoryReplayStore::with_capacity(&AwsLcProvider, start, CAPACITY).expect("random bytes");
        let client = ProofClient { issuer: ISSUER, client_id: "other" };
        let key = JwkThumbprint::from_bytes([0; 32]);
        let until = NOW.saturating_add(WINDOW);
        for number in 0..self.remembered {
            let used = store.insert(ProofUse::new(client, &key, &number.to_string(), until, NOW));
            used.expect("room for the proofs of others");
        }
        store
    }

    /// A client with a new key.
    #[must_use]
    pub fn client(&self, algorithm: Algorithm) -> TestClient {
        TestClient::new().with_algorithm(algorithm).with_clock(Arc::clone(&self.clock) as _)
    }

    /// A token bound to `client`.
    #[must_use]
    pub fn token(&self, client: &TestClient) -> String {
        self.issuer.token().audience(API).bound_to(client).sign()
    }

    /// A call with `token` and a fresh proof of `client`.
    #[must_use]
    pub fn call(&self, client: &TestClient, token: &str) -> Call {
        Call::with_proof(token, client.proof(METHOD, URL).access_token(token).sign())
    }

    /// A call with `token` and a proof of `client` whose signature is wrong in one bit.
    #[must_use]
    pub fn forged_call(&self, client: &TestClient, token: &str) -> Call {
        let proof = client.proof(METHOD, URL).access_token(token).with_flipped_signature();
        Call::with_proof(token, proof.sign())
    }

    /// A call with a certificate-bound token on a connection of that certificate.
    #[must_use]
    pub fn certificate_call(&self) -> Call {
        let certificate = TestCertificate::generate();
        let token = self.issuer.token().audience(API).bound_to_certificate(certificate.der()).sign();
        Call::with_certificate(&token, &certificate)
    }
}
