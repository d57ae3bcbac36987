//! Hands the verified token to handlers.
//!
//! Verifies nothing: `AccessTokenMiddleware` has. Where it has not run, the application is put together wrongly, which
//! is answered with 500 and explained in the log.

use std::any::{Any, type_name};
use std::error::Error;
use std::fmt;
use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use fapi_core::{NoClaims, Rejection, ResourceServer, Verified};

use crate::cors::Preflight;
use crate::response::{internal_error, refuse};

/// The verified access token of the request, with the API's own claims type `C`: the one given to
/// [`ResourceServerBuilder::claims`](fapi_core::ResourceServerBuilder::claims), or [`NoClaims`].
///
/// Without [`AccessTokenMiddleware`](crate::AccessTokenMiddleware), or with another claims type, the answer is 500 and
/// the log says what is missing.
///
/// **Do not take `Option<AccessToken<C>>`**: actix-web itself implements it, and makes `None` of every error, so that
/// the handler also runs where the middleware is missing. The log says so, at error level, but the request is answered.
/// `Result<AccessToken<C>, _>` and `Either<AccessToken<C>, X>` let it run just like that. [`OptionalAccessToken`] answers
/// 500.
///
/// ```
/// use fapi_actix::AccessToken;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Claims { department: String }
///
/// async fn handler(token: AccessToken<Claims>) -> String {
///     format!("{} of {}", token.subject().as_str(), token.claims().department)
/// }
/// # let _ = actix_web::web::get().to(handler);
/// ```
#[derive(Debug)]
pub struct AccessToken<C = NoClaims>(pub fapi_core::AccessToken<C>);

/// The verified access token, or `None` for a request that the middleware let pass without one: a preflight, if the server
/// was built with [`Cors::PassPreflight`](fapi_core::Cors::PassPreflight).
///
/// Without [`AccessTokenMiddleware`](crate::AccessTokenMiddleware) the answer is 500, unlike with
/// `Option<AccessToken<C>>`, which actix-web makes `None`.
#[derive(Debug)]
pub struct OptionalAccessToken<C = NoClaims>(pub Option<AccessToken<C>>);

/// Why a handler gets no [`AccessToken`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AccessTokenRejection {
    /// The request did not come through [`AccessTokenMiddleware`](crate::AccessTokenMiddleware): answered with 500.
    MiddlewareMissing,
    /// The server was built with another claims type than the handler asks for: answered with 500.
    ClaimsType(fapi_core::Error),
    /// A CORS preflight reached a handler that needs a token: refused like a request without one.
    CredentialsMissing(Rejection),
}

impl<C> Deref for AccessToken<C> {
    type Target = fapi_core::AccessToken<C>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<C> Clone for AccessToken<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C: Any + Send + Sync> FromRequest for AccessToken<C> {
    type Error = AccessTokenRejection;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match find(request) {
            Ok(Found::Token(token)) => Ok(token),
            Ok(Found::Preflight(server)) => {
                Err(AccessTokenRejection::CredentialsMissing(server.credentials_missing()))
            }
            Err(error) => Err(error),
        })
    }
}

impl<C: Any + Send + Sync> FromRequest for OptionalAccessToken<C> {
    type Error = AccessTokenRejection;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match find(request) {
            Ok(Found::Token(token)) => Ok(Self(Some(token))),
            Ok(Found::Preflight(_)) => Ok(Self(None)),
            Err(error) => Err(error),
        })
    }
}

/// What `AccessTokenMiddleware` left in the request's extensions.
enum Found<C> {
    Token(AccessToken<C>),
    Preflight(ResourceServer),
}

fn find<C: Any + Send + Sync>(request: &HttpRequest) -> Result<Found<C>, AccessTokenRejection> {
    let extensions = request.extensions();
    if let Some(verified) = extensions.get::<Verified>() {
        return verified.access_token().map(|token| Found::Token(AccessToken(token))).map_err(|error| {
            tracing::error!(target: "fapi_actix", "a handler takes AccessToken<{}>: {error}", type_name::<C>());
            AccessTokenRejection::ClaimsType(error)
        });
    }
    if let Some(Preflight(server)) = extensions.get::<Preflight>() {
        return Ok(Found::Preflight(server.clone()));
    }
    tracing::error!(
        target: "fapi_actix",
        "a handler asks for an AccessToken, but AccessTokenMiddleware has not run before it: its route is NOT protected. \
         Wrap the App, scope or resource with .wrap(AccessTokenMiddleware::new(server)). AccessToken and \
         OptionalAccessToken answer 500; Option<AccessToken> is None and the handler runs, as it does with \
         Result<AccessToken, _> and Either<AccessToken, _>"
    );
    Err(AccessTokenRejection::MiddlewareMissing)
}

impl fmt::Display for AccessTokenRejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MiddlewareMissing => {
                formatter.write_str("the route has no AccessTokenMiddleware around it")
            }
            Self::ClaimsType(error) => error.fmt(formatter),
            Self::CredentialsMissing(rejection) => rejection.error().fmt(formatter),
        }
    }
}

impl Error for AccessTokenRejection {}

impl ResponseError for AccessTokenRejection {
    fn status_code(&self) -> StatusCode {
        self.error_response().status()
    }

    // P44: the caller is told no more than the status.
    fn error_response(&self) -> HttpResponse {
        match self {
            Self::MiddlewareMissing | Self::ClaimsType(_) => internal_error(),
            Self::CredentialsMissing(rejection) => refuse(rejection.clone()),
        }
    }
}
