//! Lines on the two streams. A reader that has gone away is no reason to panic.

use std::fmt::Display;
use std::io::Write as _;

/// A line on stdout.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A line on stderr.
pub(crate) fn warn(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
