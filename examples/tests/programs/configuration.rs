//! The API's configuration file: what it sets, that flags override it, and how mistakes in it are told.

use std::fs;
use std::path::PathBuf;

use fapi_core::jose::Algorithm;
use fapi_examples::client::{Call, Http};
use fapi_testkit::{RegisteredClient, SigningKey, TestClient, TestIssuer};
use serde_json::Value;

use crate::process::Process;

const API: &str = env!("CARGO_BIN_EXE_api");

/// A file of this content, for as long as the test runs.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
        fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn a_file_configures_the_api_and_flags_override_it() {
    let issuer = TestIssuer::new("named after its address").serve();
    let file = File::new(
        "whole.toml",
        &format!(
            "profile = {{ preset = \"fapi2\", proof_max_age = \"20s\" }}\nissuer = \"{}\"\naudience = \"urn:of-the-file\"\n\
             allow_insecure_loopback = true\nnonce = \"off\"\nrevocation.max_token_lifetime = \"10m\"\n\
             description.name = \"Of the file\"\nscopes_supported = \"of:the-file\"\n",
            issuer.identifier()
        ),
    );
    for (flags, audience) in
        [(&[][..], "urn:of-the-file"), (&["--audience", "urn:of-the-flag"], "urn:of-the-flag")]
    {
        let arguments = [&["--config", file.path(), "--listen", "127.0.0.1:0"], flags].concat();
        let mut process = Process::start(API, &arguments);
        let url = process.line_after("listening on ");
        let (http, client) = (Http::new(), TestClient::new());
        let token = issuer.issuer().token().audience(audience).bound_to(&client).sign();
        let whoami = format!("{url}/whoami");
        let proof = client.proof("GET", &whoami).access_token(&token).sign();
        let authorization = Some(format!("DPoP {token}"));
        let call = Call { method: "GET", url: whoami, authorization, dpop: Some(proof) };
        assert_eq!(http.send(&call).await.unwrap().status, 200, "{flags:?}");
        let url = format!("{url}/.well-known/oauth-protected-resource");
        let metadata = Call { method: "GET", url, authorization: None, dpop: None };
        let metadata: Value = serde_json::from_str(&http.send(&metadata).await.unwrap().body).unwrap();
        assert_eq!(metadata["resource_name"], "Of the file");
        assert_eq!(metadata["scopes_supported"][0], "of:the-file");
    }
}

// R4, R121: the issuer is asked about each token, by each way to authenticate that a file can state.
#[tokio::test]
async fn a_file_configures_an_api_of_opaque_tokens() {
    let key = SigningKey::generate(Algorithm::Es256);
    let issuer = TestIssuer::new("named after its address")
        .with_client(RegisteredClient::private_key_jwt("by-key", &key))
        .with_client(RegisteredClient::client_secret_basic("by-secret", "hunter2"))
        .serve();
    let pem = File::new("client.pem", &key.private_key_pem());
    for (name, client_id, credential) in [
        ("key.toml", "by-key", format!("key_file = '{}'\nrequire_signed_response = true", pem.path())),
        ("secret.toml", "by-secret", "client_secret = \"hunter2\"".to_owned()),
    ] {
        let file = File::new(
            name,
            &format!(
                "audience = \"urn:records\"\nallow_insecure_loopback = true\nnonce = \"off\"\n\
                 revocation.introspection = true\n[issuer]\nidentifier = \"{}\"\n\
                 [issuer.introspection]\nclient_id = \"{client_id}\"\n{credential}\nmax_age = \"0s\"\n",
                issuer.identifier()
            ),
        );
        let mut process = Process::start(API, &["--config", file.path(), "--listen", "127.0.0.1:0"]);
        let whoami = format!("{}/whoami", process.line_after("listening on "));
        let (http, client) = (Http::new(), TestClient::new());
        let call = |token: &str| Call {
            method: "GET",
            url: whoami.clone(),
            authorization: Some(format!("DPoP {token}")),
            dpop: Some(client.proof("GET", &whoami).access_token(token).sign()),
        };
        let token = || issuer.issuer().token().audience("urn:records").bound_to(&client);
        for token in [token().opaque(), token().sign()] {
            assert_eq!(http.send(&call(&token)).await.unwrap().status, 200, "{name}");
            issuer.issuer().revoke(&token);
            assert_eq!(http.send(&call(&token)).await.unwrap().status, 401, "{name}");
        }
        assert_eq!(http.send(&call("made-up")).await.unwrap().status, 401, "{name}");
    }
}

// R133, R136: the list of the issuer decides, and every token must be on one.
#[tokio::test]
async fn a_file_configures_an_api_that_reads_status_lists() {
    let issuer = TestIssuer::new("named after its address").serve();
    issuer.issuer().change_status_list(|list| list.status(1, 1));
    let file = File::new(
        "status-list.toml",
        &format!(
            "issuer = \"{}\"\naudience = \"urn:records\"\nallow_insecure_loopback = true\nnonce = \"off\"\n\
             [revocation.status_list]\nmax_age = \"30s\"\n",
            issuer.identifier()
        ),
    );
    let mut process = Process::start(API, &["--config", file.path(), "--listen", "127.0.0.1:0"]);
    let whoami = format!("{}/whoami", process.line_after("listening on "));
    let (http, client) = (Http::new(), TestClient::new());
    let list = issuer.issuer().status_list_uri();
    let token = || issuer.issuer().token().audience("urn:records").bound_to(&client);
    for (token, status) in [
        (token().status_list(&list, 0), 200),
        (token().status_list(&list, 1), 401),
        (token().status_list("https://elsewhere.example.com/status-list", 0), 401),
        (token(), 401),
    ] {
        let token = token.sign();
        let proof = client.proof("GET", &whoami).access_token(&token).sign();
        let authorization = Some(format!("DPoP {token}"));
        let call = Call { method: "GET", url: whoami.clone(), authorization, dpop: Some(proof) };
        assert_eq!(http.send(&call).await.unwrap().status, status);
    }
}

// R165, R166: the receiver is there for whomever the file names.
#[tokio::test]
async fn a_file_configures_an_api_that_receives_security_events() {
    let issuer = TestIssuer::new("named after its address").serve();
    let other = TestIssuer::new("https://events.example.com");
    let file = File::new(
        "security-events.toml",
        &format!(
            "issuer = \"{}\"\naudience = \"urn:records\"\nallow_insecure_loopback = true\nnonce = \"off\"\n\
             [[revocation.security_events]]\nissuer = \"{0}\"\naudience = \"urn:records\"\n\
             authorization = \"Bearer a\"\nverification_interval = \"1h\"\n\
             [[revocation.security_events]]\nissuer = {{ identifier = \"{}\", key_set = '{}' }}\n\
             audience = \"urn:records\"\nauthorization = \"Bearer b\"\n",
            issuer.identifier(),
            other.identifier(),
            other.jwks(),
        ),
    );
    let mut process = Process::start(API, &["--config", file.path(), "--listen", "127.0.0.1:0"]);
    let url = format!("{}/security-events", process.line_after("listening on "));
    for (transmitter, secret, status) in
        [(issuer.issuer(), "Bearer a", 202), (&other, "Bearer b", 202), (&other, "Bearer a", 400)]
    {
        let set = transmitter.verification("stream-1").audience("urn:records").sign();
        assert_eq!(Http::new().push_event(&url, secret, &set).await.unwrap().status, status, "{secret}");
    }
}

#[test]
fn a_mistake_in_the_file_is_one_line_and_status_2() {
    for (text, says) in [
        ("profil = \"fapi2\"", "profil: unknown field `profil`"),
        ("nonce = \"sometimes\"", "nonce: unknown variant `sometimes`, expected one of `off`, `required`"),
        ("profile = \"helseid\"\nissuer = \"https://helseid-sts.test.nhn.no\"", "for tests"),
        ("nonce_secrets = \"hunter2\"", "nonce_secrets: a secret must be base64url"),
        ("public_url = ", "line 1: not TOML"),
        (
            "[issuer]\nidentifier = \"https://as.example.com\"\n\
             introspection = { client_id = \"a\", client_secret = \"hunter2\", mutual_tls = true }",
            "issuer.introspection: exactly one of key_file, client_secret and mutual_tls = true must be set",
        ),
        (
            "[issuer]\nidentifier = \"https://as.example.com\"\n\
             introspection = { client_id = \"a\", key_file = \"/no/such/key.pem\" }",
            "introspection.key_file \"/no/such/key.pem\" cannot be used: ",
        ),
        (
            "revocation.security_events = { issuer = \"https://as.example.com\", authorization = \"hunter2\" }",
            "revocation.security_events: missing field `audience`",
        ),
    ] {
        let file = File::new("wrong.toml", text);
        let ended = Process::start(API, &["--config", file.path(), "--listen", "127.0.0.1:0"]).ended();
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(says), "{}", ended.stderr);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    }
}

#[test]
fn the_schema_is_printed() {
    let ended = Process::start(API, &["--print-config-schema"]).ended();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let schema: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(schema["properties"]["public_url"].is_object());
}

#[test]
fn every_profile_can_be_named() {
    for name in fapi_core::Profile::names() {
        let mut process = Process::start(
            API,
            &["--profile", name, "--issuer", "https://as.example.com", "--listen", "127.0.0.1:0"],
        );
        process.line_after("listening on ");
        process.signal("TERM");
        assert_eq!(process.ended().code, Some(0), "{name}");
    }
}
