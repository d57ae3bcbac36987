//! One valid request, for tests that break one thing.

use std::sync::Arc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::test::TestRequest;
use fapi_core::{Error, Issuer, Rejection, ResourceServer, ResourceServerBuilder, UnixTime};
use fapi_testkit::{ManualClock, TestClient, TestIssuer};

pub(crate) const URL: &str = "https://api.example.com";
/// How long a nonce is the newest.
const NONCE_PERIOD: Duration = Duration::from_secs(60);

pub(crate) struct Fixture {
    pub(crate) clock: ManualClock,
    pub(crate) issuer: TestIssuer,
    pub(crate) client: TestClient,
    pub(crate) server: ResourceServer,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// With a server that differs in one setting.
    pub(crate) fn with(configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder) -> Self {
        let clock = ManualClock::at(UnixTime::from_secs(1_750_000_000));
        let issuer = TestIssuer::new("https://as.example.com").with_clock(Arc::new(clock.clone()));
        let client = TestClient::new().with_clock(Arc::new(clock.clone()));
        let server = configure(builder(&clock, &issuer)).build().unwrap();
        // Past the time after a start in which proofs without a nonce are not accepted.
        clock.advance(Duration::from_secs(120));
        Self { clock, issuer, client, server }
    }

    pub(crate) fn token(&self) -> String {
        self.issuer.token().scope("records:read").bound_to(&self.client).sign()
    }

    pub(crate) fn proof(&self, method: &str, path: &str, token: &str) -> String {
        self.client.proof(method, &format!("{URL}{path}")).access_token(token).sign()
    }

    /// A valid request.
    pub(crate) fn get(&self, path: &str) -> TestRequest {
        self.request("GET", path)
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> TestRequest {
        let token = self.token();
        let proof = self.proof(method, path, &token);
        TestRequest::with_uri(path)
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .insert_header(("authorization", format!("DPoP {token}")))
            .insert_header(("dpop", proof))
    }

    /// A valid request with the nonce of a challenge, at a time when a newer one is due.
    pub(crate) fn with_stale_nonce<B: MessageBody>(
        &self,
        challenge: &ServiceResponse<B>,
        path: &str,
    ) -> TestRequest {
        assert_eq!(error(challenge), Error::NonceMissing);
        let nonces = lines(challenge, "dpop-nonce");
        assert_eq!(nonces.len(), 1);
        self.clock.advance(NONCE_PERIOD);
        let token = self.token();
        let proof =
            self.client.proof("GET", &format!("{URL}{path}")).access_token(&token).nonce(&nonces[0]).sign();
        TestRequest::with_uri(path)
            .insert_header(("authorization", format!("DPoP {token}")))
            .insert_header(("dpop", proof))
    }
}

pub(crate) fn builder(clock: &ManualClock, issuer: &TestIssuer) -> ResourceServerBuilder {
    ResourceServer::builder()
        .public_url(URL)
        .issuer(Issuer::new(issuer.identifier()).with_key_set(issuer.jwks()))
        .audience(URL)
        .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
        .clock(Arc::new(clock.clone()))
}

/// Why the request was refused, as middleware further out sees it.
pub(crate) fn error<B: MessageBody>(response: &ServiceResponse<B>) -> Error {
    response.response().extensions().get::<Rejection>().expect("a refusal").error().clone()
}

/// All values of a header.
pub(crate) fn lines<B>(response: &ServiceResponse<B>, name: &str) -> Vec<String> {
    response.headers().get_all(name).map(|value| value.to_str().unwrap().to_owned()).collect()
}
