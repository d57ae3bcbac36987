//! What the writers for people say in the same words: the verdict of a run, moments, durations, answers, and where a
//! clause can be read.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::StatusCode;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Exchange, Outcome, Report, Verdict};
use crate::catalogue::{Group, Severity};

/// The verdict in one sentence.
pub(super) fn headline(report: &Report) -> String {
    let summary = &report.summary;
    let tried = summary.passed.saturating_add(summary.failed);
    if tried == 0 {
        return "No case could be tried.".to_owned();
    }
    if let Some((severity, _)) = summary.failed_by_severity.last_key_value() {
        return format!("{} of {tried} cases failed; the worst severity is {severity}.", summary.failed);
    }
    let skipped = match summary.skipped {
        0 => String::new(),
        skipped => format!("; {skipped} could not be tried"),
    };
    format!("All {} came out as expected{skipped}.", cases(tried))
}

/// `1 case`, `2 cases`.
pub(super) fn cases(count: usize) -> String {
    format!("{count} {}", if count == 1 { "case" } else { "cases" })
}

/// The name of the group, as a heading.
pub(super) const fn group(group: Group) -> &'static str {
    match group {
        Group::Credentials => "Credentials and challenges",
        Group::Token => "Access token",
        Group::Proof => "DPoP proof",
        Group::Target => "Method and target URI",
        Group::Time => "Time",
        Group::Replay => "Replay",
        Group::Nonce => "Nonce",
        Group::Binding => "Binding to the key",
        Group::Mtls => "Mutual TLS",
        Group::Scope => "What the route asks for",
        Group::Metadata => "Metadata",
        Group::Keys => "Keys",
        Group::Introspection => "Introspection and opaque tokens",
        Group::Revocation => "Revocation",
        Group::Limits => "Limits",
    }
}

/// How the case came out, in one word.
pub(super) const fn result(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed { .. } => "failed",
        Verdict::Skipped { .. } => "skipped",
    }
}

/// The severity of the failure, or of the case if there is none.
pub(super) fn severity(outcome: &Outcome) -> Severity {
    outcome.failed().map_or(outcome.case.severity, |(severity, _)| severity)
}

/// Why cases were skipped, and the ids of those cases.
pub(super) fn skipped(report: &Report) -> BTreeMap<&str, Vec<&'static str>> {
    let mut skipped = BTreeMap::<_, Vec<_>>::new();
    for outcome in &report.outcomes {
        if let Verdict::Skipped { why } = &outcome.verdict {
            skipped.entry(why.as_str()).or_default().push(outcome.case.id);
        }
    }
    skipped
}

/// The first line of the answer: `401 Unauthorized`, or why there is none.
pub(super) fn status(exchange: &Exchange) -> String {
    match &exchange.received {
        Err(why) => format!("no answer: {why}"),
        Ok(received) => {
            let reason =
                StatusCode::from_u16(received.status).ok().and_then(|status| status.canonical_reason());
            reason.map_or(received.status.to_string(), |reason| format!("{} {reason}", received.status))
        }
    }
}

/// Header fields, one a line.
pub(super) fn fields(headers: &[(String, String)]) -> String {
    headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

/// The moment as in RFC 3339, in UTC; `None` for one that no calendar has.
pub(in crate::conform) fn moment(seconds: u64) -> Option<String> {
    let moment = OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()?;
    moment.format(&Rfc3339).ok()
}

/// `840 ms`, `12.3 s`, `2 min 5 s`.
pub(in crate::conform) fn duration(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        1..=59 => format!("{:.1} s", duration.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// Where the clause can be read: `RFC 9449 §4.3 (9)` is section 4.3 of that RFC.
pub(super) fn clause_url(clause: &str) -> Option<String> {
    let (document, rest) = clause.split_once(" §")?;
    let section = rest.split([' ', '-']).next()?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !section.split('.').all(digits) {
        return None;
    }
    let address = match document.strip_prefix("RFC ") {
        Some(number) if digits(number) => format!("https://www.rfc-editor.org/rfc/rfc{number}.html"),
        None if document == "FAPI 2.0 SP" => {
            "https://openid.net/specs/fapi-security-profile-2_0-final.html".to_owned()
        }
        _ => return None,
    };
    Some(format!("{address}#section-{section}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conform::report::sample;

    #[test]
    fn clauses_are_linked_to_where_they_can_be_read() {
        let links = [
            ("RFC 9449 §4.3 (9)", Some("https://www.rfc-editor.org/rfc/rfc9449.html#section-4.3")),
            ("RFC 9449 §9", Some("https://www.rfc-editor.org/rfc/rfc9449.html#section-9")),
            (
                "FAPI 2.0 SP §5.3.4-2",
                Some("https://openid.net/specs/fapi-security-profile-2_0-final.html#section-5.3.4"),
            ),
            ("HelseID security profile", None),
            ("RFC x §4", None),
            ("RFC 9449 §\"onclick=1", None),
        ];
        for (clause, url) in links {
            assert_eq!(clause_url(clause).as_deref(), url, "{clause}");
        }
    }

    #[test]
    fn the_verdict_is_one_sentence() {
        assert_eq!(headline(&sample::failing()), "4 of 9 cases failed; the worst severity is critical.");
        assert_eq!(headline(&sample::passing()), "All 5 cases came out as expected; 2 could not be tried.");
        assert_eq!(headline(&sample::of(vec![])), "No case could be tried.");
    }

    #[test]
    fn moments_and_durations() {
        assert_eq!(moment(1_750_000_000).as_deref(), Some("2025-06-15T15:06:40Z"));
        assert_eq!(moment(u64::MAX), None);
        assert_eq!(duration(Duration::from_millis(840)), "840 ms");
        assert_eq!(duration(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 5 s");
    }
}
