//! From an [`Error`] to the answer on the wire: status, challenges, body (RFC 6750 §3, RFC 9449 §7-9, RFC 9728 §5.1).
//!
//! The only place that writes a challenge. Its texts are static and within the RFC 6750 character set; nothing of the
//! request is ever echoed (R33, pitfall P44). Every parameter is quoted, and `error` comes first (R35).

use std::fmt;
use std::sync::Arc;

use crate::authorization::Scheme;
use crate::confirmation::SenderConstraint;
use crate::error::Error;
use crate::interaction_id::{INTERACTION_ID, InteractionId};

/// The refusal of one request: what the adapter sends instead of calling the handler.
#[derive(Clone, Debug)]
pub struct Rejection {
    error: Error,
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Option<ResponseBody>,
}

/// A response body and its media type.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ResponseBody {
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The content.
    pub content: Vec<u8>,
}

/// What the body of a refusal holds.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum RejectionBody {
    /// Nothing; the challenge says it all.
    #[default]
    Empty,
    /// A problem document (RFC 9457) that says no more than the challenge.
    ProblemJson,
    /// Whatever this function makes of the refusal. It must not reveal more than the challenge does (R39).
    Custom(Arc<dyn Fn(&Rejection) -> ResponseBody + Send + Sync>),
}

impl fmt::Debug for RejectionBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "Empty",
            Self::ProblemJson => "ProblemJson",
            Self::Custom(_) => "Custom(..)",
        })
    }
}

impl Rejection {
    /// The HTTP status code: 400, 401, 403, 500 or 503.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The header fields, names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.headers.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The body, if there is one. Its `Content-Type` is not among [`Rejection::headers`].
    #[must_use]
    pub const fn body(&self) -> Option<&ResponseBody> {
        self.body.as_ref()
    }

    /// The rule that failed. For logs and metrics; the caller is not told.
    #[must_use]
    pub const fn error(&self) -> &Error {
        &self.error
    }

    /// The `x-fapi-interaction-id` of the answer, if it has one. It is among [`Rejection::headers`] too.
    #[must_use]
    pub fn interaction_id(&self) -> Option<&str> {
        self.headers().find(|(name, _)| *name == INTERACTION_ID).map(|(_, value)| value)
    }

    /// The `error` parameter of the challenge, such as `invalid_token`, if it has one.
    #[must_use]
    pub const fn error_code(&self) -> Option<&'static str> {
        Answer::to(&self.error).code
    }
}

/// What the server as a whole puts into its answers; built once.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) constraint: SenderConstraint,
    /// The proof algorithms, space-separated (R37): the same list that the verifier goes by (R142).
    pub(crate) algorithms: String,
    /// RFC 6750 §3: the scope that a client without a fitting token should ask for, where it is named.
    pub(crate) scope: Option<String>,
    /// Whether a refusal of a request with a proof always carries a nonce.
    pub(crate) nonce_in_every_answer: bool,
    /// Whether `Bearer` is challenged before `DPoP` where both are (RFC 9110 §11.6.1: in any order).
    pub(crate) bearer_first: bool,
    pub(crate) body: RejectionBody,
}

impl Answers {
    /// The answer to a request that failed with `error` after presenting credentials under `presented`. `nonce` is the
    /// nonce to hand out if the error asks for one, `metadata_url` where the metadata of the requested resource is.
    pub(crate) fn reject(
        &self,
        error: Error,
        presented: Option<Scheme>,
        metadata_url: &str,
        interaction_id: Option<&InteractionId>,
        nonce: impl FnOnce() -> String,
    ) -> Rejection {
        let answer = Answer::to(&error);
        let mut headers = Vec::with_capacity(4);
        // A route may accept less than the server.
        let accepted = if let Error::BindingRequired(only) = error { only } else { self.constraint };
        let schemes = challenged(accepted, answer.challenge, presented, self.bearer_first);
        for scheme in schemes {
            // R36: only the challenge of the presented scheme carries the error, or each where that cannot be.
            let blamed =
                presented.is_none_or(|presented| presented == scheme || !accepted.accepts(presented));
            let failed = blamed.then_some(&error);
            headers.push(("www-authenticate", self.challenge(scheme, &answer, failed, metadata_url)));
        }
        // RFC 9449 §8, R63: exactly one nonce, and only with this error, unless the profile wants it with every answer.
        let always = self.nonce_in_every_answer && presented == Some(Scheme::Dpop);
        if answer.code == Some("use_dpop_nonce") || always {
            headers.push(("dpop-nonce", nonce()));
        }
        // R39: a refusal belongs to this request alone.
        headers.push(("cache-control", "no-store".to_owned()));
        if let Some(id) = interaction_id {
            // R24: on refusals too, which are what it is asked for most.
            headers.push((INTERACTION_ID, id.as_str().to_owned()));
        }
        let mut rejection = Rejection { error, status: answer.status, headers, body: None };
        rejection.body = self.body.render(&rejection);
        rejection
    }

    fn challenge(
        &self,
        scheme: Scheme,
        answer: &Answer,
        failed: Option<&Error>,
        metadata_url: &str,
    ) -> String {
        let mut text = String::with_capacity(256);
        text.push_str(match scheme {
            Scheme::Dpop => "DPoP",
            Scheme::Bearer => "Bearer",
        });
        let mut separator = " ";
        let mut parameter = |name: &str, value: &str| {
            for part in [separator, name, "=\"", value, "\""] {
                text.push_str(part);
            }
            separator = ", ";
        };
        if let (Some(code), Some(_)) = (answer.code, failed) {
            parameter("error", code);
            parameter("error_description", answer.description);
        }
        let mut lacking = "";
        match failed {
            // RFC 6750 §3.1: the scope that is needed.
            Some(Error::InsufficientScope(scope)) => lacking = scope,
            // RFC 9470 §3, R35, R145
            Some(Error::InsufficientUserAuthentication(step_up)) => {
                if !step_up.acr_values().is_empty() {
                    parameter("acr_values", step_up.acr_values());
                }
                if let Some(age) = step_up.max_age() {
                    parameter("max_age", &age.as_secs().to_string());
                }
                lacking = step_up.scope();
            }
            _ => {}
        }
        let asked = self.scope.as_deref().filter(|_| answer.status == 401);
        if let Some(scope) = Some(lacking).filter(|scope| !scope.is_empty()).or(asked) {
            parameter("scope", scope);
        }
        if scheme == Scheme::Dpop {
            // RFC 9449 §7.1, R37
            parameter("algs", &self.algorithms);
        }
        // RFC 9728 §5.1, R144; it also gives Bearer its one parameter (RFC 6750 §3, R34).
        parameter("resource_metadata", metadata_url);
        text
    }
}

/// R36: a client that has chosen a scheme is answered under it. One that sent a Bearer token is also told of DPoP, since
/// its token may be bound to a key (RFC 9449 §7.2).
fn challenged(
    accepted: SenderConstraint,
    challenge: Challenge,
    presented: Option<Scheme>,
    bearer_first: bool,
) -> impl Iterator<Item = Scheme> {
    // RFC 9110 §15.5.2, R30: one that chose a scheme which is not accepted here is told which are.
    let presented = presented.filter(|presented| accepted.accepts(*presented));
    let schemes: &[Scheme] = match (challenge, presented) {
        (Challenge::No, _) => &[],
        (Challenge::Presented, Some(Scheme::Dpop)) => &[Scheme::Dpop],
        (Challenge::Presented, Some(Scheme::Bearer)) => &[Scheme::Bearer, Scheme::Dpop],
        _ if bearer_first => &[Scheme::Bearer, Scheme::Dpop],
        (Challenge::Presented, None) | (Challenge::All, _) => &[Scheme::Dpop, Scheme::Bearer],
    };
    // P41: no challenge for a scheme that is not accepted here.
    schemes.iter().copied().filter(move |scheme| accepted.accepts(*scheme))
}

/// RFC 6750 §3, R33: what `error_description` may hold.
pub(crate) fn is_quotable(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

impl RejectionBody {
    fn render(&self, rejection: &Rejection) -> Option<ResponseBody> {
        match self {
            Self::Empty => None,
            Self::ProblemJson => Some(problem(rejection)),
            Self::Custom(make) => Some(make(rejection)),
        }
    }
}

/// RFC 9457 with the members of the challenge (R39): all of it is static text.
fn problem(rejection: &Rejection) -> ResponseBody {
    let answer = Answer::to(&rejection.error);
    let mut document = serde_json::json!({
        "status": answer.status,
        "title": title(answer.status),
        "detail": answer.description,
    });
    if let (Some(code), Some(members)) = (answer.code, document.as_object_mut()) {
        members.insert("error".to_owned(), code.into());
    }
    ResponseBody { content_type: "application/problem+json", content: document.to_string().into_bytes() }
}

const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        500 => "Internal Server Error",
        _ => "Service Unavailable",
    }
}

/// Which schemes are challenged.
#[derive(Clone, Copy)]
enum Challenge {
    No,
    All,
    Presented,
}

/// The outside of an [`Error`].
#[derive(Clone, Copy)]
struct Answer {
    status: u16,
    code: Option<&'static str>,
    description: &'static str,
    challenge: Challenge,
}

impl Answer {
    /// RFC 6750 §3: no credentials, or none that count; challenged without an error (R31).
    const fn unauthenticated(description: &'static str) -> Self {
        Self { status: 401, code: None, description, challenge: Challenge::All }
    }

    /// RFC 6750 §3.1, R32
    const fn invalid_request(description: &'static str) -> Self {
        Self { status: 400, code: Some("invalid_request"), description, challenge: Challenge::All }
    }

    const fn invalid_token(description: &'static str) -> Self {
        Self { status: 401, code: Some("invalid_token"), description, challenge: Challenge::Presented }
    }

    /// RFC 9449 §7.1
    const fn invalid_proof(description: &'static str) -> Self {
        Self { status: 401, code: Some("invalid_dpop_proof"), description, challenge: Challenge::Presented }
    }

    /// RFC 9449 §8-9, R63
    const fn use_nonce(description: &'static str) -> Self {
        Self { status: 401, code: Some("use_dpop_nonce"), description, challenge: Challenge::Presented }
    }

    /// RFC 6750 §3.1
    const fn insufficient_scope(description: &'static str) -> Self {
        Self { status: 403, code: Some("insufficient_scope"), description, challenge: Challenge::Presented }
    }

    /// P13: could not be checked; never a challenge, so that the client keeps its token.
    const fn unavailable(description: &'static str) -> Self {
        Self { status: 503, code: None, description, challenge: Challenge::No }
    }

    const fn to(error: &Error) -> Self {
        match error {
            Error::CredentialsMissing => Self::unauthenticated("An access token is required"),
            Error::CredentialsInQuery => {
                Self::unauthenticated("The access token belongs in the Authorization header")
            }
            Error::SchemeUnsupported => Self::unauthenticated("The authentication scheme is not supported"),
            Error::CredentialsRepeated => {
                Self::invalid_request("Multiple methods used to include access token")
            }
            Error::CredentialsMalformed => Self::invalid_request("Malformed Authorization header"),
            Error::CredentialsTooLarge => Self::invalid_request("The access token is too large"),
            Error::InteractionIdMissing => Self::invalid_request("x-fapi-interaction-id is required"),
            Error::InteractionIdInvalid => Self::invalid_request("x-fapi-interaction-id must be one UUID"),

            Error::ProofMissing => Self::invalid_proof("A DPoP proof is required"),
            Error::ProofRepeated => Self::invalid_proof("More than one DPoP proof"),
            Error::ProofTooLarge => Self::invalid_proof("The DPoP proof is too large"),
            Error::ProofMalformed(_) => Self::invalid_proof("The DPoP proof is not a well-formed JWT"),
            Error::ProofType => Self::invalid_proof("Invalid DPoP proof typ"),
            Error::ProofAlgorithm => Self::invalid_proof("Invalid DPoP proof alg"),
            Error::ProofKey(_) => Self::invalid_proof("Invalid DPoP proof jwk"),
            Error::ProofClaimMissing(_) => Self::invalid_proof("A required DPoP proof claim is missing"),
            Error::ProofClaimInvalid(_) => Self::invalid_proof("A DPoP proof claim is invalid"),
            Error::ProofMethod => Self::invalid_proof("Invalid DPoP proof htm"),
            Error::ProofTarget(_) => Self::invalid_proof("Invalid DPoP proof htu"),
            Error::Forwarded(_) => Self::invalid_request("The URL of the request is not one of this API"),
            Error::ProofTooOld { .. } | Error::ProofFromFuture { .. } => {
                Self::invalid_proof("Invalid DPoP proof iat")
            }
            Error::ProofExpired => Self::invalid_proof("The DPoP proof has expired"),
            Error::ProofNotYetValid => Self::invalid_proof("The DPoP proof is not valid yet"),
            Error::ProofAccessTokenHash => Self::invalid_proof("Invalid DPoP proof ath"),
            Error::ProofSignature => Self::invalid_proof("Invalid DPoP proof signature"),
            // R66: never use_dpop_nonce, or a client would sign again and let the replay pass.
            Error::ProofReplayed => Self::invalid_proof("The DPoP proof was used before"),
            Error::ProofBeforeStart => Self::invalid_proof("The DPoP proof is too old; sign a new one"),

            Error::NonceMissing | Error::NonceNeeded => {
                Self::use_nonce("Resource server requires nonce in DPoP proof")
            }
            Error::NonceUnknown => Self::use_nonce("The nonce in the DPoP proof is not recent"),

            Error::TokenMalformed(_)
            | Error::TokenEncrypted
            | Error::TokenNotEncrypted
            | Error::TokenEncryption(_)
            | Error::TokenDecryption
            | Error::TokenType
            | Error::TokenAlgorithm
            | Error::TokenIssuer
            | Error::StatedIssuer
            | Error::IssuerRule(_)
            | Error::TokenKeyUnknown
            | Error::TokenSignature
            | Error::TokenClaimMissing(_)
            | Error::TokenClaimInvalid(_)
            | Error::TokenAudience
            | Error::TokenAudienceShared
            | Error::TokenNotYetValid { .. }
            | Error::TokenFromFuture { .. }
            | Error::TokenLifetime { .. }
            | Error::TokenStatusMissing
            | Error::TokenStatusOrigin
            | Error::TokenStatusIndex
            | Error::TokenRevoked
            | Error::TokenInactive
            | Error::TokenClaims(_)
            | Error::ConfirmationMalformed => Self::invalid_token("Invalid access token"),
            Error::TokenExpired { .. } => Self::invalid_token("The access token expired"),
            Error::TokenUnbound | Error::TokenNotBoundToKey => {
                Self::invalid_token("The access token is not sender-constrained as its use requires")
            }
            Error::TokenBoundToKey => Self::invalid_token("The access token must be used with DPoP"),
            // RFC 9449 figure 15, R54
            Error::KeyBinding => Self::invalid_token("Invalid DPoP key binding"),
            Error::CertificateMissing
            | Error::PeerUnknown
            | Error::CertificateBinding
            | Error::CertificateHeader(_) => Self::invalid_token("Invalid client certificate binding"),
            Error::SchemeNotAccepted(SenderConstraint::Mtls) => Self::invalid_token(
                "The access token was sent under the scheme DPoP; only certificate-bound tokens are accepted, under Bearer",
            ),
            Error::SchemeNotAccepted(_) => Self::invalid_token(
                "The access token was sent under the scheme Bearer; only DPoP-bound tokens are accepted",
            ),

            Error::InsufficientScope(_) => {
                Self::insufficient_scope("The request requires higher privileges than the access token has")
            }
            // RFC 9470 §3, R145
            Error::InsufficientUserAuthentication(_) => Self {
                status: 401,
                code: Some("insufficient_user_authentication"),
                description: "The request requires another authentication of the user",
                challenge: Challenge::Presented,
            },
            Error::InsufficientAuthorizationDetails(_) => Self::insufficient_scope(
                "The request requires authorization details that the access token does not have",
            ),
            Error::BindingRequired(_) => {
                Self::invalid_token("The request requires a token that is bound in another way")
            }
            Error::RequirementUnmet { told: Some(description), .. } => Self::insufficient_scope(description),
            Error::RequirementUnmet { told: None, .. } => {
                Self::insufficient_scope("The access token does not suffice for this request")
            }

            Error::KeysUnavailable
            | Error::IntrospectionUnavailable
            | Error::IntrospectionInvalid
            | Error::RevocationUnavailable
            | Error::ReplayStoreUnavailable
            | Error::ReplayStoreFull => Self::unavailable("The request could not be checked"),
            Error::ClaimsType { .. } => Self {
                status: 500,
                code: None,
                description: "Internal server error",
                challenge: Challenge::No,
            },
        }
    }
}
