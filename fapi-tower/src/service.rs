//! Which requests are verified: all but those for the metadata and CORS preflights.
//!
//! What happens to them then is in `future.rs`.

use std::mem;
use std::task::{Context, Poll};

use bytes::Bytes;
use fapi_core::{Cors, ResourceServer};
use http::header::ORIGIN;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::body::ResponseBody;
use crate::cors::{Preflight, announces_content, answer_preflight, is_preflight};
use crate::future::ResponseFuture;
use crate::metadata;
use crate::request::{GrpcStatus, is_grpc, remove_untrusted};

/// The service of [`AccessTokenLayer`](crate::AccessTokenLayer), around the service `S`.
///
/// `S` must be [`Clone`]: it is called only after the request was verified, and each request takes the one that was
/// polled ready and leaves a clone. Its response body must have [`Bytes`] as data. Nothing is asked of the request body,
/// which is neither read nor copied.
#[derive(Clone, Debug)]
pub struct AccessTokenService<S> {
    inner: S,
    server: ResourceServer,
    grpc_status: bool,
}

impl<S> AccessTokenService<S> {
    pub(crate) const fn new(inner: S, server: ResourceServer, grpc_status: bool) -> Self {
        Self { inner, server, grpc_status }
    }
}

impl<S, B, R> Service<Request<B>> for AccessTokenService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        remove_untrusted(&self.server, &mut parts);
        if let Some(metadata) = metadata::requested(&self.server, &parts) {
            return ResponseFuture::answered(metadata::serve(metadata, &parts.method));
        }
        if self.server.cors() != Cors::Disabled && is_preflight(&parts) {
            // R38: to let it pass is the application's choice, since what is behind may not look at the method.
            if self.server.cors() != Cors::PassPreflight || announces_content(&parts.headers) {
                return ResponseFuture::answered(answer_preflight());
            }
            parts.extensions.insert(Preflight(self.server.clone()));
            return ResponseFuture::passed(self.inner.call(Request::from_parts(parts, body)));
        }
        if self.grpc_status && is_grpc(&parts) {
            parts.extensions.insert(GrpcStatus);
        }
        let cross_origin = self.server.cors().exposes_headers() && parts.headers.contains_key(ORIGIN);
        // P45: the inner service that was polled ready is the one to call; its clone was not.
        let clone = self.inner.clone();
        let inner = mem::replace(&mut self.inner, clone);
        ResponseFuture::verifying(self.server.clone(), parts, body, inner, cross_origin)
    }
}
