//! The DPoP proof (RFC 9449 §4.3): everything about it but its binding to the token.

use hyper::http::request::Parts;
use serde_json::{Map, Value};

use super::ReferenceServer;
use super::answer::Refusal;
use super::credentials::Credentials;
use super::jws::{Jws, Kind, sha256, text};
use super::signature::thumbprint;
use super::time::{Clock, numeric_date};
use crate::flaw::Flaw;

/// How old a proof may be, in seconds.
const MAX_AGE: f64 = 60.0;

/// How far ahead of this server's clock the client's may be, in seconds.
pub(super) const SKEW: f64 = 30.0;

/// The longest `jti` that is remembered, in bytes.
const MAX_JTI: usize = 256;

/// The members of a JWK that are private (RFC 7518 §6.2.2, §6.3.2, §6.4).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A proof and its key, of which nothing is known yet but that they can be read.
pub(super) struct Proof {
    jws: Jws,
    jwk: Map<String, Value>,
    pub(super) thumbprint: String,
    pub(super) jti: String,
}

impl Proof {
    pub(super) fn nonce(&self) -> Option<String> {
        text(&self.jws.claims, "nonce").map(str::to_owned)
    }
}

impl ReferenceServer {
    pub(super) fn parse_proof(&self, parts: &Parts) -> Result<Proof, Refusal> {
        let field = self.proof_field(parts)?;
        let jws = self.parse_jws(&field, Kind::Proof).map_err(|log| self.bad_proof(log))?;
        self.check_proof_type(&jws.header)?;
        let jwk = self.proof_key(&jws.header)?;
        let thumbprint = thumbprint(&jwk).ok_or_else(|| self.bad_proof("no thumbprint"))?;
        let jti = self.jti(&jws)?;
        self.suspect_proof(&jws, &jwk)?;
        Ok(Proof { jws, jwk, thumbprint, jti })
    }

    pub(super) fn check_proof(
        &self,
        proof: &Proof,
        parts: &Parts,
        credentials: &Credentials,
        clock: Clock,
    ) -> Result<(), Refusal> {
        let claims = &proof.jws.claims;
        // R66: before the times, so that a client with a wrong clock is told of the nonce.
        self.check_nonce(text(claims, "nonce"))?;
        self.check_proof_claims(claims, parts, credentials)?;
        self.check_proof_times(claims, clock)?;
        // RFC 9449 §4.3 (6)
        if !self.verifies(&proof.jws, &proof.jwk, Kind::Proof) && !self.has(Flaw::ProofSignature) {
            return Err(self.bad_proof("signature"));
        }
        Ok(())
    }

    pub(super) fn bad_proof(&self, log: impl Into<String>) -> Refusal {
        Refusal::InvalidProof { log: log.into() }
    }

    // RFC 9449 §4.3 (1), (2): exactly one, and no list.
    fn proof_field(&self, parts: &Parts) -> Result<String, Refusal> {
        let mut fields = parts.headers.get_all("dpop").iter();
        let first = fields.next().ok_or_else(|| self.bad_proof("no proof"))?;
        if fields.next().is_some() && !self.has(Flaw::FirstProof) {
            return Err(self.bad_proof("two proofs"));
        }
        let text = first.to_str().map_err(|_| self.bad_proof("not text"))?;
        let text = if self.has(Flaw::ProofList) { text.split(',').next().unwrap_or_default() } else { text };
        Ok(text.to_owned())
    }

    // RFC 9449 §4.3 (4)
    fn check_proof_type(&self, header: &Map<String, Value>) -> Result<(), Refusal> {
        if self.has(Flaw::ProofTyp) {
            return Ok(());
        }
        match header.get("typ") {
            Some(Value::String(typ)) if typ == "dpop+jwt" => Ok(()),
            Some(Value::String(typ)) if self.has(Flaw::ProofTypPrefix) && typ.starts_with("dpop+jwt") => {
                Ok(())
            }
            Some(typ) if self.has(Flaw::ProofTypCrash) && !typ.is_string() => Err(Refusal::Crash),
            None if self.has(Flaw::ProofTypAbsent) => Ok(()),
            _ => Err(self.bad_proof("typ")),
        }
    }

    // RFC 9449 §4.3 (7)
    fn proof_key(&self, header: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
        let Some(Value::Object(jwk)) = header.get("jwk") else { return Err(self.bad_proof("no jwk")) };
        let private = PRIVATE.iter().any(|member| jwk.contains_key(*member));
        // The secret of an HMAC is the key itself.
        let symmetric = text(jwk, "kty") == Some("oct") && self.has(Flaw::ProofHs256);
        if private && !symmetric && !self.has(Flaw::PrivateJwk) {
            return Err(self.bad_proof("a private key"));
        }
        if text(jwk, "use").is_some_and(|it| it != "sig") && !self.has(Flaw::ProofKeyUse) {
            return Err(self.bad_proof("use of the key"));
        }
        Ok(jwk.clone())
    }

    fn check_proof_claims(
        &self,
        claims: &Map<String, Value>,
        parts: &Parts,
        credentials: &Credentials,
    ) -> Result<(), Refusal> {
        let holds = |claim: Option<&str>, optional: Flaw, check: &dyn Fn(&str) -> bool| match claim {
            Some(value) => check(value),
            None => self.has(optional),
        };
        if !holds(text(claims, "htm"), Flaw::HtmAbsent, &|htm| self.is_method(htm, parts)) {
            return Err(self.bad_proof("htm"));
        }
        if !holds(text(claims, "htu"), Flaw::HtuAbsent, &|htu| self.is_target(htu, parts)) {
            return Err(self.bad_proof("htu"));
        }
        // RFC 9449 §4.3 (12a)
        let hash = sha256(&credentials.token);
        let is_hash = |ath: &str| {
            let ath = if self.has(Flaw::AthPadded) { ath.trim_end_matches('=') } else { ath };
            ath == hash || self.has(Flaw::Ath)
        };
        if !holds(text(claims, "ath"), Flaw::AthAbsent, &is_hash) {
            return Err(self.bad_proof("ath"));
        }
        self.check_extensions(claims)
    }

    // RFC 9449 §4.3 (11), and RFC 7519 §4.1.4-5 for proofs that bring their own limits.
    fn check_proof_times(&self, claims: &Map<String, Value>, clock: Clock) -> Result<(), Refusal> {
        if self.has(Flaw::WrappingAge)
            && let Some(iat) = claims.get("iat").and_then(Value::as_i64)
        {
            let now = clock.now as i64;
            let fresh = now.wrapping_sub(iat) <= 60 && iat <= now + 30;
            return if fresh { Ok(()) } else { Err(self.bad_proof("stale")) };
        }
        let Some(iat) = claims.get("iat").and_then(|iat| numeric_date(iat, self.has(Flaw::TimesAsText)))
        else {
            return if self.has(Flaw::IatAbsent) { Ok(()) } else { Err(self.bad_proof("iat")) };
        };
        let (max_age, skew) = self.proof_window(clock);
        if clock.now - iat > max_age && !self.has(Flaw::ProofAge) {
            return Err(self.bad_proof("stale"));
        }
        if iat - clock.now > skew && !self.has(Flaw::ProofFuture) {
            return Err(self.bad_proof("of the future"));
        }
        self.check_limits_of_proof(claims, clock)
    }

    /// How old and how far ahead a proof may be.
    fn proof_window(&self, clock: Clock) -> (f64, f64) {
        if self.has(Flaw::NoSkew) {
            return (MAX_AGE, 0.0);
        }
        if self.has(Flaw::SmallSkew) {
            return (MAX_AGE, 3.0);
        }
        if self.has(Flaw::ShortAge) {
            return (3.0, SKEW);
        }
        if self.has(Flaw::HourWindow) {
            return (3700.0, SKEW);
        }
        // P3: `skew *= 2` on every request.
        let growth = if self.has(Flaw::GrowingSkew) { 2_f64.powf(clock.requests) } else { 1.0 };
        (MAX_AGE * growth, SKEW * growth)
    }

    fn check_limits_of_proof(&self, claims: &Map<String, Value>, clock: Clock) -> Result<(), Refusal> {
        let time = |name| claims.get(name).map(|time| numeric_date(time, false));
        let expired = time("exp").is_some_and(|exp| exp.is_none_or(|exp| clock.now > exp));
        if expired && !self.has(Flaw::ProofExp) {
            return Err(self.bad_proof("exp"));
        }
        let early = time("nbf").is_some_and(|nbf| nbf.is_none_or(|nbf| clock.now + SKEW < nbf));
        if early && !self.has(Flaw::ProofNbf) {
            return Err(self.bad_proof("nbf"));
        }
        Ok(())
    }

    // RFC 9449 §4.2, R55: what a proof holds beyond that is nobody's business.
    fn check_extensions(&self, claims: &Map<String, Value>) -> Result<(), Refusal> {
        let known = ["jti", "htm", "htu", "iat", "ath", "nonce", "exp", "nbf"];
        if self.has(Flaw::NoExtensions) && claims.keys().any(|name| !known.contains(&&**name)) {
            return Err(self.bad_proof("unknown claim"));
        }
        Ok(())
    }

    fn jti(&self, jws: &Jws) -> Result<String, Refusal> {
        match text(&jws.claims, "jti") {
            Some("") if !self.has(Flaw::JtiEmpty) => Err(self.bad_proof("empty jti")),
            // RFC 9449 §11.1
            Some(jti) if jti.len() > MAX_JTI => Err(self.bad_proof("long jti")),
            Some(jti) => Ok(jti.to_owned()),
            // P5: nothing to remember, so every such proof is a new one.
            None if self.has(Flaw::JtiAbsent) => Ok(self.unique()),
            None => Err(self.bad_proof("no jti")),
        }
    }
}
