//! The receiver of security events: SETs (RFC 8417) that a transmitter pushes (RFC 8935), in the profiles of SSF and CAEP.
//!
//! Decides whether a pushed token is the transmitter's, for this receiver, and of the right form (R161, R164 to R166);
//! `security_event.rs` reads what it says, and the [`DenyList`] remembers it. An event only ever revokes (R167): its type is
//! its own, so that it is no access token and no proof, and whoever sends one twice changes nothing.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;
use serde::Serialize;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::deny_list::{DenyList, DenyListFull};
use super::security_event::{Event, EventKind, SetError, SubjectRules, issuer_of};
use super::stream::{StreamVerification, Watch};
use crate::clock::UnixTime;
use crate::config_error::ConfigError;
use crate::issuer::{Issuer, IssuerKeys, SignedJwt, SignedJwtError};
use crate::jose::Algorithm;

/// RFC 8417 §2.3, SSF §4.1.1: the explicit type of a SET, and its media type.
const SET_TYPE: &str = "secevent+jwt";
const SET_MEDIA_TYPE: &str = "application/secevent+jwt";
/// An event is about 1 kB; one with a long complex subject has room.
const MAX_SET_BYTES: usize = 64 * 1024;
/// How many events are remembered as known: a transmitter repeats an event within minutes. One that is forgotten is
/// handled again, which changes nothing.
const KNOWN_EVENTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9_999);

/// A receiver of security events: what the issuer, or another transmitter, pushes when it ends a session (CAEP
/// `session-revoked`) or withdraws a token. Adapters mount it at a path of yours.
///
/// Understood are the subjects `iss_sub` (a user's tokens of before), `opaque` (a session of the transmitter, `sid` in
/// tokens), `jwt_id` (one token) and `complex` with `user` and `session`. Other events are accepted and ignored.
///
/// ```
/// use fapi_core::{Issuer, ResourceServer, Revocation, SecurityEvents};
///
/// let events = SecurityEvents::new(
///     Issuer::new("https://as.example.com"),
///     "https://api.example.com",
///     "Bearer what-the-transmitter-was-told-to-send",
/// );
/// let server = ResourceServer::builder()
///     .public_url("https://api.example.com")
///     .issuer(Issuer::new("https://as.example.com"))
///     .audience("https://api.example.com")
///     .revocation(Revocation::security_events(events.clone()))
///     .build()?;
/// // For an alarm: a transmitter that is silent may be gone.
/// assert!(events.last_verification().is_none());
/// # let _ = server;
/// # Ok::<(), fapi_core::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct SecurityEvents {
    pub(crate) transmitter: Issuer,
    pub(crate) algorithms: Option<Vec<Algorithm>>,
    audience: String,
    authorization: Arc<Zeroizing<String>>,
    deny_list: DenyList,
    issuers: Vec<String>,
    critical_members: Vec<String>,
    pub(crate) verification_interval: Option<Duration>,
    last_verification: Arc<Mutex<Option<StreamVerification>>>,
}

impl SecurityEvents {
    /// Receives the events of `transmitter`, whose keys are found as those of an issuer of tokens are.
    ///
    /// `audience` is this receiver's name in the events' `aud`. `authorization` is the value of the `Authorization` header
    /// that the transmitter was told to send (SSF §6.1.1), whole; it must not be empty.
    #[must_use]
    pub fn new(transmitter: Issuer, audience: impl Into<String>, authorization: impl Into<String>) -> Self {
        Self {
            transmitter,
            algorithms: None,
            audience: audience.into(),
            authorization: Arc::new(Zeroizing::new(authorization.into())),
            deny_list: DenyList::new(),
            issuers: Vec::new(),
            critical_members: Vec::new(),
            verification_interval: None,
            last_verification: Arc::default(),
        }
    }

    /// Accepts events signed with these algorithms; those that the profile accepts for tokens by default.
    ///
    /// The CAEP interoperability profile (§2.6) has transmitters sign with RS256, which FAPI 2.0 does not accept: name
    /// [`Algorithm::Rs256`] here if the transmitter offers nothing better. Tokens are not affected.
    #[must_use]
    pub fn with_algorithms(self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        Self { algorithms: Some(algorithms.into_iter().collect()), ..self }
    }

    /// Puts what is revoked on this list, for other bounds than [`DenyList::new`] has, or to share the list.
    #[must_use]
    pub fn with_deny_list(self, deny_list: DenyList) -> Self {
        Self { deny_list, ..self }
    }

    /// Lets the transmitter speak of the tokens of these issuers, too: each as its tokens name it. Without this, it can revoke
    /// only tokens of its own, and an event about another issuer's is refused (`access_denied`).
    #[must_use]
    pub fn for_issuers<S: Into<String>>(self, identifiers: impl IntoIterator<Item = S>) -> Self {
        Self { issuers: identifiers.into_iter().map(Into::into).collect(), ..self }
    }

    /// The members of a complex subject that the transmitter calls critical (`critical_subject_members` of its metadata,
    /// SSF §3.6): an event with one that is not understood here is accepted and discarded. Understood are `user` in the
    /// format `iss_sub` and `session` in the format `opaque`. Other members, if not critical, are taken for matching.
    #[must_use]
    pub fn with_critical_subject_members<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        Self { critical_members: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// Expects a verification event of the transmitter (SSF §8.1.4) at least this often: the interval that it was told, and
    /// some slack. When none has come for longer, the log says so at the next request or event, once: revocations may not
    /// arrive. No token is refused for it. Without an interval nothing is expected.
    #[must_use]
    pub fn with_verification_interval(self, interval: Duration) -> Self {
        Self { verification_interval: Some(interval), ..self }
    }

    /// The verification event that was received last, on any clone.
    #[must_use]
    pub fn last_verification(&self) -> Option<StreamVerification> {
        self.last_verification.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) const fn denied(&self) -> &DenyList {
        &self.deny_list
    }

    /// An empty secret would let everybody in, and an empty audience nobody.
    pub(crate) fn is_complete(&self) -> bool {
        !self.audience.is_empty() && !self.authorization.trim().is_empty()
    }
}

/// Shows no secret.
impl fmt::Debug for SecurityEvents {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SecurityEvents")
            .field("transmitter", &self.transmitter)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

/// The answer to a pushed event (RFC 8935 §2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SecurityEventAnswer {
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: String,
}

impl SecurityEventAnswer {
    /// 202 for what is accepted, 400 for what is wrong, 503 for what could not be checked or remembered now, and 404 where
    /// no receiver is configured.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Names in lower case, and values.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        self.headers.iter().copied()
    }

    /// Empty, or JSON (RFC 8935 §2.3).
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    const fn empty(status: u16) -> Self {
        Self { status, headers: &[], body: String::new() }
    }

    /// RFC 8935 §2.3, R165.
    fn error(error: &SetError) -> Self {
        #[derive(Serialize)]
        struct Body<'a> {
            err: &'a str,
            description: String,
        }
        let Some(code) = error.code() else { return Self::empty(503) };
        let body = Body { err: code, description: error.to_string() };
        Self {
            status: 400,
            headers: &[
                ("content-type", "application/json"),
                ("content-language", "en"),
                ("cache-control", "no-store"),
            ],
            body: serde_json::to_string(&body).unwrap_or_default(),
        }
    }
}

/// The receivers of a server: one for each transmitter.
#[derive(Debug, Default)]
pub(crate) struct Receivers(Vec<Receiver>);

impl Receivers {
    /// R166: one more, which must be told from the others.
    pub(super) fn add(&mut self, receiver: Receiver) -> Result<(), ConfigError> {
        let authorization = receiver.events.authorization.as_bytes();
        if let Some(other) = self.0.iter().find(|other| other.authenticates(Some(authorization))) {
            let name = |receiver: &Receiver| receiver.events.transmitter.identifier().to_owned();
            return Err(ConfigError::SecurityEventsAmbiguous(name(other), name(&receiver)));
        }
        self.0.push(receiver);
        Ok(())
    }

    /// R167: tells the operator of streams that have fallen silent.
    pub(super) fn look(&self, now: UnixTime) {
        for receiver in &self.0 {
            if let Some(watch) = &receiver.watch {
                watch.look(receiver.keys.identifier(), now);
            }
        }
    }

    pub(super) async fn receive(&self, push: Push<'_>, now: UnixTime) -> SecurityEventAnswer {
        if self.0.is_empty() {
            return SecurityEventAnswer::empty(404);
        }
        self.look(now);
        // SSF §6.1.1, R166: the secret says which transmitter it is.
        let receiver = self.0.iter().find(|receiver| receiver.authenticates(push.authorization));
        let result = match receiver {
            Some(receiver) => receiver.receive(push, now).await,
            None => Err(SetError::Authentication),
        };
        match result {
            Ok(()) => SecurityEventAnswer::empty(202),
            Err(error) => {
                error.log();
                SecurityEventAnswer::error(&error)
            }
        }
    }
}

/// A pushed event, as it came.
#[derive(Clone, Copy)]
pub(super) struct Push<'a> {
    pub(super) content_type: Option<&'a [u8]>,
    pub(super) authorization: Option<&'a [u8]>,
    pub(super) body: &'a [u8],
}

/// A receiver at work.
#[derive(Debug)]
pub(crate) struct Receiver {
    keys: Arc<IssuerKeys>,
    algorithms: Vec<Algorithm>,
    max_future: Duration,
    events: SecurityEvents,
    watch: Option<Watch>,
    /// The `jti` of events that were handled.
    known: Mutex<LruCache<Box<str>, ()>>,
}

impl Receiver {
    pub(crate) fn new(
        events: SecurityEvents,
        keys: Arc<IssuerKeys>,
        algorithms: Vec<Algorithm>,
        max_future: Duration,
        now: UnixTime,
    ) -> Self {
        let watch = events.verification_interval.map(|interval| Watch::new(interval, now));
        let known = Mutex::new(LruCache::new(KNOWN_EVENTS));
        Self { keys, algorithms, max_future, events, watch, known }
    }

    fn authenticates(&self, authorization: Option<&[u8]>) -> bool {
        authorization.is_some_and(|value| value.ct_eq(self.events.authorization.as_bytes()).into())
    }

    async fn receive(&self, push: Push<'_>, now: UnixTime) -> Result<(), SetError> {
        let payload = self.verify(push, now).await?;
        let event = Event::parse(&payload, &self.events.audience, now.saturating_add(self.max_future))?;
        // RFC 8935 §2, R165: the same answer as the first time.
        if self.known().contains(&event.token_id) {
            return Ok(());
        }
        self.handle(&event, now)?;
        // After it was remembered, so that what failed is tried again.
        self.known().put(event.token_id, ());
        Ok(())
    }

    /// The payload of a SET that this transmitter has signed.
    async fn verify(&self, push: Push<'_>, now: UnixTime) -> Result<Vec<u8>, SetError> {
        if !push.content_type.is_some_and(is_set) {
            return Err(SetError::MediaType);
        }
        if push.body.len() > MAX_SET_BYTES {
            return Err(SetError::TooLarge);
        }
        let text = str::from_utf8(push.body).map_err(|_| SetError::Text)?;
        // SSF §4.1.1, R161, R164
        let jwt = SignedJwt::parse(text, SET_TYPE, &self.algorithms).map_err(SetError::of)?;
        // SSF §4.1.6, R161: before the signature only for the error's sake, since another's key is not here.
        if !self.keys.may_be(&issuer_of(jwt.unverified_payload())?) {
            return Err(SetError::Issuer);
        }
        let payload = jwt.verify(&self.keys, now).await.map_err(SetError::of)?;
        // The metadata, which may just have been read, settles its spelling; else this does.
        self.keys.settle(&issuer_of(&payload)?).ok_or(SetError::Issuer)?;
        Ok(payload)
    }

    fn handle(&self, event: &Event, now: UnixTime) -> Result<(), SetError> {
        match &event.kind {
            EventKind::SessionRevoked { subject, moment } => {
                let own = &**self.keys.identifier();
                let others = self.events.issuers.iter().map(String::as_str);
                let rules = SubjectRules {
                    issuers: std::iter::once(own).chain(others).collect(),
                    critical_members: &self.events.critical_members,
                };
                if subject.is_foreign(&rules) {
                    return Err(SetError::Foreign);
                }
                // A moment ahead would deny tokens that do not exist yet.
                let denied = subject.deny(&self.events.deny_list, &rules, (*moment).min(now), now);
                denied.map_err(|DenyListFull| SetError::Full)
            }
            EventKind::Verification { state } => {
                if let Some(watch) = &self.watch {
                    watch.heard(now);
                }
                let verification = StreamVerification { received_at: now, state: state.clone() };
                *self.events.last_verification.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(verification);
                Ok(())
            }
            EventKind::Other => Ok(()),
        }
    }

    fn known(&self) -> MutexGuard<'_, LruCache<Box<str>, ()>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// RFC 8935 §2.1
fn is_set(content_type: &[u8]) -> bool {
    let media_type = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(SET_MEDIA_TYPE.as_bytes())
}

impl SetError {
    fn of(error: SignedJwtError) -> Self {
        match error {
            SignedJwtError::Malformed(_) | SignedJwtError::Type => Self::Jwt(error),
            SignedJwtError::Algorithm | SignedJwtError::KeyUnknown | SignedJwtError::Signature => {
                Self::Key(error)
            }
            SignedJwtError::KeysUnavailable => Self::KeysUnavailable,
        }
    }
}
