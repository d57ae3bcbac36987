//! The middleware around a protected API: hands the facts of each request to the core and carries its decision.
//!
//! A refusal happens before the handler or not at all (pitfall P42). The path is the one that the client has sent:
//! actix-web routes on a copy (pitfall P27).

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ConnectionInfo, Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};
use fapi_core::{
    Cors, FieldLines, Peer, PeerCertificate, Rejection, ResourceRequest, ResourceServer, StatedIssuer,
    Verified,
};

use crate::cors::Preflight;
use crate::response::{Amendments, refuse};
use crate::{cors, metadata, worker};

/// Middleware that lets a request through only with a valid, sender-constrained access token; for an `App`, a scope or a
/// resource. See the [crate documentation](crate).
///
/// The server must be built outside the closure of `HttpServer::new`. If it is built inside, each worker would have one
/// of its own, with its own memory of used DPoP proofs: then the `HttpServer` does not start, and the log says why. That
/// holds for `.workers(1)` and for a `OnceLock::get_or_init` inside the closure too, which cannot be told from it: call
/// `get_or_init` before `HttpServer::new`.
#[derive(Clone, Debug)]
pub struct AccessTokenMiddleware {
    server: ResourceServer,
}

impl AccessTokenMiddleware {
    /// Middleware that asks this server.
    #[must_use]
    pub const fn new(server: ResourceServer) -> Self {
        Self { server }
    }
}

impl<S, B> Transform<S, ServiceRequest> for AccessTokenMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = AccessTokenService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        // P12: never a store per worker.
        if worker::is_built_per_worker(&self.server) {
            tracing::error!(
                target: "fapi_actix",
                "the ResourceServer was built inside the closure of HttpServer::new, which runs once for each worker: \
                 each would accept a DPoP proof that another has already seen. Build it before HttpServer::new and \
                 clone it into the closure, also with one worker, and instead of a OnceLock in the closure. The HTTP \
                 server is not started"
            );
            return ready(Err(()));
        }
        ready(Ok(AccessTokenService { inner: Rc::new(service), server: self.server.clone() }))
    }
}

/// The service of [`AccessTokenMiddleware`].
#[doc(hidden)]
#[derive(Debug)]
pub struct AccessTokenService<S> {
    inner: Rc<S>,
    server: ResourceServer,
}

impl<S, B> Service<ServiceRequest> for AccessTokenService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>>>>;

    forward_ready!(inner);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let (inner, server) = (Rc::clone(&self.inner), self.server.clone());
        remove_untrusted(&server, &mut request);
        Box::pin(async move {
            if let Some(metadata) = metadata::requested(&server, request.request()) {
                let response = metadata::respond(metadata, request.method());
                return Ok(request.into_response(response).map_into_right_body());
            }
            // RFC 9449 §7.1, R38: a preflight cannot carry credentials.
            if server.cors() != Cors::Disabled && cors::is_preflight(&request) {
                // R38: to let it pass is the application's choice, since what is behind may not look at the method.
                if server.cors() != Cors::PassPreflight || cors::announces_content(&request) {
                    let answer = HttpResponse::NoContent().finish();
                    return Ok(request.into_response(answer).map_into_right_body());
                }
                request.extensions_mut().insert(Preflight(server));
                return inner.call(request).await.map(ServiceResponse::map_into_left_body);
            }
            let expose = server.cors().exposes_headers() && cors::has_origin(&request);
            match verify(&server, &request).await {
                Ok(verified) => {
                    let amendments = Amendments::new(Some(&verified), expose);
                    request.extensions_mut().insert(verified);
                    amended(inner.call(request).await, amendments).map(ServiceResponse::map_into_left_body)
                }
                Err(rejection) => {
                    let mut response = refuse(rejection);
                    Amendments::new(None, expose).apply(&mut response);
                    Ok(request.into_response(response).map_into_right_body())
                }
            }
        })
    }
}

/// The field lines of each header of a proxy.
pub(crate) fn proxy_headers<'a>(
    server: &'a ResourceServer,
    request: &'a HttpRequest,
) -> Vec<(&'a str, FieldLines<'a>)> {
    let lines = |name: &str| request.headers().get_all(name).map(HeaderValue::as_bytes).collect();
    server.proxy_headers().map(|name| (name, lines(name))).collect()
}

async fn verify(server: &ResourceServer, request: &ServiceRequest) -> Result<Verified, Rejection> {
    let certificate = peer_certificate(request);
    let stated = request.extensions().get::<StatedIssuer>().cloned();
    let proxy_headers = proxy_headers(server, request.request());
    let facts = ResourceRequest::new(request.method().as_str(), request.uri().path(), request.uri().query())
        .with_authorization(field_lines(request, AUTHORIZATION))
        .with_dpop(field_lines(request, HeaderName::from_static("dpop")))
        .with_interaction_id(field_lines(request, HeaderName::from_static("x-fapi-interaction-id")))
        .with_peer_certificate(certificate.as_ref().map(PeerCertificate::der))
        .with_stated_issuer(stated.as_ref().map(StatedIssuer::as_str))
        .with_peer(peer(request.request()))
        .with_proxy_headers(&proxy_headers);
    server.verify(&facts).await
}

/// R29, R40: all lines, since a second one matters.
fn field_lines(request: &ServiceRequest, name: HeaderName) -> FieldLines<'_> {
    request.headers().get_all(name).map(HeaderValue::as_bytes).collect()
}

/// R82, P50: nobody further inside sees what anybody could have sent.
fn remove_untrusted(server: &ResourceServer, request: &mut ServiceRequest) {
    if !server.trusts(peer(request.request())) {
        for name in server.proxy_headers() {
            request.headers_mut().remove(name);
        }
        // What actix-web has made of them before, for whoever asked further out.
        request.extensions_mut().remove::<ConnectionInfo>();
    }
}

/// From a middleware further out, from `HttpServer::on_connect`, or the address that actix-web knows.
pub(crate) fn peer(request: &HttpRequest) -> Peer {
    let peer = request.extensions().get::<Peer>().copied();
    let peer = peer.or_else(|| request.conn_data::<Peer>().copied());
    peer.or_else(|| request.peer_addr().map(Peer::from)).unwrap_or_default()
}

/// From a middleware further out, or from `HttpServer::on_connect`.
fn peer_certificate(request: &ServiceRequest) -> Option<PeerCertificate> {
    let certificate = request.extensions().get::<PeerCertificate>().cloned();
    certificate.or_else(|| request.conn_data::<PeerCertificate>().cloned())
}

/// The inner service's answer with what is owed to it. An error becomes a response further out, and is amended then.
fn amended<B>(
    result: Result<ServiceResponse<B>, Error>,
    amendments: Amendments,
) -> Result<ServiceResponse<B>, Error> {
    match result {
        Ok(mut response) => {
            amendments.apply(response.response_mut());
            Ok(response)
        }
        Err(mut error) => {
            error.add_response_mapper(move |mut response| {
                amendments.apply(&mut response);
                response
            });
            Err(error)
        }
    }
}
