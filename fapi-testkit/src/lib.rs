//! Test helpers for FAPI 2.0 resource servers: what they make is right by default and wrong in exactly one way on
//! demand.
//!
//! **For tests only.** Private keys are handed out, keys are generated without ceremony, and a builder panics when the
//! test itself is at fault. Nothing here belongs in a production program; depend on it under `[dev-dependencies]`.
//!
//! - [`TestIssuer`] mints access tokens (RFC 9068), also opaque and encrypted ones ([`EncryptionKey`]); it introspects them
//!   (RFC 7662, RFC 9701), keeps a status list, and sends security events (RFC 8417). [`TestIssuer::respond`] answers what
//!   its endpoints answer, for the clients in [`RegisteredClient`]; [`TestIssuer::serve`] and [`TestIssuer::serve_tls`] put
//!   it on a loopback port, where it can also misbehave ([`Fault`]).
//! - [`TestClient`] holds a key and makes DPoP proofs (RFC 9449).
//! - [`TestCertificate`] is a client certificate for mutual TLS (RFC 8705).
//! - [`SigningKey`] signs any header and any payload, also invalid ones.
//! - [`ManualClock`] stands still until the test moves it.
//!
//! Everything is signed with josekit (OpenSSL), so that signer and verifier share no code.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use fapi_core::UnixTime;
//! use fapi_testkit::{ManualClock, TestClient, TestIssuer};
//!
//! let clock = ManualClock::at(UnixTime::from_secs(1_750_000_000));
//! let issuer = TestIssuer::new("https://as.example.com").with_clock(Arc::new(clock.clone()));
//! let client = TestClient::new().with_clock(Arc::new(clock.clone()));
//!
//! let token = issuer.token().audience("https://api.example.com").bound_to(&client).sign();
//! let proof = client.proof("GET", "https://api.example.com/whoami").access_token(&token).sign();
//! let request = [("Authorization", format!("DPoP {token}")), ("DPoP", proof)];
//!
//! // Wrong in exactly one way: no `ath`.
//! let unbound = client.proof("GET", "https://api.example.com/whoami").sign();
//! // Wrong in exactly one way: the token has expired.
//! clock.advance(Duration::from_secs(301));
//! # let _ = (request, unbound);
//! ```
#![allow(clippy::expect_used, reason = "a test kit stops at the first mistake of the test that uses it")]

mod assertion;
#[cfg(feature = "conform")]
pub mod catalogue;
mod certificate;
mod client;
mod clock;
#[cfg(feature = "conform")]
pub mod conform;
pub mod contract;
mod encoding;
mod encryption_key;
mod introspection;
mod issuer;
mod jwe;
mod jws;
mod key;
mod memory;
mod proof;
mod registered_client;
mod scenario;
mod security_event;
mod server;
mod status_list;
mod token;
mod verification;

pub use assertion::AssertionBuilder;
pub use certificate::TestCertificate;
pub use client::TestClient;
pub use clock::ManualClock;
pub use encryption_key::EncryptionKey;
pub use http;
pub use introspection::IntrospectionBuilder;
pub use issuer::TestIssuer;
pub use jwe::JweBuilder;
pub use key::{SigningKey, jwk_thumbprint};
pub use proof::ProofBuilder;
pub use registered_client::RegisteredClient;
pub use scenario::Scenario;
pub use security_event::{SESSION_REVOKED, SecurityEventBuilder, VERIFICATION, subject};
pub use server::{Endpoint, Fault, IssuerServer};
pub use status_list::StatusListBuilder;
pub use token::TokenBuilder;
