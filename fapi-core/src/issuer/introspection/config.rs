//! How an issuer is asked about tokens: what the configuration says, and what it may not say.

use std::time::Duration;

use super::lane::DEFAULT_BUDGET;
use crate::issuer::IssuerError;
use crate::issuer::client_authentication::ClientAuthentication;
use crate::issuer::url::Url;

/// How long "active" counts by default (RFC 7662 §4): a revoked token is accepted for that long at most, and a busy client
/// costs its issuer two calls a minute.
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(30);
/// The longest that may be configured: beyond, the answer is hardly news of a revocation (SP 5.3.4-3).
const MAX_AGE_CAP: Duration = Duration::from_secs(10 * 60);
/// How long "inactive" counts by default: a client that tries again and again costs one call, and a token that was just
/// issued, of which not all nodes of the issuer know yet, is accepted some seconds later.
const DEFAULT_NEGATIVE_AGE: Duration = Duration::from_secs(5);
/// The longest that may be configured.
const NEGATIVE_AGE_CAP: Duration = Duration::from_secs(60);

/// How an issuer is asked about tokens (RFC 7662), for [`Issuer::with_introspection`](crate::Issuer::with_introspection).
///
/// Opaque tokens, which are not JWTs, are then accepted if this issuer says that they are active; JWTs are asked about as
/// well with [`Revocation::introspection`](crate::Revocation::introspection). Of an encrypted token the issuer is sent what
/// it has signed, the JWT inside. What it says of a JWT beside that it is active must be what the JWT says: 503 otherwise.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use fapi_core::crypto::AwsLcSigningKey;
/// use fapi_core::{ClientAuthentication, Introspection, Issuer, ResourceServer, Revocation};
///
/// # fn server() -> Result<ResourceServer, Box<dyn std::error::Error>> {
/// let key = AwsLcSigningKey::from_pem(&std::fs::read_to_string("/etc/api/client.pem")?)?;
/// let authentication = ClientAuthentication::private_key_jwt("records-api", Arc::new(key.with_key_id("api-1")));
/// let introspection = Introspection::new(authentication)
///     .require_signed_response()
///     .with_max_age(Duration::from_secs(10));
/// let server = ResourceServer::builder()
///     .public_url("https://api.example.com")
///     .issuer(Issuer::new("https://as.example.com").with_introspection(introspection))
///     .audience("https://api.example.com")
///     .revocation(Revocation::introspection())
///     .build()?;
/// # Ok(server)
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Introspection {
    pub(super) authentication: ClientAuthentication,
    pub(super) endpoint: Option<String>,
    pub(super) signed_only: bool,
    answer_audience: Option<String>,
    pub(super) audience_optional: bool,
    pub(super) opaque_tokens: bool,
    pub(super) max_age: Duration,
    pub(super) negative_age: Duration,
    pub(super) budget: u32,
}

impl Introspection {
    /// Asks at the `introspection_endpoint` of the issuer's metadata, authenticated like this.
    #[must_use]
    pub fn new(authentication: ClientAuthentication) -> Self {
        Self {
            authentication,
            endpoint: None,
            signed_only: false,
            answer_audience: None,
            audience_optional: false,
            opaque_tokens: true,
            max_age: DEFAULT_MAX_AGE,
            negative_age: DEFAULT_NEGATIVE_AGE,
            budget: DEFAULT_BUDGET,
        }
    }

    /// Asks at this https URL instead. With mutual TLS, the one where the issuer asks for the certificate.
    #[must_use]
    pub fn with_endpoint(self, url: impl Into<String>) -> Self {
        Self { endpoint: Some(url.into()), ..self }
    }

    /// Asks for signed answers (RFC 9701) and accepts no other (FAPI 2.0 Message Signing 5.5.2). Without this, plain JSON is
    /// asked for; an answer that is signed nevertheless is verified in the same way.
    #[must_use]
    pub fn require_signed_response(self) -> Self {
        Self { signed_only: true, ..self }
    }

    /// What the issuer calls this server in the `aud` of signed answers; its `client_id` by default.
    #[must_use]
    pub fn with_answer_audience(self, audience: impl Into<String>) -> Self {
        Self { answer_audience: Some(audience.into()), ..self }
    }

    /// Accepts opaque tokens whose answer has no `aud`: only for an issuer that says "inactive" to this server about tokens
    /// for other APIs (R126). An `aud` that is there must still name this API.
    #[must_use]
    pub fn without_audience(self) -> Self {
        Self { audience_optional: true, ..self }
    }

    /// Does not accept opaque tokens: the issuer is asked only about its JWTs, for
    /// [`Revocation::introspection`](crate::Revocation::introspection). Only one issuer of a server can have opaque tokens,
    /// since these do not say whose they are.
    #[must_use]
    pub fn for_jwts_only(self) -> Self {
        Self { opaque_tokens: false, ..self }
    }

    /// How long "active" counts, and so how long a revocation may go unnoticed; 30 s by default, 10 min at most, never
    /// beyond the token's `exp`. Zero asks anew for every request.
    #[must_use]
    pub fn with_max_age(self, age: Duration) -> Self {
        Self { max_age: age, ..self }
    }

    /// How long "inactive" counts; 5 s by default, 60 s at most.
    #[must_use]
    pub fn with_negative_age(self, age: Duration) -> Self {
        Self { negative_age: age, ..self }
    }

    /// How many tokens that were not known as active before the issuer is asked about in ten seconds; 1,000 by default.
    /// Those beyond are answered with 503. Made-up tokens count, so this bounds what strangers can cost the issuer.
    #[must_use]
    pub fn with_budget(self, calls: u32) -> Self {
        Self { budget: calls, ..self }
    }

    #[cfg(feature = "reqwest")]
    pub(crate) fn is_mutual_tls(&self) -> bool {
        self.authentication.is_mutual_tls()
    }

    pub(super) fn answer_audience(&self) -> &str {
        self.answer_audience.as_deref().unwrap_or_else(|| self.authentication.client_id())
    }

    /// Whether this can be used with an issuer that has metadata or not.
    pub(super) fn check(
        &self,
        issuer: impl Fn() -> String,
        has_metadata: bool,
        insecure_loopback: bool,
    ) -> Result<(), IssuerError> {
        match &self.endpoint {
            None if !has_metadata => return Err(IssuerError::IntrospectionEndpointMissing(issuer())),
            // R121: the token and the credentials travel over https only.
            Some(url) if Url::parse(url, insecure_loopback).is_none() => {
                return Err(IssuerError::IntrospectionEndpoint(url.clone()));
            }
            _ => {}
        }
        if self.authentication.client_id().is_empty() {
            return Err(IssuerError::ClientIdEmpty(issuer()));
        }
        for (name, value, most) in
            [("max_age", self.max_age, MAX_AGE_CAP), ("negative_age", self.negative_age, NEGATIVE_AGE_CAP)]
        {
            if value > most {
                return Err(IssuerError::IntrospectionAge { name, most_seconds: most.as_secs() });
            }
        }
        Ok(())
    }
}
