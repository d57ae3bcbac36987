//! An API behind HelseID, the identity service of the Norwegian health sector, and those who call it.
//!
//! `api.rs` is what to read and to copy. The rest plays HelseID and the callers, so that nothing but this program is
//! needed to see what is accepted and what is refused, and why. The README beside this file explains.

mod api;
mod callers;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use clap::Parser;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use fapi_core::Issuer;
use fapi_core::jose::Algorithm;
use fapi_examples::cli::{self, Failure};
use fapi_examples::client::Http;
use fapi_examples::{clock, shutdown};
use fapi_testkit::TestIssuer;
use tokio::net::TcpListener;

use crate::callers::{Callers, SCENES};

const WIDTH: u16 = 100;

/// Starts an API behind HelseID, with HelseID played by the test kit; calls it, and prints what came of it.
///
/// The API's log on stderr says why each call was refused. Then keeps serving; ends on Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "helseid", version)]
struct Arguments {
    /// End after the table: with exit status 0 if every line came out as it should, else 1
    #[arg(long)]
    once: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&cli::arguments()).await {
        Ok(status) => status,
        Err(failure) => failure.report(),
    }
}

async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    cli::start_log();
    let stop = shutdown::requested().map_err(Failure::new)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = TcpListener::bind(address).await.map_err(Failure::new)?;
    let url = format!("http://{}", listener.local_addr().map_err(Failure::new)?);
    let issuer = TestIssuer::new("named after its address").with_algorithm(Algorithm::Rs256).serve();
    let server = api::resource_server(&url, |builder| {
        // HelseID is on this machine here. Without these two lines, it is the one of the profile.
        builder.issuer(Issuer::new(issuer.identifier())).allow_insecure_loopback(true)
    });
    let router = api::router(server.map_err(Failure::new)?);
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop);
    let serving = tokio::spawn(async move { serving.await });
    clock::wait_for_the_next_second().await;

    let callers = Callers::new(issuer.issuer().clone(), url.clone());
    let (table, as_expected) = play(&callers).await;
    cli::say(table);
    let status = if as_expected {
        cli::say("Every line came out as it should. The log on stderr says why calls were refused.");
        ExitCode::SUCCESS
    } else {
        cli::say("Not every line came out as it should.");
        ExitCode::FAILURE
    };
    if arguments.once {
        return Ok(status);
    }
    cli::say(format_args!("The API listens on {url}; its issuer is {}. Ctrl-C ends.", issuer.identifier()));
    serving.await.map_err(Failure::new)?.map_err(Failure::new)?;
    Ok(ExitCode::SUCCESS)
}

async fn play(callers: &Callers) -> (Table, bool) {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH)
        .set_header(["Who calls", "The API answers", "OK?"]);
    let (http, mut all) = (Http::new(), true);
    for scene in &SCENES {
        let outcome = callers.play(scene, &http).await;
        all &= outcome.as_expected;
        table.add_row([scene.sends, &outcome.came_back, if outcome.as_expected { "✓" } else { "✗ no" }]);
    }
    (table, all)
}
