//! From the text of an access token to a [`VerifiedToken`]: out of the cache, or by verifying it.
//!
//! Decides which issuer's rules and keys a token is held to (RFC 8725 §3.8, R104), and when what was verified before still
//! counts (pitfall P46). What a token must say stands in `token/`, where keys come from in `issuer/`. To whom the token is
//! bound, and whether it was revoked, is decided in `resource_server.rs`.

use std::sync::Arc;

use crate::clock::UnixTime;
use crate::error::Error;
use crate::issuer::{KeySet, TrustedIssuer};
use crate::profile::Profile;
use crate::revocation::MaxTokenLifetime;
use crate::token::cache::{TokenCache, VerifiedToken, Vouched};
use crate::token::claims::{self, Claims};
use crate::token::jwt::UnverifiedToken;
use crate::token::{ClaimsReader, ErasedToken, TokenFacts};

/// Verifies access tokens, and remembers those that it has verified.
pub(crate) struct TokenVerifier {
    pub(crate) issuers: Vec<TrustedIssuer>,
    pub(crate) max_lifetime: Option<MaxTokenLifetime>,
    pub(crate) claims_reader: ClaimsReader,
    pub(crate) cache: TokenCache,
}

impl TokenVerifier {
    /// The token of this text, whose SHA-256 is `digest` (RFC 9068 §4).
    pub(crate) async fn verify(
        &self,
        text: &str,
        digest: [u8; 32],
        profile: &Profile,
        now: UnixTime,
    ) -> Result<Arc<VerifiedToken>, Error> {
        if let Some(known) = self.known(&digest, profile, now)? {
            return Ok(known);
        }
        let token = Arc::new(self.verify_jwt(text, profile, now).await?);
        self.cache.insert(digest, Arc::clone(&token));
        Ok(token)
    }

    /// P46: a remembered token counts only while what vouched for it still does, and its time has not passed.
    fn known(
        &self,
        digest: &[u8; 32],
        profile: &Profile,
        now: UnixTime,
    ) -> Result<Option<Arc<VerifiedToken>>, Error> {
        let Some(known) = self.cache.get(digest) else { return Ok(None) };
        let counts = match &known.vouched {
            Vouched::Keys(keys) => {
                let current = self.issuers.get(known.issuer).and_then(|issuer| issuer.keys.current(now));
                current.is_some_and(|current| Arc::ptr_eq(&current, keys))
            }
        };
        if !counts {
            self.cache.remove(digest);
            return Ok(None);
        }
        claims::check_times(&known.token.facts, now, profile)?;
        Ok(Some(known))
    }

    async fn verify_jwt(&self, text: &str, profile: &Profile, now: UnixTime) -> Result<VerifiedToken, Error> {
        let unverified = UnverifiedToken::parse(text, profile)?;
        let claims = unverified.claims()?;
        // R104: the unverified iss chooses the key set by exact match against the configuration, nothing else.
        let (index, issuer) = self.find_issuer(claims.issuer()?)?;
        let keys = issuer.keys.obtain(now).await.map_err(|_| Error::KeysUnavailable)?;
        let facts = self.check_claims(&claims, issuer, unverified.key_id(), profile, now)?;
        let keys = verify_signature(&unverified, issuer, keys, now).await?;
        let claims = (self.claims_reader)(unverified.payload())?;
        let token = ErasedToken { facts: Arc::new(facts), claims };
        Ok(VerifiedToken { token, issuer: index, vouched: Vouched::Keys(keys) })
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
        // RFC 9068 §4, R91: byte for byte what the issuer calls itself.
        let identifier = issuer.keys.identifier();
        if claims.issuer()? != &**identifier {
            return Err(Error::TokenIssuer);
        }
        let mut facts = claims.facts(identifier, key_id, profile.claim_rules())?;
        facts.authorization_details.grant_at(&issuer.audiences);
        claims::check_audience(&facts, &issuer.audiences, profile)?;
        claims::check_times(&facts, now, profile)?;
        self.max_lifetime.map_or(Ok(()), |most| most.check(&facts))?;
        Ok(facts)
    }

    /// Fetches the keys of every issuer that has none yet; returns the identifiers of those whose keys cannot be had.
    pub(crate) async fn load_keys(&self, now: UnixTime) -> Vec<String> {
        let mut missing = Vec::new();
        for issuer in &self.issuers {
            if issuer.keys.obtain(now).await.is_err() {
                missing.push(issuer.keys.identifier().as_ref().to_owned());
            }
        }
        missing
    }
}

/// Verifies under the issuer's keys. A token that they do not verify may be signed by a newer one, of a new `kid`, of the
/// same or of none, which one fetch settles (R118). Returns the key set that holds the key.
async fn verify_signature(
    token: &UnverifiedToken<'_>,
    issuer: &TrustedIssuer,
    keys: Arc<KeySet>,
    now: UnixTime,
) -> Result<Arc<KeySet>, Error> {
    let error = match token.verify_signature(&keys) {
        Ok(()) => return Ok(keys),
        Err(error @ (Error::TokenKeyUnknown | Error::TokenSignature)) => error,
        Err(error) => return Err(error),
    };
    match issuer.keys.refresh(now).await {
        // P13, P34: within the cool-down of a successful fetch, too. A key set 30 s old at most is an answer, "unknown",
        // and not "could not check"; a made-up kid must not be worth a 503.
        Ok(newer) if Arc::ptr_eq(&newer, &keys) => Err(error),
        Ok(newer) => token.verify_signature(&newer).map(|()| newer),
        // P39: which keys there are could not be found out.
        Err(_) if error == Error::TokenKeyUnknown => Err(Error::KeysUnavailable),
        // The key that the token names was there, and did not sign it: checked and wrong. A forged signature must not
        // turn into a 503, which tells clients to try again and operators that the issuer is needed.
        Err(_) => Err(error),
    }
}
