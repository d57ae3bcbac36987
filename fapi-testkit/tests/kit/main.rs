//! What the kit makes is judged by josekit's own verifiers and by published vectors.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod keys;
mod oracle;
mod server;
mod tokens_and_proofs;
