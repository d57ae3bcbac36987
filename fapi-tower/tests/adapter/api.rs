//! A protected API in one process, a client that calls it rightly, and tools to look at answers.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use fapi_testkit::{ManualClock, TestClient, TestIssuer};
use fapi_tower::fapi_core::{ResourceServerBuilder, UnixTime};
use fapi_tower::{AccessTokenLayer, AccessTokenService, Issuer, ResourceServer};
use http::request::Builder;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, service_fn};

pub(crate) const PUBLIC_URL: &str = "https://api.example.com";
pub(crate) const DPOP_CHALLENGE: &str = concat!(
    "DPoP algs=\"ES256 PS256 EdDSA Ed25519\", ",
    "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\""
);

pub(crate) struct Api {
    pub(crate) server: ResourceServer,
    pub(crate) clock: ManualClock,
    pub(crate) issuer: TestIssuer,
    pub(crate) client: TestClient,
}

impl Api {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// The server was built two minutes before the first request: its memory of used proofs is complete.
    pub(crate) fn with(configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder) -> Self {
        let clock = ManualClock::at(UnixTime::from_secs(1_750_000_000));
        let issuer = TestIssuer::new("https://as.example.com").with_clock(Arc::new(clock.clone()));
        let client = TestClient::new().with_clock(Arc::new(clock.clone()));
        let builder = ResourceServer::builder()
            .public_url(PUBLIC_URL)
            .audience(PUBLIC_URL)
            .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
            .issuer(Issuer::new(issuer.identifier()).with_key_set(issuer.jwks()))
            .clock(Arc::new(clock.clone()));
        let server = configure(builder).build().expect("a valid configuration");
        clock.advance(Duration::from_secs(120));
        Self { server, clock, issuer, client }
    }

    pub(crate) fn layer(&self) -> AccessTokenLayer {
        AccessTokenLayer::new(self.server.clone())
    }

    /// The layer, with gRPC statuses, around a handler that says hello.
    pub(crate) fn grpc(
        &self,
    ) -> AccessTokenService<
        impl Service<TestRequest, Response = TestResponse, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
    > {
        let layer = self.layer().with_grpc_status();
        layer.layer(service_fn(|request: TestRequest| async move { Ok(hello(&request)) }))
    }

    pub(crate) fn token(&self) -> String {
        self.issuer.token().audience(PUBLIC_URL).scope("records:read").bound_to(&self.client).sign()
    }

    pub(crate) fn proof(&self, method: &str, path: &str, token: &str) -> String {
        self.client.proof(method, &format!("{PUBLIC_URL}{path}")).access_token(token).sign()
    }

    /// A request that is right in every way.
    pub(crate) fn request(&self, method: &str, path: &str) -> Builder {
        let token = self.token();
        let proof = self.proof(method, path, &token);
        Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", proof)
    }
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
    api: &Api,
    calls: &Calls,
    handler: H,
) -> AccessTokenService<
    impl Service<TestRequest, Response = TestResponse, Error = Infallible, Future: Send> + Clone + Send + 'static,
>
where
    H: Fn(&TestRequest) -> TestResponse + Clone + Send + 'static,
{
    let calls = calls.clone();
    api.layer().layer(service_fn(move |request: TestRequest| {
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
