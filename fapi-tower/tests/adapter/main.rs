//! The adapter: that it hands over the right facts and carries the server's decision unchanged.

#![allow(missing_docs, reason = "tests")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod answers;
mod api;
#[cfg(feature = "axum")]
mod axum_router;
mod cors;
#[cfg(feature = "axum")]
mod extractor;
mod log;
mod metadata;
mod proxy;
mod readiness;
mod require;
mod security_events;
mod sockets;
#[cfg(feature = "rustls")]
mod tls;
