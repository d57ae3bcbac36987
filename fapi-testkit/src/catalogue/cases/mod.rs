//! The cases, a file for each group.

mod answers;
mod authorization_details;
mod binding;
mod credentials;
mod credentials_accepted;
mod interaction_ids;
mod introspection;
mod introspection_signed;
mod keys;
mod limits;
mod metadata;
mod mtls;
mod nonce;
mod presets;
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
mod security_events_refused;
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
use super::group::Need;

pub(super) fn all() -> Vec<Case> {
    [
        credentials::cases,
        credentials_accepted::cases,
        answers::cases,
        interaction_ids::cases,
        token::cases,
        token_accepted::cases,
        token_signature::cases,
        token_encoding::cases,
        || about_proofs(proof::cases),
        || about_proofs(proof_accepted::cases),
        || about_proofs(proof_algorithm::cases),
        || about_proofs(proof_signature::cases),
        || about_proofs(proof_key::cases),
        || about_proofs(target::cases),
        target_accepted::cases,
        || about_proofs(target_claimed::cases),
        time::cases,
        time_accepted::cases,
        || about_proofs(replay::cases),
        || about_proofs(nonce::cases),
        sessions::cases,
        binding::cases,
        mtls::cases,
        scope::cases,
        step_up::cases,
        authorization_details::cases,
        metadata::cases,
        presets::cases,
        keys::cases,
        introspection::cases,
        introspection_signed::cases,
        revocation::cases,
        status_lists::cases,
        security_events::cases,
        security_events_refused::cases,
        limits::cases,
        || vec![keys::rotation(), keys::withdrawn()],
    ]
    .into_iter()
    .flat_map(|cases| cases())
    .collect()
}

/// Cases that send proofs. Where tokens are bound to certificates only, there is nobody who would.
fn about_proofs(cases: fn() -> Vec<Case>) -> Vec<Case> {
    let mut cases = cases();
    // First, so that it is the reason why they are skipped.
    cases.iter_mut().for_each(|case| case.needs.insert(0, Need::Proofs));
    cases
}
