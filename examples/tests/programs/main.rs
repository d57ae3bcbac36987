//! The example programs as their users meet them: started as processes, spoken to over HTTP, stopped by signals.
#![cfg(unix)]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod api;
mod arguments;
mod configuration;
mod helseid;
#[cfg(unix)]
mod listen;
mod opaque;
mod process;
mod quickstart;
mod recovery;
mod revocation;
mod two_issuers;
