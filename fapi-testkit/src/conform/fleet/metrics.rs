//! What is known of the APIs as metrics, in the text format of OpenMetrics, which Prometheus reads.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Standing;
use crate::catalogue::Severity;

/// The `Content-Type` of [`metrics`].
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct ApiLabel {
    api: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct ResultLabels {
    api: String,
    result: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct SeverityLabels {
    api: String,
    severity: &'static str,
}

/// The gauges, one value for each API, or several.
#[derive(Debug, Default)]
struct Gauges {
    cases: Family<ResultLabels, Gauge>,
    failures: Family<SeverityLabels, Gauge>,
    up: Family<ApiLabel, Gauge>,
    ended: Family<ApiLabel, Gauge>,
    duration: Family<ApiLabel, Gauge<f64, AtomicU64>>,
}

/// The metrics. An API that has not been tested yet has none.
///
/// # Panics
/// Never: text can always be written to a string.
#[must_use]
pub fn metrics(standings: &[Standing]) -> String {
    let gauges = Gauges::default();
    standings.iter().for_each(|standing| gauges.set(standing));
    let mut registry = Registry::with_prefix("fapi_conform");
    registry.register("cases", "Cases of the last report by result", gauges.cases);
    registry.register("failures", "Failed cases of the last report by severity", gauges.failures);
    registry.register("up", "Whether the API could be tested at the last attempt", gauges.up);
    registry.register("last_run_timestamp_seconds", "When the last attempt ended", gauges.ended);
    registry.register("duration_seconds", "How long the last attempt took", gauges.duration);
    let mut text = String::new();
    text::encode(&mut text, &registry).expect("a string takes all text");
    text
}

impl Gauges {
    fn set(&self, standing: &Standing) {
        let label = || ApiLabel { api: standing.name.clone() };
        if let Some(last) = &standing.last {
            self.up.get_or_create(&label()).set(i64::from(last.result.is_ok()));
            self.ended.get_or_create(&label()).set(i64::try_from(last.ended).unwrap_or(i64::MAX));
            self.duration.get_or_create(&label()).set(last.duration.as_secs_f64());
        }
        let Some(report) = &standing.report else { return };
        let summary = &report.summary;
        for (result, count) in
            [("passed", summary.passed), ("failed", summary.failed), ("skipped", summary.skipped)]
        {
            self.cases.get_or_create(&ResultLabels { api: standing.name.clone(), result }).set(gauge(count));
        }
        for severity in Severity::ALL {
            let count = summary.failed_by_severity.get(&severity).copied().unwrap_or_default();
            let labels = SeverityLabels { api: standing.name.clone(), severity: severity.name() };
            self.failures.get_or_create(&labels).set(gauge(count));
        }
    }
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
