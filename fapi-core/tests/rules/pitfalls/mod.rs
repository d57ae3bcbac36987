//! The failures of other resource servers (`docs/rules.md`, second table): one test each, where it is the core's.

mod binding_and_jose;
mod keys_and_answers;
mod time_and_replay;
