//! What can be wrong with a configuration file or with environment variables: where, what, and what is allowed.

use thiserror::Error as ThisError;

/// Why settings cannot be read. Values of secrets are never part of it.
///
/// What is missing or contradictory is found later, by [`ResourceServerBuilder::build`](crate::ResourceServerBuilder::build).
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum SettingsError {
    /// The text is not TOML.
    #[error("line {line}: not TOML: {problem}")]
    Syntax {
        /// The number of the line, from 1.
        line: usize,
        /// What the parser says.
        problem: String,
    },
    /// A key is unknown, or its value is not allowed.
    #[error("{key}: {problem}")]
    Value {
        /// The key with those that it is in, such as `profile.proof_max_age`.
        key: String,
        /// The value and what is allowed instead.
        problem: String,
    },
    /// An environment variable is no setting, or its value is not allowed.
    #[error("{variable}: {problem}")]
    Variable {
        /// Its name.
        variable: String,
        /// What is wrong with it: its value, and what is allowed instead.
        problem: String,
    },
}
