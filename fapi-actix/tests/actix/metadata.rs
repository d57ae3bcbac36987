//! R137-R139: the protected resource metadata, without a token.

use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpResponse, web};
use fapi_actix::{AccessTokenMiddleware, metadata};
use fapi_core::Error;

use crate::requests::{error, lines};
use fapi_testkit::Scenario;

const PATH: &str = "/.well-known/oauth-protected-resource";

fn request(method: Method, path: &str) -> TestRequest {
    TestRequest::with_uri(path).method(method)
}

// R138, R139: by the middleware of the App, and by the service where it wraps only a part; the same answer.
#[actix_web::test]
async fn the_document_is_served_without_a_token() {
    let scenario = Scenario::new();
    let wrapped = init_service(App::new().wrap(AccessTokenMiddleware::new(scenario.server.clone()))).await;
    let scope = web::scope("/records").wrap(AccessTokenMiddleware::new(scenario.server.clone()));
    let mounted = init_service(App::new().service(metadata(&scenario.server)).service(scope)).await;
    for path in [PATH, "/.well-known/oauth-protected-resource/", "/.well-known/oauth-protected-resource?x=y"]
    {
        for (method, status) in
            [(Method::GET, 200), (Method::HEAD, 200), (Method::OPTIONS, 204), (Method::POST, 405)]
        {
            let first = call_service(&wrapped, request(method.clone(), path).to_request()).await;
            let second = call_service(&mounted, request(method.clone(), path).to_request()).await;
            assert_eq!(first.status(), status, "{method} {path}");
            assert_eq!(second.status(), status, "{method} {path}");
            for header in ["allow", "content-type", "access-control-allow-origin", "cache-control"] {
                assert_eq!(lines(&first, header), lines(&second, header), "{method} {path}");
            }
            assert_eq!(read_body(first).await, read_body(second).await, "{method} {path}");
        }
    }
    let response = call_service(&wrapped, request(Method::GET, PATH).to_request()).await;
    assert_eq!(lines(&response, "content-type"), ["application/json"]);
    assert_eq!(lines(&response, "access-control-allow-origin"), ["*"]);
    assert_eq!(lines(&response, "cache-control"), ["public, max-age=300"]);
    let document: serde_json::Value = serde_json::from_slice(&read_body(response).await).unwrap();
    assert_eq!(document["resource"], "https://api.example.com");
    // A browser asks first if the script adds header fields of its own.
    let response = call_service(&wrapped, request(Method::OPTIONS, PATH).to_request()).await;
    for (header, value) in [("origin", "*"), ("methods", "GET"), ("headers", "*")] {
        assert_eq!(lines(&response, &format!("access-control-allow-{header}")), [value]);
    }
    let response = call_service(&wrapped, request(Method::PUT, PATH).to_request()).await;
    assert_eq!(lines(&response, "allow"), ["GET, HEAD, OPTIONS"]);
}

// R138: only where the document is; any other path is verified, or the application's.
#[actix_web::test]
async fn other_paths_are_not_the_document() {
    let scenario = Scenario::with(|builder| builder.public_url("https://api.example.com/b%C3%A9/"));
    let app = App::new().service(metadata(&scenario.server)).default_service(web::to(HttpResponse::NotFound));
    let app = init_service(app).await;
    let wrapped = init_service(App::new().wrap(AccessTokenMiddleware::new(scenario.server.clone()))).await;
    for path in
        ["/.well-known/oauth-protected-resource/b%C3%A9/", "/.well-known/oauth-protected-resource/b%C3%A9"]
    {
        assert_eq!(call_service(&app, request(Method::GET, path).to_request()).await.status(), 200, "{path}");
        assert_eq!(
            call_service(&wrapped, request(Method::GET, path).to_request()).await.status(),
            200,
            "{path}"
        );
    }
    for path in
        [PATH, "/.well-known/oauth-protected-resource/other", "/.well-known/oauth-protected-resourceb%C3%A9"]
    {
        assert_eq!(call_service(&app, request(Method::GET, path).to_request()).await.status(), 404, "{path}");
        let response = call_service(&wrapped, request(Method::GET, path).to_request()).await;
        assert_eq!(error(&response), Error::CredentialsMissing, "{path}");
    }
}
