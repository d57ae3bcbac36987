//! An issuer over real sockets that fails in every way, and the numbers that a resource server must keep meanwhile (R104,
//! R118, R120, P34, P35, P36, P39).
#![cfg(all(feature = "aws-lc-rs", feature = "reqwest"))]
#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use fapi_core::{
    Clock, Error, FieldLines, Issuer, ResourceRequest, ResourceServer, Revocation, SystemClock, UnixTime,
};
use fapi_testkit::{Fault, IssuerServer, ManualClock, SigningKey, TestClient, TestIssuer, TokenBuilder};
use serde_json::json;

const API: &str = "https://api.example.com";
const COOL_DOWN: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3600);
/// How long a fetch may take; a request that waited for one would take as long.
const FETCH_TIME_LIMIT: Duration = Duration::from_secs(5);
/// How long an issuer takes that accepts connections and never answers.
const NEVER: Duration = HOUR;

struct World {
    clock: ManualClock,
    issuers: Vec<IssuerServer>,
    client: TestClient,
    server: ResourceServer,
}

impl World {
    /// An API that trusts this many issuers, whose keys it has not loaded yet.
    fn trusting(issuers: usize) -> Self {
        let clock = ManualClock::at(SystemClock.now());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        // Keys that nobody here knows what to do with are always among them.
        let tomorrow = json!({"kty": "AKP", "alg": "ML-DSA-44", "kid": "pq", "pub": "AA"});
        let serve = || {
            TestIssuer::new("").with_clock(Arc::clone(&shared)).also_publishing([tomorrow.clone()]).serve()
        };
        let issuers: Vec<_> = (0..issuers).map(|_| serve()).collect();
        let builder = ResourceServer::builder()
            .public_url(API)
            .audience(API)
            .revocation(Revocation::max_token_lifetime(48 * HOUR))
            .allow_insecure_loopback(true)
            .clock(Arc::clone(&shared));
        let builder =
            issuers.iter().fold(builder, |builder, issuer| builder.issuer(Issuer::new(issuer.identifier())));
        let server = builder.build().unwrap();
        // Long enough for the replay store to vouch for every proof.
        clock.advance(Duration::from_secs(120));
        Self { clock, issuers, client: TestClient::new().with_clock(shared), server }
    }

    /// An API and one issuer, whose keys it has.
    async fn loaded() -> Self {
        let world = Self::trusting(1);
        world.server.load_keys().await.unwrap();
        world
    }

    fn issuer(&self) -> &IssuerServer {
        &self.issuers[0]
    }

    fn token(&self) -> TokenBuilder {
        self.issuer().issuer().token().bound_to(&self.client)
    }

    /// A token that is signed by nobody, under a `kid` that nobody has.
    fn made_up(&self, kid: usize) -> String {
        self.token().header("kid", format!("made up {kid}")).sign_with(|_input| vec![7; 64])
    }

    async fn call(&self, token: TokenBuilder) -> Result<(), Error> {
        self.present(&token.sign()).await
    }

    async fn present(&self, token: &str) -> Result<(), Error> {
        let proof = self.client.proof("GET", "https://api.example.com/records").access_token(token).sign();
        let authorization = format!("DPoP {token}");
        let request = ResourceRequest::new("GET", "/records", None)
            .with_authorization(FieldLines::One(authorization.as_bytes()))
            .with_dpop(FieldLines::One(proof.as_bytes()));
        self.server.verify(&request).await.map(|_verified| ()).map_err(|rejection| {
            let unchecked = *rejection.error() == Error::KeysUnavailable;
            assert_eq!(rejection.status(), if unchecked { 503 } else { 401 });
            rejection.error().clone()
        })
    }
}

// R118, P34
#[tokio::test]
async fn ten_thousand_random_kids_cause_two_fetches() {
    let world = World::loaded().await;
    world.clock.advance(COOL_DOWN);
    for kid in 0..10_000 {
        assert_eq!(world.present(&world.made_up(kid)).await, Err(Error::TokenKeyUnknown));
    }
    assert!(world.issuer().jwks_fetches() <= 2, "{}", world.issuer().jwks_fetches());
    assert!(world.issuer().metadata_fetches() <= 2, "{}", world.issuer().metadata_fetches());
}

// R120, P35: two thousand requests with a known key are answered while one with an unknown key waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_that_never_answers_delays_no_known_key() {
    let world = Arc::new(World::loaded().await);
    world.issuer().set_fault(Fault::Slow(NEVER));
    world.clock.advance(COOL_DOWN);
    let unknown = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.present(&world.made_up(0)).await }
    });
    while world.issuer().metadata_fetches() < 2 {
        tokio::task::yield_now().await;
    }
    let known = world.token().sign();
    for _ in 0..1000 {
        assert_eq!(world.present(&known).await, Ok(()), "remembered");
        assert_eq!(world.call(world.token()).await, Ok(()), "new");
        if unknown.is_finished() {
            break;
        }
    }
    // P39: nobody knows whether there is such a key.
    assert_eq!(unknown.await.unwrap(), Err(Error::KeysUnavailable));
    // Also when the keys are due, which here is after a minute: the fetch hangs in the background.
    world.clock.advance(2 * COOL_DOWN);
    let start = Instant::now();
    assert_eq!(world.call(world.token()).await, Ok(()));
    assert!(start.elapsed() < FETCH_TIME_LIMIT, "{:?}", start.elapsed());
}

// R120: also when nothing was fetched for an hour, and with a forged signature.
#[tokio::test]
async fn an_hour_later_an_issuer_that_never_answers_delays_no_known_key() {
    let world = World::loaded().await;
    let forger = SigningKey::generate(world.issuer().issuer().key().algorithm());
    world.issuer().set_fault(Fault::Slow(NEVER));
    world.clock.advance(HOUR);
    let start = Instant::now();
    assert_eq!(world.call(world.token()).await, Ok(()));
    assert_eq!(world.call(world.token().signed_by(&forger)).await, Err(Error::TokenSignature));
    assert!(start.elapsed() < FETCH_TIME_LIMIT / 2, "{:?}", start.elapsed());
}

// R118: whatever kind of outage; and when the bound is over it is 503, not 401.
#[tokio::test]
async fn known_keys_pass_through_an_outage_of_an_hour_and_more() {
    for fault in [Fault::Down, Fault::Rubbish, Fault::WrongIssuer] {
        let world = World::loaded().await;
        let remembered = world.token().lifetime(48 * HOUR).sign();
        world.issuer().set_fault(fault);
        for _ in 0..24 {
            world.clock.advance(HOUR);
            assert_eq!(world.call(world.token()).await, Ok(()), "{fault:?}");
            assert_eq!(world.present(&remembered).await, Ok(()), "{fault:?}");
        }
        world.clock.advance(HOUR);
        assert_eq!(world.call(world.token()).await, Err(Error::KeysUnavailable), "{fault:?}");
        assert_eq!(world.present(&remembered).await, Err(Error::KeysUnavailable), "{fault:?}");
        world.issuer().clear_fault();
        world.clock.advance(COOL_DOWN);
        assert_eq!(world.call(world.token()).await, Ok(()), "{fault:?}");
    }
}

// R118, P36, P37: also in the middle of an outage, and always beside keys of a type that is not known here.
#[tokio::test]
async fn a_rotated_key_is_accepted_within_one_cool_down() {
    let world = World::loaded().await;
    world.issuer().issuer().rotate_keys();
    world.clock.advance(COOL_DOWN);
    assert_eq!(world.call(world.token()).await, Ok(()));
    world.issuer().issuer().rotate_keys();
    world.issuer().set_fault(Fault::Down);
    world.clock.advance(COOL_DOWN);
    assert_eq!(world.call(world.token()).await, Err(Error::KeysUnavailable));
    world.issuer().clear_fault();
    world.clock.advance(COOL_DOWN);
    assert_eq!(world.call(world.token()).await, Ok(()));
}

// R104, R120: an issuer that hangs delays no token of another, not even the first one of all.
#[tokio::test]
async fn issuers_do_not_wait_for_each_other() {
    let world = Arc::new(World::trusting(2));
    world.issuers[0].set_fault(Fault::Slow(NEVER));
    let hanging = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.call(world.token()).await }
    });
    while world.issuers[0].metadata_fetches() == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        let token = world.issuers[1].issuer().token().bound_to(&world.client);
        assert_eq!(world.call(token).await, Ok(()));
    }
    assert!(!hanging.is_finished());
    assert_eq!(hanging.await.unwrap(), Err(Error::KeysUnavailable));
}

// R118, R120: all keys are loaded at once at the start: several issuers that hang cost the time of one.
#[tokio::test]
async fn the_start_waits_for_all_issuers_at_once() {
    let world = World::trusting(3);
    for issuer in &world.issuers[..2] {
        issuer.set_fault(Fault::Slow(NEVER));
    }
    let start = Instant::now();
    let missing = world.server.load_keys().await.unwrap_err();
    assert!(start.elapsed() < 2 * FETCH_TIME_LIMIT, "{:?}", start.elapsed());
    let hanging: Vec<_> = world.issuers[..2].iter().map(|issuer| issuer.identifier().to_owned()).collect();
    assert_eq!(missing, hanging);
}

// R93, R118: no fault of the issuer makes a forged token good.
#[tokio::test]
async fn a_forged_token_is_refused_throughout() {
    let world = World::loaded().await;
    let forger = SigningKey::generate(world.issuer().issuer().key().algorithm());
    for fault in [None, Some(Fault::Down), Some(Fault::Rubbish), Some(Fault::WrongIssuer)] {
        match fault {
            Some(fault) => world.issuer().set_fault(fault),
            None => world.issuer().clear_fault(),
        }
        for time in [UnixTime::default(), SystemClock.now()] {
            world.clock.advance(COOL_DOWN);
            let token = world.token().claim("nbf", time.as_secs()).signed_by(&forger);
            assert_eq!(world.call(token).await, Err(Error::TokenSignature), "{fault:?}");
        }
    }
}
