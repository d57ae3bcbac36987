//! A compact JWS and its header, from any text.
#![no_main]

use fapi_core::jose::{CompactJws, Header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(jws) = CompactJws::parse(text) else { return };
    let _ = (jws.decode_payload(), jws.decode_signature());
    if let Ok(header) = jws.decode_header() {
        let _ = Header::parse(&header);
    }
});
