//! Why an issuer could not be asked, or its answer not be used, in words for the operator.
//!
//! Nothing of a token or of an answer is in it. Whoever sent the token learns only that it could not be checked.

use thiserror::Error as ThisError;

use crate::error::Error;
use crate::issuer::client_authentication::AuthenticationError;
use crate::issuer::http::HttpError;
use crate::issuer::signed_jwt::SignedJwtError;
use crate::jose::JoseError;

/// What went wrong.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
pub(super) enum IntrospectionError {
    #[error(
        "the issuer's metadata has no usable introspection_endpoint, or cannot be loaded; configure introspection.endpoint"
    )]
    EndpointUnknown,
    #[error(transparent)]
    Authentication(#[from] AuthenticationError),
    #[error("POST {url}: {reason}")]
    Http { url: String, reason: HttpError },
    // RFC 7662 §2.3, R124
    #[error(
        "POST {url}: status {status}: the issuer refuses this server; check its client_id, its key or secret, how it is registered to authenticate, and whether it may introspect"
    )]
    Refused { url: String, status: u16 },
    #[error("POST {url}: the answer has status {status}")]
    Status { url: String, status: u16 },
    #[error("no complete answer within {0} s")]
    TimedOut(u64),
    #[error("the tokio runtime has no timers: build it with enable_time")]
    NoTimer,
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the answer is neither application/json nor application/token-introspection+jwt")]
    MediaType,
    #[error(
        "the answer is not signed, though signed answers are required; register introspection_signed_response_alg at the issuer (RFC 9701 section 6)"
    )]
    NotSigned,
    #[error(
        "the answer is encrypted, which is not supported; register no introspection_encrypted_response_alg"
    )]
    Encrypted,
    #[error("the answer cannot be read: {0}")]
    Malformed(JoseError),
    #[error("the signed answer is not accepted: {0}")]
    SignedJwt(#[from] SignedJwtError),
    #[error(
        "the signed answer's {0} is missing, malformed, or not for this server and this moment (is the client_id its audience, and are the clocks right?)"
    )]
    Claim(&'static str),
    #[error("the answer has no boolean \"active\"")]
    Active,
}

impl IntrospectionError {
    /// What the request comes to: 503 in either case (R124, P13).
    pub(super) const fn outcome(&self) -> Error {
        match self {
            Self::EndpointUnknown
            | Self::Authentication(_)
            | Self::Http { .. }
            | Self::Refused { .. }
            | Self::Status { .. }
            | Self::TimedOut(_)
            | Self::NoTimer => Error::IntrospectionUnavailable,
            Self::TooLarge(_)
            | Self::MediaType
            | Self::NotSigned
            | Self::Encrypted
            | Self::Malformed(_)
            | Self::SignedJwt(_)
            | Self::Claim(_)
            | Self::Active => Error::IntrospectionInvalid,
        }
    }

    /// Whether the issuer is out of order, and not just for this token: a stranger's odd token that it answers with 400
    /// must not keep others from being asked about.
    pub(super) fn is_outage(&self) -> bool {
        match self {
            Self::Status { status, .. } => *status >= 500 || *status == 429,
            // R124: the issuer does not take this server's credentials. A 403 may be about the token's text alone.
            Self::Refused { status, .. } => *status == 401,
            error => matches!(error.outcome(), Error::IntrospectionUnavailable),
        }
    }
}
