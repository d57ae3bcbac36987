//! What an adapter gets for a request that passed every check: the token for handlers, a place to hold it against a
//! route's requirement, and what the answer must carry. Only `resource_server.rs` makes one.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::authorization::Scheme;
use crate::confirmation::Binding;
use crate::error::Error;
use crate::outcome::{self, Who};
use crate::rejection::Rejection;
use crate::requirement::Requirement;
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
        requirement.check(&self.token.token, self.binding).map_err(|error| {
            let scheme = match self.binding {
                Binding::Dpop => Scheme::Dpop,
                Binding::Mtls => Scheme::Bearer,
            };
            let rejection = self.server.answers().reject(error, Some(scheme), String::new);
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
