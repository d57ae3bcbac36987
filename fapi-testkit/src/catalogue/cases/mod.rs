//! The cases, a file for each group.

mod answers;
mod authorization_details;
mod binding;
mod credentials;
mod credentials_accepted;
mod introspection;
mod introspection_signed;
mod keys;
mod limits;
mod metadata;
mod mtls;
mod nonce;
mod proof;
mod proof_accepted;
mod proof_algorithm;
mod proof_key;
mod proof_signature;
mod replay;
mod revocation;
mod rules;
mod scope;
mod security_events;
mod sessions;
mod status_lists;
mod step_up;
mod target;
mod target_accepted;
mod target_claimed;
mod time;
mod time_accepted;
mod token;
mod token_accepted;
mod token_encoding;
mod token_signature;

use super::case::Case;

pub(super) fn all() -> Vec<Case> {
    [
        credentials::cases,
        credentials_accepted::cases,
        answers::cases,
        token::cases,
        token_accepted::cases,
        token_signature::cases,
        token_encoding::cases,
        proof::cases,
        proof_accepted::cases,
        proof_algorithm::cases,
        proof_signature::cases,
        proof_key::cases,
        target::cases,
        target_accepted::cases,
        target_claimed::cases,
        time::cases,
        time_accepted::cases,
        replay::cases,
        nonce::cases,
        sessions::cases,
        binding::cases,
        mtls::cases,
        scope::cases,
        step_up::cases,
        authorization_details::cases,
        metadata::cases,
        keys::cases,
        introspection::cases,
        introspection_signed::cases,
        revocation::cases,
        status_lists::cases,
        security_events::cases,
        limits::cases,
        || vec![keys::rotation(), keys::withdrawn()],
    ]
    .into_iter()
    .flat_map(|cases| cases())
    .collect()
}
