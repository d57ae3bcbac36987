//! `fleet`: test the APIs of a file side by side, once or again and again.
//!
//! Exit status: 0 if every case of every API came out as expected, 1 if some did not, 2 if some API could not be tested,
//! whatever the others did.

use std::fs;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use fapi_testkit::conform::fleet::{self, Board, Fleet, FleetFile, Page, Standing, State};
use fapi_testkit::conform::report;
use tokio::net::TcpListener;

use crate::fleet_progress::FleetDisplay;
use crate::output::warn;
use crate::{COULD_NOT_TEST, FAILURES, fleet_table, say, signals};

/// The shortest time between two rounds.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(10);
/// The folder of the reports on the single APIs, beside the overview.
const REPORTS: &str = "apis";

#[derive(Args, Debug)]
pub(crate) struct FleetArguments {
    /// The fleet file (TOML): `[defaults]`, and one `[[api]]` for each API
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Write the overview and the reports on the APIs: a folder, or an .html file for the overview
    #[arg(long, value_name = "DIR|FILE")]
    report: Option<PathBuf>,

    /// How many APIs are tested at once; each has its own rate
    #[arg(long, default_value = "8", value_name = "N")]
    parallel: NonZeroUsize,

    /// Repeat it: the time between two rounds, such as 5m; 10s at least
    #[arg(long, value_name = "TIME", value_parser = interval)]
    watch: Option<Duration>,

    /// Where the last results (/) and metrics (/metrics) are served while watching
    #[arg(long, default_value = "127.0.0.1:9464", value_name = "ADDR", requires = "watch")]
    serve: SocketAddr,

    /// Run only these cases and groups; may be repeated
    #[arg(long, value_name = "GROUP|ID", num_args = 1..)]
    only: Vec<String>,
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if interval < SHORTEST_INTERVAL {
        return Err("it must be 10s at least".to_owned());
    }
    Ok(interval)
}

pub(crate) async fn run(arguments: FleetArguments) -> Result<ExitCode, String> {
    let fleet = open(&arguments)?;
    let board = Arc::new(Board::new(&fleet));
    let output = arguments.report.as_deref().map(Output::create).transpose()?;
    match arguments.watch {
        Some(interval) => watch(&fleet, board, interval, arguments.serve, output).await,
        None => once(&fleet, &board, output).await,
    }
}

fn open(arguments: &FleetArguments) -> Result<Fleet, String> {
    let path = &arguments.file;
    let in_file = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = fs::read_to_string(path).map_err(|error| in_file(&error))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let file = FleetFile::parse(&text, folder).map_err(|error| in_file(&error))?;
    let fleet = Fleet::open(&file).map_err(|error| in_file(&error))?.parallel(arguments.parallel);
    fleet.only(&arguments.only).map_err(|error| format!("--only: {error}; `fapi-conform list` shows them"))
}

async fn once(fleet: &Fleet, board: &Board, output: Option<Output>) -> Result<ExitCode, String> {
    let display = FleetDisplay::new(fleet.len());
    fleet.run(board, display.listener()).await;
    display.finish();
    let standings = board.standings();
    say(fleet_table::table(&standings));
    say(fleet_table::summary(&standings));
    if let Some(output) = output {
        output.write(&standings)?;
        say(format_args!("report: {}", output.overview.display()));
    }
    Ok(exit_status(&standings))
}

fn exit_status(standings: &[Standing]) -> ExitCode {
    let states = || standings.iter().map(Standing::state);
    if states().any(|state| matches!(state, State::CouldNotTest | State::Waiting)) {
        ExitCode::from(COULD_NOT_TEST)
    } else if states().any(|state| matches!(state, State::Failed(_))) {
        ExitCode::from(FAILURES)
    } else {
        ExitCode::SUCCESS
    }
}

/// Until the program is asked to stop.
async fn watch(
    fleet: &Fleet,
    board: Arc<Board>,
    interval: Duration,
    address: SocketAddr,
    output: Option<Output>,
) -> Result<ExitCode, String> {
    let stop = signals::stop_requested().map_err(|error| format!("signals: {error}"))?;
    let listener = TcpListener::bind(address).await.map_err(|error| format!("--serve {address}: {error}"))?;
    warn(format_args!("results: http://{address}/   metrics: http://{address}/metrics"));
    let display = FleetDisplay::new(fleet.len());
    let after_round = |board: &Board| {
        let standings = board.standings();
        display.round_ended(fleet_table::summary(&standings));
        // The next round may write what this one could not.
        if let Some(Err(error)) = output.as_ref().map(|output| output.write(&standings)) {
            warn(error);
        }
    };
    tokio::select! {
        () = stop => {}
        never = fleet::watch(fleet, &board, interval, display.listener(), after_round) => match never {},
        // On a task of its own, so that writing reports delays no answer.
        _ = tokio::spawn(fleet::serve(listener, Arc::clone(&board))) => {}
    }
    display.finish();
    Ok(ExitCode::SUCCESS)
}

/// Where reports are written.
struct Output {
    overview: PathBuf,
    reports: PathBuf,
}

impl Output {
    /// Before the run: a folder that cannot be had must not be noticed after it.
    fn create(path: &Path) -> Result<Self, String> {
        let is_page = path.extension().is_some_and(|extension| extension == "html");
        let folder = if is_page { path.parent().unwrap_or(Path::new("")) } else { path };
        let overview = if is_page { path.to_owned() } else { folder.join("index.html") };
        let reports = folder.join(REPORTS);
        fs::create_dir_all(&reports).map_err(|error| format!("--report {}: {error}", reports.display()))?;
        Ok(Self { overview, reports })
    }

    fn write(&self, standings: &[Standing]) -> Result<(), String> {
        for standing in standings {
            if let Some(report) = &standing.report {
                write(&self.reports.join(format!("{}.html", standing.name)), report::html(report))?;
            }
        }
        write(&self.overview, fleet::overview(standings, Page::File { reports: REPORTS }))
    }
}

fn write(path: &Path, text: String) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
