//! The cases, a file for each group.

mod answers;
mod binding;
mod credentials;
mod keys;
mod limits;
mod metadata;
mod mtls;
mod nonce;
mod proof;
mod proof_algorithm;
mod proof_key;
mod proof_signature;
mod replay;
mod rules;
mod scope;
mod target;
mod target_claimed;
mod time;
mod token;
mod token_encoding;
mod token_signature;

use super::case::Case;

pub(super) fn all() -> Vec<Case> {
    [
        credentials::cases,
        answers::cases,
        token::cases,
        token_signature::cases,
        token_encoding::cases,
        proof::cases,
        proof_algorithm::cases,
        proof_signature::cases,
        proof_key::cases,
        target::cases,
        target_claimed::cases,
        time::cases,
        replay::cases,
        nonce::cases,
        binding::cases,
        mtls::cases,
        scope::cases,
        metadata::cases,
        keys::cases,
        limits::cases,
    ]
    .into_iter()
    .flat_map(|cases| cases())
    .collect()
}
