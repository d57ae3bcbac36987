//! One issuer, one API, and whoever calls it.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::crypto::{AwsLcProvider, CryptoProvider};
use fapi_core::jose::{Algorithm, JwkThumbprint};
use fapi_core::{Error, MemoryReplayStore, NonceSecret, ProofClient, ProofUse, ResourceServer, UnixTime};
use fapi_testkit::{ProofBuilder, Scenario, TestClient, TestIssuer, TokenBuilder};

use crate::{Call, poll_once};

/// The method of every call.
pub const METHOD: &str = "GET";
/// The path of every call.
pub const PATH: &str = "/records";
/// For how long a server has been running: long enough that no proof needs a nonce.
const RUNNING: Duration = Duration::from_secs(3600);
/// Proofs that the default profile accepts are remembered this long.
const WINDOW: Duration = Duration::from_secs(60);
/// Room in the replay store: its default.
const CAPACITY: usize = 1_000_000;

/// What every benchmark starts from: an issuer, and a clock that stands still.
#[derive(Debug)]
pub struct Setup {
    scenario: Scenario,
    now: UnixTime,
    remembered: u64,
    /// All servers have the same, so that a nonce of one is a nonce of each.
    nonce_secret: NonceSecret,
}

impl Setup {
    /// A setup whose servers already remember this many proofs of other clients, since the tables of a server in use
    /// are neither empty nor in the processor's cache. Its issuer signs with ES256.
    #[must_use]
    pub fn new(remembered: u64) -> Self {
        Self::signing_with(Algorithm::Es256, remembered)
    }

    /// The same with an issuer that signs with `algorithm`.
    ///
    /// # Panics
    /// If there are no random bytes.
    #[must_use]
    pub fn signing_with(algorithm: Algorithm, remembered: u64) -> Self {
        let issuer = TestIssuer::new(Scenario::ISSUER).with_algorithm(algorithm);
        let scenario = Scenario::issued_by(issuer, |builder| builder);
        let nonce_secret = NonceSecret::generate(&AwsLcProvider).expect("random bytes");
        Self { now: scenario.now(), scenario, remembered, nonce_secret }
    }

    /// A server as the builder makes it by default, but for the clock and the proofs that it remembers.
    ///
    /// # Panics
    /// If it cannot be built.
    #[must_use]
    pub fn server(&self) -> ResourceServer {
        self.server_with(Arc::new(AwsLcProvider))
    }

    /// The same with another provider of signatures and hashes.
    ///
    /// # Panics
    /// If it cannot be built.
    #[must_use]
    pub fn server_with(&self, crypto: Arc<dyn CryptoProvider>) -> ResourceServer {
        let start = self.now.saturating_sub(RUNNING);
        self.scenario.clock.set(start);
        let store = self.replay_store(start);
        let secrets = [self.nonce_secret.clone()];
        let server = self.scenario.another_server(|builder| {
            builder.crypto_provider(crypto).memory_replay_store(store).nonce_secrets(secrets)
        });
        self.scenario.clock.set(self.now);
        server
    }

    fn replay_store(&self, start: UnixTime) -> MemoryReplayStore {
        let store = MemoryReplayStore::with_capacity(&AwsLcProvider, start, CAPACITY).expect("random bytes");
        let client = ProofClient { issuer: Scenario::ISSUER, client_id: "other" };
        let key = JwkThumbprint::from_bytes([0; 32]);
        let until = self.now.saturating_add(WINDOW);
        for number in 0..self.remembered {
            let used = store.insert(ProofUse::new(client, &key, &number.to_string(), until, self.now));
            used.expect("room for the proofs of others");
        }
        store
    }

    /// The nonce that a server has handed out when it started: of its own making, and long since stale.
    ///
    /// # Panics
    /// If a server that has just started asks for no nonce.
    #[must_use]
    pub fn stale_nonce(&self) -> String {
        self.scenario.clock.set(self.now.saturating_sub(RUNNING));
        let secrets = [self.nonce_secret.clone()];
        let server = self.scenario.another_server(|builder| builder.nonce_secrets(secrets));
        let client = self.client(Algorithm::Es256);
        let call = self.call(&client, &self.token(&client));
        let refusal = poll_once(server.verify(&call.request())).expect_err("a nonce is needed");
        assert_eq!(refusal.error(), &Error::NonceNeeded);
        self.scenario.clock.set(self.now);
        let nonce = refusal.headers().find(|(name, _)| name.eq_ignore_ascii_case("dpop-nonce"));
        nonce.expect("the answer has a nonce").1.to_owned()
    }

    /// A client with a new key.
    #[must_use]
    pub fn client(&self, algorithm: Algorithm) -> TestClient {
        self.scenario.another_client().with_algorithm(algorithm)
    }

    /// A token bound to `client`.
    #[must_use]
    pub fn token(&self, client: &TestClient) -> String {
        self.unsigned_token(client).sign()
    }

    /// A token bound to `client`, to be changed before it is signed.
    pub fn unsigned_token(&self, client: &TestClient) -> TokenBuilder {
        self.scenario.token().bound_to(client)
    }

    /// A call with `token` and a fresh proof of `client`.
    #[must_use]
    pub fn call(&self, client: &TestClient, token: &str) -> Call {
        Call::with_proof(token, self.proof(client, token).sign())
    }

    /// A call with a certificate-bound token on a connection of that certificate.
    #[must_use]
    pub fn certificate_call(&self) -> Call {
        let certificate = &self.scenario.certificate;
        let token = self.scenario.token().without_claim("cnf").bound_to_certificate(certificate.der()).sign();
        Call::with_certificate(&token, certificate)
    }

    /// A time by the clock of the servers, in seconds since the epoch.
    #[must_use]
    pub fn seconds_ago(&self, seconds: u64) -> u64 {
        self.now.as_secs() - seconds
    }

    /// A fresh proof of `client` for a call with `token`.
    pub fn proof(&self, client: &TestClient, token: &str) -> ProofBuilder {
        client.proof(METHOD, &format!("{}{PATH}", Scenario::PUBLIC_URL)).access_token(token)
    }
}
