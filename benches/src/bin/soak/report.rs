//! What came of it: counts for each kind of request, the wrong answers, the memory.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::panic;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fapi_core::Error;

use crate::clock::FACTOR;
use crate::memory::Memory;
use crate::stage::Stage;

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    KnownKey,
    NewKey,
    WithdrawnKey,
    OtherIssuer,
    Replay,
    Forged,
    MadeUpKey,
    Opaque,
    OpaqueRevoked,
    OpaqueMadeUp,
    Listed,
    ListedRevoked,
    Event,
    BeforeEvent,
    AfterEvent,
}

const KINDS: [Kind; 15] = [
    Kind::KnownKey,
    Kind::NewKey,
    Kind::WithdrawnKey,
    Kind::OtherIssuer,
    Kind::Replay,
    Kind::Forged,
    Kind::MadeUpKey,
    Kind::Opaque,
    Kind::OpaqueRevoked,
    Kind::OpaqueMadeUp,
    Kind::Listed,
    Kind::ListedRevoked,
    Kind::Event,
    Kind::BeforeEvent,
    Kind::AfterEvent,
];

/// How often which outcome came of which kind of request.
type Outcomes = BTreeMap<Kind, BTreeMap<&'static str, usize>>;

#[derive(Default)]
pub(crate) struct Report {
    outcomes: Mutex<Outcomes>,
    /// What was wrong, and how often.
    wrong: Mutex<BTreeMap<String, usize>>,
    known_keys: AtomicU64,
}

impl Report {
    /// Takes every panic for a fault: of the library's own tasks too, which nobody else would see.
    pub(crate) fn watch_panics(self: &Arc<Self>) {
        let (report, print) = (Arc::clone(self), panic::take_hook());
        panic::set_hook(Box::new(move |information| {
            report.wrong("something has panicked".to_owned());
            print(information);
        }));
    }

    pub(crate) fn answer(&self, kind: Kind, right: bool, answer: &Result<(), Error>) {
        let outcome = answer.as_ref().err().map_or("accepted", Error::code);
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        *outcomes.entry(kind).or_default().entry(outcome).or_default() += 1;
        if !right {
            self.wrong(format!("{kind:?} was answered {outcome}"));
        }
    }

    /// A request with a token under a known key: there is nothing to wait for.
    pub(crate) fn known_key(&self, waited: bool) {
        self.known_keys.fetch_add(1, Relaxed);
        if waited {
            self.wrong("a request with a known key had to wait".to_owned());
        }
    }

    fn wrong(&self, what: String) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        *wrong.entry(what).or_default() += 1;
    }

    /// Writes the summary; success if all was as it must be.
    pub(crate) fn conclude(&self, stage: &Stage, duration: Duration, memory: &Memory) -> ExitCode {
        let fetches = stage.failing.jwks_fetches().max(stage.failing.metadata_fetches());
        let faults = self.faults(fetches, duration, memory);
        let outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = io::stdout().lock();
        for (kind, counts) in outcomes.iter() {
            let counts: Vec<_> = counts.iter().map(|(outcome, count)| format!("{outcome} {count}")).collect();
            let _ = writeln!(out, "{:>14}  {}", format!("{kind:?}"), counts.join(", "));
        }
        for fault in &faults {
            let _ = writeln!(out, "wrong: {fault}");
        }
        let requests: usize = outcomes.values().flat_map(BTreeMap::values).sum();
        let _ = writeln!(
            out,
            "soak: {requests} requests in {} s, {} things wrong; {} with known keys, none of which may wait; \
             {} rotations; {fetches} fetches of keys, {} questions about tokens, {} status lists; {memory}",
            duration.as_secs(),
            faults.len(),
            self.known_keys.load(Relaxed),
            stage.rotations(),
            stage.asked.introspection_requests(),
            stage.asked.status_list_fetches(),
        );
        if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn faults(&self, fetches: usize, duration: Duration, memory: &Memory) -> Vec<String> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let mut faults: Vec<_> =
            wrong.iter().map(|(what, count)| format!("{what} ({count} times)")).collect();
        let outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = KINDS.iter().filter(|kind| !outcomes.contains_key(kind));
        faults.extend(missing.map(|kind| format!("{kind:?} was never tried")));
        // Two of them for a fetch in which the first location has no document.
        let most = usize::try_from(duration.as_secs()).unwrap_or(usize::MAX) * FACTOR as usize / 30 * 2 + 10;
        if fetches > most {
            faults.push(format!("the issuer was asked {fetches} times, more than {most}"));
        }
        faults.extend(memory.fault());
        faults
    }
}
