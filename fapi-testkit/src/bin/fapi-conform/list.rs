//! `list` and `explain`: the catalogue in words.

use std::process::ExitCode;

use comfy_table::{ContentArrangement, Table, presets};
use fapi_testkit::catalogue::{self, Case, Kind};

use crate::arguments::ListArguments;
use crate::say;

pub(crate) fn list(arguments: &ListArguments) -> Result<ExitCode, String> {
    let named = |case: &&Case| {
        arguments.only.is_empty()
            || arguments.only.iter().any(|name| name == case.id || name == case.group.name())
    };
    let cases: Vec<_> = catalogue::all().iter().filter(named).collect();
    if cases.is_empty() {
        return Err("no case or group has any of the given names".to_owned());
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_header([
        "case",
        "group",
        "must be",
        "severity",
        "what is sent",
        "clause",
        "rules",
    ]);
    for case in &cases {
        let rule = case.rule;
        table.add_row([
            case.id,
            case.group.name(),
            must_be(case),
            case.severity.name(),
            case.title,
            rule.clause,
            rule.numbers,
        ]);
    }
    say(table);
    say(format_args!("{} cases", cases.len()));
    Ok(ExitCode::SUCCESS)
}

const fn must_be(case: &Case) -> &'static str {
    match case.kind {
        Kind::Attack => "refused",
        Kind::Acceptance => "accepted",
    }
}

pub(crate) fn explain(id: &str) -> Result<ExitCode, String> {
    let case = catalogue::find(id)
        .ok_or_else(|| format!("there is no case {id}; `fapi-conform list` shows them"))?;
    say(format_args!("{} ({}, {})", case.id, case.group, case.severity));
    say(format_args!("  Sent:     a valid request, but: {}", case.title));
    say(format_args!("  Expected: {}", case.expected()));
    for (number, step) in case.steps.iter().enumerate() {
        let request = match case.steps.len() {
            1 => String::new(),
            _ => format!(" (request {})", number.saturating_add(1)),
        };
        say(format_args!("  Why{request}: {}", step.expectation.reason));
    }
    say(format_args!("  Clause:   {}: {} [{}]", case.rule.clause, case.rule.says, case.rule.numbers));
    for need in &case.needs {
        say(format_args!("  Skipped where the run cannot do it: {}", need.missing()));
    }
    for feature in &case.given {
        say(format_args!("  Only where {feature}"));
    }
    for feature in &case.unless {
        say(format_args!("  Unless {feature}"));
    }
    Ok(ExitCode::SUCCESS)
}
