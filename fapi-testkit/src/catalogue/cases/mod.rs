//! The cases, a file for each group.

mod binding;
mod credentials;
mod keys;
mod limits;
mod metadata;
mod mtls;
mod nonce;
mod proof;
mod proof_jose;
mod replay;
mod rules;
mod scope;
mod target;
mod time;
mod token;
mod token_jose;

use super::case::Case;

pub(super) fn all() -> Vec<Case> {
    [
        credentials::cases,
        token::cases,
        token_jose::cases,
        proof::cases,
        proof_jose::cases,
        target::cases,
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
