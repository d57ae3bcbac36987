//! What the fuzz targets share: a resource server without a network, one whose issuer answers anything, an issuer's private
//! key, and a poll that needs no runtime.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use fapi_core::crypto::{AwsLcProvider, AwsLcSigningKey, SigningKey};
use fapi_core::{
    Clock, HttpClient, HttpError, HttpResponse, Issuer, MemoryReplayStore, NoncePolicy, ResourceServer,
    UnixTime,
};

/// A JWK Set with the key of RFC 9449 as the issuer's.
const KEY_SET: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}]}"#;

/// RFC 8037, appendix A.1, as the key of an issuer whose signature is on what the fuzzer writes.
const SIGNING_KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// The JWK Set of the issuer that [`sign`]s.
pub const SIGNING_KEY_SET: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// A JWT with this `typ` and payload, of the issuer with [`SIGNING_KEY_SET`].
pub fn sign(typ: &str, payload: &[u8]) -> String {
    let key = AwsLcSigningKey::from_jwk(SIGNING_KEY).expect("the key of the RFC");
    let header = format!(r#"{{"typ":"{typ}","alg":"EdDSA"}}"#);
    let input = format!("{}.{}", base64url(header.as_bytes()), base64url(payload));
    let signature = key.sign(input.as_bytes()).expect("a signature");
    format!("{input}.{}", base64url(&signature))
}

/// It is always 1700000000.
#[derive(Debug)]
pub struct StillClock;

impl Clock for StillClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(1_700_000_000)
    }
}

/// For a server that is built for each input: to make room for a million proofs would take most of the time.
pub fn small_replay_store() -> MemoryReplayStore {
    MemoryReplayStore::with_capacity(&AwsLcProvider, StillClock.now(), 1).expect("random octets")
}

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

/// Loads the keys of an issuer that answers with these documents; whether there are any then.
pub fn load_keys(issuer: Issuer, metadata: &[u8], key_set: &[u8]) -> bool {
    let http = Rubbish { metadata: metadata.to_vec(), key_set: key_set.to_vec() };
    let server = ResourceServer::builder()
        .public_url("https://resource.example.org")
        .issuer(issuer)
        .audience("https://resource.example.org")
        .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
        .memory_replay_store(small_replay_store())
        .http_client(Arc::new(http))
        .build()
        .expect("the configuration is valid");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(server.load_keys()).is_ok()
}

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

/// Polls a future that never waits, since everything it needs is in memory.
pub fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("an in-memory decision must not wait"),
    }
}

/// The base64url form of `bytes`, without padding (RFC 7515 §2).
pub fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let octet = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
        // As many characters as the octets need.
        for shift in [18, 12, 6, 0].into_iter().take(chunk.len() + 1) {
            text.push(char::from(ALPHABET[(bits >> shift & 0x3f) as usize]));
        }
    }
    text
}
