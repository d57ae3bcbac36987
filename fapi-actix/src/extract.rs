//! Hands the verified token to handlers.
//!
//! Verifies nothing: `AccessTokenMiddleware` has. Where it has not run, the application is put together wrongly, which
//! is answered with 500 and explained in the log.

use std::any::{Any, type_name};
use std::error::Error;
use std::fmt;
use std::future::{Future, Ready, ready};
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use fapi_core::{NoClaims, Rejection, ResourceRequest, ResourceServer, Verified};

use crate::middleware::Preflight;
use crate::response::{misconfigured, refusal};

/// The verified access token of the request, with the API's own claims type `C`: the one given to
/// [`ResourceServerBuilder::claims`](fapi_core::ResourceServerBuilder::claims), or [`NoClaims`].
///
/// Without [`AccessTokenMiddleware`](crate::AccessTokenMiddleware), or with another claims type, the answer is 500 and
/// the log says what is missing.
///
/// **Do not take `Option<AccessToken<C>>`**: actix-web itself implements it, and makes `None` of every error, so that
/// the handler also runs where the middleware is missing. The log says so, at error level, but the request is answered.
/// [`OptionalAccessToken`] answers 500.
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

/// The verified access token, or `None` for a request that the middleware let pass without one: a CORS preflight.
///
/// Without [`AccessTokenMiddleware`](crate::AccessTokenMiddleware) the answer is 500, unlike with
/// `Option<AccessToken<C>>`, which actix-web makes `None`.
#[derive(Debug)]
pub struct OptionalAccessToken<C = NoClaims>(pub Option<AccessToken<C>>);

/// Why there is no [`AccessToken`] for a handler.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExtractionError {
    /// The handler is not behind [`AccessTokenMiddleware`](crate::AccessTokenMiddleware).
    MiddlewareMissing,
    /// The request passed as a CORS preflight; the refusal that any other request without a token gets.
    Refused(Rejection),
    /// The server was built with another claims type.
    ClaimsType,
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

type BoxFuture<T> = Pin<Box<dyn Future<Output = Result<T, ExtractionError>>>>;

impl<C: Any + Send + Sync> FromRequest for AccessToken<C> {
    type Error = ExtractionError;
    type Future = BoxFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        match passed_with(request) {
            Ok(Pass::Token(token)) => Box::pin(ready(Ok(token))),
            Ok(Pass::Preflight(server)) => Box::pin(refuse(server)),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}

impl<C: Any + Send + Sync> FromRequest for OptionalAccessToken<C> {
    type Error = ExtractionError;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match passed_with(request) {
            Ok(Pass::Token(token)) => Ok(Self(Some(token))),
            Ok(Pass::Preflight(_)) => Ok(Self(None)),
            Err(error) => Err(error),
        })
    }
}

/// With what the request passed the middleware.
enum Pass<C> {
    Token(AccessToken<C>),
    Preflight(ResourceServer),
}

fn passed_with<C: Any + Send + Sync>(request: &HttpRequest) -> Result<Pass<C>, ExtractionError> {
    let extensions = request.extensions();
    if let Some(verified) = extensions.get::<Verified>() {
        return verified.access_token().map(|token| Pass::Token(AccessToken(token))).map_err(|_| {
            tracing::error!(
                target: "fapi_actix",
                "a handler asks for an AccessToken with the claims type {}, which the ResourceServer was not built \
                 with: give that type to ResourceServerBuilder::claims",
                type_name::<C>()
            );
            ExtractionError::ClaimsType
        });
    }
    if let Some(Preflight(server)) = extensions.get::<Preflight>() {
        return Ok(Pass::Preflight(server.clone()));
    }
    tracing::error!(
        target: "fapi_actix",
        "a handler asks for an AccessToken, but AccessTokenMiddleware has not run before it: its route is NOT protected. \
         Wrap the App, scope or resource with .wrap(AccessTokenMiddleware::new(server)). AccessToken and \
         OptionalAccessToken answer 500; Option<AccessToken> is None and the handler runs"
    );
    Err(ExtractionError::MiddlewareMissing)
}

/// The answer to a request without a token, for a preflight that has reached a handler which needs one.
async fn refuse<T>(server: ResourceServer) -> Result<T, ExtractionError> {
    let rejection = server.verify(&ResourceRequest::new("OPTIONS", "/", None)).await.err();
    Err(rejection.map_or(ExtractionError::MiddlewareMissing, ExtractionError::Refused))
}

impl fmt::Display for ExtractionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MiddlewareMissing => formatter.write_str("the route is not behind AccessTokenMiddleware"),
            Self::Refused(rejection) => rejection.error().fmt(formatter),
            Self::ClaimsType => formatter.write_str("the resource server was built with another claims type"),
        }
    }
}

impl Error for ExtractionError {}

impl ResponseError for ExtractionError {
    fn status_code(&self) -> StatusCode {
        self.error_response().status()
    }

    // P44: the caller is told no more than the status.
    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Refused(rejection) => refusal(rejection.clone()),
            Self::MiddlewareMissing | Self::ClaimsType => misconfigured(),
        }
    }
}
