//! The report as SARIF 2.1.0 (OASIS), for dashboards of findings: each case is a rule, each failure a result.
//!
//! A result has no file to point at: its location is the URL of the route, and what was sent and what came back stand in
//! `webRequest` and `webResponse` (§3.27.25, §3.27.26).

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::{Exchange, Outcome, Report, TestedApi, wording};
use crate::catalogue::{Case, Severity};

/// What may not stand in a URI (RFC 3986 §2); `%` may, since it encodes.
const NOT_IN_URI: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The failures of the report as SARIF 2.1.0.
#[must_use]
pub fn sarif(report: &Report) -> String {
    let rules: Vec<Value> = report.outcomes.iter().map(|outcome| rule(outcome.case)).collect();
    let failed = report.outcomes.iter().enumerate().filter(|(_, outcome)| outcome.failed().is_some());
    let results: Vec<Value> = failed.map(|(index, outcome)| result(index, outcome, &report.target)).collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "fapi-conform",
                "semanticVersion": report.version,
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "invocations": [invocation(report)],
            "results": results,
        }],
    });
    format!("{log:#}")
}

fn invocation(report: &Report) -> Value {
    let invocation = json!({
        "executionSuccessful": true,
        "properties": { "profile": report.profile, "target": report.target, "summary": report.summary },
    });
    let ended = report.started.saturating_add(report.duration.as_secs());
    let started = with(invocation, "startTimeUtc", wording::moment(report.started));
    with(started, "endTimeUtc", wording::moment(ended))
}

fn rule(case: &Case) -> Value {
    let rule = json!({
        "id": case.id,
        "shortDescription": { "text": case.title },
        "fullDescription": { "text": format!("{}: {}", case.rule.clause, case.rule.says) },
        "defaultConfiguration": { "level": level(case.severity) },
        "properties": {
            "security-severity": score(case.severity),
            "tags": ["security", case.group.name()],
        },
    });
    with(rule, "helpUri", wording::clause_url(case.rule.clause))
}

fn result(rule: usize, outcome: &Outcome, target: &TestedApi) -> Value {
    let (severity, why) = outcome.failed().unwrap_or((outcome.case.severity, ""));
    let route = format!("{} {}", target.method, target.path);
    let url = format!("{}{}", target.public_url.trim_end_matches('/'), target.path);
    let result = json!({
        "ruleId": outcome.case.id,
        "ruleIndex": rule,
        "level": level(severity),
        "message": { "text": format!("{}: {why}. Expected: {}.", outcome.case.title, outcome.expected) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": utf8_percent_encode(&url, NOT_IN_URI).to_string() },
            },
            "logicalLocations": [{ "name": route, "kind": "resource" }],
        }],
        // The same finding in the next run has the same fingerprint.
        "partialFingerprints": { "case/v1": format!("{}: {route}", outcome.case.id) },
        "properties": { "severity": severity },
    });
    // Of several requests, the last is the one that was judged last.
    let last = outcome.exchanges.last();
    with(with(result, "webRequest", last.map(request)), "webResponse", last.map(response))
}

/// The object with this property, if there is a value: SARIF does not permit `null`.
fn with(mut object: Value, name: &str, value: Option<impl Into<Value>>) -> Value {
    if let (Some(properties), Some(value)) = (object.as_object_mut(), value) {
        properties.insert(name.to_owned(), value.into());
    }
    object
}

fn request(exchange: &Exchange) -> Value {
    let sent = &exchange.sent;
    json!({
        "protocol": "HTTP",
        "method": sent.method,
        "target": sent.target,
        "headers": fields(&sent.headers),
        "properties": { "proofs": sent.proofs, "token": sent.token },
    })
}

fn response(exchange: &Exchange) -> Value {
    match &exchange.received {
        Ok(received) => json!({ "statusCode": received.status, "headers": fields(&received.headers) }),
        Err(why) => json!({ "noResponseReceived": true, "properties": { "why": why } }),
    }
}

/// Fields of the same name become one, as RFC 9110 §5.3 has it: SARIF has one value for each name.
fn fields(headers: &[(String, String)]) -> Map<String, Value> {
    let mut fields = BTreeMap::<&str, Vec<&str>>::new();
    for (name, value) in headers {
        fields.entry(name).or_default().push(value);
    }
    fields.into_iter().map(|(name, values)| (name.to_owned(), values.join(", ").into())).collect()
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// The middle of the range that code scanning services give the word: over 9, over 7, over 4, below.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conform::report::{json as to_json, sample};

    fn run(report: &Report) -> Value {
        let log: Value = serde_json::from_str(&sarif(report)).unwrap();
        assert_eq!(log["version"], "2.1.0");
        assert_eq!(log["runs"].as_array().unwrap().len(), 1);
        log["runs"][0].clone()
    }

    // SARIF 2.1.0 §3.27.5, §3.27.6: `ruleId` and `ruleIndex` name the same rule.
    #[test]
    fn each_failure_is_a_result_of_a_rule() {
        let report = sample::failing();
        let run = run(&report);
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), report.outcomes.len());
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), report.summary.failed);
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            let location = &result["locations"][0];
            assert_eq!(
                location["physicalLocation"]["artifactLocation"]["uri"],
                "https://api.example.com/whoami"
            );
        }
    }

    #[test]
    fn the_level_is_that_of_the_failure_and_the_score_that_of_the_case() {
        let run = run(&sample::failing());
        let levels: Vec<_> = run["results"].as_array().unwrap().iter().map(|it| &it["level"]).collect();
        assert_eq!(levels, ["note", "error", "error", "warning"]);
        let rule = &run["tool"]["driver"]["rules"][1];
        assert_eq!(rule["id"], "htu-other-host");
        assert_eq!(rule["properties"]["security-severity"], "9.5");
        assert_eq!(rule["helpUri"], "https://www.rfc-editor.org/rfc/rfc9449.html#section-4.3");
    }

    #[test]
    fn requests_and_answers_go_with_the_results() {
        let run = run(&sample::failing());
        let result = &run["results"][1];
        assert_eq!(result["webRequest"]["headers"]["DPoP"], "‹proof 1›");
        assert_eq!(result["webResponse"]["statusCode"], 200);
        assert_eq!(run["results"][3]["webResponse"]["noResponseReceived"], true);
    }

    #[test]
    fn hostile_text_stays_text() {
        let hostile = sample::all_texts(sample::HOSTILE);
        let run = run(&hostile);
        assert_eq!(run["results"][0]["webRequest"]["method"], sample::HOSTILE);
        let uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            .as_str()
            .unwrap();
        assert!(uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(&byte)), "{uri}");
        let whole: Value = serde_json::from_str(&to_json(&hostile)).unwrap();
        assert_eq!(whole["outcomes"][0]["exchanges"][0]["sent"]["target"], sample::HOSTILE);
    }

    #[test]
    fn fields_of_the_same_name_become_one() {
        let field = |value: &str| ("DPoP".to_owned(), value.to_owned());
        assert_eq!(Value::Object(fields(&[field("a"), field("b")])), json!({ "DPoP": "a, b" }));
    }
}
