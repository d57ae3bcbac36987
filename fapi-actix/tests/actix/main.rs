//! The middleware, `Require` and the extractors, in an `App` of actix-web and in a real `HttpServer`.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod cors;
mod extractors;
mod http_server;
mod log;
mod metadata;
mod middleware;
mod proxy;
mod requests;
mod require;
mod security_events;
