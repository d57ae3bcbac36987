//! What the program `fapi-conform` ends with when the API goes away while it runs.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Output};
use std::sync::mpsc;
use std::thread;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use fapi_core::{Clock as _, SystemClock};
use fapi_testkit::Scenario;
use fapi_tower::AccessTokenLayer;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Serves this many requests on a thread and a runtime of its own, and is gone then, with every connection.
fn serve(scenario: &Scenario, requests: usize) -> SocketAddr {
    let (request, served) = mpsc::channel();
    let count = from_fn(move |incoming: Request, next: Next| {
        let _ = request.send(());
        next.run(incoming)
    });
    let router = Router::new()
        .route("/whoami", get(async || "alice"))
        .layer(AccessTokenLayer::new(scenario.server.clone()))
        .layer(count);
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, router).await });
    thread::spawn(move || {
        let _ = served.iter().take(requests).count();
        runtime.shutdown_background();
    });
    address
}

fn run(requests: usize) -> Output {
    let scenario = Scenario::new();
    scenario.clock.set(SystemClock.now());
    let folder = std::env::temp_dir().join(format!("fapi-conform-exit-{}-{requests}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (token, key) = (folder.join("token.txt"), folder.join("key.jwk.json"));
    fs::write(&token, scenario.token().sign()).unwrap();
    fs::write(&key, scenario.client.key().private_jwk().to_string()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_fapi-conform"))
        .args(["run", "--target", &format!("http://{}", serve(&scenario, requests))])
        .args(["--public-url", Scenario::PUBLIC_URL, "--rate", "1000"])
        .arg("--token")
        .arg(&token)
        .arg("--key")
        .arg(&key)
        .output();
    fs::remove_dir_all(folder).unwrap();
    output.unwrap()
}

#[test]
fn an_api_that_goes_away_could_not_be_tested() {
    let output = run(60);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    let (_, rest) = errors.split_once("the API stopped answering at the case ").expect(&errors);
    let (case, rest) = rest.split_once(": no connection: ").expect(rest);
    let (_, last) = rest.split_once("the last case that it answered is ").expect(rest);
    let place = |id: &str| fapi_testkit::catalogue::all().iter().position(|case| case.id == id).expect(id);
    assert!(place(last.trim()) < place(case), "{errors}");
}

#[test]
fn an_api_that_stays_is_tested_to_the_end() {
    let output = run(usize::MAX);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let summary = String::from_utf8_lossy(&output.stdout);
    assert!(
        summary.contains("attacks refused ") && summary.contains(", honest calls accepted "),
        "{summary}"
    );
}
