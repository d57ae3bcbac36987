//! What is wrong with a fleet file: every mistake at once, each with its line and what is allowed instead.
//!
//! Only names of keys and values that cannot be secret are shown, never a line of the file.

use std::fmt;
use std::ops::Range;

/// A mistake in a fleet file.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Problem {
    /// The line, from 1; `None` if the mistake is in no single line.
    pub line: Option<usize>,
    /// What is wrong, with the key and what is allowed.
    pub message: String,
}

impl Problem {
    pub(super) fn new(text: &str, span: Option<Range<usize>>, message: impl fmt::Display) -> Self {
        Self { line: span.map(|span| line(text, span.start)), message: message.to_string() }
    }

    pub(super) fn in_no_line(message: impl fmt::Display) -> Self {
        Self { line: None, message: message.to_string() }
    }
}

/// The line of this byte, from 1.
pub(super) fn line(text: &str, offset: usize) -> usize {
    let breaks = text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
    breaks.saturating_add(1)
}

/// Why a fleet cannot be tested at all. Nothing has been sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FleetError {
    /// The mistakes, in the order of the file.
    pub problems: Vec<Problem>,
}

impl FleetError {
    pub(super) fn of(message: impl fmt::Display) -> Self {
        Self { problems: vec![Problem::in_no_line(message)] }
    }
}

impl fmt::Display for FleetError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            if let Some(line) = problem.line {
                write!(formatter, "line {line}: ")?;
            }
            formatter.write_str(&problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for FleetError {}
