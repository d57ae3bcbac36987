//! How each library is configured and called.

pub mod dpop_verifier;
pub mod fapi_core;
pub mod huskarl;
pub mod raw;
pub mod skyauth;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// None if the future waits: with keys that are configured and replay detection in memory, none does.
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
