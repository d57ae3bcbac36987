//! The report as JUnit XML, as GitLab, Jenkins and others read it: a `testsuite` for each group, a `testcase` for each case.

use std::fmt::Write as _;
use std::time::Duration;

use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::{ElementWriter, Writer};

use super::printable::printable;
use super::{Exchange, Outcome, Report, Summary, Verdict, wording};
use crate::catalogue::Group;

/// The whole report as JUnit XML.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn junit(report: &Report) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    document(&mut writer, report).expect("writing to memory does not fail");
    let xml = String::from_utf8(writer.into_inner()).expect("text has been written");
    // XML 1.0 §2.2: most control characters cannot be written at all, not even as references.
    printable(&xml)
}

fn document(writer: &mut Writer<Vec<u8>>, report: &Report) -> std::io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let started = wording::moment(report.started).unwrap_or_default();
    let suites = writer.create_element("testsuites").with_attribute(("name", "fapi-conform"));
    let suites = counted(suites, &report.summary, report.duration).with_attribute(("timestamp", &*started));
    suites.write_inner_content(|writer| {
        for group in Group::ALL {
            let outcomes: Vec<_> =
                report.outcomes.iter().filter(|it| it.case.group == group).cloned().collect();
            if !outcomes.is_empty() {
                suite(writer, group, &outcomes, &started)?;
            }
        }
        Ok(())
    })?;
    Ok(())
}

fn suite(
    writer: &mut Writer<Vec<u8>>,
    group: Group,
    outcomes: &[Outcome],
    started: &str,
) -> std::io::Result<()> {
    let duration = outcomes.iter().map(|outcome| outcome.duration).sum();
    let suite = writer.create_element("testsuite").with_attribute(("name", wording::group(group)));
    let suite = counted(suite, &Summary::of(outcomes), duration).with_attribute(("timestamp", started));
    suite
        .write_inner_content(|writer| outcomes.iter().try_for_each(|outcome| case(writer, group, outcome)))?;
    Ok(())
}

fn case(writer: &mut Writer<Vec<u8>>, group: Group, outcome: &Outcome) -> std::io::Result<()> {
    let case = writer.create_element("testcase").with_attributes([
        ("name", format!("{}: {}", outcome.case.id, outcome.case.title).as_str()),
        ("classname", format!("fapi-conform.{group}").as_str()),
        ("time", &seconds(outcome.duration)),
    ]);
    match &outcome.verdict {
        Verdict::Passed => case.write_empty()?,
        Verdict::Failed { severity, why } => case.write_inner_content(|writer| {
            let failure = writer.create_element("failure");
            let failure = failure.with_attributes([("message", why.as_str()), ("type", severity.name())]);
            failure.write_text_content(BytesText::new(&details(outcome, why)))?;
            Ok(())
        })?,
        Verdict::Skipped { why } => case.write_inner_content(|writer| {
            writer.create_element("skipped").with_attribute(("message", why.as_str())).write_empty()?;
            Ok(())
        })?,
    };
    Ok(())
}

/// The element with the counts that a suite and all suites have.
fn counted<'a>(
    element: ElementWriter<'a, Vec<u8>>,
    summary: &Summary,
    duration: Duration,
) -> ElementWriter<'a, Vec<u8>> {
    let tests = summary.passed.saturating_add(summary.failed).saturating_add(summary.skipped);
    let counts =
        [("tests", tests), ("failures", summary.failed), ("errors", 0), ("skipped", summary.skipped)];
    let with = |element: ElementWriter<'a, _>, (name, count): (&str, usize)| {
        element.with_attribute((name, count.to_string().as_str()))
    };
    counts.into_iter().fold(element, with).with_attribute(("time", seconds(duration).as_str()))
}

fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

/// The failure as text: what is wrong, what was expected, what was sent and what came back.
fn details(outcome: &Outcome, why: &str) -> String {
    let rule = &outcome.case.rule;
    let mut text = format!("{why}\n\nexpected: {}\n{}: {}\n", outcome.expected, rule.clause, rule.says);
    for exchange in &outcome.exchanges {
        text.push('\n');
        text.push_str(&conversation(exchange));
    }
    text
}

fn conversation(exchange: &Exchange) -> String {
    let sent = &exchange.sent;
    let mut text = format!("{} {}\n{}", sent.method, sent.target, wording::fields(&sent.headers));
    let proofs = sent.proofs.iter().map(|proof| ("proof", proof));
    for (name, jwt) in proofs.chain(sent.token.iter().map(|token| ("token", token))) {
        // Writing to a `String` does not fail.
        let _ = writeln!(text, "{name}: {}.{}", jwt.header, jwt.claims);
    }
    let fields =
        exchange.received.as_ref().map_or(String::new(), |received| wording::fields(&received.headers));
    format!("{text}=> {}\n{fields}", wording::status(exchange))
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;
    use quick_xml::XmlVersion::Implicit1_0;

    use super::*;
    use crate::conform::report::sample;

    /// The elements with their attributes, in order; fails where the XML is not well-formed.
    fn elements(xml: &str) -> Vec<(String, Vec<(String, String)>)> {
        let mut reader = Reader::from_str(xml);
        reader.config_mut().expand_empty_elements = true;
        let mut elements = vec![];
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => {
                    let attributes = start.attributes().map(|attribute| {
                        let attribute = attribute.unwrap();
                        let name = attribute.key.as_ref().to_owned();
                        (name, attribute.normalized_value(Implicit1_0).unwrap().into_owned())
                    });
                    elements.push((start.name().as_ref().to_owned(), attributes.collect()));
                }
                Event::End(_) | Event::Decl(_) | Event::Text(_) => {}
                // The five references of XML, and those of characters.
                Event::GeneralRef(reference) => {
                    let name: &str = &reference;
                    assert!(matches!(name, "lt" | "gt" | "amp" | "quot" | "apos") || name.starts_with('#'));
                }
                Event::Eof => return elements,
                other => panic!("{other:?}"),
            }
        }
    }

    fn shape(xml: &str) -> Vec<(String, Vec<String>)> {
        let names =
            |attributes: Vec<(String, String)>| attributes.into_iter().map(|(name, _)| name).collect();
        elements(xml).into_iter().map(|(element, attributes)| (element, names(attributes))).collect()
    }

    #[test]
    fn hostile_text_stays_text() {
        let xml = junit(&sample::all_texts(sample::HOSTILE));
        assert_eq!(shape(&xml), shape(&junit(&sample::all_texts("x"))));
        assert!(!xml.contains("]]>"));
        // XML 1.0 §2.2
        let allowed = |character| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
        assert!(xml.chars().all(allowed));
        let hostile = printable(sample::HOSTILE);
        let is_hostile = |value: &str| value.split_whitespace().eq(hostile.split_whitespace());
        let elements = elements(&xml);
        let mut values = elements.iter().flat_map(|(_, attributes)| attributes).map(|(_, value)| value);
        assert!(values.any(|value| is_hostile(value)));
    }

    #[test]
    fn a_suite_for_each_group_and_a_case_for_each_outcome() {
        let xml = junit(&sample::failing());
        let elements = elements(&xml);
        let count = |name: &str| elements.iter().filter(|(element, _)| element == name).count();
        assert_eq!(
            (count("testsuite"), count("testcase"), count("failure"), count("skipped")),
            (8, 11, 4, 2)
        );
        let expected = [
            ("name", "fapi-conform"),
            ("tests", "11"),
            ("failures", "4"),
            ("errors", "0"),
            ("skipped", "2"),
            ("time", "12.340"),
            ("timestamp", "2025-06-15T15:06:40Z"),
        ];
        assert_eq!(elements[0].1, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_failure_says_what_was_sent_and_what_came_back() {
        let report = sample::failing();
        let text = details(report.failures()[0], "why");
        assert!(text.starts_with("why\n\nexpected: 401 "), "{text}");
        for part in ["RFC 9449 §4.3 (9): htu is", "GET /whoami\n", "evil.example", "=> 200 OK\ndate: "] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
