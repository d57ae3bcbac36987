//! One run of each API, so many at once, and that again and again.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::board::{Attempt, Board};
use super::open::{Api, Fleet};
use crate::conform::{Options, Progress, Report, run_against};

/// What the run of an API is doing.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum FleetProgress<'a> {
    /// It is this API's turn.
    Started,
    /// The run goes on.
    Running(Progress<'a>),
    /// The run has ended.
    Ended(&'a Attempt),
}

/// Who hears of the progress of the APIs, by their names.
pub type FleetListener = Arc<dyn Fn(&str, FleetProgress<'_>) + Send + Sync>;

impl Fleet {
    /// Tests every API once and records what is found as soon as it is. Dropping the future stops all runs.
    pub async fn run(&self, board: &Board, listener: FleetListener) {
        let turns = Arc::new(Semaphore::new(self.parallel.get()));
        let mut runs = JoinSet::new();
        let mut names = HashMap::new();
        for api in &self.apis {
            let (api, turns, listener) = (Arc::clone(api), Arc::clone(&turns), Arc::clone(&listener));
            let options = api.options(&self.only);
            let name = api.name.clone();
            let run = runs.spawn(async move {
                // The semaphore is never closed.
                let _turn = turns.acquire().await.ok();
                api.attempt(options, &listener).await
            });
            names.insert(run.id(), name);
        }
        while let Some(run) = runs.join_next_with_id().await {
            let (id, attempt) = run.unwrap_or_else(|panicked| {
                let why = "the run broke off: this is a fault of the program".to_owned();
                (panicked.id(), Attempt::ending_now(Duration::ZERO, Err(why)))
            });
            if let Some(name) = names.get(&id) {
                board.record(name, attempt);
            }
        }
    }
}

impl Api {
    async fn attempt(&self, options: Options, listener: &FleetListener) -> Attempt {
        listener(&self.name, FleetProgress::Started);
        let started = Instant::now();
        let result = self.test(options, listener).await;
        let attempt = Attempt::ending_now(started.elapsed(), result);
        listener(&self.name, FleetProgress::Ended(&attempt));
        attempt
    }

    async fn test(&self, options: Options, listener: &FleetListener) -> Result<Report, String> {
        let credentials = self.source.credentials().map_err(|error| error.to_string())?;
        let mut hear = |progress: Progress<'_>| listener(&self.name, FleetProgress::Running(progress));
        run_against(&self.target, credentials, options, &mut hear).await.map_err(|error| error.to_string())
    }
}

/// Tests the fleet again and again. `interval` passes between the end of a round and the start of the next, so that there
/// is never more than one.
pub async fn watch(
    fleet: &Fleet,
    board: &Board,
    interval: Duration,
    listener: FleetListener,
    mut after_round: impl FnMut(&Board),
) -> Infallible {
    loop {
        fleet.run(board, Arc::clone(&listener)).await;
        after_round(board);
        sleep(interval).await;
    }
}
