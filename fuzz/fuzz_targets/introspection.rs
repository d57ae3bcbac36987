//! An issuer that says anything of an opaque token: the first byte chooses whether the rest is a plain answer, a signed one
//! as it stands, or the payload of one that is signed here with the issuer's key.
#![no_main]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use fapi_core::{
    ClientAuthentication, Error, FieldLines, HttpClient, HttpError, HttpResponse, Introspection, Issuer,
    ResourceRequest, ResourceServer, Revocation,
};
use fapi_fuzz::{SIGNING_KEY_SET, StillClock, sign, small_replay_store};
use libfuzzer_sys::fuzz_target;

const CERTIFICATE: &[u8] = b"certificate";

#[derive(Debug)]
struct Rubbish {
    answer: HttpResponse,
    questions: AtomicUsize,
}

#[async_trait::async_trait]
impl HttpClient for Rubbish {
    async fn get(&self, _: &str, _: &str) -> Result<HttpResponse, HttpError> {
        Err(HttpError::TimedOut)
    }

    async fn post_form(&self, _: &str, _: &str, _: Option<&str>, _: &str) -> Result<HttpResponse, HttpError> {
        self.questions.fetch_add(1, Relaxed);
        Ok(self.answer.clone())
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
    let issuer = Arc::new(Rubbish { answer: answer(*kind, content), questions: AtomicUsize::new(0) });
    let server = ResourceServer::builder()
        .public_url("https://resource.example.org")
        .issuer(
            Issuer::new("https://server.example.com")
                .with_key_set(SIGNING_KEY_SET)
                .with_introspection(introspection),
        )
        .audience("https://resource.example.org")
        .revocation(Revocation::introspection())
        .http_client(Arc::clone(&issuer) as _)
        .memory_replay_store(small_replay_store())
        .clock(Arc::new(StillClock))
        .build()
        .expect("the configuration is valid");
    let request = ResourceRequest::new("GET", "/protectedresource", None)
        .with_authorization(FieldLines::One(b"Bearer 2YotnFZFEjr1zCsicMWpAA"))
        .with_peer_certificate(Some(CERTIFICATE));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let outcome = runtime.block_on(server.verify(&request)).map_err(|rejection| rejection.error().clone());
    assert_eq!(issuer.questions.load(Relaxed), 1, "the answer was not read");
    match outcome {
        // What nobody has signed is no signed answer; and whatever else it says, the token is this certificate's.
        Ok(_) => assert_ne!(kind % 3, 1),
        // It was asked, so that nothing is left to be found out.
        Err(error) => assert_ne!(error, Error::IntrospectionUnavailable),
    }
});
