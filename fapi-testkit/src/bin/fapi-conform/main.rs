//! `fapi-conform` tests any API, in any language, against FAPI 2.0: it attacks it with every case of the catalogue, sends
//! what must be accepted, and reports what it finds.
//!
//! Exit status: 0 if every case came out as expected, 1 if some did not, 2 if the API could not be tested.

mod arguments;
mod credentials;
mod list;
mod output;
mod progress;
mod run;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};
use output::say;

/// The API could not be tested.
const COULD_NOT_TEST: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    // Clap's own exit status for wrong arguments is 2, too.
    let result = match Arguments::parse().command {
        Command::Run(arguments) => run::run(*arguments).await,
        Command::List(arguments) => list::list(&arguments),
        Command::Explain { case } => list::explain(&case),
    };
    match result {
        Ok(status) => status,
        Err(message) => {
            output::warn(format_args!("fapi-conform: {message}"));
            ExitCode::from(COULD_NOT_TEST)
        }
    }
}
