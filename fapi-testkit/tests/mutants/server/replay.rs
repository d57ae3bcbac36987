//! One proof, one request (RFC 9449 §11.1): what has been used is remembered in one step.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use super::ReferenceServer;
use super::answer::Refusal;
use super::proof::Proof;
use crate::flaw::Flaw;

/// The keys of used proofs, the oldest first. A run is shorter than what a proof may be old, so nothing is forgotten.
pub(super) type Used = VecDeque<String>;

/// How many proofs there is room for where there is too little.
const SMALL: usize = 4;

impl ReferenceServer {
    pub(super) async fn use_once(&self, proof: &Proof) -> Result<(), Refusal> {
        if self.has(Flaw::Replay) {
            return Ok(());
        }
        // P8: each client has its own.
        let jti = if self.has(Flaw::JtiCase) { proof.jti.to_lowercase() } else { proof.jti.clone() };
        let key = if self.has(Flaw::JtiUnscoped) { jti } else { format!("{} {jti}", proof.thumbprint) };
        let store = &self.used[if self.has(Flaw::StorePerWorker) { self.next_worker() } else { 0 }];
        // P6: between the question and the entry there is time for another request.
        let known = store.lock().unwrap().contains(&key);
        if self.has(Flaw::ExistsThenAdd) {
            tokio::task::yield_now().await;
        }
        let mut used = store.lock().unwrap();
        if known || !self.has(Flaw::ExistsThenAdd) && used.contains(&key) {
            return Err(if self.has(Flaw::ReplayAsksNonce) {
                Refusal::UseNonce
            } else {
                self.bad_proof("used")
            });
        }
        if used.len() >= SMALL && self.has(Flaw::SmallQuota) {
            return Err(Refusal::Unavailable);
        }
        if used.len() >= SMALL && self.has(Flaw::ForgetsLive) {
            used.pop_front();
        }
        used.push_back(key);
        Ok(())
    }

    fn next_worker(&self) -> usize {
        self.workers.fetch_add(1, Ordering::SeqCst) % self.used.len()
    }
}
