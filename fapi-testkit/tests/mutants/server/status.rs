//! Token Status Lists: whether a token that is right in itself is still valid.

use std::io::Read as _;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::read::ZlibDecoder;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Map, Value};

use super::ReferenceServer;
use super::answer::Refusal;
use super::jws::{Jws, Kind, text};
use super::time::Clock;
use super::token::Claims;
use crate::flaw::Flaw;

/// The longest list, in bytes.
const MAX_LIST: u64 = 1024 * 1024;

/// The entries of a list.
#[derive(Clone, Debug)]
pub(super) struct StatusList {
    bits: usize,
    bytes: Vec<u8>,
    fetched: Instant,
    ttl: Duration,
}

impl ReferenceServer {
    pub(super) async fn check_status(&self, claims: &Claims, clock: Clock) -> Result<(), Refusal> {
        let Some(status) = claims.get("status") else { return Ok(()) };
        let reference = &status["status_list"];
        let (Some(uri), Some(index)) = (reference["uri"].as_str(), reference["idx"].as_u64()) else {
            return Err(self.bad_token("status"));
        };
        // Token Status List §11.4
        if !uri.starts_with(&format!("{}/status-list", self.issuer)) && !self.has(Flaw::StatusFailsOpen) {
            return Err(self.bad_token("a list elsewhere"));
        }
        let list = match self.status_list(uri, clock).await {
            Some(list) => list,
            None if self.has(Flaw::StatusFailsOpen) => return Ok(()),
            None => return Err(Refusal::Unavailable),
        };
        match list.entry(index) {
            Some(0) => Ok(()),
            Some(2) if self.has(Flaw::StatusSuspended) => Ok(()),
            None if self.has(Flaw::StatusOutOfRange) => Ok(()),
            _ => Err(self.bad_token("status")),
        }
    }

    async fn status_list(&self, uri: &str, clock: Clock) -> Option<StatusList> {
        let known = self.lists.lock().unwrap().get(uri).cloned();
        let current = |list: &StatusList| self.has(Flaw::ListKept) || list.fetched.elapsed() < list.ttl;
        if let Some(list) = known.filter(current) {
            return Some(list);
        }
        let request = Request::get(uri).header("accept", "application/statuslist+jwt");
        let (_, body) = self.fetch(request.body(Full::default()).ok()?).await?;
        let jws = self.parse_jws(&body, Kind::Token).ok()?;
        let list = self.read_list(&jws, uri, clock).await?;
        self.lists.lock().unwrap().insert(uri.to_owned(), list.clone());
        Some(list)
    }

    // Token Status List §5.1, §8.3
    async fn read_list(&self, jws: &Jws, uri: &str, clock: Clock) -> Option<StatusList> {
        let key = self.signing_key(jws).await;
        let signed = key.is_some_and(|key| self.verifies(jws, &key, Kind::Token));
        let number = |name| jws.claims.get(name).and_then(Value::as_f64);
        let holds = (signed || self.has(Flaw::ListSignature))
            && (text(&jws.header, "typ") == Some("statuslist+jwt") || self.has(Flaw::ListTyp))
            && (text(&jws.claims, "sub") == Some(uri) || self.has(Flaw::ListSubject))
            && number("iat").is_some()
            && (number("exp").is_none_or(|exp| clock.now < exp) || self.has(Flaw::ListExpired));
        let list = jws.claims.get("status_list")?.as_object().filter(|_| holds)?;
        let ttl = Duration::try_from_secs_f64(number("ttl")?).ok()?;
        let bits = usize::try_from(list.get("bits")?.as_u64()?).ok()?;
        Some(StatusList { bits, bytes: inflate(list)?, fetched: Instant::now(), ttl })
    }
}

fn inflate(list: &Map<String, Value>) -> Option<Vec<u8>> {
    let compressed = URL_SAFE_NO_PAD.decode(text(list, "lst")?).ok()?;
    let mut bytes = vec![];
    ZlibDecoder::new(&*compressed).take(MAX_LIST + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= MAX_LIST).then_some(bytes)
}

impl StatusList {
    // Token Status List §4.1: the first entry in the lowest bits.
    fn entry(&self, index: u64) -> Option<u8> {
        let bit = usize::try_from(index).ok()?.checked_mul(self.bits)?;
        let byte = self.bytes.get(bit / 8)?;
        let mask = u8::try_from((1_u16 << self.bits) - 1).ok()?;
        Some(byte >> (bit % 8) & mask)
    }
}
