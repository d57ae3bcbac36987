//! The course of one request: verify, then refuse or call the inner service, then complete its answer.
//!
//! A refusal happens before the inner service is called or not at all (pitfall P42).

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use fapi_core::{Rejection, ResourceServer, Verified};
use http::header::CACHE_CONTROL;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::Full;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::body::ResponseBody;
use crate::cors::expose;
use crate::refusal::refuse;
use crate::request::{proxy_headers, resource_request};

/// Boxed: the future of an `async fn` has no name. It owns what it borrows from, and gives it back.
type Verifying = Pin<Box<dyn Future<Output = (Parts, Result<Verified, Rejection>)> + Send>>;

pin_project! {
    /// The response future of [`AccessTokenService`](crate::AccessTokenService).
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B, S::Future>,
        cross_origin: bool,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B, F> {
        Verifying {
            verifying: Verifying,
            call: Option<(S, B)>,
        },
        Calling {
            #[pin]
            calling: F,
            owed: Owed,
        },
        Answered {
            response: Option<Response<Full<Bytes>>>,
        },
    }
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    /// Verifies the request, and calls `inner` only if it is accepted.
    pub(crate) fn verifying(
        server: ResourceServer,
        parts: Parts,
        body: B,
        inner: S,
        cross_origin: bool,
    ) -> Self {
        let verifying: Verifying = Box::pin(async move {
            let headers = proxy_headers(&server, &parts);
            let decision = server.verify(&resource_request(&parts, &headers)).await;
            drop(headers);
            (parts, decision)
        });
        Self { state: State::Verifying { verifying, call: Some((inner, body)) }, cross_origin }
    }

    /// The answer of the inner service to a request that needs no token, as it is.
    pub(crate) fn passed(calling: S::Future) -> Self {
        Self { state: State::Calling { calling, owed: Owed::default() }, cross_origin: false }
    }

    /// An answer that does not need the inner service.
    pub(crate) fn answered(response: Response<Full<Bytes>>) -> Self {
        Self { state: State::Answered { response: Some(response) }, cross_origin: false }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Output = Result<Response<ResponseBody<R>>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let calling = match this.state.as_mut().project() {
                StateProjection::Verifying { verifying, call } => {
                    let (parts, decision) = ready!(verifying.as_mut().poll(context));
                    match (decision, call.take()) {
                        (Ok(verified), Some((inner, body))) => call_verified(verified, inner, parts, body),
                        (Err(rejection), _) => {
                            let response = refuse(rejection, &parts.extensions).map(ResponseBody::own);
                            return Poll::Ready(Ok(complete(response, &Owed::default(), *this.cross_origin)));
                        }
                        // Polled again after it was ready, which a future need not answer.
                        (Ok(_), None) => return Poll::Pending,
                    }
                }
                StateProjection::Calling { calling, owed } => {
                    let response = ready!(calling.poll(context))?.map(ResponseBody::inner);
                    return Poll::Ready(Ok(complete(response, owed, *this.cross_origin)));
                }
                StateProjection::Answered { response } => {
                    let response = response.take().map(|response| Ok(response.map(ResponseBody::own)));
                    return response.map_or(Poll::Pending, Poll::Ready);
                }
            };
            this.state.set(calling);
        }
    }
}

/// What the answer to a verified request must carry.
#[derive(Default)]
struct Owed {
    fields: Vec<(HeaderName, HeaderValue)>,
    /// Whether a nonce is among them.
    nonce: bool,
}

impl Owed {
    fn to(verified: &Verified) -> Self {
        let fields = verified.answer_headers().filter_map(|(name, value)| {
            Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
        });
        Self { fields: fields.collect(), nonce: verified.dpop_nonce().is_some() }
    }
}

fn call_verified<S, B>(verified: Verified, mut inner: S, mut parts: Parts, body: B) -> State<S, B, S::Future>
where
    S: Service<Request<B>>,
{
    let owed = Owed::to(&verified);
    parts.extensions.insert(verified);
    State::Calling { calling: inner.call(Request::from_parts(parts, body)), owed }
}

/// Adds what this crate owes to the client, whoever made the answer.
fn complete<B>(
    mut response: Response<ResponseBody<B>>,
    owed: &Owed,
    cross_origin: bool,
) -> Response<ResponseBody<B>> {
    // A requirement of a route may have refused further inside.
    let refused = response.extensions().get::<Rejection>().is_some();
    let headers = response.headers_mut();
    if cross_origin && (refused || owed.nonce) {
        expose(headers);
    }
    // R24, R63: each of them once, whatever else has set it.
    for (name, value) in &owed.fields {
        headers.insert(name.clone(), value.clone());
    }
    if owed.nonce {
        // RFC 9449 §8.2, R65: not cached, unless the handler has decided that itself.
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}
