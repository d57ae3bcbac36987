//! How often a warm request allocates in the core. That it is never more often is a test (`tests/allocations.rs`).
//!
//! The allocator that counts is that of the whole report: it costs every allocation that is measured elsewhere a few
//! nanoseconds.

use allocation_counter::measure as count;
use fapi_benches::{Call, Setup, poll_once};
use fapi_core::jose::Algorithm;

use crate::Run;
use crate::figure::{Report, Target, Unit};

/// Warm requests that are counted, after as many that are not.
const CALLS: usize = 500;

pub(crate) fn measure(_: &Run, report: &mut Report) {
    let setup = Setup::new(100_000);
    let client = setup.client(Algorithm::Es256);
    let token = setup.token(&client);
    let proofs: Vec<Call> = (0..CALLS * 2).map(|_| setup.call(&client, &token)).collect();
    let kinds = [("DPoP", proofs), ("client certificate", vec![setup.certificate_call(); CALLS * 2])];
    for (kind, calls) in kinds {
        let server = setup.server();
        let allocations = calls.iter().map(|call| {
            let request = call.request();
            count(|| assert!(poll_once(server.verify(&request)).is_ok(), "refused")).count_total as f64
        });
        let most = allocations.skip(CALLS).fold(0.0, f64::max);
        let what = format!("allocations of a warm request, {kind}");
        let detail = format!("in the core, the most of {CALLS} requests");
        report.add(what, Target::AtMost(4.0), most, Unit::Allocations, detail);
    }
}
