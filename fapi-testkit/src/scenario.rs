//! One API, the issuer that it trusts, one client and a clock: where a test starts from, to change one thing.
//!
//! There is nothing of a framework in it: a test puts [`Scenario::server`] behind its own layer and sends the header
//! fields of [`Scenario::request`], or the parts of them that it has changed.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::{Clock, Issuer, ResourceServer, ResourceServerBuilder, Revocation, UnixTime};

use crate::{ManualClock, ProofBuilder, TestCertificate, TestClient, TestIssuer, TokenBuilder};

/// When the server starts.
const START: UnixTime = UnixTime::from_secs(1_750_000_000);
/// Longer than any proof is accepted, so that the server remembers every one that it has seen.
const UPTIME: Duration = Duration::from_secs(120);
/// Longer than any token of a test lives.
const MAX_TOKEN_LIFETIME: Duration = Duration::from_secs(3600);

/// An API with its issuer and its client, all of them by one clock that stands still.
///
/// Clones share the same time, keys and memory. Nothing crosses a network: the server was given the issuer's keys. It has been running for two minutes, so that it
/// asks for no nonce unless its policy is to.
///
/// ```
/// use fapi_core::{FieldLines, ResourceRequest};
/// use fapi_testkit::Scenario;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let scenario = Scenario::new();
/// let decide = async |fields: &[(&str, String)]| {
///     let lines = |wanted| fields.iter().filter(move |it| it.0 == wanted).map(|it| it.1.as_bytes());
///     let request = ResourceRequest::new("GET", "/records", None)
///         .with_authorization(lines("authorization").collect())
///         .with_dpop(lines("dpop").collect());
///     scenario.server.verify(&request).await.is_ok()
/// };
/// let fields = scenario.request("GET", "/records");
/// assert!(decide(&fields).await);
/// assert!(!decide(&fields).await, "the same proof again");
///
/// // Wrong in exactly one way: the proof is for another method.
/// let token = scenario.token().sign();
/// let proof = scenario.proof("GET", "/records", &token).claim("htm", "POST").sign();
/// assert!(!decide(&[("authorization", format!("DPoP {token}")), ("dpop", proof)]).await);
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Scenario {
    /// The time of everybody.
    pub clock: ManualClock,
    /// Who issues the tokens: [`Scenario::ISSUER`].
    pub issuer: TestIssuer,
    /// The rightful client.
    pub client: TestClient,
    /// The client's certificate, for mutual TLS.
    pub certificate: TestCertificate,
    /// What decides about requests to [`Scenario::PUBLIC_URL`].
    pub server: ResourceServer,
}

impl Scenario {
    /// The URL of the API, which is also its audience.
    pub const PUBLIC_URL: &'static str = "https://api.example.com";
    /// The identifier of the issuer.
    pub const ISSUER: &'static str = "https://as.example.com";

    /// A server with the default configuration.
    #[must_use]
    pub fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// A server that is configured further, or in another way.
    ///
    /// ```
    /// use fapi_core::NoncePolicy;
    /// use fapi_testkit::Scenario;
    ///
    /// let scenario = Scenario::with(|builder| builder.nonce(NoncePolicy::Required));
    /// # let _ = scenario.server;
    /// ```
    ///
    /// # Panics
    /// If the server cannot be built.
    #[must_use]
    pub fn with(configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder) -> Self {
        Self::just_started(configure).after_start()
    }

    /// A server in the moment of its start, when it cannot know which proofs were used before.
    ///
    /// # Panics
    /// If the server cannot be built.
    #[must_use]
    pub fn just_started(configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder) -> Self {
        Self::prepare(known, configure)
    }

    /// A server that knows its issuer in another way, such as by the URL of its key set, or trusts another one.
    ///
    /// # Panics
    /// If the server cannot be built.
    #[must_use]
    pub fn trusting(
        issuer: Issuer,
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> Self {
        Self::prepare(|_| issuer, configure).after_start()
    }

    /// A server whose tokens come from this issuer, such as one of another name or with another algorithm. The issuer's
    /// clock becomes that of everybody.
    ///
    /// # Panics
    /// If the server cannot be built.
    #[must_use]
    pub fn issued_by(
        issuer: TestIssuer,
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> Self {
        Self::prepare_with(issuer, known, configure).after_start()
    }

    fn prepare(
        trusted: impl FnOnce(&TestIssuer) -> Issuer,
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> Self {
        Self::prepare_with(TestIssuer::new(Self::ISSUER), trusted, configure)
    }

    fn prepare_with(
        issuer: TestIssuer,
        trusted: impl FnOnce(&TestIssuer) -> Issuer,
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> Self {
        let clock = ManualClock::at(START);
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let issuer = issuer.with_clock(Arc::clone(&shared));
        let client = TestClient::new().with_clock(shared);
        let server = build(&clock, trusted(&issuer), configure);
        Self { clock, issuer, client, certificate: TestCertificate::generate(), server }
    }

    fn after_start(self) -> Self {
        self.clock.advance(UPTIME);
        self
    }

    /// Another server for the same API that starts now: a second node, or the same one after a restart.
    ///
    /// # Panics
    /// If the server cannot be built.
    #[must_use]
    pub fn another_server(
        &self,
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> ResourceServer {
        build(&self.clock, known(&self.issuer), configure)
    }

    /// Somebody else, with a key of their own.
    #[must_use]
    pub fn another_client(&self) -> TestClient {
        TestClient::new().with_clock(Arc::new(self.clock.clone()))
    }

    /// A valid token of the client for this API, with the scope `records:read`.
    pub fn token(&self) -> TokenBuilder {
        self.issuer.token().audience(Self::PUBLIC_URL).scope("records:read").bound_to(&self.client)
    }

    /// A valid proof of the client for a request to this path with this token.
    pub fn proof(&self, method: &str, path: &str, token: &str) -> ProofBuilder {
        self.client.proof(method, &format!("{}{path}", Self::PUBLIC_URL)).access_token(token)
    }

    /// The header fields of a request that is right in every way: `authorization` and `dpop`.
    #[must_use]
    pub fn request(&self, method: &str, path: &str) -> [(&'static str, String); 2] {
        let token = self.token().sign();
        let proof = self.proof(method, path, &token).sign();
        [("authorization", format!("DPoP {token}")), ("dpop", proof)]
    }

    /// The time by the clock.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// The time so many seconds ago.
    #[must_use]
    pub fn ago(&self, seconds: u64) -> UnixTime {
        self.now().saturating_sub(Duration::from_secs(seconds))
    }

    /// The time in so many seconds.
    #[must_use]
    pub fn ahead(&self, seconds: u64) -> UnixTime {
        self.now().saturating_add(Duration::from_secs(seconds))
    }
}

impl Default for Scenario {
    fn default() -> Self {
        Self::new()
    }
}

/// The issuer, by the keys that it has now.
fn known(issuer: &TestIssuer) -> Issuer {
    Issuer::new(issuer.identifier()).with_key_set(issuer.jwks())
}

fn build(
    clock: &ManualClock,
    issuer: Issuer,
    configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
) -> ResourceServer {
    let builder = ResourceServer::builder()
        .public_url(Scenario::PUBLIC_URL)
        .audience(Scenario::PUBLIC_URL)
        .issuer(issuer)
        .revocation(Revocation::max_token_lifetime(MAX_TOKEN_LIFETIME))
        .clock(Arc::new(clock.clone()));
    configure(builder).build().expect("a valid configuration")
}
