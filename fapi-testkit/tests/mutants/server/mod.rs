//! A resource server to break: small and slow, written after the specifications and not after `fapi-core`, of which it
//! uses no decision. Every rule is one line or one small function that asks whether this server is the one that lacks it.
//!
//! Whatever it lets through is served, on any path and by any method, so that no router hides a missing check.

mod answer;
mod binding;
mod credentials;
mod events;
mod identifiers;
mod introspection;
mod json;
mod jws;
mod keys;
mod nonce;
mod proof;
mod replay;
mod rules;
mod signature;
mod status;
mod strict;
mod sufficient;
mod target;
mod time;
mod token;

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use fapi_testkit::catalogue::{DetailsRoute, Profile, ScopeRoute, StepUpRoute};
use http_body_util::BodyExt as _;
use hyper::Request;
use hyper::body::Body;
use hyper::http::request::Parts;
use serde_json::Value;

use answer::{Answer, Refusal};
use credentials::{Credentials, Scheme};
pub(crate) use events::EVENTS;
use keys::{Jwk, ServedKeys};
use rules::Rules;
use time::Clock;
use token::Claims;

use crate::flaw::Flaw;

/// The path of the metadata of a resource without a path (RFC 9728 §3.1).
const METADATA: &str = "/.well-known/oauth-protected-resource";

/// What a server is told before it starts.
#[derive(Clone, Debug)]
pub(crate) struct Configuration {
    pub(crate) profile: Profile,
    pub(crate) public_url: String,
    pub(crate) audience: String,
    pub(crate) issuer: String,
    pub(crate) keys: KeySource,
    pub(crate) scope_route: Option<ScopeRoute>,
    pub(crate) step_up_route: Option<StepUpRoute>,
    pub(crate) details_route: Option<DetailsRoute>,
    /// Whether every proof needs a nonce.
    pub(crate) nonces: bool,
    /// Whether it asks its issuer about tokens: opaque ones, their status, and their sessions.
    pub(crate) asks: bool,
}

/// Where the issuer's keys come from.
#[derive(Clone, Debug)]
pub(crate) enum KeySource {
    /// A JWK set as JSON.
    Given(String),
    /// The URL of one.
    Served(String),
}

/// The resource server, with at most one flaw.
pub(crate) struct ReferenceServer {
    flaw: Option<Flaw>,
    rules: Rules,
    public_url: String,
    audience: String,
    issuer: String,
    scope_route: Option<ScopeRoute>,
    step_up_route: Option<StepUpRoute>,
    details_route: Option<DetailsRoute>,
    keys: Vec<Jwk>,
    served_keys: Option<ServedKeys>,
    nonce: Option<String>,
    used_nonces: Mutex<HashSet<String>>,
    /// One store for all, but where a flaw gives each worker its own.
    used: [Mutex<replay::Used>; 2],
    workers: AtomicUsize,
    seen_tokens: Mutex<HashSet<String>>,
    requests: AtomicU32,
    grudges: strict::Grudges,
    asks: bool,
    answers: Mutex<HashMap<String, introspection::Remembered>>,
    lists: Mutex<HashMap<String, status::StatusList>>,
    /// The users and tokens whose sessions are over.
    ended: Mutex<HashSet<String>>,
}

impl ReferenceServer {
    pub(crate) fn new(configuration: Configuration, flaw: Option<Flaw>) -> Self {
        let mut server = Self {
            flaw,
            rules: Rules::of(configuration.profile),
            public_url: configuration.public_url,
            audience: configuration.audience,
            issuer: configuration.issuer,
            scope_route: configuration.scope_route,
            step_up_route: configuration.step_up_route,
            details_route: configuration.details_route,
            keys: vec![],
            served_keys: None,
            nonce: (configuration.nonces || Rules::of(configuration.profile).nonces)
                .then(|| "a-nonce-that-this-server-made-0001".to_owned()),
            used_nonces: Mutex::default(),
            used: Default::default(),
            workers: AtomicUsize::new(0),
            seen_tokens: Mutex::default(),
            requests: AtomicU32::new(0),
            grudges: strict::Grudges::default(),
            asks: configuration.asks,
            answers: Mutex::default(),
            lists: Mutex::default(),
            ended: Mutex::default(),
        };
        match configuration.keys {
            KeySource::Given(set) => server.keys = server.read_key_set(&set),
            KeySource::Served(url) => server.served_keys = Some(ServedKeys::new(url)),
        }
        server
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    fn unique(&self) -> String {
        format!("request {}", self.requests.load(Ordering::SeqCst))
    }

    async fn answer(&self, parts: &Parts, body: &[u8]) -> Answer {
        if self.is_metadata(parts) {
            return self.metadata();
        }
        if self.is_event(parts) {
            return self.receive(parts, body).await;
        }
        let clock = Clock::read(self.requests.fetch_add(1, Ordering::SeqCst));
        let credentials = match self.credentials(parts, body) {
            Ok(credentials) => credentials,
            Err(refusal) => return self.refused(&refusal, None, parts),
        };
        if let Err(refusal) = self.check_identifier(parts) {
            return self.refused(&refusal, Some(credentials.scheme), parts);
        }
        let decision = match self.recall(&credentials.token).await {
            Ok(()) => self.verify(parts, &credentials, clock).await,
            Err(refusal) => Err(refusal),
        };
        self.remember(&credentials.token, decision.is_err());
        match decision {
            Ok(claims) => self.served(&claims),
            Err(refusal) => self.refused(&refusal, Some(credentials.scheme), parts),
        }
    }

    // RFC 9728 §3: this path, and whoever asks.
    fn is_metadata(&self, parts: &Parts) -> bool {
        let path = parts.uri.path();
        if self.has(Flaw::MetadataAbsent) {
            return false;
        }
        let checked = self.has(Flaw::MetadataChecked) && parts.headers.contains_key("authorization");
        path == METADATA && !checked || path.starts_with(METADATA) && self.has(Flaw::MetadataDoor)
    }

    /// All checks, the use of the proof last (R60).
    async fn verify(
        &self,
        parts: &Parts,
        credentials: &Credentials,
        clock: Clock,
    ) -> Result<Claims, Refusal> {
        self.suspect_request(parts)?;
        self.check_scheme(credentials.scheme)?;
        let owed = credentials.scheme == Scheme::Dpop;
        let excused = owed && self.has(Flaw::ProofOptional) && !parts.headers.contains_key("dpop");
        let proof = if owed && !excused { Some(self.parse_proof(parts)?) } else { None };
        if let Some(proof) = &proof {
            // P7: anybody can burn the `jti` of somebody else.
            if self.has(Flaw::JtiBeforeChecks) {
                self.use_once(proof).await?;
            }
            self.check_proof(proof, parts, credentials, clock)?;
        }
        let claims = self.verify_token(&credentials.token, clock).await?;
        if !excused {
            self.check_binding(&claims, proof.as_ref(), credentials, parts)?;
        }
        let nonce = proof.as_ref().and_then(proof::Proof::nonce);
        if let Some(proof) = proof.filter(|_| !self.has(Flaw::JtiBeforeChecks)) {
            self.use_once(&proof).await?;
        }
        self.check_scope(&claims, parts)?;
        self.check_login(&claims, parts, clock)?;
        self.check_details(&claims, parts)?;
        self.prejudge(&credentials.token, &claims, nonce.as_deref())?;
        Ok(claims)
    }

    // FAPI 2.0 SP §5.3.4-4
    fn check_scope(&self, claims: &Claims, parts: &Parts) -> Result<(), Refusal> {
        let Some(route) = self.scope_route.as_ref().filter(|route| route.path == parts.uri.path()) else {
            return Ok(());
        };
        let granted = match claims.get("scope") {
            Some(Value::String(scope)) => scope.clone(),
            // As HelseID writes them.
            Some(Value::Array(scopes)) => {
                scopes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
            }
            _ => String::new(),
        };
        let sufficient = if self.has(Flaw::ScopeSubstring) {
            granted.contains(&route.scope)
        } else {
            granted.split(' ').any(|scope| scope == route.scope)
        };
        if sufficient || self.has(Flaw::Scope) {
            Ok(())
        } else if self.has(Flaw::ScopeUnauthorized) {
            Err(self.bad_token("scope"))
        } else {
            Err(Refusal::InsufficientScope)
        }
    }
}

/// The server as a tower service.
#[derive(Clone)]
pub(crate) struct ReferenceService(pub(crate) Arc<ReferenceServer>);

impl<B> tower_service::Service<Request<B>> for ReferenceService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: std::fmt::Debug,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let server = Arc::clone(&self.0);
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            Ok(server.identified(server.answer(&parts, &body).await, &parts))
        })
    }
}
