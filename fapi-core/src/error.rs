//! Why a request was refused: one variant per failed rule, with a stable [`Error::code`] for metrics and log search.
//!
//! An `Error` holds no text from the request: no token, no proof, no URL, no claim value (R21, R22, pitfall P44).
//! What the caller may be told is decided in `rejection.rs`.

use std::sync::Arc;

use thiserror::Error as ThisError;

use crate::confirmation::SenderConstraint;
use crate::jose::{JoseError, KeyError};
use crate::mtls::CertificateHeaderError;
use crate::proxy::ForwardedError;
use crate::requirement::StepUp;

/// One failed rule.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Error {
    // --- The Authorization header -------------------------------------------------------------------------
    /// RFC 6750 §3: the request carries no credentials.
    #[error("no Authorization header: the client sent no access token")]
    CredentialsMissing,
    /// SP 5.3.4-2: the access token came in the query, where it is never read.
    #[error(
        "the access token was sent in the query (?access_token=); it must be sent in the Authorization header"
    )]
    CredentialsInQuery,
    /// RFC 6750 §3.1: more than one Authorization header, or a second way of sending the token.
    #[error("more than one Authorization header or more than one way of sending the access token")]
    CredentialsRepeated,
    /// RFC 9110 §11.4: the header is not `scheme SP token68`.
    #[error("the Authorization header is not of the form \"DPoP <token>\" or \"Bearer <token>\"")]
    CredentialsMalformed,
    /// The header exceeds the profile's limit.
    #[error("the access token is larger than the profile's limit")]
    CredentialsTooLarge,
    /// RFC 9110 §11.1: neither `DPoP` nor `Bearer`.
    #[error("the Authorization scheme is neither DPoP nor Bearer")]
    SchemeUnsupported,

    // --- The interaction id -------------------------------------------------------------------------------
    /// FAPI implementation advice §2.2.1: the profile requires `x-fapi-interaction-id`, and there is none.
    #[error("the request has no x-fapi-interaction-id, which the profile requires")]
    InteractionIdMissing,
    /// FAPI implementation advice §2.2.1: `x-fapi-interaction-id` is not a UUID, or there are several.
    #[error("the request's x-fapi-interaction-id is not one UUID")]
    InteractionIdInvalid,

    // --- The DPoP proof -----------------------------------------------------------------------------------
    /// RFC 9449 §7.1: scheme `DPoP`, but no `DPoP` header.
    #[error("the Authorization scheme is DPoP but there is no DPoP header")]
    ProofMissing,
    /// RFC 9449 §4.3 (1): more than one proof.
    #[error("more than one DPoP proof in the request")]
    ProofRepeated,
    /// The proof exceeds the profile's limit.
    #[error("the DPoP proof is larger than the profile's limit")]
    ProofTooLarge,
    /// RFC 9449 §4.3 (2): not a well-formed JWT.
    #[error("the DPoP proof is not a well-formed JWT: {0}")]
    ProofMalformed(JoseError),
    /// RFC 9449 §4.3 (4): `typ` is not `dpop+jwt`.
    #[error("the DPoP proof's typ is not dpop+jwt")]
    ProofType,
    /// RFC 9449 §4.3 (5): the algorithm is not accepted for proofs.
    #[error("the DPoP proof's alg is not one of the accepted proof algorithms")]
    ProofAlgorithm,
    /// RFC 9449 §4.3 (3), (7): `jwk` is missing, not a public key, or not usable.
    #[error("the DPoP proof's jwk cannot be used: {0}")]
    ProofKey(KeyError),
    /// RFC 9449 §4.3 (3): a required claim is missing.
    #[error("the DPoP proof has no {0} claim")]
    ProofClaimMissing(&'static str),
    /// RFC 9449 §4.2: a claim has the wrong type or is out of bounds.
    #[error("the DPoP proof's {0} claim has the wrong type or is out of bounds")]
    ProofClaimInvalid(&'static str),
    /// RFC 9449 §4.3 (8): `htm` is not the request's method.
    #[error("the DPoP proof's htm is not this request's method")]
    ProofMethod,
    /// RFC 9449 §4.3 (9): `htu` is not the request's URI.
    #[error("the DPoP proof's htu is not this request's URL: {0}")]
    ProofTarget(TargetMismatch),
    /// RFC 7239: the forwarding headers of a trusted proxy do not say which URL was requested.
    #[error("the trusted proxy's forwarding headers cannot be used: {0}")]
    Forwarded(ForwardedError),
    /// RFC 9449 §4.3 (11): `iat` is too long ago.
    #[error(
        "the DPoP proof was issued {age_seconds} s ago, more than the accepted window; is the client's clock late?"
    )]
    ProofTooOld {
        /// Age of the proof in seconds, at least one.
        age_seconds: u64,
    },
    /// RFC 9449 §4.3 (11): `iat` is too far ahead.
    #[error(
        "the DPoP proof was issued {ahead_seconds} s in the future, more than the accepted window; is the client's clock early?"
    )]
    ProofFromFuture {
        /// How far ahead `iat` is, in seconds.
        ahead_seconds: u64,
    },
    /// RFC 7519 §4.1.4: the proof's own `exp` has passed.
    #[error("the DPoP proof's exp has passed")]
    ProofExpired,
    /// RFC 7519 §4.1.5: the proof's own `nbf` is ahead.
    #[error("the DPoP proof's nbf is in the future")]
    ProofNotYetValid,
    /// RFC 9449 §4.3 (12a): `ath` is not the hash of the presented token.
    #[error("the DPoP proof's ath is not the hash of the presented access token")]
    ProofAccessTokenHash,
    /// RFC 9449 §4.3 (6): the signature does not verify under the proof's `jwk`.
    #[error("the DPoP proof's signature does not verify")]
    ProofSignature,
    /// RFC 9449 §11.1: the proof was used before.
    #[error("the DPoP proof was used before (same key and jti)")]
    ProofReplayed,
    /// RFC 9449 §11.1: issued before this server's memory of used proofs begins, and nonces are off.
    #[error("the DPoP proof was issued before this server started, so its reuse cannot be ruled out")]
    ProofBeforeStart,
    /// RFC 9449 §9: the proof has no nonce.
    #[error(
        "a DPoP nonce is required and the proof has none; the client must retry with the DPoP-Nonce of the answer"
    )]
    NonceMissing,
    /// RFC 9449 §4.3 (10): the nonce is stale or not from this server.
    #[error(
        "the DPoP proof's nonce is stale or unknown; the client must retry with the DPoP-Nonce of the answer"
    )]
    NonceUnknown,
    /// RFC 9449 §9, §11.1: the replay store cannot yet vouch for this proof without a nonce.
    #[error(
        "the replay store cannot vouch for this proof yet (it started recently); the client must retry with the DPoP-Nonce of the answer"
    )]
    NonceNeeded,

    // --- The access token ---------------------------------------------------------------------------------
    /// RFC 9068 §4: not a well-formed JWT.
    #[error("the access token is not a well-formed JWT: {0}")]
    TokenMalformed(JoseError),
    /// RFC 9068 §4: an encrypted token, where none was agreed.
    #[error("the access token is encrypted (JWE), which this server does not accept")]
    TokenEncrypted,
    /// RFC 9068 §4: a token that is not encrypted, where encryption was agreed.
    #[error("the access token is not encrypted, though this server is configured for encrypted ones")]
    TokenNotEncrypted,
    /// RFC 7516 §5.2: not a well-formed JWE, or of an `alg`, `enc` or form that is not accepted.
    #[error("the access token is encrypted in a way that is not accepted: {0}")]
    TokenEncryption(JoseError),
    /// RFC 7516 §5.2: no key of this server decrypts the token. Nobody is told why (RFC 7516 §11.4).
    #[error("the access token cannot be decrypted with any key of this server")]
    TokenDecryption,
    /// RFC 9068 §4: `typ` is not `at+jwt`.
    #[error("the access token's typ is not at+jwt (is it an ID token?)")]
    TokenType,
    /// SP 5.4.1-1: the algorithm is not accepted for access tokens.
    #[error("the access token's alg is not one of the accepted token algorithms")]
    TokenAlgorithm,
    /// RFC 9068 §4: `iss` is not a configured issuer.
    #[error("the access token's iss is not a configured issuer")]
    TokenIssuer,
    /// SP 6.3: the client says that it uses another issuer than the token's.
    #[error("the access token is not one of the issuer that the client says it uses")]
    StatedIssuer,
    /// The token does not meet the named rule of its issuer's configuration.
    #[error("the access token does not meet its issuer's rule {0:?}")]
    IssuerRule(Arc<str>),
    /// RFC 8725 §3.8: the issuer has no usable key with this `kid` for this `alg`.
    #[error("the issuer publishes no usable key with the access token's kid and alg")]
    TokenKeyUnknown,
    /// RFC 9068 §4: the signature does not verify.
    #[error("the access token's signature does not verify")]
    TokenSignature,
    /// RFC 9068 §2.2: a required claim is missing.
    #[error(
        "the access token has no {0} claim; the authorization server must issue it (RFC 9068 section 2.2)"
    )]
    TokenClaimMissing(&'static str),
    /// RFC 9068 §2.2: a claim has the wrong type or is out of bounds.
    #[error("the access token's {0} claim has the wrong type or is out of bounds")]
    TokenClaimInvalid(&'static str),
    /// RFC 9068 §4: `aud` does not contain this resource server.
    #[error("the access token's aud does not contain this API's audience")]
    TokenAudience,
    /// The token is for further audiences, and the profile wants this API to be the only one.
    #[error(
        "the access token's aud names further audiences, and the profile wants this API to be the only one"
    )]
    TokenAudienceShared,
    /// RFC 9068 §4: `exp` has passed.
    #[error("the access token expired {ago_seconds} s ago")]
    TokenExpired {
        /// Whole seconds since `exp`.
        ago_seconds: u64,
    },
    /// RFC 7519 §4.1.5: `nbf` is ahead.
    #[error("the access token's nbf is {ahead_seconds} s in the future")]
    TokenNotYetValid {
        /// Whole seconds until `nbf`.
        ahead_seconds: u64,
    },
    /// SP 5.3.2.1-13: `iat` is ahead.
    #[error("the access token's iat is {ahead_seconds} s in the future")]
    TokenFromFuture {
        /// Whole seconds until `iat`.
        ahead_seconds: u64,
    },
    /// SP 5.3.4-3, R67: `exp` is further from `iat` than the configured longest lifetime.
    #[error(
        "the access token lives for {seconds} s, longer than this server accepts without a source of revocations"
    )]
    TokenLifetime {
        /// Whole seconds from `iat` to `exp`.
        seconds: u64,
    },
    /// Token Status List §8.3: the token does not say where its status is published.
    #[error(
        "the access token has no status.status_list claim; the authorization server must issue it, or StatusListPolicy::optional accept such tokens"
    )]
    TokenStatusMissing,
    /// Token Status List §11: the token's status list is not at a place that is allowed for its issuer.
    #[error(
        "the access token's status list is not at an origin that is allowed for its issuer; allow it with StatusListPolicy::with_origin"
    )]
    TokenStatusOrigin,
    /// Token Status List §8.3: the token's status list has no such entry.
    #[error("the access token's status list has no entry with the token's idx")]
    TokenStatusIndex,
    /// SP 5.3.4-3: the token was revoked.
    #[error("the access token was revoked")]
    TokenRevoked,
    /// RFC 7662 §2.2: the issuer says that the token is not active: unknown, expired or revoked.
    #[error("the issuer says that the access token is not active (unknown, expired or revoked)")]
    TokenInactive,
    /// The API's own claims type could not be read from the token. The name is that of the claim that does not fit or is not
    /// there, where it can be told: in what is `#[serde(flatten)]`ed it cannot.
    #[error(
        "the access token's claims do not fit the API's claims type{}; is the API registered for them at the authorization server?",
        .0.as_deref().map(|claim| format!(", at {claim:?}")).unwrap_or_default()
    )]
    TokenClaims(Option<Arc<str>>),

    // --- Binding of the token to the caller's key ---------------------------------------------------------
    /// RFC 7800 §3.1: `cnf` is not an object, or a member is not a SHA-256 thumbprint.
    #[error("the access token's cnf claim is malformed")]
    ConfirmationMalformed,
    /// SP 5.3.4-5: the token is bound to no key.
    #[error("the access token is not sender-constrained: it has no cnf with jkt or x5t#S256")]
    TokenUnbound,
    /// RFC 9449 §7.2: a DPoP-bound token presented as Bearer.
    #[error("a DPoP-bound access token was presented with the Bearer scheme")]
    TokenBoundToKey,
    /// RFC 9449 §6: scheme `DPoP`, but the token has no `cnf.jkt`.
    #[error("the Authorization scheme is DPoP but the access token has no cnf.jkt")]
    TokenNotBoundToKey,
    /// RFC 9449 §4.3 (12b): the proof's key is not the token's key.
    #[error("the access token is bound to another key than the DPoP proof's")]
    KeyBinding,
    /// RFC 8705 §3: the token is bound to a certificate and the connection has none.
    #[error("the access token is bound to a client certificate and the connection has none")]
    CertificateMissing,
    /// R81: the token is bound to a certificate, and whether the peer is the trusted proxy that conveys it is not known.
    #[error(
        "the access token is bound to a client certificate, and the trusted proxy's header cannot count: the peer of the \
         connection is unknown to the adapter (axum: serve into_make_service_with_connect_info::<Connection>(); actix-web: \
         HttpServer::on_connect(on_connect))"
    )]
    PeerUnknown,
    /// RFC 8705 §3: the token is bound to another certificate.
    #[error("the access token is bound to another client certificate")]
    CertificateBinding,
    /// RFC 9440 §2: the certificate header of a trusted proxy cannot be read.
    #[error("the trusted proxy's client certificate header cannot be used: {0}")]
    CertificateHeader(CertificateHeaderError),
    /// SP 5.3.4-5: the scheme is that of a kind of binding that this server does not accept: it accepts this one only. What
    /// the token is, is not looked at.
    #[error("{}", told_to(*.0))]
    SchemeNotAccepted(SenderConstraint),

    // --- What the route asks for --------------------------------------------------------------------------
    /// RFC 6750 §3.1: the token lacks a scope that the route needs.
    #[error("the access token lacks the scope {0:?}")]
    InsufficientScope(Arc<str>),
    /// RFC 9470 §3: the user was not authenticated in the way or at the time that the route needs.
    #[error("the authentication of the user does not suffice; the route asks for {0}")]
    InsufficientUserAuthentication(Arc<StepUp>),
    /// RFC 9396 §9: none of the token's authorization details of this type satisfies the route.
    #[error("the access token holds no authorization_details of type {0:?} that suffice")]
    InsufficientAuthorizationDetails(Arc<str>),
    /// SP 5.3.4-5: the route accepts another kind of binding than the token's.
    #[error("the route accepts only tokens bound in another way: {0:?}")]
    BindingRequired(SenderConstraint),
    /// SP 5.3.4-4: the token does not meet the named requirement of the route.
    #[error("the access token does not meet the requirement {name:?}")]
    RequirementUnmet {
        /// The name, for the log; of a combination, its tree.
        name: Arc<str>,
        /// What the client is told, if anything: see [`Requirement::told`](crate::Requirement::told).
        told: Option<&'static str>,
    },

    // --- Could not be checked -----------------------------------------------------------------------------
    /// The issuer's keys were never loaded, or cannot be refreshed.
    #[error("the issuer's keys could not be loaded; the token could not be checked")]
    KeysUnavailable,
    /// RFC 7662 §2.3: the issuer could not be asked about the token, or refuses this server.
    #[error("the issuer could not be asked about the access token; the log of fapi_core::issuer says why")]
    IntrospectionUnavailable,
    /// RFC 7662 §2.2, RFC 9701 §5: the issuer's answer about the token is malformed, not for this server, or not signed as
    /// it must be.
    #[error(
        "the issuer's answer about the access token cannot be used; the log of fapi_core::issuer says why"
    )]
    IntrospectionInvalid,
    /// The source of revocations did not answer.
    #[error("the source of revocations is unavailable; the token could not be checked")]
    RevocationUnavailable,
    /// The replay store did not answer.
    #[error("the replay store is unavailable; the proof could not be checked")]
    ReplayStoreUnavailable,
    /// The replay store, or this client's share of it, is full.
    #[error("the replay store is full, or this client's share of it; raise its capacity")]
    ReplayStoreFull,
    /// The claims type asked for is not the one the server was built with.
    #[error(
        "a requirement or handler asks for the claims type {asked_for}, but the resource server was built with {built_with}: \
         name the first in ResourceServerBuilder::claims, or ask for the second"
    )]
    ClaimsType {
        /// The type that the requirement or handler asks for.
        asked_for: &'static str,
        /// The type of [`ResourceServerBuilder::claims`](crate::ResourceServerBuilder::claims), or of the profile.
        built_with: &'static str,
    },
}

impl Error {
    /// A stable, lower-case identifier of the failed rule, for metrics, alerts and log search.
    ///
    /// ```
    /// assert_eq!(fapi_core::Error::ProofReplayed.code(), "dpop_proof_replayed");
    /// ```
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CredentialsMissing => "credentials_missing",
            Self::CredentialsInQuery => "credentials_in_query",
            Self::CredentialsRepeated => "credentials_repeated",
            Self::CredentialsMalformed => "credentials_malformed",
            Self::CredentialsTooLarge => "credentials_too_large",
            Self::SchemeUnsupported => "scheme_unsupported",
            Self::InteractionIdMissing => "interaction_id_missing",
            Self::InteractionIdInvalid => "interaction_id_invalid",
            Self::ProofMissing => "dpop_proof_missing",
            Self::ProofRepeated => "dpop_proof_repeated",
            Self::ProofTooLarge => "dpop_proof_too_large",
            Self::ProofMalformed(_) => "dpop_proof_malformed",
            Self::ProofType => "dpop_proof_typ",
            Self::ProofAlgorithm => "dpop_proof_alg",
            Self::ProofKey(_) => "dpop_proof_jwk",
            Self::ProofClaimMissing(_) => "dpop_proof_claim_missing",
            Self::ProofClaimInvalid(_) => "dpop_proof_claim_invalid",
            Self::ProofMethod => "dpop_proof_htm",
            Self::ProofTarget(_) => "dpop_proof_htu",
            Self::Forwarded(_) => "forwarded",
            Self::ProofTooOld { .. } => "dpop_proof_too_old",
            Self::ProofFromFuture { .. } => "dpop_proof_from_future",
            Self::ProofExpired => "dpop_proof_expired",
            Self::ProofNotYetValid => "dpop_proof_not_yet_valid",
            Self::ProofAccessTokenHash => "dpop_proof_ath",
            Self::ProofSignature => "dpop_proof_signature",
            Self::ProofReplayed => "dpop_proof_replayed",
            Self::ProofBeforeStart => "dpop_proof_before_start",
            Self::NonceMissing => "dpop_nonce_missing",
            Self::NonceUnknown => "dpop_nonce_unknown",
            Self::NonceNeeded => "dpop_nonce_needed",
            Self::TokenMalformed(_) => "token_malformed",
            Self::TokenEncrypted => "token_encrypted",
            Self::TokenNotEncrypted => "token_not_encrypted",
            Self::TokenEncryption(_) => "token_encryption",
            Self::TokenDecryption => "token_decryption",
            Self::TokenType => "token_typ",
            Self::TokenAlgorithm => "token_alg",
            Self::TokenIssuer => "token_iss",
            Self::StatedIssuer => "stated_issuer",
            Self::IssuerRule(_) => "issuer_rule",
            Self::TokenKeyUnknown => "token_key_unknown",
            Self::TokenSignature => "token_signature",
            Self::TokenClaimMissing(_) => "token_claim_missing",
            Self::TokenClaimInvalid(_) => "token_claim_invalid",
            Self::TokenAudience => "token_aud",
            Self::TokenAudienceShared => "token_aud_shared",
            Self::TokenExpired { .. } => "token_expired",
            Self::TokenNotYetValid { .. } => "token_not_yet_valid",
            Self::TokenFromFuture { .. } => "token_from_future",
            Self::TokenLifetime { .. } => "token_lifetime",
            Self::TokenStatusMissing => "token_status_missing",
            Self::TokenStatusOrigin => "token_status_origin",
            Self::TokenStatusIndex => "token_status_index",
            Self::TokenRevoked => "token_revoked",
            Self::TokenInactive => "token_inactive",
            Self::TokenClaims(_) => "token_claims",
            Self::ConfirmationMalformed => "cnf_malformed",
            Self::TokenUnbound => "token_unbound",
            Self::TokenBoundToKey => "token_bound_sent_as_bearer",
            Self::TokenNotBoundToKey => "token_not_bound_to_key",
            Self::KeyBinding => "key_binding",
            Self::CertificateMissing => "certificate_missing",
            Self::PeerUnknown => "peer_unknown",
            Self::CertificateBinding => "certificate_binding",
            Self::CertificateHeader(_) => "certificate_header",
            Self::SchemeNotAccepted(_) => "scheme_not_accepted",
            Self::InsufficientScope(_) => "insufficient_scope",
            Self::InsufficientUserAuthentication(_) => "insufficient_user_authentication",
            Self::InsufficientAuthorizationDetails(_) => "insufficient_authorization_details",
            Self::BindingRequired(_) => "binding_required",
            Self::RequirementUnmet { .. } => "requirement_unmet",
            Self::KeysUnavailable => "keys_unavailable",
            Self::IntrospectionUnavailable => "introspection_unavailable",
            Self::IntrospectionInvalid => "introspection_invalid",
            Self::RevocationUnavailable => "revocation_unavailable",
            Self::ReplayStoreUnavailable => "replay_store_unavailable",
            Self::ReplayStoreFull => "replay_store_full",
            Self::ClaimsType { .. } => "claims_type",
        }
    }
}

/// What a log says of a scheme other than the accepted one.
const fn told_to(accepted: SenderConstraint) -> &'static str {
    match accepted {
        SenderConstraint::Mtls => {
            "the access token was sent under the scheme DPoP; this API takes certificate-bound tokens only, under Bearer"
        }
        SenderConstraint::Dpop | SenderConstraint::Either => {
            "the access token was sent under the scheme Bearer; this API takes DPoP-bound tokens only (is it a client \
             without DPoP, or a DPoP-bound token sent as Bearer?)"
        }
    }
}

/// The first part of the proof's `htu` that is not the request's (RFC 9449 §4.3 (9)).
///
/// Names the part, never its text: a path may hold personal data.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum TargetMismatch {
    /// Not an absolute http(s) URL, or one with user information.
    #[error("it is not an absolute http(s) URL")]
    Malformed,
    /// The scheme differs.
    #[error("the scheme differs (is public_url right?)")]
    Scheme,
    /// The host or the port differs.
    #[error("the host or port differs (is public_url right?)")]
    Authority,
    /// The path differs.
    #[error("the path differs")]
    Path,
}
