//! The rules of `docs/rules.md`, one test or more for each, against the whole resource server.
//!
//! Modules are named after the specs. Each test starts from one valid request and breaks one thing, and names its rule:
//! `tests/rules_table.rs` holds the table against these names.
#![cfg(all(feature = "aws-lc-rs", feature = "reqwest"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::arithmetic_side_effects)]
#![allow(clippy::string_slice, reason = "only of ASCII")]
#![allow(missing_docs, reason = "tests")]

mod authorization_server;
mod deny_list;
mod deviations;
#[cfg(feature = "josekit")]
mod encrypted;
mod fakes;
mod fapi2_5_3_4;
mod fapi2_5_4;
mod helseid;
mod helseid_claims;
mod helseid_requirements;
mod interaction_id;
mod introspected_jwts;
mod issuers;
mod logging;
mod pitfalls;
mod preset_values;
mod presets;
mod proxy_headers;
mod replay_store;
mod requirements;
mod revocation;
mod rfc6750;
mod rfc7662;
mod rfc8705;
mod rfc8725;
mod rfc9068;
mod rfc9396;
mod rfc9440;
mod rfc9449_11;
mod rfc9449_4_3;
mod rfc9449_8_9;
mod rfc9470;
mod rfc9701;
mod rfc9728;
mod security_events;
mod status_list;
#[allow(clippy::print_stdout, reason = "a line where vectors are missing")]
#[path = "../vectors/mod.rs"]
mod vectors;
mod world;
