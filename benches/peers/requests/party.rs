//! Who takes part: one issuer, one client, one API.

use std::time::Duration;

use fapi_core::jose::Algorithm;
use fapi_core::{Clock, SystemClock, UnixTime};
use fapi_testkit::{ProofBuilder, TestClient, TestIssuer, TokenBuilder};
use serde_json::{Value, json};

const METHOD: &str = "GET";
const URL: &str = "https://api.example.com/records";
const AUDIENCE: &str = "https://api.example.com";
/// Longer than a run.
const LIFETIME: Duration = Duration::from_secs(3600);

pub(crate) struct Party {
    pub(crate) issuer: TestIssuer,
    pub(crate) client: TestClient,
    pub(crate) now: UnixTime,
}

impl Party {
    /// An issuer that signs with `algorithm`, and a client with an ES256 key.
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        // The library that wants RS256 also wants the identifiers of its maker's issuers, which end so.
        let identifier =
            if algorithm == Algorithm::Rs256 { "https://as.example.com/" } else { "https://as.example.com" };
        let issuer = TestIssuer::new(identifier).with_algorithm(algorithm);
        Self { issuer, client: TestClient::new(), now: SystemClock.now() }
    }

    /// What a resource server must know, and the token.
    pub(crate) fn setting(&self, token: &str) -> Value {
        let jwks: Value = serde_json::from_str(&self.issuer.jwks()).unwrap_or_default();
        json!({
            "issuer": self.issuer.identifier(),
            "jwks": jwks,
            "audience": AUDIENCE,
            "method": METHOD,
            "url": URL,
            "now": self.now.as_secs(),
            "client_jwk": self.client.key().public_jwk(),
            "token": token,
        })
    }

    /// A valid token bound to the client.
    pub(crate) fn token(&self) -> TokenBuilder {
        self.token_of(&self.client)
    }

    /// A valid token bound to another client. Identifiers have the form that an AT Protocol library expects.
    pub(crate) fn token_of(&self, client: &TestClient) -> TokenBuilder {
        self.unbound_token().bound_to(client)
    }

    /// A valid token bound to nobody.
    pub(crate) fn unbound_token(&self) -> TokenBuilder {
        let token = self.issuer.token().audience(AUDIENCE).lifetime(LIFETIME);
        token
            .subject("did:plc:ewvi7nxzyoun6zhxrhs64oiz")
            .client_id("https://client.example.com/metadata.json")
            .claim("jti", "tok-0123456789abcdef0123456789abcdef")
    }

    /// A valid proof of the client.
    pub(crate) fn proof(&self, token: &str) -> ProofBuilder {
        Self::proof_of(&self.client, token)
    }

    /// A valid proof of another client.
    pub(crate) fn proof_of(client: &TestClient, token: &str) -> ProofBuilder {
        client.proof(METHOD, URL).access_token(token)
    }
}
