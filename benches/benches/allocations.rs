//! How often a warm request allocates in the core. Fails above the limit, so that it is also a test.
//!
//! A program of its own: the counting allocator would slow the other benchmarks down.
#![allow(missing_docs, clippy::expect_used, clippy::print_stdout, reason = "a benchmark, not a library")]

use allocation_counter::{AllocationInfo, measure};
use fapi_benches::{Call, Setup, poll_once};
use fapi_core::ResourceServer;
use fapi_core::jose::Algorithm;

/// Warm requests that are counted.
const CALLS: usize = 101;
/// Allocations of a warm request at most.
const LIMIT: u64 = 4;

fn main() {
    let setup = Setup::new(100_000);
    let client = setup.client(Algorithm::Es256);
    let token = setup.token(&client);
    let proofs = (0..CALLS).map(|_| setup.call(&client, &token)).collect();
    report("DPoP", &setup.server(), proofs);
    report("client certificate", &setup.server(), vec![setup.certificate_call(); CALLS]);
}

/// Prints what a warm call allocates; now and then a call also makes a table of the replay store grow.
fn report(name: &str, server: &ResourceServer, calls: Vec<Call>) {
    let mut counts: Vec<AllocationInfo> = calls.iter().map(|call| allocations(server, call)).collect();
    counts.sort_unstable_by_key(|count| count.count_total);
    let median = counts.get(CALLS / 2).expect("many calls");
    println!(
        "warm request, {name}: {} allocations, {} bytes in all, {} bytes at once (limit: {LIMIT} allocations)",
        median.count_total, median.bytes_total, median.bytes_max
    );
    assert!(median.count_total <= LIMIT, "a warm request allocates more than {LIMIT} times");
}

fn allocations(server: &ResourceServer, call: &Call) -> AllocationInfo {
    let request = call.request();
    let mut accepted = false;
    let count = measure(|| accepted = poll_once(server.verify(&request)).is_ok());
    assert!(accepted, "a warm request is accepted");
    count
}
