//! What a route asks for beyond a valid token (R5): the layer inside of `AccessTokenLayer`.
//!
//! The requirement itself is the core's. Here it meets the request: before the handler, or with an answer that says that
//! the application is put together wrongly.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use fapi_core::{Requirement, Verified};
use http::{Extensions, Request, Response};
use http_body::Body;
use http_body_util::Full;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::body::ResponseBody;
use crate::cors::Preflight;
use crate::refusal::{internal_error, refuse};

/// Requires more of the token than its validity: scopes, or a predicate over its claims.
///
/// Its place is inside of [`AccessTokenLayer`](crate::AccessTokenLayer), which verifies the token. In axum the layer added
/// last runs first:
///
/// ```
/// use axum::{Router, routing::get};
/// use fapi_tower::{AccessTokenLayer, RequireLayer, Requirement};
///
/// # fn app(server: fapi_tower::ResourceServer) -> Router {
/// Router::new()
///     .route("/records", get(|| async { "..." }))
///     .route_layer(RequireLayer::new(Requirement::scope("records:read")))
///     .layer(AccessTokenLayer::new(server))
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RequireLayer {
    requirement: Arc<Requirement>,
}

impl RequireLayer {
    /// A layer that passes the requests whose token meets `requirement`.
    #[must_use]
    pub fn new(requirement: Requirement) -> Self {
        Self { requirement: Arc::new(requirement) }
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireService { inner, requirement: Arc::clone(&self.requirement) }
    }
}

/// The service of [`RequireLayer`], around the service `S`.
#[derive(Clone, Debug)]
pub struct RequireService<S> {
    inner: S,
    requirement: Arc<Requirement>,
}

impl<S, B, R> Service<Request<B>> for RequireService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = RequireFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let refusal = refusal(&self.requirement, request.extensions());
        let state = match refusal {
            None => State::Calling { calling: self.inner.call(request) },
            refused => State::Refused { response: refused },
        };
        RequireFuture { state }
    }
}

/// The answer to send instead of calling the inner service, if the request may not pass.
fn refusal(requirement: &Requirement, extensions: &Extensions) -> Option<Response<Full<Bytes>>> {
    if let Some(verified) = extensions.get::<Verified>() {
        return verified.check(requirement).err().map(|rejection| refuse(rejection, extensions));
    }
    if let Some(Preflight(server)) = extensions.get::<Preflight>() {
        return Some(refuse(server.credentials_missing(), extensions));
    }
    tracing::error!(
        target: "fapi_tower",
        "RequireLayer needs AccessTokenLayer outside of it; in axum the layer added last runs first"
    );
    Some(internal_error(extensions))
}

pin_project! {
    /// The response future of [`RequireService`], around the inner service's future `F`.
    pub struct RequireFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Calling {
            #[pin]
            calling: F,
        },
        Refused {
            response: Option<Response<Full<Bytes>>>,
        },
    }
}

impl<F, R, E> Future for RequireFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Calling { calling } => {
                Poll::Ready(ready!(calling.poll(context)).map(|response| response.map(ResponseBody::inner)))
            }
            StateProjection::Refused { response } => {
                // Polled again after it was ready, a future need not answer.
                response
                    .take()
                    .map_or(Poll::Pending, |response| Poll::Ready(Ok(response.map(ResponseBody::own))))
            }
        }
    }
}
