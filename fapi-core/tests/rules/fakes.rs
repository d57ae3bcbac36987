//! A network and a replay store that do what the test says.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fapi_core::{
    HttpClient, HttpError, HttpResponse, ProofUse, Replay, ReplayStore, ReplayStoreError, UnixTime,
};
use fapi_testkit::TestIssuer;

pub(crate) const METADATA_URL: &str = "https://as.example.com/.well-known/oauth-authorization-server";
pub(crate) const JWKS_URI: &str = "https://as.example.com/jwks";
const METADATA: &str = r#"{"issuer":"https://as.example.com","jwks_uri":"https://as.example.com/jwks"}"#;

/// A network in which only an issuer's metadata and key set can be reached, while the key set is published.
#[derive(Debug, Default)]
pub(crate) struct Network {
    jwks: Mutex<Option<String>>,
    requests: Mutex<Vec<String>>,
}

impl Network {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Publishes the key set that the issuer has now.
    pub(crate) fn publish(&self, issuer: &TestIssuer) {
        self.publish_text(issuer.jwks());
    }

    pub(crate) fn publish_text(&self, jwks: String) {
        *self.jwks.lock().unwrap() = Some(jwks);
    }

    /// From now on nothing answers.
    pub(crate) fn go_down(&self) {
        *self.jwks.lock().unwrap() = None;
    }

    /// The URLs that were asked for.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

#[async_trait]
impl HttpClient for Network {
    async fn get(&self, url: &str, _accept: &str) -> Result<HttpResponse, HttpError> {
        self.requests.lock().unwrap().push(url.to_owned());
        let jwks = self.jwks.lock().unwrap().clone();
        match (jwks, url) {
            (Some(_), METADATA_URL) => Ok(HttpResponse::new(200, METADATA)),
            (Some(jwks), JWKS_URI) => Ok(HttpResponse::new(200, jwks)),
            _ => Err(HttpError::TimedOut),
        }
    }
}

/// A replay store that always answers the same, and counts how often it was asked.
#[derive(Debug)]
pub(crate) struct Store {
    answer: Result<Replay, ReplayStoreError>,
    asked: AtomicUsize,
}

impl Store {
    pub(crate) fn answering(answer: Result<Replay, ReplayStoreError>) -> Arc<Self> {
        Arc::new(Self { answer, asked: AtomicUsize::new(0) })
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }
}

#[async_trait]
impl ReplayStore for Store {
    async fn insert(&self, _proof: ProofUse<'_>) -> Result<Replay, ReplayStoreError> {
        self.asked.fetch_add(1, SeqCst);
        self.answer
    }

    fn complete_since(&self) -> UnixTime {
        UnixTime::default()
    }
}
