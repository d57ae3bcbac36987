//! A whole request: the parts of the input, separated by line feeds, are method, path, query, Authorization and DPoP.
#![no_main]

use std::sync::LazyLock;

use fapi_core::{FieldLines, ResourceRequest, ResourceServer};
use fapi_fuzz::{poll_once, server};
use libfuzzer_sys::fuzz_target;

static SERVER: LazyLock<ResourceServer> = LazyLock::new(server);

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(5, |byte| *byte == b'\n');
    let mut text = || std::str::from_utf8(parts.next().unwrap_or_default()).unwrap_or_default();
    let (method, path, query) = (text(), text(), text());
    let authorization = parts.next().map_or(FieldLines::Absent, FieldLines::One);
    let dpop = parts.next().map_or(FieldLines::Absent, FieldLines::One);
    let request =
        ResourceRequest::new(method, path, Some(query)).with_authorization(authorization).with_dpop(dpop);
    let rejection = poll_once(SERVER.verify(&request)).expect_err("nobody has the issuer's private key");
    for (_, value) in rejection.headers() {
        // RFC 6750 §3: what a challenge may hold.
        assert!(value.bytes().all(|byte| matches!(byte, 0x20..=0x7e)), "{value:?}");
    }
});
