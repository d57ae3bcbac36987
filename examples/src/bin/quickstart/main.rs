//! What FAPI 2.0 does for an API, in one process: an issuer, a protected API, and a client whose token is stolen.
//!
//! Prints what each call came to, then keeps serving, so that the calls can be repeated by hand.

mod commands;
mod scenario;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use clap::Parser;
use comfy_table::presets::UTF8_FULL;
use comfy_table::{ContentArrangement, Table};
use fapi_core::{Issuer, RejectionBody, ResourceServer};
use fapi_examples::api::{self, READ, WRITE};
use fapi_examples::cli::{self, Failure};
use fapi_examples::client::Http;
use fapi_examples::shutdown;
use fapi_testkit::TestIssuer;
use tokio::net::TcpListener;

use crate::scenario::{Line, Stage};

/// Columns of the table, so that it fits into a terminal of usual width.
const WIDTH: u16 = 100;

const NOTES: &str = "\
Nothing leaves this machine: the issuer, the API and the client listen on loopback ports.
The API's log is on stderr, from the table on; with RUST_LOG set, from the start.

For an API of your own see the program `api`, and the README.";

/// Starts an issuer and a protected API, plays a client whose token is stolen, and prints what happened.
///
/// Then keeps serving, and prints commands to repeat it by hand. Ends on Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "quickstart", version, after_help = NOTES)]
struct Arguments {
    /// End after the table: with exit status 0 if every line came out as it should, else 1
    #[arg(long)]
    once: bool,

    /// Where the API listens, a loopback address; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&cli::arguments()).await {
        Ok(status) => status,
        Err(failure) => failure.report(),
    }
}

async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let log_from_start = std::env::var_os("RUST_LOG").is_some();
    if log_from_start {
        cli::start_log();
    }
    let stop = shutdown::requested().map_err(Failure::new)?;
    if !arguments.listen.ip().is_loopback() {
        return Err(Failure::usage(
            "--listen must be a loopback address: this program hands out tokens to anybody",
        ));
    }
    let (listener, url) = listen(arguments.listen).await?;
    let issuer = TestIssuer::new("named after its address").serve();
    let server = resource_server(&url, issuer.identifier())?;
    let api = tokio::spawn(api::axum::serve(listener, server, stop));

    let stage = Stage::new(issuer.issuer().clone(), url.clone());
    let lines = scenario::play(&stage, &Http::new()).await;
    cli::say(table(&lines));
    let (verdict, status) = verdict(&lines);
    cli::say(verdict);
    if arguments.once {
        return Ok(status);
    }
    let (listener, client_url) = listen((Ipv4Addr::LOCALHOST, 0).into()).await?;
    if !log_from_start {
        cli::start_log();
    }
    cli::say(commands::explain(&url, issuer.identifier(), &client_url));
    tokio::select! {
        ended = api => ended.map_err(Failure::new)?.map_err(Failure::new)?,
        ended = commands::serve(listener, client_url.clone(), stage) => ended.map_err(Failure::new)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn verdict(lines: &[Line]) -> (String, ExitCode) {
    match lines.iter().filter(|line| !line.as_expected).count() {
        0 => ("Every line came out as it should.".to_owned(), ExitCode::SUCCESS),
        wrong => {
            (format!("{wrong} of {} lines did not come out as they should.", lines.len()), ExitCode::FAILURE)
        }
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, String), Failure> {
    let failure = |error| Failure::new(format_args!("cannot listen on {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(failure)?;
    let address = listener.local_addr().map_err(failure)?;
    Ok((listener, format!("http://{address}")))
}

/// The API's side: which issuer it trusts, and what it is called.
fn resource_server(url: &str, issuer: &str) -> Result<ResourceServer, Failure> {
    ResourceServer::builder()
        .public_url(url)
        .audience(url)
        .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
        .issuer(Issuer::new(issuer))
        .scopes_supported([READ, WRITE])
        .rejection_body(RejectionBody::ProblemJson)
        .allow_insecure_loopback(true)
        .build()
        .map_err(Failure::new)
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH)
        .set_header(["The client sends", "The API answers", "OK?"]);
    for line in lines {
        table.add_row([line.sent, &line.came_back, if line.as_expected { "✓" } else { "✗ no" }]);
    }
    table
}
