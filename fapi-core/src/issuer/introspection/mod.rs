//! Asking an issuer about a token (RFC 7662, RFC 9701, R121 to R131): for opaque tokens, and for the revocation of JWTs.
//!
//! Decides where the question goes, that one token causes one call, and how long an answer counts. What an answer says is
//! read in `answer.rs`; what is remembered, in `memory.rs`; how many calls the issuer gets, in `lane.rs`. What the claims
//! of an active token must be is decided in `token/`. No request holds a lock or the call itself: a client that hangs up
//! takes nothing with it.

mod answer;
mod config;
mod error;
mod lane;
mod memory;
#[cfg(test)]
#[cfg(feature = "aws-lc-rs")]
mod tests;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;
use zeroize::Zeroizing;

use self::answer::{Content, Expected, Introspected};
pub use self::config::Introspection;
use self::error::IntrospectionError;
use self::lane::{Health, Lane, Refusal};
use self::memory::{Digest, Known, Memory, Outcome};
use super::client_authentication::form;
use super::discovery::FetchError;
use super::fetch::within;
use super::http::HttpClient;
use super::keys::{IssuerKeys, distance};
use super::signed_jwt::SignedJwt;
use super::url::Url;
use super::{IssuerError, LOG_TARGET};
use crate::clock::{Clock, UnixTime};
use crate::crypto::CryptoProvider;
use crate::error::Error;
use crate::jose::Algorithm;

/// Time for a whole call, waiting for its turn included: as long as a client may be kept waiting for its answer.
const CALL_TIME_LIMIT: Duration = Duration::from_secs(5);
/// The part of it that the issuer must have had for its silence to count as an outage; the rest may have been spent in the
/// queue, which is no fault of the issuer's.
const LEAST_TRIAL: Duration = Duration::from_millis(2500);
/// How long a request waits for a call: a little longer, so that it learns what came of it, unless the call's task is on a
/// runtime that stands still.
const WAIT_TIME_LIMIT: Duration = Duration::from_millis(5500);

/// Who presents a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// Nobody knows yet: the token may be made up.
    Unknown,
    /// The token is the issuer's, and the caller has proved the key that it is bound to.
    Proved,
}

/// A token that its issuer says is active.
pub(crate) struct ActiveToken {
    claims: Vec<u8>,
    validity: Validity,
    checked: OnceLock<Result<(), Error>>,
}

/// For how long an answer counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Validity {
    since: UnixTime,
    length: Duration,
}

impl Validity {
    /// P46: a clock that was set back must not make an answer count for longer.
    pub(crate) fn counts(self, now: UnixTime) -> bool {
        distance(self.since, now) < self.length
    }
}

impl ActiveToken {
    /// The claims of the answer, as JSON.
    pub(crate) fn claims(&self) -> &[u8] {
        &self.claims
    }

    /// For how long the answer counts.
    pub(crate) fn validity(&self) -> Validity {
        self.validity
    }

    /// What `check` says of the claims: asked once, since an answer is about one token.
    pub(crate) fn check_once(&self, check: impl FnOnce(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        self.checked.get_or_init(|| check(&self.claims)).clone()
    }

    fn counts(&self, now: UnixTime) -> bool {
        self.validity.counts(now)
    }
}

/// Asks one issuer.
pub(crate) struct Introspector {
    config: Introspection,
    keys: Arc<IssuerKeys>,
    algorithms: Vec<Algorithm>,
    max_future: Duration,
    http: Arc<dyn HttpClient>,
    crypto: Arc<dyn CryptoProvider>,
    clock: Arc<dyn Clock>,
    memory: Memory,
    proved: Lane,
    unknown: Lane,
}

/// What an issuer's introspection shares with the rest of the server.
pub(crate) struct Surroundings<'a> {
    pub(crate) keys: &'a Arc<IssuerKeys>,
    /// SP 5.4.1-1, R129: signed answers are signed with one of these.
    pub(crate) algorithms: &'a [Algorithm],
    pub(crate) max_future: Duration,
    pub(crate) http: Option<&'a Arc<dyn HttpClient>>,
    pub(crate) crypto: &'a Arc<dyn CryptoProvider>,
    pub(crate) clock: &'a Arc<dyn Clock>,
}

impl Introspector {
    pub(crate) fn new(
        config: Introspection,
        surroundings: &Surroundings<'_>,
    ) -> Result<Arc<Self>, IssuerError> {
        let Surroundings { keys, algorithms, max_future, http, crypto, clock } = surroundings;
        let issuer = || keys.identifier().as_ref().to_owned();
        let http = http.ok_or_else(|| IssuerError::HttpClientMissing(issuer()))?;
        config.check(issuer, keys.reads_metadata(), http.allows_insecure_loopback())?;
        Ok(Arc::new(Self {
            unknown: Lane::new(Some(config.budget)),
            proved: Lane::new(None),
            memory: Memory::new(CALL_TIME_LIMIT),
            keys: Arc::clone(keys),
            algorithms: algorithms.to_vec(),
            max_future: *max_future,
            http: Arc::clone(http),
            crypto: Arc::clone(crypto),
            clock: Arc::clone(clock),
            config,
        }))
    }

    /// Whether opaque tokens are this issuer's.
    pub(crate) fn takes_opaque_tokens(&self) -> bool {
        self.config.opaque_tokens
    }

    /// RFC 7662 §4, R126: whether an answer without `aud` is accepted.
    pub(crate) fn audience_optional(&self) -> bool {
        self.config.audience_optional
    }

    /// By which a token is remembered: its SHA-256.
    pub(crate) fn digest(&self, token: &str) -> Digest {
        self.crypto.sha256(token.as_bytes())
    }

    /// What the issuer says of `token`, whose SHA-256 is `digest`: from memory, from the call under way, or from a new
    /// one. [`Error::TokenInactive`] is an answer; every other error means that there is none.
    pub(crate) async fn introspect(
        self: &Arc<Self>,
        token: &str,
        digest: &Digest,
        standing: Standing,
        now: UnixTime,
    ) -> Outcome {
        let admit = |was_active| {
            let runtime = Handle::try_current().map_err(|_| Refusal::NoRuntime)?;
            let known = was_active || standing == Standing::Proved;
            Ok((runtime, known, self.lane(known).admit(now)?))
        };
        let known = self.memory.look_up(digest, now, admit).map_err(|refusal| self.refuse(refusal))?;
        let mut pending = match known {
            Known::Outcome(outcome) => return outcome,
            Known::Pending(pending) => pending,
            Known::Nothing((runtime, known, place), sender) => {
                let (pending, introspector) = (sender.subscribe(), Arc::clone(self));
                let call = Call { introspector, digest: *digest, known, sender, _place: place };
                let token = Zeroizing::new(token.to_owned());
                // A task of its own: the client that caused it may hang up, and others wait for it.
                runtime.spawn(async move { call.run(&token, now).await });
                pending
            }
        };
        match within(WAIT_TIME_LIMIT, pending.wait_for(Option::is_some)).await {
            Ok(Ok(outcome)) => outcome.clone().unwrap_or(Err(Error::IntrospectionUnavailable)),
            Ok(Err(_)) | Err(_) => Err(Error::IntrospectionUnavailable),
        }
    }

    /// Forgets that the token was active; the next question goes to the issuer.
    pub(crate) fn forget(&self, digest: &Digest) {
        self.memory.forget(digest);
    }

    fn lane(&self, known: bool) -> &Lane {
        if known { &self.proved } else { &self.unknown }
    }

    fn refuse(&self, refusal: Refusal) -> Error {
        tracing::warn!(target: LOG_TARGET, issuer = &**self.keys.identifier(), outcome = "not_asked", %refusal, "a token was not asked about");
        Error::IntrospectionUnavailable
    }

    async fn ask(&self, token: &str) -> Result<Introspected, IntrospectionError> {
        let now = self.clock.now();
        if self.keys.reads_metadata() && self.keys.metadata().is_none() {
            // The endpoint and the issuer's name come with the keys; what is missing then shows below.
            let _ = self.keys.obtain(now).await;
        }
        let url = self.endpoint()?;
        let credentials =
            self.config.authentication.credentials(self.keys.identifier(), &*self.crypto, now)?;
        let authorization = credentials.authorization.as_ref().map(|header| header.as_str());
        let accept = if self.config.signed_only { answer::SIGNED_TYPE } else { answer::PLAIN_TYPE };
        let form = form(token, &credentials);
        let response = self
            .http
            .post_form(&url, accept, authorization, &form)
            .await
            .map_err(|reason| IntrospectionError::Http { url: url.clone(), reason })?;
        let json = match answer::content(response, &url, self.config.signed_only)? {
            Content::Plain(json) => json,
            Content::Signed(jwt) => self.open(&jwt).await?,
        };
        answer::introspected(json)
    }

    /// RFC 9701 §5, R127: the claims in a signed answer, verified under the issuer's keys.
    async fn open(&self, jwt: &str) -> Result<Vec<u8>, IntrospectionError> {
        let now = self.clock.now();
        let jwt = SignedJwt::parse(jwt, answer::SIGNED_JWT_TYPE, &self.algorithms)?;
        let payload = jwt.verify(&self.keys, now).await?;
        let expected = Expected {
            keys: &self.keys,
            audience: self.config.answer_audience(),
            max_future: self.max_future,
            now,
        };
        answer::open(&payload, &expected)
    }

    fn endpoint(&self) -> Result<String, IntrospectionError> {
        if let Some(configured) = &self.config.endpoint {
            return Ok(configured.clone());
        }
        let metadata = self.keys.metadata().ok_or(IntrospectionError::EndpointUnknown)?;
        // RFC 8705 §5, R78: the alias, where the certificate is asked for, if there is one.
        let alias = metadata.mtls_introspection_endpoint.as_ref();
        let alias = alias.filter(|_| self.config.authentication.is_mutual_tls());
        let endpoint = alias.or(metadata.introspection_endpoint.as_ref());
        // R121: the token travels over https only, and nowhere that two parsers could read differently.
        let usable = endpoint.filter(|url| Url::parse(url, self.http.allows_insecure_loopback()).is_some());
        usable.cloned().ok_or(IntrospectionError::EndpointUnknown)
    }

    fn outcome(&self, answer: Result<Introspected, IntrospectionError>, now: UnixTime) -> Outcome {
        match answer {
            Ok(Introspected::Active { claims, expires_at }) => {
                // RFC 7662 §4, R125, P47: never beyond exp, and no longer than a revocation may go unnoticed.
                let left = expires_at.map_or(Duration::MAX, |expires_at| expires_at.saturating_since(now));
                let validity = Validity { since: now, length: self.config.max_age.min(left) };
                Ok(Arc::new(ActiveToken { claims, validity, checked: OnceLock::new() }))
            }
            Ok(Introspected::Inactive) => Err(Error::TokenInactive),
            Err(error) => {
                tracing::warn!(target: LOG_TARGET, issuer = &**self.keys.identifier(), outcome = "introspection_failed", %error, "a token could not be asked about; the request is answered with 503");
                Err(error.outcome())
            }
        }
    }

    fn report(&self, health: Option<Health>) {
        let issuer = &**self.keys.identifier();
        match health {
            Some(Health::Failing) => {
                tracing::warn!(target: LOG_TARGET, issuer, outcome = "introspection_paused", "the issuer's introspection fails; one call in five seconds finds out when it is back");
            }
            Some(Health::Recovered) => {
                tracing::info!(target: LOG_TARGET, issuer, outcome = "introspection_recovered", "the issuer's introspection answers again");
            }
            None => {}
        }
    }
}

impl fmt::Debug for Introspector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Introspector").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A call under way; it is forgotten when this is dropped, however it ends.
struct Call {
    introspector: Arc<Introspector>,
    digest: Digest,
    known: bool,
    sender: watch::Sender<Option<Outcome>>,
    _place: OwnedSemaphorePermit,
}

impl Call {
    async fn run(self, token: &str, now: UnixTime) {
        let introspector = &*self.introspector;
        let lane = introspector.lane(self.known);
        let asked = OnceLock::new();
        let answer = within(CALL_TIME_LIMIT, async {
            let _turn = lane.call().await;
            asked.get_or_init(Instant::now);
            introspector.ask(token).await
        });
        let answer = answer.await.map_err(|error| match error {
            FetchError::NoTimer => IntrospectionError::NoTimer,
            _ => IntrospectionError::TimedOut(CALL_TIME_LIMIT.as_secs()),
        });
        let answer = answer.flatten();
        let failed = answer.as_ref().is_err_and(IntrospectionError::is_outage);
        // Who waited for a turn until the time was nearly over has learnt nothing of the issuer.
        let timed_out = matches!(answer, Err(IntrospectionError::TimedOut(_)));
        let tried = asked.get().is_some_and(|at: &Instant| !timed_out || at.elapsed() >= LEAST_TRIAL);
        let outcome = introspector.outcome(answer, now);
        if tried {
            // By the time at the end: a call that took its whole limit would be over with its cool-down otherwise.
            introspector.report(lane.report(failed, introspector.clock.now()));
        }
        let inactive_until = now.saturating_add(introspector.config.negative_age);
        introspector.memory.remember(&self.digest, &outcome, inactive_until);
        self.sender.send_replace(Some(outcome));
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.introspector.memory.end_call(&self.digest, &self.sender.subscribe());
    }
}
