//! The report as one page for people: it loads nothing, runs nothing and reads well on paper.
//!
//! Whatever the API under test has chosen is hostile here. All text passes through [`maud`], which escapes it; the style
//! sheet is the only markup that does not. Should that ever fail, the page's own policy still forbids scripts and requests.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::html_case::{badge, failure, one_case};
use super::printable::printable;
use super::wording::{self, cases};
use super::{Outcome, Report, Summary};
use crate::catalogue::Group;

pub(in crate::conform) const STYLE: &str = include_str!("html.css");

/// Neither scripts nor requests; the style sheet is in the page.
pub(in crate::conform) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The whole report as one page.
#[must_use]
pub fn html(report: &Report) -> String {
    let headline = wording::headline(report);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (report.target.public_url) ": " (headline) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (top(report, &headline))
                main {
                    (failures(report))
                    (all_cases(report))
                    (skipped(report))
                }
                footer {
                    p {
                        "Made by fapi-conform " (report.version) ". Signatures, private keys and the content of answers "
                        "are left out of this report; placeholders stand for tokens and proofs."
                    }
                }
            }
        }
    };
    printable(&page.into_string())
}

fn top(report: &Report, headline: &str) -> Markup {
    let class = match &report.summary {
        summary if summary.failed > 0 => "failed",
        summary if summary.passed > 0 => "passed",
        _ => "skipped",
    };
    html! {
        header class=(class) {
            p.eyebrow { "Conformance report · " (report.profile.title()) }
            h1 { (headline) }
            (scores(&report.summary))
            (counts(report))
            (facts(report))
        }
    }
}

/// The two figures that weigh the same, side by side.
fn scores(summary: &Summary) -> Markup {
    let scores = [("Attacks refused", summary.attacks), ("Honest calls accepted", summary.acceptances)];
    html! {
        dl.scores {
            @for (name, score) in scores {
                div.passed[score.passed == score.tried].failed[score.passed < score.tried] {
                    dt { (name) }
                    dd { strong { (score.passed) } span { " of " (score.tried) } }
                }
            }
        }
    }
}

fn counts(report: &Report) -> Markup {
    let summary = &report.summary;
    let results = [("passed", summary.passed), ("failed", summary.failed), ("skipped", summary.skipped)];
    html! {
        div.bar aria-hidden="true" {
            @for (result, count) in results {
                @if count > 0 { span class=(result) style={ "flex-grow:" (count) } {} }
            }
        }
        ul.counts {
            @for (result, count) in results {
                li.(result)[count > 0] { strong { (count) } " " (result) }
            }
            @for (severity, count) in summary.failed_by_severity.iter().rev() {
                li.severity { strong { (count) } " " (badge(*severity)) }
            }
        }
    }
}

fn facts(report: &Report) -> Markup {
    let target = &report.target;
    let route = format!("{} {}", target.method, target.path);
    let nonces = if target.nonces { "handed out by the API" } else { "not in use" };
    html! {
        dl.facts {
            (fact("API", &target.public_url))
            (fact("Route", &route))
            (fact("Reached at", &target.address))
            (fact("Audience", &target.audience))
            (fact("Tokens", &target.credentials))
            (fact("Nonces", nonces))
            @if let Some(started) = wording::moment(report.started) {
                div { dt { "Started" } dd { time datetime=(started) { (started.replace('T', " ").replace('Z', " UTC")) } } }
            }
            (fact("Took", &wording::duration(report.duration)))
        }
    }
}

fn fact(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn failures(report: &Report) -> Markup {
    let failures = report.failures();
    html! {
        @if !failures.is_empty() {
            section aria-labelledby="failures" {
                h2 id="failures" { "Failures" }
                @for outcome in failures { (failure(outcome)) }
            }
        }
    }
}

fn all_cases(report: &Report) -> Markup {
    let groups: Vec<(Group, Vec<&Outcome>)> = Group::ALL
        .into_iter()
        .map(|group| (group, report.outcomes.iter().filter(|it| it.case.group == group).collect()))
        .filter(|(_, outcomes): &(_, Vec<_>)| !outcomes.is_empty())
        .collect();
    html! {
        section.all aria-labelledby="cases" {
            h2 id="cases" { "All cases" }
            (overview(&groups))
            (filter())
            @for (group, outcomes) in &groups { (group_of_cases(*group, outcomes)) }
        }
    }
}

fn overview(groups: &[(Group, Vec<&Outcome>)]) -> Markup {
    html! {
        table.overview {
            caption { "Results by group" }
            thead {
                tr {
                    th scope="col" { "Group" }
                    @for name in ["Attacks refused", "Honest calls accepted"] { th.number scope="col" { (name) } }
                    @for result in ["failed", "skipped"] { th.number scope="col" { (result) } }
                }
            }
            tbody {
                @for (group, outcomes) in groups {
                    @let summary = Summary::of(outcomes.iter().copied());
                    tr {
                        th scope="row" { a href={ "#group-" (group) } { (wording::group(*group)) } }
                        @for score in [summary.attacks, summary.acceptances] {
                            td.number.passed[score.passed > 0] { @if score.tried > 0 { (score) } }
                        }
                        @for (result, count) in [("failed", summary.failed), ("skipped", summary.skipped)] {
                            td.number.(result)[count > 0] { (count) }
                        }
                    }
                }
            }
        }
    }
}

const RESULTS: [&str; 3] = ["passed", "failed", "skipped"];

fn count(outcomes: &[&Outcome], result: &str) -> usize {
    outcomes.iter().filter(|outcome| wording::result(&outcome.verdict) == result).count()
}

/// Works by style alone: the page runs no script.
fn filter() -> Markup {
    html! {
        fieldset.filter {
            legend { "Show" }
            label { input type="radio" name="show" id="show-all" checked; " all" }
            @for result in RESULTS {
                label { input type="radio" name="show" id={ "show-" (result) }; " " (result) }
            }
        }
    }
}

fn group_of_cases(group: Group, outcomes: &[&Outcome]) -> Markup {
    let has = |result| count(outcomes, result) > 0;
    html! {
        details.group.with-passed[has("passed")].with-failed[has("failed")].with-skipped[has("skipped")]
            id={ "group-" (group) } open[has("failed")] {
            summary {
                h3 { (wording::group(group)) }
                span.tally {
                    @for result in RESULTS.into_iter().filter(|result| has(result)) {
                        span class=(result) { (count(outcomes, result)) " " (result) } " "
                    }
                }
            }
            @for outcome in outcomes { (one_case(outcome)) }
        }
    }
}

fn skipped(report: &Report) -> Markup {
    let skipped = wording::skipped(report);
    html! {
        @if !skipped.is_empty() {
            section aria-labelledby="skipped" {
                h2 id="skipped" { "Not tried" }
                table {
                    caption { (cases(report.summary.skipped)) " could not be tried" }
                    thead { tr { th scope="col" { "Why" } th scope="col" { "Cases" } } }
                    tbody {
                        @for (why, ids) in skipped {
                            tr {
                                th scope="row" { (why) }
                                td { @for id in ids { code.id { (id) } " " } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conform::report::sample;

    /// The tags of the page in order, with the values of their attributes left out.
    fn tags(page: &str) -> Vec<String> {
        let (mut tags, mut tag, mut quoted) = (vec![], None::<String>, false);
        for character in page.chars() {
            match (&mut tag, character) {
                (None, '<') => tag = Some(String::new()),
                (None, _) => {}
                (Some(_), '>') if !quoted => tags.extend(tag.take()),
                (Some(_), '"') => quoted = !quoted,
                (Some(open), _) if !quoted => open.push(character),
                (Some(_), _) => {}
            }
        }
        tags
    }

    #[test]
    fn hostile_text_stays_text() {
        let page = html(&sample::all_texts(sample::HOSTILE));
        assert_eq!(tags(&page), tags(&html(&sample::all_texts("x"))));
        assert!(!page.contains("<script") && !page.contains("<!--") && !page.contains("javascript:y\""));
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(
            page.chars().all(|character| !character.is_control() || matches!(character, '\n' | '\r' | '\t'))
        );
        assert!(!page.contains('\u{202e}'));
    }

    #[test]
    fn nothing_is_loaded_and_nothing_runs() {
        let page = html(&sample::failing());
        assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; "));
        for tag in tags(&page) {
            let name = tag.split(' ').next().unwrap_or_default();
            assert!(!["script", "link", "img", "iframe", "object", "form", "base"].contains(&name), "{tag}");
            assert!(!tag.contains("src=") && !tag.contains(" on"), "{tag}");
        }
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }

    #[test]
    fn no_attribute_is_repeated() {
        for tag in tags(&html(&sample::failing())) {
            let mut names: Vec<_> = tag.split(' ').collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), tag.split(' ').count(), "{tag}");
        }
    }

    #[test]
    fn failures_come_first_and_the_worst_of_them_before_the_others() {
        let page = html(&sample::failing());
        let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}"));
        let order = [
            "<h1>4 of 9 cases failed",
            "id=\"failure-htu-other-host\"",
            "id=\"failure-scheme-unknown\"",
            "id=\"cases\"",
            "id=\"group-credentials\"",
            "id=\"skipped\"",
        ];
        assert!(order.map(place).is_sorted(), "{:?}", order.map(place));
    }

    #[test]
    fn a_failure_has_both_sides_the_clause_and_the_expectation() {
        let page = html(&sample::failing());
        let (_, rest) = page.split_once("id=\"failure-htu-other-host\"").unwrap();
        let (article, _) = rest.split_once("</article>").unwrap();
        for part in [
            "the request was served",
            "401 with the error invalid_dpop_proof",
            "htu is the URI of the request",
            "href=\"https://www.rfc-editor.org/rfc/rfc9449.html#section-4.3\"",
            "GET /whoami",
            "evil.example",
            "200 OK",
        ] {
            assert!(article.contains(part), "{part}");
        }
    }

    #[test]
    fn every_link_within_the_page_leads_somewhere() {
        let page = html(&sample::failing());
        let targets: Vec<_> =
            page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(!targets.is_empty());
        for target in targets {
            assert!(page.contains(&format!("id=\"{target}\"")), "{target}");
        }
    }

    #[test]
    fn a_page_without_failures_has_no_such_section() {
        let page = html(&sample::passing());
        assert!(page.contains("<header class=\"passed\">"));
        assert!(!page.contains("id=\"failures\""));
        assert!(html(&sample::of(vec![])).contains("<header class=\"skipped\">"));
    }
}
