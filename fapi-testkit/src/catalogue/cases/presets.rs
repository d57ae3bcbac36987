//! What single profiles ask for, and tokens as their issuers make them: R6, R63, R90-R96, R138, R141, R144.

use serde_json::json;

use super::answers::wrong;
use super::metadata::document;
use super::rules::{
    CHALLENGED_SCOPE, CHALLENGED_URL, METADATA_OWED, NONCE_EACH, ONE_SERVER, TOKEN_OF_PROFILE,
};
use crate::TokenBuilder;
use crate::catalogue::MakeCall;
use crate::catalogue::case::Case;
use crate::catalogue::condition::{JSON_DOCUMENT, METADATA_NAMED, NONCE_GIVEN, ONE_ISSUER, SCOPE_TO_ASK_FOR};
use crate::catalogue::expectation::{
    ACCEPTED, PROOF_REFUSED, TOKEN_MALFORMED, UNAUTHENTICATED, UNPROVED_REFUSED,
};
use crate::catalogue::feature::Feature::{
    NonceInEveryAnswer, Of, Proofs, ScopeInChallenges, SubjectOptional,
};
use crate::catalogue::group::Group::{Credentials, Metadata, Nonce, Token};
use crate::catalogue::group::Need::Issuer;
use crate::catalogue::group::Severity::{Critical, High, Low, Medium};
use crate::catalogue::profile::Profile::{
    Atproto, CdrAu, Maskinporten, Mcp, OpenFinanceBrazil, UkOpenBanking,
};
use crate::catalogue::scene::Scene;

pub(super) fn cases() -> Vec<Case> {
    let tokens = [maskinporten(), open_finance(), vec![atproto()]].concat();
    let tokens = tokens.into_iter().map(|case| case.needs(Issuer));
    tokens.chain(nonces()).chain(challenges()).chain(metadata()).collect()
}

fn accepted(id: &'static str, title: &'static str, call: MakeCall) -> Case {
    Token.accept(id, High, title, TOKEN_OF_PROFILE.at("R90 R92 R96"), call)
}

/// A token as Maskinporten makes it: without `typ`, `aud` and `sub`, with the organisation that calls.
fn from_maskinporten(token: TokenBuilder) -> TokenBuilder {
    let token = token.without_header("typ").without_claim("aud").without_claim("sub");
    let consumer = json!({"authority": "iso6523-actorid-upis", "ID": "0192:889640782"});
    token.claim("client_amr", "private_key_jwt").claim("token_type", "Bearer").claim("consumer", consumer)
}

fn maskinporten() -> Vec<Case> {
    let cases = vec![
        accepted("maskinporten-token", "a token as Maskinporten makes it, but bound", |s| {
            s.with_token(from_maskinporten)
        }),
        accepted("maskinporten-delegated", "such a token with a supplier, who acts for the consumer", |s| {
            let supplier = json!({"authority": "iso6523-actorid-upis", "ID": "0192:991825827"});
            s.with_token(|t| from_maskinporten(t).claim("supplier", supplier))
        }),
        Token.attack(
            "maskinporten-bearer",
            Critical,
            "a token as Maskinporten makes it, which is bound to nothing",
            TOKEN_OF_PROFILE.at("R6 P15"),
            UNPROVED_REFUSED,
            |s| s.bearer(&from_maskinporten(s.unbound()).sign()),
        ),
    ];
    cases.into_iter().map(|case| case.given(Of(Maskinporten))).collect()
}

/// FAPI 1.0 leaves the form of tokens to the bank; these are the claims that its ecosystems add.
fn open_finance() -> Vec<Case> {
    vec![
        accepted(
            "open-finance-client-token",
            "the token of a client that acts for itself, of type JWT",
            |s| s.with_token(|t| t.header("typ", "JWT").without_claim("sub")),
        )
        .given(SubjectOptional)
        .unless(Proofs),
        accepted("open-finance-consent", "a token whose scope names a consent", |s| {
            let scope = format!("{} consent:urn:bank:C1DD33123", s.scope());
            s.with_token(|t| t.scope(&scope))
        })
        .given(Of(OpenFinanceBrazil)),
        accepted("cdr-arrangement", "a token with cdr_arrangement_id", |s| {
            s.with_token(|t| t.claim("cdr_arrangement_id", "02e7c9d9-cfe7-4c3e-8f64-e91173c84ecb"))
        })
        .given(Of(CdrAu)),
        accepted("open-banking-intent", "a token with openbanking_intent_id", |s| {
            s.with_token(|t| t.claim("openbanking_intent_id", "urn:bank:intent:58923"))
        })
        .given(Of(UkOpenBanking)),
    ]
}

fn atproto() -> Case {
    accepted("atproto-session", "a token of an account, whose sub is a DID", |s| {
        let scope = format!("{} atproto transition:generic", s.scope());
        s.with_token(|t| t.subject("did:plc:ewvi7nxzyoun6zhxrhs64oiz").scope(&scope))
    })
    .given(Of(Atproto))
}

fn nonces() -> Vec<Case> {
    let cases = vec![
        Nonce
            .accept(
                "nonce-with-answer",
                Medium,
                "a valid request: the answer has a nonce",
                NONCE_EACH.at("R63"),
                Scene::valid,
            )
            .expecting(ACCEPTED.with(&[NONCE_GIVEN])),
        Nonce.attack(
            "nonce-with-refusal",
            Medium,
            "a wrong proof: the answer has a nonce, too",
            NONCE_EACH.at("R63"),
            PROOF_REFUSED.with(&[NONCE_GIVEN]),
            |s| s.with_proof(|proof| proof.claim("ath", "wrong")),
        ),
    ];
    cases.into_iter().map(|case| case.given(NonceInEveryAnswer)).collect()
}

fn challenges() -> Vec<Case> {
    let challenged = |id, title, rule, expectation, call: MakeCall| {
        Credentials.attack(id, Medium, title, rule, expectation, call).given(ScopeInChallenges)
    };
    vec![
        challenged(
            "challenge-metadata",
            "no credentials: the challenge says where the metadata is",
            CHALLENGED_URL.at("R144"),
            UNAUTHENTICATED.with(&[METADATA_NAMED]),
            Scene::bare,
        ),
        challenged(
            "challenge-metadata-with-error",
            "a wrong token: the challenge says where the metadata is",
            CHALLENGED_URL.at("R144"),
            TOKEN_MALFORMED.with(&[METADATA_NAMED]),
            wrong,
        ),
        challenged(
            "challenge-scope",
            "no credentials: the challenge names the scope to ask for",
            CHALLENGED_SCOPE.at("R33"),
            UNAUTHENTICATED.with(&[SCOPE_TO_ASK_FOR]),
            Scene::bare,
        ),
        challenged(
            "challenge-scope-with-error",
            "a wrong token: the challenge names the scope to ask for",
            CHALLENGED_SCOPE.at("R33"),
            TOKEN_MALFORMED.with(&[SCOPE_TO_ASK_FOR]),
            wrong,
        ),
    ]
}

/// These run wherever the profile asks for metadata, and not only where there is some.
fn metadata() -> Vec<Case> {
    vec![
        Metadata
            .accept(
                "metadata-owed",
                Medium,
                "the metadata, which the profile requires",
                METADATA_OWED.at("R138"),
                document,
            )
            .expecting(ACCEPTED.with(&[JSON_DOCUMENT]))
            .given(Of(Mcp)),
        Metadata
            .accept(
                "metadata-one-server",
                Low,
                "the metadata names one authorization server",
                ONE_SERVER.at("R141"),
                document,
            )
            .expecting(ACCEPTED.with(&[ONE_ISSUER]))
            .given(Of(Atproto)),
    ]
}
