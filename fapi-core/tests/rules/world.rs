//! One API, one issuer, one client and one valid request, from which every test departs.

use std::ops::Deref;
use std::sync::Arc;

use fapi_core::jose::Algorithm;
use fapi_core::{
    Error, Introspection, Issuer, NonceSecret, Profile, Rejection, ReplayStore, ResourceRequest,
    ResourceServer, ResourceServerBuilder, Verified,
};
use fapi_testkit::{ProofBuilder, Scenario, TestIssuer, TokenBuilder};

use crate::authorization_server::AuthorizationServer;
use crate::fakes::{JWKS_URI, Network};

pub(crate) const API: &str = Scenario::PUBLIC_URL;
pub(crate) const ISSUER: &str = Scenario::ISSUER;

/// Everybody who takes part, and the requests of the core. The clock stands still until a test moves it.
pub(crate) struct World(Scenario);

impl Deref for World {
    type Target = Scenario;

    fn deref(&self) -> &Scenario {
        &self.0
    }
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
        Self(Scenario::new())
    }

    /// A server whose default configuration was changed.
    pub(crate) fn with(configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder) -> Self {
        Self(Scenario::with(configure))
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
        let scenario = Scenario::trusting(issuer, |builder| builder.http_client(Arc::clone(network) as _));
        network.publish(&scenario.issuer);
        Self(scenario)
    }

    /// A server that asks `server` about tokens, configured like this, and whose own configuration was changed.
    pub(crate) fn introspecting(
        server: &Arc<AuthorizationServer>,
        introspection: Introspection,
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> Self {
        let issuer = Issuer::new(ISSUER).with_introspection(introspection);
        let scenario =
            Scenario::trusting(issuer, |builder| configure(builder.http_client(Arc::clone(server) as _)));
        server.publish(&scenario.issuer);
        Self(scenario)
    }

    /// A server in the moment of its start.
    pub(crate) fn just_started(
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> Self {
        Self(Scenario::just_started(configure))
    }

    /// A server under `profile`, which trusts the issuer of this identifier and has this audience. The issuer signs with a
    /// key of this algorithm.
    pub(crate) fn under(
        profile: Profile,
        issuer: &str,
        algorithm: Algorithm,
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> Self {
        let configure = |builder: ResourceServerBuilder| configure(builder.profile(profile));
        Self(Scenario::issued_by(TestIssuer::new(issuer).with_algorithm(algorithm), configure))
    }

    /// A valid proof for `GET /records` with `token`.
    pub(crate) fn proof(&self, token: &str) -> ProofBuilder {
        self.0.proof("GET", "/records", token)
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
