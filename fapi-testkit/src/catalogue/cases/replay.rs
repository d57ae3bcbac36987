//! One proof, one request: R60, R61, R66, R178, P5-P8, P10.

use super::rules::SINGLE_USE;
use crate::catalogue::case::Case;
use crate::catalogue::expectation::{ACCEPTED, MISTAKE, REPLAY_REFUSED};
use crate::catalogue::group::Group::Replay as R;
use crate::catalogue::group::Need::MoreTokens;
use crate::catalogue::group::Severity::{High, Low, Medium};
use crate::catalogue::scene::Scene;

/// How many copies of a request race each other.
const RACERS: usize = 8;

pub(super) fn cases() -> Vec<Case> {
    vec![
        R.attack(
            "replay-second-use",
            High,
            "the same request again",
            SINGLE_USE.at("R60 R66 P5"),
            ACCEPTED,
            Scene::valid,
        )
        .then(REPLAY_REFUSED, Scene::previous),
        R.attack(
            "replay-other-query",
            High,
            "the same proof with another query",
            SINGLE_USE.at("R48 R60"),
            ACCEPTED,
            Scene::valid,
        )
        .then(REPLAY_REFUSED, |s| s.previous().target(&format!("{}?page=2", s.path()))),
        R.attack(
            "replay-twice",
            High,
            "the same request a third time",
            SINGLE_USE.at("R60"),
            ACCEPTED,
            Scene::valid,
        )
        .then(REPLAY_REFUSED, Scene::previous)
        .then(REPLAY_REFUSED, Scene::previous),
        R.attack(
            "replay-race",
            High,
            "the same request, eight times at once",
            SINGLE_USE.at("R60 R178 P6"),
            REPLAY_REFUSED,
            Scene::valid,
        )
        .at_once(RACERS),
        R.attack(
            "replay-jti",
            Medium,
            "a new proof with a jti that was used",
            SINGLE_USE.at("R60"),
            ACCEPTED,
            Scene::valid,
        )
        .then(REPLAY_REFUSED, |s| s.with_proof(|p| p.claim("jti", s.previous_claim("jti")))),
        R.attack(
            "replay-after-others",
            High,
            "the same request again, after six others",
            SINGLE_USE.at("R60 P10"),
            ACCEPTED,
            Scene::valid,
        )
        .then(ACCEPTED, Scene::valid)
        .then(ACCEPTED, Scene::valid)
        .then(ACCEPTED, Scene::valid)
        .then(ACCEPTED, Scene::valid)
        .then(ACCEPTED, Scene::valid)
        .then(ACCEPTED, Scene::valid)
        .then(REPLAY_REFUSED, |s| s.sent.first().cloned().unwrap_or_else(|| s.valid())),
        R.accept(
            "jti-of-another-client",
            Medium,
            "two clients use the same jti",
            SINGLE_USE.at("R60 P8"),
            Scene::valid,
        )
        .then(ACCEPTED, |s| {
            let (thief, jti) = (&s.cast().thief, s.previous_claim("jti"));
            let token = s.token_of(thief);
            s.dpop(&token, s.proof_of(thief, &token).claim("jti", jti).sign())
        })
        .needs(MoreTokens),
        R.accept(
            "jti-survives-bad-signature",
            Medium,
            "a jti that came with a wrong signature is not used up",
            SINGLE_USE.at("R60 P7"),
            |s| s.with_proof(crate::ProofBuilder::with_flipped_signature),
        )
        .expecting(MISTAKE)
        .then(ACCEPTED, |s| s.with_proof(|p| p.claim("jti", s.previous_claim("jti")))),
        R.accept(
            "jti-survives-other-key",
            Medium,
            "a jti that came with another key is not used up",
            SINGLE_USE.at("R60 P7"),
            |s| s.dpop(s.token(), s.proof_of(&s.cast().thief, s.token()).sign()),
        )
        .expecting(MISTAKE)
        .then(ACCEPTED, |s| s.with_proof(|p| p.claim("jti", s.previous_claim("jti")))),
        R.accept(
            "jti-survives-wrong-ath",
            Medium,
            "a jti that came with another token is not used up",
            SINGLE_USE.at("R60 P7"),
            |s| s.with_proof(|p| p.access_token("another")),
        )
        .expecting(MISTAKE)
        .then(ACCEPTED, |s| s.with_proof(|p| p.claim("jti", s.previous_claim("jti")))),
        R.accept(
            "two-proofs-one-second",
            High,
            "two proofs of the same second",
            SINGLE_USE.at("R60"),
            Scene::valid,
        )
        .then(ACCEPTED, Scene::valid),
        R.accept("jti-case", Low, "two jti that differ in case only", SINGLE_USE.at("R60"), |s| {
            let jti = format!("{}ab", crate::encoding::unique_id());
            s.with_proof(|p| p.jti(&jti))
        })
        .then(ACCEPTED, |s| {
            let jti = s.previous_claim("jti").as_str().map(|jti| jti.replace("ab", "AB")).unwrap_or_default();
            s.with_proof(|p| p.jti(&jti))
        }),
    ]
}
