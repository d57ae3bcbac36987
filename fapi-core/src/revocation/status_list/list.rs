//! One status list token (Token Status List draft-20 §5 and §8.3, R134, R135), read strictly.
//!
//! Decides what the claims of a token must say whose signature was verified, inflates the list within a bound, and reads
//! one status out of it. Who signed it is decided before, in `mod.rs`; how long it is kept, in `cache.rs`.

use std::fmt;
use std::time::Duration;

use flate2::{Decompress, FlushDecompress, Status};
use thiserror::Error as ThisError;

use crate::clock::UnixTime;
use crate::issuer::{FetchError, SignedJwtError};
use crate::jose::json::{Object, Value, numeric_date, unsigned};
use crate::jose::{JoseError, base64url};

/// Draft-20 §5.1.
pub(super) const JWT_TYPE: &str = "statuslist+jwt";
/// Bytes of a status list token: a list of ten million entries of which one in a thousand is set.
pub(super) const MAX_TOKEN_BYTES: usize = 512 * 1024;
/// Bytes of an inflated list, 67 million entries of one bit: deflate can blow up a thousandfold (R135).
pub(super) const MAX_LIST_BYTES: usize = 8 * 1024 * 1024;
/// By how much the room grows while a list is inflated, at least.
const INFLATE_STEP: usize = 16 * 1024;

/// Why there is no list, in words for the operator.
#[derive(Debug, ThisError)]
pub(super) enum StatusListError {
    #[error(transparent)]
    Fetch(FetchError),
    #[error("the answer has more than {MAX_TOKEN_BYTES} bytes")]
    TooLarge,
    #[error("the status list token is not accepted: {0}")]
    Signature(SignedJwtError),
    #[error("the status list token is malformed: {0}")]
    Malformed(JoseError),
    #[error("the status list token's {0} is missing, malformed, or not for this list and now")]
    Claim(&'static str),
    #[error("the list is not one whole zlib stream")]
    Compression,
    #[error("the list inflates to more than {MAX_LIST_BYTES} bytes")]
    Bomb,
}

/// What a status list token is held against.
pub(super) struct Expected<'a> {
    pub(super) uri: &'a str,
    pub(super) max_future: Duration,
    pub(super) now: UnixTime,
}

/// The statuses of many tokens.
pub(super) struct StatusList {
    /// 1, 2, 4 or 8.
    bits: u8,
    bytes: Box<[u8]>,
    /// When it ceases to be true, if it says so.
    pub(super) expires_at: Option<UnixTime>,
    /// For how long it may be kept, if it says so.
    pub(super) time_to_live: Option<Duration>,
}

impl StatusList {
    /// The list in the payload of a verified status list token.
    pub(super) fn parse(payload: &[u8], expected: &Expected<'_>) -> Result<Self, StatusListError> {
        let claims = Object::parse(payload).map_err(StatusListError::Malformed)?;
        // Draft-20 §8.3, R134: one list must not pass for another.
        if claims.get("sub").and_then(Value::as_str) != Some(expected.uri) {
            return Err(StatusListError::Claim("sub"));
        }
        let expires_at = check_times(&claims, expected)?;
        let time_to_live = time_to_live(&claims)?;
        let missing = StatusListError::Claim("status_list");
        let list = claims.get("status_list").and_then(Value::as_object).ok_or(missing)?;
        // Draft-20 §4.2, R135
        let bits = match list.get("bits").and_then(unsigned) {
            Some(1) => 1,
            Some(2) => 2,
            Some(4) => 4,
            Some(8) => 8,
            _ => return Err(StatusListError::Claim("status_list.bits")),
        };
        let text = list.get("lst").and_then(Value::as_str);
        let compressed = text.and_then(|text| base64url::decode(text).ok());
        let compressed = compressed.ok_or(StatusListError::Claim("status_list.lst"))?;
        Ok(Self { bits, bytes: inflate(&compressed)?.into(), expires_at, time_to_live })
    }

    /// The status at this place; `None` if there is no such place.
    pub(super) fn status(&self, index: u64) -> Option<u8> {
        // Draft-20 §4.1, R135: entries fill each byte from its lowest bits on.
        let bits = u64::from(self.bits);
        let at = index.checked_mul(bits)?;
        let byte = *self.bytes.get(usize::try_from(at / 8).ok()?)?;
        let mask = u8::MAX.checked_shr(8_u32.checked_sub(u32::from(self.bits))?)?;
        Some(byte.checked_shr(u32::try_from(at % 8).ok()?)? & mask)
    }

    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// Which tokens are revoked is nobody's business.
impl fmt::Debug for StatusList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StatusList")
            .field("bits", &self.bits)
            .field("bytes", &self.bytes.len())
            .field("expires_at", &self.expires_at)
            .field("time_to_live", &self.time_to_live)
            .finish()
    }
}

/// Draft-20 §5.1, §8.3, R134: `iat` is there and not ahead; `exp` has not passed, nor is `nbf` ahead (RFC 7519 §4.1.5).
/// Returns `exp`.
fn check_times(claims: &Object<'_>, expected: &Expected<'_>) -> Result<Option<UnixTime>, StatusListError> {
    let time = |name: &'static str| {
        let Some(claim) = claims.get(name) else { return Ok(None) };
        numeric_date(claim).map(Some).ok_or(StatusListError::Claim(name))
    };
    let latest = expected.now.saturating_add(expected.max_future);
    if time("iat")?.is_none_or(|issued_at| issued_at > latest) {
        return Err(StatusListError::Claim("iat"));
    }
    if time("nbf")?.is_some_and(|start| start > latest) {
        return Err(StatusListError::Claim("nbf"));
    }
    let expires_at = time("exp")?;
    if expires_at.is_some_and(|end| expected.now >= end) {
        return Err(StatusListError::Claim("exp"));
    }
    Ok(expires_at)
}

/// Draft-20 §5.1, R134: a positive number of seconds, to the millisecond.
fn time_to_live(claims: &Object<'_>) -> Result<Option<Duration>, StatusListError> {
    let Some(claim) = claims.get("ttl") else { return Ok(None) };
    let seconds = numeric_date(claim).map(|end| end.saturating_since(UnixTime::default()));
    seconds.filter(|time| !time.is_zero()).map(Some).ok_or(StatusListError::Claim("ttl"))
}

/// The content of one zlib stream (RFC 1950), with nothing after it.
fn inflate(compressed: &[u8]) -> Result<Vec<u8>, StatusListError> {
    let (mut inflater, mut bytes, mut rest) = (Decompress::new(true), Vec::new(), compressed);
    loop {
        bytes.reserve(INFLATE_STEP);
        let (bytes_before, read_before) = (bytes.len(), inflater.total_in());
        let status = inflater
            .decompress_vec(rest, &mut bytes, FlushDecompress::None)
            .map_err(|_| StatusListError::Compression)?;
        let read = usize::try_from(inflater.total_in().saturating_sub(read_before)).unwrap_or(usize::MAX);
        rest = rest.get(read..).unwrap_or_default();
        // R135: whatever the list says of itself.
        if bytes.len() > MAX_LIST_BYTES {
            return Err(StatusListError::Bomb);
        }
        match status {
            Status::StreamEnd if rest.is_empty() => return Ok(bytes),
            Status::Ok if read > 0 || bytes.len() > bytes_before => {}
            Status::StreamEnd | Status::Ok | Status::BufError => return Err(StatusListError::Compression),
        }
    }
}
