//! What a fleet is doing: one bar with the names of those whose turn it is on a terminal, a line for each elsewhere.

use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fapi_testkit::conform::fleet::{FleetListener, FleetProgress};
use indicatif::{ProgressBar, ProgressStyle};

use crate::fleet_table::line;
use crate::output::warn;

/// Shows the progress of a fleet on stderr.
pub(crate) struct FleetDisplay {
    /// `None` without a terminal.
    bar: Option<ProgressBar>,
    apis: u64,
}

impl FleetDisplay {
    pub(crate) fn new(apis: usize) -> Self {
        let apis = u64::try_from(apis).unwrap_or(u64::MAX);
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(apis);
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} APIs  {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self { bar, apis }
    }

    /// Hears of the progress of every API.
    pub(crate) fn listener(&self) -> FleetListener {
        let Some(bar) = self.bar.clone() else { return Arc::new(tell) };
        let apis = self.apis;
        let current = Mutex::new(Vec::<String>::new());
        Arc::new(move |name, progress| {
            let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
            match progress {
                FleetProgress::Started => {
                    // A new round.
                    if current.is_empty() && bar.position() >= apis {
                        bar.set_position(0);
                    }
                    current.push(name.to_owned());
                }
                FleetProgress::Ended(_) => {
                    current.retain(|other| other != name);
                    bar.inc(1);
                }
                _ => return,
            }
            bar.set_message(current.join(", "));
        })
    }

    /// Says how a round has ended, and that the next one is to come.
    pub(crate) fn round_ended(&self, summary: String) {
        match &self.bar {
            Some(bar) => bar.set_message(summary),
            None => warn(summary),
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn tell(name: &str, progress: FleetProgress<'_>) {
    if let FleetProgress::Ended(attempt) = progress {
        warn(line(name, attempt));
    }
}
