//! An API that is told which sessions have ended: its issuer pushes a security event (RFC 8935, CAEP), and the next call
//! with a token of that session is refused.
//!
//! Prints what each call came to, then ends: with exit status 0 if every line came out as it should, else 1.

use std::error::Error;
use std::process::ExitCode;

use comfy_table::Table;
use comfy_table::presets::UTF8_FULL;
use fapi_core::{Issuer, ResourceServer, Revocation, SecurityEvents};
use fapi_examples::api::{self, SECURITY_EVENTS};
use fapi_examples::cli;
use fapi_examples::client::Http;
use fapi_testkit::{IssuerServer, TestClient, TestIssuer, subject};
use tokio::net::TcpListener;

type Failure = Box<dyn Error + Send + Sync>;

/// What the issuer was told to send with each event. Yours is random, and comes from a secret store.
const AUTHORIZATION: &str = "Bearer agreed-secret";

/// The API's side, which is all there is to it.
fn resource_server(url: &str, issuer: &str) -> Result<ResourceServer, Failure> {
    let events = SecurityEvents::new(Issuer::new(issuer), url, AUTHORIZATION);
    Ok(ResourceServer::builder()
        .public_url(url)
        .audience(url)
        .issuer(Issuer::new(issuer))
        .revocation(Revocation::security_events(events))
        .allow_insecure_loopback(true)
        .build()?)
}

/// The status of a call with this token.
async fn call(client: &TestClient, api: &str, token: &str) -> Result<u16, Failure> {
    Ok(Http::new().get(client, &format!("{api}/whoami"), token).await?.status)
}

/// The issuer's side: pushes an event.
async fn push(api: &str, set: &str) -> Result<u16, Failure> {
    Ok(Http::new().push_event(&format!("{api}{SECURITY_EVENTS}"), AUTHORIZATION, set).await?.status)
}

async fn statuses(issuer: &IssuerServer, api: &str) -> Result<Vec<(&'static str, u16, u16)>, Failure> {
    let client = TestClient::new();
    let issuer = issuer.issuer();
    let token = |session: &str| {
        issuer.token().audience(api).subject("alice").claim("sid", session).bound_to(&client).sign()
    };
    let (laptop, phone) = (token("laptop"), token("phone"));
    let session = subject::complex([
        ("user", subject::iss_sub(issuer.identifier(), "alice")),
        ("session", subject::opaque("laptop")),
    ]);
    let set = issuer.session_revoked(session).audience(api).sign();
    Ok(vec![
        ("the client: a token of Alice's laptop", call(&client, api, &laptop).await?, 200),
        ("the issuer: the laptop's session was revoked", push(api, &set).await?, 202),
        ("the client: the same token again", call(&client, api, &laptop).await?, 401),
        ("the client: a token of Alice's phone", call(&client, api, &phone).await?, 200),
        ("the issuer: the same event again", push(api, &set).await?, 202),
    ])
}

async fn run() -> Result<ExitCode, Failure> {
    let issuer = TestIssuer::new("named after its address").serve();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router = api::axum::router(resource_server(&url, issuer.identifier())?);
    tokio::spawn(async move { axum::serve(listener, router).await });

    let mut table = Table::new();
    table.load_style(UTF8_FULL);
    table.set_header(["Who sends what", "The API answers", "OK?"]);
    let mut all_right = true;
    for (what, status, expected) in statuses(&issuer, &url).await? {
        let right = status == expected;
        all_right &= right;
        table.add_row([what, &status.to_string(), if right { "✓" } else { "✗ no" }]);
    }
    cli::say(&table);
    cli::say(if all_right {
        "Every line came out as it should."
    } else {
        "Not every line came out as it should."
    });
    Ok(if all_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(status) => status,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
