//! What the fuzz targets share: a resource server without a network, and a poll that needs no runtime.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use fapi_core::{Issuer, NoncePolicy, ResourceServer};

/// A JWK Set with the key of RFC 9449 as the issuer's.
const KEY_SET: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}]}"#;

/// A server that trusts one issuer with configured keys.
pub fn server() -> ResourceServer {
    ResourceServer::builder()
        .public_url("https://resource.example.org")
        .issuer(Issuer::new("https://server.example.com").with_key_set(KEY_SET))
        .audience("https://resource.example.org")
        .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
        .nonce(NoncePolicy::Off)
        .build()
        .expect("the configuration is valid")
}

/// Polls a future that never waits, since everything it needs is in memory.
pub fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("an in-memory decision must not wait"),
    }
}
