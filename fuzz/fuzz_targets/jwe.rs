//! A compact JWE, from any text: what is read has the lengths that a decrypter relies on.
#![no_main]

use fapi_core::jose::{CompactJwe, KeyManagement};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(jwe) = CompactJwe::parse(text) else { return };
    let length = jwe.encrypted_key().len();
    assert!(match jwe.algorithm() {
        KeyManagement::RsaOaep256 => (1..=512).contains(&length),
        KeyManagement::EcdhEs => length == 0,
        KeyManagement::EcdhEsA256Kw => length == 40,
        _ => false,
    });
    assert!(!jwe.ciphertext().is_empty() && jwe.additional_data().len() > jwe.header().len());
    assert!(jwe.key_id().is_none_or(|kid| kid.len() <= 256));
});
