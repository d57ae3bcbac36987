//! How often a warm request allocates in the core: at most 4 times, each of them.
//!
//! A program of its own: the allocator that counts would slow others down. Without optimisation a request allocates no less
//! often than with it, so that the limit holds for both.
#![allow(missing_docs, clippy::panic)]

use allocation_counter::measure;
use fapi_benches::{Call, Setup, poll_once};
use fapi_core::ResourceServer;
use fapi_core::jose::Algorithm;

/// Allocations of a warm request at most.
const LIMIT: u64 = 4;
/// Requests before the server is warm: they fill its caches. The replay store has all its memory from the start.
const WARM_UP: usize = 50;
const COUNTED: usize = 1_000;

fn assert_each_is_within_limit(server: &ResourceServer, calls: &[Call]) {
    for (number, call) in calls.iter().enumerate() {
        let request = call.request();
        let mut accepted = false;
        let count = measure(|| accepted = poll_once(server.verify(&request)).is_ok()).count_total;
        assert!(accepted, "request {number} is valid");
        assert!(number < WARM_UP || count <= LIMIT, "request {number} has allocated {count} times");
    }
}

#[test]
fn each_warm_request_with_a_proof_allocates_at_most_4_times() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let setup = Setup::new(10_000);
        let client = setup.client(algorithm);
        let token = setup.token(&client);
        let calls: Vec<Call> = (0..WARM_UP + COUNTED).map(|_| setup.call(&client, &token)).collect();
        assert_each_is_within_limit(&setup.server(), &calls);
    }
}

#[test]
fn each_warm_request_with_a_client_certificate_allocates_at_most_4_times() {
    let setup = Setup::new(10_000);
    let calls = vec![setup.certificate_call(); WARM_UP + COUNTED];
    assert_each_is_within_limit(&setup.server(), &calls);
}
