//! `run`: test one API, print what failed, write the reports.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};
use fapi_testkit::conform::report::{self, Verdict};
use fapi_testkit::conform::{CannotTest, HttpTarget, Options, Report, TlsFiles, run_against};

use crate::arguments::{
    EXAMPLE_ACR_VALUES, EXAMPLE_API, EXAMPLE_DETAIL, EXAMPLE_DETAILS_METHOD, EXAMPLE_DETAILS_PATH,
    EXAMPLE_MAX_AGE, EXAMPLE_SCOPE, EXAMPLE_SCOPE_PATH, EXAMPLE_STEP_UP_PATH, EXAMPLE_TARGET,
    RevocationArguments, RunArguments,
};
use crate::credentials::credentials;
use crate::progress::Display;
use crate::{FAILURES, say};

/// A function that writes a report in one format.
type Writer = fn(&Report) -> String;

pub(crate) async fn run(arguments: RunArguments) -> Result<ExitCode, String> {
    // Before the run: a report that cannot be written must not be noticed after it.
    let writers =
        arguments.reports.iter().map(|path| Ok((path, writer(path)?))).collect::<Result<Vec<_>, String>>()?;
    let target = target(&arguments)?;
    let credentials = credentials(&arguments)?;
    let mut display = Display::new();
    let result =
        run_against(&target, credentials, options(&arguments), &mut |progress| display.show(progress)).await;
    display.finish();
    let report = result.map_err(|error| explained(&error, &arguments))?;
    print(&report);
    for (path, writer) in writers {
        fs::write(path, writer(&report)).map_err(|error| format!("{}: {error}", path.display()))?;
        say(format_args!("report: {}", path.display()));
    }
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::from(FAILURES) })
}

fn target(arguments: &RunArguments) -> Result<HttpTarget, String> {
    let url = arguments.target.as_deref().unwrap_or(EXAMPLE_TARGET);
    let files = TlsFiles {
        trusted: arguments.ca.as_deref(),
        client: arguments.client_cert.as_deref().zip(arguments.client_key.as_deref()),
    };
    HttpTarget::with_tls(url, &files).map_err(|error| format!("--target {url}: {error}"))
}

fn options(arguments: &RunArguments) -> Options {
    let target = arguments.target.as_deref().unwrap_or(EXAMPLE_TARGET);
    let public_url = arguments.public_url.as_deref().unwrap_or(target);
    let mut options = Options::new(public_url)
        .route(&arguments.method, &arguments.path)
        .profile(arguments.profile)
        .rate(arguments.rate)
        .time_limit(Duration::from_secs(arguments.time_limit))
        .only(arguments.only.iter().map(String::as_str));
    if let Some(constraint) = arguments.sender_constraint {
        options = options.sender_constraint(constraint.into());
    }
    if arguments.nonces_required {
        options = options.nonces_required();
    }
    // The example API has nothing to lose; of another one nothing is known.
    if arguments.other_methods || arguments.target.is_none() {
        options = options.other_methods();
    }
    if let Some(audience) = &arguments.audience {
        options = options.audience(audience);
    }
    options = with_revocation(with_routes(options, arguments), &arguments.revocation);
    match (&arguments.scope_path, &arguments.scope) {
        (Some(path), Some(scope)) => options.scope_route(path, scope),
        (None, Some(scope)) => options.scope(scope),
        // The example API has such a route.
        _ if arguments.target.is_none() => options.scope_route(EXAMPLE_SCOPE_PATH, EXAMPLE_SCOPE),
        _ => options,
    }
}

/// The example API has such routes.
fn with_routes(options: Options, arguments: &RunArguments) -> Options {
    let (routes, example) = (&arguments.routes, arguments.target.is_none());
    let options = match (&routes.step_up_path, &routes.acr_values) {
        (Some(path), Some(values)) => {
            options.step_up_route(path, values, routes.max_age.map(Duration::from_secs))
        }
        _ if example => {
            options.step_up_route(EXAMPLE_STEP_UP_PATH, EXAMPLE_ACR_VALUES, Some(EXAMPLE_MAX_AGE))
        }
        _ => options,
    };
    match (&routes.details_path, &routes.detail) {
        (Some(path), Some(detail)) => {
            let method = routes.details_method.as_deref().unwrap_or(&arguments.method);
            options.details_route(method, path, detail.clone())
        }
        _ if example => match EXAMPLE_DETAIL.parse() {
            Ok(detail) => options.details_route(EXAMPLE_DETAILS_METHOD, EXAMPLE_DETAILS_PATH, detail),
            Err(_) => options,
        },
        _ => options,
    }
}

fn with_revocation(options: Options, arguments: &RevocationArguments) -> Options {
    let mut options = options.revocation_limit(Duration::from_secs(arguments.revocation_limit));
    if let Some(answers) = arguments.opaque_tokens {
        options = options.opaque_tokens(answers.into());
    }
    if arguments.introspected_jwts {
        options = options.introspected_jwts();
    }
    if arguments.status_lists {
        options = options.status_lists();
    }
    match &arguments.security_events {
        Some(path) => options.security_events(path),
        None => options,
    }
}

/// What went wrong and what to do about it.
fn explained(error: &CannotTest, arguments: &RunArguments) -> String {
    match error {
        CannotTest::Unreachable(_) if arguments.target.is_none() => {
            format!(
                "{error}\nStart the example API first:\n  {EXAMPLE_API}\nor name another one with --target."
            )
        }
        CannotTest::NoCases => format!("{error}; `fapi-conform list` shows them"),
        _ => error.to_string(),
    }
}

/// The format is that of the file's name.
fn writer(path: &Path) -> Result<Writer, String> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => Ok(report::html),
        Some("json") => Ok(report::json),
        Some("xml") => Ok(report::junit),
        Some("sarif") => Ok(report::sarif),
        Some("md") => Ok(report::markdown),
        _ => Err(format!(
            "--report {}: the name must end in .html, .json, .xml, .sarif or .md",
            path.display()
        )),
    }
}

fn print(report: &Report) {
    let failures = report.failures();
    if !failures.is_empty() {
        let mut table = Table::new();
        table
            .load_style(presets::UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_header(["case", "severity", "what was sent", "what came back", "what the clause says"]);
        for outcome in failures {
            let Some((severity, why)) = outcome.failed() else { continue };
            let case = outcome.case;
            let clause = format!("{}: {}", case.rule.clause, case.rule.says);
            table.add_row([case.id, severity.name(), case.title, why, &clause]);
        }
        say(table);
    }
    say(summary(report));
}

/// How many cases came out how, the two sides side by side, and why some were skipped.
fn summary(report: &Report) -> String {
    let counts = &report.summary;
    let seconds = report.duration.as_secs_f64();
    let mut line = format!(
        "{}\n{} cases in {seconds:.1} s: {} passed, {} failed, {} skipped",
        counts.scores(),
        report.outcomes.len(),
        counts.passed,
        counts.failed,
        counts.skipped
    );
    let mut reasons: Vec<&str> = report
        .outcomes
        .iter()
        .filter_map(|outcome| match &outcome.verdict {
            Verdict::Skipped { why } => Some(why.as_str()),
            Verdict::Passed | Verdict::Failed { .. } => None,
        })
        .collect();
    reasons.sort_unstable();
    for same in reasons.chunk_by(|one, other| one == other) {
        let reason = same.first().copied().unwrap_or_default();
        line.push_str(&format!("\n  {} skipped: {reason}", same.len()));
    }
    line
}
