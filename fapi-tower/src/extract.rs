//! The extractor for axum handlers: the verified token, with the API's own claims.
//!
//! Nothing is decided here; the token was verified by `AccessTokenLayer`. A handler that can never get a token is a mistake
//! of the application: 500, and the log says what to do. The caller is told nothing.

use std::any::{Any, type_name};
use std::error::Error;
use std::fmt;
use std::ops::Deref;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse, Response};
use fapi_core::{NoClaims, Rejection, Verified};
use http::Extensions;
use http::request::Parts;

use crate::cors::Preflight;
use crate::refusal::{internal_error, refuse};

/// The verified access token of the request, as an argument of an axum handler.
///
/// `C` is the type that the server was built with, in [`ResourceServerBuilder::claims`]; [`NoClaims`] always fits. It
/// dereferences to [`fapi_core::AccessToken`], which has the registered claims as methods.
///
/// ```
/// use fapi_tower::AccessToken;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Claims {
///     department: String,
/// }
///
/// async fn department(token: AccessToken<Claims>) -> String {
///     format!("{} for {}", token.claims().department, token.client_id().as_str())
/// }
/// ```
///
/// `Option<AccessToken<C>>` is `None` only for what [`AccessTokenLayer`](crate::AccessTokenLayer) lets pass without a
/// token: CORS preflights. Every other request without one is refused before the handler.
///
/// [`ResourceServerBuilder::claims`]: fapi_core::ResourceServerBuilder::claims
#[derive(Clone, Debug)]
pub struct AccessToken<C = NoClaims>(pub fapi_core::AccessToken<C>);

impl<C> Deref for AccessToken<C> {
    type Target = fapi_core::AccessToken<C>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Why a handler gets no [`AccessToken`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AccessTokenRejection {
    /// The request did not come through [`AccessTokenLayer`](crate::AccessTokenLayer): answered with 500.
    LayerMissing,
    /// The server was built with another claims type than the handler asks for: answered with 500.
    ClaimsType(fapi_core::Error),
    /// A CORS preflight reached a handler that needs a token: refused like a request without one.
    CredentialsMissing(Rejection),
}

impl fmt::Display for AccessTokenRejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LayerMissing => formatter.write_str("the route has no AccessTokenLayer around it"),
            Self::ClaimsType(error) => error.fmt(formatter),
            Self::CredentialsMissing(rejection) => write!(formatter, "{}", rejection.error()),
        }
    }
}

impl Error for AccessTokenRejection {}

impl IntoResponse for AccessTokenRejection {
    fn into_response(self) -> Response {
        // An axum handler speaks HTTP, whatever was asked of it.
        let asked = Extensions::new();
        match self {
            Self::LayerMissing | Self::ClaimsType(_) => internal_error(&asked).into_response(),
            Self::CredentialsMissing(rejection) => refuse(rejection, &asked).into_response(),
        }
    }
}

impl<C, S> FromRequestParts<S> for AccessToken<C>
where
    C: Any + Send + Sync,
    S: Sync,
{
    type Rejection = AccessTokenRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AccessTokenRejection> {
        match find(parts)? {
            Found::Token(token) => Ok(token),
            Found::Preflight(Preflight(server)) => {
                Err(AccessTokenRejection::CredentialsMissing(server.credentials_missing()))
            }
        }
    }
}

impl<C, S> OptionalFromRequestParts<S> for AccessToken<C>
where
    C: Any + Send + Sync,
    S: Sync,
{
    type Rejection = AccessTokenRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, AccessTokenRejection> {
        match find(parts)? {
            Found::Token(token) => Ok(Some(token)),
            Found::Preflight(_) => Ok(None),
        }
    }
}

/// What `AccessTokenLayer` left in the request's extensions.
enum Found<'a, C> {
    Token(AccessToken<C>),
    Preflight(&'a Preflight),
}

fn find<C: Any + Send + Sync>(parts: &Parts) -> Result<Found<'_, C>, AccessTokenRejection> {
    let wanted = type_name::<C>();
    if let Some(verified) = parts.extensions.get::<Verified>() {
        let token = verified.access_token().map_err(|error| {
            tracing::error!(target: "fapi_tower", "a handler takes AccessToken<{wanted}>: {error}");
            AccessTokenRejection::ClaimsType(error)
        })?;
        return Ok(Found::Token(AccessToken(token)));
    }
    if let Some(preflight) = parts.extensions.get::<Preflight>() {
        return Ok(Found::Preflight(preflight));
    }
    tracing::error!(
        target: "fapi_tower",
        "a handler takes AccessToken<{wanted}>, but its route has no AccessTokenLayer around it: add \
         .layer(AccessTokenLayer::new(server)) to the router after the route"
    );
    Err(AccessTokenRejection::LayerMissing)
}
