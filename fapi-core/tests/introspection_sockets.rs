//! Opaque and revoked tokens over real sockets, with an issuer that is strict about who asks and that can fail (R78, R121,
//! R122, R124, R127, R130, R180).
#![cfg(all(feature = "aws-lc-rs", feature = "reqwest"))]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use fapi_core::crypto::AwsLcSigningKey;
use fapi_core::jose::Algorithm;
use fapi_core::{
    ClientAuthentication, Clock, Error, FieldLines, Introspection, Issuer, ReqwestClient, ResourceRequest,
    ResourceServer, ResourceServerBuilder, Revocation, SystemClock,
};
use fapi_testkit::{
    Endpoint, Fault, IssuerServer, ManualClock, RegisteredClient, SigningKey, TestCertificate, TestClient,
    TestIssuer, TokenBuilder,
};

const API: &str = "https://api.example.com";
const CLIENT_ID: &str = "records-api";
/// Where the process that is started for mutual TLS finds its client certificate and the issuer.
const MUTUAL_TLS: &str = "FAPI_TEST_MUTUAL_TLS";

struct World {
    clock: ManualClock,
    issuer: IssuerServer,
    client: TestClient,
    server: ResourceServer,
}

impl World {
    fn new(
        issuer: IssuerServer,
        clock: ManualClock,
        introspection: Introspection,
        configure: impl FnOnce(ResourceServerBuilder) -> ResourceServerBuilder,
    ) -> Self {
        let builder = ResourceServer::builder()
            .public_url(API)
            .audience(API)
            .issuer(Issuer::new(issuer.identifier()).with_introspection(introspection))
            .revocation(Revocation::introspection())
            .clock(Arc::new(clock.clone()));
        let server = configure(builder).build().unwrap();
        let client = TestClient::new().with_clock(Arc::new(clock.clone()));
        // Long enough for the replay store to vouch for every proof.
        clock.advance(Duration::from_secs(120));
        Self { clock, issuer, client, server }
    }

    /// Where this API is registered with a key, and signed answers are required.
    fn with_key(algorithm: Algorithm) -> Self {
        let clock = ManualClock::at(SystemClock.now());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let key = SigningKey::generate(algorithm);
        let own = AwsLcSigningKey::from_jwk(&key.private_jwk().to_string()).unwrap();
        let authentication = ClientAuthentication::private_key_jwt(CLIENT_ID, Arc::new(own));
        let issuer = TestIssuer::new("")
            .with_clock(shared)
            .with_client(RegisteredClient::private_key_jwt(CLIENT_ID, &key))
            .serve();
        let introspection = Introspection::new(authentication).require_signed_response();
        Self::new(issuer, clock, introspection, |builder| builder.allow_insecure_loopback(true))
    }

    fn token(&self) -> TokenBuilder {
        self.issuer.issuer().token().audience(API).bound_to(&self.client)
    }

    async fn present(&self, token: &str) -> Result<(), Error> {
        let proof = self.client.proof("GET", &format!("{API}/records")).access_token(token).sign();
        let authorization = format!("DPoP {token}");
        let request = ResourceRequest::new("GET", "/records", None)
            .with_authorization(FieldLines::One(authorization.as_bytes()))
            .with_dpop(FieldLines::One(proof.as_bytes()));
        self.server.verify(&request).await.map(drop).map_err(|rejection| rejection.error().clone())
    }
}

// R121, R122, R127: the issuer of the kit accepts no assertion but one for itself alone, used once.
#[tokio::test]
async fn opaque_tokens_and_jwts_of_one_issuer() {
    for algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa] {
        let world = World::with_key(algorithm);
        let (opaque, jwt) = (world.token().opaque(), world.token().sign());
        for token in [&opaque, &jwt] {
            assert_eq!(world.present(token).await, Ok(()), "{algorithm}");
            assert_eq!(world.present(token).await, Ok(()), "{algorithm}");
        }
        assert_eq!(world.issuer.introspection_requests(), 2);
        // R4: a revocation counts as soon as the answer has run out.
        for token in [&opaque, &jwt] {
            world.issuer.issuer().revoke(token);
            assert_eq!(world.present(token).await, Ok(()));
        }
        world.clock.advance(Duration::from_secs(30));
        for token in [&opaque, &jwt] {
            assert_eq!(world.present(token).await, Err(Error::TokenInactive), "{algorithm}");
        }
        assert_eq!(world.present("made-up").await, Err(Error::TokenInactive));
    }
}

// R124: a client that the issuer does not know is this server's mistake.
#[tokio::test]
async fn a_client_that_is_not_registered_is_503() {
    let clock = ManualClock::at(SystemClock.now());
    let issuer = TestIssuer::new("").with_clock(Arc::new(clock.clone())).serve();
    let introspection = Introspection::new(ClientAuthentication::client_secret_basic(CLIENT_ID, "secret"));
    let world = World::new(issuer, clock, introspection, |builder| builder.allow_insecure_loopback(true));
    assert_eq!(world.present(&world.token().opaque()).await, Err(Error::IntrospectionUnavailable));
    assert_eq!(world.issuer.introspection_requests(), 1);
}

// R124, R180: whatever is wrong with the endpoint, nothing is believed; and when it is right again, all is well.
#[tokio::test]
async fn faults_of_the_endpoint_are_503() {
    use Error::{IntrospectionInvalid as Invalid, IntrospectionUnavailable as Unavailable};
    for (fault, error) in [
        (Fault::Down, Unavailable),
        (Fault::Unresponsive, Unavailable),
        (Fault::Status(500), Unavailable),
        (Fault::Status(429), Unavailable),
        (Fault::Redirect, Unavailable),
        (Fault::Rubbish, Invalid),
        (Fault::Oversize(64 * 1024), Invalid),
        (Fault::Oversize(1024 * 1024), Unavailable),
    ] {
        let world = World::with_key(Algorithm::Es256);
        let token = world.token().opaque();
        let known = world.token().opaque();
        assert_eq!(world.present(&known).await, Ok(()));
        world.issuer.set_fault_of(Endpoint::Introspection, fault);
        assert_eq!(world.present(&token).await, Err(error), "{fault:?}");
        assert_eq!(world.present(&known).await, Ok(()), "{fault:?}");
        world.issuer.clear_fault();
        assert_eq!(world.present(&token).await, Ok(()), "{fault:?}");
    }
}

// R130, R180: the issuer is made to answer as it must not.
#[tokio::test]
async fn wrong_answers_are_not_believed() {
    let world = World::with_key(Algorithm::Es256);
    let stranger = SigningKey::generate(Algorithm::Es256);
    type Change =
        Box<dyn Fn(fapi_testkit::IntrospectionBuilder) -> fapi_testkit::IntrospectionBuilder + Send + Sync>;
    let old = world.clock.now().saturating_sub(Duration::from_secs(61));
    let changes: Vec<Change> = vec![
        Box::new(|answer| answer.always_plain()),
        Box::new(|answer| answer.member("active", "true")),
        Box::new(|answer| answer.without_member("active")),
        Box::new(|answer| answer.audience("another-api")),
        Box::new(move |answer| answer.issued_at(old)),
        Box::new(|answer| answer.header("typ", "JWT")),
        Box::new(|answer| answer.with_flipped_signature()),
        Box::new(move |answer| answer.signed_by(&stranger)),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        world.issuer.issuer().change_introspection(change);
        let token = world.token().opaque();
        assert_eq!(world.present(&token).await, Err(Error::IntrospectionInvalid), "{number}");
    }
    world.issuer.issuer().change_introspection(|answer| answer);
    assert_eq!(world.present(&world.token().opaque()).await, Ok(()));
}

// R78: over mutual TLS, at the alias, with the certificate of the default client. The process that is started trusts the
// issuer's certificate, which takes a variable of its environment.
#[test]
fn mutual_tls_over_sockets() {
    let certificate = TestCertificate::generate();
    let issuer = TestIssuer::new("")
        .with_client(RegisteredClient::mutual_tls(CLIENT_ID, certificate.der()))
        .serve_tls();
    let folder = env::temp_dir().join(format!("fapi-core-mutual-tls-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let root = folder.join("root.pem");
    fs::write(&root, issuer.root_certificate().unwrap().pem()).unwrap();
    fs::write(folder.join("client.pem"), format!("{}{}", certificate.private_key_pem(), certificate.pem()))
        .unwrap();
    fs::write(folder.join("issuer"), issuer.identifier()).unwrap();
    let client = TestClient::new();
    let token = issuer.issuer().token().audience(API).bound_to(&client).opaque();
    fs::write(folder.join("token"), &token).unwrap();
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "mutual_tls_in_a_process_of_its_own", "--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", &root)
        .env(MUTUAL_TLS, &folder)
        .output()
        .unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    assert_eq!(issuer.introspection_requests(), 2);
}

#[tokio::test]
#[ignore = "started by mutual_tls_over_sockets"]
async fn mutual_tls_in_a_process_of_its_own() {
    let folder = env::var_os(MUTUAL_TLS).expect("started by mutual_tls_over_sockets");
    let read = |name: &str| fs::read_to_string(std::path::Path::new(&folder).join(name)).unwrap();
    let (pem, issuer, token) = (read("client.pem"), read("issuer"), read("token"));
    let introspected = |client: ReqwestClient| {
        let introspection = Introspection::new(ClientAuthentication::mutual_tls(CLIENT_ID));
        let server = ResourceServer::builder()
            .public_url(API)
            .audience(API)
            .issuer(Issuer::new(&issuer).with_introspection(introspection))
            .revocation(Revocation::introspection())
            .http_client(Arc::new(client))
            .build()
            .unwrap();
        let authorization = format!("Bearer {token}");
        async move {
            let request = ResourceRequest::new("GET", "/records", None)
                .with_peer_certificate(Some(b"a certificate"))
                .with_authorization(FieldLines::One(authorization.as_bytes()));
            server.verify(&request).await.map(drop).map_err(|rejection| rejection.error().clone())
        }
    };
    let client = || ReqwestClient::builder().allow_private_addresses();
    // The issuer has answered: the token is bound to a key, which the next check finds.
    let shown = client().client_certificate(pem.as_bytes()).build().unwrap();
    assert_eq!(introspected(shown).await, Err(Error::TokenBoundToKey));
    let not_shown = client().build().unwrap();
    assert_eq!(introspected(not_shown).await, Err(Error::IntrospectionUnavailable));
}

// R12: what is not a certificate with its key is an error at the start.
#[test]
fn a_client_certificate_must_be_readable() {
    let certificate = TestCertificate::generate();
    for pem in ["", "rubbish", certificate.pem(), certificate.private_key_pem()] {
        let built = ReqwestClient::builder().client_certificate(pem.as_bytes()).build();
        assert!(matches!(built, Err(fapi_core::HttpError::Setup(_))), "{pem}");
    }
}
