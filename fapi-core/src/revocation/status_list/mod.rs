//! Token Status List (draft-20): the issuer publishes one bit or a few for each of its tokens (R132 to R136).
//!
//! Decides which tokens must have a status, where lists may be fetched from, who must have signed them, and what a status
//! means. What a list must look like is decided in `list.rs`; how long it is kept, in `cache.rs`. Asked only about tokens
//! that were verified and that their caller has shown to be theirs (draft-20 §8.3, R132).

mod cache;
mod list;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use self::cache::{FetchedList, Known, Lists};
use self::list::{Expected, JWT_TYPE, MAX_TOKEN_BYTES, StatusList, StatusListError};
use super::LOG_TARGET;
use crate::clock::{Clock, UnixTime};
use crate::config_error::ConfigError;
use crate::error::Error;
use crate::issuer::{self, HttpClient, IssuerError, IssuerKeys, SignedJwt, TrustedIssuer, Url, within};
use crate::jose::Algorithm;
use crate::token::TokenFacts;

/// How long a list is kept by default, unless it says less: a revoked token is accepted for that long at most.
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(60);
/// The longest that may be configured: beyond, a list is hardly news of a revocation (SP 5.3.4-3).
const MAX_AGE_CAP: Duration = Duration::from_secs(60 * 60);
/// Draft-20 §8.1
const MEDIA_TYPE: &str = "application/statuslist+jwt";
/// Time for a whole fetch, the issuer's keys included; it is over before the next may begin.
const FETCH_TIME_LIMIT: Duration = Duration::from_secs(4);
/// How long a request waits for a fetch: a little longer, so that it learns what came of it, unless its task is on a
/// runtime that stands still.
const WAIT_TIME_LIMIT: Duration = Duration::from_millis(4500);
const _: () = assert!(FETCH_TIME_LIMIT.as_millis() < cache::COOL_DOWN.as_millis());
/// Draft-20 §7.1
const VALID: u8 = 0;

/// How status lists are used, for [`Revocation::status_list`](super::Revocation::status_list).
///
/// By default every token must say where its status is published, and that must be at the origin of its issuer.
///
/// ```
/// use std::time::Duration;
/// use fapi_core::{Issuer, ResourceServer, Revocation, StatusListPolicy};
///
/// # fn server() -> Result<ResourceServer, fapi_core::ConfigError> {
/// let policy = StatusListPolicy::new()
///     .with_origin("https://as.example.com", "https://status.example.net")
///     .with_max_age(Duration::from_secs(30));
/// ResourceServer::builder()
///     .public_url("https://api.example.com")
///     .issuer(Issuer::new("https://as.example.com"))
///     .audience("https://api.example.com")
///     .revocation(Revocation::status_list(policy))
///     .build()
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct StatusListPolicy {
    optional: bool,
    max_age: Duration,
    /// Issuers, each with an origin.
    origins: Vec<(String, String)>,
}

impl StatusListPolicy {
    /// Every token must have a status; lists are at their issuer's own origin, and kept for a minute at most.
    pub const fn new() -> Self {
        Self { optional: false, max_age: DEFAULT_MAX_AGE, origins: Vec::new() }
    }

    /// Allows lists of this issuer at this origin (`https://host` or `https://host:port`), beside the issuer's own; may be
    /// repeated. Whoever is there learns when this server fetches, and no more: lists are signed by the issuer.
    pub fn with_origin(mut self, issuer: impl Into<String>, origin: impl Into<String>) -> Self {
        self.origins.push((issuer.into(), origin.into()));
        self
    }

    /// Accepts tokens that do not say where their status is published: they cannot be revoked before they expire. By
    /// default they are refused.
    pub fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// How long a list is kept at most, and so for how long a revocation may go unnoticed; less if the list says so (`ttl`,
    /// `exp`), but 5 seconds at least unless it expires. A minute by default, an hour at most.
    pub fn with_max_age(self, max_age: Duration) -> Self {
        Self { max_age, ..self }
    }
}

impl Default for StatusListPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// What status lists share with the rest of the server.
pub(crate) struct Surroundings<'a> {
    pub(crate) issuers: &'a [TrustedIssuer],
    pub(crate) max_future: Duration,
    pub(crate) http: Option<&'a Arc<dyn HttpClient>>,
    pub(crate) clock: &'a Arc<dyn Clock>,
}

/// The status lists of all issuers, by one policy.
#[derive(Debug)]
pub(super) struct StatusLists {
    optional: bool,
    issuers: Vec<Arc<ListIssuer>>,
}

/// The status lists of one issuer: one issuer's never say anything of another's tokens (RFC 8725 §3.8).
#[derive(Debug)]
struct ListIssuer {
    keys: Arc<IssuerKeys>,
    algorithms: Vec<Algorithm>,
    origins: Vec<String>,
    max_age: Duration,
    max_future: Duration,
    http: Arc<dyn HttpClient>,
    clock: Arc<dyn Clock>,
    lists: Lists,
}

impl StatusLists {
    pub(super) fn new(
        policy: &StatusListPolicy,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, ConfigError> {
        if policy.max_age > MAX_AGE_CAP {
            return Err(ConfigError::StatusListAge { most_seconds: MAX_AGE_CAP.as_secs() });
        }
        let trusted = |name: &str| surroundings.issuers.iter().any(|issuer| is_called(issuer, name));
        if let Some((unknown, _)) = policy.origins.iter().find(|(name, _)| !trusted(name)) {
            return Err(ConfigError::StatusListIssuer(unknown.clone()));
        }
        let issuer = |issuer| ListIssuer::new(issuer, policy, surroundings).map(Arc::new);
        let issuers = surroundings.issuers.iter().map(issuer).collect::<Result<_, _>>()?;
        Ok(Self { optional: policy.optional, issuers })
    }

    /// Draft-20 §8.3: whether the status of this token, which is verified and its caller's own (R132), is "valid".
    pub(super) async fn check(&self, token: &TokenFacts, now: UnixTime) -> Result<(), Error> {
        let Some(reference) = token.status() else {
            return if self.optional { Ok(()) } else { Err(Error::TokenStatusMissing) };
        };
        let mut issuers = self.issuers.iter();
        let issuer = issuers.find(|issuer| &**issuer.keys.identifier() == token.issuer());
        let list = issuer.ok_or(Error::RevocationUnavailable)?.list(reference.uri(), now).await?;
        match list.list.status(reference.index()) {
            Some(VALID) => Ok(()),
            // Draft-20 §7.1: invalid, suspended, or of a meaning that is not known here.
            Some(_) => Err(Error::TokenRevoked),
            // Draft-20 §8.3, R135
            None => Err(Error::TokenStatusIndex),
        }
    }
}

impl ListIssuer {
    fn new(
        issuer: &TrustedIssuer,
        policy: &StatusListPolicy,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, ConfigError> {
        let name = issuer.keys.identifier();
        let http =
            surroundings.http.ok_or_else(|| IssuerError::HttpClientMissing(name.as_ref().to_owned()))?;
        let insecure_loopback = http.allows_insecure_loopback();
        let own = Url::parse(name, insecure_loopback).map(|url| url.origin.to_owned());
        let mut origins = Vec::from_iter(own);
        for (_, origin) in policy.origins.iter().filter(|(name, _)| is_called(issuer, name)) {
            let url = Url::parse(origin, insecure_loopback).filter(|url| matches!(url.path, "" | "/"));
            let url = url.ok_or_else(|| ConfigError::StatusListOrigin(origin.clone()))?;
            origins.push(url.origin.to_owned());
        }
        Ok(Self {
            keys: Arc::clone(&issuer.keys),
            algorithms: issuer.algorithms.clone(),
            origins,
            max_age: policy.max_age,
            max_future: surroundings.max_future,
            http: Arc::clone(http),
            clock: Arc::clone(surroundings.clock),
            lists: Lists::new(),
        })
    }

    /// Draft-20 §11.4, R136: even a signed token sends this server to known places only.
    fn allows(&self, uri: &str) -> bool {
        let url = Url::parse(uri, self.http.allows_insecure_loopback());
        url.is_some_and(|url| self.origins.iter().any(|origin| origin.eq_ignore_ascii_case(url.origin)))
    }

    /// The list of this URI: from memory, from the fetch under way, or from a new one.
    async fn list(self: &Arc<Self>, uri: &str, now: UnixTime) -> Result<Arc<FetchedList>, Error> {
        if !self.allows(uri) {
            tracing::warn!(target: LOG_TARGET, issuer = &**self.keys.identifier(), uri, outcome = "status_list_refused", "a token's status list is not at an allowed origin; allow it with StatusListPolicy::with_origin");
            return Err(Error::TokenStatusOrigin);
        }
        let mut pending = match self.lists.look_up(uri, now) {
            Known::Outcome(outcome) => return outcome,
            Known::Pending(pending) => pending,
            Known::Nothing(sender) => {
                let runtime = Handle::try_current().map_err(|_| Error::RevocationUnavailable)?;
                let (pending, issuer, uri) = (sender.subscribe(), Arc::clone(self), uri.to_owned());
                // A task of its own: the client that caused it may hang up, and others wait for it.
                runtime.spawn(async move {
                    let outcome = issuer.fetch(&uri, now).await;
                    issuer.lists.take_in(&sender, outcome);
                });
                pending
            }
        };
        match within(WAIT_TIME_LIMIT, pending.wait_for(Option::is_some)).await {
            Ok(Ok(outcome)) => outcome.clone().unwrap_or(Err(Error::RevocationUnavailable)),
            Ok(Err(_)) | Err(_) => Err(Error::RevocationUnavailable),
        }
    }

    async fn fetch(&self, uri: &str, now: UnixTime) -> Result<Arc<FetchedList>, Error> {
        let loaded = within(FETCH_TIME_LIMIT, self.load(uri)).await.map_err(StatusListError::Fetch).flatten();
        let issuer = &**self.keys.identifier();
        match loaded {
            Ok(list) => {
                tracing::debug!(target: LOG_TARGET, issuer, uri, outcome = "status_list_loaded", bytes = list.size(), "loaded a status list");
                Ok(Arc::new(FetchedList::new(list, now, self.max_age)))
            }
            Err(error) => {
                tracing::warn!(target: LOG_TARGET, issuer, uri, outcome = "status_list_failed", %error, "cannot load a status list; its tokens are answered with 503");
                Err(Error::RevocationUnavailable)
            }
        }
    }

    /// Draft-20 §8.1 to §8.3, R133, R134.
    async fn load(&self, uri: &str) -> Result<StatusList, StatusListError> {
        let answer = issuer::get(&*self.http, uri, MEDIA_TYPE).await.map_err(StatusListError::Fetch)?;
        if answer.body.len() > MAX_TOKEN_BYTES {
            return Err(StatusListError::TooLarge);
        }
        let text = String::from_utf8_lossy(&answer.body);
        let jwt = SignedJwt::parse(&text, JWT_TYPE, &self.algorithms).map_err(StatusListError::Signature)?;
        let now = self.clock.now();
        let payload = jwt.verify(&self.keys, now).await.map_err(StatusListError::Signature)?;
        StatusList::parse(&payload, &Expected { uri, max_future: self.max_future, now })
    }
}

/// Whether the configuration means this issuer: a trailing slash is forgiven there, as everywhere in it.
fn is_called(issuer: &TrustedIssuer, name: &str) -> bool {
    issuer.keys.identifier().trim_end_matches('/') == name.trim_end_matches('/')
}
