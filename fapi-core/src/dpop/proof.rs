//! One DPoP proof, checked against one request (RFC 9449 §4.3).
//!
//! The checks of §4.3 stand here in the order in which they cost: what needs no cryptography first, the signature last.
//! A proof's key, once a signature under it has verified, is remembered by its encoded header, which a client repeats
//! byte for byte: a warm proof skips base64, JSON, key parsing and thumbprint of the header, and no check.
//! Whether the proof's key is the token's is decided in `confirmation.rs`; whether it was used before, in `replay/`.

use std::hash::BuildHasher as _;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use lru::{DefaultHasher, LruCache};

use crate::clock::UnixTime;
use crate::crypto::{CryptoProvider, VerifyingKey, same_hash};
use crate::dpop::NoncePolicy;
use crate::dpop::nonce::NonceIssuer;
use crate::dpop::target::{PublicUrl, check_target};
use crate::error::Error;
use crate::jose::json::{self, Members, Value};
use crate::jose::{Algorithm, CompactJws, Header, JoseError, Jwk, JwkThumbprint, KeyError, base64url};
use crate::profile::Profile;
use crate::request::{FieldLines, ResourceRequest};

/// How many proof keys are remembered: one per active client, at about 0.5 kB each and never more than 3 kB.
pub(crate) const KEY_CACHE_CAPACITY: usize = 16 * 1024;
/// So many that two busy cores seldom meet.
const KEY_CACHE_SHARDS: usize = 16;

/// The longest encoded header that is remembered, in bytes: one of an RSA-4096 key needs about 1,000.
const MAX_CACHED_HEADER: usize = 2 * 1024;

/// Everything that a proof's header decides.
#[derive(Debug)]
pub(crate) struct ProofKey {
    header: Box<str>,
    key: Arc<dyn VerifyingKey>,
    thumbprint: JwkThumbprint,
}

impl ProofKey {
    /// RFC 7638 thumbprint, to be compared with the token's `cnf.jkt`.
    pub(crate) const fn thumbprint(&self) -> &JwkThumbprint {
        &self.thumbprint
    }
}

type Shard = Mutex<LruCache<u64, Arc<ProofKey>>>;

/// Proof keys under which a signature has verified, by a hash of their encoded header; a hit compares the header itself.
pub(crate) struct ProofKeyCache {
    shards: Vec<Shard>,
    hasher: DefaultHasher,
}

impl ProofKeyCache {
    pub(crate) fn new(capacity: usize) -> Self {
        let per_shard = NonZeroUsize::new(capacity / KEY_CACHE_SHARDS).unwrap_or(NonZeroUsize::MIN);
        let shards = (0..KEY_CACHE_SHARDS).map(|_| Mutex::new(LruCache::new(per_shard))).collect();
        Self { shards, hasher: DefaultHasher::default() }
    }

    fn get(&self, header: &str) -> Option<Arc<ProofKey>> {
        let hash = self.hasher.hash_one(header);
        let known = self.shard(hash)?.lock().ok()?.get(&hash).cloned()?;
        (*known.header == *header).then_some(known)
    }

    fn insert(&self, key: Arc<ProofKey>) {
        if key.header.len() > MAX_CACHED_HEADER {
            return;
        }
        let hash = self.hasher.hash_one(&*key.header);
        if let Some(Ok(mut shard)) = self.shard(hash).map(Mutex::lock) {
            shard.put(hash, key);
        }
    }

    fn shard(&self, hash: u64) -> Option<&Shard> {
        let [first, ..] = hash.to_le_bytes();
        self.shards.get(usize::from(first) % KEY_CACHE_SHARDS)
    }
}

/// A well-formed proof. Nothing in it is proved before [`Proof::verify_signature`].
pub(crate) struct Proof<'a> {
    jws: CompactJws<'a>,
    key: Key,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// The key in a proof's header.
enum Key {
    /// A signature under it has verified before.
    Known(Arc<ProofKey>),
    /// Not seen before: it is made ready only when the claims have passed.
    New { jwk: Jwk, algorithm: Algorithm },
}

impl<'a> Proof<'a> {
    pub(crate) fn parse(
        lines: FieldLines<'a>,
        profile: &Profile,
        keys: &ProofKeyCache,
    ) -> Result<Self, Error> {
        // RFC 9449 §4.3 (1), R40, P18; R57: a token under the scheme DPoP is worth nothing without a proof.
        let line = match lines {
            FieldLines::Absent => return Err(Error::ProofMissing),
            FieldLines::Many => return Err(Error::ProofRepeated),
            FieldLines::One(line) => line,
        };
        // R116, P31: before anything else is done with it.
        if line.len() > profile.max_proof_bytes() {
            return Err(Error::ProofTooLarge);
        }
        let malformed = |error| match line.contains(&b',') {
            // RFC 9110 §5.3, R40: several field lines may arrive joined by commas, which no JWS contains.
            true => Error::ProofRepeated,
            false => Error::ProofMalformed(error),
        };
        let text = std::str::from_utf8(line).map_err(|_| malformed(JoseError::NotCompact))?;
        // RFC 9449 §4.3 (2), R41
        let jws = CompactJws::parse(text).map_err(malformed)?;
        // R108, R115: the whole proof is base64url before anything in it counts. A known header is one that has decoded.
        let payload = jws.decode_payload().map_err(malformed)?;
        let signature = jws.decode_signature().map_err(malformed)?;
        let key = match keys.get(jws.header_segment()) {
            Some(known) => Key::Known(known),
            None => parse_key(&jws.decode_header().map_err(malformed)?, profile)?,
        };
        Ok(Self { jws, key, payload, signature })
    }

    pub(crate) fn claims(&self) -> Result<ProofClaims<'_>, Error> {
        ProofClaims::parse(&self.payload).map_err(Error::ProofMalformed)
    }

    /// The proof's key, ready to verify. A stranger's costs more than all checks of the claims together, so it comes after
    /// them (R71).
    pub(crate) fn key(&self, crypto: &dyn CryptoProvider) -> Result<Arc<ProofKey>, Error> {
        match &self.key {
            Key::Known(known) => Ok(Arc::clone(known)),
            Key::New { jwk, algorithm } => {
                let key = crypto.verifying_key(jwk, *algorithm).map_err(Error::ProofKey)?;
                let header = self.jws.header_segment().into();
                Ok(Arc::new(ProofKey { header, key, thumbprint: jwk.thumbprint(crypto) }))
            }
        }
    }

    /// The same, and nothing is remembered of it: for a proof that comes with a token of which nothing is known.
    pub(crate) fn check_signature(&self, key: &ProofKey) -> Result<(), Error> {
        let verified = key.key.verify(self.jws.signing_input().as_bytes(), &self.signature);
        verified.map_err(|_| Error::ProofSignature)
    }

    /// RFC 9449 §4.3 (6), R45: under the key in the proof's own header, which is `key`, and no other.
    pub(crate) fn verify_signature(&self, key: &Arc<ProofKey>, keys: &ProofKeyCache) -> Result<(), Error> {
        self.check_signature(key)?;
        if matches!(self.key, Key::New { .. }) {
            // Only now: strangers cannot push the keys of working clients out.
            keys.insert(Arc::clone(key));
        }
        Ok(())
    }
}

/// RFC 9449 §4.3 (3)-(5), (7): what the header must say.
fn parse_key(header: &[u8], profile: &Profile) -> Result<Key, Error> {
    let header = Header::parse(header).map_err(Error::ProofMalformed)?;
    // RFC 9449 §4.3 (4), R43: exactly this value; stricter than RFC 7515 §4.1.9.
    if header.typ() != Some("dpop+jwt") {
        return Err(Error::ProofType);
    }
    // RFC 9449 §4.3 (5), R44: by allow-list, so neither `none` nor a symmetric algorithm can pass.
    let algorithm = Algorithm::from_name(header.alg())
        .filter(|algorithm| profile.proof_algorithms().contains(algorithm))
        .ok_or(Error::ProofAlgorithm)?;
    // RFC 9449 §4.3 (3), (7), R42, R46; kid, jku, x5u and x5c are never looked at (R45).
    let jwk = header.jwk().ok_or(Error::ProofKey(KeyError::Missing))?;
    let jwk = Jwk::from_value(jwk).map_err(Error::ProofKey)?;
    jwk.check_fits(algorithm).map_err(Error::ProofKey)?;
    Ok(Key::New { jwk, algorithm })
}

/// What a proof's claims are held against.
pub(crate) struct ProofContext<'a> {
    pub(crate) request: &'a ResourceRequest<'a>,
    pub(crate) public_url: &'a PublicUrl,
    /// SHA-256 of the presented token.
    pub(crate) token_digest: &'a [u8; 32],
    pub(crate) profile: &'a Profile,
    pub(crate) nonce_policy: NoncePolicy,
    pub(crate) nonces: &'a NonceIssuer,
    /// From when on the replay store has seen every use.
    pub(crate) replay_complete_since: UnixTime,
    pub(crate) now: UnixTime,
}

/// For how long a proof is fresh, and whether its nonce should be replaced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Freshness {
    /// The last moment at which this proof could be accepted.
    pub(crate) accepted_until: UnixTime,
    /// RFC 9449 §8.2: the nonce was accepted, but a newer one should be used next.
    pub(crate) stale_nonce: bool,
}

/// The claims of a proof that are looked at; all others are ignored.
#[derive(Default)]
pub(crate) struct ProofClaims<'a> {
    jti: Option<Value<'a>>,
    htm: Option<Value<'a>>,
    htu: Option<Value<'a>>,
    iat: Option<Value<'a>>,
    exp: Option<Value<'a>>,
    nbf: Option<Value<'a>>,
    nonce: Option<Value<'a>>,
    ath: Option<Value<'a>>,
}

impl<'a> Members<'a> for ProofClaims<'a> {
    fn place(&mut self, name: &str) -> Option<&mut Option<Value<'a>>> {
        Some(match name {
            "jti" => &mut self.jti,
            "htm" => &mut self.htm,
            "htu" => &mut self.htu,
            "iat" => &mut self.iat,
            "exp" => &mut self.exp,
            "nbf" => &mut self.nbf,
            "nonce" => &mut self.nonce,
            "ath" => &mut self.ath,
            _ => return None,
        })
    }
}

impl ProofClaims<'_> {
    /// RFC 9449 §4.3 (8)-(12a): everything but the signature, cheap checks only.
    pub(crate) fn check(&self, context: &ProofContext<'_>) -> Result<Freshness, Error> {
        self.jti(context.profile)?;
        self.check_method(context.request)?;
        self.check_target(context)?;
        // R66: the nonce comes before iat, so that a client with a wrong clock is helped, not refused.
        let freshness = self.check_nonce_and_time(context)?;
        self.check_own_validity(context)?;
        self.check_access_token_hash(context.token_digest)?;
        Ok(freshness)
    }

    /// R42, R61, P5: required, and of bounded length.
    pub(crate) fn jti(&self, profile: &Profile) -> Result<&str, Error> {
        let jti = text(&self.jti, "jti")?;
        if jti.is_empty() || jti.len() > profile.max_jti_bytes() {
            return Err(Error::ProofClaimInvalid("jti"));
        }
        Ok(jti)
    }

    /// RFC 9449 §4.3 (8), R47, P25: methods are case-sensitive (RFC 9110 §9.1).
    fn check_method(&self, request: &ResourceRequest<'_>) -> Result<(), Error> {
        if text(&self.htm, "htm")? == request.method { Ok(()) } else { Err(Error::ProofMethod) }
    }

    /// RFC 9449 §4.3 (9), R48-R50, P28: never skipped.
    fn check_target(&self, context: &ProofContext<'_>) -> Result<(), Error> {
        check_target(context.public_url, context.request.path, text(&self.htu, "htu")?)
            .map_err(Error::ProofTarget)
    }

    /// RFC 9449 §4.3 (10)-(11): the proof is fresh, by the time inside its nonce or by its `iat`.
    fn check_nonce_and_time(&self, context: &ProofContext<'_>) -> Result<Freshness, Error> {
        let issued_at = time(&self.iat, "iat")?.ok_or(Error::ProofClaimMissing("iat"))?;
        match (context.nonce_policy, &self.nonce) {
            (NoncePolicy::Off, _) => check_issued_at(issued_at, context),
            (NoncePolicy::Required | NoncePolicy::WhenNeeded, Some(_)) => self.check_nonce(context),
            // RFC 9449 §11.3, R51: once nonces are in use, a proof without one is never accepted.
            (NoncePolicy::Required, None) => Err(Error::NonceMissing),
            (NoncePolicy::WhenNeeded, None) => check_issued_at(issued_at, context),
        }
    }

    /// RFC 9449 §8, §9, R51-R52, R62: any nonce this server recently supplied; it may be used again and again, and its
    /// time takes the place of `iat`.
    fn check_nonce(&self, context: &ProofContext<'_>) -> Result<Freshness, Error> {
        let nonce = text(&self.nonce, "nonce")?;
        let time = context.nonces.check(nonce, context.now).ok_or(Error::NonceUnknown)?;
        // P14: a proof with an older nonce may have been used before the store began to remember.
        if time.issued_from < context.replay_complete_since {
            return Err(Error::NonceUnknown);
        }
        Ok(Freshness { accepted_until: time.accepted_until, stale_nonce: time.stale })
    }

    /// RFC 7519 §4.1.4-4.1.5, R56: `exp` and `nbf` are not required in a proof, but honoured.
    fn check_own_validity(&self, context: &ProofContext<'_>) -> Result<(), Error> {
        if time(&self.exp, "exp")?.is_some_and(|expires| context.now >= expires) {
            return Err(Error::ProofExpired);
        }
        let latest = context.now.saturating_add(context.profile.max_future());
        if time(&self.nbf, "nbf")?.is_some_and(|not_before| not_before > latest) {
            return Err(Error::ProofNotYetValid);
        }
        Ok(())
    }

    /// RFC 9449 §4.3 (12a), R53, P17
    fn check_access_token_hash(&self, digest: &[u8; 32]) -> Result<(), Error> {
        let ath: [u8; 32] =
            base64url::decode_array(text(&self.ath, "ath")?).ok_or(Error::ProofAccessTokenHash)?;
        if same_hash(&ath, digest) { Ok(()) } else { Err(Error::ProofAccessTokenHash) }
    }
}

fn text<'a>(claim: &'a Option<Value<'_>>, name: &'static str) -> Result<&'a str, Error> {
    let claim = claim.as_ref().ok_or(Error::ProofClaimMissing(name))?;
    claim.as_str().ok_or(Error::ProofClaimInvalid(name))
}

fn time(claim: &Option<Value<'_>>, name: &'static str) -> Result<Option<UnixTime>, Error> {
    let Some(claim) = claim else { return Ok(None) };
    json::numeric_date(claim).map(Some).ok_or(Error::ProofClaimInvalid(name))
}

/// RFC 9449 §4.3 (11), §11.1: recent, hardly ahead, and from a time that the replay store remembers.
fn check_issued_at(issued_at: UnixTime, context: &ProofContext<'_>) -> Result<Freshness, Error> {
    let accepted_until = issued_at.saturating_add(context.profile.proof_max_age());
    if context.now > accepted_until {
        let age = context.now.saturating_since(issued_at);
        return Err(Error::ProofTooOld { age_seconds: age.as_secs() });
    }
    if issued_at > context.now.saturating_add(context.profile.max_future()) {
        let ahead = issued_at.saturating_since(context.now);
        return Err(Error::ProofFromFuture { ahead_seconds: ahead.as_secs() });
    }
    check_remembered(issued_at, context)?;
    Ok(Freshness { accepted_until, stale_nonce: false })
}

/// P14: a proof made before the replay store's memory begins may have been used then.
fn check_remembered(issued_at: UnixTime, context: &ProofContext<'_>) -> Result<(), Error> {
    let since = context.replay_complete_since;
    match context.nonce_policy {
        // A client whose clock is early may have used this proof up to `max_future` before its iat. A nonce settles it.
        NoncePolicy::WhenNeeded if issued_at <= since.saturating_add(context.profile.max_future()) => {
            Err(Error::NonceNeeded)
        }
        // There is no nonce to ask for, and to refuse every proof for `max_future` would be an outage at each start:
        // the proof's own time decides.
        NoncePolicy::Off if issued_at < since => Err(Error::ProofBeforeStart),
        _ => Ok(()),
    }
}

#[cfg(all(test, feature = "aws-lc-rs"))]
mod tests {
    use super::*;
    use crate::crypto::AwsLcProvider;

    /// RFC 9449 figure 12.
    const PROOF: &str = concat!(
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo",
        "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJq",
        "dGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNv",
        "dXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRq",
        "zhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA",
    );

    fn verify(proof: &str, keys: &ProofKeyCache) -> Result<(), Error> {
        let proof = Proof::parse(FieldLines::One(proof.as_bytes()), &Profile::fapi2(), keys)?;
        proof.verify_signature(&proof.key(&AwsLcProvider)?, keys)
    }

    // R45, P29: a stranger who only names a key does not get it remembered, and so pushes out no client's.
    #[test]
    fn a_key_is_remembered_only_when_a_signature_has_verified() {
        let keys = ProofKeyCache::new(KEY_CACHE_CAPACITY);
        let (header, _) = PROOF.split_once('.').unwrap();
        assert_eq!(verify(&PROOF.replace(".2oW9", ".3oW9"), &keys), Err(Error::ProofSignature));
        assert!(keys.get(header).is_none());
        assert_eq!(verify(PROOF, &keys), Ok(()));
        assert!(keys.get(header).is_some());
        // A warm proof is checked like a cold one.
        assert_eq!(verify(&PROOF.replace(".2oW9", ".3oW9"), &keys), Err(Error::ProofSignature));
        assert_eq!(verify(PROOF, &keys), Ok(()));
    }
}
