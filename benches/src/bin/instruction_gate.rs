//! Compares the instructions that `cargo bench --bench instructions` has counted with those of the baseline file.
//!
//! Run by `.ci/bench`. A count is the same on every run, so that a small limit is no gamble: more than 3 % above the
//! baseline fails. Fewer are welcome, and the baseline should then be renewed, or the gain can be lost unnoticed.
#![allow(clippy::print_stdout, reason = "the table is what the program is for")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use comfy_table::Table;
use serde_json::Value;

/// Instructions by benchmark.
type Counts = BTreeMap<String, u64>;

/// Percent above the baseline that fail.
const LIMIT: f64 = 3.0;

/// Compares counted instructions with the baseline; the exit status is 1 if one is more than 3 % above it.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the counts of the last run are
    #[arg(long, value_name = "DIR", default_value = "target/gungraun")]
    counted: PathBuf,

    /// What they are compared with
    #[arg(long, value_name = "FILE", default_value = "benches/instructions.json")]
    baseline: PathBuf,

    /// Write the counts to the baseline instead
    #[arg(long)]
    renew: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool, String> {
    let mut counted = Counts::new();
    collect(&arguments.counted, &mut counted)?;
    if counted.is_empty() {
        return Err(format!("nothing was counted in {}; run .ci/bench", arguments.counted.display()));
    }
    if arguments.renew {
        let text = serde_json::to_string_pretty(&counted).map_err(|error| error.to_string())?;
        fs::write(&arguments.baseline, text + "\n").map_err(|error| in_file(&arguments.baseline, &error))?;
        println!("{} now has these {} counts", arguments.baseline.display(), counted.len());
        return Ok(true);
    }
    let baseline: Counts = serde_json::from_str(&read(&arguments.baseline)?)
        .map_err(|error| in_file(&arguments.baseline, &error))?;
    Ok(compare(&counted, &baseline))
}

/// Prints each count beside its baseline; false if one is too high, new, or missing.
#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn compare(counted: &Counts, baseline: &Counts) -> bool {
    let mut table = Table::new();
    table.set_header(["benchmark", "instructions", "baseline", "change", ""]);
    let mut good = true;
    for (name, count) in counted {
        let Some(before) = baseline.get(name) else {
            good = false;
            table.add_row([name, &count.to_string(), "", "", "NEW: renew the baseline"]);
            continue;
        };
        let change = (*count as f64 / *before as f64 - 1.0) * 100.0;
        let verdict = match change {
            change if change > LIMIT => "TOO MANY",
            change if change < -LIMIT => "fewer: renew the baseline",
            _ => "",
        };
        good &= change <= LIMIT;
        table.add_row([name, &count.to_string(), &before.to_string(), &format!("{change:+.1} %"), verdict]);
    }
    for name in baseline.keys().filter(|name| !counted.contains_key(*name)) {
        good = false;
        table.add_row([name, "", "", "", "NOT COUNTED"]);
    }
    println!("{table}");
    good
}

/// The counts of all summaries below `directory`.
fn collect(directory: &Path, counts: &mut Counts) -> Result<(), String> {
    let entries = fs::read_dir(directory).map_err(|error| in_file(directory, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| in_file(directory, &error))?.path();
        if path.is_dir() {
            collect(&path, counts)?;
        } else if path.file_name().is_some_and(|name| name == "summary.json") {
            let summary = serde_json::from_str(&read(&path)?).map_err(|error| in_file(&path, &error))?;
            let (name, count) = count_of(&summary)
                .ok_or_else(|| in_file(&path, &"it is not a summary that this program knows"))?;
            counts.insert(name, count);
        }
    }
    Ok(())
}

fn count_of(summary: &Value) -> Option<(String, u64)> {
    let name = format!("{}::{}", summary.get("function_name")?.as_str()?, summary.get("id")?.as_str()?);
    let count = summary.pointer("/profiles/0/data/total/metrics/Ir/values/new")?.as_u64()?;
    Some((name, count))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| in_file(path, &error))
}

fn in_file(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}
