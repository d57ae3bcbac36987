//! Accepted and refused requests through a bare tower service.

use std::time::Duration;

use bytes::Bytes;
use fapi_testkit::TestCertificate;
use fapi_tower::fapi_core::{Binding, Error, RejectionBody, ResponseBody};
use fapi_tower::{NoClaims, NoncePolicy, PeerCertificate, Rejection, StatedIssuer, Verified};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use std::sync::Arc;

use crate::api::{
    Calls, DPOP_CHALLENGE, TestRequest, empty, grpc_service, hello, lines, protected, send, valid_request,
};
use fapi_testkit::Scenario;

fn dpop_error(code: &str, description: &str) -> String {
    DPOP_CHALLENGE
        .replace("DPoP algs", &format!("DPoP error=\"{code}\", error_description=\"{description}\", algs"))
}

#[tokio::test]
async fn a_good_request_reaches_the_handler_with_the_verified_token() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let subject = |request: &TestRequest| {
        let verified = request.extensions().get::<Verified>().unwrap();
        let token = verified.access_token::<NoClaims>().unwrap();
        assert_eq!(token.binding(), Binding::Dpop);
        Response::new(Full::from(token.subject().as_str().to_owned()))
    };
    let (parts, body) =
        send(protected(&api, &calls, subject), empty(valid_request(&api, "GET", "/records?page=2"))).await;
    assert_eq!((parts.status, body.as_str(), calls.count()), (StatusCode::OK, "alice", 1));
    // The answer is the handler's, with nothing added.
    assert_eq!(parts.headers.len(), 0);
}

// R31, P41, P42
#[tokio::test]
async fn a_request_without_a_token_never_reaches_the_handler() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let (parts, body) = send(protected(&api, &calls, hello), empty(Request::builder().uri("/records"))).await;
    assert_eq!((parts.status, body.as_str(), calls.count()), (StatusCode::UNAUTHORIZED, "", 0));
    let bearer = DPOP_CHALLENGE.replace("DPoP algs=\"ES256 PS256 EdDSA Ed25519\", ", "Bearer ");
    assert_eq!(lines(&parts.headers, "www-authenticate"), [DPOP_CHALLENGE, bearer.as_str()]);
    assert_eq!(lines(&parts.headers, "cache-control"), ["no-store"]);
    assert_eq!(parts.headers.len(), 3);
    // The reason is there for outer layers.
    assert_eq!(parts.extensions.get::<Rejection>().unwrap().error(), &Error::CredentialsMissing);
}

// R29, P19
#[tokio::test]
async fn two_authorization_lines_are_refused() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let request = valid_request(&api, "GET", "/records")
        .header("authorization", format!("DPoP {}", api.token().sign()));
    let (parts, _) = send(protected(&api, &calls, hello), empty(request)).await;
    assert_eq!((parts.status, calls.count()), (StatusCode::BAD_REQUEST, 0));
    assert_eq!(parts.extensions.get::<Rejection>().unwrap().error(), &Error::CredentialsRepeated);
}

// R40, P18
#[tokio::test]
async fn two_dpop_lines_are_refused() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let request = valid_request(&api, "GET", "/records").header("dpop", "second");
    let (parts, _) = send(protected(&api, &calls, hello), empty(request)).await;
    assert_eq!((parts.status, calls.count()), (StatusCode::UNAUTHORIZED, 0));
    assert_eq!(
        lines(&parts.headers, "www-authenticate"),
        [dpop_error("invalid_dpop_proof", "More than one DPoP proof")]
    );
}

// R60
#[tokio::test]
async fn a_proof_is_good_for_one_request() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let service = protected(&api, &calls, hello);
    let request = empty(valid_request(&api, "GET", "/records"));
    let (first, _) = send(service.clone(), request.clone()).await;
    let (second, _) = send(service, request).await;
    assert_eq!((first.status, second.status, calls.count()), (StatusCode::OK, StatusCode::UNAUTHORIZED, 1));
    assert_eq!(second.extensions.get::<Rejection>().unwrap().error(), &Error::ProofReplayed);
}

// R50, P26: the public URL is configured; what the request says of its host changes nothing.
#[tokio::test]
async fn host_headers_and_absolute_targets_do_not_matter() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let service = protected(&api, &calls, hello);
    let spoofed = valid_request(&api, "GET", "/records")
        .header("host", "evil.example.com/other?")
        .header("x-forwarded-host", "evil.example.com")
        .header("x-forwarded-proto", "http");
    assert_eq!(send(service.clone(), empty(spoofed)).await.0.status, StatusCode::OK);
    let absolute = valid_request(&api, "GET", "/records").uri("http://evil.example.com/records");
    assert_eq!(send(service.clone(), empty(absolute)).await.0.status, StatusCode::OK);

    let token = api.token().sign();
    let proof = api.client.proof("GET", "https://evil.example.com/records").access_token(&token).sign();
    let stolen = Request::builder()
        .uri("/records")
        .header("host", "evil.example.com")
        .header("x-forwarded-host", "evil.example.com")
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", proof);
    let (parts, _) = send(service, empty(stolen)).await;
    assert_eq!((parts.status, calls.count()), (StatusCode::UNAUTHORIZED, 2));
}

// R2: percent-encoded as well.
#[tokio::test]
async fn a_token_in_the_query_is_seen() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let request = empty(valid_request(&api, "GET", "/records?access%5Ftoken=abc"));
    let (parts, _) = send(protected(&api, &calls, hello), request).await;
    assert_eq!((parts.status, calls.count()), (StatusCode::BAD_REQUEST, 0));
}

// R72
#[tokio::test]
async fn the_peer_certificate_comes_from_the_extensions_and_from_nowhere_else() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let service = protected(&api, &calls, hello);
    let certificate = TestCertificate::generate();
    let token = api.issuer.token().bound_to_certificate(certificate.der()).sign();
    let request = || Request::builder().uri("/records").header("authorization", format!("Bearer {token}"));
    let shown = request().extension(PeerCertificate::from_der(certificate.der().to_vec()));
    assert_eq!(send(service.clone(), empty(shown)).await.0.status, StatusCode::OK);

    // P50: a header proves nothing.
    let claimed = request().header("x-client-cert", certificate.pem().replace('\n', ""));
    let (parts, _) = send(service, empty(claimed)).await;
    assert_eq!((parts.status, calls.count()), (StatusCode::UNAUTHORIZED, 1));
    assert_eq!(parts.extensions.get::<Rejection>().unwrap().error(), &Error::CertificateMissing);
}

// R18: what an outer layer knows of the issuer that the client uses.
#[tokio::test]
async fn the_stated_issuer_comes_from_the_extensions() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let service = protected(&api, &calls, hello);
    let stating =
        |issuer: &str| empty(valid_request(&api, "GET", "/records").extension(StatedIssuer::new(issuer)));
    let (parts, _) = send(service.clone(), stating(api.issuer.identifier())).await;
    assert_eq!(parts.status, StatusCode::OK);
    let (parts, _) = send(service, stating("https://other.example.com")).await;
    assert_eq!((parts.status, calls.count()), (StatusCode::UNAUTHORIZED, 1));
    assert_eq!(parts.extensions.get::<Rejection>().unwrap().error(), &Error::StatedIssuer);
}

// R63, R65
#[tokio::test]
async fn a_nonce_is_handed_out_once_and_the_answer_is_not_cached() {
    let (api, calls) = (Scenario::with(|builder| builder.nonce(NoncePolicy::Required)), Calls::default());
    let (challenge, _) =
        send(protected(&api, &calls, hello), empty(valid_request(&api, "GET", "/records"))).await;
    let expected = dpop_error("use_dpop_nonce", "Resource server requires nonce in DPoP proof");
    assert_eq!(lines(&challenge.headers, "www-authenticate"), [expected]);
    let nonces = lines(&challenge.headers, "dpop-nonce");
    assert_eq!((challenge.status, nonces.len(), calls.count()), (StatusCode::UNAUTHORIZED, 1, 0));

    let with_nonce = || {
        let token = api.token().sign();
        let proof = api.client.proof("GET", "https://api.example.com/records").access_token(&token);
        let request = Request::builder().uri("/records").header("authorization", format!("DPoP {token}"));
        empty(request.header("dpop", proof.nonce(nonces[0]).sign()))
    };
    let (fresh, _) = send(protected(&api, &calls, hello), with_nonce()).await;
    assert_eq!((fresh.status, fresh.headers.len()), (StatusCode::OK, 0));

    // Now it is the previous one: accepted, and replaced.
    api.clock.advance(Duration::from_secs(60));
    let (stale, _) = send(protected(&api, &calls, hello), with_nonce()).await;
    assert_eq!(stale.status, StatusCode::OK);
    assert_eq!(lines(&stale.headers, "cache-control"), ["no-store"]);
    let next = lines(&stale.headers, "dpop-nonce");
    assert!(next.len() == 1 && next != nonces);

    // The handler's own decision stands, and there is still exactly one nonce.
    let own = |_: &TestRequest| {
        let response = Response::builder().header("cache-control", "private").header("dpop-nonce", "own");
        response.body(Full::default()).unwrap()
    };
    let (own, _) = send(protected(&api, &calls, own), with_nonce()).await;
    assert_eq!(lines(&own.headers, "cache-control"), ["private"]);
    assert_eq!(lines(&own.headers, "dpop-nonce"), next);
}

// R39
#[tokio::test]
async fn the_body_of_a_refusal_is_the_servers() {
    let api = Scenario::with(|builder| builder.rejection_body(RejectionBody::ProblemJson));
    let calls = Calls::default();
    let (parts, body) = send(protected(&api, &calls, hello), empty(Request::builder().uri("/records"))).await;
    assert_eq!(lines(&parts.headers, "content-type"), ["application/problem+json"]);
    assert!(body.contains("\"status\":401"), "{body}");
}

#[tokio::test]
async fn a_content_type_that_cannot_be_sent_costs_the_body_but_not_the_challenge() {
    let body = RejectionBody::Custom(Arc::new(|_| ResponseBody {
        content_type: "text/plain\n",
        content: b"no".to_vec(),
    }));
    let (api, calls) = (Scenario::with(|builder| builder.rejection_body(body)), Calls::default());
    let (parts, body) = send(protected(&api, &calls, hello), empty(Request::builder().uri("/records"))).await;
    assert_eq!((parts.status, body.as_str()), (StatusCode::UNAUTHORIZED, ""));
    assert_eq!(lines(&parts.headers, "www-authenticate").len(), 2);
}

/// (content type, HTTP status, gRPC status)
#[tokio::test]
async fn a_refusal_of_a_grpc_request_is_a_grpc_status() {
    let api = Scenario::with(|builder| builder.rejection_body(RejectionBody::ProblemJson));
    let calls = Calls::default();
    let grpc = [Some("application/grpc"), Some("application/grpc+proto"), Some("Application/gRPC-Web")];
    let http = [Some("application/json"), Some("x-application/grpc"), None];
    for content_type in grpc.into_iter().chain(http) {
        let mut request = Request::builder().method("POST").uri("/records");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let (parts, body) = send(grpc_service(&api), empty(request)).await;
        assert_eq!(lines(&parts.headers, "www-authenticate").len(), 2, "{content_type:?}");
        assert_eq!(lines(&parts.headers, "cache-control"), ["no-store"], "{content_type:?}");
        if grpc.contains(&content_type) {
            assert_eq!((parts.status, body.as_str()), (StatusCode::OK, ""), "{content_type:?}");
            assert_eq!(lines(&parts.headers, "content-type"), ["application/grpc"], "{content_type:?}");
            assert_eq!(lines(&parts.headers, "grpc-status"), ["16"], "{content_type:?}");
            assert_eq!(lines(&parts.headers, "grpc-message"), ["Unauthorized"], "{content_type:?}");
        } else {
            assert_eq!(parts.status, StatusCode::UNAUTHORIZED, "{content_type:?}");
            assert_eq!(lines(&parts.headers, "grpc-status"), [""; 0], "{content_type:?}");
        }
    }
    // R30: without the application's word, the media type of a stranger changes nothing.
    let request =
        Request::builder().method("POST").uri("/records").header("content-type", "application/grpc");
    let (parts, _) = send(protected(&api, &calls, hello), empty(request)).await;
    assert_eq!((parts.status, calls.count()), (StatusCode::UNAUTHORIZED, 0));
    assert_eq!(lines(&parts.headers, "grpc-status"), [""; 0]);
}

#[tokio::test]
async fn each_status_has_its_grpc_code() {
    let api = Scenario::new();
    let grpc = |request: http::request::Builder| empty(request.header("content-type", "application/grpc"));
    let token = api.issuer.token().claim("iss", "https://evil.example.com").bound_to(&api.client).sign();
    let proof = api.proof("POST", "/records", &token).sign();
    let request = Request::builder().method("POST").uri("/records");
    let wrong_issuer = request.header("authorization", format!("DPoP {token}")).header("dpop", proof);
    let repeated = valid_request(&api, "POST", "/records").header("authorization", "DPoP a");
    for (request, status, message) in
        [(wrong_issuer, "16", "invalid_token"), (repeated, "3", "invalid_request")]
    {
        let (parts, _) = send(grpc_service(&api), grpc(request)).await;
        assert_eq!(lines(&parts.headers, "grpc-status"), [status]);
        assert_eq!(lines(&parts.headers, "grpc-message"), [message]);
    }
}

#[test]
fn futures_and_bodies_may_cross_threads() {
    fn check<T: Send>(_: &T) {}
    let (api, calls) = (Scenario::new(), Calls::default());
    let mut service = protected(&api, &calls, hello);
    let future = tower::Service::call(&mut service, empty(valid_request(&api, "GET", "/")));
    check(&future);
    fn check_body<T: Send + Sync + Unpin>() {}
    check_body::<fapi_tower::ResponseBody<Full<Bytes>>>();
}
