//! Who takes part: an API, an issuer that will fail, another that never does, and what is known of their keys.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use fapi_core::{Clock, Error, FieldLines, Issuer, ResourceRequest, ResourceServer, Revocation};
use fapi_testkit::{Fault, IssuerServer, TestClient, TestIssuer};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::clock::{FastClock, outside};

const API: &str = "https://api.example.com";
const RECORDS: &str = "https://api.example.com/records";
/// Least time between two fetches of the server under test.
const COOL_DOWN: Duration = Duration::from_secs(30);
/// Of the tokens: longer than a soak, whose time runs faster.
const LIFETIME: Duration = Duration::from_secs(12 * 3600);
/// How long a fetch may take, outside, and how long the scheduler may.
const FETCH_TIME: Duration = Duration::from_secs(5);
const SLACK: Duration = Duration::from_millis(1500);

pub(crate) struct Stage {
    pub(crate) failing: IssuerServer,
    pub(crate) reliable: IssuerServer,
    pub(crate) client: TestClient,
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
        let issuer = || TestIssuer::new("").with_clock(Arc::clone(&clock)).serve();
        let (failing, reliable) = (issuer(), issuer());
        let server = ResourceServer::builder()
            .public_url(API)
            .audience(API)
            .issuer(Issuer::new(failing.identifier()))
            .issuer(Issuer::new(reliable.identifier()))
            .revocation(Revocation::max_token_lifetime(Duration::from_secs(24 * 3600)))
            .allow_insecure_loopback(true)
            .clock(Arc::clone(&clock))
            .build()
            .expect("a valid configuration");
        // Until the replay store can vouch for every proof.
        sleep(outside(Duration::from_secs(120))).await;
        server.load_keys().await.expect("both issuers are up");
        let now = Instant::now();
        Arc::new(Self {
            failing,
            reliable,
            client: TestClient::new().with_clock(clock),
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
        issuer.token().bound_to(&self.client).lifetime(LIFETIME).sign()
    }

    pub(crate) fn set_fault(&self, fault: Option<Fault>) {
        match fault {
            Some(fault) => self.failing.set_fault(fault),
            None => self.failing.clear_fault(),
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.fault, state.since) = (fault, Instant::now());
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
    pub(crate) async fn decide(&self, token: &str, proof: &str) -> Result<(), Error> {
        // A decision from memory never waits, and others want to go on, too.
        yield_now().await;
        let authorization = format!("DPoP {token}");
        let request = ResourceRequest::new("GET", "/records", None)
            .with_authorization(FieldLines::One(authorization.as_bytes()))
            .with_dpop(FieldLines::One(proof.as_bytes()));
        self.server.verify(&request).await.map(|_verified| ()).map_err(|rejection| rejection.error().clone())
    }
}
