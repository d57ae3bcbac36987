//! What the example programs share. The programs themselves are in `src/bin`:
//!
//! - `quickstart`: an issuer, a protected API and a client in one process, and what comes of a stolen token;
//! - `api`: an API configured by flags, for axum or for actix-web;
//! - `opaque`: an API whose tokens are opaque, and which asks their issuer about them;
//! - `two_issuers`: an API that trusts two issuers, each by rules of its own.
//!
//! The same API is written twice: [`api::axum`] and [`api::actix`] are what to read and to copy from.

pub mod api;
pub mod cli;
pub mod client;
pub mod shutdown;

/// The code of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
