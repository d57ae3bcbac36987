//! A resource server and its issuer over days: outages, rotated and withdrawn keys, at exact times (R118, R119, P34, P36,
//! P37, P39, P46).
#![cfg(feature = "aws-lc-rs")]
#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fapi_core::{
    Clock, Error, FieldLines, HttpClient, HttpError, HttpResponse, Issuer, ResourceRequest, ResourceServer,
    UnixTime,
};
use fapi_testkit::{ManualClock, SigningKey, TestClient, TestIssuer, TokenBuilder};
use serde_json::json;

const API: &str = "https://api.example.com";
const ISSUER: &str = "https://as.example.com";
const METADATA_URL: &str = "https://as.example.com/.well-known/oauth-authorization-server";
const JWKS_URI: &str = "https://as.example.com/jwks";
/// Long enough after its start for the replay store to vouch for every proof.
const UPTIME: Duration = Duration::from_secs(120);
const COOL_DOWN: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3600);

/// The issuer as it is reached: what it publishes, or nothing.
#[derive(Debug, Default)]
struct Network {
    jwks: Mutex<Option<String>>,
    fetches: Mutex<usize>,
}

#[async_trait]
impl HttpClient for Network {
    async fn get(&self, url: &str, _accept: &str) -> Result<HttpResponse, HttpError> {
        let jwks = self.jwks.lock().unwrap().clone();
        if url == METADATA_URL {
            *self.fetches.lock().unwrap() += 1;
        }
        let jwks = jwks.ok_or_else(|| HttpError::Connection("refused".into()))?;
        let metadata = json!({"issuer": ISSUER, "jwks_uri": JWKS_URI}).to_string();
        Ok(match url {
            METADATA_URL => HttpResponse::new(200, metadata),
            JWKS_URI => HttpResponse::new(200, jwks),
            _ => HttpResponse::new(404, ""),
        })
    }
}

/// An API, its issuer, which is out of reach at first, and a client.
struct World {
    clock: ManualClock,
    network: Arc<Network>,
    issuer: TestIssuer,
    client: TestClient,
    server: ResourceServer,
}

impl World {
    fn new() -> Self {
        let clock = ManualClock::at(UnixTime::from_secs(1_750_000_000));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let network = Arc::<Network>::default();
        let server = ResourceServer::builder()
            .public_url(API)
            .audience(API)
            .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(
                7 * 24 * 3600,
            )))
            .issuer(Issuer::new(ISSUER))
            .http_client(Arc::clone(&network) as _)
            .clock(Arc::clone(&shared))
            .build()
            .unwrap();
        clock.advance(UPTIME);
        let issuer = TestIssuer::new(ISSUER).with_clock(Arc::clone(&shared));
        Self { clock, network, issuer, client: TestClient::new().with_clock(shared), server }
    }

    /// A world in which the keys were loaded.
    async fn loaded() -> Self {
        let world = Self::new();
        world.publish(world.issuer.jwks());
        assert_eq!(world.call(world.token()).await, Ok(()));
        world
    }

    fn publish(&self, jwks: String) {
        *self.network.jwks.lock().unwrap() = Some(jwks);
    }

    fn go_down(&self) {
        *self.network.jwks.lock().unwrap() = None;
    }

    fn fetches(&self) -> usize {
        *self.network.fetches.lock().unwrap()
    }

    /// A valid token of this moment.
    fn token(&self) -> TokenBuilder {
        self.issuer.token().bound_to(&self.client)
    }

    /// The server's decision about a request with this token.
    async fn call(&self, token: TokenBuilder) -> Result<(), Error> {
        let token = token.sign();
        let proof = self.client.proof("GET", "https://api.example.com/records").access_token(&token).sign();
        let authorization = format!("DPoP {token}");
        let request = ResourceRequest::new("GET", "/records", None)
            .with_authorization(FieldLines::One(authorization.as_bytes()))
            .with_dpop(FieldLines::One(proof.as_bytes()));
        let decision = self.server.verify(&request).await;
        decision.map(|_verified| ()).map_err(|rejection| {
            let unchecked = *rejection.error() == Error::KeysUnavailable;
            assert_eq!(rejection.status(), if unchecked { 503 } else { 401 });
            rejection.error().clone()
        })
    }
}

/// A key set of one key with this `kid`, or without any.
fn published(key: &SigningKey, kid: Option<&str>) -> String {
    let jwk = kid.map_or_else(|| key.public_jwk(), |kid| key.published_jwk(kid));
    json!({"keys": [jwk]}).to_string()
}

// P37, P39: out of reach at the start is 503, and one cool-down after the issuer came up it is 200, without a restart.
#[tokio::test]
async fn an_issuer_that_comes_up_late_is_found() {
    let world = World::new();
    assert_eq!(world.server.load_keys().await, Err(vec![ISSUER.to_owned()]));
    assert_eq!(world.call(world.token()).await, Err(Error::KeysUnavailable));
    world.publish(world.issuer.jwks());
    assert_eq!(world.call(world.token()).await, Err(Error::KeysUnavailable));
    world.clock.advance(COOL_DOWN);
    assert_eq!(world.call(world.token()).await, Ok(()));
    assert_eq!(world.fetches(), 2);
}

// R118, P37: a rotated key works one cool-down after the last fetch at the latest; until then its kid is unknown, which
// is an answer (P34).
#[tokio::test]
async fn a_rotated_key_is_accepted_within_a_cool_down() {
    let world = World::loaded().await;
    world.issuer.rotate_keys();
    world.publish(world.issuer.jwks());
    assert_eq!(world.call(world.token()).await, Err(Error::TokenKeyUnknown));
    world.clock.advance(COOL_DOWN);
    assert_eq!(world.call(world.token()).await, Ok(()));
    assert_eq!(world.fetches(), 2);
}

// R118, P46: keys that are known serve through an outage of a day, and then no longer; an unknown kid is 503 throughout.
#[tokio::test]
async fn an_outage_is_survived_for_a_day() {
    let world = World::loaded().await;
    let stranger = SigningKey::generate(world.issuer.key().algorithm());
    world.go_down();
    for _ in 0..24 {
        world.clock.advance(HOUR);
        assert_eq!(world.call(world.token()).await, Ok(()));
        let unknown = world.token().header("kid", stranger.thumbprint()).signed_by(&stranger);
        assert_eq!(world.call(unknown).await, Err(Error::KeysUnavailable));
    }
    world.clock.advance(Duration::from_secs(600));
    assert_eq!(world.call(world.token()).await, Err(Error::KeysUnavailable));
    world.publish(world.issuer.jwks());
    world.clock.advance(COOL_DOWN);
    assert_eq!(world.call(world.token()).await, Ok(()));
}

/// Lets a fetch in the background come to its end.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

// R118, P46: a key that was withdrawn while the server slept is trusted until the first call's fetch is over, remembered
// token or not: no call waits for it (R120).
#[tokio::test]
async fn a_key_withdrawn_in_an_idle_night_is_refused() {
    let world = World::loaded().await;
    let long_lived = world.token().lifetime(24 * HOUR);
    assert_eq!(world.call(long_lived.clone()).await, Ok(()));
    world.issuer.rotate_keys();
    world.publish(world.issuer.jwks());
    world.clock.advance(8 * HOUR);
    assert_eq!(world.call(long_lived.clone()).await, Ok(()));
    settle().await;
    assert_eq!(world.call(long_lived).await, Err(Error::TokenKeyUnknown));
    assert_eq!(world.call(world.token()).await, Ok(()));
    assert_eq!(world.fetches(), 2);
}

// R118, P36: an issuer that withdraws its only key is believed; unusable keys are not a reason to keep it.
#[tokio::test]
async fn an_empty_key_set_withdraws_the_key() {
    for empty in [r#"{"keys":[]}"#, r#"{"keys":[{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}]}"#] {
        let world = World::loaded().await;
        world.publish(empty.to_owned());
        world.clock.advance(Duration::from_secs(700));
        assert_eq!(world.call(world.token()).await, Ok(()));
        settle().await;
        assert_eq!(world.call(world.token()).await, Err(Error::TokenKeyUnknown));
        world.publish(world.issuer.jwks());
        world.clock.advance(COOL_DOWN);
        assert_eq!(world.call(world.token()).await, Ok(()));
    }
}

// R118, R119, R120: a key that was replaced under the same kid is found by its first token, which does not wait for it, and
// counts for the next; without a kid, it counts at once.
#[tokio::test]
async fn a_key_rotated_under_the_same_kid_is_found() {
    for kid in [Some("always the same"), None] {
        let world = World::new();
        let token = || match kid {
            Some(kid) => world.token().header("kid", kid),
            None => world.token().without_header("kid"),
        };
        world.publish(published(&world.issuer.key(), kid));
        assert_eq!(world.call(token()).await, Ok(()));
        let old_key = world.issuer.key();
        world.issuer.rotate_keys();
        world.publish(published(&world.issuer.key(), kid));
        assert_eq!(world.call(token()).await, Err(Error::TokenSignature));
        world.clock.advance(COOL_DOWN);
        let first = kid.map_or(Ok(()), |_named| Err(Error::TokenSignature));
        assert_eq!(world.call(token()).await, first, "{kid:?}");
        settle().await;
        assert_eq!(world.call(token()).await, Ok(()), "{kid:?}");
        assert_eq!(world.call(token().signed_by(&old_key)).await, Err(Error::TokenSignature));
        assert_eq!(world.fetches(), 2);
    }
}

// R118, P34: forged signatures cost the issuer one fetch for each cool-down, and never turn into a 503.
#[tokio::test]
async fn forged_signatures_drive_no_fetches() {
    let world = World::loaded().await;
    let stranger = SigningKey::generate(world.issuer.key().algorithm());
    world.clock.advance(COOL_DOWN);
    for _ in 0..100 {
        assert_eq!(world.call(world.token().signed_by(&stranger)).await, Err(Error::TokenSignature));
    }
    settle().await;
    assert_eq!(world.fetches(), 2);
    world.go_down();
    world.clock.advance(COOL_DOWN);
    assert_eq!(world.call(world.token().signed_by(&stranger)).await, Err(Error::TokenSignature));
    settle().await;
    assert_eq!(world.call(world.token()).await, Ok(()));
    assert_eq!(world.fetches(), 3);
}
