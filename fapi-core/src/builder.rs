//! From configuration to a [`ResourceServer`]: what is missing or contradictory is an error here, not at the first
//! request.
//!
//! Every default is a named constant here or in `profile/`, with its unit and its reason. Whom a server trusts
//! is decided in `trust.rs`.

use std::any::Any;
use std::sync::Arc;

use serde::Deserialize;

use crate::clock::{Clock, SystemClock};
use crate::config_error::ConfigError;
use crate::confirmation::SenderConstraint;
use crate::cors::Cors;
use crate::crypto::{CryptoProvider, DecryptionKey};
use crate::deviations::{Settings, deviations};
use crate::dpop::nonce::{DEFAULT_NONCE_PERIOD, NonceIssuer};
use crate::dpop::proof::{KEY_CACHE_CAPACITY, ProofKeyCache};
use crate::dpop::target::PublicUrl;
use crate::dpop::{NoncePolicy, NonceSecret};
use crate::interaction_id::InteractionIdPolicy;
use crate::issuer::{HttpClient, Issuer, is_secure_or_loopback};
use crate::metadata::{Document, MetadataDocuments, ProtectedResourceMetadata, ResourceDescription};
use crate::profile::Profile;
use crate::proxy::{ProxyTrust, TrustedProxy, TrustedProxyError};
use crate::rejection::{Answers, RejectionBody};
use crate::replay::{MemoryReplayStore, ReplayStore, Replays};
use crate::resource_server::{Inner, ResourceServer};
use crate::revocation::{Revocation, RevocationSurroundings, Revocations};
use crate::token::ClaimsType;
use crate::token::cache::{CAPACITY, TokenCache};
use crate::token::encrypted::TokenDecryption;
use crate::token::scope::is_scope_token;
use crate::token_verifier::TokenVerifier;
use crate::trust::{Trust, check_audiences, check_introspection, issuers_or_default};

/// Builds a [`ResourceServer`]; see [`ResourceServer::builder`].
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct ResourceServerBuilder {
    profile: Profile,
    public_url: Option<String>,
    trusted_proxies: Vec<TrustedProxy>,
    issuers: Vec<Issuer>,
    decryption_keys: Option<Vec<Arc<dyn DecryptionKey>>>,
    audiences: Vec<String>,
    revocations: Vec<Revocation>,
    constraint: Option<SenderConstraint>,
    nonce_policy: Option<NoncePolicy>,
    nonce_secrets: Vec<NonceSecret>,
    interaction_id: Option<InteractionIdPolicy>,
    claims_type: Option<ClaimsType>,
    rejection_body: RejectionBody,
    scopes_supported: Vec<String>,
    resource_path: String,
    description: ResourceDescription,
    cors: Cors,
    allow_insecure_loopback: bool,
    crypto: Option<Arc<dyn CryptoProvider>>,
    http: Option<Arc<dyn HttpClient>>,
    replay_store: Option<Replays>,
    clock: Arc<dyn Clock>,
}

impl Default for ResourceServerBuilder {
    fn default() -> Self {
        Self {
            profile: Profile::fapi2(),
            public_url: None,
            trusted_proxies: Vec::new(),
            issuers: Vec::new(),
            decryption_keys: None,
            audiences: Vec::new(),
            revocations: Vec::new(),
            constraint: None,
            nonce_policy: None,
            nonce_secrets: Vec::new(),
            interaction_id: None,
            claims_type: None,
            rejection_body: RejectionBody::default(),
            scopes_supported: Vec::new(),
            resource_path: String::new(),
            description: ResourceDescription::default(),
            cors: Cors::default(),
            allow_insecure_loopback: false,
            crypto: None,
            http: None,
            replay_store: None,
            clock: Arc::new(SystemClock),
        }
    }
}

impl ResourceServerBuilder {
    /// The acceptance rules; [`Profile::fapi2`] by default. Its defaults for the issuer, the binding, the nonces and the claims type hold
    /// where no other setter says otherwise, before or after this one.
    pub fn profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// The URL under which clients reach this API: scheme, host, port, and the path prefix that a gateway strips, if
    /// any. Required. `htu` is compared with it, never with the `Host` header (R50, pitfall P26).
    ///
    /// `http` is accepted for loopback hosts only.
    pub fn public_url(self, url: impl Into<String>) -> Self {
        Self { public_url: Some(url.into()), ..self }
    }

    /// The proxies in front of this API that are believed about their client's certificate or about the URL that it
    /// requested; nobody by default. From everybody else these headers are ignored, and removed before the handler.
    pub fn trusted_proxy(mut self, proxy: TrustedProxy) -> Self {
        self.trusted_proxies.push(proxy);
        self
    }

    /// An authorization server whose tokens are accepted; may be repeated. Required, unless the profile names one: then
    /// that one is trusted, but only if no other is named here.
    pub fn issuer(mut self, issuer: Issuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// Accepts encrypted access tokens (JWE, with the signed token inside), and no others: where encryption was agreed, a
    /// plain token is refused (RFC 9068 §4). The keys are this server's own; several of them while one is replaced by
    /// another. `JosekitDecryptionKey` (feature `josekit`) is one.
    ///
    /// With RSA each new token costs a private-key operation, half a millisecond or more, before anything of it is
    /// known to be right; with ECDH-ES much less.
    pub fn token_decryption(self, keys: impl IntoIterator<Item = Arc<dyn DecryptionKey>>) -> Self {
        Self { decryption_keys: Some(keys.into_iter().collect()), ..self }
    }

    /// This API's identifier in the `aud` of access tokens. May be repeated, and then each is
    /// accepted. Required, unless every issuer has its own ([`Issuer::with_audience`]), or the profile's tokens need not have
    /// an `aud`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Where revoked tokens are learnt of, or how long a token may live (SP 5.3.4-3). Required; may be repeated, and then
    /// all must hold.
    pub fn revocation(mut self, revocation: Revocation) -> Self {
        self.revocations.push(revocation);
        self
    }

    /// Which kinds of binding are accepted; those of the profile by default, which for [`Profile::fapi2`] are both.
    pub fn sender_constraint(self, constraint: SenderConstraint) -> Self {
        Self { constraint: Some(constraint), ..self }
    }

    /// When a proof must carry a nonce; as the profile says by default, which for [`Profile::fapi2`] is
    /// [`NoncePolicy::WhenNeeded`].
    pub fn nonce(self, policy: NoncePolicy) -> Self {
        Self { nonce_policy: Some(policy), ..self }
    }

    /// The secrets under which nonces are made and checked, for several nodes: the first one makes them, all of them
    /// check. By default one is made at start, for one process; required with a [`Self::replay_store`] of your own.
    pub fn nonce_secrets(self, secrets: impl IntoIterator<Item = NonceSecret>) -> Self {
        Self { nonce_secrets: secrets.into_iter().collect(), ..self }
    }

    /// What is done with `x-fapi-interaction-id`; as the profile says by default, which for [`Profile::fapi2`] is
    /// [`InteractionIdPolicy::Off`].
    pub fn interaction_id(self, policy: InteractionIdPolicy) -> Self {
        Self { interaction_id: Some(policy), ..self }
    }

    /// The type into which the token's payload is deserialised, once per token, for handlers and requirements. Unknown
    /// claims are up to the type; a token that does not fit is refused. By default [`HelseIdClaims`] under
    /// [`Profile::helseid`], and else [`NoClaims`].
    ///
    /// [`HelseIdClaims`]: crate::helseid::HelseIdClaims
    /// [`NoClaims`]: crate::NoClaims
    pub fn claims<C>(self) -> Self
    where
        C: for<'de> Deserialize<'de> + Any + Send + Sync,
    {
        Self { claims_type: Some(ClaimsType::of::<C>()), ..self }
    }

    /// What the body of a refusal holds; nothing by default.
    pub fn rejection_body(self, body: RejectionBody) -> Self {
        Self { rejection_body: body, ..self }
    }

    /// `scopes_supported` of the metadata document (RFC 9728 §2).
    pub fn scopes_supported<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        Self { scopes_supported: scopes.into_iter().map(Into::into).collect(), ..self }
    }

    /// Where below the public URL the protected resource begins, such as `/mcp`, if that is not the public URL itself. The
    /// public URL with this path is the API's resource identifier (RFC 9728 §1.2): the `resource` of the metadata
    /// document, whose own URL follows from it, and what clients ask for as the `aud` of their tokens (RFC 8707): give it
    /// to [`Self::audience`], too.
    pub fn resource_path(self, path: impl Into<String>) -> Self {
        Self { resource_path: path.into(), ..self }
    }

    /// The human-readable parts of the metadata document.
    pub fn description(self, description: ResourceDescription) -> Self {
        Self { description, ..self }
    }

    /// What browsers of other origins get (R38); [`Cors::AnswerPreflight`] by default. Which origins may call is still up
    /// to the application.
    pub fn cors(self, cors: Cors) -> Self {
        Self { cors, ..self }
    }

    /// Lets issuer URLs be `http` and on loopback addresses: for development and tests only. Any other host still needs
    /// https. Only for the default HTTP client; one passed with [`Self::http_client`] decides for itself.
    pub fn allow_insecure_loopback(self, allow: bool) -> Self {
        Self { allow_insecure_loopback: allow, ..self }
    }

    /// The provider of signatures, hashes and random bytes; `AwsLcProvider` by default.
    pub fn crypto_provider(self, crypto: Arc<dyn CryptoProvider>) -> Self {
        Self { crypto: Some(crypto), ..self }
    }

    /// The client that fetches metadata and keys; `ReqwestClient` by default.
    pub fn http_client(self, http: Arc<dyn HttpClient>) -> Self {
        Self { http: Some(http), ..self }
    }

    /// The in-memory replay store, if not with its default capacity. It is good for one process only: with several,
    /// a proof could be used once in each (pitfall P12). Its memory begins when the server is built, if it was told an
    /// earlier time.
    pub fn memory_replay_store(self, store: MemoryReplayStore) -> Self {
        Self { replay_store: Some(Replays::Memory(store)), ..self }
    }

    /// A replay store of your own, such as one that several nodes share. Needs [`Self::nonce_secrets`], unless nonces
    /// are off.
    pub fn replay_store(self, store: Arc<dyn ReplayStore>) -> Self {
        Self { replay_store: Some(Replays::Shared(store)), ..self }
    }

    /// Where the time comes from; the system's clock by default.
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Builds the server. Fetches nothing yet: see [`ResourceServer::load_keys`].
    ///
    /// # Errors
    /// [`ConfigError`] says what is missing or wrong.
    pub fn build(self) -> Result<ResourceServer, ConfigError> {
        self.profile.check()?;
        check_audiences(&self.audiences, &self.issuers, &self.profile)?;
        if let Some(wrong) = self.scopes_supported.iter().find(|scope| !is_scope_token(scope)) {
            return Err(ConfigError::Scope(wrong.clone()));
        }
        if self.decryption_keys.as_ref().is_some_and(Vec::is_empty) {
            return Err(ConfigError::DecryptionKeyMissing);
        }
        // SP 5.3.4-3, R4: an explicit choice.
        if self.revocations.is_empty() {
            return Err(ConfigError::RevocationMissing);
        }
        let constraint = self.constraint.unwrap_or(self.profile.sender_constraint());
        let nonce_policy = self.nonce_policy.unwrap_or(self.profile.nonce_policy());
        let interaction_id = self.interaction_id.unwrap_or(self.profile.interaction_id());
        let claims_type = self.claims_type.unwrap_or_else(|| self.profile.claims_type());
        let issuers = issuers_or_default(self.issuers, &self.profile)?;
        let public_url = parse_public_url(self.public_url)?;
        let proxy = trust_proxy(self.trusted_proxies, &public_url)?;
        let crypto = self.crypto.or_else(default_crypto).ok_or(ConfigError::CryptoProviderMissing)?;
        let http = match self.http {
            None if issuers.iter().any(Issuer::is_remote)
                || self.revocations.iter().any(Revocation::is_remote) =>
            {
                default_http(&issuers, self.allow_insecure_loopback)?
            }
            http => http,
        };
        let mut document =
            Document::new(public_url.as_str(), constraint, algorithm_names(&self.profile), &self.description);
        document.authorization_servers = issuers.iter().map(Issuer::identifier).collect();
        document.scopes_supported = self.scopes_supported.iter().map(String::as_str).collect();
        let further_urls = proxy.as_ref().map_or(&[][..], ProxyTrust::further_urls);
        let metadata = write_metadata(document, &public_url, further_urls, &self.resource_path)?;
        let deviations = deviations(&Settings {
            profile: &self.profile,
            public_url: &public_url,
            issuers: &issuers,
            revocations: &self.revocations,
            allow_insecure_loopback: self.allow_insecure_loopback,
        });
        let trust = Trust {
            audiences: self.audiences,
            profile: &self.profile,
            crypto: &crypto,
            http: http.as_ref(),
            clock: &self.clock,
        };
        let issuers = trust.issuers(issuers)?;
        let asks_about_jwts = self.revocations.iter().any(Revocation::is_introspection);
        check_introspection(&issuers, asks_about_jwts)?;
        let surroundings = RevocationSurroundings {
            issuers: &issuers,
            max_future: self.profile.max_future(),
            http: http.as_ref(),
            clock: &self.clock,
        };
        let (revocations, max_lifetime) =
            Revocations::new(self.revocations, &surroundings, |events| trust.receiver(events))?;
        let now = self.clock.now();
        let replays = match self.replay_store {
            Some(Replays::Memory(store)) => Replays::Memory(store.begin_at_least(now)),
            Some(shared) => shared,
            None => Replays::Memory(MemoryReplayStore::new(&*crypto, now)?),
        };
        check_nonce_secrets(&replays, nonce_policy, &self.nonce_secrets)?;
        let secrets = if self.nonce_secrets.is_empty() {
            vec![NonceSecret::generate(&*crypto)?]
        } else {
            self.nonce_secrets
        };
        let answers = Answers {
            constraint,
            algorithms: algorithm_names(&self.profile).join(" "),
            scope: challenged_scope(&self.profile, &self.scopes_supported),
            nonce_in_every_answer: self.profile.nonce_in_every_answer(),
            bearer_first: self.profile.challenges_bearer_first(),
            body: self.rejection_body,
        };
        Ok(ResourceServer::from_inner(Inner {
            profile: self.profile,
            public_url,
            proxy,
            tokens: TokenVerifier {
                issuers,
                asks_about_jwts,
                decryption: self.decryption_keys.map(TokenDecryption::new),
                max_lifetime,
                claims_type,
                cache: TokenCache::new(CAPACITY),
            },
            revocations,
            constraint,
            nonce_policy,
            interaction_id,
            nonces: NonceIssuer::new(Arc::clone(&crypto), secrets, DEFAULT_NONCE_PERIOD)
                .map_err(ConfigError::Nonces)?,
            replays,
            proof_keys: ProofKeyCache::new(KEY_CACHE_CAPACITY),
            answers,
            metadata,
            deviations,
            cors: self.cors,
            crypto,
            clock: self.clock,
            built_on: std::thread::current().id(),
        }))
    }
}

/// RFC 6750 §3: the scope that a client should ask for, where the profile wants challenges to name it.
fn challenged_scope(profile: &Profile, scopes: &[String]) -> Option<String> {
    (profile.challenges_name_scope() && !scopes.is_empty()).then(|| scopes.join(" "))
}

/// R62: nodes that each make a secret of their own would send a client from nonce to nonce for ever.
fn check_nonce_secrets(
    replays: &Replays,
    policy: NoncePolicy,
    secrets: &[NonceSecret],
) -> Result<(), ConfigError> {
    let several_nodes = matches!(replays, Replays::Shared(_));
    if several_nodes && policy != NoncePolicy::Off && secrets.is_empty() {
        return Err(ConfigError::NonceSecretsMissing);
    }
    Ok(())
}

fn parse_public_url(url: Option<String>) -> Result<PublicUrl, ConfigError> {
    let url = url.ok_or(ConfigError::PublicUrlMissing)?;
    let parsed =
        PublicUrl::parse(&url).map_err(|reason| ConfigError::PublicUrl { url: url.clone(), reason })?;
    // SP 5.2.1, R12: TLS only, except where the bytes never leave the machine.
    if is_secure_or_loopback(&url) {
        Ok(parsed)
    } else {
        Err(ConfigError::PublicUrl {
            url,
            reason: "it must be https (http is accepted for loopback hosts only)",
        })
    }
}

fn trust_proxy(
    mut proxies: Vec<TrustedProxy>,
    public_url: &PublicUrl,
) -> Result<Option<ProxyTrust>, ConfigError> {
    let proxy = proxies.pop();
    if !proxies.is_empty() {
        return Err(TrustedProxyError::Repeated.into());
    }
    proxy.map(|proxy| proxy.build(public_url, |url| parse_public_url(Some(url)))).transpose()
}

/// R140: the same about each public URL. The resource identifier is that URL, with the path of the resource below it.
fn write_metadata(
    document: Document<'_>,
    public_url: &PublicUrl,
    further_urls: &[PublicUrl],
    resource_path: &str,
) -> Result<MetadataDocuments, ConfigError> {
    let write = |url: &PublicUrl| {
        let resource = url
            .below(resource_path)
            .map_err(|reason| ConfigError::ResourcePath { path: resource_path.to_owned(), reason })?;
        let document = Document { resource: resource.as_str(), ..document.clone() };
        ProtectedResourceMetadata::new(&document).map_err(|_| ConfigError::Metadata)
    };
    let further = |url: &PublicUrl| Ok((url.clone(), Arc::new(write(url)?)));
    let others = further_urls.iter().map(further).collect::<Result<_, ConfigError>>()?;
    Ok(MetadataDocuments { primary: write(public_url)?, others })
}

fn algorithm_names(profile: &Profile) -> Vec<&'static str> {
    profile.proof_algorithms().iter().map(|algorithm| algorithm.name()).collect()
}

#[cfg(feature = "aws-lc-rs")]
pub(crate) fn default_crypto() -> Option<Arc<dyn CryptoProvider>> {
    Some(Arc::new(crate::crypto::AwsLcProvider))
}

#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) fn default_crypto() -> Option<Arc<dyn CryptoProvider>> {
    None
}

#[cfg(feature = "reqwest")]
fn default_http(
    issuers: &[Issuer],
    allow_insecure_loopback: bool,
) -> Result<Option<Arc<dyn HttpClient>>, ConfigError> {
    if let Some(issuer) = issuers.iter().find(|issuer| issuer.needs_client_certificate()) {
        return Err(
            crate::issuer::IssuerError::ClientCertificateMissing(issuer.identifier().to_owned()).into()
        );
    }
    let mut client = crate::issuer::ReqwestClient::builder();
    if allow_insecure_loopback {
        client = client.allow_insecure_loopback();
    }
    Ok(Some(Arc::new(client.build()?)))
}

#[cfg(not(feature = "reqwest"))]
fn default_http(_: &[Issuer], _: bool) -> Result<Option<Arc<dyn HttpClient>>, ConfigError> {
    Ok(None)
}
