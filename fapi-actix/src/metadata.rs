//! Serves the protected resource metadata (RFC 9728 §3): without a token, to every origin (R139).
//!
//! What the document says, and which of several it is, follows from the configuration of the server; see `fapi-core`.

use actix_web::dev::HttpServiceFactory;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW,
    CACHE_CONTROL, CONTENT_TYPE,
};
use actix_web::{HttpRequest, HttpResponse, guard, web};
use fapi_core::{ProtectedResourceMetadata, ResourceRequest, ResourceServer};

use crate::middleware::{peer, proxy_headers};

/// Five minutes: long enough to spare the API a flood, short enough that a new configuration is soon known.
const CACHE: &str = "public, max-age=300";

/// The metadata of `server` as a service, for an `App` whose [`AccessTokenMiddleware`](crate::AccessTokenMiddleware)
/// wraps only scopes or resources.
///
/// ```
/// use actix_web::{App, web};
/// use fapi_actix::{AccessTokenMiddleware, metadata};
/// # use fapi_actix::{Issuer, ResourceServer};
/// # let server = ResourceServer::builder()
/// #     .public_url("https://api.example.com")
/// #     .issuer(Issuer::new("https://as.example.com"))
/// #     .audience("https://api.example.com")
/// #     .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
/// #     .build()?;
///
/// let app = App::new()
///     .service(metadata(&server))
///     .service(web::scope("/records").wrap(AccessTokenMiddleware::new(server.clone())));
/// # let _ = app;
/// # Ok::<(), fapi_actix::fapi_core::ConfigError>(())
/// ```
pub fn metadata(server: &ResourceServer) -> impl HttpServiceFactory + use<> {
    let (guarding, answering) = (server.clone(), server.clone());
    // The router matches decoded paths; the guard sees the path as it was sent, as the middleware does.
    web::resource("/.well-known/oauth-protected-resource{rest:.*}")
        .guard(guard::fn_guard(move |context| guarding.has_metadata_at(context.head().uri.path())))
        .to(move |request: HttpRequest| {
            let metadata = requested(&answering, &request).unwrap_or(answering.metadata());
            let response = respond(metadata, request.method());
            async move { response }
        })
}

/// R140: the document that is asked for, if there is one at this path.
pub(crate) fn requested<'s>(
    server: &'s ResourceServer,
    request: &HttpRequest,
) -> Option<&'s ProtectedResourceMetadata> {
    let headers = proxy_headers(server, request);
    let asked = ResourceRequest::new("GET", request.uri().path(), None);
    server.metadata_for(&asked.with_peer(peer(request)).with_proxy_headers(&headers))
}

/// The one answer at the document's path.
pub(crate) fn respond(metadata: &ProtectedResourceMetadata, method: &Method) -> HttpResponse {
    if method == Method::OPTIONS {
        // Some clients ask with a header of their own, which a browser announces first.
        return HttpResponse::NoContent()
            .append_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .append_header((ACCESS_CONTROL_ALLOW_METHODS, "GET"))
            .append_header((ACCESS_CONTROL_ALLOW_HEADERS, "*"))
            .finish();
    }
    if method != Method::GET && method != Method::HEAD {
        return HttpResponse::MethodNotAllowed().append_header((ALLOW, "GET, HEAD, OPTIONS")).finish();
    }
    // RFC 9728 §3.2, R139. The answer to HEAD is cut by the HTTP layer.
    HttpResponse::Ok()
        .append_header((CONTENT_TYPE, "application/json"))
        .append_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .append_header((CACHE_CONTROL, CACHE))
        .body(metadata.json().to_owned())
}
