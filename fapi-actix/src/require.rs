//! What a route asks of a verified token, before its handler (SP 5.3.4-4, R5).
//!
//! Decides nothing itself: [`Requirement`] does, and `AccessTokenMiddleware` has verified the token before.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::{Error, HttpMessage, HttpResponse};
use fapi_core::{Requirement, Verified};

use crate::cors::Preflight;
use crate::response::{internal_error, refuse};

/// Middleware that lets a verified request through only if its token meets a [`Requirement`].
///
/// [`AccessTokenMiddleware`](crate::AccessTokenMiddleware) must run before it: wrapped further out, or on the same
/// `App`, scope or resource **after** it, since there the middleware that is wrapped last runs first. Without it, every
/// request is answered with 500, and the log says why.
///
/// ```
/// use actix_web::web;
/// use fapi_actix::{AccessTokenMiddleware, Require, Requirement};
/// # use fapi_actix::{Issuer, ResourceServer};
/// # let server = ResourceServer::builder()
/// #     .public_url("https://api.example.com")
/// #     .issuer(Issuer::new("https://as.example.com"))
/// #     .audience("https://api.example.com")
/// #     .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
/// #     .build()?;
///
/// let records = web::scope("/records")
///     .wrap(Require::new(Requirement::scope("records:read")))
///     .wrap(AccessTokenMiddleware::new(server.clone()));
/// # let _ = actix_web::App::new().service(records);
/// # Ok::<(), fapi_actix::fapi_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Require {
    requirement: Requirement,
}

impl Require {
    /// Middleware that asks for this.
    #[must_use]
    pub const fn new(requirement: Requirement) -> Self {
        Self { requirement }
    }
}

impl<S, B> Transform<S, ServiceRequest> for Require
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = RequireService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(RequireService { inner: service, requirement: self.requirement.clone() }))
    }
}

/// The service of [`Require`].
#[doc(hidden)]
#[derive(Debug)]
pub struct RequireService<S> {
    inner: S,
    requirement: Requirement,
}

impl<S, B> Service<ServiceRequest> for RequireService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>>>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        if let Some(response) = unmet(&self.requirement, &request) {
            return Box::pin(ready(Ok(request.into_response(response).map_into_right_body())));
        }
        let answer = self.inner.call(request);
        Box::pin(async move { answer.await.map(ServiceResponse::map_into_left_body) })
    }
}

/// The answer to send instead of calling the handler, if it must not be called.
fn unmet(requirement: &Requirement, request: &ServiceRequest) -> Option<HttpResponse> {
    let extensions = request.extensions();
    if let Some(verified) = extensions.get::<Verified>() {
        return verified.check(requirement).err().map(refuse);
    }
    // R38: a preflight has passed, but what is behind here needs a token.
    if let Some(Preflight(server)) = extensions.get::<Preflight>() {
        return Some(refuse(server.credentials_missing()));
    }
    tracing::error!(
        target: "fapi_actix",
        "Require runs, but AccessTokenMiddleware has not run before it. Wrap the App, scope or resource, or one around \
         it, with AccessTokenMiddleware; on the same one after Require, since the last .wrap runs first: \
         .wrap(Require::new(..)).wrap(AccessTokenMiddleware::new(..))"
    );
    Some(internal_error())
}
