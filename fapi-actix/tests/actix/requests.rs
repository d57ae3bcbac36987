//! The requests of a [`Scenario`] as actix-web has them, and tools to look at answers.

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::test::TestRequest;
use fapi_core::{Error, Rejection};
use fapi_testkit::Scenario;

/// How long a nonce is the newest.
const NONCE_PERIOD: Duration = Duration::from_secs(60);

/// A valid request.
pub(crate) fn get(scenario: &Scenario, path: &str) -> TestRequest {
    request(scenario, "GET", path)
}

pub(crate) fn request(scenario: &Scenario, method: &str, path: &str) -> TestRequest {
    let request = TestRequest::with_uri(path).method(Method::from_bytes(method.as_bytes()).unwrap());
    scenario.request(method, path).into_iter().fold(request, TestRequest::insert_header)
}

/// A valid request with the nonce of a challenge, at a time when a newer one is due.
pub(crate) fn with_stale_nonce<B: MessageBody>(
    scenario: &Scenario,
    challenge: &ServiceResponse<B>,
    path: &str,
) -> TestRequest {
    assert_eq!(error(challenge), Error::NonceMissing);
    let nonces = lines(challenge, "dpop-nonce");
    assert_eq!(nonces.len(), 1);
    scenario.clock.advance(NONCE_PERIOD);
    let token = scenario.token().sign();
    let proof = scenario.proof("GET", path, &token).nonce(&nonces[0]).sign();
    TestRequest::with_uri(path)
        .insert_header(("authorization", format!("DPoP {token}")))
        .insert_header(("dpop", proof))
}

/// Why the request was refused, as middleware further out sees it.
pub(crate) fn error<B: MessageBody>(response: &ServiceResponse<B>) -> Error {
    response.response().extensions().get::<Rejection>().expect("a refusal").error().clone()
}

/// All values of a header.
pub(crate) fn lines<B>(response: &ServiceResponse<B>, name: &str) -> Vec<String> {
    response.headers().get_all(name).map(|value| value.to_str().unwrap().to_owned()).collect()
}
