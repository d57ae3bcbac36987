//! Many APIs at once: a [`FleetFile`] names them, [`Fleet::run`] tests them side by side, a [`Board`] keeps what was found
//! last, and [`overview`] and [`metrics`] show it. [`watch`] repeats it and [`serve`] answers over HTTP.
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::Arc;
//! use fapi_testkit::conform::fleet::{Board, Fleet, FleetFile, Page, overview};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let file = FleetFile::parse(&std::fs::read_to_string("fleet.toml")?, Path::new("."))?;
//! let fleet = Fleet::open(&file)?;
//! let board = Board::new(&fleet);
//! fleet.run(&board, Arc::new(|_, _| ())).await;
//! std::fs::write("fleet.html", overview(&board.standings(), Page::File { reports: "apis" }))?;
//! # Ok(())
//! # }
//! ```

mod board;
mod error;
mod file;
#[cfg(test)]
mod file_tests;
mod metrics;
mod open;
mod page;
mod round;
mod routes;
mod rules;
mod serve;
mod tables;
#[cfg(test)]
mod tests;

pub use board::{Attempt, Board, Standing, State};
pub use error::{FleetError, Problem};
pub use file::FleetFile;
pub use metrics::metrics;
pub use open::Fleet;
pub use page::{Page, overview};
pub use round::{FleetListener, FleetProgress, watch};
pub use serve::serve;
