//! The encodings that JOSE needs: base64url without padding, its SHA-256 form, and a unique identifier; and the base64 of
//! `Basic`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The form of `jkt`, `ath` and `x5t#S256`.
pub(crate) fn sha256_base64url(bytes: impl AsRef<[u8]>) -> String {
    base64url(openssl::sha::sha256(bytes.as_ref()))
}

/// 128 random bits: unique without any agreement between tests that run in parallel.
pub(crate) fn unique_id() -> String {
    base64url(josekit::util::random_bytes(16))
}
