//! R137-R142: the metadata document, from the layer and from the service.

use fapi_tower::MetadataService;
use http::{Request, StatusCode};

use crate::api::{Calls, empty, hello, lines, protected, send};
use fapi_testkit::Scenario;

const PATH: &str = "/.well-known/oauth-protected-resource";

#[tokio::test]
async fn the_layer_serves_the_document_without_a_token() {
    let (api, calls) = (Scenario::new(), Calls::default());
    for path in [PATH, "/.well-known/oauth-protected-resource/", "/.well-known/oauth-protected-resource?a=b"]
    {
        let request = empty(Request::builder().uri(path));
        let (parts, body) = send(protected(&api, &calls, hello), request).await;
        assert_eq!(parts.status, StatusCode::OK, "{path}");
        assert_eq!(body, api.server.metadata().json(), "{path}");
        assert_eq!(lines(&parts.headers, "content-type"), ["application/json"], "{path}");
        assert_eq!(lines(&parts.headers, "access-control-allow-origin"), ["*"], "{path}");
        assert_eq!(lines(&parts.headers, "cache-control"), ["public, max-age=300"], "{path}");
        assert_eq!(lines(&parts.headers, "content-length"), [body.len().to_string()], "{path}");
    }
    assert_eq!(calls.count(), 0);
}

#[tokio::test]
async fn head_is_answered_like_get_without_content() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let (parts, body) =
        send(protected(&api, &calls, hello), empty(Request::builder().method("HEAD").uri(PATH))).await;
    assert_eq!((parts.status, body.as_str()), (StatusCode::OK, ""));
    assert_eq!(lines(&parts.headers, "content-length"), [api.server.metadata().json().len().to_string()]);
}

#[tokio::test]
async fn other_methods_are_not_allowed_and_other_paths_are_not_open() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let request = empty(Request::builder().method("POST").uri(PATH));
    let (parts, _) = send(protected(&api, &calls, hello), request).await;
    assert_eq!(parts.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(lines(&parts.headers, "allow"), ["GET, HEAD, OPTIONS"]);
    for path in ["/.well-known/oauth-protected-resource/x", "/.well-known/oauth-protected-resourcE", "//"] {
        let (parts, _) = send(protected(&api, &calls, hello), empty(Request::builder().uri(path))).await;
        assert_eq!(parts.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(calls.count(), 0);
}

// R139: a browser that announces a header of the client's own gets the document too.
#[tokio::test]
async fn a_preflight_for_the_document_is_permitted() {
    let (api, calls) = (Scenario::new(), Calls::default());
    let request = Request::builder().method("OPTIONS").uri(PATH).header("origin", "https://app.example.com");
    let (parts, _) = send(protected(&api, &calls, hello), empty(request)).await;
    assert_eq!(parts.status, StatusCode::NO_CONTENT);
    assert_eq!(lines(&parts.headers, "access-control-allow-origin"), ["*"]);
    assert_eq!(lines(&parts.headers, "access-control-allow-methods"), ["GET"]);
    assert_eq!(lines(&parts.headers, "access-control-allow-headers"), ["*"]);
}

#[tokio::test]
async fn the_service_gives_the_same_answer() {
    let (api, calls) = (Scenario::new(), Calls::default());
    for method in ["GET", "HEAD", "OPTIONS", "POST"] {
        let request = || empty(Request::builder().method(method).uri(PATH));
        let (by_layer, content) = send(protected(&api, &calls, hello), request()).await;
        let (by_service, same) = send(MetadataService::new(&api.server), request()).await;
        assert_eq!((by_layer.status, by_layer.headers), (by_service.status, by_service.headers));
        assert_eq!(content, same);
    }
}

/// R138: the public URL's path follows the well-known part.
#[tokio::test]
async fn a_public_url_with_a_path_has_its_own_document() {
    let api = Scenario::with(|builder| builder.public_url("https://gateway.example.com/records-api"));
    let calls = Calls::default();
    let path = "/.well-known/oauth-protected-resource/records-api";
    let (parts, _) = send(protected(&api, &calls, hello), empty(Request::builder().uri(path))).await;
    assert_eq!(parts.status, StatusCode::OK);
    let (parts, _) = send(protected(&api, &calls, hello), empty(Request::builder().uri(PATH))).await;
    assert_eq!(parts.status, StatusCode::UNAUTHORIZED);
}
