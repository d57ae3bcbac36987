//! A key set of anything, without the metadata that would lead to it: what can be read is loaded, and nothing else.
#![no_main]

use fapi_core::Issuer;
use fapi_fuzz::load_keys;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|key_set: &[u8]| {
    let issuer = Issuer::new("https://server.example.com").with_jwks_uri("https://server.example.com/jwks");
    let loaded = load_keys(issuer, b"", key_set);
    assert!(!loaded || key_set.windows(6).any(|window| window == b"\"keys\"") || key_set.contains(&b'\\'));
});
