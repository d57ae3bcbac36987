//! The API under test, as its clients know it, and everybody who takes part: the same for all cases of a run.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use fapi_core::{Binding, Clock};
use serde_json::json;

use super::cast::{Cast, CatalogueIssuer};
use super::feature::Feature;
use super::profile::{Profile, Terms};
use super::routes::{DetailsRoute, ScopeRoute, StepUpRoute};
use crate::{TestClient, TokenBuilder};

/// How long the tokens of a run live: longer than a run may take.
const TOKEN_LIFETIME: Duration = Duration::from_secs(14 * 60);

/// An entry that is never changed.
const VALID_ENTRY: u64 = 0;

/// The API under test, as a client knows it, and everybody who takes part. The same for all cases of a run.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Without a trailing slash.
    pub(crate) public_url: String,
    pub(crate) method: String,
    /// Begins with a slash.
    pub(crate) path: String,
    pub(crate) audience: String,
    /// What every token has; names separated by spaces.
    pub(crate) scope: String,
    pub(crate) scope_route: Option<ScopeRoute>,
    pub(crate) step_up_route: Option<StepUpRoute>,
    pub(crate) details_route: Option<DetailsRoute>,
    /// Whether every token has an entry in a status list.
    pub(crate) status_lists: bool,
    /// Where the API receives security events.
    pub(crate) security_events: Option<String>,
    pub(crate) terms: Terms,
    pub(crate) cast: Cast,
    pub(crate) tokens: Tokens,
    /// The certificate of the connection (DER), if there is one.
    pub(crate) certificate: Option<Vec<u8>>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Where tokens come from.
#[derive(Debug)]
pub(crate) enum Tokens {
    Minted(CatalogueIssuer),
    /// By the thumbprint of the key that they are bound to.
    Given(HashMap<String, String>),
}

impl Setting {
    /// A token that is valid for the whole run.
    pub(crate) fn client_token(&self) -> Option<String> {
        match &self.tokens {
            Tokens::Minted(issuer) => Some(self.bound(self.mint(issuer)).sign()),
            Tokens::Given(_) => self.token_for(&self.cast.client),
        }
    }

    /// A token that is bound to the key of this client.
    pub(super) fn token_for(&self, client: &TestClient) -> Option<String> {
        match &self.tokens {
            Tokens::Minted(issuer) => Some(self.mint(issuer).bound_to(client).sign()),
            Tokens::Given(tokens) => tokens.get(&client.thumbprint()).cloned(),
        }
    }

    /// The token as the client's, in the way that valid requests show.
    pub(super) fn bound(&self, token: TokenBuilder) -> TokenBuilder {
        match self.terms.binding() {
            Binding::Mtls => token.bound_to_certificate(self.certificate.as_deref().unwrap_or_default()),
            _ => token.bound_to(&self.cast.client),
        }
    }

    pub(super) fn mint(&self, issuer: &CatalogueIssuer) -> TokenBuilder {
        let mut token = issuer.token().audience(&self.audience).lifetime(TOKEN_LIFETIME);
        if self.status_lists {
            token = token.status_list(&issuer.issuer().status_list_uri(), VALID_ENTRY);
        }
        if self.terms.have(Feature::Of(Profile::Helseid)) {
            // HelseID writes scopes as an array.
            return token.claim("scope", json!(self.scope.split(' ').collect::<Vec<_>>()));
        }
        token.scope(&self.scope)
    }

    pub(crate) fn key_fetches(&self) -> Option<usize> {
        match &self.tokens {
            Tokens::Minted(issuer) => issuer.key_fetches(),
            Tokens::Given(_) => None,
        }
    }

    /// Makes the issuer well again, whatever a case has done to it.
    pub(crate) fn recover_issuer(&self) {
        if let Tokens::Minted(issuer) = &self.tokens {
            issuer.recover();
        }
    }

    /// The URL of the route, by which clients know it.
    pub(crate) fn url(&self) -> String {
        format!("{}{}", self.public_url, self.path)
    }
}
