//! An issuer in this process that can fail in every way, and what its keys do then, at exact times.

mod configuration;
mod events;
mod file;
mod lifetime;
mod metadata;
mod overdue;
mod refresher;

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::task::yield_now;

use super::fetch::KeysUnavailable;
use super::*;
use crate::clock::{Clock, UnixTime};
use crate::crypto::AwsLcProvider;
use crate::jose::Algorithm;

const ISSUER: &str = "https://as.example/tenant";
const OAUTH: &str = "https://as.example/.well-known/oauth-authorization-server/tenant";
const OPENID: &str = "https://as.example/tenant/.well-known/openid-configuration";
const JWKS: &str = "https://keys.example/jwks?set=1";
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

/// A clock that stands still until it is set; the background refresh goes by it.
#[derive(Debug)]
struct TestClock(Mutex<UnixTime>);

impl TestClock {
    fn at(time: UnixTime) -> Arc<Self> {
        Arc::new(Self(Mutex::new(time)))
    }

    fn set(&self, time: UnixTime) {
        *self.0.lock().unwrap() = time;
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixTime {
        *self.0.lock().unwrap()
    }
}

/// What the issuer answers at a URL.
#[derive(Clone, Debug)]
enum Answer {
    Is(HttpResponse),
    Fails(HttpError),
    Never,
    Panics,
    /// This, when it is let go.
    Held(HttpResponse, Arc<Notify>),
}

/// An issuer in this process, which counts its requests.
#[derive(Debug, Default)]
struct FakeIssuer {
    answers: Mutex<HashMap<String, Answer>>,
    requests: Mutex<Vec<String>>,
}

#[async_trait]
impl HttpClient for FakeIssuer {
    async fn get(&self, url: &str, _accept: &str) -> Result<HttpResponse, HttpError> {
        self.requests.lock().unwrap().push(url.to_owned());
        let answer = self.answers.lock().unwrap().get(url).cloned();
        match answer {
            None => Ok(HttpResponse::new(404, "")),
            Some(Answer::Is(response)) => Ok(response),
            Some(Answer::Fails(error)) => Err(error),
            Some(Answer::Never) => pending().await,
            Some(Answer::Held(response, released)) => {
                released.notified().await;
                Ok(response)
            }
            Some(Answer::Panics) => panic!("the client has a bug"),
        }
    }
}

impl FakeIssuer {
    /// An issuer with RFC 8414 metadata and one key.
    fn working() -> Arc<Self> {
        let issuer = Arc::new(Self::default());
        issuer.serve(OAUTH, metadata(ISSUER, JWKS));
        issuer.serve(JWKS, key_set(&["1"]));
        issuer
    }

    fn answer(&self, url: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(url.to_owned(), answer);
    }

    fn serve(&self, url: &str, body: impl Into<Vec<u8>>) {
        self.answer(url, Answer::Is(HttpResponse::new(200, body)));
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// How often the key set was asked for.
    fn fetches(&self) -> usize {
        self.requests().iter().filter(|url| *url == JWKS).count()
    }

    fn keys(self: &Arc<Self>, issuer: Issuer) -> Arc<IssuerKeys> {
        try_keys(issuer, Some(Arc::clone(self) as _)).unwrap()
    }
}

fn try_keys(issuer: Issuer, http: Option<Arc<dyn HttpClient>>) -> Result<Arc<IssuerKeys>, IssuerError> {
    try_keys_by(issuer, http, TestClock::at(NOW))
}

fn try_keys_by(
    issuer: Issuer,
    http: Option<Arc<dyn HttpClient>>,
    clock: Arc<TestClock>,
) -> Result<Arc<IssuerKeys>, IssuerError> {
    IssuerKeys::new(issuer, vec![Algorithm::Es256], Arc::new(AwsLcProvider), http, clock)
}

fn metadata(issuer: &str, jwks_uri: &str) -> String {
    format!(r#"{{"issuer":"{issuer}","jwks_uri":"{jwks_uri}"}}"#)
}

/// Keys of RFC 9449 §4.2 with these `kid`s.
fn key_set(kids: &[&str]) -> String {
    let keys: Vec<_> = kids.iter().map(|kid| format!(r#"{{"kid":"{kid}","kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}}"#)).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

fn knows(keys: &KeySet, kid: &str) -> bool {
    keys.candidates(Some(kid), Algorithm::Es256).next().is_some()
}

fn after(seconds: u64) -> UnixTime {
    NOW.saturating_add(Duration::from_secs(seconds))
}

/// Lets the tasks of this thread run until none can go on.
async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}
