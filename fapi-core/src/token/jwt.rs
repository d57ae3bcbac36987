//! JWT access tokens (RFC 9068 §4, RFC 8725): from text to verified facts, in three steps that cannot be reordered.
//!
//! `UnverifiedToken::parse` reads the text and checks what needs no key; its issuer may be looked at only to choose the
//! key set. `verify_signature` is the only way on to [`TokenFacts`]. Whose keys those are, and when they are fetched, is
//! decided in `issuer/`; to whom the token is bound, in `confirmation.rs`.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::UnixTime;
use crate::confirmation::Confirmation;
use crate::error::Error;
use crate::issuer::KeySet;
use crate::jose::json::{self, Object, Value};
use crate::jose::{Algorithm, CompactJws, Header};
use crate::profile::Profile;
use crate::token::{ClientId, Scope, Subject, TokenFacts};

/// A well-formed token of an accepted type and algorithm. Nothing in it is proved.
pub(crate) struct UnverifiedToken<'a> {
    jws: CompactJws<'a>,
    algorithm: Algorithm,
    key_id: Option<Box<str>>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> UnverifiedToken<'a> {
    pub(crate) fn parse(text: &'a str, profile: &Profile) -> Result<Self, Error> {
        // RFC 9068 §4, R95: five parts are a JWE; a successful decryption would prove nothing about the sender.
        if text.split('.').count() == 5 {
            return Err(Error::TokenEncrypted);
        }
        let jws = CompactJws::parse(text).map_err(Error::TokenMalformed)?;
        let header = jws.decode_header().map_err(Error::TokenMalformed)?;
        let payload = jws.decode_payload().map_err(Error::TokenMalformed)?;
        let signature = jws.decode_signature().map_err(Error::TokenMalformed)?;
        // R106: jku, x5u, x5c and jwk in the header are never looked at.
        let header = Header::parse(&header).map_err(Error::TokenMalformed)?;
        check_type(header.typ())?;
        // RFC 8725 §3.1, SP 5.4.1-1, R7, R99: by allow-list, case-sensitively.
        let algorithm = Algorithm::from_name(header.alg())
            .filter(|algorithm| profile.token_algorithms().contains(algorithm))
            .ok_or(Error::TokenAlgorithm)?;
        Ok(Self { jws, algorithm, key_id: header.kid().map(Into::into), payload, signature })
    }

    pub(crate) fn claims(&self) -> Result<Claims<'_>, Error> {
        Object::parse(&self.payload).map(Claims).map_err(Error::TokenMalformed)
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub(crate) fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// RFC 9068 §4, R93, R104: under a key of this issuer, and no other.
    pub(crate) fn verify_signature(&self, keys: &KeySet) -> Result<(), Error> {
        let mut result = Err(Error::TokenKeyUnknown);
        for key in keys.candidates(self.key_id(), self.algorithm) {
            match key.verify(self.jws.signing_input().as_bytes(), &self.signature) {
                Ok(()) => return Ok(()),
                Err(_) => result = Err(Error::TokenSignature),
            }
        }
        result
    }
}

/// RFC 9068 §4, R90, P33: `at+jwt`, with or without `application/`, in any case (RFC 7515 §4.1.9).
fn check_type(typ: Option<&str>) -> Result<(), Error> {
    match typ {
        Some(typ) if typ.eq_ignore_ascii_case("at+jwt") => Ok(()),
        Some(typ) if typ.eq_ignore_ascii_case("application/at+jwt") => Ok(()),
        _ => Err(Error::TokenType),
    }
}

/// The claims of a token, by name.
pub(crate) struct Claims<'a>(Object<'a>);

impl Claims<'_> {
    /// The unverified `iss`: good for choosing a key set by exact match, and for nothing else (R104).
    pub(crate) fn issuer(&self) -> Result<&str, Error> {
        self.text("iss")
    }

    /// Reads every registered claim. The caller has chosen `issuer` by exact match of `iss` (R91).
    pub(crate) fn facts(&self, issuer: &Arc<str>, key_id: Option<&str>) -> Result<TokenFacts, Error> {
        Ok(TokenFacts {
            issuer: Arc::clone(issuer),
            // RFC 9068 §2.2, R96: all of these are required.
            subject: Subject::new(self.text("sub")?),
            client_id: ClientId::new(self.text("client_id")?),
            audience: self.audience()?,
            scope: self.scope()?,
            token_id: self.text("jti")?.into(),
            issued_at: self.time("iat")?.ok_or(Error::TokenClaimMissing("iat"))?,
            not_before: self.time("nbf")?,
            expires_at: self.time("exp")?.ok_or(Error::TokenClaimMissing("exp"))?,
            confirmation: Confirmation::parse(self.0.get("cnf"))?,
            key_id: key_id.map(Into::into),
        })
    }

    fn text(&self, name: &'static str) -> Result<&str, Error> {
        let claim = self.0.get(name).ok_or(Error::TokenClaimMissing(name))?;
        claim.as_str().filter(|text| !text.is_empty()).ok_or(Error::TokenClaimInvalid(name))
    }

    /// R98, P1: a JSON number, possibly fractional.
    fn time(&self, name: &'static str) -> Result<Option<UnixTime>, Error> {
        let Some(claim) = self.0.get(name) else { return Ok(None) };
        json::numeric_date(claim).map(Some).ok_or(Error::TokenClaimInvalid(name))
    }

    fn audience(&self) -> Result<Vec<Box<str>>, Error> {
        // RFC 7519 §4.1.3, R92: a string or an array of strings; anything else, or nothing, is refused.
        let claim = self.0.get("aud").ok_or(Error::TokenClaimMissing("aud"))?;
        let audience: Option<Vec<Box<str>>> = match claim {
            Value::String(one) => Some(vec![Cow::as_ref(one).into()]),
            Value::Array(items) => items.iter().map(|item| item.as_str().map(Into::into)).collect(),
            _ => None,
        };
        audience.filter(|audience| !audience.is_empty()).ok_or(Error::TokenClaimInvalid("aud"))
    }

    fn scope(&self) -> Result<Scope, Error> {
        match self.0.get("scope") {
            None => Ok(Scope::default()),
            Some(claim) => Scope::from_claim(claim).ok_or(Error::TokenClaimInvalid("scope")),
        }
    }
}

/// RFC 9068 §4, R23, R92, R105: one of our identifiers, exactly; no prefix or substring counts.
pub(crate) fn check_audience(facts: &TokenFacts, audiences: &[String]) -> Result<(), Error> {
    if facts.audience().any(|own| audiences.iter().any(|accepted| accepted == own)) {
        Ok(())
    } else {
        Err(Error::TokenAudience)
    }
}

/// What changes with time: checked on every request, cached token or not (P46).
pub(crate) fn check_times(facts: &TokenFacts, now: UnixTime, profile: &Profile) -> Result<(), Error> {
    // RFC 9068 §4, R94, P2: the current time must be before exp; leeway lengthens a token's life, never shortens it.
    let end = facts.expires_at.saturating_add(profile.expiry_leeway());
    if now >= end {
        return Err(Error::TokenExpired { ago_seconds: now.saturating_since(facts.expires_at).as_secs() });
    }
    // R15: a server clock that is ahead by some seconds must not turn a new token away.
    let latest = now.saturating_add(profile.max_future());
    if let Some(not_before) = facts.not_before.filter(|not_before| *not_before > latest) {
        return Err(Error::TokenNotYetValid { ahead_seconds: ahead(not_before, now) });
    }
    if facts.issued_at > latest {
        return Err(Error::TokenFromFuture { ahead_seconds: ahead(facts.issued_at, now) });
    }
    Ok(())
}

fn ahead(time: UnixTime, now: UnixTime) -> u64 {
    time.saturating_since(now).saturating_add(Duration::from_millis(999)).as_secs()
}
