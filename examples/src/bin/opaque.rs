//! An API whose tokens are opaque: it asks their issuer about each of them (RFC 7662), in signed answers (RFC 9701).
//!
//! Prints what each call came to and how often the issuer was asked, then ends: with exit status 0 if every line came out as
//! it should, else 1.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use comfy_table::Table;
use comfy_table::presets::UTF8_FULL;
use fapi_core::crypto::AwsLcSigningKey;
use fapi_core::jose::Algorithm;
use fapi_core::{ClientAuthentication, Introspection, Issuer, ResourceServer, Revocation};
use fapi_examples::api;
use fapi_examples::cli;
use fapi_examples::client::{Answer, Http};
use fapi_testkit::{IssuerServer, RegisteredClient, SigningKey, TestClient, TestIssuer};
use tokio::net::TcpListener;
use tokio::time::sleep;

/// What the issuer calls this API when it asks: a client of its own, for introspection alone.
const CLIENT_ID: &str = "records-api";
/// How long an answer counts here, and so how long a revocation goes unnoticed.
const MAX_AGE: Duration = Duration::from_secs(1);

/// The API's side, which is all there is to opaque tokens. `key` is a private JWK, such as from a file.
fn resource_server(
    url: &str,
    issuer: &str,
    key: &str,
) -> Result<ResourceServer, Box<dyn Error + Send + Sync>> {
    let key = AwsLcSigningKey::from_jwk(key)?;
    let introspection = Introspection::new(ClientAuthentication::private_key_jwt(CLIENT_ID, Arc::new(key)))
        .require_signed_response()
        .with_max_age(MAX_AGE);
    Ok(ResourceServer::builder()
        .public_url(url)
        .audience(url)
        .issuer(Issuer::new(issuer).with_introspection(introspection))
        .revocation(Revocation::introspection())
        .allow_insecure_loopback(true)
        .build()?)
}

/// A client with its key, and the API that it calls.
struct Caller {
    http: Http,
    client: TestClient,
    url: String,
}

impl Caller {
    async fn call(&self, token: &str) -> Result<Answer, Box<dyn Error + Send + Sync>> {
        self.http.get(&self.client, &format!("{}/whoami", self.url), token).await
    }
}

/// What came of the calls so far.
struct Report<'a> {
    table: Table,
    issuer: &'a IssuerServer,
    all_right: bool,
}

impl Report<'_> {
    fn add(&mut self, sends: &str, answer: &Answer, expected: u16) {
        let right = answer.status == expected;
        self.all_right &= right;
        let code = answer.challenge("error").unwrap_or_default();
        let asked = self.issuer.introspection_requests();
        let verdict = if right { "✓" } else { "✗ no" };
        self.table.add_row([sends, &format!("{} {code}", answer.status), &asked.to_string(), verdict]);
    }
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

async fn run() -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    // What is registered at the issuer is the public key.
    let key = SigningKey::generate(Algorithm::Es256);
    let issuer = TestIssuer::new("named after its address")
        .with_client(RegisteredClient::private_key_jwt(CLIENT_ID, &key))
        .serve();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let server = resource_server(&url, issuer.identifier(), &key.private_jwk().to_string())?;
    tokio::spawn(async move { axum::serve(listener, api::axum::router(server)).await });

    let mut table = Table::new();
    table.load_style(UTF8_FULL);
    table.set_header(["The client sends", "The API answers", "Questions so far", "OK?"]);
    let mut report = Report { table, issuer: &issuer, all_right: true };
    let caller = |client| Caller { http: Http::new(), client, url: url.clone() };
    call_all(&mut report, &caller(TestClient::new()), &caller(TestClient::new())).await?;
    cli::say(&report.table);
    cli::say(if report.all_right {
        "Every line came out as it should."
    } else {
        "Not every line came out as it should."
    });
    Ok(if report.all_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn call_all(
    report: &mut Report<'_>,
    owner: &Caller,
    thief: &Caller,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let issuer = report.issuer.issuer();
    let token = || issuer.token().audience(&owner.url).bound_to(&owner.client);
    let (opaque, jwt) = (token().opaque(), token().sign());
    report.add("an opaque token", &owner.call(&opaque).await?, 200);
    report.add("the same token, which is remembered", &owner.call(&opaque).await?, 200);
    report.add("a JWT of the same issuer, which is asked about as well", &owner.call(&jwt).await?, 200);
    report.add("the opaque token, stolen by another client", &thief.call(&opaque).await?, 401);
    report.add("a token that somebody made up", &thief.call("made-up").await?, 401);
    let foreign = token().audience("https://other.example").opaque();
    report.add("an opaque token for another API", &owner.call(&foreign).await?, 401);
    issuer.revoke(&opaque);
    issuer.revoke(&jwt);
    sleep(MAX_AGE).await;
    report.add("the opaque token, revoked a second ago", &owner.call(&opaque).await?, 401);
    report.add("the JWT, revoked a second ago", &owner.call(&jwt).await?, 401);
    Ok(())
}
