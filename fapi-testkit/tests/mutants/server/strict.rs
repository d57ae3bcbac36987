//! What servers ask for that no specification does. Each of these turns an honest client away.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use hyper::http::request::Parts;
use serde_json::{Map, Value};

use super::ReferenceServer;
use super::answer::Refusal;
use super::jws::{Jws, bytes, raw, text};
use super::token::Claims;
use crate::flaw::Flaw;

/// The claims of RFC 9068 and of its neighbours.
const KNOWN_CLAIMS: [&str; 13] = [
    "iss",
    "exp",
    "aud",
    "sub",
    "client_id",
    "iat",
    "jti",
    "nbf",
    "scope",
    "cnf",
    "acr",
    "auth_time",
    "status",
];

/// What a server holds against its clients.
#[derive(Default)]
pub(super) struct Grudges {
    /// How often a token came with a mistake.
    mistakes: Mutex<HashMap<String, usize>>,
    /// Tokens at work.
    in_flight: Mutex<HashSet<String>>,
    /// Tokens that were served.
    served: Mutex<HashSet<String>>,
    /// The newest token of each key, and those that came before it.
    newest: Mutex<HashMap<String, String>>,
    superseded: Mutex<HashSet<String>>,
    /// The first key, and the first token of a nonce.
    first_key: Mutex<Option<String>>,
    nonces: Mutex<HashMap<String, String>>,
}

impl ReferenceServer {
    /// Before the credentials are looked at.
    pub(super) fn suspect_request(&self, parts: &Parts) -> Result<(), Refusal> {
        let (method, path) = (parts.method.as_str(), parts.uri.path());
        let query = parts.uri.query();
        let mut names = parts.headers.keys().map(hyper::http::HeaderName::as_str);
        let suspect = self.has(Flaw::FewMethods) && !["GET", "POST"].contains(&method)
            || self.has(Flaw::NoHead) && method == "HEAD"
            || self.has(Flaw::NoQuery) && query.is_some()
            || self.has(Flaw::QueryText) && query.is_some_and(|query| query.contains("access_token"))
            || self.has(Flaw::EncodedPath) && path.contains('%')
            || self.has(Flaw::PathCharacters) && path.contains([';', '$', '(', '@', ':'])
            || self.has(Flaw::LongPath) && path.len() > 256
            || self.has(Flaw::FewFields) && parts.headers.len() > 20
            || self.has(Flaw::FieldOrder)
                && names.find(|name| ["dpop", "authorization"].contains(name)) == Some("dpop");
        if suspect { Err(self.bad_proof("suspect request")) } else { Ok(()) }
    }

    pub(super) fn suspect_proof(&self, jws: &Jws, jwk: &Map<String, Value>) -> Result<(), Refusal> {
        let jti = text(&jws.claims, "jti").unwrap_or_default();
        let [header, claims] = raw(jws);
        let escapes = header.contains('\\') || claims.contains('\\');
        let letters =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let bits = bytes(jwk, "n").map_or(2048, |n| n.len() * 8);
        let suspect = self.has(Flaw::JtiCharacters) && !letters(jti)
            || self.has(Flaw::ShortJti) && jti.len() > 64
            || self.has(Flaw::JsonEscapes) && escapes
            || self.has(Flaw::JsonSpaces) && (header.contains(['\n', ' ']) || claims.contains(['\n', ' ']))
            || self.has(Flaw::BareJwk) && jwk.len() > 4
            || self.has(Flaw::FewParameters) && jws.header.len() > 3
            || self.has(Flaw::OneRsaSize) && bits != 2048
            || self.has(Flaw::JwkOrder) && header.contains("\"jwk\":{\"y\"")
            || self.has(Flaw::WholeSeconds) && jws.claims.get("iat").is_some_and(|iat| !iat.is_u64());
        if suspect { Err(self.bad_proof("suspect proof")) } else { Ok(()) }
    }

    pub(super) fn suspect_token(&self, jws: &Jws) -> Result<(), Refusal> {
        let claims = &jws.claims;
        let known = ["aud", "cnf", "exp", "iat", "nbf", "auth_time"];
        let odd = claims.iter().any(|(name, value)| !known.contains(&&**name) && !value.is_string());
        let [_, text_of_claims] = raw(jws);
        let scope = text(claims, "scope");
        let scope_letters =
            |scope: &str| scope.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" :-_.".contains(&byte));
        let subject = text(claims, "sub").unwrap_or_default();
        let suspect = self.has(Flaw::TextClaims) && odd
            || self.has(Flaw::ScopeOwed) && scope.is_none()
            || self.has(Flaw::ScopeCharacters) && scope.is_some_and(|scope| !scope_letters(scope))
            || self.has(Flaw::ScopeOfWords) && scope.is_some_and(|scope| scope.contains("consent:"))
            || self.has(Flaw::KnownClaimsOnly) && claims.keys().any(|name| !KNOWN_CLAIMS.contains(&&**name))
            || self.has(Flaw::FewAudiences)
                && claims.get("aud").and_then(Value::as_array).is_some_and(|all| all.len() > 5)
            || self.has(Flaw::SubjectCharacters) && !subject.bytes().all(|byte| byte.is_ascii_alphanumeric())
            || self.has(Flaw::UserOwed) && text(claims, "sub") == text(claims, "client_id")
            || self.has(Flaw::RecentLogin) && claims.contains_key("auth_time")
            || self.has(Flaw::TokenEscapes) && text_of_claims.contains('\\');
        if suspect { Err(self.bad_token("suspect token")) } else { Ok(()) }
    }

    /// What the server remembers of this client, before it verifies anything.
    pub(super) async fn recall(&self, token: &str) -> Result<(), Refusal> {
        let mistakes = self.grudges.mistakes.lock().unwrap().get(token).copied().unwrap_or_default();
        if self.has(Flaw::LockOut) && mistakes >= 1 || self.has(Flaw::LateLockOut) && mistakes >= 5 {
            return Err(self.bad_token("locked out"));
        }
        let all: usize = self.grudges.mistakes.lock().unwrap().values().sum();
        if self.has(Flaw::LockOutAll) && all >= 5 {
            return Err(self.bad_token("locked out"));
        }
        if self.has(Flaw::OneAtATime) {
            if !self.grudges.in_flight.lock().unwrap().insert(token.to_owned()) {
                return Err(self.bad_token("already at work"));
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// What the server keeps in mind of a request that it has refused or is about to serve.
    pub(super) fn remember(&self, token: &str, refused: bool) {
        self.grudges.in_flight.lock().unwrap().remove(token);
        if refused {
            *self.grudges.mistakes.lock().unwrap().entry(token.to_owned()).or_default() += 1;
        }
    }

    /// Of valid credentials, those that the server has a prejudice against.
    pub(super) fn prejudge(&self, token: &str, claims: &Claims, nonce: Option<&str>) -> Result<(), Refusal> {
        let key = claims.get("cnf").map(Value::to_string).unwrap_or_default();
        if self.has(Flaw::TokenOnce) && !self.grudges.served.lock().unwrap().insert(token.to_owned()) {
            return Err(self.bad_token("used token"));
        }
        let mut first = self.grudges.first_key.lock().unwrap();
        if *first.get_or_insert_with(|| key.clone()) != key && self.has(Flaw::FirstKeyOnly) {
            return Err(self.bad_token("another key"));
        }
        let mut superseded = self.grudges.superseded.lock().unwrap();
        if self.has(Flaw::NewestTokenOnly) && superseded.contains(token) {
            return Err(self.bad_token("superseded"));
        }
        let before = self.grudges.newest.lock().unwrap().insert(key, token.to_owned());
        superseded.extend(before.filter(|before| before != token));
        let Some(nonce) = nonce.filter(|_| self.has(Flaw::NonceOfOneToken)) else { return Ok(()) };
        let mut nonces = self.grudges.nonces.lock().unwrap();
        let own = nonces.entry(nonce.to_owned()).or_insert_with(|| token.to_owned());
        if own == token { Ok(()) } else { Err(Refusal::UseNonce) }
    }
}
