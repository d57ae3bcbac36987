//! An issuer that answers anything: its metadata is the input up to the first NUL byte, its key set is the rest.
#![no_main]

use std::sync::Arc;

use fapi_core::{HttpClient, HttpError, HttpResponse, Issuer, ResourceServer};
use libfuzzer_sys::fuzz_target;

#[derive(Debug)]
struct Rubbish {
    metadata: Vec<u8>,
    key_set: Vec<u8>,
}

#[async_trait::async_trait]
impl HttpClient for Rubbish {
    async fn get(&self, url: &str, _accept: &str) -> Result<HttpResponse, HttpError> {
        let body = if url.contains("/.well-known/") { &self.metadata } else { &self.key_set };
        Ok(HttpResponse::new(200, body.clone()))
    }
}

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let (metadata, key_set) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let http = Rubbish { metadata: metadata.to_vec(), key_set: key_set.to_vec() };
    let server = ResourceServer::builder()
        .public_url("https://resource.example.org")
        .issuer(Issuer::new("https://server.example.com"))
        .audience("https://resource.example.org")
        .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
        .http_client(Arc::new(http))
        .build()
        .expect("the configuration is valid");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let _ = runtime.block_on(server.load_keys());
});
