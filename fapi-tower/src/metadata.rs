//! Serves the protected resource metadata (RFC 9728 §3, R137-R142): without a token, to scripts of every origin.
//!
//! What it says is the server's, and so is which of several it is; [`AccessTokenLayer`](crate::AccessTokenLayer) serves it
//! where it sees the path.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use fapi_core::{ProtectedResourceMetadata, ResourceServer};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW,
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE,
};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use tower_service::Service;

use crate::request::{proxy_headers, resource_request};

/// Five minutes: long enough to spare the API a flood, short enough that a new configuration is soon known.
const CACHE: &str = "public, max-age=300";

/// A service that answers with the metadata document, to mount where no [`AccessTokenLayer`](crate::AccessTokenLayer)
/// sees the document's path.
///
/// ```
/// use axum::{Router, routing::get};
/// use fapi_tower::{AccessTokenLayer, Issuer, MetadataService, ResourceServer};
///
/// # let server = ResourceServer::builder()
/// #     .public_url("https://api.example.com")
/// #     .issuer(Issuer::new("https://as.example.com"))
/// #     .audience("https://api.example.com")
/// #     .revocation(fapi_tower::fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
/// #     .build()?;
/// let app: Router = Router::new()
///     .route("/records", get(|| async { "..." }))
///     .route_layer(AccessTokenLayer::new(server.clone()))
///     .route_service(server.metadata().path(), MetadataService::new(&server));
/// # Ok::<(), fapi_tower::fapi_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MetadataService {
    server: ResourceServer,
}

impl MetadataService {
    /// Serves the metadata of `server`, at whatever path it is mounted: that should be
    /// [`ProtectedResourceMetadata::path`]. Where a trusted proxy has several public URLs, mount it at the path of each.
    #[must_use]
    pub fn new(server: &ResourceServer) -> Self {
        Self { server: server.clone() }
    }
}

impl<B> Service<Request<B>> for MetadataService {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, _) = request.into_parts();
        let metadata = requested(&self.server, &parts).unwrap_or(self.server.metadata());
        ready(Ok(serve(metadata, &parts.method)))
    }
}

/// R140: the document that is asked for, if there is one at this path.
pub(crate) fn requested<'s>(
    server: &'s ResourceServer,
    parts: &Parts,
) -> Option<&'s ProtectedResourceMetadata> {
    let headers = proxy_headers(server, parts);
    server.metadata_for(&resource_request(parts, &headers))
}

/// The answer to a request for the document.
pub(crate) fn serve(metadata: &ProtectedResourceMetadata, method: &Method) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    if method == Method::OPTIONS {
        // Some clients ask with a header of their own, which a browser announces first.
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
        return response;
    }
    if method != Method::GET && method != Method::HEAD {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
        return response;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // RFC 9110 §8.6: to HEAD, the length that the content would have.
    headers.insert(CONTENT_LENGTH, HeaderValue::from(metadata.json().len()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(CACHE));
    // The document is public; clients in browsers have to find the authorization server too.
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if method == Method::GET {
        *response.body_mut() = Full::from(metadata.json().to_owned());
    }
    response
}
