//! Security events (RFC 8935, CAEP): whose tokens count no longer.

use hyper::Response;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use serde_json::Value;

use super::ReferenceServer;
use super::answer::{Answer, Refusal};
use super::jws::{Kind, text};
use super::token::Claims;
use crate::flaw::Flaw;

/// Where events arrive.
pub(crate) const EVENTS: &str = "/events";
const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";

impl ReferenceServer {
    pub(super) fn is_event(&self, parts: &Parts) -> bool {
        self.asks && parts.method == "POST" && parts.uri.path() == EVENTS
    }

    // RFC 8935 §2.2, §2.3
    pub(super) async fn receive(&self, parts: &Parts, body: &[u8]) -> Answer {
        if parts.headers.get("authorization").is_none_or(|value| value != "Bearer secret") {
            return Response::builder().status(401).body(Bytes::new().into()).unwrap();
        }
        let event = std::str::from_utf8(body).unwrap_or_default();
        let (status, body) = match self.read_event(event).await {
            Some(()) => (202, Bytes::new()),
            None => (400, Bytes::from_static(br#"{"err":"invalid_request"}"#)),
        };
        Response::builder().status(status).body(body.into()).unwrap()
    }

    async fn read_event(&self, event: &str) -> Option<()> {
        let jws = self.parse_jws(event, Kind::Token).ok()?;
        let key = self.signing_key(&jws).await;
        let signed = key.is_some_and(|key| self.verifies(&jws, &key, Kind::Token));
        let holds = (signed || self.has(Flaw::EventSignature))
            && (text(&jws.header, "typ") == Some("secevent+jwt") || self.has(Flaw::EventTyp))
            && text(&jws.claims, "iss") == Some(&self.issuer)
            && (text(&jws.claims, "aud") == Some(&self.audience) || self.has(Flaw::EventAudience));
        let events = jws.claims.get("events").filter(|_| holds)?;
        if events.get(VERIFICATION).is_some() {
            return Some(());
        }
        events.get(SESSION_REVOKED)?;
        let subject = jws.claims.get("sub_id")?;
        let name = ["sub", "jti"].into_iter().find_map(|name| subject.get(name).and_then(Value::as_str))?;
        let first = self.ended.lock().unwrap().insert(name.to_owned());
        // RFC 8935 §2.2: nobody can help it that an event arrives twice.
        (first || !self.has(Flaw::EventTwice)).then_some(())
    }

    // CAEP §3.1
    pub(super) fn check_session(&self, claims: &Claims) -> Result<(), Refusal> {
        let ended = self.ended.lock().unwrap();
        let is_over =
            ["sub", "jti"].iter().any(|name| text(claims, name).is_some_and(|name| ended.contains(name)));
        if is_over && !self.has(Flaw::EventIgnored) { Err(self.bad_token("session revoked")) } else { Ok(()) }
    }
}
