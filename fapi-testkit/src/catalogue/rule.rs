//! The clauses that the cases test, each in one sentence of our own.

use serde::Serialize;

/// A clause of a specification and what it asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Rule {
    /// The specification and its clause: `RFC 9449 §4.3 (9)`.
    pub clause: &'static str,
    /// What the clause says, in one sentence.
    pub says: &'static str,
    /// The numbers of the rules (`R48`) and of the pitfalls (`P24`), separated by spaces.
    pub numbers: &'static str,
}

impl Rule {
    /// The same clause under the numbers that one case is about.
    #[must_use]
    pub const fn at(self, numbers: &'static str) -> Self {
        Self { numbers, ..self }
    }
}
