//! What came of it: counts for each kind of request, the first wrong answers, the slowest right one, the memory.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fapi_core::Error;

use crate::clock::FACTOR;
use crate::memory::Memory;
use crate::stage::Stage;

/// A request that waits for a slow issuer takes four seconds or more; one that does not takes less than this on any machine.
const MOST_FOR_A_KNOWN_KEY: Duration = Duration::from_secs(2);
/// Wrong answers that are told in full.
const MAX_TOLD: usize = 10;

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    KnownKey,
    NewKey,
    Withdrawn,
    OtherIssuer,
    Replay,
    Forged,
    MadeUpKey,
}

const KINDS: [Kind; 7] = [
    Kind::KnownKey,
    Kind::NewKey,
    Kind::Withdrawn,
    Kind::OtherIssuer,
    Kind::Replay,
    Kind::Forged,
    Kind::MadeUpKey,
];

/// How often which outcome came of which kind of request.
type Outcomes = BTreeMap<(Kind, &'static str), usize>;

#[derive(Default)]
pub(crate) struct Report {
    outcomes: Mutex<Outcomes>,
    wrong: Mutex<Vec<String>>,
    slowest_micros: AtomicU64,
}

impl Report {
    pub(crate) fn answer(&self, kind: Kind, right: bool, answer: &Result<(), Error>) {
        let outcome = answer.as_ref().err().map_or("accepted", Error::code);
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        *outcomes.entry((kind, outcome)).or_default() += 1;
        if !right {
            self.wrong
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(format!("{kind:?} was answered {outcome}"));
        }
    }

    /// How long a request took that had nothing to wait for.
    pub(crate) fn took(&self, time: Duration) {
        self.slowest_micros.fetch_max(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Writes the summary; success if all was as it must be.
    pub(crate) fn conclude(&self, stage: &Stage, duration: Duration, memory: &Memory) -> ExitCode {
        let outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut faults = self.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let slowest = Duration::from_micros(self.slowest_micros.load(Relaxed));
        if slowest > MOST_FOR_A_KNOWN_KEY {
            faults.push(format!("a request with a known key took {slowest:?}"));
        }
        for kind in KINDS {
            if !outcomes.keys().any(|(seen, _)| *seen == kind) {
                faults.push(format!("{kind:?} was never tried"));
            }
        }
        let fetches = stage.failing.jwks_fetches().max(stage.failing.metadata_fetches());
        // Two of them for a fetch in which the first location has no document.
        let most = usize::try_from(duration.as_secs()).unwrap_or(usize::MAX) * FACTOR as usize / 30 * 2 + 10;
        if fetches > most {
            faults.push(format!("the issuer was asked {fetches} times, more than {most}"));
        }
        faults.extend(memory.fault());
        let mut out = io::stdout().lock();
        for ((kind, outcome), count) in outcomes.iter() {
            let _ = writeln!(out, "{:>9}  {kind:?}: {outcome}", count);
        }
        for fault in faults.iter().take(MAX_TOLD) {
            let _ = writeln!(out, "wrong: {fault}");
        }
        let requests: usize = outcomes.values().sum();
        let _ = writeln!(
            out,
            "soak: {requests} requests in {} s, {} faults, {} rotations, {fetches} requests to the failing issuer, slowest known key {} ms, {memory}",
            duration.as_secs(),
            faults.len(),
            stage.rotations(),
            slowest.as_millis(),
        );
        if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
