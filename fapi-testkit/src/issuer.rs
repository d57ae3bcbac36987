//! An authorization server without a socket: a key, a key set, and tokens that are right by default.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};

use fapi_core::jose::Algorithm;
use fapi_core::{Clock, SystemClock, UnixTime};
use http::{Request, Response};
use serde_json::{Value, json};

use crate::assertion::AssertionBuilder;
use crate::introspection::IntrospectionBuilder;
use crate::jws::UnsignedJwt;
use crate::key::SigningKey;
use crate::memory::Memory;
use crate::registered_client::RegisteredClient;
use crate::security_event::SecurityEventBuilder;
use crate::server::{self, IssuerServer};
use crate::status_list::StatusListBuilder;
use crate::token::TokenBuilder;
use crate::verification::Jws;

/// Any free port of this machine.
const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// An issuer of access tokens; clones share the same keys and the same memory of tokens.
///
/// ```
/// use fapi_testkit::TestIssuer;
///
/// let issuer = TestIssuer::new("https://as.example.com");
/// let token = issuer.token().audience("https://api.example.com").scope("whoami:read").sign();
/// assert_eq!(token.split('.').count(), 3);
/// assert!(issuer.jwks().contains(&issuer.key().thumbprint()));
/// ```
#[derive(Clone, Debug)]
pub struct TestIssuer {
    identifier: String,
    /// All keys there have been; the last one signs.
    keys: Arc<RwLock<Vec<SigningKey>>>,
    also_published: Arc<[Value]>,
    clock: Arc<dyn Clock>,
    clients: Arc<[RegisteredClient]>,
    opaque_tokens: bool,
    memory: Arc<Memory>,
}

impl TestIssuer {
    /// An issuer with a new ES256 key and the system's clock.
    #[must_use]
    pub fn new(identifier: &str) -> Self {
        Self {
            identifier: identifier.to_owned(),
            keys: new_keys(Algorithm::Es256),
            also_published: Arc::new([]),
            clock: Arc::new(SystemClock),
            clients: Arc::new([]),
            opaque_tokens: false,
            memory: Arc::default(),
        }
    }

    /// The same issuer with a new key for `algorithm`.
    #[must_use]
    pub fn with_algorithm(self, algorithm: Algorithm) -> Self {
        Self { keys: new_keys(algorithm), ..self }
    }

    /// The same issuer with the time of `clock`.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The same issuer with further JWKs in its key set, after its own and exactly as given: keys that a verifier must
    /// pass over, and keys that it must find among them.
    #[must_use]
    pub fn also_publishing(self, jwks: impl IntoIterator<Item = Value>) -> Self {
        Self { also_published: jwks.into_iter().collect(), ..self }
    }

    /// The same issuer with one more client, which it knows from then on: nobody gets a token in its name, or an answer to
    /// an introspection, who cannot prove to be that client.
    #[must_use]
    pub fn with_client(self, client: RegisteredClient) -> Self {
        let clients = self.clients.iter().cloned().chain([client]).collect();
        Self { clients, ..self }
    }

    /// The same issuer, whose token endpoint issues opaque tokens.
    #[must_use]
    pub fn issuing_opaque_tokens(self) -> Self {
        Self { opaque_tokens: true, ..self }
    }

    pub(crate) fn issues_opaque_tokens(&self) -> bool {
        self.opaque_tokens
    }

    pub(crate) fn client(&self, client_id: &str) -> Option<&RegisteredClient> {
        self.clients.iter().find(|client| client.client_id == client_id)
    }

    pub(crate) fn with_identifier(self, identifier: String) -> Self {
        Self { identifier, ..self }
    }

    /// The `iss` of its tokens.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// The URL of the token endpoint, as the served issuer has it.
    #[must_use]
    pub fn token_endpoint(&self) -> String {
        format!("{}/token", self.identifier)
    }

    /// The URL of the introspection endpoint, as the served issuer has it.
    #[must_use]
    pub fn introspection_endpoint(&self) -> String {
        format!("{}/introspect", self.identifier)
    }

    /// The URI of the status list that the served issuer has.
    #[must_use]
    pub fn status_list_uri(&self) -> String {
        format!("{}/status-list", self.identifier)
    }

    /// The key that signs now; its `kid` is its thumbprint.
    #[must_use]
    pub fn key(&self) -> SigningKey {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.last().cloned().expect("an issuer always has a key")
    }

    pub(crate) fn keys(&self) -> Vec<SigningKey> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether one of the present and earlier keys has signed it, or one that is published beside them.
    pub(crate) fn verifies(&self, jwt: &Jws<'_>) -> bool {
        let own = self.keys().iter().any(|key| jwt.is_signed_by(&key.public_jwk()));
        own || self.also_published.iter().any(|jwk| jwt.is_signed_by(jwk))
    }

    pub(crate) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// A JWT of this issuer, made now.
    pub(crate) fn jwt(&self, typ: &str) -> UnsignedJwt {
        let key = self.key();
        let kid = key.thumbprint();
        let mut jwt = UnsignedJwt::new(key, typ);
        jwt.set_header("kid", kid);
        jwt.set_claim("iss", self.identifier.as_str());
        jwt.set_claim("iat", self.now().as_secs());
        jwt
    }

    /// The key set (RFC 7517 §5) as JSON: the key that signs now, and no other but those of
    /// [`TestIssuer::also_publishing`].
    #[must_use]
    pub fn jwks(&self) -> String {
        let key = self.key();
        let mut keys = vec![key.published_jwk(&key.thumbprint())];
        keys.extend_from_slice(&self.also_published);
        json!({"keys": keys}).to_string()
    }

    /// Replaces the key with a new one of the same algorithm. The old key is no longer published; a test that still
    /// needs it takes [`TestIssuer::key`] before.
    pub fn rotate_keys(&self) {
        let key = SigningKey::generate(self.key().algorithm());
        self.keys.write().unwrap_or_else(PoisonError::into_inner).push(key);
    }

    /// A valid access token (RFC 9068), issued now. It is not sender-constrained until the test says to whom.
    pub fn token(&self) -> TokenBuilder {
        TokenBuilder::new(self)
    }

    /// Revokes a token, opaque or not: its introspection says from now on that it is not active.
    pub fn revoke(&self, token: &str) {
        self.memory.revoke(token);
    }

    /// What introspection of a token says: of an opaque token of this issuer, or of a JWT that one of its present and
    /// earlier keys verifies, or one that is published beside them. A token is active until it expires or is revoked, and
    /// from ten seconds before its `nbf` on.
    pub fn introspection(&self, token: &str) -> IntrospectionBuilder {
        IntrospectionBuilder::new(self, token)
    }

    /// Sets an entry of all status lists of this issuer: 0 VALID, 1 INVALID, 2 SUSPENDED (Token Status List §7).
    pub fn set_status(&self, index: usize, status: u8) {
        self.memory.set_status(index, status);
    }

    /// A valid status list token for the list at `uri`, with the statuses of [`TestIssuer::set_status`], issued now.
    pub fn status_list(&self, uri: &str) -> StatusListBuilder {
        StatusListBuilder::new(self, uri)
    }

    /// A valid security event token: all sessions of `subject` (see [`crate::subject`]) are revoked, now.
    pub fn session_revoked(&self, subject: impl Into<Value>) -> SecurityEventBuilder {
        SecurityEventBuilder::session_revoked(self, subject.into())
    }

    /// A valid security event token that verifies a stream (SSF §8.1.4.1), without `state`.
    pub fn verification(&self, stream: &str) -> SecurityEventBuilder {
        SecurityEventBuilder::verification(self, stream)
    }

    /// A valid assertion by which a client proves to this issuer who it is (RFC 7523 §3), issued now.
    pub fn client_assertion(&self, client_id: &str, key: &SigningKey) -> AssertionBuilder {
        AssertionBuilder::new(self, client_id, key)
    }

    /// Passes every answer of the introspection endpoint through `change` before it goes out: to make them wrong. The last
    /// change counts, for all clones.
    pub fn change_introspection(
        &self,
        change: impl Fn(IntrospectionBuilder) -> IntrospectionBuilder + Send + Sync + 'static,
    ) {
        self.memory.change_introspection(Arc::new(change));
    }

    /// The same for the answers about one token only, after what is changed about all. The last change counts.
    pub fn change_introspection_of(
        &self,
        token: &str,
        change: impl Fn(IntrospectionBuilder) -> IntrospectionBuilder + Send + Sync + 'static,
    ) {
        self.memory.change_introspection_of(token, Arc::new(change));
    }

    /// Passes every status list through `change` before it goes out: to make them wrong. The last change counts, for all
    /// clones.
    pub fn change_status_list(
        &self,
        change: impl Fn(StatusListBuilder) -> StatusListBuilder + Send + Sync + 'static,
    ) {
        self.memory.change_status_list(Arc::new(change));
    }

    /// The same for one list only, after what is changed about all: any URI that begins with
    /// [`TestIssuer::status_list_uri`] is a list of this issuer. The last change counts.
    pub fn change_status_list_at(
        &self,
        uri: &str,
        change: impl Fn(StatusListBuilder) -> StatusListBuilder + Send + Sync + 'static,
    ) {
        self.memory.change_status_list_at(uri, Arc::new(change));
    }

    /// Answers a request as the served issuer does, without a socket; of the URI only the path counts.
    ///
    /// | path | answer |
    /// |---|---|
    /// | `/.well-known/oauth-authorization-server`, `/.well-known/openid-configuration` | metadata (RFC 8414) |
    /// | `/jwks` | [`TestIssuer::jwks`] |
    /// | `/token` | a token, see below |
    /// | `/introspect` | [`TestIssuer::introspection`], signed if `Accept` says so, to registered clients alone |
    /// | `/status-list`, and paths below it | [`TestIssuer::status_list`] |
    /// | `/mtls/token`, `/mtls/introspect` | as above, and a client certificate counts (RFC 8705 §5) |
    ///
    /// The token endpoint takes the client credentials grant from anybody, and from a [`RegisteredClient`] with its
    /// proof; it binds the token to the key of the DPoP proof, of which it checks nothing but the signature, or else to
    /// the client certificate.
    ///
    /// A client certificate is a [`PeerCertificate`](fapi_core::PeerCertificate) in the extensions of the request.
    ///
    /// ```
    /// use fapi_testkit::{RegisteredClient, TestIssuer, http};
    ///
    /// let issuer = TestIssuer::new("https://as.example.com")
    ///     .with_client(RegisteredClient::client_secret_basic("api", "secret"));
    /// let request = http::Request::post(issuer.introspection_endpoint())
    ///     .header("Authorization", "Basic YXBpOnNlY3JldA==")
    ///     .header("Content-Type", "application/x-www-form-urlencoded")
    ///     .body(format!("token={}", issuer.token().opaque()).into_bytes())?;
    /// assert_eq!(issuer.respond(&request).status(), 200);
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn respond(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        server::respond(self, request)
    }

    /// The same issuer on a loopback port, with TLS; its identifier becomes `https://localhost:PORT`. Clients must trust
    /// [`IssuerServer::root_certificate`], and may show any certificate of their own.
    ///
    /// # Panics
    /// If no port can be had.
    #[must_use]
    pub fn serve_tls(self) -> IssuerServer {
        IssuerServer::start_tls(self, LOOPBACK).expect("a free loopback port")
    }

    /// The same issuer on a loopback port; its identifier becomes `http://127.0.0.1:PORT`.
    ///
    /// # Panics
    /// If no port can be had.
    #[must_use]
    pub fn serve(self) -> IssuerServer {
        self.serve_on(LOOPBACK).expect("a free loopback port")
    }

    /// The same issuer on a chosen address; its identifier becomes `http://ADDRESS`.
    ///
    /// # Errors
    /// If the address cannot be had.
    pub fn serve_on(self, address: SocketAddr) -> io::Result<IssuerServer> {
        IssuerServer::start(self, address)
    }
}

fn new_keys(algorithm: Algorithm) -> Arc<RwLock<Vec<SigningKey>>> {
    Arc::new(RwLock::new(vec![SigningKey::generate(algorithm)]))
}
