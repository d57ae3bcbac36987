//! Security event tokens (RFC 8417) in the profile of SSF §4.1: right by default, and wrong in one way on demand.

use fapi_core::UnixTime;
use serde_json::{Map, Value, json};

use crate::encoding::unique_id;
use crate::issuer::TestIssuer;
use crate::jws::{UnsignedJwt, jwt_setters};

/// The type of a revoked session (CAEP §3.1).
pub const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

/// The type of a verification (SSF §8.1.4.1).
pub const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";

/// A security event token before it is signed, from [`TestIssuer::session_revoked`] or [`TestIssuer::verification`].
/// The last setter of a claim wins.
///
/// Without any setter: `typ` is `secevent+jwt`, `aud` is `https://api.example.com`, `iat` is now, `jti` is unique, and
/// there is exactly one event.
///
/// ```
/// use fapi_testkit::{TestIssuer, subject};
///
/// let issuer = TestIssuer::new("https://as.example.com");
/// let alice = subject::iss_sub(issuer.identifier(), "alice");
/// let valid = issuer.session_revoked(alice.clone()).sign();
/// // Wrong in exactly one way: the subject stands in `sub`.
/// let misplaced = issuer.session_revoked(alice).without_claim("sub_id").claim("sub", "alice").sign();
/// # let _ = (valid, misplaced);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a security event token is made by `sign`"]
pub struct SecurityEventBuilder {
    jwt: UnsignedJwt,
    events: Map<String, Value>,
}

impl SecurityEventBuilder {
    fn new(issuer: &TestIssuer, subject: Value) -> Self {
        let jwt = issuer.jwt("secevent+jwt");
        Self { jwt, events: Map::new() }
            .audience("https://api.example.com")
            .jti(&unique_id())
            .subject(subject)
    }

    pub(crate) fn session_revoked(issuer: &TestIssuer, subject: Value) -> Self {
        Self::new(issuer, subject).event(SESSION_REVOKED, json!({})).event_timestamp(issuer.now())
    }

    pub(crate) fn verification(issuer: &TestIssuer, stream: &str) -> Self {
        Self::new(issuer, subject::opaque(stream)).event(VERIFICATION, json!({}))
    }

    /// Sets `aud` to one audience; for several, use [`SecurityEventBuilder::claim`].
    pub fn audience(self, audience: &str) -> Self {
        self.claim("aud", audience)
    }

    /// Sets `jti`.
    pub fn jti(self, jti: &str) -> Self {
        self.claim("jti", jti)
    }

    /// Sets `iat`, in whole seconds.
    pub fn issued_at(self, time: UnixTime) -> Self {
        self.claim("iat", time.as_secs())
    }

    /// Sets `sub_id`, for example from [`subject`].
    pub fn subject(self, subject: impl Into<Value>) -> Self {
        self.claim("sub_id", subject)
    }

    /// Adds an event, or replaces the one of this type. A second one is an error (SSF §4.2.1).
    pub fn event(mut self, event_type: &str, payload: impl Into<Value>) -> Self {
        self.events.insert(event_type.to_owned(), payload.into());
        self.with_events()
    }

    /// Sets `event_timestamp` of every event there is, in whole seconds.
    pub fn event_timestamp(self, time: UnixTime) -> Self {
        self.event_member("event_timestamp", json!(time.as_secs()))
    }

    /// Sets `state` of every event there is: what a receiver sent when it asked for a verification.
    pub fn state(self, state: &str) -> Self {
        self.event_member("state", json!(state))
    }

    fn event_member(mut self, name: &str, value: Value) -> Self {
        for event in self.events.values_mut() {
            if let Some(members) = event.as_object_mut() {
                members.insert(name.to_owned(), value.clone());
            }
        }
        self.with_events()
    }

    fn with_events(self) -> Self {
        let events = self.events.clone();
        self.claim("events", events)
    }
}

jwt_setters!(SecurityEventBuilder);

/// Subject identifiers (RFC 9493, SSF §3): the JSON of `sub_id`.
///
/// ```
/// use fapi_testkit::subject;
///
/// let user = subject::iss_sub("https://as.example.com", "alice");
/// let session = subject::complex([("user", user), ("session", subject::opaque("session-1"))]);
/// assert_eq!(session["format"], "complex");
/// ```
pub mod subject {
    use serde_json::{Map, Value, json};

    /// A subject of an issuer: format `iss_sub`.
    #[must_use]
    pub fn iss_sub(iss: &str, sub: &str) -> Value {
        json!({"format": "iss_sub", "iss": iss, "sub": sub})
    }

    /// An identifier without a structure: format `opaque`.
    #[must_use]
    pub fn opaque(id: &str) -> Value {
        json!({"format": "opaque", "id": id})
    }

    /// An e-mail address: format `email`.
    #[must_use]
    pub fn email(address: &str) -> Value {
        json!({"format": "email", "email": address})
    }

    /// One token: format `jwt_id`.
    #[must_use]
    pub fn jwt_id(iss: &str, jti: &str) -> Value {
        json!({"format": "jwt_id", "iss": iss, "jti": jti})
    }

    /// Several members that must all match, such as `user`, `session` and `tenant`: format `complex`.
    #[must_use]
    pub fn complex<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
        let mut subject = Map::from_iter([("format".to_owned(), json!("complex"))]);
        subject.extend(members.into_iter().map(|(name, value)| (name.to_owned(), value)));
        Value::Object(subject)
    }
}
