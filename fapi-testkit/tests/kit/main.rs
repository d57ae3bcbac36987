//! What the kit makes is judged by josekit's own verifiers and by published vectors.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod encryption;
mod endpoints;
mod introspection;
mod keys;
mod oracle;
mod security_events;
mod server;
mod status_lists;
mod tls;
mod tokens_and_proofs;
