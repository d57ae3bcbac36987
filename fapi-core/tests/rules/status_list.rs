//! Token Status List draft-20 (R132 to R136): a token is only as good as its status, and its list only as good as its
//! signature.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fapi_core::jose::Algorithm;
use fapi_core::{
    ConfigError, Error, HttpClient, HttpError, HttpResponse, Issuer, ResourceServer, Revocation,
    StatusListPolicy,
};
use fapi_testkit::{SigningKey, StatusListBuilder, TestIssuer};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::world::{API, ISSUER, Request, World};

const LIST: &str = "https://as.example.com/status-list";
const ELSEWHERE: &str = "https://status.example.net/status-list";
const INDEX: u64 = 7;

/// A network in which the issuer publishes its status list.
#[derive(Debug)]
struct Publisher {
    issuer: Mutex<Option<TestIssuer>>,
    fetches: Mutex<Vec<String>>,
    down: AtomicBool,
    /// Answers that may go out.
    answers: Semaphore,
}

impl Publisher {
    fn fetches(&self) -> usize {
        self.fetches.lock().unwrap().len()
    }

    fn set_down(&self, down: bool) {
        self.down.store(down, SeqCst);
    }
}

#[async_trait]
impl HttpClient for Publisher {
    async fn get(&self, url: &str, accept: &str) -> Result<HttpResponse, HttpError> {
        self.fetches.lock().unwrap().push(url.to_owned());
        self.answers.acquire().await.unwrap().forget();
        if self.down.load(SeqCst) {
            return Err(HttpError::TimedOut);
        }
        let request =
            fapi_testkit::http::Request::get(url).header("Accept", accept).body(Vec::new()).unwrap();
        let issuer = self.issuer.lock().unwrap().clone().unwrap();
        let response = issuer.respond(&request);
        Ok(HttpResponse::new(response.status().as_u16(), response.into_body()))
    }
}

fn world_with(policy: StatusListPolicy) -> (World, Arc<Publisher>) {
    let publisher = Arc::new(Publisher {
        issuer: Mutex::default(),
        fetches: Mutex::default(),
        down: AtomicBool::new(false),
        answers: Semaphore::new(10_000),
    });
    let world = World::with(|builder| {
        builder.http_client(Arc::clone(&publisher) as _).revocation(Revocation::status_list(policy))
    });
    *publisher.issuer.lock().unwrap() = Some(world.issuer.clone());
    (world, publisher)
}

fn world() -> (World, Arc<Publisher>) {
    world_with(StatusListPolicy::new())
}

/// The valid request, with a token whose status is in this list.
fn listed_in(world: &World, uri: &str, index: u64) -> Request {
    world.with_token(|token| token.status_list(uri, index))
}

fn listed(world: &World) -> Request {
    listed_in(world, LIST, INDEX)
}

/// The decision of a new server about a token of a list that is wrong in one way.
async fn with_list(
    change: impl Fn(StatusListBuilder) -> StatusListBuilder + Send + Sync + 'static,
) -> Result<(), Error> {
    let (world, _publisher) = world();
    world.issuer.change_status_list(change);
    world.verify(&listed(&world)).await
}

// R133, R135
#[tokio::test]
async fn only_a_valid_status_is_accepted() {
    for status in 0..=15 {
        let (world, _) = world();
        world.issuer.set_status(7, status);
        let expected = if status == 0 { Ok(()) } else { Err(Error::TokenRevoked) };
        assert_eq!(world.verify(&listed(&world)).await, expected, "{status}");
        // Its neighbours are not affected.
        for neighbour in [0, 6, 8, 1023] {
            assert_eq!(world.verify(&listed_in(&world, LIST, neighbour)).await, Ok(()), "{neighbour}");
        }
    }
}

// R135
#[tokio::test]
async fn a_revoked_token_is_answered_with_401() {
    let (world, _) = world();
    world.issuer.set_status(7, 1);
    let rejection = world.refused(&listed(&world)).await;
    assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
}

// R133, R4: the token says where its status is, unless the configuration does without.
#[tokio::test]
async fn a_token_without_status_is_refused() {
    let (strict, publisher) = world();
    assert_eq!(strict.verify(&strict.valid()).await, Err(Error::TokenStatusMissing));
    assert_eq!(strict.verify(&strict.mtls()).await, Err(Error::TokenStatusMissing));
    let rejection = strict.refused(&strict.valid()).await;
    assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
    assert_eq!(publisher.fetches(), 0);

    let (lax, _) = world_with(StatusListPolicy::new().optional());
    assert_eq!(lax.verify(&lax.valid()).await, Ok(()));
    // One that has a status is still held to it.
    lax.issuer.set_status(7, 1);
    assert_eq!(lax.verify(&listed(&lax)).await, Err(Error::TokenRevoked));
}

// R132
#[tokio::test]
async fn nothing_is_fetched_for_a_token_that_is_not_the_callers() {
    let (world, publisher) = world();
    let token = || world.token().status_list(LIST, INDEX);
    let expired = token().issued_at(world.ago(3600)).sign();
    let forged = token().with_flipped_signature().sign();
    let stolen = token().sign();
    let thief = world.another_client().proof("GET", &format!("{API}/records")).access_token(&stolen).sign();
    let bad_proof = world.proof(&stolen).with_flipped_signature().sign();
    for (request, refused) in [
        (Request::dpop(&expired, world.proof(&expired).sign()), "token_expired"),
        (Request::dpop(&forged, world.proof(&forged).sign()), "token_signature"),
        (Request::dpop(&stolen, thief), "key_binding"),
        (Request::dpop(&stolen, bad_proof), "dpop_proof_signature"),
        (Request::bearer(&stolen), "token_bound_sent_as_bearer"),
    ] {
        assert_eq!(world.verify(&request).await.unwrap_err().code(), refused);
    }
    assert_eq!(publisher.fetches(), 0);
    assert_eq!(world.verify(&listed(&world)).await, Ok(()));
    assert_eq!(publisher.fetches(), 1);
}

// R136
#[tokio::test]
async fn lists_are_fetched_from_allowed_origins_only() {
    let (world, publisher) = world();
    for uri in [
        ELSEWHERE,
        "http://as.example.com/status-list",
        "https://as.example.com:8443/status-list",
        "https://as.example.com.evil.example/status-list",
        "https://as.example.com@evil.example/status-list",
        "https://as.example.com\\@evil.example/status-list",
        "https://127.0.0.1/status-list",
        "//as.example.com/status-list",
        "/status-list",
        "file:///etc/passwd",
        "",
    ] {
        assert_eq!(
            world.verify(&listed_in(&world, uri, INDEX)).await,
            Err(Error::TokenStatusOrigin),
            "{uri}"
        );
    }
    let rejection = world.refused(&listed_in(&world, ELSEWHERE, INDEX)).await;
    assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
    assert_eq!(publisher.fetches(), 0);
}

// R136
#[tokio::test]
async fn an_origin_can_be_allowed() {
    let (world, publisher) =
        world_with(StatusListPolicy::new().with_origin(ISSUER, "https://status.example.net"));
    world.issuer.change_status_list(|list| list.claim("sub", ELSEWHERE));
    assert_eq!(world.verify(&listed_in(&world, ELSEWHERE, INDEX)).await, Ok(()));
    assert_eq!(*publisher.fetches.lock().unwrap(), [ELSEWHERE]);
    // The issuer's own stays allowed.
    world.issuer.change_status_list(|list| list.claim("sub", LIST));
    assert_eq!(world.verify(&listed(&world)).await, Ok(()));
}

// R134
#[tokio::test]
async fn a_list_that_does_not_verify_is_503() {
    let unavailable = Err(Error::RevocationUnavailable);
    assert_eq!(with_list(|list| list).await, Ok(()));
    assert_eq!(with_list(|list| list.header("typ", "application/statuslist+jwt")).await, Ok(()));
    assert_eq!(with_list(|list| list.header("typ", "JWT")).await, unavailable);
    assert_eq!(with_list(|list| list.header("typ", "at+jwt")).await, unavailable);
    assert_eq!(with_list(|list| list.without_header("typ")).await, unavailable);
    assert_eq!(with_list(|list| list.header("alg", "none")).await, unavailable);
    assert_eq!(with_list(|list| list.header("alg", "RS256")).await, unavailable);
    assert_eq!(with_list(|list| list.header("kid", "unknown")).await, unavailable);
    assert_eq!(with_list(StatusListBuilder::with_flipped_signature).await, unavailable);
    let other = SigningKey::generate(Algorithm::Es256);
    assert_eq!(with_list(move |list| list.signed_by(&other)).await, unavailable);
    assert_eq!(with_list(|list| list.raw_payload("{}")).await, unavailable);
}

// R134
#[tokio::test]
async fn the_claims_of_a_list_are_held() {
    let unavailable = Err(Error::RevocationUnavailable);
    assert_eq!(with_list(|list| list.without_claim("exp")).await, Ok(()));
    assert_eq!(with_list(|list| list.without_claim("ttl")).await, Ok(()));
    assert_eq!(with_list(|list| list.claim("sub", ELSEWHERE)).await, unavailable);
    assert_eq!(with_list(|list| list.without_claim("sub")).await, unavailable);
    assert_eq!(with_list(|list| list.without_claim("iat")).await, unavailable);
    assert_eq!(with_list(|list| list.lifetime(Duration::ZERO)).await, unavailable);
    assert_eq!(with_list(|list| list.claim("ttl", 0)).await, unavailable);
    assert_eq!(with_list(|list| list.claim("ttl", -1)).await, unavailable);
    let (world, _) = world();
    let early = world.ahead(61);
    world.issuer.change_status_list(move |list| list.issued_at(early));
    let rejection = world.refused(&listed(&world)).await;
    assert_eq!((rejection.error(), rejection.status()), (&Error::RevocationUnavailable, 503));
}

// R135, P13
#[tokio::test]
async fn a_list_that_cannot_be_read_is_503() {
    let unavailable = Err(Error::RevocationUnavailable);
    for bits in [1, 2, 4, 8] {
        assert_eq!(with_list(move |list| list.bits(bits)).await, Ok(()), "{bits}");
    }
    assert_eq!(
        with_list(|list| list.claim("status_list", json!({"bits": 3, "lst": "eNrbuRgAAhcBXQ"}))).await,
        unavailable
    );
    assert_eq!(with_list(|list| list.without_claim("status_list")).await, unavailable);
    assert_eq!(with_list(|list| list.compressed_bytes(&[0; 256])).await, unavailable);
    assert_eq!(with_list(|list| list.list_bytes(&vec![0; 8 << 20])).await, Ok(()));
    let bomb = vec![0; (8 << 20) + 1];
    assert_eq!(with_list(move |list| list.list_bytes(&bomb)).await, unavailable);
}

// R135
#[tokio::test]
async fn an_index_beyond_the_list_is_refused() {
    let (world, _) = world();
    assert_eq!(world.verify(&listed_in(&world, LIST, 1023)).await, Ok(()));
    assert_eq!(world.verify(&listed_in(&world, LIST, 1024)).await, Err(Error::TokenStatusIndex));
    assert_eq!(world.verify(&listed_in(&world, LIST, u64::MAX)).await, Err(Error::TokenStatusIndex));
    let rejection = world.refused(&listed_in(&world, LIST, 1024)).await;
    assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
}

// R133: what is not there is no list; a redirect is followed by nobody.
#[tokio::test]
async fn another_answer_than_200_is_503() {
    let (world, publisher) = world();
    for uri in ["https://as.example.com/nothing-here", "https://as.example.com/token"] {
        assert_eq!(world.verify(&listed_in(&world, uri, INDEX)).await, Err(Error::RevocationUnavailable));
    }
    assert_eq!(publisher.fetches(), 2);
}

// R134: kept for `ttl`, for the configured age, and until `exp`, whichever is first; 5 s at least, but never past `exp`.
#[tokio::test]
async fn a_list_is_kept_for_a_bounded_time() {
    let hour = Duration::from_secs(3600);
    for (time_to_live, max_age, lifetime, kept) in [
        (60, 3600, hour, 60),
        (3600, 60, hour, 60),
        (3600, 600, Duration::from_secs(90), 90),
        (1, 3600, hour, 5),
        (60, 1, hour, 5),
        (60, 60, Duration::from_secs(3), 3),
    ] {
        let policy = StatusListPolicy::new().with_max_age(Duration::from_secs(max_age));
        let (world, publisher) = world_with(policy);
        world.issuer.change_status_list(move |list| {
            list.lifetime(lifetime).time_to_live(Duration::from_secs(time_to_live))
        });
        assert_eq!(world.verify(&listed(&world)).await, Ok(()));
        world.issuer.set_status(7, 1);
        world.clock.advance(Duration::from_secs(kept) - Duration::from_millis(1));
        assert_eq!(world.verify(&listed(&world)).await, Ok(()), "{kept}");
        assert_eq!(publisher.fetches(), 1, "{kept}");
        world.clock.advance(Duration::from_millis(1));
        assert_eq!(world.verify(&listed(&world)).await, Err(Error::TokenRevoked), "{kept}");
        assert_eq!(publisher.fetches(), 2, "{kept}");
    }
}

// R134, P13: the last good list counts until its own bound is over, and then nothing does.
#[tokio::test]
async fn an_outage_is_survived_until_the_bound_and_not_longer() {
    let (world, publisher) = world();
    assert_eq!(world.verify(&listed(&world)).await, Ok(()));
    publisher.set_down(true);
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(world.verify(&listed(&world)).await, Ok(()));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.verify(&listed(&world)).await, Err(Error::RevocationUnavailable));
    publisher.set_down(false);
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(world.verify(&listed(&world)).await, Ok(()));
}

// R134, P34
#[tokio::test]
async fn a_failure_is_not_repeated_within_the_cool_down() {
    let (world, publisher) = world();
    publisher.set_down(true);
    for _ in 0..10 {
        assert_eq!(world.verify(&listed(&world)).await, Err(Error::RevocationUnavailable));
    }
    world.clock.advance(Duration::from_millis(4999));
    assert_eq!(world.verify(&listed(&world)).await, Err(Error::RevocationUnavailable));
    assert_eq!(publisher.fetches(), 1);
    publisher.set_down(false);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.verify(&listed(&world)).await, Ok(()));
    assert_eq!(publisher.fetches(), 2);
}

// R134, P34: also if the first of them hangs up.
#[tokio::test]
async fn many_requests_cause_one_fetch() {
    let (world, publisher) = world();
    publisher.answers.forget_permits(10_000);
    let world = Arc::new(world);
    let requests: Vec<_> = (0..20).map(|_| listed(&world)).collect();
    let mut tasks = requests.into_iter().map(|request| {
        let world = Arc::clone(&world);
        tokio::spawn(async move { world.verify(&request).await })
    });
    let first = tasks.next().unwrap();
    let others: Vec<_> = tasks.collect();
    while publisher.fetches() == 0 {
        tokio::task::yield_now().await;
    }
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    publisher.answers.add_permits(1);
    for other in others {
        assert_eq!(other.await.unwrap(), Ok(()));
    }
    assert_eq!(publisher.fetches(), 1);
}

// R134: however many lists tokens name, 64 are kept.
#[tokio::test]
async fn the_number_of_lists_is_bounded() {
    let (world, publisher) = world();
    let uri = |number: usize| format!("{LIST}?{number}");
    let ask = async |number| {
        let own = uri(number);
        world.issuer.change_status_list(move |list| list.claim("sub", own.as_str()));
        assert_eq!(world.verify(&listed_in(&world, &uri(number), INDEX)).await, Ok(()));
    };
    for number in 0..64 {
        ask(number).await;
    }
    ask(0).await;
    assert_eq!(publisher.fetches(), 64);
    ask(64).await;
    ask(0).await;
    assert_eq!(publisher.fetches(), 65);
    ask(1).await;
    assert_eq!(publisher.fetches(), 66);
}

// R136
#[test]
fn a_policy_that_means_nothing_is_an_error() {
    let build = |policy| {
        let built = ResourceServer::builder()
            .public_url(API)
            .audience(API)
            .issuer(Issuer::new(ISSUER))
            .revocation(Revocation::status_list(policy))
            .build();
        built.map(drop)
    };
    let policy = StatusListPolicy::new;
    assert_eq!(build(policy().with_origin(format!("{ISSUER}/"), "https://status.example.net:8443/")), Ok(()));
    let stranger = "https://other.example.com";
    assert_eq!(
        build(policy().with_origin(stranger, "https://status.example.net")),
        Err(ConfigError::StatusListIssuer(stranger.to_owned()))
    );
    for origin in ["status.example.net", "http://status.example.net", "https://status.example.net/lists", ""]
    {
        let expected = Err(ConfigError::StatusListOrigin(origin.to_owned()));
        assert_eq!(build(policy().with_origin(ISSUER, origin)), expected, "{origin}");
    }
    assert_eq!(build(policy().with_max_age(Duration::from_secs(3600))), Ok(()));
    assert_eq!(
        build(policy().with_max_age(Duration::from_millis(3_600_001))),
        Err(ConfigError::StatusListAge {
            value: Duration::from_millis(3_600_001),
            most: Duration::from_secs(3600)
        })
    );
}
