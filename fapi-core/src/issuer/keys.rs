//! The keys of one issuer while the server runs: what is used, how old it may be, and when it is fetched again.
//!
//! While keys are young, no request waits for a fetch (R120, pitfall P35): [`IssuerKeys::current`] is a load of an atomic
//! pointer. Keys that nobody refreshed in time, since nobody asked, are used only after a fetch was tried: an issuer that
//! can be reached decides what is trusted; one that cannot keeps its last good keys for a bounded time. An unknown `kid`
//! makes [`IssuerKeys::refresh`] fetch, but never more often than once per cool-down, whoever asks (R118, pitfall P34).
//! Without keys the answer is "could not check", and the next fetch after the cool-down recovers by itself (pitfalls P37,
//! P39).

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
/// Age at which keys are fetched again in the background, if the issuer states none: one request each ten minutes is no
/// burden, and a key that the issuer withdrew is trusted for ten minutes and [`REFRESH_GRACE`] more at most, unless the
/// issuer cannot be reached ([`MAX_STALE`]).
const REFRESH_AGE: Duration = Duration::from_secs(10 * 60);
/// How long past their refresh age keys are used without a fetch that was at least tried since: a server that is busy has
/// fetched them by then without anybody waiting; on one that was idle, the first requests wait for it. A failed fetch
/// stands for as long: until the next one, a cool-down later, is over.
const REFRESH_GRACE: Duration = Duration::from_secs(60);
const _: () = assert!(FETCH_COOL_DOWN.as_millis() + FETCH_TIME_LIMIT.as_millis() < REFRESH_GRACE.as_millis());
/// Bounds of what the issuer may state instead of [`REFRESH_AGE`] (`Cache-Control: max-age`): below, it would only ask for
/// load; above, a key that was withdrawn would be trusted for more than an hour though the issuer can be reached.
const MIN_REFRESH_AGE: Duration = Duration::from_secs(60);
const MAX_REFRESH_AGE: Duration = Duration::from_secs(60 * 60);
/// How long past their refresh age keys are used while every fetch fails: long enough for an outage that lasts until the
/// next working day, and no longer, since a key that was withdrawn meanwhile is trusted all that time.
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
    /// When the one before began, if it failed.
    failed_before: Option<UnixTime>,
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
    /// `None` if they were never loaded, or must not be used before a fetch was tried: then [`Self::obtain`].
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
        // R118: an issuer that may have withdrawn a key is asked first, unless it was just found out of reach.
        let overdue = age >= loaded.refresh_age.saturating_add(REFRESH_GRACE);
        (!overdue || self.failed_lately(now)).then(|| Arc::clone(&loaded.keys))
    }

    /// The keys in use, after a fetch if need be; the last good ones if it fails, within their bound.
    pub(crate) async fn obtain(self: &Arc<Self>, now: UnixTime) -> FetchResult {
        if let Some(keys) = self.current(now) {
            return Ok(keys);
        }
        let fetched = self.refresh(now).await;
        fetched.or_else(|unavailable| {
            self.last_good(now).map(|loaded| Arc::clone(&loaded.keys)).ok_or(unavailable)
        })
    }

    /// The keys after a fetch, for a token that those in use do not verify; an error if the fetch failed.
    ///
    /// Joins the fetch of this cool-down or starts it; if it is over, answers at once with what it brought.
    pub(crate) async fn refresh(self: &Arc<Self>, now: UnixTime) -> FetchResult {
        if self.remote.is_none() {
            return self.current(now).ok_or(KeysUnavailable);
        }
        let mut result = self.fetch(now).ok_or(KeysUnavailable)?;
        if let Some(outcome) = outcome(&result) {
            return outcome;
        }
        // The task may be on a runtime that is blocked or gone: nobody waits for it longer than a fetch takes.
        match within_time_limit(result.wait_for(Option::is_some)).await {
            Ok(Ok(result)) => result.clone().unwrap_or(Err(KeysUnavailable)),
            Ok(Err(_)) | Err(_) => Err(KeysUnavailable),
        }
    }

    /// Whether the issuer was out of reach within the grace.
    fn failed_lately(&self, now: UnixTime) -> bool {
        let last = self.last_fetch.lock().unwrap_or_else(PoisonError::into_inner);
        let failure = last.as_ref().and_then(|last| last.last_failure(now));
        failure.is_some_and(|started| distance(started, now) < REFRESH_GRACE)
    }

    /// What the last successful fetch brought, unless it is too old to be trusted.
    fn last_good(&self, now: UnixTime) -> Option<Arc<Loaded>> {
        self.loaded.load_full().filter(|loaded| distance(loaded.at, now) < loaded.max_age)
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
        let failed_before = last.as_ref().and_then(|last| last.last_failure(now));
        let recovering = failed_before.is_some();
        let (sender, result) = watch::channel(None);
        let keys = Arc::clone(self);
        // A task of its own: the client that caused it may hang up, and others wait for it.
        runtime
            .spawn(async move { sender.send_replace(Some(keys.run_fetch(&remote, now, recovering).await)) });
        *last = Some(Fetch { started: now, result: result.clone(), failed_before });
        Some(result)
    }

    async fn run_fetch(&self, remote: &Remote, now: UnixTime, recovering: bool) -> FetchResult {
        match within_time_limit(self.load(remote, now)).await.flatten() {
            Ok(loaded) => {
                self.report_success(&loaded, recovering);
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
        if settled.is_none() && *metadata.issuer != *self.configured {
            self.report_other_spelling(&metadata.issuer);
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

    fn report_success(&self, loaded: &Loaded, recovering: bool) {
        let (issuer, keys) = (&*self.configured, loaded.keys.len());
        let unchanged =
            self.loaded.load().as_deref().is_some_and(|before| Arc::ptr_eq(&before.keys, &loaded.keys));
        if keys == 0 {
            tracing::warn!(target: LOG_TARGET, issuer, outcome = "empty", keys, "the issuer publishes no key that can be used; its tokens are refused");
        } else if recovering {
            tracing::info!(target: LOG_TARGET, issuer, outcome = "recovered", keys, "the issuer's keys can be loaded again");
        } else if unchanged {
            tracing::debug!(target: LOG_TARGET, issuer, outcome = "unchanged", keys, "the issuer's keys are unchanged");
        } else {
            tracing::info!(target: LOG_TARGET, issuer, outcome = "loaded", keys, "loaded the issuer's keys");
        }
    }

    /// Strict clients compare the metadata of this API with that of the issuer (RFC 9728 §3.3, RFC 8414 §3.3).
    fn report_other_spelling(&self, stated: &str) {
        let issuer = &*self.configured;
        tracing::warn!(target: LOG_TARGET, issuer, stated, "the issuer is configured with another spelling than its own, which this API's metadata passes on and strict clients refuse; configure it exactly as stated");
    }

    fn report_failure(&self, error: &FetchError, now: UnixTime) {
        let issuer = &*self.configured;
        let in_use = self.last_good(now);
        let keys = in_use.as_ref().map_or(0, |loaded| loaded.keys.len());
        if in_use.is_some() {
            tracing::warn!(target: LOG_TARGET, issuer, outcome = "failed", keys, %error, "cannot load the issuer's keys; the last good ones stay in use");
        } else {
            tracing::warn!(target: LOG_TARGET, issuer, outcome = "failed", keys, %error, "cannot load the issuer's keys; its tokens are answered with 503 until that succeeds");
        }
    }
}

impl Fetch {
    /// When the latest fetch that failed began, this one or the one before; `None` if this one succeeded.
    fn last_failure(&self, now: UnixTime) -> Option<UnixTime> {
        match outcome(&self.result) {
            Some(Ok(_)) => None,
            Some(Err(_)) => Some(self.started),
            // Its runtime stands still.
            None if distance(self.started, now) >= FETCH_TIME_LIMIT => Some(self.started),
            None => self.failed_before,
        }
    }
}

/// What came of a fetch; `None` while it is under way. One whose task is gone without a result has failed.
fn outcome(result: &watch::Receiver<Option<FetchResult>>) -> Option<FetchResult> {
    // Borrowed while the sender is looked for: otherwise the result could come, and the sender go, in between.
    let outcome = result.borrow();
    let gone = result.has_changed().is_err();
    outcome.clone().or_else(|| gone.then_some(Err(KeysUnavailable)))
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
            .and_then(KeySet::require_usable_key)
            .map_err(|reason| IssuerError::KeySet { issuer: issuer.to_owned(), reason })?;
        let (refresh_age, max_age) = (Duration::MAX, Duration::MAX);
        Ok(Self { keys: Arc::new(keys), at: UnixTime::default(), refresh_age, max_age })
    }
}

/// What `future` comes to within the time of a fetch.
async fn within_time_limit<F: Future>(future: F) -> Result<F::Output, FetchError> {
    // tokio panics where the runtime was built without `enable_time`, which cannot be asked beforehand; a request must
    // not panic for that.
    let limited = catch_unwind(AssertUnwindSafe(|| timeout(FETCH_TIME_LIMIT, future)));
    let limited = limited.map_err(|_panic| FetchError::NoTimer)?;
    limited.await.map_err(|_elapsed| FetchError::TimedOut(FETCH_TIME_LIMIT.as_secs()))
}

/// The time between two moments, in either order: a clock that was set back must not stop fetches or keep keys for ever.
fn distance(one: UnixTime, other: UnixTime) -> Duration {
    one.saturating_since(other).max(other.saturating_since(one))
}

fn same_but_for_slash(one: &str, other: &str) -> bool {
    one.strip_suffix('/').unwrap_or(one) == other.strip_suffix('/').unwrap_or(other)
}
