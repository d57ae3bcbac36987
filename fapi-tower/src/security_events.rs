//! Receives the security events that a transmitter pushes (RFC 8935, R165): without an access token, since the transmitter
//! has a secret of its own.
//!
//! Hands over the content, bounded, and carries the answer; what an event is and does is decided in `fapi-core`.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use fapi_core::{ResourceServer, SecurityEventAnswer};
use http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use tower_service::Service;

/// One more than the 64 KiB that an event may have, so that the server sees that it is larger.
const MAX_CONTENT: usize = 64 * 1024 + 1;

/// A service that takes the security events for a server with [`Revocation::security_events`](crate::Revocation), to mount
/// outside of the [`AccessTokenLayer`](crate::AccessTokenLayer).
///
/// ```
/// use axum::{Router, routing::get};
/// use fapi_tower::fapi_core::SecurityEvents;
/// use fapi_tower::{AccessTokenLayer, Issuer, ResourceServer, Revocation, SecurityEventsService};
///
/// let issuer = Issuer::new("https://as.example.com");
/// let events = SecurityEvents::new(issuer.clone(), "https://api.example.com", "Bearer agreed-secret");
/// let server = ResourceServer::builder()
///     .public_url("https://api.example.com")
///     .issuer(issuer)
///     .audience("https://api.example.com")
///     .revocation(Revocation::security_events(events))
///     .build()?;
/// let app: Router = Router::new()
///     .route("/records", get(|| async { "..." }))
///     .route_layer(AccessTokenLayer::new(server.clone()))
///     .route_service("/security-events", SecurityEventsService::new(&server));
/// # Ok::<(), fapi_tower::fapi_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SecurityEventsService {
    server: ResourceServer,
}

impl SecurityEventsService {
    /// Takes the events for `server`, at whatever path it is mounted.
    #[must_use]
    pub fn new(server: &ResourceServer) -> Self {
        Self { server: server.clone() }
    }
}

impl<B> Service<Request<B>> for SecurityEventsService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = SecurityEventFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let server = self.server.clone();
        SecurityEventFuture(Box::pin(async move { receive(&server, request).await }))
    }
}

/// The answer of a [`SecurityEventsService`].
pub struct SecurityEventFuture(Pin<Box<dyn Future<Output = Response<Full<Bytes>>> + Send>>);

impl Future for SecurityEventFuture {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context).map(Ok)
    }
}

impl fmt::Debug for SecurityEventFuture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecurityEventFuture")
    }
}

async fn receive<B>(server: &ResourceServer, request: Request<B>) -> Response<Full<Bytes>>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let content = match Limited::new(body, MAX_CONTENT).collect().await {
        Ok(content) => content.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return empty(StatusCode::PAYLOAD_TOO_LARGE),
        // The transmitter has hung up.
        Err(_) => return empty(StatusCode::BAD_REQUEST),
    };
    let content_type = only_line(&parts.headers, &CONTENT_TYPE);
    let authorization = only_line(&parts.headers, &AUTHORIZATION);
    respond(&server.receive_security_event(content_type, authorization, &content).await)
}

/// The value of this field, unless it is there more than once.
fn only_line<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut lines = headers.get_all(name).iter();
    let first = lines.next().map(HeaderValue::as_bytes);
    if lines.next().is_none() { first } else { None }
}

fn respond(answer: &SecurityEventAnswer) -> Response<Full<Bytes>> {
    let mut response =
        empty(StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in answer.headers() {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    *response.body_mut() = Full::from(answer.body().to_owned());
    response
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
