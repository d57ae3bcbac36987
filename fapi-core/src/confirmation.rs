//! To which key a token is bound, and whether the caller has shown that key (RFC 7800 §3, RFC 9449 §6-7, RFC 8705 §3).
//!
//! The only place that knows the downgrade rules: a bound token never passes as a bearer token, an unbound token never
//! passes at all, and where a token names two keys both are owed (R89). The proof's signature is checked elsewhere.

use crate::authorization::Scheme;
use crate::error::Error;
use crate::jose::JwkThumbprint;
use crate::jose::json::{Object, Value};
use crate::mtls::CertificateThumbprint;

/// The keys that a token is bound to: at least one of the two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Confirmation {
    jkt: Option<JwkThumbprint>,
    certificate: Option<CertificateThumbprint>,
}

/// Which kinds of binding a resource server accepts (SP 5.3.4-5: mutual TLS, DPoP, or both).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "config", derive(serde::Deserialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum SenderConstraint {
    /// DPoP-bound tokens under the scheme `DPoP`, and certificate-bound tokens under the scheme `Bearer`.
    #[default]
    Either,
    /// Only DPoP-bound tokens.
    Dpop,
    /// Only certificate-bound tokens.
    Mtls,
}

impl SenderConstraint {
    pub(crate) const fn accepts(self, scheme: Scheme) -> bool {
        match self {
            Self::Either => true,
            Self::Dpop => matches!(scheme, Scheme::Dpop),
            Self::Mtls => matches!(scheme, Scheme::Bearer),
        }
    }
}

/// How the caller of one request has shown that the token is theirs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Binding {
    /// By a DPoP proof (RFC 9449).
    Dpop,
    /// By the client certificate of the connection (RFC 8705).
    Mtls,
}

impl Binding {
    /// The scheme under which the token was presented.
    pub(crate) const fn scheme(self) -> Scheme {
        match self {
            Self::Dpop => Scheme::Dpop,
            Self::Mtls => Scheme::Bearer,
        }
    }

    /// `dpop` or `mtls`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dpop => "dpop",
            Self::Mtls => "mtls",
        }
    }
}

/// What the caller of one request has shown.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) scheme: Scheme,
    pub(crate) proof_key: Option<&'a JwkThumbprint>,
    pub(crate) certificate: Option<CertificateThumbprint>,
}

impl Confirmation {
    /// RFC 9449 §6.1: the thumbprint of the key whose proof is owed, if the token is DPoP-bound.
    #[must_use]
    pub const fn jkt(&self) -> Option<&JwkThumbprint> {
        self.jkt.as_ref()
    }

    /// RFC 8705 §3.1: the thumbprint of the certificate that is owed, if the token is certificate-bound.
    #[must_use]
    pub const fn certificate(&self) -> Option<&CertificateThumbprint> {
        self.certificate.as_ref()
    }

    /// Reads the `cnf` claim. Members other than these two are ignored (RFC 7800 §3.1, pitfall P21).
    pub(crate) fn parse(cnf: Option<&Value<'_>>) -> Result<Self, Error> {
        // SP 5.3.4-5, R6: a token without a confirmation is bound to nobody.
        let cnf = cnf.ok_or(Error::TokenUnbound)?.as_object().ok_or(Error::ConfirmationMalformed)?;
        let confirmation = Self { jkt: thumbprint(cnf, "jkt")?, certificate: thumbprint(cnf, "x5t#S256")? };
        if confirmation.jkt.is_none() && confirmation.certificate.is_none() {
            return Err(Error::TokenUnbound);
        }
        Ok(confirmation)
    }

    /// Holds what the caller has shown against every key that the token names.
    pub(crate) fn check(&self, shown: Shown<'_>) -> Result<Binding, Error> {
        let binding = self.check_scheme(shown)?;
        // R89: both members present means that both must hold.
        if let Some(owed) = &self.certificate {
            // R72: no certificate is a mismatch. R75: a renewed certificate is another one.
            if !shown.certificate.ok_or(Error::CertificateMissing)?.matches(owed) {
                return Err(Error::CertificateBinding);
            }
        }
        Ok(binding)
    }

    fn check_scheme(&self, shown: Shown<'_>) -> Result<Binding, Error> {
        match (shown.scheme, &self.jkt) {
            // RFC 9449 §7.2, R58, P15: never a downgrade to Bearer, whatever else is in cnf.
            (Scheme::Bearer, Some(_)) => Err(Error::TokenBoundToKey),
            (Scheme::Bearer, None) => Ok(Binding::Mtls),
            // RFC 9449 §6: the scheme promises a key that the token does not name.
            (Scheme::Dpop, None) => Err(Error::TokenNotBoundToKey),
            // RFC 9449 §4.3 (12b), R54, P16
            (Scheme::Dpop, Some(owed)) => match shown.proof_key {
                Some(key) if key.matches(owed) => Ok(Binding::Dpop),
                _ => Err(Error::KeyBinding),
            },
        }
    }
}

fn thumbprint<T: std::str::FromStr>(cnf: &Object<'_>, name: &str) -> Result<Option<T>, Error> {
    let Some(value) = cnf.get(name) else { return Ok(None) };
    // R89: a member that is there but not a SHA-256 thumbprint is never ignored.
    value.as_str().and_then(|text| text.parse().ok()).map(Some).ok_or(Error::ConfirmationMalformed)
}
