//! An issuer that comes up after the API, without a restart; by a clock that the test moves, since the API leaves half a
//! minute between two attempts.

use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use fapi_core::{Clock as _, Issuer, NoncePolicy, ResourceServer, SystemClock};
use fapi_examples::api;
use fapi_examples::client::{Call, Http};
use fapi_testkit::{Fault, ManualClock, TestClient, TestIssuer};
use tokio::net::TcpListener;

type Serving = Pin<Box<dyn Future<Output = io::Result<()>>>>;

#[tokio::test]
async fn axum_recovers_when_the_issuer_comes_up() {
    recovers(|listener, server| Box::pin(api::axum::serve(listener, server, pending()))).await;
}

#[tokio::test]
async fn actix_recovers_when_the_issuer_comes_up() {
    recovers(|listener, server| Box::pin(api::actix::serve(listener, server, pending()))).await;
}

// P37, P39, R118
async fn recovers(serve: fn(TcpListener, ResourceServer) -> Serving) {
    let clock = ManualClock::at(SystemClock.now());
    let issuer = TestIssuer::new("named after its address").with_clock(Arc::new(clock.clone())).serve();
    issuer.set_fault(Fault::Down);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = ResourceServer::builder()
        .public_url(&url)
        .audience(&url)
        .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
        .issuer(Issuer::new(issuer.identifier()))
        .allow_insecure_loopback(true)
        .nonce(NoncePolicy::Off)
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    clock.advance(Duration::from_secs(1));

    let http = Http::new();
    let client = TestClient::new().with_clock(Arc::new(clock.clone()));
    let status = async || {
        let token = issuer.issuer().token().audience(&url).bound_to(&client).sign();
        let whoami = format!("{url}/whoami");
        let dpop = Some(client.proof("GET", &whoami).access_token(&token).sign());
        let call = Call { method: "GET", url: whoami, authorization: Some(format!("DPoP {token}")), dpop };
        http.send(&call).await.unwrap().status
    };
    let calls = async {
        assert_eq!(server.load_keys().await, Err(vec![issuer.identifier().to_owned()]));
        assert_eq!(status().await, 503);
        issuer.clear_fault();
        assert_eq!(status().await, 503);
        clock.advance(Duration::from_secs(30));
        assert_eq!(status().await, 200);
    };
    tokio::select! {
        ended = serve(listener, server.clone()) => panic!("the API ended: {ended:?}"),
        () = calls => (),
    }
}
