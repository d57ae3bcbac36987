//! From the core's answers to actix-web's: copies, adds nothing.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use fapi_core::{Rejection, Verified};

use crate::cors;

/// The answer to a refused request, with the reason in its extensions for middleware further out.
pub(crate) fn refuse(rejection: Rejection) -> HttpResponse {
    let status = StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for header in rejection.headers() {
        response.append_header(header);
    }
    let mut response = match rejection.body() {
        Some(body) => response.append_header((CONTENT_TYPE, body.content_type)).body(body.content.clone()),
        None => response.finish(),
    };
    response.extensions_mut().insert(rejection);
    response
}

/// The answer where the application is not put together as it must be; the log says how.
pub(crate) fn internal_error() -> HttpResponse {
    HttpResponse::InternalServerError().finish()
}

/// What is owed to the answer of a verified request, or to its refusal.
pub(crate) struct Amendments {
    fields: Vec<(HeaderName, HeaderValue)>,
    nonce: bool,
    expose: bool,
}

impl Amendments {
    /// `expose`: whether a browser of another origin may be asking.
    pub(crate) fn new(verified: Option<&Verified>, expose: bool) -> Self {
        let fields = verified.into_iter().flat_map(Verified::answer_headers).filter_map(|(name, value)| {
            Some((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?))
        });
        let nonce = verified.and_then(Verified::dpop_nonce).is_some();
        Self { fields: fields.collect(), nonce, expose }
    }

    pub(crate) fn apply<B>(&self, response: &mut HttpResponse<B>) {
        let refused = response.extensions().contains::<Rejection>();
        let headers = response.headers_mut();
        for (name, value) in &self.fields {
            // R24, RFC 9449 §8, R63: not more than one of each.
            headers.insert(name.clone(), value.clone());
        }
        if self.nonce {
            // RFC 9449 §8.2, R65
            if !headers.contains_key(CACHE_CONTROL) {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
        }
        if self.expose && (refused || self.nonce) {
            cors::expose(headers);
        }
    }
}
