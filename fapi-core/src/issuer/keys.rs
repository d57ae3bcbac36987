//! The keys of one issuer while the server runs: what is used, how old it may be, and when it is fetched again.
//!
//! No request with a known key waits for a fetch (R120, pitfall P35): [`IssuerKeys::current`] is a load of an atomic
//! pointer, and `refresher.rs` keeps the keys young; what it did not refresh in time is fetched in the background, while
//! the last good keys serve for a bounded time. An unknown `kid` makes [`IssuerKeys::find`] fetch, but never more often than
//! once per cool-down, whoever asks, and ever less often for one `kid` (R118, pitfall P34). Without keys the answer is
//! "could not check", and the next fetch after the cool-down recovers by itself (pitfalls P37, P39). What the issuer is
//! called is decided in `name.rs`.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::runtime::Handle;

use super::discovery::{self, FetchError, Metadata};
use super::fetch::{FETCH_COOL_DOWN, FETCH_TIME_LIMIT, Fetch, FetchResult, KeysUnavailable, within};
use super::file::KeySetFile;
use super::http::HttpClient;
use super::jwks::{KeySet, KeySetError};
use super::refresher::Refresher;
use super::unknown_keys::UnknownKeys;
use super::url::Url;
use super::{Issuer, IssuerError, KeySource, file};
use crate::clock::{Clock, UnixTime};
use crate::crypto::CryptoProvider;
use crate::jose::Algorithm;

/// How long the background task sleeps at most: timers stand still while a machine sleeps, and its clock does not.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// Age at which keys are fetched again in the background, if the issuer states none: one request each ten minutes is no
/// burden, and a key that the issuer withdrew is trusted for that long at most, unless nobody could fetch ([`MAX_STALE`]).
pub(super) const REFRESH_AGE: Duration = Duration::from_secs(10 * 60);
/// Bounds of what the issuer may state instead of [`REFRESH_AGE`] (`Cache-Control: max-age`): below, it would only ask for
/// load; above, a key that was withdrawn would be trusted for more than an hour though the issuer can be reached.
const MIN_REFRESH_AGE: Duration = Duration::from_secs(60);
const MAX_REFRESH_AGE: Duration = Duration::from_secs(60 * 60);
/// How long past their refresh age keys are used: long enough for an outage that lasts until the next working day, and no
/// longer, since a key that was withdrawn meanwhile is trusted all that time.
///
/// They serve while a fetch is under way, too, also where none was tried for hours, since the machine was asleep or the
/// runtime of the background task is gone. To wait for it would keep a withdrawn key from being trusted for one fetch more,
/// five seconds at most; but then an issuer that accepts and never answers could hold up every client at once (R120).
const MAX_STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// RFC 7517 §8.5.2.
const KEY_SET_TYPE: &str = "application/jwk-set+json, application/json";

/// The keys of one issuer.
#[derive(Debug)]
pub(crate) struct IssuerKeys {
    pub(super) configured: Arc<str>,
    /// The identifier as the issuer itself spells it, once that is known.
    pub(super) stated: OnceLock<Arc<str>>,
    /// As last read.
    pub(super) metadata: ArcSwapOption<Metadata>,
    algorithms: Vec<Algorithm>,
    crypto: Arc<dyn CryptoProvider>,
    clock: Arc<dyn Clock>,
    /// `None`: the key set is part of the configuration.
    source: Option<Source>,
    pub(super) loaded: ArcSwapOption<Loaded>,
    /// Held for a few instructions, never while waiting (pitfall P35).
    last_fetch: Mutex<Option<Fetch>>,
    unknown: UnknownKeys,
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
            unknown: UnknownKeys::default(),
            refresher: Refresher::default(),
        }))
    }

    /// The keys in use; never waits. Starts a fetch in the background when they are due.
    ///
    /// `None` if they were never loaded, or are too old to be trusted: then [`Self::obtain`].
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
        if age >= loaded.refresh_age {
            self.fetch(now);
        }
        (age < loaded.max_age).then(|| then(&loaded.keys))
    }

    /// The keys in use, after a fetch if there are none.
    pub(crate) async fn obtain(self: &Arc<Self>, now: UnixTime) -> FetchResult {
        match self.current(now) {
            Some(keys) => Ok(keys),
            None => self.refresh(now).await,
        }
    }

    /// Whether the issuer's metadata is read.
    pub(super) fn reads_metadata(&self) -> bool {
        matches!(self.source, Some(Source::Metadata(_)))
    }

    /// The issuer's metadata, as last read.
    pub(super) fn metadata(&self) -> Option<Arc<Metadata>> {
        self.metadata.load_full()
    }

    /// The keys after a fetch; an error if it failed.
    ///
    /// Joins the fetch of this cool-down or starts it; if it is over, answers at once with what it brought.
    pub(crate) async fn refresh(self: &Arc<Self>, now: UnixTime) -> FetchResult {
        self.wait_for(self.fetch(now), now).await
    }

    /// The keys after a fetch, for a token whose key is not among those in use; an error if the fetch failed.
    ///
    /// A key that was not found is looked for again when as much time has passed as it had been missing for: soon if it was
    /// used just before it was published, and seldom, after two minutes at most, if it is none, such as that of a client which
    /// presents old tokens for ever.
    pub(crate) async fn find(
        self: &Arc<Self>,
        key_id: Option<&str>,
        algorithm: Algorithm,
        now: UnixTime,
    ) -> FetchResult {
        // One without a name is as good as one named "".
        let name = key_id.unwrap_or_default();
        let keys = self.wait_for(self.fetch_missing(self.unknown.since(name), now), now).await?;
        if keys.candidates(key_id, algorithm).next().is_none() {
            self.unknown.remember(name, now);
        }
        Ok(keys)
    }

    /// Starts a fetch in the background, for a token that the keys in use do not verify though they have the key that it
    /// names: another may have taken its place.
    pub(crate) fn refresh_later(self: &Arc<Self>, now: UnixTime) {
        self.fetch(now);
    }

    async fn wait_for(self: &Arc<Self>, fetch: Option<Fetch>, now: UnixTime) -> FetchResult {
        match fetch {
            Some(fetch) => fetch.wait().await,
            // There is nothing to fetch: what was configured is all.
            None if self.source.is_none() => self.current(now).ok_or(KeysUnavailable),
            None => Err(KeysUnavailable),
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

    /// What the last successful fetch brought, unless it is too old to be trusted.
    pub(super) fn last_good(&self, now: UnixTime) -> Option<Arc<Loaded>> {
        self.loaded.load_full().filter(|loaded| distance(loaded.at, now) < loaded.max_age)
    }

    /// The fetch of this cool-down, started if there is none; `None` outside a tokio runtime, or if there is nothing to
    /// fetch.
    fn fetch(self: &Arc<Self>, now: UnixTime) -> Option<Fetch> {
        self.fetch_missing(None, now)
    }

    /// The same, for a key that has been missing since this time, which has a cool-down of its own.
    fn fetch_missing(self: &Arc<Self>, since: Option<UnixTime>, now: UnixTime) -> Option<Fetch> {
        let mut last = self.last_fetch.lock().unwrap_or_else(PoisonError::into_inner);
        // R118, pitfall P34: counted from the start of the last one, whether it brought anything or not.
        if let Some(last) = last.as_ref().filter(|last| distance(last.started, now) < last.cool_down(since)) {
            return Some(last.clone());
        }
        let source = self.source.clone()?;
        let runtime = Handle::try_current().ok()?;
        let recovering = last.as_ref().is_some_and(Fetch::has_failed);
        let (sender, fetch) = Fetch::begin(now);
        let keys = Arc::clone(self);
        // A task of its own: the client that caused it may hang up, and others wait for it.
        runtime
            .spawn(async move { sender.send_replace(Some(keys.run_fetch(&source, now, recovering).await)) });
        *last = Some(fetch.clone());
        self.refresher.start(self);
        Some(fetch)
    }

    /// Whether a later fetch than the one that began at `started` has brought keys.
    fn is_outrun(&self, started: UnixTime) -> bool {
        let last = self.last_fetch.lock().unwrap_or_else(PoisonError::into_inner);
        let later = last.as_ref().filter(|last| last.started != started);
        later.is_some_and(|later| !later.has_failed())
    }

    async fn run_fetch(&self, source: &Source, now: UnixTime, recovering: bool) -> FetchResult {
        match within(FETCH_TIME_LIMIT, self.load(source, now)).await.flatten() {
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

    /// The set in use if `keys` is the same one: what was verified under it stays valid.
    fn keep_if_same(&self, keys: KeySet) -> Arc<KeySet> {
        match self.loaded.load().as_deref() {
            Some(loaded) if loaded.keys.same_as(&keys) => Arc::clone(&loaded.keys),
            _ => Arc::new(keys),
        }
    }
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

/// The time between two moments, in either order: a clock that was set back must not stop fetches or keep keys for ever.
pub(crate) fn distance(one: UnixTime, other: UnixTime) -> Duration {
    one.saturating_since(other).max(other.saturating_since(one))
}
