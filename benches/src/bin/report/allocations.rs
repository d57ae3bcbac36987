//! How often a warm request allocates in the core.

use allocation_counter::measure as count;
use fapi_benches::{Call, Setup, poll_once};
use fapi_core::jose::Algorithm;

use crate::Effort;
use crate::figure::{Report, Target, Unit, median};

/// Warm requests that are counted.
const CALLS: usize = 101;

pub(crate) fn measure(_: Effort, report: &mut Report) {
    let setup = Setup::new(100_000);
    let client = setup.client(Algorithm::Es256);
    let token = setup.token(&client);
    let proofs: Vec<Call> = (0..CALLS).map(|_| setup.call(&client, &token)).collect();
    let kinds = [("DPoP", proofs), ("client certificate", vec![setup.certificate_call(); CALLS])];
    for (kind, calls) in kinds {
        let server = setup.server();
        let allocations = calls.iter().map(|call| {
            let request = call.request();
            count(|| assert!(poll_once(server.verify(&request)).is_ok(), "refused")).count_total as f64
        });
        let what = format!("allocations of a warm request, {kind}");
        report.add(what, Target::AtMost(4.0), median(allocations), Unit::Allocations, "in the core");
    }
}
