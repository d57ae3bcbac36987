//! The registered claims of an access token: which must be there, and of which form (RFC 9068 §2.2, R96).
//!
//! The same for a JWT's payload and for an introspection answer (RFC 7662 §2.2). Which claims may be absent is the
//! profile's decision, as [`ClaimRules`]; who vouches for the claims is decided in `jwt.rs` and `introspection.rs`.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::UnixTime;
use crate::confirmation::Confirmation;
use crate::error::Error;
use crate::jose::json::{self, Object, Value};
use crate::profile::Profile;
use crate::token::authorization_details::AuthorizationDetails;
use crate::token::{ClientId, Scope, StatusReference, Subject, TokenFacts};

/// The longest `uri` of a status list, in bytes: as for every URL that is taken from an issuer.
const MAX_STATUS_URI_BYTES: usize = 2048;

/// Which claims that RFC 9068 §2.2 requires may be absent; none of them by default. `exp` and `client_id` never may.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct ClaimRules {
    /// An absent `sub` is the client itself, as RFC 9068 §2.2 has it for grants without a user.
    pub(crate) subject_optional: bool,
    pub(crate) token_id_optional: bool,
    pub(crate) issued_at_optional: bool,
    /// An absent `aud` is accepted; one that is there must still name this API.
    pub(crate) audience_optional: bool,
}

/// The claims of a token, by name.
pub(crate) struct Claims<'a>(Object<'a>);

impl<'a> Claims<'a> {
    pub(crate) fn new(claims: Object<'a>) -> Self {
        Self(claims)
    }

    /// The unverified `iss`: good for choosing a key set by exact match, and for nothing else (R104).
    pub(crate) fn issuer(&self) -> Result<&str, Error> {
        self.text("iss")
    }

    /// Reads every registered claim. The caller has chosen `issuer` by exact match of `iss` (R91).
    pub(crate) fn facts(
        &self,
        issuer: &Arc<str>,
        key_id: Option<&str>,
        rules: ClaimRules,
    ) -> Result<TokenFacts, Error> {
        // RFC 9068 §2.2, R96: all of these are required, unless the profile says otherwise.
        let client_id = ClientId::new(self.text("client_id")?);
        let subject = self.unless(rules.subject_optional, self.optional_text("sub")?, "sub")?;
        let token_id = self.unless(rules.token_id_optional, self.optional_text("jti")?, "jti")?;
        Ok(TokenFacts {
            issuer: Arc::clone(issuer),
            subject: Subject::new(subject.unwrap_or(client_id.as_str())),
            client_id,
            audience: self.unless(rules.audience_optional, self.audience()?, "aud")?.unwrap_or_default(),
            scope: self.scope()?,
            token_id: token_id.map(Into::into),
            session_id: self.optional_text("sid")?.map(Into::into),
            issued_at: self.unless(rules.issued_at_optional, self.time("iat")?, "iat")?,
            not_before: self.time("nbf")?,
            expires_at: self.time("exp")?.ok_or(Error::TokenClaimMissing("exp"))?,
            authenticated_at: self.time("auth_time")?,
            acr: self.optional_text("acr")?.map(Into::into),
            authorization_details: AuthorizationDetails::parse(self.0.get("authorization_details"))?,
            confirmation: Confirmation::parse(self.0.get("cnf"))?,
            status: self.status()?,
            key_id: key_id.map(Into::into),
        })
    }

    fn unless<T>(&self, optional: bool, claim: Option<T>, name: &'static str) -> Result<Option<T>, Error> {
        if claim.is_some() || optional { Ok(claim) } else { Err(Error::TokenClaimMissing(name)) }
    }

    fn text(&self, name: &'static str) -> Result<&str, Error> {
        self.optional_text(name)?.ok_or(Error::TokenClaimMissing(name))
    }

    pub(super) fn optional_text(&self, name: &'static str) -> Result<Option<&str>, Error> {
        let Some(claim) = self.0.get(name) else { return Ok(None) };
        claim.as_str().filter(|text| !text.is_empty()).map(Some).ok_or(Error::TokenClaimInvalid(name))
    }

    /// R98, P1: a JSON number, possibly fractional.
    fn time(&self, name: &'static str) -> Result<Option<UnixTime>, Error> {
        let Some(claim) = self.0.get(name) else { return Ok(None) };
        json::numeric_date(claim).map(Some).ok_or(Error::TokenClaimInvalid(name))
    }

    fn audience(&self) -> Result<Option<Vec<Box<str>>>, Error> {
        // RFC 7519 §4.1.3, R92: a string or an array of strings, and not an empty one.
        let Some(claim) = self.0.get("aud") else { return Ok(None) };
        let audience: Option<Vec<Box<str>>> = match claim {
            Value::String(one) => Some(vec![Cow::as_ref(one).into()]),
            Value::Array(items) => items.iter().map(|item| item.as_str().map(Into::into)).collect(),
            _ => None,
        };
        audience.filter(|audience| !audience.is_empty()).map(Some).ok_or(Error::TokenClaimInvalid("aud"))
    }

    /// Token Status List draft-20 §6.2: `status.status_list` with `idx` and `uri`; another kind of status is not
    /// known here and is left alone.
    fn status(&self) -> Result<Option<StatusReference>, Error> {
        let invalid = Error::TokenClaimInvalid("status");
        let Some(status) = self.0.get("status") else { return Ok(None) };
        let Some(list) = status.as_object().ok_or(invalid.clone())?.get("status_list") else {
            return Ok(None);
        };
        let list = list.as_object().ok_or(invalid.clone())?;
        let uri = list.get("uri").and_then(Value::as_str).filter(|uri| uri.len() <= MAX_STATUS_URI_BYTES);
        let index = list.get("idx").and_then(json::unsigned);
        uri.zip(index).map(|(uri, index)| Some(StatusReference { uri: uri.into(), index })).ok_or(invalid)
    }

    fn scope(&self) -> Result<Scope, Error> {
        match self.0.get("scope") {
            None => Ok(Scope::default()),
            Some(claim) => Scope::from_claim(claim).ok_or(Error::TokenClaimInvalid("scope")),
        }
    }
}

/// RFC 9068 §4, R23, R92, R105: one of our identifiers, exactly; no prefix or substring counts.
pub(crate) fn check_audience(
    facts: &TokenFacts,
    audiences: &[String],
    profile: &Profile,
) -> Result<(), Error> {
    // Only a profile whose issuers name no audience lets it be absent.
    if facts.audience.is_empty() {
        return Ok(());
    }
    // Stricter than RFC 9068, where the profile says so: a token for several APIs can be passed on by any of them.
    if profile.single_audience() && facts.audience.len() > 1 {
        return Err(Error::TokenAudienceShared);
    }
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
    if let Some(issued_at) = facts.issued_at.filter(|issued_at| *issued_at > latest) {
        return Err(Error::TokenFromFuture { ahead_seconds: ahead(issued_at, now) });
    }
    Ok(())
}

fn ahead(time: UnixTime, now: UnixTime) -> u64 {
    time.saturating_since(now).saturating_add(Duration::from_millis(999)).as_secs()
}
