//! An API that trusts two issuers, each by rules of its own: what keeps the one from speaking for the other.
//!
//! Prints what each call came to and what the API's log says of it, then ends: with exit status 0 if every line came out as
//! it should, else 1.

use std::error::Error;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::{map_request, map_response};
use axum::response::Response;
use comfy_table::presets::UTF8_FULL;
use comfy_table::{ContentArrangement, Table};
use fapi_core::jose::Algorithm;
use fapi_core::{AccessToken, Issuer, Rejection, ResourceServer, Revocation, StatedIssuer};
use fapi_examples::api;
use fapi_examples::cli;
use fapi_examples::client::{Answer, Http};
use fapi_testkit::{TestClient, TestIssuer, TokenBuilder};
use tokio::net::TcpListener;

/// What the partner's authorization server calls this API.
const PARTNERS_NAME_FOR_US: &str = "urn:partner:apis:hospital";
/// Columns of the table, so that it fits into a terminal of usual width.
const WIDTH: u16 = 110;

/// The API's side, which is all there is to trusting two issuers.
fn resource_server(url: &str, own: &str, partner: &str) -> Result<ResourceServer, Box<dyn Error>> {
    // The partner signs with Ed25519, has a name of its own for this API, and has promised that its users' names
    // begin with "partner:", so that none of them can be taken for one of ours.
    let partner = Issuer::new(partner)
        .with_token_algorithms([Algorithm::EdDsa])
        .with_audience(PARTNERS_NAME_FOR_US)
        .with_claim_rule("partner's users", |token: &AccessToken| {
            token.subject().as_str().starts_with("partner:")
        });
    Ok(ResourceServer::builder()
        .public_url(url)
        .audience(url)
        .issuer(Issuer::new(own).with_token_algorithms([Algorithm::Es256]))
        .issuer(partner)
        .revocation(Revocation::max_token_lifetime(Duration::from_secs(300)))
        .allow_insecure_loopback(true)
        .build()?)
}

/// What the API's log said last of a refusal.
type LastRefusal = Arc<Mutex<Option<String>>>;

/// Clients of this API may say in the query which issuer they use; no standard says where (FAPI 2.0, 6.3).
async fn read_stated_issuer(mut request: Request) -> Request {
    let stated = request.uri().query().and_then(|query| query.strip_prefix("issuer=")).map(StatedIssuer::new);
    if let Some(stated) = stated {
        request.extensions_mut().insert(stated);
    }
    request
}

async fn serve(listener: TcpListener, server: ResourceServer, last: LastRefusal) -> std::io::Result<()> {
    let note_refusal = map_response(move |response: Response| {
        let refusal = response.extensions().get::<Rejection>().map(|refusal| refusal.error().to_string());
        *last.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
        async { response }
    });
    // What is added last runs first.
    let router = api::axum::router(server).layer(map_request(read_stated_issuer)).layer(note_refusal);
    axum::serve(listener, router).await
}

/// A line of the table: what the client sends, and the status that it should get.
struct Line {
    sends: &'static str,
    stating: Option<String>,
    token: TokenBuilder,
    status: u16,
}

fn lines(client: &TestClient, own: &TestIssuer, partner: &TestIssuer, url: &str) -> Vec<Line> {
    let ours = || own.token().audience(url).bound_to(client).subject("alice");
    let theirs = || partner.token().audience(PARTNERS_NAME_FOR_US).bound_to(client).subject("partner:bob");
    let line = |sends, status, token| Line { sends, stating: None, token, status };
    let stating = |issuer: &TestIssuer, line| Line { stating: Some(issuer.identifier().to_owned()), ..line };
    vec![
        line("our issuer's token for our user alice", 200, ours()),
        line("the partner's token for its user bob", 200, theirs()),
        line("the partner's token, in which it calls its user alice", 401, theirs().subject("alice")),
        line("the partner's token with our name for the API", 401, theirs().audience(url)),
        line(
            "our issuer's token with the partner's name for the API",
            401,
            ours().audience(PARTNERS_NAME_FOR_US),
        ),
        line(
            "a token that says it is of our issuer and names our key, signed by the partner",
            401,
            ours().signed_by(&partner.key()),
        ),
        line(
            "a token of the partner with an algorithm that is only ours",
            401,
            theirs().header("alg", "ES256"),
        ),
        stating(partner, line("the partner's token, and that it uses the partner", 200, theirs())),
        stating(own, line("the partner's token, and that it uses our issuer: it was tricked", 401, theirs())),
    ]
}

async fn send(
    http: &Http,
    client: &TestClient,
    url: &str,
    line: Line,
) -> Result<Answer, Box<dyn Error + Send + Sync>> {
    let query = line.stating.map_or_else(String::new, |issuer| format!("?issuer={issuer}"));
    http.get(client, &format!("{url}/whoami{query}"), &line.token.sign()).await
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
    let own = TestIssuer::new("named after its address").serve();
    let partner = TestIssuer::new("named after its address").with_algorithm(Algorithm::EdDsa).serve();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let server =
        resource_server(&url, own.identifier(), partner.identifier()).map_err(|error| error.to_string())?;
    let last = LastRefusal::default();
    tokio::spawn(serve(listener, server, Arc::clone(&last)));

    let (http, client) = (Http::new(), TestClient::new());
    let mut table = Table::new();
    table.load_style(UTF8_FULL).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(["The client sends", "The API answers", "The API's log says", "OK?"]);
    let mut all_right = true;
    for line in lines(&client, own.issuer(), partner.issuer(), &url) {
        let (sends, expected) = (line.sends, line.status);
        let answer = send(&http, &client, &url, line).await?;
        let right = answer.status == expected;
        all_right &= right;
        let code = answer.challenge("error").unwrap_or_default();
        let refusal = last.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
        let verdict = if right { "✓" } else { "✗ no" };
        table.add_row([sends, &format!("{} {code}", answer.status), &refusal, verdict]);
    }
    cli::say(table);
    cli::say(if all_right {
        "Every line came out as it should."
    } else {
        "Not every line came out as it should."
    });
    Ok(if all_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
