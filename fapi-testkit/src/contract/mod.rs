//! The contract of a resource server: requests, and the exact answers that every adapter must give.
//!
//! The answers are written out here as text, not computed by the code under test. The core, `fapi-tower` and
//! `fapi-actix` run the same table, and each must give the same status and the same header fields, byte for byte.

mod cases;
mod interaction_ids;
mod proxies;
mod routes;

use std::sync::Arc;
use std::time::Duration;

use fapi_core::{
    HttpClient, HttpError, HttpResponse, InteractionIdPolicy, Issuer, Peer, Requirement, ResourceServer,
    ResourceServerBuilder,
};

use crate::{ManualClock, Scenario, TestCertificate, TestClient, TestIssuer};

/// The header fields of an answer that the contract covers, in the order in which it lists them.
pub const COVERED_HEADERS: [&str; 5] =
    ["www-authenticate", "dpop-nonce", "cache-control", "x-fapi-interaction-id", SEEN_BY_HANDLER];

/// The field in which a handler answers which of [`ECHOED_HEADERS`] its request has, see [`Contract`].
pub const SEEN_BY_HANDLER: &str = "x-seen-by-handler";

/// The fields of requests of which handlers tell whether they have seen them.
pub const ECHOED_HEADERS: [&str; 6] = [
    "client-cert",
    "client-cert-chain",
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-prefix",
    "x-forwarded-proto",
];

/// Stands for any nonce in [`Expected::headers`].
pub const ANY_NONCE: &str = "<nonce>";

/// Stands for a random UUID that is not the request's in [`Expected::headers`].
pub const ANY_UUID: &str = "<uuid>";

/// One request and the answer it must get.
#[derive(Clone, Debug)]
pub struct ContractCase {
    /// What is special about the request.
    pub name: &'static str,
    /// What is sent.
    pub request: TestRequest,
    /// What must come back.
    pub expected: Expected,
}

/// A request, for any framework to build.
#[derive(Clone, Debug)]
pub struct TestRequest {
    /// The method.
    pub method: &'static str,
    /// The request-target: path and query.
    pub target: &'static str,
    /// The header fields, in order; names may repeat.
    pub headers: Vec<(&'static str, String)>,
    /// The client certificate (DER) of the connection.
    pub certificate: Option<Vec<u8>>,
    /// Who is at the other end of the connection.
    pub peer: Peer,
}

/// An answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Expected {
    /// The status code.
    pub status: u16,
    /// Every field of [`COVERED_HEADERS`], in order.
    pub headers: Vec<(String, String)>,
}

impl Expected {
    /// Reduces an answer to what the contract covers: `headers` are all of its fields, names in lower case.
    #[must_use]
    pub fn from_answer<'n, 'v>(status: u16, headers: impl IntoIterator<Item = (&'n str, &'v str)>) -> Self {
        let all: Vec<_> = headers.into_iter().collect();
        let covered = COVERED_HEADERS.iter().flat_map(|name| all.iter().filter(move |(own, _)| own == name));
        let headers = covered.map(|(name, value)| {
            let value = match *name {
                "dpop-nonce" => mask_nonce(value),
                "x-fapi-interaction-id" => interaction_ids::mask(value),
                _ => (*value).to_owned(),
            };
            ((*name).to_owned(), value)
        });
        let headers = headers.collect();
        Self { status, headers }
    }
}

/// R63: a nonce is any non-empty text of the permitted characters; another text is shown as it is, and fails.
fn mask_nonce(value: &str) -> String {
    let nonce =
        !value.is_empty() && value.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    if nonce { ANY_NONCE.to_owned() } else { value.to_owned() }
}

/// A resource server and the requests to put to it, in order.
///
/// The API under test has this server's layer around everything. `GET /records` and `POST /records` answer 200 to every
/// token; each of `routes` requires more. Handlers set no headers but [`SEEN_BY_HANDLER`], once for each of
/// [`ECHOED_HEADERS`] that their request has, with its name.
#[derive(Debug)]
pub struct Contract {
    /// The server. Its clock stands still.
    pub server: ResourceServer,
    /// The paths that require more of a token than its validity.
    pub routes: Vec<(&'static str, Requirement)>,
    /// The requests: later ones replay proofs of earlier ones.
    pub cases: Vec<ContractCase>,
}

/// Everybody who takes part.
struct World {
    method: &'static str,
    clock: ManualClock,
    issuer: TestIssuer,
    client: TestClient,
    thief: TestClient,
    certificate: TestCertificate,
    other_certificate: TestCertificate,
}

/// The URL of the API under test, which is also its audience.
pub const PUBLIC_URL: &str = Scenario::PUBLIC_URL;
/// An issuer that is trusted and cannot be reached.
const UNREACHABLE_ISSUER: &str = "https://down.example.com";
/// The server was built this long before the requests: longer than a proof is accepted ahead of time, so that the replay
/// store can vouch for proofs of the present, and no longer than a proof is accepted, so that it cannot for some.
const UPTIME: Duration = Duration::from_secs(60);

impl Contract {
    /// A new server, with new keys and no memory.
    ///
    /// # Panics
    /// If the server cannot be built.
    #[must_use]
    pub fn new() -> Self {
        Self::with_method("GET")
    }

    /// The same with this method for most requests, such as `POST` for gRPC. The API under test answers it on every route.
    ///
    /// # Panics
    /// If the server cannot be built.
    #[must_use]
    pub fn with_method(method: &'static str) -> Self {
        Self::under(method, echoing, cases::all)
    }

    /// This contract, those of servers with the other policies about `x-fapi-interaction-id`, and those of servers behind a
    /// proxy.
    ///
    /// # Panics
    /// If a server cannot be built.
    #[must_use]
    pub fn all(method: &'static str) -> Vec<Self> {
        vec![
            Self::with_method(method),
            Self::under(method, |it| it.interaction_id(InteractionIdPolicy::Off), interaction_ids::ignored),
            Self::under(method, |it| it.interaction_id(InteractionIdPolicy::Make), interaction_ids::made),
            Self::under(
                method,
                |it| it.interaction_id(InteractionIdPolicy::Require),
                interaction_ids::required,
            ),
            Self::under(method, proxies::with_x_forwarded, proxies::x_forwarded),
            Self::under(method, proxies::with_forwarded, proxies::forwarded),
        ]
    }

    fn under(
        method: &'static str,
        configure: fn(ResourceServerBuilder) -> ResourceServerBuilder,
        cases: fn(&World) -> Vec<ContractCase>,
    ) -> Self {
        let Scenario { clock, issuer, client, certificate, server } = Scenario::just_started(|builder| {
            configure(builder.issuer(Issuer::new(UNREACHABLE_ISSUER)).http_client(Arc::new(NoNetwork)))
        });
        let thief = TestClient::new().with_clock(Arc::new(clock.clone()));
        let other_certificate = TestCertificate::generate();
        let world = World { method, clock, issuer, client, thief, certificate, other_certificate };
        world.clock.advance(UPTIME);
        Self { server, routes: routes::all(), cases: cases(&world) }
    }
}

fn echoing(builder: ResourceServerBuilder) -> ResourceServerBuilder {
    builder.interaction_id(InteractionIdPolicy::Echo)
}

impl Default for Contract {
    fn default() -> Self {
        Self::new()
    }
}

/// Reaches nobody.
#[derive(Debug)]
struct NoNetwork;

#[async_trait::async_trait]
impl HttpClient for NoNetwork {
    async fn get(&self, _url: &str, _accept: &str) -> Result<HttpResponse, HttpError> {
        Err(HttpError::TimedOut)
    }
}
