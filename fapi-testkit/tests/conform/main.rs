//! The runner against the project's own layer: every case comes out as expected, and a report shows no secret.

#![cfg(feature = "conform")]
#![allow(clippy::arithmetic_side_effects, clippy::expect_used, clippy::unwrap_used)]

#[cfg(feature = "actix")]
mod actix;
mod api;
mod command;
#[cfg(feature = "cli")]
mod exit_status;
mod own_layer;
mod presets;
mod redaction;
mod revocation;
mod unready;
