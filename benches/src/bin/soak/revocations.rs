//! Tokens that their issuer withdraws, in three ways, and what must come of each before and after.
//!
//! Whether the issuer answers at that moment or not: what it has withdrawn is accepted for no longer than was configured,
//! and what it has not is never refused. The next request after an event is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use fapi_core::{Error, UnixTime};
use fapi_testkit::{TestIssuer, subject};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::report::{Kind, Report};
use crate::stage::{MAX_AGE, Stage};

/// Tasks of each kind.
const TASKS: usize = 2;
/// Between two requests of a task.
const BREAK: Duration = Duration::from_millis(20);
/// Most requests with a token before it is withdrawn: with the breaks, about as long as an answer counts.
const MOST_BEFORE: u64 = 100;
/// Draft-20 §7.1
const INVALID: u8 = 1;

/// Makes tokens differ.
static NUMBER: AtomicU64 = AtomicU64::new(0);
/// The next place in the status list, which has 1024: enough for half an hour.
static PLACE: AtomicU64 = AtomicU64::new(0);

#[derive(Clone)]
pub(crate) struct Withdrawer {
    stage: Arc<Stage>,
    report: Arc<Report>,
}

impl Withdrawer {
    /// Starts all tasks; they go on until they are aborted.
    pub(crate) fn start(stage: &Arc<Stage>, report: &Arc<Report>) -> Vec<JoinHandle<()>> {
        let worker = Self { stage: Arc::clone(stage), report: Arc::clone(report) };
        let tasks = (0..TASKS).flat_map(|_| {
            [
                tokio::spawn(worker.clone().introspected()),
                tokio::spawn(worker.clone().listed()),
                tokio::spawn(worker.clone().told()),
            ]
        });
        tasks.chain([tokio::spawn(worker.clone().guess())]).collect()
    }

    fn issuer(&self) -> &TestIssuer {
        self.stage.asked.issuer()
    }

    /// Opaque tokens, which the API asks about.
    async fn introspected(self) {
        loop {
            let token = self.stage.mint_by(self.issuer()).opaque();
            self.good(Kind::Opaque, &token).await;
            self.issuer().revoke(&token);
            self.revoked(Kind::OpaqueRevoked, &token, Error::TokenInactive).await;
        }
    }

    /// Tokens with a place in the status list.
    async fn listed(self) {
        loop {
            let index = PLACE.fetch_add(1, Relaxed);
            let uri = self.issuer().status_list_uri();
            let token = self.stage.mint_by(self.issuer()).status_list(&uri, index).sign();
            self.good(Kind::Listed, &token).await;
            self.issuer().set_status(usize::try_from(index).expect("a small number"), INVALID);
            self.revoked(Kind::ListedRevoked, &token, Error::TokenRevoked).await;
        }
    }

    /// Tokens of which an event tells.
    async fn told(self) {
        let mut receives = false;
        loop {
            let id = format!("token-{}", NUMBER.fetch_add(1, Relaxed));
            let token = self.stage.mint_by(self.issuer()).claim("jti", id.as_str()).sign();
            let before = self.decide(&token).await;
            self.report.answer(Kind::BeforeEvent, before.is_ok(), &before);
            let event = self.issuer().session_revoked(subject::jwt_id(self.issuer().identifier(), &id));
            // As long as the keys of the events could not be loaded, they cannot be checked.
            let answer = match self.stage.push(&event.sign()).await {
                202 => Ok(()),
                _ => Err(Error::KeysUnavailable),
            };
            self.report.answer(Kind::Event, answer.is_ok() || !receives, &answer);
            if answer.is_ok() {
                receives = true;
                let after = self.decide(&token).await;
                self.report.answer(Kind::AfterEvent, after == Err(Error::TokenRevoked), &after);
            }
            sleep(BREAK).await;
        }
    }

    /// Made-up opaque tokens of strangers.
    async fn guess(self) {
        loop {
            let guess = format!("guess-{}", NUMBER.fetch_add(1, Relaxed));
            let answer = self.decide(&guess).await;
            let right = answer == Err(Error::TokenInactive) || is_unknown(&answer);
            self.report.answer(Kind::OpaqueMadeUp, right, &answer);
            sleep(BREAK).await;
        }
    }

    /// A token that is not withdrawn, presented for a while: accepted, unless its issuer cannot be asked.
    async fn good(&self, kind: Kind, token: &str) {
        // Sometimes right after the issuer was asked, sometimes right before it is asked again.
        for _ in 0..=NUMBER.fetch_add(1, Relaxed).wrapping_mul(37) % MOST_BEFORE {
            let sound = self.stage.is_sound();
            let answer = self.decide(token).await;
            let right = answer.is_ok() || (is_unknown(&answer) && !(sound && self.stage.is_sound()));
            self.report.answer(kind, right, &answer);
            sleep(BREAK).await;
        }
    }

    /// A token that has just been withdrawn: refused, as soon as what was known before has run out.
    async fn revoked(&self, kind: Kind, token: &str, error: Error) {
        let end = self.stage.now().saturating_add(MAX_AGE);
        let mut last = UnixTime::default();
        while last < end {
            last = self.stage.now();
            let answer = self.decide(token).await;
            let right = match &answer {
                Ok(()) => last < end,
                Err(own) => *own == error || is_unknown(&answer),
            };
            self.report.answer(kind, right, &answer);
            sleep(BREAK).await;
        }
    }

    async fn decide(&self, token: &str) -> Result<(), Error> {
        self.stage.decide(token, &self.stage.proof(token)).await.answer
    }
}

/// "Could not check", which is neither "good" nor "withdrawn".
fn is_unknown(answer: &Result<(), Error>) -> bool {
    matches!(
        answer,
        Err(Error::IntrospectionUnavailable | Error::IntrospectionInvalid | Error::RevocationUnavailable)
    )
}
