//! An issuer that answers anything: its metadata is the input up to the first NUL byte, its key set is the rest.
#![no_main]

use fapi_core::Issuer;
use fapi_fuzz::load_keys;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let (metadata, key_set) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    load_keys(Issuer::new("https://server.example.com"), metadata, key_set);
});
