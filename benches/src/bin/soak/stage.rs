//! Who takes part: an API, an issuer that will fail and rotates its keys, one that will fail and withdraws tokens, one that
//! does neither, and what is known of them.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::Poll;
use std::time::{Duration, Instant};

use fapi_core::{
    ClientAuthentication, Clock, Error, FieldLines, Introspection, Issuer, ResourceRequest, ResourceServer,
    Revocation, SecurityEvents, StatusListPolicy, UnixTime,
};
use fapi_testkit::{Fault, IssuerServer, RegisteredClient, TestClient, TestIssuer, TokenBuilder};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use crate::clock::{FastClock, outside};

const API: &str = "https://api.example.com";
const RECORDS: &str = "https://api.example.com/records";
/// Least time between two fetches of the server under test.
const COOL_DOWN: Duration = Duration::from_secs(30);
/// Of the tokens: longer than a soak, whose time runs faster.
const LIFETIME: Duration = Duration::from_secs(12 * 3600);
/// How long what the API has learned of a token's revocation counts, by its clock.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(10);
/// How long a decision may take outside: as two fetches that hang, and a little for a busy machine.
const LONGEST_DECISION: Duration = Duration::from_secs(12);
/// For how long an issuer that has failed is left alone when it is asked about tokens or for a status list.
const PAUSE: Duration = Duration::from_secs(5);
/// This API, at the issuer that it asks.
const CLIENT: (&str, &str) = ("api", "secret");
/// What that issuer sends with its events.
const EVENTS_AUTHORIZATION: &[u8] = b"Bearer secret";
/// How long a fetch may take, outside, and how long the scheduler may.
const FETCH_TIME: Duration = Duration::from_secs(5);
const SLACK: Duration = Duration::from_millis(1500);

/// What came of a request.
pub(crate) struct Decision {
    pub(crate) answer: Result<(), Error>,
    /// Whether it had to wait for anything: the decision was not there at once, however busy this machine is.
    pub(crate) waited: bool,
}

pub(crate) struct Stage {
    pub(crate) failing: IssuerServer,
    /// It fails as the first one does, and withdraws tokens: opaque ones, those on its status list, and by events.
    pub(crate) asked: IssuerServer,
    pub(crate) reliable: IssuerServer,
    pub(crate) client: TestClient,
    clock: Arc<dyn Clock>,
    server: ResourceServer,
    /// How often the failing issuer has replaced its key.
    rotations: AtomicU64,
    /// Held while a token is made, and while the key is replaced.
    minting: RwLock<()>,
    /// The number of rotations before the newest key that was ever accepted, plus one.
    accepted: AtomicU64,
    state: Mutex<State>,
}

/// Since when what is so.
#[derive(Clone, Copy)]
struct State {
    rotated: Instant,
    fault: Option<Fault>,
    since: Instant,
}

/// What must come of a good token now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Expected {
    /// Its key is known, or must have been found by now.
    Accepted,
    /// Its key is new, and the issuer has been out of order for longer than a cool-down: it could not be checked.
    NotRefused,
    /// Its key is new: it may be unknown yet.
    Anything,
}

impl Stage {
    pub(crate) async fn set() -> Arc<Self> {
        let clock: Arc<dyn Clock> = Arc::new(FastClock::start());
        let issuer = || TestIssuer::new("").with_clock(Arc::clone(&clock));
        let (failing, reliable) = (issuer().serve(), issuer().serve());
        let asked = issuer().with_client(RegisteredClient::client_secret_basic(CLIENT.0, CLIENT.1)).serve();
        let server = server([&failing, &reliable], &asked, &clock);
        // Until the replay store can vouch for every proof.
        sleep(outside(Duration::from_secs(120))).await;
        server.load_keys().await.expect("all issuers are up");
        let now = Instant::now();
        Arc::new(Self {
            failing,
            asked,
            reliable,
            client: TestClient::new().with_clock(Arc::clone(&clock)),
            clock,
            server,
            rotations: AtomicU64::new(0),
            minting: RwLock::new(()),
            accepted: AtomicU64::new(1),
            state: Mutex::new(State { rotated: now, fault: None, since: now }),
        })
    }

    /// The failing issuer replaces its key, at once and without notice.
    pub(crate) fn rotate(&self) {
        // Nobody mints meanwhile: a token of the old key, taken for one of the new, would make the new one seem known.
        let _minting = self.minting.write().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.rotations.fetch_add(1, SeqCst);
        self.failing.issuer().rotate_keys();
        state.rotated = Instant::now();
    }

    /// A good token of the failing issuer, and after how many rotations its key became the newest.
    pub(crate) fn mint(&self) -> (u64, String) {
        let _minting = self.minting.read().unwrap_or_else(PoisonError::into_inner);
        (self.rotations(), self.token_of(self.failing.issuer()))
    }

    /// A good token.
    pub(crate) fn token_of(&self, issuer: &TestIssuer) -> String {
        self.mint_by(issuer).sign()
    }

    pub(crate) fn mint_by(&self, issuer: &TestIssuer) -> TokenBuilder {
        issuer.token().bound_to(&self.client).lifetime(LIFETIME)
    }

    pub(crate) fn set_fault(&self, fault: Option<Fault>) {
        // Held meanwhile, so that nobody takes for sound who has just failed.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for issuer in [&self.failing, &self.asked] {
            match fault {
                Some(fault) => issuer.set_fault(fault),
                None => issuer.clear_fault(),
            }
        }
        (state.fault, state.since) = (fault, Instant::now());
    }

    /// Whether the issuer that is asked has been sound for so long that it answers.
    pub(crate) fn is_sound(&self) -> bool {
        let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.fault.is_none() && state.since.elapsed() > outside(PAUSE) + SLACK
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// How often the key was replaced until now; the same before and after an answer means: not in between.
    pub(crate) fn rotations(&self) -> u64 {
        self.rotations.load(SeqCst)
    }

    /// Whether a token under the key after this many rotations was accepted before.
    pub(crate) fn is_known(&self, rotations: u64) -> bool {
        self.accepted.load(SeqCst) > rotations
    }

    pub(crate) fn was_accepted(&self, rotations: u64) {
        self.accepted.fetch_max(rotations + 1, SeqCst);
    }

    /// What must come of a token under the newest key, after this many rotations.
    pub(crate) fn expected(&self, rotations: u64) -> Expected {
        if self.is_known(rotations) {
            return Expected::Accepted;
        }
        let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let cool_down = outside(COOL_DOWN) + SLACK;
        match state.fault {
            None if state.since.max(state.rotated).elapsed() > cool_down => Expected::Accepted,
            Some(_) if state.since.elapsed() > cool_down + FETCH_TIME => Expected::NotRefused,
            _ => Expected::Anything,
        }
    }

    /// A new proof for this token.
    pub(crate) fn proof(&self, token: &str) -> String {
        self.client.proof("GET", RECORDS).access_token(token).sign()
    }

    /// The server's decision about a request.
    pub(crate) async fn decide(&self, token: &str, proof: &str) -> Decision {
        // A decision from memory never waits, and others want to go on, too.
        yield_now().await;
        let authorization = format!("DPoP {token}");
        let request = ResourceRequest::new("GET", "/records", None)
            .with_authorization(FieldLines::One(authorization.as_bytes()))
            .with_dpop(FieldLines::One(proof.as_bytes()));
        let mut deciding = pin!(self.server.verify(&request));
        let first = poll_fn(|context| Poll::Ready(deciding.as_mut().poll(context))).await;
        let waited = first.is_pending();
        let answer = match first {
            Poll::Ready(answer) => answer,
            Poll::Pending => timeout(LONGEST_DECISION, deciding).await.expect("a decision in bounded time"),
        };
        Decision { answer: answer.map(drop).map_err(|rejection| rejection.error().clone()), waited }
    }

    /// The status of the answer to an event of the issuer that is asked.
    pub(crate) async fn push(&self, set: &str) -> u16 {
        let media_type = Some(&b"application/secevent+jwt"[..]);
        let answer =
            self.server.receive_security_event(media_type, Some(EVENTS_AUTHORIZATION), set.as_bytes());
        answer.await.status()
    }
}

fn server(by_keys: [&IssuerServer; 2], asked: &IssuerServer, clock: &Arc<dyn Clock>) -> ResourceServer {
    let authorization = String::from_utf8_lossy(EVENTS_AUTHORIZATION);
    let events = SecurityEvents::new(Issuer::new(asked.identifier()), API, authorization);
    let introspection = Introspection::new(ClientAuthentication::client_secret_basic(CLIENT.0, CLIENT.1))
        .with_max_age(MAX_AGE)
        .with_negative_age(Duration::from_secs(1));
    let builder = ResourceServer::builder()
        .public_url(API)
        .audience(API)
        .issuer(Issuer::new(asked.identifier()).with_introspection(introspection))
        .revocation(Revocation::max_token_lifetime(Duration::from_secs(24 * 3600)))
        .revocation(Revocation::status_list(StatusListPolicy::new().optional().with_max_age(MAX_AGE)))
        .revocation(Revocation::security_events(events))
        .allow_insecure_loopback(true)
        .clock(Arc::clone(clock));
    let builder = by_keys.iter().fold(builder, |builder, it| builder.issuer(Issuer::new(it.identifier())));
    builder.build().expect("a valid configuration")
}
