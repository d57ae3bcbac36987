//! What a run is doing: a bar on a terminal, a few lines elsewhere.

use std::io::IsTerminal as _;
use std::time::Duration;

use fapi_testkit::conform::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use crate::output::warn;

/// Shows the progress of a run on stderr.
pub(crate) struct Display {
    bar: ProgressBar,
    terminal: bool,
    waiting_for: String,
    failed: usize,
}

impl Display {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, terminal: std::io::stderr().is_terminal(), waiting_for: String::new(), failed: 0 }
    }

    pub(crate) fn show(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Waiting(why) => self.wait(why),
            Progress::Started(cases) => self.start(cases),
            Progress::Finished(outcome) => {
                self.bar.inc(1);
                if outcome.failed().is_some() {
                    self.failed = self.failed.saturating_add(1);
                    self.bar.set_message(format!("{} failed", self.failed));
                }
            }
            _ => {}
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn wait(&mut self, why: &str) {
        if self.waiting_for == why {
            return;
        }
        why.clone_into(&mut self.waiting_for);
        if self.terminal {
            self.bar.set_message(format!("waiting: {why}"));
        } else {
            warn(format_args!("waiting: {why}"));
        }
    }

    fn start(&self, cases: usize) {
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} cases  {msg}");
        if let Ok(style) = style {
            self.bar.set_style(style);
        }
        self.bar.set_message("");
        self.bar.set_length(u64::try_from(cases).unwrap_or(u64::MAX));
    }
}
