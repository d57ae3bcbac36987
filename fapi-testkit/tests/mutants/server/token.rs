//! The access token (RFC 9068 §4): type, issuer, audience, times, signature.

use serde_json::{Map, Value};

use super::ReferenceServer;
use super::answer::Refusal;
use super::introspection::is_opaque;
use super::jws::{Jws, Kind, text};
use super::proof::SKEW;
use super::time::{Clock, numeric_date};
use crate::flaw::Flaw;

/// The claims that RFC 9068 §2.2 requires, without the times.
const REQUIRED: [&str; 4] = ["iss", "sub", "client_id", "jti"];

pub(super) type Claims = Map<String, Value>;

impl ReferenceServer {
    pub(super) async fn verify_token(&self, token: &str, clock: Clock) -> Result<Claims, Refusal> {
        if self.asks && is_opaque(token) {
            return self.introspected(token, clock).await;
        }
        let jws = self.parse_jws(token, Kind::Token).map_err(|log| self.bad_token(log))?;
        self.check_token_type(&jws)?;
        self.check_issuer(&jws.claims)?;
        if !self.has(Flaw::TokenSignature) {
            let key = self.signing_key(&jws).await.ok_or_else(|| self.no_key())?;
            if !self.verifies(&jws, &key, Kind::Token) {
                return Err(self.bad_token("signature"));
            }
        }
        self.check_required(&jws.claims)?;
        self.check_audience(&jws.claims)?;
        self.check_token_times(&jws.claims, clock)?;
        self.suspect_token(&jws)?;
        if self.asks {
            self.check_status(&jws.claims, clock).await?;
            self.check_session(&jws.claims)?;
        }
        Ok(jws.claims)
    }

    pub(super) fn bad_token(&self, log: impl Into<String>) -> Refusal {
        Refusal::InvalidToken { log: log.into() }
    }

    // P38: a `kid` that nobody has published is a wrong token like any other.
    fn no_key(&self) -> Refusal {
        if self.has(Flaw::UnknownKidCrash) { Refusal::Crash } else { self.bad_token("no key") }
    }

    // RFC 9068 §4, RFC 7515 §4.1.9: a media type, in any case, with or without `application/`.
    fn check_token_type(&self, jws: &Jws) -> Result<(), Refusal> {
        let exact = self.has(Flaw::TokenTypExact);
        match jws.header.get("typ") {
            _ if self.has(Flaw::TokenTyp) => Ok(()),
            Some(Value::String(typ)) if typ == "at+jwt" => Ok(()),
            Some(Value::String(typ)) if !exact && self.is_token_type(typ) => Ok(()),
            Some(typ) if self.has(Flaw::TokenTypCrash) && !typ.is_string() => Err(Refusal::Crash),
            None if self.rules.untyped && !self.has(Flaw::TypOwed) => Ok(()),
            None if self.has(Flaw::TokenTypAbsent) => Ok(()),
            _ => Err(self.bad_token("typ")),
        }
    }

    fn is_token_type(&self, typ: &str) -> bool {
        let typ = typ.to_ascii_lowercase();
        let typ = typ.strip_prefix("application/").unwrap_or(&typ);
        typ == "at+jwt" || typ == "jwt" && self.rules.jwt_type && !self.has(Flaw::JwtTypeRefused)
    }

    // RFC 9068 §4: exactly.
    pub(super) fn check_issuer(&self, claims: &Claims) -> Result<(), Refusal> {
        let iss = text(claims, "iss").unwrap_or_default();
        let same = iss == self.issuer
            || self.has(Flaw::Issuer)
            || self.has(Flaw::IssuerPrefix) && iss.starts_with(&self.issuer)
            || self.has(Flaw::IssuerSlash) && iss.trim_end_matches('/') == self.issuer;
        if same { Ok(()) } else { Err(self.bad_token("iss")) }
    }

    fn check_required(&self, claims: &Claims) -> Result<(), Refusal> {
        let subject_optional = self.rules.subject_optional && !self.has(Flaw::SubjectOwed);
        let mut required =
            REQUIRED.iter().filter(|name| **name != "sub" || !subject_optional || claims.contains_key("sub"));
        let missing = required.any(|name| text(claims, name).is_none());
        if missing && !self.has(Flaw::RequiredClaims) {
            Err(self.bad_token("a claim is missing"))
        } else {
            Ok(())
        }
    }

    // RFC 9068 §4: contains this API.
    pub(super) fn check_audience(&self, claims: &Claims) -> Result<(), Refusal> {
        let own = |audience: &str| {
            audience == self.audience
                || self.has(Flaw::Audience)
                || self.has(Flaw::AudiencePrefix) && audience.starts_with(&self.audience)
                || self.has(Flaw::AudienceBeginning) && self.audience.starts_with(audience)
                || self.has(Flaw::AudienceWords) && audience.split(' ').any(|word| word == self.audience)
        };
        let is_own = match claims.get("aud") {
            None if self.rules.audience_optional && !self.has(Flaw::AudienceOwed) => true,
            None => self.has(Flaw::AudienceAbsent) || self.has(Flaw::Audience),
            Some(Value::String(audience)) => own(audience),
            Some(Value::Array(_)) if self.has(Flaw::AudienceText) => false,
            Some(Value::Array(audiences)) if self.has(Flaw::AudienceFirst) => {
                audiences.first().and_then(Value::as_str).is_some_and(own)
            }
            Some(Value::Array(audiences))
                if audiences.len() > 1 && self.rules.single_audience && !self.has(Flaw::SeveralAudiences) =>
            {
                false
            }
            // RFC 7519 §4.1.3: an array of texts, and nothing else.
            Some(Value::Array(audiences)) => {
                (audiences.is_empty() && self.has(Flaw::AudienceEmpty))
                    || audiences.iter().any(|audience| audience.as_str().is_some_and(own))
            }
            _ => false,
        };
        if is_own { Ok(()) } else { Err(self.bad_token("aud")) }
    }

    pub(super) fn check_token_times(&self, claims: &Claims, clock: Clock) -> Result<(), Refusal> {
        let also_text = self.has(Flaw::TimesAsText);
        let time = |name: &str| claims.get(name).map(|time| numeric_date(time, also_text));
        let expired = match time("exp") {
            None => !self.has(Flaw::ExpAbsent),
            // P2: the leeway lengthens the life of a token.
            Some(Some(exp)) if self.has(Flaw::LeewayBackwards) => clock.now + SKEW >= exp,
            Some(Some(exp)) if self.has(Flaw::LongLeeway) => clock.now >= exp + 300.0,
            Some(exp) => exp.is_none_or(|exp| clock.now >= exp + SKEW / 3.0),
        };
        if expired && !self.has(Flaw::Exp) {
            return Err(self.bad_token("exp"));
        }
        let early = time("nbf").is_some_and(|nbf| nbf.is_none_or(|nbf| clock.now + SKEW < nbf));
        if early && !self.has(Flaw::Nbf) {
            return Err(self.bad_token("nbf"));
        }
        let issued_later = match time("iat") {
            None => !self.has(Flaw::RequiredClaims),
            Some(iat) => iat.is_none_or(|iat| clock.now + SKEW < iat),
        };
        if issued_later && !self.has(Flaw::TokenFuture) { Err(self.bad_token("iat")) } else { Ok(()) }
    }
}
