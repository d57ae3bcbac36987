//! Security events (RFC 8935, CAEP): whose tokens count no longer.

use hyper::Response;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use serde_json::{Value, json};

use super::ReferenceServer;
use super::answer::{Answer, Refusal};
use super::jws::{Kind, text};
use super::token::Claims;
use crate::flaw::Flaw;

/// Where events arrive.
pub(crate) const EVENTS: &str = "/events";
/// What the issuer sends in `Authorization`.
const AGREED: &str = "Bearer secret";
const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";

impl ReferenceServer {
    pub(super) fn is_event(&self, parts: &Parts) -> bool {
        self.asks && parts.method == "POST" && parts.uri.path() == EVENTS
    }

    // RFC 8935 §2.2, §2.3
    pub(super) async fn receive(&self, parts: &Parts, body: &[u8]) -> Answer {
        let error = match self.read_push(parts, body).await {
            Ok(()) => {
                let body = if self.has(Flaw::EventContent) { "{}" } else { "" };
                return Response::builder()
                    .status(202)
                    .body(Bytes::from_static(body.as_bytes()).into())
                    .unwrap();
            }
            Err(error) => error,
        };
        if self.has(Flaw::EventErrorBare) {
            return Response::builder().status(400).body(Bytes::new().into()).unwrap();
        }
        let error = if self.has(Flaw::EventErrorSame) { "invalid_request" } else { error };
        let body = json!({"err": error, "description": "not accepted"}).to_string();
        let answer = Response::builder().status(400).header("content-type", "application/json");
        answer.header("content-language", "en").body(Bytes::from(body).into()).unwrap()
    }

    /// # Errors
    /// The code of RFC 8935 §2.4.
    async fn read_push(&self, parts: &Parts, body: &[u8]) -> Result<(), &'static str> {
        let field = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let once = parts.headers.get_all("authorization").iter().count() < 2;
        let sender = field("authorization").filter(|_| once || self.has(Flaw::EventSenderFirst));
        if !self.knows_sender(sender) {
            return Err("authentication_failed");
        }
        if field("content-type") != Some("application/secevent+jwt") && !self.has(Flaw::EventMediaType) {
            return Err("invalid_request");
        }
        self.read_event(std::str::from_utf8(body).unwrap_or_default()).await
    }

    // SSF §6.1.1: exactly what was agreed.
    fn knows_sender(&self, authorization: Option<&str>) -> bool {
        let Some(sent) = authorization else { return self.has(Flaw::EventSender) };
        sent == AGREED
            || self.has(Flaw::EventSender)
            || self.has(Flaw::EventSenderPrefix) && sent.starts_with(AGREED)
            || self.has(Flaw::EventSenderBeginning) && AGREED.starts_with(sent)
            || self.has(Flaw::EventSenderCase) && sent.eq_ignore_ascii_case(AGREED)
            || self.has(Flaw::EventSenderScheme) && sent.contains(' ')
    }

    async fn read_event(&self, event: &str) -> Result<(), &'static str> {
        let jws = self.parse_jws(event, Kind::Token).map_err(|_| "invalid_request")?;
        let typ = text(&jws.header, "typ").unwrap_or_default();
        if typ.trim_start_matches("application/") != "secevent+jwt" && !self.has(Flaw::EventTyp) {
            return Err("invalid_request");
        }
        if text(&jws.claims, "iss") != Some(&self.issuer) {
            return Err("invalid_issuer");
        }
        let key = self.signing_key(&jws).await;
        let signed = key.is_some_and(|key| self.verifies(&jws, &key, Kind::Token));
        if !signed && !self.has(Flaw::EventSignature) {
            return Err("invalid_key");
        }
        let for_this = match jws.claims.get("aud") {
            Some(Value::Array(all)) => all.iter().any(|one| one == &*self.audience),
            one => one.is_some_and(|one| one == &*self.audience),
        };
        if !for_this && !self.has(Flaw::EventAudience) {
            return Err("invalid_audience");
        }
        self.act_on(&jws.claims)
    }

    // SSF §4.1: claims that must be there, and those that must not.
    fn act_on(&self, claims: &Claims) -> Result<(), &'static str> {
        let events = claims.get("events").and_then(Value::as_object).ok_or("invalid_request")?;
        let there = |name| claims.contains_key(name);
        let formed = events.len() == 1 && there("jti") && there("iat") && !there("sub") && !there("exp");
        if !formed && !self.has(Flaw::EventForm) {
            return Err("invalid_request");
        }
        if !events.contains_key(SESSION_REVOKED) {
            let known = events.contains_key(VERIFICATION) || !self.has(Flaw::EventUnknown);
            return if known { Ok(()) } else { Err("invalid_request") };
        }
        let subject = claims.get("sub_id").ok_or("invalid_request")?;
        let name = ["sub", "jti"].into_iter().find_map(|name| subject.get(name).and_then(Value::as_str));
        let name = name.ok_or("invalid_request")?;
        let first = self.ended.lock().unwrap().insert(name.to_owned());
        // RFC 8935 §2.2: nobody can help it that an event arrives twice.
        if first || !self.has(Flaw::EventTwice) { Ok(()) } else { Err("invalid_request") }
    }

    // CAEP §3.1
    pub(super) fn check_session(&self, claims: &Claims) -> Result<(), Refusal> {
        let ended = self.ended.lock().unwrap();
        let is_over =
            ["sub", "jti"].iter().any(|name| text(claims, name).is_some_and(|name| ended.contains(name)));
        if is_over && !self.has(Flaw::EventIgnored) { Err(self.bad_token("session revoked")) } else { Ok(()) }
    }
}
