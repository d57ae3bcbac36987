//! P45: what is called was polled ready.

use fapi_tower::Cors;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use crate::api::{TestRequest, TestResponse, access_token_layer, empty, valid_request};
use fapi_testkit::Scenario;

/// Panics if it is called without having been polled ready since its last call. A clone is not ready.
struct ReadyOnce {
    is_ready: bool,
}

impl Clone for ReadyOnce {
    fn clone(&self) -> Self {
        Self { is_ready: false }
    }
}

impl Service<TestRequest> for ReadyOnce {
    type Response = TestResponse;
    type Error = Infallible;
    type Future = Ready<Result<TestResponse, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: TestRequest) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "called without being polled ready");
        ready(Ok(Response::new(Full::default())))
    }
}

// P45
#[tokio::test]
async fn the_service_that_was_polled_ready_is_called() {
    let api = Scenario::new();
    let mut service = access_token_layer(&api).layer(ReadyOnce { is_ready: false });
    for _ in 0..3 {
        let request = empty(valid_request(&api, "GET", "/records"));
        let answer = service.ready().await.unwrap().call(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_preflight_and_a_refusal_leave_the_service_in_order() {
    let api = Scenario::with(|builder| builder.cors(Cors::PassPreflight));
    let mut service = access_token_layer(&api).layer(ReadyOnce { is_ready: false });
    let preflight = Request::builder()
        .method("OPTIONS")
        .uri("/records")
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "GET");
    let refused = Request::builder().uri("/records");
    let metadata = Request::builder().uri("/.well-known/oauth-protected-resource");
    for (request, status) in [
        (preflight, StatusCode::OK),
        (refused, StatusCode::UNAUTHORIZED),
        (metadata, StatusCode::OK),
        (valid_request(&api, "GET", "/records"), StatusCode::OK),
    ] {
        let answer = service.ready().await.unwrap().call(empty(request)).await.unwrap();
        assert_eq!(answer.status(), status);
    }
}

/// A refusal gives back what readiness had reserved.
#[tokio::test]
async fn a_refusal_releases_the_permit_of_a_concurrency_limit() {
    let api = Scenario::new();
    let handler =
        service_fn(|_: TestRequest| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())) });
    let mut service =
        ServiceBuilder::new().layer(access_token_layer(&api)).concurrency_limit(1).service(handler);
    for _ in 0..3 {
        let request = empty(Request::builder().uri("/records"));
        let answer = service.ready().await.unwrap().call(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
    let answer =
        service.ready().await.unwrap().call(empty(valid_request(&api, "GET", "/records"))).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}
