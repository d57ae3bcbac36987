//! Requests of every kind, each held against what must come of it.

use std::sync::Arc;

use fapi_core::Error;
use fapi_testkit::SigningKey;
use tokio::task::JoinHandle;

use crate::report::{Kind, Report};
use crate::revocations::Withdrawer;
use crate::stage::{Decision, Expected, Stage};

/// Tasks of holders of good tokens, and of strangers.
const HOLDERS: usize = 6;
const STRANGERS: usize = 3;

/// Starts all tasks; they go on until they are aborted.
pub(crate) fn start(stage: &Arc<Stage>, report: &Arc<Report>) -> Vec<JoinHandle<()>> {
    let worker = || Worker { stage: Arc::clone(stage), report: Arc::clone(report) };
    let holders = (0..HOLDERS).map(|_| tokio::spawn(worker().hold()));
    let strangers = (0..STRANGERS).map(|_| tokio::spawn(worker().intrude()));
    holders.chain(strangers).chain(Withdrawer::start(stage, report)).collect()
}

struct Worker {
    stage: Arc<Stage>,
    report: Arc<Report>,
}

impl Worker {
    /// Good tokens, new and remembered, and the replay of their proofs.
    async fn hold(self) {
        // One token for each key that there was.
        let mut held = self.stage.mint();
        loop {
            let (rotations, token) = self.stage.mint();
            self.good(rotations, &token).await;
            if held.0 == rotations {
                self.good(rotations, &held.1).await;
            } else {
                self.withdrawn(rotations, &held.1).await;
                if self.stage.is_known(rotations) {
                    held = (rotations, token);
                }
            }
            self.reliable().await;
            self.replay().await;
        }
    }

    /// Forged signatures and made-up keys.
    async fn intrude(self) {
        let forger = SigningKey::generate(self.stage.failing.issuer().key().algorithm());
        for number in 0.. {
            let token = || self.stage.failing.issuer().token().bound_to(&self.stage.client);
            let made_up = token().header("kid", format!("{number}")).signed_by(&forger).sign();
            self.forged(Kind::MadeUpKey, &made_up).await;
            self.forged(Kind::Forged, &token().signed_by(&forger).sign()).await;
        }
    }

    /// A token under the newest key.
    async fn good(&self, rotations: u64, token: &str) {
        let expected = self.stage.expected(rotations);
        let proof = self.stage.proof(token);
        let known = self.stage.is_known(rotations);
        let Decision { answer, waited } = self.stage.decide(token, &proof).await;
        // A key that was replaced meanwhile is another case.
        if self.stage.rotations() != rotations {
            return;
        }
        let right = match (&answer, expected) {
            (Ok(()), _) => true,
            (Err(Error::KeysUnavailable), Expected::NotRefused | Expected::Anything) => true,
            (Err(Error::TokenKeyUnknown), Expected::Anything) => true,
            (Err(_), _) => false,
        };
        if answer.is_ok() {
            self.stage.was_accepted(rotations);
        }
        let kind = if expected == Expected::Accepted { Kind::KnownKey } else { Kind::NewKey };
        self.report.answer(kind, right, &answer);
        if known {
            self.report.known_key(waited);
        }
    }

    /// A token under a key that is no longer published: accepted only until the new key set is there.
    async fn withdrawn(&self, rotations: u64, token: &str) {
        let known = self.stage.is_known(rotations);
        let answer = self.stage.decide(token, &self.stage.proof(token)).await.answer;
        let right = match &answer {
            Ok(()) => !known,
            Err(Error::TokenKeyUnknown | Error::KeysUnavailable) => true,
            Err(_) => false,
        };
        self.report.answer(Kind::WithdrawnKey, right, &answer);
    }

    /// Another issuer's token, whatever befalls the first.
    async fn reliable(&self) {
        let token = self.stage.token_of(self.stage.reliable.issuer());
        let Decision { answer, waited } = self.stage.decide(&token, &self.stage.proof(&token)).await;
        self.report.known_key(waited);
        self.report.answer(Kind::OtherIssuer, answer.is_ok(), &answer);
    }

    async fn replay(&self) {
        let token = self.stage.token_of(self.stage.reliable.issuer());
        let proof = self.stage.proof(&token);
        let first = self.stage.decide(&token, &proof).await.answer;
        let second = self.stage.decide(&token, &proof).await.answer;
        self.report.answer(Kind::OtherIssuer, first.is_ok(), &first);
        self.report.answer(Kind::Replay, second == Err(Error::ProofReplayed), &second);
    }

    async fn forged(&self, kind: Kind, token: &str) {
        let answer = self.stage.decide(token, &self.stage.proof(token)).await.answer;
        let right = match &answer {
            Err(Error::TokenKeyUnknown | Error::KeysUnavailable) => true,
            // Under the name of a key that is known, it is checked and wrong.
            Err(Error::TokenSignature) => kind == Kind::Forged,
            _ => false,
        };
        self.report.answer(kind, right, &answer);
    }
}
