//! The report as Markdown (GitHub's and GitLab's), as a comment on a change: the verdict, the failures, what was not tried.
//!
//! The API under test must not write into somebody's comment: its text becomes character references, so that it neither
//! leaves its table cell nor turns into markup, links or mentions.

use std::fmt::Write as _;

use super::printable::printable;
use super::{Outcome, Report, wording};

/// A comment has room for about 65 000 characters.
const MOST_FAILURES: usize = 50;
const LONGEST_TEXT: usize = 300;

/// A summary of the report as Markdown.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let target = &report.target;
    let mut page = format!(
        "## {} {}\n\n**Attacks refused {} · honest calls accepted {}**\n\n{} {} · {} · {} passed, {} failed, {} skipped · {}\n",
        if report.passed() { "✅" } else { "❌" },
        wording::headline(report),
        report.summary.attacks,
        report.summary.acceptances,
        escape(&target.method),
        escape(&format!("{}{}", target.public_url.trim_end_matches('/'), target.path)),
        report.profile.title(),
        report.summary.passed,
        report.summary.failed,
        report.summary.skipped,
        wording::duration(report.duration),
    );
    page.push_str(&failures(&report.failures()));
    page.push_str(&skipped(report));
    page
}

fn failures(failures: &[&Outcome]) -> String {
    if failures.is_empty() {
        return String::new();
    }
    let mut table =
        "\n| Severity | Case | What is wrong | Expected | Clause |\n|---|---|---|---|---|\n".to_owned();
    for outcome in failures.iter().take(MOST_FAILURES) {
        let Some((severity, why)) = outcome.failed() else { continue };
        let case = outcome.case;
        // Writing to a `String` does not fail.
        let _ = writeln!(
            table,
            "| {severity} | **{}**<br>{} | {} | {} | {} |",
            escape(case.id),
            escape(case.title),
            escape(why),
            escape(&outcome.expected),
            clause(case.rule.clause),
        );
    }
    let more = failures.len().saturating_sub(MOST_FAILURES);
    if more > 0 {
        let _ = writeln!(table, "\n… and {more} more, which the other forms of the report have.");
    }
    table
}

fn clause(clause: &str) -> String {
    wording::clause_url(clause).map_or(escape(clause), |url| format!("[{}]({url})", escape(clause)))
}

fn skipped(report: &Report) -> String {
    let skipped = wording::skipped(report);
    if skipped.is_empty() {
        return String::new();
    }
    let mut list = format!(
        "\n<details><summary>{} could not be tried</summary>\n\n",
        wording::cases(report.summary.skipped)
    );
    for (why, ids) in skipped {
        let _ = writeln!(list, "- {}: {}", wording::cases(ids.len()), escape(why));
    }
    list.push_str("\n</details>\n");
    list
}

/// The text in one line, as text: ASCII punctuation that could begin markup becomes a character reference, and what
/// could begin a mention or a link is set apart from its name by a joiner without width.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in printable(text).chars().take(LONGEST_TEXT) {
        match character {
            '\n' | '\r' | '\t' => escaped.push(' '),
            '@' | '#' => escaped.push_str(&format!("&#{};&#8288;", u32::from(character))),
            ' ' | ',' | ';' | '/' | '(' | ')' | '\'' | '?' | '-' => escaped.push(character),
            // `example.com`, `https:`: not a link without its dots and colons.
            _ if character.is_ascii_punctuation() => {
                escaped.push_str(&format!("&#{};", u32::from(character)))
            }
            _ => escaped.push(character),
        }
    }
    if text.chars().nth(LONGEST_TEXT).is_some() {
        escaped.push('…');
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conform::report::sample;

    /// What is left of a page without its text.
    fn markup(page: &str) -> String {
        page.chars().filter(|character| "|<>[]*_`@!~\\{}$\n".contains(*character)).collect()
    }

    #[test]
    fn hostile_text_stays_text() {
        let page = markdown(&sample::all_texts(sample::HOSTILE));
        assert_eq!(markup(&page), markup(&markdown(&sample::all_texts("x"))));
        for link in ["http:", "javascript:", "evil.example"] {
            assert!(!page.contains(link), "{link}");
        }
    }

    #[test]
    fn text_becomes_references() {
        assert_eq!(escape("a|b\n<c>"), "a&#124;b &#60;c&#62;");
        assert_eq!(escape("@all"), "&#64;&#8288;all");
        assert_eq!(escape(&"x".repeat(400)).chars().count(), LONGEST_TEXT + 1);
    }

    #[test]
    fn failures_stand_in_a_table_the_worst_first() {
        let page = markdown(&sample::failing());
        assert!(page.starts_with("## ❌ 4 of 9 cases failed; the worst severity is critical.\n"), "{page}");
        let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| ")).collect();
        assert_eq!(rows.len(), 5);
        assert!(rows[1].starts_with("| critical | **htu-other-host**<br>htu with another host |"), "{page}");
        assert!(rows[1].ends_with("(https://www.rfc-editor.org/rfc/rfc9449.html#section-4.3) |"), "{page}");
        assert!(rows[4].starts_with("| low |"), "{page}");
        assert!(page.contains("- 1 case: needs a client certificate on the connection"), "{page}");
    }

    #[test]
    fn a_page_without_failures_has_no_table() {
        let page = markdown(&sample::passing());
        assert!(page.starts_with("## ✅ All 5 cases came out as expected"), "{page}");
        assert!(!page.contains('|'), "{page}");
    }

    #[test]
    fn a_comment_stays_short() {
        let many = std::iter::repeat_n(sample::all_texts(sample::HOSTILE).outcomes, 100).flatten().collect();
        let page = markdown(&sample::of(many));
        assert!(page.contains("… and 150 more"));
        assert_eq!(page.lines().filter(|line| line.starts_with("| ")).count(), MOST_FAILURES + 1);
    }
}
