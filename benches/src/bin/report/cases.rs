//! `ResourceServer::verify`, beside the raw verifications that it cannot do without, in turns.

use std::time::Instant;

use fapi_benches::{CASES, Fixture, Row, TURN};

use crate::Effort;
use crate::figure::{Report, Target, Unit, microseconds};

pub(crate) fn measure(effort: Effort, report: &mut Report) {
    let fixture = Fixture::new(true);
    for case in CASES {
        let mut scenario = (case.scenario)(&fixture);
        let start = Instant::now();
        while start.elapsed() < effort.time {
            scenario.measure(&fixture.setup, TURN as u64);
        }
        let row = Row::new(case, &scenario);
        if let Some(target) = case.target {
            let detail = format!(
                "{} beside {} × {} ({})",
                microseconds(row.call.median),
                case.floor,
                microseconds(row.raw.median),
                row.algorithm
            );
            report.add(case.name, Target::AtMost(target), row.ratio.median, Unit::Ratio, detail);
        }
        report.rows.push(row);
    }
}
