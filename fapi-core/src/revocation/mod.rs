//! Whether a token that is valid in itself has been withdrawn (SP 5.3.4-3, R4).
//!
//! A signed token says nothing of its revocation, so where to learn of it is a choice that every configuration states: a
//! [`Revocation`]. Decides only that; who may present the token is decided before, in `resource_server.rs`. "Could not ask"
//! is never "not revoked" (pitfall P13).

mod deny_list;
mod security_event;
mod security_events;
mod status_list;
mod stream;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error as ThisError;

use crate::clock::UnixTime;
use crate::config_error::ConfigError;
use crate::error::Error;
use crate::token::TokenFacts;

pub use self::deny_list::{DenyList, DenyListBuilder, DenyListFull};
pub(crate) use self::security_events::Receiver;
use self::security_events::{Push, Receivers};
pub use self::security_events::{SecurityEventAnswer, SecurityEvents};
pub use self::status_list::StatusListPolicy;
use self::status_list::StatusLists;
pub(crate) use self::status_list::Surroundings as RevocationSurroundings;
pub use self::stream::StreamVerification;

/// Target of the log events of this module.
const LOG_TARGET: &str = "fapi_core::revocation";
/// `iat` and `exp` have whole seconds: a token of less is one of nothing.
const LEAST_LIFETIME: Duration = Duration::from_secs(1);

/// Where a server learns that a token was revoked: one choice at least is part of every configuration.
///
/// ```
/// use std::time::Duration;
/// use fapi_core::Revocation;
///
/// // Nothing is asked, and no token lives longer than five minutes:
/// let revocation = Revocation::max_token_lifetime(Duration::from_secs(300));
/// # let _ = revocation;
/// ```
#[derive(Clone, Debug)]
pub struct Revocation(pub(crate) Choice);

#[derive(Clone, Debug)]
pub(crate) enum Choice {
    MaxTokenLifetime(Duration),
    Introspection,
    DenyList(DenyList),
    SecurityEvents(Box<SecurityEvents>),
    StatusList(StatusListPolicy),
    Source(Arc<dyn RevocationSource>),
}

/// Knows of revoked tokens: a list of your own, shared between nodes or fed by whatever tells you.
#[async_trait]
pub trait RevocationSource: fmt::Debug + Send + Sync {
    /// Whether this verified token was revoked. Asked on every request with it, after the caller has proved its key. The
    /// time that an answer may take is the source's to limit: the request waits for it.
    ///
    /// # Errors
    /// [`RevocationUnavailable`] if that cannot be found out now: the request is answered with 503.
    async fn is_revoked(&self, token: &TokenFacts, now: UnixTime) -> Result<bool, RevocationUnavailable>;
}

/// A source of revocations cannot be asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[error("the source of revocations cannot be asked")]
pub struct RevocationUnavailable;

impl Revocation {
    /// No revocation is looked up; instead, a token whose `exp` is more than this long after its `iat` is refused (R67).
    /// For issuers whose tokens live for minutes (SP 6.8-3): a withdrawn one is accepted for that long at most. At least 1 s.
    #[must_use]
    pub const fn max_token_lifetime(most: Duration) -> Self {
        Self(Choice::MaxTokenLifetime(most))
    }

    /// Every token is asked about at its issuer, which must have
    /// [`Issuer::with_introspection`](crate::Issuer::with_introspection): JWTs too, after their holder has proved their key. A
    /// revocation goes unnoticed for the answer's `max_age` at most.
    #[must_use]
    pub const fn introspection() -> Self {
        Self(Choice::Introspection)
    }

    /// Tokens, sessions, subjects and clients that the application itself denies.
    #[must_use]
    pub const fn deny_list(denied: DenyList) -> Self {
        Self(Choice::DenyList(denied))
    }

    /// The lists that issuers publish of the statuses of their tokens (Token Status List draft-20). A revocation goes
    /// unnoticed for the policy's `max_age` at most.
    #[must_use]
    pub const fn status_list(policy: StatusListPolicy) -> Self {
        Self(Choice::StatusList(policy))
    }

    /// What the issuer, or another transmitter, says that it has withdrawn:
    /// [`ResourceServer::receive_security_event`](crate::ResourceServer::receive_security_event), which adapters mount.
    #[must_use]
    pub fn security_events(events: SecurityEvents) -> Self {
        Self(Choice::SecurityEvents(Box::new(events)))
    }

    /// A source of your own.
    #[must_use]
    pub fn source(source: Arc<dyn RevocationSource>) -> Self {
        Self(Choice::Source(source))
    }
}

impl Revocation {
    pub(crate) const fn is_introspection(&self) -> bool {
        matches!(self.0, Choice::Introspection)
    }

    /// Whether something must be fetched over HTTP.
    pub(crate) fn is_remote(&self) -> bool {
        match &self.0 {
            Choice::StatusList(_) => true,
            Choice::SecurityEvents(events) => events.transmitter.is_remote(),
            _ => false,
        }
    }
}

/// The longest time from `iat` to `exp` that a token may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaxTokenLifetime(Duration);

impl MaxTokenLifetime {
    pub(crate) fn check(self, token: &TokenFacts) -> Result<(), Error> {
        let issued_at = token.issued_at.ok_or(Error::TokenClaimMissing("iat"))?;
        let lifetime = token.expires_at.saturating_since(issued_at);
        if lifetime <= self.0 { Ok(()) } else { Err(Error::TokenLifetime { seconds: lifetime.as_secs() }) }
    }
}

/// What is asked about every token.
#[derive(Debug, Default)]
pub(crate) struct Revocations {
    deny_lists: Vec<DenyList>,
    receivers: Receivers,
    status_lists: Vec<StatusLists>,
    sources: Vec<Arc<dyn RevocationSource>>,
}

impl Revocations {
    /// The sources among `choices`, and the shortest of the lifetimes.
    pub(crate) fn new(
        choices: Vec<Revocation>,
        surroundings: &RevocationSurroundings<'_>,
        receiver: impl Fn(SecurityEvents) -> Result<Receiver, ConfigError>,
    ) -> Result<(Self, Option<MaxTokenLifetime>), ConfigError> {
        let (mut revocations, mut lifetime) = (Self::default(), None::<Duration>);
        for Revocation(choice) in choices {
            match choice {
                // R67: whole seconds from `iat` to `exp`, of which there must be some.
                Choice::MaxTokenLifetime(most) if most < LEAST_LIFETIME => {
                    return Err(ConfigError::MaxTokenLifetime(most));
                }
                Choice::MaxTokenLifetime(most) => {
                    lifetime = Some(lifetime.map_or(most, |other| other.min(most)));
                }
                // Asked by `token_verifier.rs`, which knows the token's text and its issuer.
                Choice::Introspection => {}
                Choice::DenyList(denied) => revocations.deny_lists.push(denied),
                Choice::StatusList(policy) => {
                    revocations.status_lists.push(StatusLists::new(&policy, surroundings)?);
                }
                Choice::SecurityEvents(events) => {
                    revocations.deny_lists.push(events.denied().clone());
                    revocations.receivers.add(receiver(*events)?)?;
                }
                Choice::Source(source) => revocations.sources.push(source),
            }
        }
        Ok((revocations, lifetime.map(MaxTokenLifetime)))
    }

    /// The answer to a pushed security event.
    pub(crate) async fn receive(
        &self,
        content_type: Option<&[u8]>,
        authorization: Option<&[u8]>,
        body: &[u8],
        now: UnixTime,
    ) -> SecurityEventAnswer {
        self.receivers.receive(Push { content_type, authorization, body }, now).await
    }

    /// Every source must agree that the token was not revoked.
    pub(crate) async fn check(&self, token: &TokenFacts, now: UnixTime) -> Result<(), Error> {
        self.receivers.look(now);
        for denied in &self.deny_lists {
            denied.check(token, now)?;
        }
        for lists in &self.status_lists {
            // On the heap: the future of a request that asks no list stays small.
            Box::pin(lists.check(token, now)).await?;
        }
        for source in &self.sources {
            match source.is_revoked(token, now).await {
                Ok(false) => {}
                Ok(true) => return Err(Error::TokenRevoked),
                Err(RevocationUnavailable) => return Err(Error::RevocationUnavailable),
            }
        }
        Ok(())
    }
}
