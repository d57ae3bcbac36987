//! The overview: one page with one row for each API, the worst first. It looks like the report on one API and is as
//! careful with text of others: see [`report::html`](crate::conform::report::html()).

use std::cmp::Reverse;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Standing, State};
use crate::conform::report::{POLICY, STYLE, badge, duration, moment, printable};

/// What the overview needs beside the style of a report.
const ROWS: &str = include_str!("page.css");
/// How often a served page is loaded again, in seconds.
const REFRESH: u32 = 30;

/// Where the page is, which decides where its links lead.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Page<'a> {
    /// In a file. The reports on the APIs are in the folder `reports` beside it, as `NAME.html`.
    File {
        /// The name of the folder.
        reports: &'a str,
    },
    /// Behind [`serve`](super::serve()): it loads itself again every half minute.
    Served,
}

impl Page<'_> {
    /// The link to the report on the API of this name, which holds no character that URLs treat specially.
    fn link(self, name: &str) -> String {
        match self {
            Self::File { reports } => format!("{reports}/{name}.html"),
            Self::Served => format!("/api/{name}"),
        }
    }
}

/// The overview of these APIs.
#[must_use]
pub fn overview(standings: &[Standing], page: Page<'_>) -> String {
    let mut rows: Vec<&Standing> = standings.iter().collect();
    rows.sort_by_key(|standing| (Reverse(standing.state()), standing.name.to_lowercase()));
    let tally = Tally::of(standings);
    let headline = tally.headline();
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                @if page == Page::Served { meta http-equiv="refresh" content=(REFRESH); }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (headline) }
                style { (PreEscaped(STYLE)) (PreEscaped(ROWS)) }
            }
            body.fleet {
                (top(&tally, &headline))
                main { (table(&rows, page)) }
                footer { p { "Made by fapi-conform " (env!("CARGO_PKG_VERSION")) ". Times are in UTC." } }
            }
        }
    };
    printable(&markup.into_string())
}

/// How many APIs stand how.
#[derive(Debug, Default)]
struct Tally {
    passed: usize,
    failed: usize,
    untested: usize,
    waiting: usize,
}

impl Tally {
    fn of(standings: &[Standing]) -> Self {
        let mut tally = Self::default();
        for standing in standings {
            let counter = match standing.state() {
                State::Passed => &mut tally.passed,
                State::Failed(_) => &mut tally.failed,
                State::CouldNotTest => &mut tally.untested,
                State::Waiting => &mut tally.waiting,
            };
            *counter = counter.saturating_add(1);
        }
        tally
    }

    fn headline(&self) -> String {
        let mut parts = vec![];
        let tested = self.passed.saturating_add(self.failed);
        match (self.failed, tested) {
            (_, 0) => {}
            (0, 1) => parts.push("1 API passed".to_owned()),
            (0, tested) => parts.push(format!("{tested} APIs passed")),
            (failed, tested) => parts.push(format!("{failed} of {tested} APIs failed")),
        }
        if self.untested > 0 {
            parts.push(format!("{} could not be tested", self.untested));
        }
        if self.waiting > 0 {
            parts.push(format!("{} not tested yet", self.waiting));
        }
        format!("{}.", parts.join("; "))
    }

    fn parts(&self) -> [(&'static str, &'static str, usize); 4] {
        [
            ("passed", "passed", self.passed),
            ("failed", "failed", self.failed),
            ("untested", "could not be tested", self.untested),
            ("skipped", "not tested yet", self.waiting),
        ]
    }
}

fn top(tally: &Tally, headline: &str) -> Markup {
    let class = match tally {
        Tally { failed: 1.., .. } => "failed",
        Tally { untested: 1.., .. } => "untested",
        Tally { passed: 1.., .. } => "passed",
        _ => "skipped",
    };
    html! {
        header class=(class) {
            p.eyebrow { "FAPI 2.0 conformance" }
            h1 { (headline) }
            div.bar aria-hidden="true" {
                @for (class, _, count) in tally.parts() {
                    @if count > 0 { span class=(class) style={ "flex-grow:" (count) } {} }
                }
            }
            ul.counts {
                @for (class, words, count) in tally.parts() {
                    @if count > 0 { li.(class) { strong { (count) } " " (words) } }
                }
            }
        }
    }
}

fn table(rows: &[&Standing], page: Page<'_>) -> Markup {
    html! {
        table.apis {
            caption.hidden { "APIs, the worst first" }
            thead {
                tr {
                    @for name in ["Result", "API", "Worst failure"] { th scope="col" { (name) } }
                    @for name in ["Attacks refused", "Honest calls accepted", "failed", "skipped"] { th.number scope="col" { (name) } }
                    @for name in ["Last run", "Took"] { th scope="col" { (name) } }
                }
            }
            tbody { @for standing in rows { (row(standing, page)) } }
        }
    }
}

fn row(standing: &Standing, page: Page<'_>) -> Markup {
    let state = standing.state();
    let class = match state {
        State::Passed => "passed",
        State::Failed(_) => "failed",
        State::CouldNotTest => "untested",
        State::Waiting => "skipped",
    };
    html! {
        tr.(class) {
            td.result { (state.name()) }
            th scope="row" {
                @if standing.report.is_some() {
                    a href=(page.link(&standing.name)) { (standing.name) }
                } @else {
                    (standing.name)
                }
                span.url { (standing.public_url) }
            }
            (findings(standing))
            (times(standing))
        }
    }
}

/// What was found at the last attempt, or why nothing was.
fn findings(standing: &Standing) -> Markup {
    let result = standing.last.as_ref().map(|attempt| attempt.result.as_deref());
    html! {
        @match result {
            Some(Ok(report)) => {
                td { @if let State::Failed(severity) = standing.state() { (badge(severity)) } }
                td.number { (report.summary.attacks) }
                td.number { (report.summary.acceptances) }
                td.number.failed[report.summary.failed > 0] { (report.summary.failed) }
                td.number { (report.summary.skipped) }
            },
            Some(Err(why)) => td.obstacle colspan="5" { (why) },
            None => td colspan="5" {},
        }
    }
}

fn times(standing: &Standing) -> Markup {
    let attempt = standing.last.as_ref();
    html! {
        td.time {
            @if let Some(ended) = attempt.and_then(|attempt| moment(attempt.ended)) {
                time datetime=(ended) { (ended.replace('T', " ").replace('Z', "")) }
            }
        }
        td.time { @if let Some(attempt) = attempt { (duration(attempt.duration)) } }
    }
}
