//! The decision about one request, as one chain of checks from top to bottom.
//!
//! Order is part of the decision: what is cheap comes first, so that garbage costs nothing; nothing has a side effect
//! before everything else has passed; the clock is read once, and again only before a shared replay store is asked
//! (R60, R71). "Could not check" is another outcome than "checked and wrong" (pitfall P13). Every outcome is one
//! `tracing` event. What each check means stands in its module; how an error looks on the wire, in `rejection.rs`.

use std::fmt;
use std::sync::Arc;
use std::thread::ThreadId;

use crate::authorization::{Scheme, parse_credentials};
use crate::builder::ResourceServerBuilder;
use crate::clock::{Clock, UnixTime};
use crate::confirmation::{SenderConstraint, Shown};
use crate::cors::Cors;
use crate::crypto::CryptoProvider;
use crate::dpop::NoncePolicy;
use crate::dpop::nonce::NonceIssuer;
use crate::dpop::proof::{Proof, ProofClaims, ProofContext, ProofKey, ProofKeyCache};
use crate::dpop::target::PublicUrl;
use crate::error::Error;
use crate::interaction_id::{InteractionId, InteractionIdPolicy};
use crate::metadata::{MetadataDocuments, ProtectedResourceMetadata};
use crate::mtls::CertificateThumbprint;
use crate::outcome::{self, Who};
use crate::profile::{Deviation, Profile};
use crate::proxy::{Peer, ProxyTrust};
use crate::rejection::{Answers, Rejection};
use crate::replay::{ProofClient, ProofUse, Replay, ReplayStoreError, Replays};
use crate::request::ResourceRequest;
use crate::requirement::Presented;
use crate::revocation::{Revocations, SecurityEventAnswer};
use crate::start_log;
use crate::token::TokenFacts;
use crate::token::cache::VerifiedToken;
use crate::token_verifier::TokenVerifier;
use crate::verified::Verified;

/// A FAPI 2.0 resource server: decides about requests. Cheap to clone; all clones share caches and replay store.
///
/// ```
/// use std::time::Duration;
/// use fapi_core::{Issuer, ResourceServer, Revocation};
///
/// let server = ResourceServer::builder()
///     .public_url("https://api.example.com")
///     .issuer(Issuer::new("https://as.example.com"))
///     .audience("https://api.example.com")
///     .revocation(Revocation::max_token_lifetime(Duration::from_secs(300)))
///     .build()?;
/// # Ok::<(), fapi_core::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct ResourceServer {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) profile: Profile,
    pub(crate) public_url: PublicUrl,
    pub(crate) proxy: Option<ProxyTrust>,
    pub(crate) tokens: TokenVerifier,
    pub(crate) revocations: Revocations,
    pub(crate) constraint: SenderConstraint,
    pub(crate) nonce_policy: NoncePolicy,
    pub(crate) interaction_id: InteractionIdPolicy,
    pub(crate) nonces: NonceIssuer,
    pub(crate) replays: Replays,
    pub(crate) proof_keys: ProofKeyCache,
    pub(crate) answers: Answers,
    pub(crate) metadata: MetadataDocuments,
    pub(crate) deviations: Vec<Deviation>,
    pub(crate) cors: Cors,
    pub(crate) crypto: Arc<dyn CryptoProvider>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) built_on: ThreadId,
}

/// What has been learnt about a request when it is refused.
struct Seen {
    interaction_id: Option<InteractionId>,
    scheme: Option<Scheme>,
    token: Option<Arc<VerifiedToken>>,
}

impl ResourceServer {
    /// Starts the configuration of a server.
    pub fn builder() -> ResourceServerBuilder {
        ResourceServerBuilder::default()
    }

    pub(crate) fn from_inner(inner: Inner) -> Self {
        start_log::log(&inner);
        Self { inner: Arc::new(inner) }
    }

    /// Decides about one request (SP 5.3.4).
    ///
    /// Awaits only what needs the network: an issuer's keys that are not there yet, or a shared replay store. Call it
    /// once per request: a second call with the same proof is a replay. Fetching keys needs a tokio runtime with I/O and
    /// time enabled; without one their tokens are answered with 503.
    ///
    /// # Errors
    /// A [`Rejection`] is the answer to send instead of calling the handler. [`Rejection::error`] says which rule failed.
    pub async fn verify(&self, request: &ResourceRequest<'_>) -> Result<Verified, Rejection> {
        let now = self.inner.clock.now();
        let interaction_id = self.inner.interaction_id.answer(request.interaction_id, &*self.inner.crypto);
        let mut seen = Seen { interaction_id, scheme: None, token: None };
        let decision = self.decide(request, now, &mut seen).await;
        let who = seen.token.as_deref().map(|token| Who::of(&token.token.facts));
        match decision {
            Ok(verified) => {
                outcome::accepted(who, verified.binding, verified.interaction_id());
                Ok(verified)
            }
            Err(error) => {
                let nonce = || self.nonce_to_hand_out(now).as_ref().to_owned();
                let id = seen.interaction_id.as_ref();
                let url = self.inner.metadata_of(request).map_or(self.metadata(), |further| &**further).url();
                let rejection = self.inner.answers.reject(error, seen.scheme, url, id, nonce);
                outcome::refused(who, &rejection);
                Err(rejection)
            }
        }
    }

    async fn decide(
        &self,
        request: &ResourceRequest<'_>,
        now: UnixTime,
        seen: &mut Seen,
    ) -> Result<Verified, Error> {
        let server = &*self.inner;
        let credentials = parse_credentials(request, server.profile.max_token_bytes())?;
        seen.scheme = Some(credentials.scheme);
        if !server.constraint.accepts(credentials.scheme) {
            return Err(Error::SchemeNotAccepted(server.constraint));
        }
        // R24: after R31, by which a request without credentials is told nothing else.
        server.interaction_id.check(request.interaction_id)?;
        let proof = server.parse_proof(request, credentials.scheme)?;
        let digest = server.crypto.sha256(credentials.token.as_bytes());
        let claims = proof.as_ref().map(Proof::claims).transpose()?;
        let freshness = match &claims {
            Some(claims) => Some(claims.check(&server.proof_context(request, &digest, now)?)?),
            None => None,
        };
        let key = proof.as_ref().map(|proof| proof.key(&*server.crypto)).transpose()?;
        if server.tokens.is_costly(credentials.token, &digest, now) {
            server.check_possession(request, &proof, key.as_deref())?;
        }
        let (token, remembered) =
            server.tokens.verify(credentials.token, digest, &server.profile, now).await?;
        seen.token = Some(Arc::clone(&token));
        // SP 6.3, R18: only the application knows where clients state it.
        if request.stated_issuer.is_some_and(|stated| stated != token.token.facts.issuer()) {
            return Err(Error::StatedIssuer);
        }
        let shown = Shown {
            scheme: credentials.scheme,
            proof_key: key.as_deref().map(ProofKey::thumbprint),
            certificate: server.certificate(request, &token.token.facts)?,
        };
        let binding = token.token.facts.confirmation.check(shown)?;
        if let (Some(proof), Some(key)) = (&proof, &key) {
            proof.verify_signature(key, &server.proof_keys)?;
        }
        let max_future = server.profile.max_future();
        let presented = Presented { token: &token.token, binding, now, max_future };
        server.tokens.check_issuer_rules(token.issuer, presented)?;
        // SP 5.3.4-3, R4: asked only about tokens that the caller has shown to be theirs.
        let standing = server.check_not_revoked(&token, credentials.token, &digest, now).await;
        standing.inspect_err(|_| server.tokens.forget(&token, &digest, remembered))?;
        let mut nonce = None;
        if let (Some(claims), Some(key), Some(freshness)) = (&claims, &key, freshness) {
            // R60, P7: last of all, so that nobody can burn another's jti or fill the store with forgeries.
            let (jti, client) = (claims.jti(&server.profile)?, ProofClient::of(&token.token.facts));
            let proof_use = ProofUse::new(client, key.thumbprint(), jti, freshness.accepted_until, now);
            server.check_replay(proof_use, claims, request, &digest).await?;
            // RFC 9449 §8.2, R65: a nonce that is about to go stale is replaced in good time.
            let due = freshness.stale_nonce || server.profile.nonce_in_every_answer();
            nonce = due.then(|| self.nonce_to_hand_out(now));
        }
        let interaction_id = seen.interaction_id.clone();
        let metadata = server.metadata_of(request).cloned();
        Ok(Verified { server: self.clone(), token, binding, nonce, interaction_id, metadata, at: now })
    }

    pub(crate) fn answers(&self) -> &Answers {
        &self.inner.answers
    }

    fn nonce_to_hand_out(&self, now: UnixTime) -> Arc<str> {
        self.inner.nonces.current_after(now, self.inner.replays.complete_since())
    }

    /// Fetches the keys of every issuer that has none yet, so that the first requests need not wait.
    ///
    /// A failure is not fatal: the server answers 503 to that issuer's tokens, and recovers when the issuer does. Needs a
    /// tokio runtime with I/O and time enabled.
    ///
    /// # Errors
    /// The identifiers of the issuers whose keys could not be loaded; the log says why.
    pub async fn load_keys(&self) -> Result<(), Vec<String>> {
        let missing = self.inner.tokens.load_keys(self.inner.clock.now()).await;
        if missing.is_empty() { Ok(()) } else { Err(missing) }
    }

    /// Takes a security event that a transmitter pushes (RFC 8935), for adapters: the values of the header fields
    /// `Content-Type` and `Authorization`, and the whole content, of which more than 64 KiB is refused. What it revokes is
    /// refused from the next request on.
    ///
    /// See [`SecurityEvents`](crate::SecurityEvents). Without a receiver in the configuration the answer is 404.
    pub async fn receive_security_event(
        &self,
        content_type: Option<&[u8]>,
        authorization: Option<&[u8]>,
        body: &[u8],
    ) -> SecurityEventAnswer {
        let now = self.inner.clock.now();
        self.inner.revocations.receive(content_type, authorization, body, now).await
    }

    /// The refusal of a request that carries no access token, for adapters: a CORS preflight, which they let pass, has
    /// reached something that needs one (R38).
    #[must_use]
    pub fn credentials_missing(&self) -> Rejection {
        let url = self.metadata().url();
        let rejection = self.inner.answers.reject(Error::CredentialsMissing, None, url, None, String::new);
        outcome::refused(None, &rejection);
        rejection
    }

    /// The metadata document of this resource server (RFC 9728): that of its `public_url`.
    #[must_use]
    pub fn metadata(&self) -> &ProtectedResourceMetadata {
        &self.inner.metadata.primary
    }

    /// The metadata document that this request asks for, for the adapters to serve without a token; `None` if there is none
    /// at its path. Where a trusted proxy has several public URLs, it is that of the URL under which it was reached.
    #[must_use]
    pub fn metadata_for(&self, request: &ResourceRequest<'_>) -> Option<&ProtectedResourceMetadata> {
        let origin = || self.inner.proxy.as_ref().and_then(|proxy| proxy.origin(request));
        self.inner.metadata.at(request.path, origin)
    }

    /// Whether a metadata document is at this path, of whichever public URL.
    #[must_use]
    pub fn has_metadata_at(&self, path: &str) -> bool {
        self.inner.metadata.at(path, || None).is_some()
    }

    /// Where this server accepts what FAPI 2.0 does not, by its profile or by another setting. Each is logged as a warning
    /// when the server is built.
    pub fn deviations(&self) -> impl Iterator<Item = &Deviation> {
        self.inner.deviations.iter()
    }

    /// The names, in lower case, of the headers that only a trusted proxy may set.
    ///
    /// An adapter removes them from the request of a peer that [`Self::trusts`] does not trust, before anybody else sees
    /// it (R82), and hands over the rest with [`ResourceRequest::with_proxy_headers`].
    pub fn proxy_headers(&self) -> impl Iterator<Item = &str> {
        self.inner.proxy.iter().flat_map(ProxyTrust::header_names)
    }

    /// Whether this peer is a trusted proxy.
    #[must_use]
    pub fn trusts(&self, peer: Peer) -> bool {
        self.inner.proxy.as_ref().is_some_and(|proxy| proxy.trusts(peer))
    }

    /// What the adapters do for browsers of other origins.
    #[must_use]
    pub fn cors(&self) -> Cors {
        self.inner.cors
    }

    /// The profile that the server goes by.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.inner.profile
    }

    /// The thread on which the server was built, for adapters that must find out whether it is shared.
    #[must_use]
    pub fn built_on(&self) -> ThreadId {
        self.inner.built_on
    }
}

impl Inner {
    fn parse_proof<'a>(
        &self,
        request: &ResourceRequest<'a>,
        scheme: Scheme,
    ) -> Result<Option<Proof<'a>>, Error> {
        match scheme {
            Scheme::Dpop => Proof::parse(request.dpop, &self.profile, &self.proof_keys).map(Some),
            // The scheme says which proof is owed; a DPoP header beside a Bearer token proves nothing.
            Scheme::Bearer => Ok(None),
        }
    }

    /// SP 5.3.4-3, R4: by every source that was configured.
    async fn check_not_revoked(
        &self,
        token: &VerifiedToken,
        text: &str,
        digest: &[u8; 32],
        now: UnixTime,
    ) -> Result<(), Error> {
        self.revocations.check(&token.token.facts, now).await?;
        self.tokens.check_active(token, text, digest, now).await
    }

    /// That the caller holds a key at all, before its token costs more than a signature does (R71). Which key it must be is
    /// known when the token is.
    fn check_possession(
        &self,
        request: &ResourceRequest<'_>,
        proof: &Option<Proof<'_>>,
        key: Option<&ProofKey>,
    ) -> Result<(), Error> {
        match (proof, key) {
            (Some(proof), Some(key)) => proof.check_signature(key),
            _ => self.shown_certificate(request)?.map(|_| ()).ok_or(Error::CertificateMissing),
        }
    }

    fn proof_context<'a>(
        &'a self,
        request: &'a ResourceRequest<'a>,
        token_digest: &'a [u8; 32],
        now: UnixTime,
    ) -> Result<ProofContext<'a>, Error> {
        Ok(ProofContext {
            request,
            public_url: self.public_url(request)?,
            token_digest,
            profile: &self.profile,
            nonce_policy: self.nonce_policy,
            nonces: &self.nonces,
            replay_complete_since: self.replays.complete_since(),
            now,
        })
    }

    /// R50: what clients type, as configured, or as a trusted proxy says which of the configured ones it was.
    fn public_url(&self, request: &ResourceRequest<'_>) -> Result<&PublicUrl, Error> {
        let stated = self.proxy.as_ref().and_then(|proxy| proxy.public_url(request));
        stated.unwrap_or(Ok(&self.public_url)).map_err(Error::Forwarded)
    }

    /// R140, R144: the metadata document of the URL under which the request came in, if it is not the server's first one.
    fn metadata_of(&self, request: &ResourceRequest<'_>) -> Option<&Arc<ProtectedResourceMetadata>> {
        if self.metadata.others.is_empty() {
            return None;
        }
        self.metadata.further(self.public_url(request).ok()?)
    }

    /// The client's certificate, where the token asks for one: of the connection, or as a trusted proxy conveys it. The
    /// connection of such a proxy has at most the proxy's own (R81).
    fn certificate(
        &self,
        request: &ResourceRequest<'_>,
        facts: &TokenFacts,
    ) -> Result<Option<CertificateThumbprint>, Error> {
        if facts.confirmation.certificate().is_none() { Ok(None) } else { self.shown_certificate(request) }
    }

    fn shown_certificate(
        &self,
        request: &ResourceRequest<'_>,
    ) -> Result<Option<CertificateThumbprint>, Error> {
        let crypto = &*self.crypto;
        let conveyed = self.proxy.as_ref().and_then(|proxy| proxy.certificate(request, crypto));
        // R81: the certificate of a proxy's own connection is nobody's, also where the proxy conveys no others.
        let direct = self.proxy.as_ref().is_none_or(|proxy| !proxy.trusts(request.peer));
        let own = || request.peer_certificate.filter(|_| direct);
        let own = || own().map(|der| CertificateThumbprint::of(der, crypto));
        let shown = conveyed.unwrap_or_else(|| Ok(own())).map_err(Error::CertificateHeader)?;
        // Refused all the same, but not for what the client has done.
        let unknown = || self.proxy.as_ref().is_some_and(|proxy| proxy.cannot_tell(request.peer));
        if shown.is_none() && unknown() { Err(Error::PeerUnknown) } else { Ok(shown) }
    }

    async fn check_replay(
        &self,
        proof: ProofUse<'_>,
        claims: &ProofClaims<'_>,
        request: &ResourceRequest<'_>,
        digest: &[u8; 32],
    ) -> Result<(), Error> {
        let store = match &self.replays {
            Replays::Memory(store) => return check_first(store.insert(proof)),
            Replays::Shared(store) => store,
        };
        // P4: the store goes by its own clock. Whatever took long until now, the proof is still fresh when it is asked.
        let context = self.proof_context(request, digest, self.clock.now())?;
        claims.check(&context)?;
        check_first(store.insert(ProofUse { now: context.now, ..proof }).await)?;
        // P14: first, but after a flush that the check above knew nothing of.
        if store.complete_since() > context.replay_complete_since {
            return Err(Error::ReplayStoreUnavailable);
        }
        Ok(())
    }
}

fn check_first(answer: Result<Replay, ReplayStoreError>) -> Result<(), Error> {
    match answer {
        Ok(Replay::Fresh) => Ok(()),
        Ok(Replay::Replayed) => Err(Error::ProofReplayed),
        // R61, P13: never accepted unchecked, and never an error that makes the client throw its token away.
        Err(ReplayStoreError::Full) => Err(Error::ReplayStoreFull),
        Err(ReplayStoreError::Unavailable) => Err(Error::ReplayStoreUnavailable),
    }
}

impl fmt::Debug for ResourceServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResourceServer")
            .field("profile", &self.inner.profile.name())
            .field("public_url", &self.inner.public_url.as_str())
            .finish_non_exhaustive()
    }
}
