//! Receives the security events that a transmitter pushes (RFC 8935, R165): without an access token, since the transmitter
//! has a secret of its own.
//!
//! Hands over the content, bounded, and carries the answer; what an event is and does is decided in `fapi-core`.

use actix_web::dev::HttpServiceFactory;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use fapi_core::{ResourceServer, SecurityEventAnswer};

/// One more than the 64 KiB that an event may have, so that the server sees that it is larger.
const MAX_CONTENT: usize = 64 * 1024 + 1;

/// A service at `path` that takes the security events for a server with
/// [`Revocation::security_events`](crate::Revocation), for an `App` whose
/// [`AccessTokenMiddleware`](crate::AccessTokenMiddleware) wraps only scopes or resources.
///
/// ```
/// use actix_web::{App, web};
/// use fapi_actix::fapi_core::SecurityEvents;
/// use fapi_actix::{AccessTokenMiddleware, Issuer, ResourceServer, Revocation, security_events};
///
/// let issuer = Issuer::new("https://as.example.com");
/// let events = SecurityEvents::new(issuer.clone(), "https://api.example.com", "Bearer agreed-secret");
/// let server = ResourceServer::builder()
///     .public_url("https://api.example.com")
///     .issuer(issuer)
///     .audience("https://api.example.com")
///     .revocation(Revocation::security_events(events))
///     .build()?;
///
/// let app = App::new()
///     .service(security_events("/security-events", &server))
///     .service(web::scope("/records").wrap(AccessTokenMiddleware::new(server.clone())));
/// # let _ = app;
/// # Ok::<(), fapi_actix::fapi_core::ConfigError>(())
/// ```
pub fn security_events(path: &str, server: &ResourceServer) -> impl HttpServiceFactory + use<> {
    let server = server.clone();
    web::resource(path).route(web::post().to(move |request: HttpRequest, content: web::Payload| {
        let server = server.clone();
        async move { receive(&server, &request, content).await }
    }))
}

async fn receive(server: &ResourceServer, request: &HttpRequest, content: web::Payload) -> HttpResponse {
    let content = match content.to_bytes_limited(MAX_CONTENT).await {
        Ok(Ok(content)) => content,
        // The transmitter has hung up.
        Ok(Err(_)) => return HttpResponse::BadRequest().finish(),
        Err(_too_large) => return HttpResponse::PayloadTooLarge().finish(),
    };
    let content_type = only_line(request.headers(), &CONTENT_TYPE);
    let authorization = only_line(request.headers(), &AUTHORIZATION);
    respond(&server.receive_security_event(content_type, authorization, &content).await)
}

/// The value of this field, unless it is there more than once.
fn only_line<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut lines = headers.get_all(name);
    let first = lines.next().map(HeaderValue::as_bytes);
    if lines.next().is_none() { first } else { None }
}

fn respond(answer: &SecurityEventAnswer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for header in answer.headers() {
        response.append_header(header);
    }
    response.body(answer.body().to_owned())
}
