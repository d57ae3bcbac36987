//! Mutual TLS with the example API: terminated by itself, and by real proxies with the configurations of
//! `docs/behind-a-proxy.md`.
//!
//! A proxy that is not installed is passed over with a line that says so; in CI all of them must be there.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod apache;
mod client;
mod direct;
mod haproxy;
mod nginx;
mod presets;
mod process;
mod program;
mod scenario;
