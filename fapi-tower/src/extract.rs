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
use http::HeaderMap;
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
pub struct AccessTokenRejection {
    reason: Reason,
    asked: HeaderMap,
}
