//! What the page for people says about one case: in its group, and among the failures.

use maud::{Markup, html};
use serde_json::Value;

use super::wording::{self, clause_url};
use super::{DecodedJwt, Exchange, Outcome, Verdict};
use crate::catalogue::Severity;

/// A case among the others of its group.
pub(super) fn one_case(outcome: &Outcome) -> Markup {
    let case = outcome.case;
    let result = wording::result(&outcome.verdict);
    html! {
        details.case.(result) {
            summary {
                span.result { (result) }
                span.title { (case.title) " " code.id { (case.id) } }
                span.clause { (case.rule.clause) }
                span.status { (outcome.exchanges.last().map(wording::status).unwrap_or_default()) }
            }
            dl.why {
                @match &outcome.verdict {
                    Verdict::Passed => {},
                    Verdict::Failed { why, .. } => { dt { "What is wrong" } dd.wrong { (why) } },
                    Verdict::Skipped { why } => { dt { "Not tried" } dd { (why) } },
                }
                dt { "Severity" } dd { (wording::severity(outcome)) }
                (rule(outcome))
            }
            @if outcome.failed().is_some() {
                p { a href={ "#failure-" (case.id) } { "What was sent and what came back" } }
            } @else {
                (exchanges(outcome))
            }
        }
    }
}

/// A failure, with all that one needs to understand it.
pub(super) fn failure(outcome: &Outcome) -> Markup {
    let why = outcome.failed().map_or("", |(_, why)| why);
    html! {
        article.failure.(wording::severity(outcome).name()) id={ "failure-" (outcome.case.id) } {
            h3 { (badge(wording::severity(outcome))) " " (outcome.case.title) " " code.id { (outcome.case.id) } }
            dl.why {
                dt { "What is wrong" } dd.wrong { (why) }
                (rule(outcome))
            }
            (exchanges(outcome))
        }
    }
}

fn rule(outcome: &Outcome) -> Markup {
    let rule = &outcome.case.rule;
    html! {
        dt { "Expected" } dd { (outcome.expected) }
        dt { "The clause says" }
        dd {
            (rule.says) " "
            span.clause { (clause(rule.clause)) @if !rule.numbers.is_empty() { " · " (rule.numbers) } }
        }
    }
}

fn clause(clause: &str) -> Markup {
    html! {
        @match clause_url(clause) {
            Some(url) => a href=(url) rel="noreferrer" { (clause) },
            None => (clause),
        }
    }
}

/// The requests of a case. Of several, only the last is open: it is the one that was judged last.
fn exchanges(outcome: &Outcome) -> Markup {
    let exchanges = &outcome.exchanges;
    html! {
        @match exchanges.as_slice() {
            [only] => (exchange(only)),
            _ => @for (index, it) in exchanges.iter().enumerate() {
                @let number = index.saturating_add(1);
                details.request open[number == exchanges.len()] {
                    summary { "Request " (number) " of " (exchanges.len()) " → " (wording::status(it)) }
                    (exchange(it))
                }
            },
        }
    }
}

fn exchange(exchange: &Exchange) -> Markup {
    let sent = &exchange.sent;
    html! {
        div.exchange {
            section { h4 { "Sent" } (message(&format!("{} {}", sent.method, sent.target), &sent.headers)) }
            section { h4 { "Came back" } (received(exchange)) }
        }
        @for proof in &sent.proofs { (jwt("DPoP proof", proof, true)) }
        @if let Some(token) = &sent.token { (jwt("Access token", token, false)) }
    }
}

fn received(exchange: &Exchange) -> Markup {
    let headers = exchange.received.as_ref().map_or(&[][..], |received| &received.headers);
    message(&wording::status(exchange), headers)
}

fn message(first_line: &str, headers: &[(String, String)]) -> Markup {
    html! { pre { strong { (first_line) } "\n" (wording::fields(headers)) } }
}

fn jwt(name: &str, jwt: &DecodedJwt, open: bool) -> Markup {
    html! {
        details.jwt open[open] {
            summary { (name) ": header and claims" }
            div { (json(&jwt.header)) (json(&jwt.claims)) }
        }
    }
}

fn json(value: &Value) -> Markup {
    html! {
        pre {
            @match value {
                Value::Null => "(not JSON)",
                value => (format!("{value:#}")),
            }
        }
    }
}

pub(in crate::conform) fn badge(severity: Severity) -> Markup {
    html! { span.badge.(severity.name()) { (severity) } }
}
