//! What an adapter gets for a request that passed every check: the token for handlers, a place to hold it against a
//! route's requirement, and what the answer must carry. Only `resource_server.rs` makes one.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::clock::UnixTime;
use crate::confirmation::Binding;
use crate::error::Error;
use crate::interaction_id::{INTERACTION_ID, InteractionId};
use crate::metadata::ProtectedResourceMetadata;
use crate::outcome::{self, Who};
use crate::rejection::Rejection;
use crate::requirement::{Presented, Requirement};
use crate::resource_server::ResourceServer;
use crate::token::AccessToken;
use crate::token::cache::VerifiedToken;

/// A request that passed every check: its token, and what the answer must carry.
#[derive(Clone)]
pub struct Verified {
    pub(crate) server: ResourceServer,
    pub(crate) token: Arc<VerifiedToken>,
    pub(crate) binding: Binding,
    pub(crate) nonce: Option<Arc<str>>,
    pub(crate) interaction_id: Option<InteractionId>,
    /// That of the URL under which the request came in, if it is not the server's first one.
    pub(crate) metadata: Option<Arc<ProtectedResourceMetadata>>,
    /// When the request was verified, by the server's clock.
    pub(crate) at: UnixTime,
}

impl Verified {
    /// The token, with the claims type that the server was built with.
    ///
    /// # Errors
    /// [`Error::ClaimsType`] if `C` is another type; [`NoClaims`](crate::NoClaims) always fits.
    pub fn access_token<C: Any + Send + Sync>(&self) -> Result<AccessToken<C>, Error> {
        self.token.token.typed(self.binding)
    }

    /// Holds the token against what a route asks for.
    ///
    /// # Errors
    /// A [`Rejection`] is the answer to send instead of calling the handler.
    pub fn check(&self, requirement: &Requirement) -> Result<(), Rejection> {
        let presented = Presented {
            token: &self.token.token,
            binding: self.binding,
            now: self.at,
            max_future: self.server.profile().max_future(),
        };
        requirement.check(presented).map_err(|error| {
            let nonce = || self.nonce.as_deref().unwrap_or_default().to_owned();
            let scheme = Some(self.binding.scheme());
            let metadata = self.metadata.as_deref().unwrap_or(self.server.metadata());
            let (answers, id) = (self.server.answers(), self.interaction_id.as_ref());
            let rejection = answers.reject(error, scheme, metadata.url(), id, nonce);
            outcome::refused(Some(Who::of(&self.token.token.facts)), &rejection);
            rejection
        })
    }

    /// RFC 9449 §8.2: the value of `DPoP-Nonce` that the answer must carry, if any. Such an answer must not be cached:
    /// the adapter adds `Cache-Control: no-store` unless the handler has set a `Cache-Control`.
    #[must_use]
    pub fn dpop_nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// R24: the `x-fapi-interaction-id` of the request's answer, if it has one, for handlers to pass on and to log.
    #[must_use]
    pub fn interaction_id(&self) -> Option<&str> {
        self.interaction_id.as_ref().map(InteractionId::as_str)
    }

    /// The header fields that the answer must carry, whoever makes it; names in lower case. For adapters, which also heed
    /// [`Self::dpop_nonce`].
    pub fn answer_headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let nonce = self.dpop_nonce().map(|nonce| ("dpop-nonce", nonce));
        nonce.into_iter().chain(self.interaction_id().map(|id| (INTERACTION_ID, id)))
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Verified")
            .field("token", &self.token.token.facts)
            .field("binding", &self.binding)
            .finish_non_exhaustive()
    }
}
