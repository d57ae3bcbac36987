//! Introspection answers: plain (RFC 7662 §2.2) and signed (RFC 9701 §5), right by default and wrong in one way on
//! demand.

use fapi_core::UnixTime;
use serde_json::{Map, Value, json};

use crate::issuer::TestIssuer;
use crate::jws::{UnsignedJwt, jwt_setters};
use crate::verification::Jws;

/// FAPI 2.0 SP §5.3.2.1-13: how far ahead the clock of another node may be, in seconds.
const LEEWAY: u64 = 10;

/// What an issuer answers about a token, from [`TestIssuer::introspection`].
///
/// The answer itself is a JSON object: for an active token `active`, `token_type` and every claim of the token, for any
/// other token `{"active": false}` and nothing else. [`IntrospectionBuilder::member`] changes it.
///
/// [`IntrospectionBuilder::plain`] gives it as it is, [`IntrospectionBuilder::sign`] as a JWT of type
/// `token-introspection+jwt` with the claims `iss`, `aud`, `iat` and, holding the answer, `token_introspection`; those
/// are changed as in every builder of a JWT.
///
/// ```
/// use fapi_testkit::TestIssuer;
///
/// let issuer = TestIssuer::new("https://as.example.com");
/// let token = issuer.token().opaque();
/// let plain = issuer.introspection(&token).plain();
/// assert!(plain.contains(r#""active":true"#));
///
/// // Wrong in exactly one way: `active` is not a boolean; meant for another resource server.
/// let text = issuer.introspection(&token).member("active", "true").sign();
/// let misdirected = issuer.introspection(&token).audience("https://other.example.com").sign();
///
/// issuer.revoke(&token);
/// assert_eq!(issuer.introspection(&token).plain(), r#"{"active":false}"#);
/// # let _ = (text, misdirected);
/// ```
#[derive(Clone, Debug)]
#[must_use = "an answer is made by `plain` or `sign`"]
pub struct IntrospectionBuilder {
    answer: Map<String, Value>,
    jwt: UnsignedJwt,
    always_plain: bool,
}

impl IntrospectionBuilder {
    pub(crate) fn new(issuer: &TestIssuer, token: &str) -> Self {
        let mut jwt = issuer.jwt("token-introspection+jwt");
        jwt.set_claim("aud", "https://api.example.com");
        Self { answer: answer(issuer, token), jwt, always_plain: false }.with_answer()
    }

    /// Sets a member of the answer to any value, also one that is not true of the token.
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.answer.insert(name.to_owned(), value.into());
        self.with_answer()
    }

    /// Leaves out a member of the answer.
    pub fn without_member(mut self, name: &str) -> Self {
        self.answer.remove(name);
        self.with_answer()
    }

    fn with_answer(self) -> Self {
        let answer = self.answer.clone();
        self.claim("token_introspection", answer)
    }

    /// Sets `aud` of the signed form: the resource server that asked.
    pub fn audience(self, audience: &str) -> Self {
        self.claim("aud", audience)
    }

    /// Sets `iat` of the signed form, in whole seconds.
    pub fn issued_at(self, time: UnixTime) -> Self {
        self.claim("iat", time.as_secs())
    }

    /// The served issuer answers in plain JSON even where a signed answer was asked for. Without effect on
    /// [`IntrospectionBuilder::sign`].
    pub fn always_plain(self) -> Self {
        Self { always_plain: true, ..self }
    }

    pub(crate) fn is_always_plain(&self) -> bool {
        self.always_plain
    }

    /// The answer as JSON, of media type `application/json`.
    #[must_use]
    pub fn plain(&self) -> String {
        Value::Object(self.answer.clone()).to_string()
    }
}

jwt_setters!(IntrospectionBuilder);

fn answer(issuer: &TestIssuer, token: &str) -> Map<String, Value> {
    let active = claims(issuer, token)
        .filter(|claims| !issuer.memory().is_revoked(token) && is_current(claims, issuer.now()));
    let Some(mut answer) = active else {
        // RFC 7662 §2.2: nothing else is said about an inactive token.
        return Map::from_iter([("active".to_owned(), json!(false))]);
    };
    // RFC 9449 §6.2; RFC 8705 has no token type of its own.
    let bound_to_key = answer.get("cnf").is_some_and(|cnf| cnf.get("jkt").is_some());
    answer.insert("active".to_owned(), json!(true));
    answer.insert("token_type".to_owned(), json!(if bound_to_key { "DPoP" } else { "Bearer" }));
    answer
}

/// The claims of an opaque token of this issuer, or of a JWT that one of its keys verifies, those included that it also publishes.
fn claims(issuer: &TestIssuer, token: &str) -> Option<Map<String, Value>> {
    issuer.memory().opaque_token(token).or_else(|| {
        let jwt = Jws::parse(token)?;
        issuer.verifies(&jwt).then(|| jwt.claims())?
    })
}

fn is_current(claims: &Map<String, Value>, now: UnixTime) -> bool {
    let time = |name: &str| claims.get(name).and_then(Value::as_u64);
    time("exp").is_none_or(|expires| now.as_secs() < expires)
        && time("nbf").is_none_or(|begins| begins <= now.as_secs().saturating_add(LEEWAY))
}
