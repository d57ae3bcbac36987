//! How cases are sorted: what they are about, how bad a failure is, and what a run must be able to do.

use std::fmt;

use serde::Serialize;

/// What a case is about.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Group {
    /// The `Authorization` header and the challenges (RFC 6750, RFC 9110).
    Credentials,
    /// The access token (RFC 9068, RFC 8725).
    Token,
    /// The form of the DPoP proof (RFC 9449 §4).
    Proof,
    /// `htm` and `htu` (RFC 9449 §4.3 (8), (9)).
    Target,
    /// The times of proof and token.
    Time,
    /// One proof, one request (RFC 9449 §11.1).
    Replay,
    /// Nonces of the resource server (RFC 9449 §9).
    Nonce,
    /// The binding of the token to the client's key (RFC 9449 §6, §7).
    Binding,
    /// Certificate-bound tokens (RFC 8705) and certificate headers (RFC 9440).
    Mtls,
    /// What the route asks for (RFC 6750 §3.1, RFC 9470, RFC 9396).
    Scope,
    /// Protected resource metadata (RFC 9728).
    Metadata,
    /// Keys of the issuer and of proofs (RFC 7517, RFC 8725).
    Keys,
    /// Opaque tokens and the issuer's answers about tokens (RFC 7662, RFC 9701).
    Introspection,
    /// Tokens that were withdrawn: introspection, status lists, security events.
    Revocation,
    /// Bounds on what the network may send.
    Limits,
}

impl Group {
    /// Every group, in the order in which they run.
    pub const ALL: [Self; 15] = [
        Self::Credentials,
        Self::Token,
        Self::Proof,
        Self::Target,
        Self::Time,
        Self::Replay,
        Self::Nonce,
        Self::Binding,
        Self::Mtls,
        Self::Scope,
        Self::Metadata,
        Self::Keys,
        Self::Introspection,
        Self::Revocation,
        Self::Limits,
    ];

    /// The name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Token => "token",
            Self::Proof => "proof",
            Self::Target => "target",
            Self::Time => "time",
            Self::Replay => "replay",
            Self::Nonce => "nonce",
            Self::Binding => "binding",
            Self::Mtls => "mtls",
            Self::Scope => "scope",
            Self::Metadata => "metadata",
            Self::Keys => "keys",
            Self::Introspection => "introspection",
            Self::Revocation => "revocation",
            Self::Limits => "limits",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// How bad it is when a case fails. Lower is less.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// An answer in another form than the specifications say.
    Low,
    /// A defence in depth is missing, or a client meets avoidable trouble.
    Medium,
    /// A protection is weakened, or valid requests are refused.
    High,
    /// A stolen or forged credential opens the API.
    Critical,
}

impl Severity {
    /// Every severity, the worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// The name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// What a run must be able to do before a case can be tried.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Need {
    /// An issuer of the run's own, to mint any token.
    Issuer,
    /// Tokens for further keys: from an issuer of the run's own or from a command.
    MoreTokens,
    /// A route of the API that asks for a scope.
    ScopeRoute,
    /// A route of the API that asks for an authentication of the user.
    StepUpRoute,
    /// Such a route that asks for one that is recent.
    MaxAge,
    /// A route of the API that asks for an authorization detail.
    DetailsRoute,
    /// An API that accepts DPoP-bound tokens, with a proof.
    Proofs,
    /// An API that accepts certificate-bound tokens.
    CertificateTokens,
    /// A client certificate on the connection.
    Certificate,
    /// An API that hands out nonces.
    Nonces,
    /// An API that is said to require a nonce in every proof.
    NoncesRequired,
    /// An API that serves protected resource metadata.
    Metadata,
    /// An issuer that the API fetches keys from over the network.
    ServedIssuer,
    /// A route whose neighbours may be asked for: its own method is a safe one, or somebody has said so.
    OtherPaths,
    /// A route that may be sent requests of every method: somebody has said so.
    OtherMethods,
    /// So much time left that the API must have looked for new keys of the issuer by the end.
    Rotation,
    /// An API that has been running for longer than the proofs that it must accept are old: the run waits for it.
    Uptime,
    /// An API that is said to accept opaque tokens, about which it asks the issuer of the run.
    OpaqueTokens,
    /// An API that is said to accept signed answers about them only.
    SignedIntrospection,
    /// An API that is said to ask the issuer of the run about JWTs, too.
    IntrospectedJwts,
    /// An API that is said to look into the status lists of the issuer of the run.
    StatusLists,
    /// A path of the API that is said to receive security events of the issuer of the run.
    SecurityEvents,
    /// So much time left that the API must have learned of a revocation by the end.
    RevocationTime,
    /// A network connection, on which header names have a case and an HTTP server adds its part.
    Network,
}

impl Need {
    /// Why a case is skipped where this is missing.
    #[must_use]
    pub const fn missing(self) -> &'static str {
        match self {
            Self::Issuer => "needs tokens of its own making: give the run an issuer that the API trusts",
            Self::MoreTokens => "needs tokens for further keys: give the run an issuer or a token command",
            Self::ScopeRoute => "needs a route that asks for a scope",
            Self::StepUpRoute => "needs a route that asks for an authentication of the user",
            Self::MaxAge => "needs a route that asks for a recent authentication of the user",
            Self::DetailsRoute => "needs a route that asks for an authorization detail",
            Self::Proofs => "the API accepts certificate-bound tokens only, and so no proofs",
            Self::CertificateTokens => "the API accepts DPoP-bound tokens only",
            Self::Certificate => "needs a client certificate on the connection",
            Self::Nonces => "the API has not handed out a DPoP-Nonce",
            Self::NoncesRequired => "nobody has said that every proof needs a nonce",
            Self::Metadata => "the API serves no protected resource metadata",
            Self::ServedIssuer => "needs an issuer that the API fetches keys from",
            Self::OtherPaths | Self::OtherMethods => {
                "nobody has said that requests of other methods and to other paths do no harm"
            }
            Self::Rotation => {
                "needs an issuer that the API fetches keys from, and half a minute in which it looks for new ones; a run of chosen cases (only) waits for it"
            }
            Self::OpaqueTokens => {
                "nobody has said that the API asks an issuer of the run's own about opaque tokens"
            }
            Self::SignedIntrospection => {
                "nobody has said that the API accepts signed introspection answers only"
            }
            Self::IntrospectedJwts => {
                "nobody has said that the API asks an issuer of the run's own about JWTs"
            }
            Self::StatusLists => {
                "nobody has said that the API reads the status lists of an issuer of the run's own"
            }
            Self::SecurityEvents => {
                "nobody has said where the API receives security events of the run's own issuer"
            }
            Self::RevocationTime => "no time is left in which the API must learn of a revocation",
            Self::Uptime => "the API has just started",
            Self::Network => "needs a network connection",
        }
    }
}
