//! A list of what was withdrawn, in memory: tokens, sessions, subjects and clients (R4, R163, R167).
//!
//! Decides whether a token is on it. An entry is never taken back, and forgotten only when every token that it concerns has
//! expired. What there is no room for is lost, and then no token is accepted any more: who was told "denied" or "error"
//! is never answered with "valid" (pitfall P13). Who may put entries on the list is for the application, and for
//! `security_events.rs`.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use siphasher::sip128::{Hasher128, SipHasher13};
use thiserror::Error as ThisError;

use crate::clock::{Clock, SystemClock, UnixTime};
use crate::error::Error;
use crate::token::TokenFacts;

/// Longest lifetime of a token unless another one is stated: far above the minutes that SP 6.8-3 advises, so that no
/// sensible issuer is turned away, and short enough that the list does not grow for weeks.
const LONGEST_TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// Entries unless another number is stated: a thousand users an hour for four days; about 6 MB.
const CAPACITY: usize = 100_000;
/// Added to an entry's time: the leeway that a profile may give to `exp` (60 s), and clocks that differ by as much.
const MARGIN: Duration = Duration::from_secs(120);
/// How often expired entries are looked for, beside when the list is full: a walk over the whole list.
const SWEEP_EACH: Duration = Duration::from_secs(10 * 60);

/// Withdrawn tokens, sessions, subjects and clients, in the memory of this process. All clones are one list.
///
/// A denial counts from the next request on. It cannot be taken back, and lasts until no token that it concerns can be
/// valid any more. Tokens that live longer than the list remembers (24 hours, unless the list was built with another
/// time) are refused, since their denial might have been forgotten. With several processes, each must be told.
///
/// ```
/// use fapi_core::{DenyList, Issuer, ResourceServer, Revocation};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let denied = DenyList::new();
/// let server = ResourceServer::builder()
///     .public_url("https://api.example.com")
///     .issuer(Issuer::new("https://as.example.com"))
///     .audience("https://api.example.com")
///     .revocation(Revocation::deny_list(denied.clone()))
///     .build()?;
/// // Later, when a device was stolen:
/// denied.deny_session("https://as.example.com", "session-1")?;
/// # let _ = server;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DenyList(Arc<Shared>);

/// Builds a [`DenyList`]; see [`DenyList::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct DenyListBuilder {
    longest_token_lifetime: Duration,
    capacity: usize,
    clock: Arc<dyn Clock>,
}

/// The list has no room for another entry: the denial is lost.
///
/// Until no token that it could have concerned is valid any more, every token is answered with 503.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[error("the deny list is full: the denial is lost, and every token is refused; raise its capacity")]
pub struct DenyListFull;

struct Shared {
    settings: DenyListBuilder,
    /// Of fingerprints, so that nobody chooses which of them collide.
    keys: (u64, u64),
    /// Whether there is anything to ask the entries for.
    in_use: AtomicBool,
    entries: RwLock<Entries>,
}

#[derive(Default)]
struct Entries {
    by_fingerprint: HashMap<u128, Entry>,
    /// A denial was lost: until then no token is accepted.
    lost_until: Option<UnixTime>,
    next_sweep: UnixTime,
}

#[derive(Clone, Copy)]
struct Entry {
    affected: Affected,
    until: UnixTime,
}

/// Which of the tokens that an entry names it concerns.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Affected {
    /// Those issued, or whose user was authenticated, at this moment or before.
    Until(UnixTime),
    All,
}

/// What is denied. Names are those of one issuer, whose trailing slash makes no difference: whoever denies may spell it as
/// the configuration does.
#[derive(Clone, Copy, Hash)]
pub(super) enum Denied<'a> {
    Token {
        issuer: &'a str,
        token_id: &'a str,
    },
    Subject {
        issuer: &'a str,
        subject: &'a str,
    },
    Client {
        issuer: &'a str,
        client_id: &'a str,
    },
    Session {
        issuer: &'a str,
        session_id: &'a str,
    },
    /// A subject's session; both must match.
    SubjectSession {
        issuer: &'a str,
        subject: &'a str,
        session_id: &'a str,
    },
    /// The subject's tokens that do not say of which session they are.
    SubjectWithoutSession {
        issuer: &'a str,
        subject: &'a str,
    },
}

impl Denied<'_> {
    fn without_slash(mut self) -> Self {
        let (Self::Token { issuer, .. }
        | Self::Subject { issuer, .. }
        | Self::Client { issuer, .. }
        | Self::Session { issuer, .. }
        | Self::SubjectSession { issuer, .. }
        | Self::SubjectWithoutSession { issuer, .. }) = &mut self;
        *issuer = issuer.strip_suffix('/').unwrap_or(issuer);
        self
    }
}

impl DenyListBuilder {
    /// How long a token lives at most, from `iat` to `exp`; 24 hours by default. Entries are kept for as long, and tokens
    /// that live longer are refused.
    pub fn longest_token_lifetime(self, longest: Duration) -> Self {
        Self { longest_token_lifetime: longest, ..self }
    }

    /// How many entries there may be; 100,000 by default, which take about 6 MB.
    pub fn capacity(self, entries: usize) -> Self {
        Self { capacity: entries, ..self }
    }

    /// Where the time of a denial comes from; the system's clock by default.
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The list, empty.
    #[must_use]
    pub fn build(self) -> DenyList {
        let random = RandomState::new();
        DenyList(Arc::new(Shared {
            settings: self,
            keys: (random.hash_one(0), random.hash_one(1)),
            in_use: AtomicBool::new(false),
            entries: RwLock::default(),
        }))
    }
}

impl Default for DenyList {
    fn default() -> Self {
        Self::new()
    }
}

impl DenyList {
    /// An empty list for up to 100,000 entries and tokens that live for up to 24 hours.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A list with other bounds.
    pub fn builder() -> DenyListBuilder {
        DenyListBuilder {
            longest_token_lifetime: LONGEST_TOKEN_LIFETIME,
            capacity: CAPACITY,
            clock: Arc::new(SystemClock),
        }
    }

    /// Denies one token (`iss`, `jti`).
    ///
    /// # Errors
    /// [`DenyListFull`]
    pub fn deny_token(&self, issuer: &str, token_id: &str) -> Result<(), DenyListFull> {
        self.deny(Denied::Token { issuer, token_id }, Affected::All, self.now())
    }

    /// Denies the tokens of a subject (`iss`, `sub`) that were issued (`iat`), or whose user was authenticated
    /// (`auth_time`), at this moment or before. A token without `iat` counts as issued before.
    ///
    /// # Errors
    /// [`DenyListFull`]
    pub fn deny_subject(&self, issuer: &str, subject: &str, moment: UnixTime) -> Result<(), DenyListFull> {
        self.deny(Denied::Subject { issuer, subject }, Affected::Until(moment), self.now())
    }

    /// Denies the tokens of a client (`iss`, `client_id`) that were issued at this moment or before, as in
    /// [`Self::deny_subject`].
    ///
    /// # Errors
    /// [`DenyListFull`]
    pub fn deny_client(&self, issuer: &str, client_id: &str, moment: UnixTime) -> Result<(), DenyListFull> {
        self.deny(Denied::Client { issuer, client_id }, Affected::Until(moment), self.now())
    }

    /// Denies the tokens of a session (`iss`, `sid`), whenever they were issued: a session that has ended stays so.
    ///
    /// # Errors
    /// [`DenyListFull`]
    pub fn deny_session(&self, issuer: &str, session_id: &str) -> Result<(), DenyListFull> {
        self.deny(Denied::Session { issuer, session_id }, Affected::All, self.now())
    }

    /// How many entries there are, among them those that are about to be forgotten.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().by_fingerprint.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// R167: an entry is added or widened, never taken back.
    pub(super) fn deny(
        &self,
        denied: Denied<'_>,
        affected: Affected,
        now: UnixTime,
    ) -> Result<(), DenyListFull> {
        let fingerprint = self.fingerprint(denied);
        // A moment ahead concerns tokens that are issued until then.
        let latest = if let Affected::Until(moment) = affected { moment.max(now) } else { now };
        let settings = &self.0.settings;
        let until = latest.saturating_add(settings.longest_token_lifetime).saturating_add(MARGIN);
        let mut entries = self.write();
        self.0.in_use.store(true, Ordering::Release);
        if let Some(entry) = entries.by_fingerprint.get_mut(&fingerprint) {
            entry.affected = entry.affected.max(affected);
            entry.until = entry.until.max(until);
            return Ok(());
        }
        if now >= entries.next_sweep || entries.by_fingerprint.len() >= settings.capacity {
            entries.sweep(now);
        }
        if entries.by_fingerprint.len() >= settings.capacity {
            // P13: nothing is dropped for it, and nothing is accepted without it.
            entries.lost_until = entries.lost_until.max(Some(until));
            drop(entries);
            tracing::error!(
                target: super::LOG_TARGET,
                capacity = settings.capacity,
                "the deny list is full and a denial is lost: every token is answered with 503; raise its capacity"
            );
            return Err(DenyListFull);
        }
        entries.by_fingerprint.insert(fingerprint, Entry { affected, until });
        Ok(())
    }

    /// Asked on every request (R4).
    pub(super) fn check(&self, token: &TokenFacts, now: UnixTime) -> Result<(), Error> {
        self.check_lifetime(token, now)?;
        if !self.0.in_use.load(Ordering::Acquire) {
            return Ok(());
        }
        let entries = self.read();
        // A known denial is a better answer than "could not check".
        if self
            .names_of(token)
            .into_iter()
            .flatten()
            .any(|name| entries.denies(self.fingerprint(name), token, now))
        {
            return Err(Error::TokenRevoked);
        }
        if entries.lost_until.is_some_and(|until| now < until) {
            return Err(Error::RevocationUnavailable);
        }
        Ok(())
    }

    /// R167: what could outlive its entry is not accepted.
    fn check_lifetime(&self, token: &TokenFacts, now: UnixTime) -> Result<(), Error> {
        let lifetime = token.expires_at.saturating_since(token.issued_at.unwrap_or(now));
        if lifetime <= self.0.settings.longest_token_lifetime {
            Ok(())
        } else {
            Err(Error::TokenLifetime { seconds: lifetime.as_secs() })
        }
    }

    /// Every name under which this token may be denied.
    fn names_of<'a>(&self, token: &'a TokenFacts) -> [Option<Denied<'a>>; 5] {
        let (issuer, subject) = (token.issuer(), token.subject().as_str());
        let of_session = match token.session_id() {
            Some(session_id) => Denied::SubjectSession { issuer, subject, session_id },
            // SSF §8.1.3.1, R162: what one side leaves out matches.
            None => Denied::SubjectWithoutSession { issuer, subject },
        };
        [
            Some(Denied::Subject { issuer, subject }),
            Some(of_session),
            Some(Denied::Client { issuer, client_id: token.client_id().as_str() }),
            token.token_id().map(|token_id| Denied::Token { issuer, token_id }),
            token.session_id().map(|session_id| Denied::Session { issuer, session_id }),
        ]
    }

    /// Of equal length for every name, so that the list is bounded in bytes, and holds no personal data. With 128 bits
    /// under secret keys, no two names are ever taken for one.
    fn fingerprint(&self, denied: Denied<'_>) -> u128 {
        let mut hasher = SipHasher13::new_with_keys(self.0.keys.0, self.0.keys.1);
        denied.without_slash().hash(&mut hasher);
        hasher.finish128().as_u128()
    }

    fn now(&self) -> UnixTime {
        self.0.settings.clock.now()
    }

    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.0.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries> {
        self.0.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn denies(&self, fingerprint: u128, token: &TokenFacts, now: UnixTime) -> bool {
        self.by_fingerprint
            .get(&fingerprint)
            .is_some_and(|entry| now < entry.until && entry.affected.concerns(token))
    }

    /// Forgets what concerns only tokens that have expired.
    fn sweep(&mut self, now: UnixTime) {
        self.by_fingerprint.retain(|_, entry| now < entry.until);
        self.next_sweep = now.saturating_add(SWEEP_EACH);
    }
}

impl Affected {
    fn concerns(self, token: &TokenFacts) -> bool {
        match self {
            Self::All => true,
            // R163: also a token that was issued later for the same login.
            Self::Until(moment) => {
                token.issued_at().is_none_or(|issued_at| issued_at <= moment)
                    || token.auth_time().is_some_and(|time| time <= moment)
            }
        }
    }
}

impl fmt::Debug for DenyList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DenyList").field("entries", &self.len()).finish_non_exhaustive()
    }
}
