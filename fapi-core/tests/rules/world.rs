//! One API, one issuer, one client and one valid request, from which every test departs.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::jose::Algorithm;
use fapi_core::{
    Clock, Error, Issuer, NonceSecret, Profile, Rejection, ReplayStore, ResourceRequest, ResourceServer,
    ResourceServerBuilder, UnixTime, Verified,
};
use fapi_testkit::{ManualClock, ProofBuilder, TestCertificate, TestClient, TestIssuer, TokenBuilder};

use crate::fakes::{JWKS_URI, Network};

pub(crate) const API: &str = "https://api.example.com";
pub(crate) const ISSUER: &str = "https://as.example.com";
/// Long enough for the replay store to vouch for every proof that is still accepted.
const UPTIME: Duration = Duration::from_secs(120);

/// Everybody who takes part. The clock stands still until a test moves it.
pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) issuer: TestIssuer,
    pub(crate) client: TestClient,
    pub(crate) certificate: TestCertificate,
    pub(crate) server: ResourceServer,
}

/// A request, in which everything can be changed.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) authorization: Vec<String>,
    pub(crate) dpop: Vec<String>,
    pub(crate) certificate: Option<Vec<u8>>,
    pub(crate) interaction_id: Vec<String>,
}

impl World {
    /// A server with the default configuration.
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// A server whose default configuration was changed.
    pub(crate) fn with(configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder) -> Self {
        Self::just_started(configure).after_start()
    }

    /// A server with a replay store that others may share.
    pub(crate) fn sharing(store: Arc<dyn ReplayStore>) -> Self {
        let secret = NonceSecret::new(&[7; 32]).unwrap();
        Self::with(|builder| builder.replay_store(store).nonce_secrets([secret]))
    }

    /// A server whose issuer's keys are behind `network`, at [`JWKS_URI`].
    pub(crate) fn behind(network: &Arc<Network>) -> Self {
        Self::trusting(Issuer::new(ISSUER).with_jwks_uri(JWKS_URI), network)
    }

    /// A server that knows its issuer by this configuration, and must find its keys in `network`.
    pub(crate) fn trusting(issuer: Issuer, network: &Arc<Network>) -> Self {
        let world = Self::prepare(|world| {
            world.builder_without_issuer().issuer(issuer).http_client(Arc::clone(network) as _)
        });
        network.publish(&world.issuer);
        world.after_start()
    }

    /// A server in the moment of its start.
    pub(crate) fn just_started(
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> Self {
        Self::prepare(|world| configure(world.builder()))
    }

    /// A server under `profile`, which trusts the issuer of this identifier and has this audience. The issuer signs with a
    /// key of this algorithm.
    pub(crate) fn under(
        profile: Profile,
        issuer: &str,
        algorithm: Algorithm,
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> Self {
        let mut parties = Parties::new();
        parties.issuer =
            TestIssuer::new(issuer).with_algorithm(algorithm).with_clock(Arc::new(parties.clock.clone()));
        let of_issuer = Issuer::new(issuer).with_key_set(parties.issuer.jwks());
        let configure = |parties: &Parties| {
            configure(parties.builder_without_issuer().profile(profile).issuer(of_issuer))
        };
        Self::prepare_with(parties, configure).after_start()
    }

    fn prepare(configure: impl FnOnce(&Parties) -> ResourceServerBuilder) -> Self {
        Self::prepare_with(Parties::new(), configure)
    }

    fn prepare_with(parties: Parties, configure: impl FnOnce(&Parties) -> ResourceServerBuilder) -> Self {
        let server = configure(&parties).build().unwrap();
        let Parties { clock, issuer, client } = parties;
        Self { clock, issuer, client, certificate: TestCertificate::generate(), server }
    }

    fn after_start(self) -> Self {
        self.clock.advance(UPTIME);
        self
    }

    /// Another server for the same API, started now: a second node, or the same one after a restart.
    pub(crate) fn another_server(
        &self,
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> ResourceServer {
        let parties =
            Parties { clock: self.clock.clone(), issuer: self.issuer.clone(), client: self.client.clone() };
        configure(parties.builder()).build().unwrap()
    }

    /// Another client, with a key of its own.
    pub(crate) fn another_client(&self) -> TestClient {
        TestClient::new().with_clock(Arc::new(self.clock.clone()))
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    pub(crate) fn ago(&self, seconds: u64) -> UnixTime {
        self.now().saturating_sub(Duration::from_secs(seconds))
    }

    pub(crate) fn ahead(&self, seconds: u64) -> UnixTime {
        self.now().saturating_add(Duration::from_secs(seconds))
    }

    /// A valid token, bound to the client's key.
    pub(crate) fn token(&self) -> TokenBuilder {
        self.issuer.token().audience(API).bound_to(&self.client)
    }

    /// A valid proof for `GET /records` with `token`.
    pub(crate) fn proof(&self, token: &str) -> ProofBuilder {
        self.client.proof("GET", "https://api.example.com/records").access_token(token)
    }

    /// The valid request.
    pub(crate) fn valid(&self) -> Request {
        self.with_token(|token| token)
    }

    /// The valid request, but for the token.
    pub(crate) fn with_token(&self, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Request {
        let token = change(self.token()).sign();
        Request::dpop(&token, self.proof(&token).sign())
    }

    /// The valid request, but for the proof.
    pub(crate) fn with_proof(&self, change: impl FnOnce(ProofBuilder) -> ProofBuilder) -> Request {
        let token = self.token().sign();
        let proof = change(self.proof(&token)).sign();
        Request::dpop(&token, proof)
    }

    /// A valid request with a token that is bound to the certificate instead.
    pub(crate) fn mtls(&self) -> Request {
        let token = self.token().without_claim("cnf").bound_to_certificate(self.certificate.der()).sign();
        Request { certificate: Some(self.certificate.der().to_vec()), ..Request::bearer(&token) }
    }

    /// The server's decision.
    pub(crate) async fn verify(&self, request: &Request) -> Result<(), Error> {
        decide(&self.server, request).await
    }

    /// The token of a request that must be accepted.
    pub(crate) async fn accepted(&self, request: &Request) -> Verified {
        self.server.verify(&request.borrow()).await.unwrap()
    }

    /// The answer to a request that must be refused.
    pub(crate) async fn refused(&self, request: &Request) -> Rejection {
        self.server.verify(&request.borrow()).await.unwrap_err()
    }

    /// The nonce that a proof with an unknown one is answered with.
    pub(crate) async fn nonce(&self) -> String {
        let rejection = self.refused(&self.with_proof(|proof| proof.nonce("unknown"))).await;
        header(&rejection, "dpop-nonce").unwrap()
    }
}

/// The decision of any server.
pub(crate) async fn decide(server: &ResourceServer, request: &Request) -> Result<(), Error> {
    server.verify(&request.borrow()).await.map(|_verified| ()).map_err(|rejection| rejection.error().clone())
}

/// The one field line of this name, if there is one.
pub(crate) fn header(rejection: &Rejection, name: &str) -> Option<String> {
    let lines = headers(rejection, name);
    assert!(lines.len() <= 1, "{lines:?}");
    lines.into_iter().next()
}

/// All field lines of this name.
pub(crate) fn headers(rejection: &Rejection, name: &str) -> Vec<String> {
    rejection.headers().filter(|(own, _)| *own == name).map(|(_, value)| value.to_owned()).collect()
}

/// Who takes part before there is a server.
struct Parties {
    clock: ManualClock,
    issuer: TestIssuer,
    client: TestClient,
}

impl Parties {
    fn new() -> Self {
        let clock = ManualClock::at(UnixTime::from_secs(1_750_000_000));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        Self {
            issuer: TestIssuer::new(ISSUER).with_clock(Arc::clone(&shared)),
            client: TestClient::new().with_clock(shared),
            clock,
        }
    }

    fn builder_without_issuer(&self) -> ResourceServerBuilder {
        ResourceServer::builder()
            .public_url(API)
            .audience(API)
            .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
            .clock(Arc::new(self.clock.clone()))
    }

    fn builder(&self) -> ResourceServerBuilder {
        self.builder_without_issuer().issuer(Issuer::new(ISSUER).with_key_set(self.issuer.jwks()))
    }
}

impl Request {
    /// `GET /records` with this token and this proof.
    pub(crate) fn dpop(token: &str, proof: impl Into<String>) -> Self {
        Self { dpop: vec![proof.into()], ..Self::with_authorization([format!("DPoP {token}")]) }
    }

    /// `GET /records` with this token as Bearer.
    pub(crate) fn bearer(token: &str) -> Self {
        Self::with_authorization([format!("Bearer {token}")])
    }

    /// `GET /records` with these `Authorization` field lines.
    pub(crate) fn with_authorization(lines: impl IntoIterator<Item = String>) -> Self {
        Self {
            method: "GET".to_owned(),
            path: "/records".to_owned(),
            query: None,
            authorization: lines.into_iter().collect(),
            dpop: Vec::new(),
            certificate: None,
            interaction_id: Vec::new(),
        }
    }

    /// `GET /records` without credentials.
    pub(crate) fn without_credentials() -> Self {
        Self::with_authorization([])
    }

    pub(crate) fn method(self, method: &str) -> Self {
        Self { method: method.to_owned(), ..self }
    }

    pub(crate) fn path(self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self }
    }

    pub(crate) fn query(self, query: &str) -> Self {
        Self { query: Some(query.to_owned()), ..self }
    }

    pub(crate) fn certificate(self, der: &[u8]) -> Self {
        Self { certificate: Some(der.to_vec()), ..self }
    }

    /// With another `x-fapi-interaction-id` field line.
    pub(crate) fn interaction_id(mut self, value: &str) -> Self {
        self.interaction_id.push(value.to_owned());
        self
    }

    pub(crate) fn borrow(&self) -> ResourceRequest<'_> {
        ResourceRequest::new(&self.method, &self.path, self.query.as_deref())
            .with_authorization(self.authorization.iter().map(String::as_bytes).collect())
            .with_dpop(self.dpop.iter().map(String::as_bytes).collect())
            .with_interaction_id(self.interaction_id.iter().map(String::as_bytes).collect())
            .with_peer_certificate(self.certificate.as_deref())
    }
}
