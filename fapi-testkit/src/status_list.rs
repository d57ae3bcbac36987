//! Status list tokens (Token Status List §5): right by default, and wrong in one way on demand.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use fapi_core::UnixTime;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::json;

use crate::encoding::base64url;
use crate::issuer::TestIssuer;
use crate::jws::{UnsignedJwt, jwt_setters};

/// How long a list is valid unless the test says otherwise.
const LIFETIME: Duration = Duration::from_secs(3600);

/// How long a list may be kept unless the test says otherwise.
const TIME_TO_LIVE: Duration = Duration::from_secs(60);

/// How many entries a list has, unless the test says otherwise or an entry beyond has a status.
const ENTRIES: usize = 1024;

/// A status list token before it is signed, from [`TestIssuer::status_list`]. The last setter of a claim wins.
///
/// Without any setter: `typ` is `statuslist+jwt`; `sub` is the URI of the list, `iat` now, `exp` an hour later and `ttl`
/// 60 seconds; the list has 1024 entries of 2 bits (or more of both, where a status needs it), all 0 (VALID) but those of
/// [`TestIssuer::set_status`], compressed with zlib.
///
/// ```
/// use fapi_testkit::TestIssuer;
///
/// let issuer = TestIssuer::new("https://as.example.com");
/// let uri = "https://as.example.com/statuslists/1";
/// let token = issuer.token().status_list(uri, 7).sign();
/// let revoked = issuer.status_list(uri).status(7, 1).sign();
/// // Wrong in exactly one way: the list of another URI.
/// let swapped = issuer.status_list(uri).claim("sub", "https://as.example.com/statuslists/2").sign();
/// # let _ = (token, revoked, swapped);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a status list token is made by `sign`"]
pub struct StatusListBuilder {
    jwt: UnsignedJwt,
    issued_at: UnixTime,
    lifetime: Duration,
    bits: u8,
    entries: usize,
    statuses: BTreeMap<usize, u8>,
}

impl StatusListBuilder {
    pub(crate) fn new(issuer: &TestIssuer, uri: &str) -> Self {
        let mut jwt = issuer.jwt("statuslist+jwt");
        // Token Status List §5.1: `sub`, `iat`, `exp`, `ttl` and `status_list`; the issuer is known by its key.
        jwt.remove_claim("iss");
        let issued_at = issuer.now();
        let statuses = issuer.memory().statuses();
        let bits = match statuses.values().max() {
            None | Some(0..4) => 2,
            Some(4..16) => 4,
            Some(16..) => 8,
        };
        let entries = statuses.keys().max().map_or(ENTRIES, |&last| ENTRIES.max(last.saturating_add(1)));
        Self { jwt, issued_at, lifetime: LIFETIME, bits, entries, statuses }
            .claim("sub", uri)
            .issued_at(issued_at)
            .time_to_live(TIME_TO_LIVE)
            .with_list()
    }

    /// Sets how many bits an entry has: 1, 2, 4 or 8. For any other number, change the claim `status_list`.
    ///
    /// # Panics
    /// If there is no such list, or a status does not fit into so few bits.
    pub fn bits(self, bits: u8) -> Self {
        assert!(matches!(bits, 1 | 2 | 4 | 8), "an entry has 1, 2, 4 or 8 bits");
        Self { bits, ..self }.with_list()
    }

    /// Sets how many entries the list has; the last byte may hold more.
    ///
    /// # Panics
    /// If an entry beyond has a status.
    pub fn entries(self, entries: usize) -> Self {
        Self { entries, ..self }.with_list()
    }

    /// Sets one entry: 0 VALID, 1 INVALID, 2 SUSPENDED (Token Status List §7).
    ///
    /// # Panics
    /// If the list has no such entry, or the status does not fit into its bits.
    pub fn status(mut self, index: usize, status: u8) -> Self {
        self.statuses.insert(index, status);
        self.with_list()
    }

    /// Sets `iat`, and `exp` to the end of the lifetime; both in whole seconds.
    pub fn issued_at(mut self, time: UnixTime) -> Self {
        self.issued_at = time;
        self.with_times()
    }

    /// Sets `exp` to this long after `iat`, in whole seconds.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self.with_times()
    }

    fn with_times(self) -> Self {
        let (issued, expires) = (self.issued_at, self.issued_at.saturating_add(self.lifetime));
        self.claim("iat", issued.as_secs()).claim("exp", expires.as_secs())
    }

    /// Sets `ttl`, in whole seconds.
    pub fn time_to_live(self, duration: Duration) -> Self {
        self.claim("ttl", duration.as_secs())
    }

    /// Sets the bytes of the list before they are compressed: any number of them.
    pub fn list_bytes(self, bytes: &[u8]) -> Self {
        let compressed = compress(bytes);
        self.compressed_bytes(&compressed)
    }

    /// Sets the bytes of `lst` as they are, compressed or not.
    pub fn compressed_bytes(self, bytes: &[u8]) -> Self {
        let bits = self.bits;
        self.claim("status_list", json!({"bits": bits, "lst": base64url(bytes)}))
    }

    fn with_list(self) -> Self {
        let bytes = pack(&self.statuses, self.bits, self.entries);
        self.list_bytes(&bytes)
    }
}

jwt_setters!(StatusListBuilder);

/// Token Status List §4.1: the entries one after another, the first in the lowest bits of a byte.
#[expect(clippy::arithmetic_side_effects, reason = "an entry has 1, 2, 4 or 8 bits")]
fn pack(statuses: &BTreeMap<usize, u8>, bits: u8, entries: usize) -> Vec<u8> {
    let entries_of_a_byte = usize::from(8 / bits);
    let mut bytes = vec![0_u8; entries.div_ceil(entries_of_a_byte)];
    for (&index, &status) in statuses {
        assert!(index < entries, "the list has {entries} entries, none with index {index}");
        assert!(u16::from(status) < 1 << bits, "status {status} has more than {bits} bits");
        let byte = bytes.get_mut(index / entries_of_a_byte).expect("one byte for every few entries");
        let shift = (index % entries_of_a_byte) * usize::from(bits);
        *byte |= status << shift;
    }
    bytes
}

/// A list as it stands in `lst`, before base64url (Token Status List §4.1).
pub(crate) fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes all bytes");
    encoder.finish().expect("memory takes all bytes")
}
