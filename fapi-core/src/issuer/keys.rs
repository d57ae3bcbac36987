//! The keys of one issuer while the server runs: what is used, how old it may be, and when it is fetched again.
//!
//! Requests never wait for a fetch while there are keys (R120, pitfall P35): [`IssuerKeys::current`] is a load of an
//! atomic pointer. An unknown `kid` makes [`IssuerKeys::refresh`] fetch, but never more often than once per cool-down,
//! whoever asks (R118, pitfall P34). A failed fetch keeps the last good keys for a bounded time; without any, the answer
//! is "could not check", and the next fetch after the cool-down recovers by itself (pitfalls P37, P39).

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

use super::discovery::{self, FetchError};
use super::http::HttpClient;
use super::jwks::KeySet;
use super::url::Url;
use super::{Issuer, IssuerError, KeySource, LOG_TARGET};
use crate::clock::UnixTime;
use crate::crypto::CryptoProvider;
use crate::jose::Algorithm;

/// Least time between the starts of two fetches: a stranger's made-up `kid` values cost the issuer two requests a minute
/// at most, and a key that signs before it is published works half a minute later.
const FETCH_COOL_DOWN: Duration = Duration::from_secs(30);
/// Time for a whole fetch, metadata and key set: as long as a client may be kept waiting for its answer. A fetch is over
/// before the next may begin, so there is never more than one.
const FETCH_TIME_LIMIT: Duration = Duration::from_secs(5);
const _: () = assert!(FETCH_TIME_LIMIT.as_millis() < FETCH_COOL_DOWN.as_millis());
/// Age at which keys are fetched again in the background, if the issuer states none: a key that the issuer withdrew
/// is trusted for ten minutes more, and one request each ten minutes is no burden.
const REFRESH_AGE: Duration = Duration::from_secs(10 * 60);
/// Bounds of what the issuer may state instead (`Cache-Control: max-age`): below, it would only ask for load; above, a
/// withdrawn key would be trusted for more than an hour.
const MIN_REFRESH_AGE: Duration = Duration::from_secs(60);
const MAX_REFRESH_AGE: Duration = Duration::from_secs(60 * 60);
/// How long past their refresh age keys are used while the issuer cannot be reached: long enough for an outage that
/// lasts until the next working day, and no longer, since a key that was withdrawn meanwhile is trusted all that time.
const MAX_STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// RFC 7517 §8.5.2.
const KEY_SET_TYPE: &str = "application/jwk-set+json, application/json";

/// The issuer's keys were never loaded, are too old, or could not be checked for a new one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct KeysUnavailable;

type FetchResult = Result<Arc<KeySet>, KeysUnavailable>;

/// The keys of one issuer.
#[derive(Debug)]
pub(crate) struct IssuerKeys {
    configured: Arc<str>,
    /// The identifier as the issuer's metadata states it, once that was read.
    stated: OnceLock<Arc<str>>,
    algorithms: Vec<Algorithm>,
    crypto: Arc<dyn CryptoProvider>,
    /// `None`: the key set is part of the configuration.
    remote: Option<Remote>,
    loaded: ArcSwapOption<Loaded>,
    /// Held for a few instructions, never while waiting (pitfall P35).
    last_fetch: Mutex<Option<Fetch>>,
}

/// Where keys are fetched from; `jwks_uri` of `None` means that the metadata says so.
#[derive(Clone, Debug)]
struct Remote {
    http: Arc<dyn HttpClient>,
    jwks_uri: Option<String>,
}

/// A key set and how long it is used.
#[derive(Debug)]
struct Loaded {
    keys: Arc<KeySet>,
    at: UnixTime,
    refresh_age: Duration,
    max_age: Duration,
}

/// A fetch, under way or over: its result is `None` until then.
#[derive(Debug)]
struct Fetch {
    started: UnixTime,
    result: watch::Receiver<Option<FetchResult>>,
}

impl IssuerKeys {
    /// The keys of `issuer` for tokens signed with `algorithms`; fetches nothing yet.
    pub(crate) fn new(
        issuer: Issuer,
        algorithms: Vec<Algorithm>,
        crypto: Arc<dyn CryptoProvider>,
        http: Option<Arc<dyn HttpClient>>,
    ) -> Result<Arc<Self>, IssuerError> {
        let Issuer { identifier, source } = issuer;
        let insecure_loopback = http.as_ref().is_some_and(|http| http.allows_insecure_loopback());
        // RFC 8414 §2: an identifier with another scheme, a query or a fragment is no issuer.
        if Url::parse_identifier(&identifier, insecure_loopback).is_none() {
            return Err(IssuerError::Identifier(identifier));
        }
        let (jwks_uri, loaded) = match source {
            KeySource::KeySet(json) => {
                (None, Some(Loaded::configured(&identifier, &json, &algorithms, &*crypto)?))
            }
            KeySource::JwksUri(uri) if Url::parse(&uri, insecure_loopback).is_none() => {
                return Err(IssuerError::JwksUri(uri));
            }
            KeySource::JwksUri(uri) => (Some(uri), None),
            KeySource::Metadata => (None, None),
        };
        let remote = match (&loaded, http) {
            (Some(_), _) => None,
            (None, Some(http)) => Some(Remote { http, jwks_uri }),
            (None, None) => return Err(IssuerError::HttpClientMissing(identifier)),
        };
        Ok(Arc::new(Self {
            configured: identifier.into(),
            stated: OnceLock::new(),
            algorithms,
            crypto,
            remote,
            loaded: ArcSwapOption::from_pointee(loaded),
            last_fetch: Mutex::new(None),
        }))
    }

    /// The value that a token's `iss` must equal, byte for byte (RFC 9068 §4, R91).
    ///
    /// It is the configured one until metadata was read, which may state it with or without a trailing slash.
    pub(crate) fn identifier(&self) -> &Arc<str> {
        self.stated.get().unwrap_or(&self.configured)
    }

    /// Whether a token with this `iss` is one of this issuer's, or may turn out to be once its metadata was read.
    ///
    /// The caller compares `iss` with [`Self::identifier`] again when it has the keys.
    pub(crate) fn may_be(&self, iss: &str) -> bool {
        let unsettled = self.stated.get().is_none()
            && self.remote.as_ref().is_some_and(|remote| remote.jwks_uri.is_none());
        iss == &**self.identifier() || (unsettled && same_but_for_slash(iss, &self.configured))
    }

    /// The keys in use; never waits. Starts a fetch in the background when they are due.
    ///
    /// `None` if they were never loaded, or are too old to be trusted: then [`Self::refresh`].
    pub(crate) fn current(self: &Arc<Self>, now: UnixTime) -> Option<Arc<KeySet>> {
        let loaded = self.loaded.load();
        let loaded = loaded.as_deref()?;
        let age = distance(loaded.at, now);
        if age >= loaded.max_age {
            return None;
        }
        if age >= loaded.refresh_age {
            self.fetch(now);
        }
        Some(Arc::clone(&loaded.keys))
    }

    /// The keys after a fetch, for a token whose key is unknown, or when there are none.
    ///
    /// Joins the fetch of this cool-down or starts it; if it is over, answers at once with what it brought.
    pub(crate) async fn refresh(self: &Arc<Self>, now: UnixTime) -> FetchResult {
        if self.remote.is_none() {
            return self.current(now).ok_or(KeysUnavailable);
        }
        let mut result = self.fetch(now).ok_or(KeysUnavailable)?;
        // The task may be on a runtime that is blocked or gone: nobody waits for it longer than a fetch takes.
        match timeout(FETCH_TIME_LIMIT, result.wait_for(Option::is_some)).await {
            Ok(Ok(result)) => result.clone().unwrap_or(Err(KeysUnavailable)),
            Ok(Err(_)) | Err(_) => Err(KeysUnavailable),
        }
    }

    /// The fetch of this cool-down, started if there is none; `None` outside a tokio runtime, or if there is nothing to
    /// fetch.
    fn fetch(self: &Arc<Self>, now: UnixTime) -> Option<watch::Receiver<Option<FetchResult>>> {
        let mut last = self.last_fetch.lock().unwrap_or_else(PoisonError::into_inner);
        // R118, pitfall P34: counted from the start of the last one, whether it brought anything or not.
        if let Some(last) = last.as_ref().filter(|last| distance(last.started, now) < FETCH_COOL_DOWN) {
            return Some(last.result.clone());
        }
        let remote = self.remote.clone()?;
        let runtime = Handle::try_current().ok()?;
        let failed_before = last.as_ref().is_some_and(|last| !matches!(*last.result.borrow(), Some(Ok(_))));
        let (sender, result) = watch::channel(None);
        let keys = Arc::clone(self);
        // A task of its own: the client that caused it may hang up, and others wait for it.
        runtime.spawn(
            async move { sender.send_replace(Some(keys.run_fetch(&remote, now, failed_before).await)) },
        );
        *last = Some(Fetch { started: now, result: result.clone() });
        Some(result)
    }

    async fn run_fetch(&self, remote: &Remote, now: UnixTime, failed_before: bool) -> FetchResult {
        let time_limit = FetchError::TimedOut(FETCH_TIME_LIMIT.as_secs());
        let loaded = timeout(FETCH_TIME_LIMIT, self.load(remote, now)).await.unwrap_or(Err(time_limit));
        match loaded {
            Ok(loaded) => {
                self.report_success(&loaded, failed_before);
                let keys = Arc::clone(&loaded.keys);
                self.loaded.store(Some(Arc::new(loaded)));
                Ok(keys)
            }
            Err(error) => {
                self.report_failure(&error, now);
                Err(KeysUnavailable)
            }
        }
    }

    /// Fetches the key set, and the metadata before it unless its location is configured: a changed `jwks_uri` is followed.
    async fn load(&self, remote: &Remote, now: UnixTime) -> Result<Loaded, FetchError> {
        let http = &*remote.http;
        let url = match &remote.jwks_uri {
            Some(uri) => uri.clone(),
            None => self.discover(http).await?,
        };
        let response = discovery::get(http, &url, KEY_SET_TYPE).await?;
        let keys = KeySet::parse(&response.body, &self.algorithms, &*self.crypto)
            .map_err(|reason| FetchError::KeySet { url, reason })?;
        let refresh_age = response.max_age.unwrap_or(REFRESH_AGE).clamp(MIN_REFRESH_AGE, MAX_REFRESH_AGE);
        let max_age = refresh_age.saturating_add(MAX_STALE);
        Ok(Loaded { keys: self.keep_if_same(keys), at: now, refresh_age, max_age })
    }

    /// Reads the metadata, settles what the issuer is called and returns its `jwks_uri`.
    async fn discover(&self, http: &dyn HttpClient) -> Result<String, FetchError> {
        let metadata = discovery::discover(http, &self.configured).await?;
        // RFC 8414 §3.3, R117: identical, or the document must not be used. Once read, the name is settled; before,
        // one trailing slash in the configuration is forgiven.
        let settled = self.stated.get();
        let same = settled.map_or_else(
            || same_but_for_slash(&self.configured, &metadata.issuer),
            |name| **name == *metadata.issuer,
        );
        if !same {
            return Err(FetchError::OtherIssuer(metadata.issuer));
        }
        self.stated.get_or_init(|| metadata.issuer.into());
        Ok(metadata.jwks_uri)
    }

    /// The set in use if `keys` is the same one: what was verified under it stays valid.
    fn keep_if_same(&self, keys: KeySet) -> Arc<KeySet> {
        match self.loaded.load().as_deref() {
            Some(loaded) if loaded.keys.same_as(&keys) => Arc::clone(&loaded.keys),
            _ => Arc::new(keys),
        }
    }

    fn report_success(&self, loaded: &Loaded, failed_before: bool) {
        let (issuer, keys) = (&*self.configured, loaded.keys.len());
        let unchanged =
            self.loaded.load().as_deref().is_some_and(|before| Arc::ptr_eq(&before.keys, &loaded.keys));
        if failed_before {
            tracing::info!(target: LOG_TARGET, issuer, outcome = "recovered", keys, "the issuer's keys can be loaded again");
        } else if unchanged {
            tracing::debug!(target: LOG_TARGET, issuer, outcome = "unchanged", keys, "the issuer's keys are unchanged");
        } else {
            tracing::info!(target: LOG_TARGET, issuer, outcome = "loaded", keys, "loaded the issuer's keys");
        }
    }

    fn report_failure(&self, error: &FetchError, now: UnixTime) {
        let issuer = &*self.configured;
        let in_use = self.loaded.load_full().filter(|loaded| distance(loaded.at, now) < loaded.max_age);
        let keys = in_use.as_ref().map_or(0, |loaded| loaded.keys.len());
        if in_use.is_some() {
            tracing::warn!(target: LOG_TARGET, issuer, outcome = "failed", keys, %error, "cannot load the issuer's keys; the last good ones stay in use");
        } else {
            tracing::warn!(target: LOG_TARGET, issuer, outcome = "failed", keys, %error, "cannot load the issuer's keys; its tokens are answered with 503 until that succeeds");
        }
    }
}

impl Loaded {
    /// A key set of the configuration: it never ages.
    fn configured(
        issuer: &str,
        json: &str,
        algorithms: &[Algorithm],
        crypto: &dyn CryptoProvider,
    ) -> Result<Self, IssuerError> {
        let keys = KeySet::parse(json.as_bytes(), algorithms, crypto)
            .map_err(|reason| IssuerError::KeySet { issuer: issuer.to_owned(), reason })?;
        let (refresh_age, max_age) = (Duration::MAX, Duration::MAX);
        Ok(Self { keys: Arc::new(keys), at: UnixTime::default(), refresh_age, max_age })
    }
}

/// The time between two moments, in either order: a clock that was set back must not stop fetches or keep keys for ever.
fn distance(one: UnixTime, other: UnixTime) -> Duration {
    one.saturating_since(other).max(other.saturating_since(one))
}

fn same_but_for_slash(one: &str, other: &str) -> bool {
    one.strip_suffix('/').unwrap_or(one) == other.strip_suffix('/').unwrap_or(other)
}
