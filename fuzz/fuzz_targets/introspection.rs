//! An issuer that says anything of an opaque token: the first byte chooses whether the rest is a plain answer, a signed one
//! as it stands, or the payload of one that is signed here with the issuer's key.
#![no_main]

use std::sync::Arc;

use fapi_core::{
    ClientAuthentication, Error, FieldLines, HttpClient, HttpError, HttpResponse, Introspection, Issuer,
    ResourceRequest, ResourceServer, Revocation,
};
use fapi_fuzz::{SIGNING_KEY_SET, StillClock, sign, small_replay_store};
use libfuzzer_sys::fuzz_target;

#[derive(Debug)]
struct Rubbish(HttpResponse);

#[async_trait::async_trait]
impl HttpClient for Rubbish {
    async fn get(&self, _: &str, _: &str) -> Result<HttpResponse, HttpError> {
        Err(HttpError::TimedOut)
    }

    async fn post_form(&self, _: &str, _: &str, _: Option<&str>, _: &str) -> Result<HttpResponse, HttpError> {
        Ok(self.0.clone())
    }
}

fn answer(kind: u8, content: &[u8]) -> HttpResponse {
    let jwt = "application/token-introspection+jwt";
    match kind % 3 {
        0 => HttpResponse::new(200, content).with_content_type("application/json"),
        1 => HttpResponse::new(200, content).with_content_type(jwt),
        _ => HttpResponse::new(200, sign("token-introspection+jwt", content)).with_content_type(jwt),
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, content)) = input.split_first() else { return };
    let introspection = Introspection::new(ClientAuthentication::mutual_tls("api"))
        .with_endpoint("https://server.example.com/introspect");
    let server = ResourceServer::builder()
        .public_url("https://resource.example.org")
        .issuer(
            Issuer::new("https://server.example.com")
                .with_key_set(SIGNING_KEY_SET)
                .with_introspection(introspection),
        )
        .audience("https://resource.example.org")
        .revocation(Revocation::introspection())
        .http_client(Arc::new(Rubbish(answer(*kind, content))))
        .memory_replay_store(small_replay_store())
        .clock(Arc::new(StillClock))
        .build()
        .expect("the configuration is valid");
    let request = ResourceRequest::new("GET", "/protectedresource", None)
        .with_authorization(FieldLines::One(b"Bearer 2YotnFZFEjr1zCsicMWpAA"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    // No certificate was shown, so that nothing the issuer says may open the API; and nothing is left to be asked.
    let error =
        runtime.block_on(server.verify(&request)).expect_err("nobody has proved a key").error().clone();
    assert_ne!(error, Error::IntrospectionUnavailable);
});
