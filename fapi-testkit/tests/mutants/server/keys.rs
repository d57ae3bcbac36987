//! The issuer's keys (RFC 7517): which of them may verify a token.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Map, Value};

use super::ReferenceServer;
use super::jws::{Jws, text};
use crate::flaw::Flaw;

pub(super) type Jwk = Map<String, Value>;

/// How soon after a fetch an unknown `kid` is a reason for the next one (R118, P34).
const COOL_DOWN: Duration = Duration::from_secs(2);

/// The keys of an issuer that may publish others at any time.
pub(super) struct ServedKeys {
    pub(super) url: String,
    keys: Mutex<Vec<Jwk>>,
    fetched: tokio::sync::Mutex<Option<Instant>>,
}

impl ServedKeys {
    pub(super) fn new(url: String) -> Self {
        Self { url, keys: Mutex::default(), fetched: tokio::sync::Mutex::new(None) }
    }

    fn current(&self) -> Vec<Jwk> {
        self.keys.lock().unwrap().clone()
    }
}

impl ReferenceServer {
    /// The key that the header of the token names.
    pub(super) async fn signing_key(&self, jws: &Jws) -> Option<Jwk> {
        // R106: keys in the header are nobody's.
        if let Some(Value::Object(jwk)) = jws.header.get("jwk")
            && self.has(Flaw::EmbeddedJwk)
        {
            return Some(jwk.clone());
        }
        let algorithm = text(&jws.header, "alg")?;
        let kid = text(&jws.header, "kid");
        let keys = self.key_set(kid).await;
        // FAPI 2.0 SP §5.4.3: the other attributes choose among keys with the same `kid`.
        let mut candidates = keys.into_iter().filter(|jwk| kid.is_none() || text(jwk, "kid") == kid);
        if self.has(Flaw::FirstKeyOfKid) || algorithm == "none" {
            return candidates.next();
        }
        let mut candidates = candidates.filter(|jwk| self.may_verify(jwk, algorithm));
        let first = candidates.next()?;
        // R119: without a `kid` there must be no choice.
        (kid.is_some() || candidates.next().is_none()).then_some(first)
    }

    // RFC 7517 §4.2-4.4, RFC 8725 §3.1, R109
    fn may_verify(&self, jwk: &Jwk, algorithm: &str) -> bool {
        if algorithm == "HS256" && text(jwk, "kty") == Some("RSA") {
            return self.has(Flaw::AlgorithmConfusion);
        }
        let fits = matches!(
            (algorithm, text(jwk, "kty"), text(jwk, "crv")),
            ("ES256", Some("EC"), Some("P-256"))
                | ("ES384", Some("EC"), Some("P-384"))
                | ("EdDSA" | "Ed25519", Some("OKP"), Some("Ed25519"))
                | ("ES512", Some("EC"), Some("P-521"))
                | ("PS256" | "PS384" | "PS512" | "RS256" | "RS384" | "RS512", Some("RSA"), None)
                | ("HS256", Some("oct"), None)
        );
        let named = text(jwk, "alg").is_none_or(|alg| alg == algorithm);
        fits && (named || self.has(Flaw::KeyAlg)) && self.is_for_verifying(jwk)
    }

    fn is_for_verifying(&self, jwk: &Jwk) -> bool {
        let operations = jwk.get("key_ops").and_then(Value::as_array);
        let verifies = operations.is_none_or(|operations| operations.iter().any(|it| it == "verify"));
        (self.has(Flaw::KeyUse) || matches!(text(jwk, "use"), None | Some("sig")))
            && (self.has(Flaw::KeyOperations) || verifies)
    }

    /// The keys as they are published now, as far as a token with this `kid` may make the server look.
    async fn key_set(&self, kid: Option<&str>) -> Vec<Jwk> {
        let Some(served) = &self.served_keys else { return self.keys.clone() };
        let known = |keys: &[Jwk]| keys.iter().any(|jwk| kid.is_none() || text(jwk, "kid") == kid);
        if known(&served.current()) && !self.has(Flaw::FetchPerRequest) {
            return served.current();
        }
        // One fetch at a time: whoever has waited for another's finds the server cooling down.
        let mut fetched = served.fetched.lock().await;
        let cooling = fetched.is_some_and(|fetched| fetched.elapsed() < COOL_DOWN);
        let closed = fetched.is_some() && self.has(Flaw::KeysForever);
        if !cooling && !closed || self.has(Flaw::FetchPerKid) || self.has(Flaw::FetchPerRequest) {
            if let Some(keys) = fetch_keys(&served.url).await {
                let mut known = served.keys.lock().unwrap();
                let earlier = std::mem::replace(&mut *known, self.read_key_set(&keys));
                if self.has(Flaw::KeepsWithdrawn) {
                    known.extend(earlier);
                }
            } else if self.has(Flaw::FetchPerRequest) {
                return vec![];
            }
            *fetched = Some(Instant::now());
        }
        served.current()
    }

    /// RFC 7517 §5: what cannot be read is passed over, key by key (P36).
    pub(super) fn read_key_set(&self, json: &str) -> Vec<Jwk> {
        let set: Value = serde_json::from_str(json).unwrap_or_default();
        let keys = set["keys"].as_array().cloned().unwrap_or_default();
        let keys: Vec<Jwk> = keys.iter().filter_map(Value::as_object).cloned().collect();
        let known = |jwk: &Jwk| matches!(text(jwk, "kty"), Some("EC" | "RSA" | "OKP" | "oct"));
        let bad = keys.iter().position(|jwk| !known(jwk)).filter(|_| self.has(Flaw::OneBadKey));
        keys.into_iter().take(bad.unwrap_or(usize::MAX)).collect()
    }
}

async fn fetch_keys(url: &str) -> Option<String> {
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.get(url.parse().ok()?).await.ok()?;
    let body = answer.into_body().collect().await.ok()?.to_bytes();
    String::from_utf8(body.to_vec()).ok()
}
