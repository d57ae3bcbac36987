//! `fapi-conform` tests any API, in any language, against FAPI 2.0: it attacks it with every case of the catalogue, sends
//! what must be accepted, and reports what it finds.
//!
//! Exit status: 0 if every case came out as expected, 1 if some did not, 2 if the API could not be tested.

mod arguments;
mod credentials;
mod fleet;
mod fleet_progress;
mod fleet_table;
mod list;
mod output;
mod progress;
mod run;
mod signals;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};
use output::say;

/// Some case did not come out as expected.
const FAILURES: u8 = 1;
/// The API could not be tested.
const COULD_NOT_TEST: u8 = 2;

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return could_not_test(&error.to_string()),
    };
    let status = runtime.block_on(run_command());
    // A token command that hangs must not hold up the end.
    runtime.shutdown_background();
    status
}

async fn run_command() -> ExitCode {
    // Clap's own exit status for wrong arguments is 2, too.
    let result = match Arguments::parse().command {
        Command::Run(arguments) => run::run(*arguments).await,
        Command::Fleet(arguments) => fleet::run(arguments).await,
        Command::List(arguments) => list::list(&arguments),
        Command::Explain { case } => list::explain(&case),
    };
    result.unwrap_or_else(|message| could_not_test(&message))
}

fn could_not_test(message: &str) -> ExitCode {
    output::warn(format_args!("fapi-conform: {message}"));
    ExitCode::from(COULD_NOT_TEST)
}
