//! Holds `docs/rules.md` against the code: the table says where each rule stands and what tests it, and this test fails
//! when that is not so.
//!
//! Every number of the table is there once. A row names a place and a test that exist, and the test names the rule, in its
//! name, in its body or in the comment above it; or the row says `not built yet`, or `not here:` and why. Every number
//! cited in a comment or in the name of a function of the workspace stands in the table and, outside of the test
//! kit, is not one that is not built.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::arithmetic_side_effects)]
#![allow(clippy::string_slice, reason = "only at the positions of ASCII characters")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

/// The numbers that the table must have: rules and pitfalls.
const SERIES: [(char, u16); 2] = [('R', 180), ('P', 50)];
const NOT_BUILT: &str = "not built yet";
const NOT_HERE: &str = "not here: ";
/// The kit's cases for the servers of others cite what those may have built and this one has not.
const KIT: &str = "fapi-testkit/";

/// The number of a rule or of a pitfall.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
struct Number {
    letter: char,
    number: u16,
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.letter, self.number)
    }
}

/// One row: number, clause, rule, place, test.
struct Row<'a> {
    number: Number,
    place: &'a str,
    test: &'a str,
}

/// All `.rs` files of the workspace, and any other that the table may name, by path from the root.
type Files = BTreeMap<String, String>;

#[test]
fn the_table_and_the_code_agree() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let table = fs::read_to_string(root.join("docs/rules.md")).unwrap();
    let mut files = Files::new();
    for entry in fs::read_dir(root).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("fapi-") || name == "examples" || name == "benches" {
            collect(root, &name, &mut files);
        }
    }
    assert!(files.len() > 50, "the sources were not found: {}", files.len());
    let problems = problems(&table, &files);
    assert!(problems.is_empty(), "docs/rules.md and the code disagree:\n{}", problems.join("\n"));
}

/// Reads the Rust files under `path`.
fn collect(root: &Path, path: &str, files: &mut Files) {
    let full = root.join(path);
    if full.is_dir() {
        for entry in fs::read_dir(full).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            collect(root, &format!("{path}/{name}"), files);
        }
    } else if path.ends_with(".rs") {
        files.insert(path.to_owned(), fs::read_to_string(full).unwrap());
    }
}

/// Everything that is wrong, one line each.
fn problems(table: &str, files: &Files) -> Vec<String> {
    let mut problems = Vec::new();
    let rows = parse(table, &mut problems);
    check_numbers(&rows, &mut problems);
    for row in &rows {
        check_row(row, files, &mut problems);
    }
    let not_built: BTreeSet<_> =
        rows.iter().filter(|row| row.place.starts_with(NOT_BUILT)).map(|row| row.number).collect();
    let known: BTreeSet<_> = rows.iter().map(|row| row.number).collect();
    for (path, source) in files {
        for number in citations(source) {
            if !known.contains(&number) {
                problems.push(format!("{path} cites {number}, which is not in the table"));
            } else if not_built.contains(&number) && !path.starts_with(KIT) {
                problems.push(format!("{path} cites {number}, which the table says is not built yet"));
            }
        }
    }
    problems
}

/// The rows of both tables: lines that begin with `| R1 |` or `| P1 |`.
fn parse<'a>(table: &'a str, problems: &mut Vec<String>) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    for line in table.lines() {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let Some(number) = cells.get(1).and_then(|cell| whole_number(cell)) else { continue };
        match cells[..] {
            ["", _, clause, rule, place, test, ""] if !clause.is_empty() && !rule.is_empty() => {
                rows.push(Row { number, place, test });
            }
            _ => {
                problems.push(format!("{number}: the row does not have five cells, of which three with text"))
            }
        }
    }
    rows
}

fn check_numbers(rows: &[Row<'_>], problems: &mut Vec<String>) {
    for (letter, last) in SERIES {
        for number in 1..=last {
            let number = Number { letter, number };
            match rows.iter().filter(|row| row.number == number).count() {
                0 => problems.push(format!("{number}: no row")),
                1 => {}
                rows => problems.push(format!("{number}: {rows} rows")),
            }
        }
    }
    for Row { number, .. } in rows {
        if !SERIES
            .iter()
            .any(|(letter, last)| number.letter == *letter && (1..=*last).contains(&number.number))
        {
            problems.push(format!("{number}: there is no such number"));
        }
    }
}

fn check_row(row: &Row<'_>, files: &Files, problems: &mut Vec<String>) {
    let Row { number, place, test } = row;
    if let Some(reason) = place.strip_prefix(NOT_HERE.trim_end()) {
        if reason.trim().is_empty() {
            problems.push(format!("{number}: not here, but why?"));
        }
        return;
    }
    if place.starts_with(NOT_BUILT) {
        if test.contains('`') {
            problems.push(format!("{number}: not built yet, but there is a test {test}"));
        }
        return;
    }
    let (places, tests) = (quoted(place), quoted(test));
    if places.is_empty() {
        problems.push(format!("{number}: names no place"));
    }
    if tests.is_empty() {
        problems.push(format!("{number}: names no test"));
    }
    let missing = places.iter().filter_map(|place| missing_place(place, files));
    let untested = tests.iter().filter_map(|test| missing_test(*number, test, files));
    problems.extend(missing.chain(untested).map(|problem| format!("{number}: {problem}")));
}

/// The texts between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn missing_place(place: &str, files: &Files) -> Option<String> {
    let (path, item) = place.split_once("::").unwrap_or((place, ""));
    let Some(source) = files.get(path) else { return Some(format!("there is no file {path}")) };
    let keywords = ["fn", "struct", "enum", "trait", "const", "type", "mod"];
    let defined = item.is_empty() || keywords.iter().any(|keyword| has_words(source, keyword, item));
    (!defined).then(|| format!("{path} defines no {item}"))
}

fn missing_test(number: Number, test: &str, files: &Files) -> Option<String> {
    let Some((path, name)) = test.split_once("::") else { return Some(format!("{test} is no path::test")) };
    let Some(source) = files.get(path) else { return Some(format!("there is no file {path}")) };
    let Some(text) = function(source, name) else { return Some(format!("{path} has no test {name}")) };
    (!citations(&text).contains(&number)).then(|| format!("the test {name} of {path} does not name {number}"))
}

/// Whether `keyword item` stands in the source, and the item's name ends there.
fn has_words(source: &str, keyword: &str, item: &str) -> bool {
    let words = format!("{keyword} {item}");
    source.match_indices(&words).any(|(at, _)| !source[at + words.len()..].starts_with(is_word))
}

/// The function of this name, with the comments and attributes above it; it must be a test.
fn function(source: &str, name: &str) -> Option<String> {
    let lines: Vec<_> = source.lines().collect();
    let head = lines.iter().position(|line| has_words(line, "fn", name))?;
    let above = |line: &&&str| line.trim_start().starts_with("//") || line.trim_start().starts_with("#[");
    let start = head - lines[..head].iter().rev().take_while(above).count();
    let indent = lines[head].len() - lines[head].trim_start().len();
    let closing = format!("{}}}", " ".repeat(indent));
    let end = if lines[head].ends_with("{}") {
        Some(0)
    } else {
        lines[head..].iter().position(|line| *line == closing)
    };
    let end = head + end?;
    let is_attribute = |line: &&str| line.trim_start().starts_with("#[") && line.contains("test");
    // In `proptest!` blocks the attribute may be left out.
    let is_test = lines[start..head].iter().any(is_attribute) || source.contains("proptest!");
    is_test.then(|| lines[start..=end].join("\n"))
}

/// The numbers cited in comments and at the start of the names of functions, ranges included.
fn citations(source: &str) -> BTreeSet<Number> {
    let mut numbers = BTreeSet::new();
    for line in source.lines() {
        if let Some(comment) = comment(line) {
            cited_in_text(comment, &mut numbers);
        }
        if let Some((_, name)) = line.split_once("fn ") {
            let name = name.split(|letter| !is_word(letter)).next().unwrap_or_default();
            let words = name.split('_').map(|word| whole_number(&word.to_ascii_uppercase()));
            numbers.extend(words.map_while(|number| number));
        }
    }
    numbers
}

/// What follows `//`, unless that is part of a URL.
fn comment(line: &str) -> Option<&str> {
    let begins = |at: usize| line[..at].chars().next_back().is_none_or(char::is_whitespace);
    line.match_indices("//").find(|(at, _)| begins(*at)).map(|(at, _)| &line[at..])
}

fn cited_in_text(text: &str, numbers: &mut BTreeSet<Number>) {
    for word in text.split(|letter: char| letter.is_whitespace() || ",;()/".contains(letter)) {
        // `Curve::P256` is one word, and no pitfall.
        let word = word.trim_matches(|letter| !is_word(letter));
        let (first, last) = word.split_once(['-', '–']).unwrap_or((word, word));
        let Some(first) = whole_number(first) else { continue };
        let last = whole_number(last).filter(|last| last.letter == first.letter).unwrap_or(first);
        numbers.extend((first.number..=last.number).map(|number| Number { number, ..first }));
    }
}

/// A letter of a series and a number, and nothing else.
fn whole_number(text: &str) -> Option<Number> {
    let (letter, _) = SERIES.into_iter().find(|(letter, _)| text.starts_with(*letter))?;
    let digits = &text[1..];
    let number = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some(Number { letter, number })
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The checker itself must be able to fail.
mod checker {
    use super::*;

    const SOURCE: &str = "
/// RFC 1 §2, R1: the rule itself.
fn enforce() {}

// R1, P2-P4
#[test]
fn holds() {
    enforce();
}

#[tokio::test]
async fn r2_p1_holds_too() {}

#[test]
fn says_nothing() {}

// R5
fn is_no_test() {}
";

    fn files() -> Files {
        Files::from([("a/src/lib.rs".to_owned(), SOURCE.to_owned())])
    }

    /// The problems of a table of this one row, without those about missing numbers and the other citations.
    fn of_row(row: &str) -> Vec<String> {
        let mut found = Vec::new();
        for row in parse(row, &mut found) {
            check_row(&row, &files(), &mut found);
        }
        found
    }

    fn names(numbers: impl IntoIterator<Item = Number>) -> Vec<String> {
        numbers.into_iter().map(|number| number.to_string()).collect()
    }

    #[test]
    fn good_rows_pass() {
        for row in [
            "| R1 | SP 1 | text | `a/src/lib.rs::enforce` | `a/src/lib.rs::holds` |",
            "| P3 | – | text | `a/src/lib.rs` | `a/src/lib.rs::holds` |",
            "| R2 | SP 1 | text | `a/src/lib.rs::enforce`, `a/src/lib.rs` | `a/src/lib.rs::r2_p1_holds_too` |",
            "| R9 | SP 1 | text | not built yet | – |",
            "| R9 | SP 1 | text | not here: the TLS stack's | – |",
        ] {
            assert_eq!(of_row(row), [""; 0], "{row}");
        }
    }

    #[test]
    fn bad_rows_are_named_with_the_reason() {
        for (row, problem) in [
            (
                "| R1 | SP 1 | text | `a/src/lib.rs::enforce` |",
                "R1: the row does not have five cells, of which three with text",
            ),
            (
                "| R1 | | text | `a/src/lib.rs` | `a/src/lib.rs::holds` |",
                "R1: the row does not have five cells, of which three with text",
            ),
            ("| R1 | SP | text | the core | `a/src/lib.rs::holds` |", "R1: names no place"),
            ("| R1 | SP | text | `a/src/lib.rs` | by hand |", "R1: names no test"),
            ("| R1 | SP | text | `b.rs` | `a/src/lib.rs::holds` |", "R1: there is no file b.rs"),
            (
                "| R1 | SP | text | `a/src/lib.rs::enforc` | `a/src/lib.rs::holds` |",
                "R1: a/src/lib.rs defines no enforc",
            ),
            ("| R1 | SP | text | `a/src/lib.rs` | `b.rs::holds` |", "R1: there is no file b.rs"),
            (
                "| R1 | SP | text | `a/src/lib.rs` | `a/src/lib.rs::gone` |",
                "R1: a/src/lib.rs has no test gone",
            ),
            ("| R1 | SP | text | `a/src/lib.rs` | `a/src/lib.rs` |", "R1: a/src/lib.rs is no path::test"),
            (
                "| R5 | SP | text | `a/src/lib.rs` | `a/src/lib.rs::is_no_test` |",
                "R5: a/src/lib.rs has no test is_no_test",
            ),
            (
                "| R1 | SP | text | `a/src/lib.rs` | `a/src/lib.rs::says_nothing` |",
                "R1: the test says_nothing of a/src/lib.rs does not name R1",
            ),
            ("| R9 | SP | text | not here: | – |", "R9: not here, but why?"),
            (
                "| R9 | SP | text | not built yet | `a/src/lib.rs::holds` |",
                "R9: not built yet, but there is a test `a/src/lib.rs::holds`",
            ),
        ] {
            assert_eq!(of_row(row), [problem], "{row}");
        }
    }

    #[test]
    fn numbers_are_there_once() {
        let row = |number: String| format!("| {number} | – | text | not built yet | – |\n");
        let mut table: String = SERIES
            .into_iter()
            .flat_map(|(letter, last)| (1..=last).map(move |number| row(format!("{letter}{number}"))))
            .collect();
        assert_eq!(problems(&table, &Files::new()), [""; 0]);
        table = table.replacen("| R7 |", "| R8 |", 1) + &row("R181".to_owned());
        assert_eq!(
            problems(&table, &Files::new()),
            ["R7: no row", "R8: 2 rows", "R181: there is no such number"]
        );
    }

    #[test]
    fn what_is_cited_is_built() {
        let table = "| R1 | – | text | not built yet | – |\n| R2 | – | text | not here: x | – |";
        let found = problems(table, &files());
        for problem in [
            "a/src/lib.rs cites R1, which the table says is not built yet",
            "a/src/lib.rs cites R5, which is not in the table",
            "a/src/lib.rs cites P3, which is not in the table",
        ] {
            assert!(found.iter().any(|own| own == problem), "{problem}: {found:?}");
        }
        assert!(!found.iter().any(|problem| problem.contains("cites R2")), "{found:?}");
    }

    #[test]
    fn citations_are_found_and_nothing_else() {
        for (line, expected) in [
            ("// R1", vec!["R1"]),
            ("    /// RFC 9449 §4.3 (9), R48-R50, P28: never skipped.", vec!["P28", "R48", "R49", "R50"]),
            ("let a = 1; // R7–R8 (P2)", vec!["P2", "R7", "R8"]),
            ("//! (R21, R22, pitfalls P38 and P44)", vec!["P38", "P44", "R21", "R22"]),
            ("async fn p42_p43_r1_no_p9_budget() {", vec!["P42", "P43", "R1"]),
            ("let url = \"https://R1/P2\"; call(R3, P4);", vec![]),
            ("// ES256, RS256, P-256, [`Curve::P256`], PR2, R2D2, R, P", vec![]),
        ] {
            assert_eq!(names(citations(line)), expected, "{line}");
        }
    }
}
