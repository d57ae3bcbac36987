//! How the programs speak to the terminal: one line for a mistake, exit status 2 where it is in the arguments, and the
//! log on stderr.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::{ExitCode, exit};

use clap::Parser;
use clap::error::Error;
use tracing_subscriber::EnvFilter;

/// Exit status for wrong arguments, as of most programs.
const USAGE: u8 = 2;
/// What is logged unless `RUST_LOG` says otherwise: each refusal, and what befalls the issuers' keys.
const DEFAULT_LOG: &str = "warn,fapi_core=info,fapi_tower=info,fapi_actix=info";

/// Why a program ends early: one line, and its exit status.
#[derive(Debug)]
pub struct Failure {
    message: String,
    status: u8,
}

impl Failure {
    /// A mistake in the arguments.
    pub fn usage(message: impl Display) -> Self {
        Self { message: message.to_string(), status: USAGE }
    }

    /// Anything else.
    pub fn new(message: impl Display) -> Self {
        Self { message: message.to_string(), status: 1 }
    }

    /// Writes the line, and gives the exit status.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        eprintln!("error: {}", self.message);
        ExitCode::from(self.status)
    }
}

/// The program's arguments. Ends the program after `--help` and `--version`, and on a mistake.
#[must_use]
pub fn arguments<A: Parser>() -> A {
    A::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            eprintln!("{}", one_line(&error));
        } else {
            say(error.render().to_string().trim_end());
        }
        exit(error.exit_code())
    })
}

/// The first paragraph of clap's explanation: what is wrong, without the usage.
fn one_line(error: &Error) -> String {
    let text = error.render().to_string();
    let what = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    format!("{what} (--help explains)")
}

/// Writes a line to stdout. Nobody may be reading it any more, which is no reason to stop.
pub fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Starts the log, on stderr.
pub fn start_log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_LOG));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
}
