//! What the benchmarks have in common: a resource server as it is in use, and requests made ahead of time.
//!
//! Proofs are made by the test kit, whose signer (OpenSSL) shares no code with the verifier. The clock stands still, so
//! that all of them stay fresh. What is measured, and against what, is for the benchmarks.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark that is set up wrongly must not go on"
)]

mod call;
mod case;
mod fixture;
mod handler;
mod paired;
mod raw;
mod row;
mod setup;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

pub use call::Call;
pub use case::{ALGORITHMS, Case};
pub use fixture::Fixture;
pub use handler::Handler;
pub use paired::{Pair, Scenario, TURN};
pub use raw::RawVerification;
pub use row::{Quartiles, Row};
pub use setup::{METHOD, PATH, Setup};

/// The result of a future that has nothing to wait for, without the cost of an executor.
///
/// # Panics
/// If the future waits: with keys that are configured and a replay store in memory, none does.
pub fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a verification waited for something"),
    }
}
