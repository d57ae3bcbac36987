//! The keys of one issuer while the server runs: what is used, how old it may be, and when it is fetched again.
//!
//! While keys are young, no request waits for a fetch (R120, pitfall P35): [`IssuerKeys::current`] is a load of an atomic
//! pointer, and `refresher.rs` keeps them young. Keys that nobody refreshed in time, since that task's runtime is gone or
//! the machine was asleep, are used only after a fetch was tried: an issuer that can be reached decides what is trusted;
//! one that cannot keeps its last good keys for a bounded time. An unknown `kid`
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

use super::discovery::{self, FetchError, Metadata};
use super::file::KeySetFile;
use super::http::HttpClient;
use super::jwks::{KeySet, KeySetError};
use super::refresher::Refresher;
use super::url::Url;
use super::{Issuer, IssuerError, KeySource, file};
use crate::clock::{Clock, UnixTime};
use crate::crypto::CryptoProvider;
use crate::jose::Algorithm;

/// Least time between the starts of two fetches: a stranger's made-up `kid` values cost the issuer two requests a minute
/// at most, and a key that signs before it is published works half a minute later.
const FETCH_COOL_DOWN: Duration = Duration::from_secs(30);
/// How long the background task sleeps at most: timers stand still while a machine sleeps, and its clock does not.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// Time for a whole fetch, metadata and key set: as long as a client may be kept waiting for its answer. A fetch is over
/// before the next may begin, so there is never more than one.
const FETCH_TIME_LIMIT: Duration = Duration::from_secs(5);
const _: () = assert!(FETCH_TIME_LIMIT.as_millis() < FETCH_COOL_DOWN.as_millis());
/// Age at which keys are fetched again in the background, if the issuer states none: one request each ten minutes is no
/// burden, and a key that the issuer withdrew is trusted for ten minutes and [`REFRESH_GRACE`] more at most, unless the
/// issuer cannot be reached ([`MAX_STALE`]).
const REFRESH_AGE: Duration = Duration::from_secs(10 * 60);
/// How long past their refresh age keys are used without a fetch that was at least tried since: a server that is busy has
/// fetched them by then without anybody waiting, and so is one that was idle, unless it was asleep. A failed fetch
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
    pub(super) configured: Arc<str>,
    /// The identifier as the issuer's metadata states it, once that was read.
    stated: OnceLock<Arc<str>>,
    /// As last read.
    metadata: ArcSwapOption<Metadata>,
    algorithms: Vec<Algorithm>,
    crypto: Arc<dyn CryptoProvider>,
    clock: Arc<dyn Clock>,
    /// `None`: the key set is part of the configuration.
    source: Option<Source>,
    pub(super) loaded: ArcSwapOption<Loaded>,
    /// Held for a few instructions, never while waiting (pitfall P35).
    last_fetch: Mutex<Option<Fetch>>,
    refresher: Refresher,
}

/// Where keys are fetched from.
#[derive(Clone, Debug)]
enum Source {
    /// From where the issuer's metadata says.
    Metadata(Arc<dyn HttpClient>),
    JwksUri(Arc<dyn HttpClient>, Arc<str>),
    File(KeySetFile),
}

/// A key set and how long it is used.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) keys: Arc<KeySet>,
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
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, IssuerError> {
        let Issuer { identifier, source, .. } = issuer;
        let insecure_loopback = http.as_ref().is_some_and(|http| http.allows_insecure_loopback());
        // RFC 8414 §2: an identifier with another scheme, a query or a fragment is no issuer.
        if Url::parse_identifier(&identifier, insecure_loopback).is_none() {
            return Err(IssuerError::Identifier(identifier));
        }
        let client = || http.ok_or_else(|| IssuerError::HttpClientMissing(identifier.clone()));
        let parse = |json: &[u8]| {
            KeySet::parse(json, &algorithms, &*crypto)
                .and_then(KeySet::require_usable_key)
                .map_err(|reason| IssuerError::KeySet { issuer: identifier.clone(), reason })
        };
        let (source, loaded) = match source {
            KeySource::KeySet(json) => (None, Some(Loaded::configured(parse(json.as_bytes())?))),
            KeySource::File(path) => {
                let json = file::read_now(&path).map_err(|reason| IssuerError::KeySetFile {
                    issuer: identifier.clone(),
                    path: path.clone(),
                    reason,
                })?;
                let keys = Arc::new(parse(&json)?);
                (
                    Some(Source::File(KeySetFile::new(path))),
                    Some(Loaded::now(keys, clock.now(), file::REFRESH_AGE)),
                )
            }
            KeySource::JwksUri(uri) if Url::parse(&uri, insecure_loopback).is_none() => {
                return Err(IssuerError::JwksUri(uri));
            }
            KeySource::JwksUri(uri) => (Some(Source::JwksUri(client()?, uri.into())), None),
            KeySource::Metadata => (Some(Source::Metadata(client()?)), None),
        };
        Ok(Arc::new(Self {
            configured: identifier.into(),
            stated: OnceLock::new(),
            metadata: ArcSwapOption::empty(),
            algorithms,
            crypto,
            clock,
            source,
            loaded: ArcSwapOption::from_pointee(loaded),
            last_fetch: Mutex::new(None),
            refresher: Refresher::default(),
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
        let unsettled = self.stated.get().is_none() && matches!(self.source, Some(Source::Metadata(_)));
        iss == &**self.identifier() || (unsettled && same_but_for_slash(iss, &self.configured))
    }

    /// The keys in use; never waits. Starts a fetch in the background when they are due.
    ///
    /// `None` if they were never loaded, or must not be used before a fetch was tried: then [`Self::obtain`].
    pub(crate) fn current(self: &Arc<Self>, now: UnixTime) -> Option<Arc<KeySet>> {
        self.if_current(now, Arc::clone)
    }

    /// Whether these are the keys in use. Takes no share of them, whose count all threads would write to.
    pub(crate) fn are_current(self: &Arc<Self>, keys: &Arc<KeySet>, now: UnixTime) -> bool {
        self.if_current(now, |current| Arc::ptr_eq(current, keys)).unwrap_or(false)
    }

    fn if_current<T>(self: &Arc<Self>, now: UnixTime, then: impl FnOnce(&Arc<KeySet>) -> T) -> Option<T> {
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
        (!overdue || self.failed_lately(now)).then(|| then(&loaded.keys))
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

    /// Whether the issuer's metadata is read.
    pub(super) fn reads_metadata(&self) -> bool {
        matches!(self.source, Some(Source::Metadata(_)))
    }

    /// The issuer's metadata, as last read.
    pub(super) fn metadata(&self) -> Option<Arc<Metadata>> {
        self.metadata.load_full()
    }

    /// The keys after a fetch, for a token that those in use do not verify; an error if the fetch failed.
    ///
    /// Joins the fetch of this cool-down or starts it; if it is over, answers at once with what it brought.
    pub(crate) async fn refresh(self: &Arc<Self>, now: UnixTime) -> FetchResult {
        if self.source.is_none() {
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

    /// Starts a fetch of keys that were never loaded, for several issuers at once; [`Self::obtain`] waits for it. From now
    /// on they are kept young, also while nobody asks for them.
    pub(crate) fn prepare(self: &Arc<Self>, now: UnixTime) {
        if self.source.is_some() {
            self.refresher.start(self);
        }
        if self.loaded.load().is_none() {
            self.fetch(now);
        }
    }

    /// Starts a fetch if one is due, and says when to ask again.
    pub(super) fn refresh_if_due(self: &Arc<Self>) -> Duration {
        let now = self.clock.now();
        let until_due = self.until_due(now);
        if until_due.is_zero() {
            self.fetch(now);
            return FETCH_COOL_DOWN;
        }
        until_due.min(LONGEST_SLEEP)
    }

    /// How long until the keys have their refresh age, and another fetch may begin.
    fn until_due(&self, now: UnixTime) -> Duration {
        let loaded = self.loaded.load();
        let young = loaded
            .as_deref()
            .map_or(Duration::ZERO, |loaded| loaded.refresh_age.saturating_sub(distance(loaded.at, now)));
        let last = self.last_fetch.lock().unwrap_or_else(PoisonError::into_inner);
        let cooling = last
            .as_ref()
            .map_or(Duration::ZERO, |last| FETCH_COOL_DOWN.saturating_sub(distance(last.started, now)));
        young.max(cooling)
    }

    /// Whether the issuer was out of reach within the grace.
    fn failed_lately(&self, now: UnixTime) -> bool {
        let last = self.last_fetch.lock().unwrap_or_else(PoisonError::into_inner);
        let failure = last.as_ref().and_then(|last| last.last_failure(now));
        failure.is_some_and(|started| distance(started, now) < REFRESH_GRACE)
    }

    /// What the last successful fetch brought, unless it is too old to be trusted.
    pub(super) fn last_good(&self, now: UnixTime) -> Option<Arc<Loaded>> {
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
        let source = self.source.clone()?;
        let runtime = Handle::try_current().ok()?;
        let failed_before = last.as_ref().and_then(|last| last.last_failure(now));
        let recovering = failed_before.is_some();
        let (sender, result) = watch::channel(None);
        let keys = Arc::clone(self);
        // A task of its own: the client that caused it may hang up, and others wait for it.
        runtime
            .spawn(async move { sender.send_replace(Some(keys.run_fetch(&source, now, recovering).await)) });
        *last = Some(Fetch { started: now, result: result.clone(), failed_before });
        self.refresher.start(self);
        Some(result)
    }

    /// Whether a later fetch than the one that began at `started` has brought keys.
    fn is_outrun(&self, started: UnixTime) -> bool {
        let last = self.last_fetch.lock().unwrap_or_else(PoisonError::into_inner);
        let later = last.as_ref().filter(|last| last.started != started);
        later.is_some_and(|later| matches!(outcome(&later.result), Some(Ok(_))))
    }

    async fn run_fetch(&self, source: &Source, now: UnixTime, recovering: bool) -> FetchResult {
        match within_time_limit(self.load(source, now)).await.flatten() {
            // What a later fetch has brought is newer.
            Ok(_) if self.is_outrun(now) => {
                self.last_good(now).map(|loaded| Arc::clone(&loaded.keys)).ok_or(KeysUnavailable)
            }
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

    async fn load(&self, source: &Source, now: UnixTime) -> Result<Loaded, FetchError> {
        match source {
            Source::Metadata(http) => {
                // Read each time: a changed `jwks_uri` is followed.
                let url = self.discover(&**http).await?;
                self.load_from(&**http, &url, now).await
            }
            Source::JwksUri(http, url) => self.load_from(&**http, url, now).await,
            Source::File(file) => {
                let keys = self
                    .parse(&file.read().await?)
                    .map_err(|reason| FetchError::FileKeySet { path: file.name(), reason })?;
                Ok(Loaded::now(self.keep_if_same(keys), now, file::REFRESH_AGE))
            }
        }
    }

    async fn load_from(&self, http: &dyn HttpClient, url: &str, now: UnixTime) -> Result<Loaded, FetchError> {
        let response = discovery::get(http, url, KEY_SET_TYPE).await?;
        let keys = self
            .parse(&response.body)
            .map_err(|reason| FetchError::KeySet { url: url.to_owned(), reason })?;
        let refresh_age = response.max_age.unwrap_or(REFRESH_AGE).clamp(MIN_REFRESH_AGE, MAX_REFRESH_AGE);
        Ok(Loaded::now(self.keep_if_same(keys), now, refresh_age))
    }

    fn parse(&self, json: &[u8]) -> Result<KeySet, KeySetError> {
        KeySet::parse(json, &self.algorithms, &*self.crypto)
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
        self.stated.get_or_init(|| metadata.issuer.as_str().into());
        let jwks_uri = metadata.jwks_uri.clone();
        self.metadata.store(Some(Arc::new(metadata)));
        Ok(jwks_uri)
    }

    /// The set in use if `keys` is the same one: what was verified under it stays valid.
    fn keep_if_same(&self, keys: KeySet) -> Arc<KeySet> {
        match self.loaded.load().as_deref() {
            Some(loaded) if loaded.keys.same_as(&keys) => Arc::clone(&loaded.keys),
            _ => Arc::new(keys),
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
    fn configured(keys: KeySet) -> Self {
        let (refresh_age, max_age) = (Duration::MAX, Duration::MAX);
        Self { keys: Arc::new(keys), at: UnixTime::default(), refresh_age, max_age }
    }

    fn now(keys: Arc<KeySet>, now: UnixTime, refresh_age: Duration) -> Self {
        Self { keys, at: now, refresh_age, max_age: refresh_age.saturating_add(MAX_STALE) }
    }
}

/// What `future` comes to within the time of a fetch.
async fn within_time_limit<F: Future>(future: F) -> Result<F::Output, FetchError> {
    within(FETCH_TIME_LIMIT, future).await
}

/// What `future` comes to within `time`.
pub(crate) async fn within<F: Future>(time: Duration, future: F) -> Result<F::Output, FetchError> {
    // tokio panics where the runtime was built without `enable_time`, which cannot be asked beforehand; a request must
    // not panic for that.
    let limited = catch_unwind(AssertUnwindSafe(|| timeout(time, future)));
    let limited = limited.map_err(|_panic| FetchError::NoTimer)?;
    limited.await.map_err(|_elapsed| FetchError::TimedOut(time.as_secs()))
}

/// The time between two moments, in either order: a clock that was set back must not stop fetches or keep keys for ever.
pub(crate) fn distance(one: UnixTime, other: UnixTime) -> Duration {
    one.saturating_since(other).max(other.saturating_since(one))
}

fn same_but_for_slash(one: &str, other: &str) -> bool {
    one.strip_suffix('/').unwrap_or(one) == other.strip_suffix('/').unwrap_or(other)
}
