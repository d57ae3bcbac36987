//! Whether a token that is valid in itself has been withdrawn (SP 5.3.4-3, R4).
//!
//! A signed token says nothing of its revocation, so where to learn of it is a choice that every configuration states: a
//! [`Revocation`]. Decides only that; who may present the token is decided before, in `resource_server.rs`. "Could not ask"
//! is never "not revoked" (pitfall P13).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error as ThisError;

use crate::clock::UnixTime;
use crate::error::Error;
use crate::token::TokenFacts;

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
    Source(Arc<dyn RevocationSource>),
}

/// Knows of revoked tokens: a list of your own, shared between nodes or fed by whatever tells you.
#[async_trait]
pub trait RevocationSource: fmt::Debug + Send + Sync {
    /// Whether this verified token was revoked. Asked on every request with it, after the caller has proved its key.
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
    /// For issuers whose tokens live for minutes (SP 6.8-3): a withdrawn one is accepted for that long at most.
    #[must_use]
    pub const fn max_token_lifetime(most: Duration) -> Self {
        Self(Choice::MaxTokenLifetime(most))
    }

    /// A source of your own.
    #[must_use]
    pub fn source(source: Arc<dyn RevocationSource>) -> Self {
        Self(Choice::Source(source))
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
    sources: Vec<Arc<dyn RevocationSource>>,
}

impl Revocations {
    /// The sources among `choices`, and the shortest of the lifetimes.
    pub(crate) fn new(choices: Vec<Revocation>) -> (Self, Option<MaxTokenLifetime>) {
        let (mut revocations, mut lifetime) = (Self::default(), None::<Duration>);
        for Revocation(choice) in choices {
            match choice {
                Choice::MaxTokenLifetime(most) => {
                    lifetime = Some(lifetime.map_or(most, |other| other.min(most)));
                }
                Choice::Source(source) => revocations.sources.push(source),
            }
        }
        (revocations, lifetime.map(MaxTokenLifetime))
    }

    /// Every source must agree that the token was not revoked.
    pub(crate) async fn check(&self, token: &TokenFacts, now: UnixTime) -> Result<(), Error> {
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
