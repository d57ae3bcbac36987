//! The layer around a [`Scenario`]'s server, requests as the `http` crate has them, and tools to look at answers.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use fapi_testkit::Scenario;
use fapi_tower::{AccessTokenLayer, AccessTokenService};
use http::request::Builder;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, service_fn};

pub(crate) const DPOP_CHALLENGE: &str = concat!(
    "DPoP algs=\"ES256 PS256 EdDSA Ed25519\", ",
    "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\""
);

pub(crate) fn access_token_layer(scenario: &Scenario) -> AccessTokenLayer {
    AccessTokenLayer::new(scenario.server.clone())
}

/// The layer, with gRPC statuses, around a handler that says hello.
pub(crate) fn grpc_service(
    scenario: &Scenario,
) -> AccessTokenService<
    impl Service<TestRequest, Response = TestResponse, Error = Infallible, Future: Send> + Clone + Send + 'static,
> {
    let layer = access_token_layer(scenario).with_grpc_status();
    layer.layer(service_fn(|request: TestRequest| async move { Ok(hello(&request)) }))
}

/// A request that is right in every way.
pub(crate) fn valid_request(scenario: &Scenario, method: &str, path: &str) -> Builder {
    let builder = Request::builder().method(method).uri(path);
    scenario
        .request(method, path)
        .into_iter()
        .fold(builder, |builder, (name, value)| builder.header(name, value))
}

/// How often the handler was called.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<AtomicUsize>);

impl Calls {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(crate) type TestRequest = Request<Full<Bytes>>;
pub(crate) type TestResponse = Response<Full<Bytes>>;

/// The layer around a service that counts its calls and makes its answers with `handler`.
pub(crate) fn protected<H>(
    scenario: &Scenario,
    calls: &Calls,
    handler: H,
) -> AccessTokenService<
    impl Service<TestRequest, Response = TestResponse, Error = Infallible, Future: Send> + Clone + Send + 'static,
>
where
    H: Fn(&TestRequest) -> TestResponse + Clone + Send + 'static,
{
    let calls = calls.clone();
    access_token_layer(scenario).layer(service_fn(move |request: TestRequest| {
        calls.add();
        let response = handler(&request);
        async move { Ok(response) }
    }))
}

pub(crate) fn hello(_: &TestRequest) -> TestResponse {
    Response::new(Full::from("hello"))
}

pub(crate) fn empty(builder: Builder) -> TestRequest {
    builder.body(Full::default()).expect("a valid request")
}

/// Sends one request to a service and reads the whole answer.
pub(crate) async fn send<S, B, R>(service: S, request: Request<B>) -> (http::response::Parts, String)
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: std::fmt::Debug,
    R: Body,
    R::Error: std::fmt::Debug,
{
    let (parts, body) = service.oneshot(request).await.expect("an answer").into_parts();
    let content = body.collect().await.expect("a body").to_bytes();
    (parts, String::from_utf8(content.to_vec()).expect("text"))
}

pub(crate) fn lines<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers.get_all(name).iter().map(|value| value.to_str().expect("text")).collect()
}
