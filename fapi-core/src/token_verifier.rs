//! From the text of an access token to a [`VerifiedToken`]: out of the cache, or by verifying it.
//!
//! Decides which issuer's rules and keys a token is held to (RFC 8725 §3.8, R104), and when what was verified before still
//! counts (pitfall P46). What a token must say stands in `token/`, where keys come from in `issuer/`. To whom the token is
//! bound, and whether it was revoked, is decided in `resource_server.rs`.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::clock::UnixTime;
use crate::error::Error;
use crate::issuer::{Introspector, KeySet, Standing, TrustedIssuer};
use crate::profile::Profile;
use crate::requirement::Presented;
use crate::revocation::MaxTokenLifetime;
use crate::token::cache::{TokenCache, VerifiedToken, Vouched};
use crate::token::claims::{self, Claims};
use crate::token::encrypted::{InnerToken, TokenDecryption};
use crate::token::introspection::{self, is_jwt};
use crate::token::jwt::UnverifiedToken;
use crate::token::{ClaimsType, ErasedToken, TokenFacts};

/// Verifies access tokens, and remembers those that it has verified.
pub(crate) struct TokenVerifier {
    pub(crate) issuers: Vec<TrustedIssuer>,
    /// R4: JWTs are asked about at their issuer, too.
    pub(crate) asks_about_jwts: bool,
    /// `None`: encrypted tokens are refused.
    pub(crate) decryption: Option<TokenDecryption>,
    pub(crate) max_lifetime: Option<MaxTokenLifetime>,
    pub(crate) claims_type: ClaimsType,
    pub(crate) cache: TokenCache,
}

impl TokenVerifier {
    /// The token of this text, whose SHA-256 is `digest` (RFC 9068 §4), and whether it is remembered from before.
    pub(crate) async fn verify(
        &self,
        text: &str,
        digest: [u8; 32],
        profile: &Profile,
        now: UnixTime,
    ) -> Result<(Arc<VerifiedToken>, bool), Error> {
        match self.known(&digest, profile, now)? {
            Some(known) => Ok((known, true)),
            // On the heap: the future of a request with a known token stays small.
            None => Ok((Box::pin(self.verify_unknown(text, digest, profile, now)).await?, false)),
        }
    }

    async fn verify_unknown(
        &self,
        text: &str,
        digest: [u8; 32],
        profile: &Profile,
        now: UnixTime,
    ) -> Result<Arc<VerifiedToken>, Error> {
        let token = Arc::new(match (self.opaque_issuer(text), &self.decryption) {
            (Some((index, introspector)), _) => {
                self.verify_opaque(index, introspector, text, &digest, profile, now).await?
            }
            (None, Some(decryption)) => self.verify_encrypted(decryption, text, profile, now).await?,
            (None, None) => self.verify_jwt(text, profile, now).await?,
        });
        self.cache.insert(digest, Arc::clone(&token));
        Ok(token)
    }

    /// Whether finding out about this text costs the issuer a call, or a private key an operation: something that nobody may
    /// cause who has not shown a key (R71, P43).
    pub(crate) fn is_costly(&self, text: &str, digest: &[u8; 32], now: UnixTime) -> bool {
        let costly = || self.opaque_issuer(text).is_some() || self.decryption.is_some();
        costly() && !self.cache.get(digest).is_some_and(|known| self.counts(&known, now))
    }

    /// R125: what was revoked is remembered no longer; nor is what its issuer said of it before, if it `was_remembered`. What
    /// the issuer has said since stays: whoever presents the token again and again must not drive calls.
    pub(crate) fn forget(&self, token: &VerifiedToken, digest: &[u8; 32], was_remembered: bool) {
        self.cache.remove(digest);
        if was_remembered && let Some(introspector) = self.introspector(token.issuer) {
            introspector.forget(token.inner.as_ref().map_or(digest, |inner| &inner.digest));
        }
    }

    /// P46: whether what vouches for a remembered token still does.
    fn counts(&self, known: &VerifiedToken, now: UnixTime) -> bool {
        match &known.vouched {
            Vouched::Keys(keys) => {
                self.issuers.get(known.issuer).is_some_and(|issuer| issuer.keys.are_current(keys, now))
            }
            // R125
            Vouched::Introspection(validity) => validity.counts(now),
        }
    }

    /// P46: a remembered token counts only while what vouched for it still does, and its time has not passed.
    fn known(
        &self,
        digest: &[u8; 32],
        profile: &Profile,
        now: UnixTime,
    ) -> Result<Option<Arc<VerifiedToken>>, Error> {
        let Some(known) = self.cache.get(digest) else { return Ok(None) };
        if !self.counts(&known, now) {
            self.cache.remove(digest);
            return Ok(None);
        }
        claims::check_times(&known.token.facts, now, profile)?;
        Ok(Some(known))
    }

    /// R95: what comes out is held to the same rules as if it had never been encrypted.
    async fn verify_encrypted(
        &self,
        decryption: &TokenDecryption,
        text: &str,
        profile: &Profile,
        now: UnixTime,
    ) -> Result<VerifiedToken, Error> {
        let text = Zeroizing::new(decryption.decrypt(text)?);
        let token = self.verify_jwt(&text, profile, now).await?;
        let asked = self.introspector(token.issuer).filter(|_| self.asks_about_jwts);
        let inner = asked.map(|issuer| InnerToken { digest: issuer.digest(&text), text });
        Ok(VerifiedToken { inner, ..token })
    }

    async fn verify_jwt(&self, text: &str, profile: &Profile, now: UnixTime) -> Result<VerifiedToken, Error> {
        let unverified = UnverifiedToken::parse(text, profile)?;
        let claims = unverified.claims()?;
        // R104: the unverified iss chooses the key set by exact match against the configuration, nothing else.
        let (index, issuer) = self.find_issuer(claims.issuer()?)?;
        // SP 5.4.1-1, R7: stricter than the profile, where the issuer's configuration says so.
        if !issuer.algorithms.contains(&unverified.algorithm()) {
            return Err(Error::TokenAlgorithm);
        }
        let keys = issuer.keys.obtain(now).await.map_err(|_| Error::KeysUnavailable)?;
        let mut facts = self.check_claims(&claims, issuer, unverified.key_id(), profile, now)?;
        let keys = verify_signature(&unverified, issuer, keys, now).await?;
        // RFC 9068 §4, R91: byte for byte what the issuer calls itself.
        facts.issuer = issuer.keys.settle(claims.issuer()?).map(Arc::clone).ok_or(Error::TokenIssuer)?;
        let token = ErasedToken::read(facts, self.claims_type, unverified.payload())?;
        Ok(VerifiedToken { token, issuer: index, vouched: Vouched::Keys(keys), inner: None })
    }

    /// The issuer of an opaque token, if there is one with such tokens. What has the form of a JWT is never asked about in
    /// place of being verified.
    fn opaque_issuer(&self, text: &str) -> Option<(usize, &Arc<Introspector>)> {
        let mut issuers = self.issuers.iter().enumerate();
        let (index, issuer) = issuers.find(|(_, issuer)| issuer.takes_opaque_tokens())?;
        issuer.introspector.as_ref().filter(|_| !is_jwt(text)).map(|introspector| (index, introspector))
    }

    async fn verify_opaque(
        &self,
        index: usize,
        introspector: &Arc<Introspector>,
        text: &str,
        digest: &[u8; 32],
        profile: &Profile,
        now: UnixTime,
    ) -> Result<VerifiedToken, Error> {
        let issuer = self.issuers.get(index).ok_or(Error::TokenIssuer)?;
        let active = introspector.introspect(text, digest, Standing::Unknown, now).await?;
        let rules = introspection::claim_rules(profile, introspector.audience_optional());
        let keys = &issuer.keys;
        let named =
            |iss: Option<&str>| Some(keys.identifier()).filter(|_| iss.is_none_or(|iss| keys.may_be(iss)));
        let facts = introspection::facts(active.claims(), named, rules)?;
        let facts = self.check_facts(facts, issuer, profile, now)?;
        let token = ErasedToken::read(facts, self.claims_type, active.claims())?;
        let vouched = Vouched::Introspection(active.validity());
        Ok(VerifiedToken { token, issuer: index, vouched, inner: None })
    }

    /// SP 5.3.4-3, R4: asks the issuer of a JWT whether it is still active, if that was chosen. The caller has proved the
    /// key that the token is bound to. For an opaque token the issuer was asked before.
    pub(crate) async fn check_active(
        &self,
        verified: &VerifiedToken,
        text: &str,
        digest: &[u8; 32],
        now: UnixTime,
    ) -> Result<(), Error> {
        if !self.asks_about_jwts || matches!(verified.vouched, Vouched::Introspection(_)) {
            return Ok(());
        }
        let issuer = self.issuers.get(verified.issuer);
        let asked = issuer.and_then(|issuer| issuer.introspector.as_ref().zip(Some(&issuer.audiences)));
        let (introspector, audiences) = asked.ok_or(Error::IntrospectionUnavailable)?;
        // R125: a token that is encrypted again is the same token, and one answer is enough for all its texts.
        let inner = verified.inner.as_ref().map(|inner| (inner.text.as_str(), &inner.digest));
        let (text, digest) = inner.unwrap_or((text, digest));
        let active = Box::pin(introspector.introspect(text, digest, Standing::Proved, now)).await?;
        active.check_once(|answer| introspection::check_same(answer, &verified.token.facts, audiences))
    }

    fn introspector(&self, issuer: usize) -> Option<&Arc<Introspector>> {
        self.issuers.get(issuer).and_then(|issuer| issuer.introspector.as_ref())
    }

    fn find_issuer(&self, iss: &str) -> Result<(usize, &TrustedIssuer), Error> {
        let mut issuers = self.issuers.iter().enumerate();
        issuers.find(|(_, issuer)| issuer.keys.may_be(iss)).ok_or(Error::TokenIssuer)
    }

    /// Everything in the claims that the profile and the configuration ask for. The signature comes after it, since most
    /// tokens that are refused have simply expired.
    fn check_claims(
        &self,
        claims: &Claims<'_>,
        issuer: &TrustedIssuer,
        key_id: Option<&str>,
        profile: &Profile,
        now: UnixTime,
    ) -> Result<TokenFacts, Error> {
        // The keys may have come with another spelling.
        if !issuer.keys.may_be(claims.issuer()?) {
            return Err(Error::TokenIssuer);
        }
        let identifier = issuer.keys.identifier();
        self.check_facts(claims.facts(identifier, key_id, profile.claim_rules())?, issuer, profile, now)
    }

    /// What is asked of every token, whoever vouches for it.
    fn check_facts(
        &self,
        mut facts: TokenFacts,
        issuer: &TrustedIssuer,
        profile: &Profile,
        now: UnixTime,
    ) -> Result<TokenFacts, Error> {
        facts.authorization_details.grant_at(&issuer.audiences);
        claims::check_audience(&facts, &issuer.audiences, profile)?;
        claims::check_times(&facts, now, profile)?;
        self.max_lifetime.map_or(Ok(()), |most| most.check(&facts))?;
        Ok(facts)
    }

    /// Holds a token that the caller has shown to be theirs against the own rules of its issuer.
    pub(crate) fn check_issuer_rules(&self, issuer: usize, presented: Presented<'_>) -> Result<(), Error> {
        let rules = self.issuers.get(issuer).and_then(|issuer| issuer.claims.as_ref());
        rules.map_or(Ok(()), |rules| rules.check(presented)).map_err(|error| match error {
            // Not a matter of the route: the token is no good here.
            Error::RequirementUnmet { name, .. } => Error::IssuerRule(name),
            other => other,
        })
    }

    /// Fetches the keys of every issuer that has none yet; returns the identifiers of those whose keys cannot be had.
    pub(crate) async fn load_keys(&self, now: UnixTime) -> Vec<String> {
        // All of them at once: one that hangs must not keep the others waiting.
        for issuer in &self.issuers {
            issuer.keys.prepare(now);
        }
        let mut missing = Vec::new();
        for issuer in &self.issuers {
            if issuer.keys.obtain(now).await.is_err() {
                missing.push(issuer.keys.identifier().as_ref().to_owned());
            }
        }
        missing
    }
}

/// Verifies under the issuer's keys; returns the key set that holds the key.
async fn verify_signature(
    token: &UnverifiedToken<'_>,
    issuer: &TrustedIssuer,
    keys: Arc<KeySet>,
    now: UnixTime,
) -> Result<Arc<KeySet>, Error> {
    match token.verify_signature(&keys) {
        // R118: signed by a newer key, perhaps, which one fetch settles. P13, P34: within the cool-down of a successful one,
        // too: a made-up kid must not be worth a 503. P39: if it fails, which keys there are could not be found out.
        Err(Error::TokenKeyUnknown) => {
            let newer = issuer.keys.find(token.key_id(), token.algorithm(), now).await;
            let newer = newer.map_err(|_| Error::KeysUnavailable)?;
            token.verify_signature(&newer).map(|()| newer)
        }
        // R119: without a name, nothing tells a key that was replaced from a signature that is wrong.
        Err(Error::TokenSignature) if token.key_id().is_none() => match issuer.keys.refresh(now).await {
            Ok(newer) => token.verify_signature(&newer).map(|()| newer),
            Err(_) => Err(Error::TokenSignature),
        },
        // R120: checked and wrong, and nobody waits for more: who can do no better than forge a signature must not hold a
        // request open. A key that has taken the place of the one with this name counts for the next token (R118).
        Err(Error::TokenSignature) => {
            issuer.keys.refresh_later(now);
            Err(Error::TokenSignature)
        }
        verified => verified.map(|()| keys),
    }
}
