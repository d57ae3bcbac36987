//! Refusals on the wire (RFC 6750 §3, RFC 9449 §7.1), and the one answer of the handler.

use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::http::response::Builder;
use serde_json::{Value, json};

use super::credentials::Scheme;
use super::token::Claims;
use super::{METADATA, ReferenceServer};
use crate::flaw::Flaw;

pub(super) type Answer = Response<Full<Bytes>>;

/// Why a request is not served. What is for the log must not be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    Unauthenticated,
    InvalidRequest,
    InvalidToken {
        log: String,
    },
    InvalidProof {
        log: String,
    },
    UseNonce,
    InsufficientScope,
    InsufficientAuthentication,
    /// What cannot be checked is not accepted.
    Unavailable,
    /// The program has stopped half-way.
    Crash,
}

impl Refusal {
    fn status(&self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::InsufficientScope => 403,
            Self::Crash => 500,
            Self::Unavailable => 503,
            _ => 401,
        }
    }

    fn error(&self) -> Option<&'static str> {
        match self {
            Self::Unauthenticated | Self::Unavailable | Self::Crash => None,
            Self::InvalidRequest => Some("invalid_request"),
            Self::InvalidToken { .. } => Some("invalid_token"),
            Self::InvalidProof { .. } => Some("invalid_dpop_proof"),
            Self::UseNonce => Some("use_dpop_nonce"),
            Self::InsufficientScope => Some("insufficient_scope"),
            Self::InsufficientAuthentication => Some("insufficient_user_authentication"),
        }
    }

    fn log(&self) -> &str {
        match self {
            Self::InvalidToken { log } | Self::InvalidProof { log } => log,
            _ => "",
        }
    }
}

impl ReferenceServer {
    pub(super) fn served(&self, claims: &Claims) -> Answer {
        let body = json!({"sub": claims.get("sub").cloned().unwrap_or_default()});
        let mut answer = Response::builder().status(200).header("content-type", "application/json");
        // RFC 9449 §8.2: a client may be told without having been refused.
        let renewed = self.rules.nonces && !self.has(Flaw::NonceOnDemand);
        if let Some(nonce) = self.nonce.as_deref().filter(|_| renewed || self.has(Flaw::NonceOptional)) {
            answer = answer.header("dpop-nonce", nonce);
        }
        self.with_body(answer, body.to_string())
    }

    pub(super) fn refused(&self, refusal: &Refusal, presented: Option<Scheme>, parts: &Parts) -> Answer {
        let wrong_status = self.has(Flaw::Forbidden) && refusal.status() == 401;
        let mut answer = Response::builder().status(if wrong_status { 403 } else { refusal.status() });
        // R39: a refusal belongs to this request alone.
        if !self.has(Flaw::Cacheable) {
            answer = answer.header("cache-control", "no-store");
        }
        if refusal.status() < 500 && !self.has(Flaw::NoChallenge) {
            for challenge in self.challenges(refusal, presented) {
                answer = answer.header("www-authenticate", challenge);
            }
        }
        answer = self.with_nonce(answer, refusal, presented);
        self.with_body(answer, self.content(refusal, parts))
    }

    // P44: nothing of what was sent, and nothing of what the program knows.
    fn content(&self, refusal: &Refusal, parts: &Parts) -> String {
        let sent = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        if self.has(Flaw::EchoesToken) {
            return format!("cannot accept {}", sent("authorization").unwrap_or_default());
        }
        if self.has(Flaw::EchoesProof) {
            return format!("cannot accept {}", sent("dpop").unwrap_or_default());
        }
        if self.has(Flaw::ParserText) {
            return format!("{} at server/token.rs:42: {}", file!(), refusal.log());
        }
        String::new()
    }

    /// RFC 9449 §7.2, R36: the scheme that the client has chosen, or all of them.
    fn challenges(&self, refusal: &Refusal, presented: Option<Scheme>) -> Vec<String> {
        let error = match refusal.error() {
            None if self.has(Flaw::ErrorWithoutCredentials) => Some("invalid_token"),
            error => error,
        };
        if self.has(Flaw::BearerChallenge) {
            return vec![self.challenge("Bearer", error, refusal)];
        }
        match presented {
            Some(Scheme::Dpop) => vec![self.challenge("DPoP", error, refusal)],
            Some(Scheme::Bearer) => {
                vec![self.challenge("Bearer", error, refusal), self.challenge("DPoP", None, refusal)]
            }
            None => vec![self.challenge("DPoP", error, refusal), self.challenge("Bearer", error, refusal)],
        }
    }

    // R33, R35: each parameter once, quoted, `error` first.
    fn challenge(&self, scheme: &str, error: Option<&str>, refusal: &Refusal) -> String {
        let step_up = self.step_up_parameters();
        let mut parameters: Vec<(&str, &str)> = Vec::new();
        parameters.extend(error.map(|error| ("error", error)));
        if self.has(Flaw::RepeatedParameter) {
            parameters.extend(error.map(|error| ("error", error)));
        }
        if self.has(Flaw::ChallengeCharacters) {
            parameters.push(("error_description", r"not\accepted"));
        }
        if *refusal == Refusal::InsufficientScope {
            parameters.extend(self.scope_route.as_ref().map(|route| ("scope", &*route.scope)));
        }
        if error.is_some() && *refusal == Refusal::InsufficientAuthentication {
            parameters.extend(step_up.iter().map(|(name, value)| (*name, &**value)));
        }
        let metadata = format!("{}{METADATA}", self.public_url);
        if self.rules.challenges_help && refusal.status() == 401 {
            let scope = self.scope_route.as_ref().filter(|_| !self.has(Flaw::ScopeUnnamed));
            parameters.extend(scope.map(|route| ("scope", &*route.scope)));
            let metadata = Some(&*metadata).filter(|_| !self.has(Flaw::MetadataUnnamed));
            parameters.extend(metadata.map(|url| ("resource_metadata", url)));
        }
        if scheme == "Bearer" {
            parameters.push(("realm", "api"));
        } else if !self.has(Flaw::NoAlgorithms) {
            parameters.push(("algs", "ES256 PS256 EdDSA Ed25519"));
        }
        let quote = if self.has(Flaw::Unquoted) { "" } else { "\"" };
        let parameters: Vec<_> =
            parameters.iter().map(|(name, value)| format!("{name}={quote}{value}{quote}")).collect();
        format!("{scheme} {}", parameters.join(", "))
    }

    // RFC 9449 §8: one nonce, with the error that asks for it.
    fn with_nonce(&self, answer: Builder, refusal: &Refusal, presented: Option<Scheme>) -> Builder {
        let renewed = self.rules.nonces
            && presented == Some(Scheme::Dpop)
            && !self.has(Flaw::NonceOnDemand)
            && !self.has(Flaw::NonceOnSuccess);
        let asked = *refusal == Refusal::UseNonce || renewed;
        let Some(nonce) = self.nonce.as_deref().filter(|_| asked) else { return answer };
        let answer = answer.header("dpop-nonce", nonce);
        if self.has(Flaw::NonceTwice) { answer.header("dpop-nonce", nonce) } else { answer }
    }

    /// RFC 9728 §2
    pub(super) fn metadata(&self) -> Answer {
        let algorithms = if self.has(Flaw::MetadataAlgorithms) { "HS256" } else { "ES256" };
        let methods = if self.has(Flaw::MetadataMethods) { vec!["header", "query"] } else { vec!["header"] };
        let resource =
            if self.has(Flaw::MetadataResource) { "https://other.example.com" } else { &self.public_url };
        let mut document = json!({
            "resource": resource,
            "authorization_servers": [self.issuer],
            "bearer_methods_supported": methods,
            "tls_client_certificate_bound_access_tokens": self.rules.certificates,
            "dpop_bound_access_tokens_required": !self.rules.certificates,
        });
        if self.rules.proofs {
            document["dpop_signing_alg_values_supported"] = json!([algorithms, "PS256", "EdDSA", "Ed25519"]);
        }
        if self.has(Flaw::MetadataBindings) {
            document["tls_client_certificate_bound_access_tokens"] = Value::Bool(false);
            document["dpop_bound_access_tokens_required"] = Value::Bool(false);
        }
        if self.has(Flaw::MetadataServers) {
            document["authorization_servers"] = json!([self.issuer, "https://as.other.example.com"]);
        }
        if self.has(Flaw::MetadataEmpty) {
            document["scopes_supported"] = Value::Array(vec![]);
        }
        if self.has(Flaw::MetadataIssuers) {
            document["authorization_servers"] = json!("the usual one");
        }
        let media = if self.has(Flaw::MetadataType) { "text/html" } else { "application/json" };
        let answer = Response::builder().status(200).header("content-type", media);
        self.with_body(answer, document.to_string())
    }

    fn with_body(&self, answer: Builder, body: String) -> Answer {
        answer.body(Full::new(Bytes::from(body))).expect("an answer of well-formed parts")
    }
}
