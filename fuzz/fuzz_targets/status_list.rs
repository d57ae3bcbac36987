//! A status list that says anything: the first byte chooses whether the rest is a list token as it stands, the payload of
//! one that is signed here with the issuer's key, or the compressed list of one that is right otherwise.
#![no_main]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use fapi_core::{
    Error, FieldLines, HttpClient, HttpError, HttpResponse, Issuer, ResourceRequest, ResourceServer,
    Revocation, StatusListPolicy,
};
use fapi_fuzz::{SIGNING_KEY_SET, StillClock, base64url, sign, small_replay_store};
use libfuzzer_sys::fuzz_target;

/// Bound to [`CERTIFICATE`]; its status is the second one of two bits.
const TOKEN: &str = r#"{"iss":"https://server.example.com","sub":"s","client_id":"c","aud":"https://resource.example.org","jti":"1","iat":1700000000,"exp":1700000300,"cnf":{"x5t#S256":"A9Zt0Ig1wco_EozOrNHzGslBYwlrIPRFroQoW8CDLXI"},"status":{"status_list":{"uri":"https://server.example.com/list","idx":1}}}"#;

const CERTIFICATE: &[u8] = b"certificate";

#[derive(Debug)]
struct Rubbish {
    list: Vec<u8>,
    fetches: AtomicUsize,
}

#[async_trait::async_trait]
impl HttpClient for Rubbish {
    async fn get(&self, _: &str, _: &str) -> Result<HttpResponse, HttpError> {
        self.fetches.fetch_add(1, Relaxed);
        Ok(HttpResponse::new(200, self.list.clone()))
    }
}

fn answer(kind: u8, content: &[u8]) -> Vec<u8> {
    match kind % 3 {
        0 => content.to_vec(),
        1 => sign("statuslist+jwt", content).into_bytes(),
        _ => {
            let payload = format!(
                r#"{{"sub":"https://server.example.com/list","iat":1700000000,"status_list":{{"bits":2,"lst":"{}"}}}}"#,
                base64url(content)
            );
            sign("statuslist+jwt", payload.as_bytes()).into_bytes()
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, content)) = input.split_first() else { return };
    let issuer = Arc::new(Rubbish { list: answer(*kind, content), fetches: AtomicUsize::new(0) });
    let server = ResourceServer::builder()
        .public_url("https://resource.example.org")
        .issuer(Issuer::new("https://server.example.com").with_key_set(SIGNING_KEY_SET))
        .audience("https://resource.example.org")
        .revocation(Revocation::status_list(StatusListPolicy::new()))
        .http_client(Arc::clone(&issuer) as _)
        .memory_replay_store(small_replay_store())
        .clock(Arc::new(StillClock))
        .build()
        .expect("the configuration is valid");
    let authorization = format!("Bearer {}", sign("at+jwt", TOKEN.as_bytes()));
    let request = ResourceRequest::new("GET", "/protectedresource", None)
        .with_authorization(FieldLines::One(authorization.as_bytes()))
        .with_peer_certificate(Some(CERTIFICATE));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    // The token is good, so that nothing but its list decides; a list that the issuer has not signed decides nothing.
    let outcome = runtime.block_on(server.verify(&request)).map_err(|rejection| rejection.error().clone());
    assert_eq!(issuer.fetches.load(Relaxed), 1, "the list was not read");
    match outcome {
        Ok(_) | Err(Error::TokenRevoked | Error::TokenStatusIndex) => assert_ne!(kind % 3, 0),
        Err(error) => assert_eq!(error, Error::RevocationUnavailable),
    }
});
