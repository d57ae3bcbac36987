//! Honest clients at work: many requests, many tokens, renewals, mistakes and what comes after them: R60-R62, R172, P5-P10.

use super::rules::{NONCE_REUSE, OWN_KEYS, PROOF_EACH, RENEWED, SANITY, SINGLE_USE};
use crate::ProofBuilder;
use crate::catalogue::case::Case;
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{ACCEPTED, MISTAKE};
use crate::catalogue::feature::Feature::ProofAlgorithm;
use crate::catalogue::group::Group::{Nonce, Replay as R};
use crate::catalogue::group::Need::{Issuer, MoreTokens, Nonces, Proofs, ScopeRoute};
use crate::catalogue::group::Severity::{High, Medium};
use crate::catalogue::scene::Scene;
use fapi_core::jose::Algorithm;
use std::time::Duration;

/// How many requests are sent at once.
const PARALLEL: usize = 8;

pub(super) fn cases() -> Vec<Case> {
    [in_turn(), at_once(), renewals(), after_mistakes(), nonces()].concat()
}

/// The same request so many times, each with a new proof.
fn repeated(case: Case, more: usize, call: crate::catalogue::MakeCall) -> Case {
    (0..more).fold(case, |case, _| case.then(ACCEPTED, call))
}

/// The client and the other one take turns.
fn in_turns(s: &Scene) -> Call {
    if s.sent.len().is_multiple_of(2) { s.valid() } else { s.valid_of(&s.cast().thief) }
}

fn own_token(s: &Scene) -> Call {
    s.valid_with(s.mint())
}

fn in_turn() -> Vec<Case> {
    vec![
        repeated(
            R.accept(
                "one-token-many-proofs",
                High,
                "twelve requests with one token",
                PROOF_EACH.at("R60 P9"),
                Scene::valid,
            ),
            11,
            Scene::valid,
        ),
        repeated(
            R.accept(
                "many-tokens",
                High,
                "six requests, each with a token of its own",
                PROOF_EACH.at("R54 P46"),
                own_token,
            ),
            5,
            own_token,
        )
        .needs(Issuer),
        repeated(
            R.accept(
                "two-clients-in-turn",
                High,
                "two clients take turns",
                PROOF_EACH.at("R54 R60 P8"),
                in_turns,
            ),
            5,
            in_turns,
        )
        .needs(MoreTokens)
        .needs(Proofs),
        R.accept(
            "three-algorithms-in-turn",
            Medium,
            "clients with other algorithms between",
            OWN_KEYS.at("R44 R54"),
            Scene::valid,
        )
        .then(ACCEPTED, |s| s.valid_of(&s.cast().rsa().ps256))
        .then(ACCEPTED, Scene::valid)
        .then(ACCEPTED, |s| s.valid_of(&s.cast().eddsa))
        .then(ACCEPTED, Scene::valid)
        .needs(MoreTokens)
        .needs(Proofs)
        .given(ProofAlgorithm(Algorithm::EdDsa)),
        R.accept(
            "jti-with-other-token",
            Medium,
            "three clients use one jti",
            SINGLE_USE.at("R60 P8"),
            Scene::valid,
        )
        .then(ACCEPTED, |s| same_jti(s, &s.cast().thief))
        .then(ACCEPTED, |s| same_jti(s, &s.cast().rsa().ps256))
        .needs(MoreTokens)
        .needs(Proofs),
        R.accept(
            "two-paths-in-turn",
            Medium,
            "two queries with a proof for each",
            PROOF_EACH.at("R48 R60"),
            |s| s.valid().target(&format!("{}?page=1", s.path())),
        )
        .then(ACCEPTED, |s| s.valid().target(&format!("{}?page=2", s.path()))),
    ]
}

fn same_jti(s: &Scene, client: &crate::TestClient) -> Call {
    let token = s.token_of(client);
    let jti = s.previous_claim("jti");
    s.dpop(&token, s.proof_of(client, &token).claim("jti", jti).sign())
}

fn at_once() -> Vec<Case> {
    vec![
        R.accept(
            "parallel-one-token",
            High,
            "eight requests with one token at once",
            PROOF_EACH.at("R60 P6"),
            Scene::valid,
        )
        .in_parallel(PARALLEL),
        R.accept(
            "parallel-own-tokens",
            High,
            "eight requests, each with a token of its own, at once",
            PROOF_EACH.at("R54 P46"),
            own_token,
        )
        .in_parallel(PARALLEL)
        .needs(Issuer),
        R.accept(
            "parallel-two-clients",
            High,
            "eight requests of two clients at once",
            PROOF_EACH.at("R54 R60 P46"),
            in_turns,
        )
        .in_parallel(PARALLEL)
        .needs(MoreTokens)
        .needs(Proofs),
        R.accept(
            "parallel-queries",
            Medium,
            "eight requests with eight queries at once",
            PROOF_EACH.at("R48 R60"),
            |s| s.valid().target(&format!("{}?page={}", s.path(), s.sent.len())),
        )
        .in_parallel(PARALLEL),
        R.accept(
            "parallel-twice",
            Medium,
            "eight requests at once, and eight more",
            PROOF_EACH.at("R60 R61 P9"),
            Scene::valid,
        )
        .in_parallel(PARALLEL)
        .then(ACCEPTED, Scene::valid)
        .in_parallel(PARALLEL),
    ]
}

fn renewals() -> Vec<Case> {
    let cases = vec![
        R.accept(
            "token-renewed",
            High,
            "a renewed token with the same key",
            RENEWED.at("R53 R54 P46"),
            Scene::valid,
        )
        .then(ACCEPTED, own_token)
        .then(ACCEPTED, own_token),
        R.accept(
            "token-renewed-old-still-good",
            Medium,
            "the old token, while it lasts, after the renewed one",
            RENEWED.at("R54 P46"),
            own_token,
        )
        .then(ACCEPTED, own_token)
        .then(ACCEPTED, Scene::valid),
        R.accept(
            "token-renewed-after-expiry",
            High,
            "an expired token, then the renewed one",
            RENEWED.at("R94 R172"),
            |s| s.valid_with(s.mint().issued_at(s.ago(7200)).lifetime(Duration::from_secs(3600))),
        )
        .expecting(MISTAKE)
        .then(ACCEPTED, own_token),
        R.accept(
            "key-renewed",
            High,
            "the client has a new key and a token for it",
            RENEWED.at("R54 P46"),
            Scene::valid,
        )
        .then(ACCEPTED, new_key)
        .then(ACCEPTED, new_key)
        .needs(Proofs),
        R.accept(
            "token-with-other-claims",
            Medium,
            "tokens with other claims in turn",
            RENEWED.at("R54 P46"),
            Scene::valid,
        )
        .then(ACCEPTED, |s| s.valid_with(s.mint().claim("x_session", "2")))
        .then(ACCEPTED, Scene::valid),
    ];
    cases.into_iter().map(|case| case.needs(Issuer)).collect()
}

fn new_key(s: &Scene) -> Call {
    s.valid_of(&crate::TestClient::new())
}

/// R172: whoever has made a mistake is served once it is put right.
fn after_mistakes() -> Vec<Case> {
    type MakeCall = crate::catalogue::MakeCall;
    let after = |id, title, mistake: MakeCall| {
        R.accept(id, High, title, SANITY.at("R172 P7"), mistake)
            .expecting(MISTAKE)
            .then(ACCEPTED, Scene::valid)
    };
    let ten = |id, title, mistake: MakeCall| {
        let first = R.accept(id, High, title, SANITY.at("R172 P7"), mistake).expecting(MISTAKE);
        let rest = (0..9).fold(first, |case, _| case.then(MISTAKE, mistake));
        rest.then(ACCEPTED, Scene::valid)
    };
    let about_proofs = vec![
        after("retry-after-no-proof", "after a request without a proof", |s| s.valid().without("dpop")),
        after("retry-after-bad-signature", "after a proof with a wrong signature", bad_signature),
        after("retry-after-wrong-url", "after a proof for another URL", |s| {
            s.with_proof(|p| p.claim("htu", "https://other.example.com/"))
        }),
        after("retry-after-wrong-method", "after a proof for another method", |s| {
            s.with_proof(|p| p.claim("htm", "OTHER"))
        }),
        after("retry-after-wrong-time", "after a proof of an hour ago", |s| {
            s.with_proof(|p| p.issued_at(s.ago(3600)).without_claim("nonce"))
        }),
        after("retry-after-theft", "after somebody else has tried the token", |s| {
            s.dpop(s.token(), s.proof_of(&s.cast().thief, s.token()).sign())
        }),
        after("retry-after-bearer", "after the token came as Bearer", |s| s.bearer(s.token())),
        R.accept("retry-after-replay", High, "after a proof came twice", SANITY.at("R172 P7"), Scene::valid)
            .then(MISTAKE, Scene::previous)
            .then(ACCEPTED, Scene::valid),
        ten("retry-after-ten-mistakes", "after ten wrong proofs", bad_signature),
    ];
    let others = vec![
        after("retry-after-no-credentials", "after a request without credentials", Scene::bare),
        after("retry-after-malformed-token", "after a token that is no JWT", |s| {
            s.with_token_text("rubbish")
        }),
        after("retry-after-malformed-header", "after two Authorization headers", |s| {
            s.valid().header("Authorization", s.authorization("rubbish"))
        }),
        ten("retry-after-ten-tokens", "after ten wrong tokens", |s| s.with_token_text("rubbish")),
        R.accept("retry-after-scope", High, "after a scope was missing", SANITY.at("R172"), |s| {
            s.to_scope_route(|t| t.scope("other"))
        })
        .expecting(MISTAKE)
        .then(ACCEPTED, Scene::valid)
        .needs(Issuer)
        .needs(ScopeRoute),
    ];
    about_proofs.into_iter().map(|case| case.needs(Proofs)).chain(others).collect()
}

fn bad_signature(s: &Scene) -> Call {
    s.with_proof(ProofBuilder::with_flipped_signature)
}

/// R62: a nonce serves until there is another.
fn nonces() -> Vec<Case> {
    fn same_nonce(s: &Scene) -> Call {
        s.with_proof(|p| p.claim("nonce", s.previous_claim("nonce")))
    }
    let cases = vec![
        repeated(
            Nonce.accept(
                "nonce-ten-times",
                High,
                "one nonce in ten requests",
                NONCE_REUSE.at("R62"),
                Scene::valid,
            ),
            9,
            same_nonce,
        ),
        Nonce
            .accept(
                "nonce-in-parallel",
                High,
                "one nonce in eight requests at once",
                NONCE_REUSE.at("R62"),
                Scene::valid,
            )
            .in_parallel(PARALLEL),
        Nonce
            .accept(
                "nonce-after-refusal",
                Medium,
                "the nonce of a request that was refused",
                NONCE_REUSE.at("R62 R172"),
                bad_signature,
            )
            .expecting(MISTAKE)
            .then(ACCEPTED, same_nonce),
        Nonce
            .accept(
                "nonce-after-unknown",
                High,
                "a nonce from before a restart, then the new one",
                NONCE_REUSE.at("R62 R64"),
                |s| s.with_proof(|p| p.nonce("from-before-a-restart")),
            )
            .expecting(MISTAKE)
            .then(ACCEPTED, Scene::valid),
        Nonce
            .accept(
                "nonce-with-renewed-token",
                High,
                "one nonce with a renewed token",
                NONCE_REUSE.at("R62"),
                Scene::valid,
            )
            .then(ACCEPTED, |s| {
                let (token, nonce) = (s.mint().sign(), s.previous_claim("nonce"));
                s.dpop(&token, s.proof_of(&s.cast().client, &token).claim("nonce", nonce).sign())
            })
            .needs(Issuer),
    ];
    cases.into_iter().map(|case| case.needs(Proofs).needs(Nonces)).collect()
}
