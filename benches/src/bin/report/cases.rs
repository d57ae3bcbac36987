//! `ResourceServer::verify`, beside the raw verifications that it cannot do without, in turns.

use std::time::Instant;

use fapi_benches::{Case, Fixture, Row, TURN};
use fapi_core::jose::Algorithm;

use crate::Run;
use crate::figure::{Figure, Report, Target, Unit, microseconds};

/// Turns that a median needs at least, however long new servers take.
const LEAST: usize = 500;

pub(crate) fn measure(algorithm: Algorithm, run: &Run, report: &mut Report) {
    let fixture = Fixture::new(algorithm, true);
    for case in Case::all(algorithm) {
        run.show(&case.name);
        let mut scenario = case.scenario(&fixture);
        // Near 1, a hundredth counts; far below, it does not.
        let time = if case.target.is_some_and(|target| target > 1.0) { run.time * 4 } else { run.time };
        let start = Instant::now();
        while start.elapsed() < time || scenario.pairs().len() < LEAST {
            scenario.measure(&fixture.setup, TURN as u64);
        }
        let row = Row::new(&case, &scenario);
        report.figures.extend(figure(&case, &row));
        report.rows.push(row);
    }
}

/// The figure of a case that has a target.
fn figure(case: &Case, row: &Row) -> Option<Figure> {
    let floor = if case.floor == 1 { String::new() } else { format!("{} × ", case.floor) };
    let (call, raw) = (microseconds(row.call.median), microseconds(row.raw.median));
    Some(Figure {
        what: case.name.clone(),
        group: case.group,
        target: Target::AtMost(case.target?),
        value: row.ratio.median,
        unit: Unit::Ratio,
        detail: format!("{call} beside {floor}{raw} ({})", case.algorithm),
        judged: true,
    })
}
