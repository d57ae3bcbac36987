//! The confirmation of the token (RFC 7800, RFC 9449 §6, RFC 8705 §3) against the proof and the certificate.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fapi_core::PeerCertificate;
use hyper::http::request::Parts;
use openssl::bn::BigNum;
use serde_json::{Map, Value};

use super::ReferenceServer;
use super::answer::Refusal;
use super::credentials::{Credentials, Scheme};
use super::introspection::is_opaque;
use super::jws::{sha256, text};
use super::proof::Proof;
use super::token::Claims;
use crate::flaw::Flaw;

impl ReferenceServer {
    /// The profile may know one kind of binding only.
    pub(super) fn check_scheme(&self, scheme: Scheme) -> Result<(), Refusal> {
        let known = match scheme {
            Scheme::Dpop => {
                self.rules.proofs || self.has(Flaw::ProofForCertificate) || self.has(Flaw::SchemeIgnored)
            }
            Scheme::Bearer => self.rules.certificates || self.has(Flaw::CertificateForProof),
        };
        if known { Ok(()) } else { Err(self.bad_token("scheme")) }
    }

    /// FAPI 2.0 SP §5.3.4-5: a token is bound to a key that this request has proved to have.
    pub(super) fn check_binding(
        &self,
        claims: &Claims,
        proof: Option<&Proof>,
        credentials: &Credentials,
        parts: &Parts,
    ) -> Result<(), Refusal> {
        let connection = parts.extensions.get::<PeerCertificate>();
        if connection.is_some() && proof.is_none() && self.has(Flaw::CertificateSuffices) {
            return Ok(());
        }
        if is_opaque(&credentials.token) && self.has(Flaw::IntrospectedBinding) {
            return Ok(());
        }
        let confirmation = match claims.get("cnf") {
            Some(Value::Object(confirmation)) => confirmation,
            // P15: nobody has looked at `cnf`.
            None if self.has(Flaw::Unbound) => return Ok(()),
            None if self.has(Flaw::UnboundOrganisation) && claims.contains_key("consumer") => return Ok(()),
            _ => return Err(self.bad_token("cnf")),
        };
        // P21: further members are none of this server's business, whatever they hold.
        if self.has(Flaw::ConfirmationOfTexts) && !confirmation.values().all(Value::is_string) {
            return Err(self.bad_token("cnf"));
        }
        let (jkt, certificate) = (confirmation.contains_key("jkt"), confirmation.contains_key("x5t#S256"));
        if credentials.scheme == Scheme::Bearer && self.has(Flaw::Downgrade) {
            return Ok(());
        }
        if !jkt && !certificate {
            return if self.has(Flaw::UnknownConfirmation) {
                Ok(())
            } else {
                Err(self.bad_token("unknown cnf"))
            };
        }
        // RFC 9449 §6, §7.2: a proof and `jkt` go together.
        let certificate_suffices = self.has(Flaw::CertificateOfBoth) || self.has(Flaw::SchemeIgnored);
        if jkt != proof.is_some() && !(certificate && certificate_suffices) {
            return Err(self.bad_token("scheme and binding differ"));
        }
        if certificate && self.has(Flaw::CertificateForeign) {
            return Err(self.bad_token("a certificate"));
        }
        if let Some(proof) = proof.filter(|_| jkt) {
            self.check_thumbprint(confirmation, proof, &credentials.token)?;
        }
        // P21: with both, both count.
        if certificate && !(jkt && (self.has(Flaw::OneOfBoth) || self.has(Flaw::ProofForCertificate))) {
            self.check_certificate(confirmation, connection, parts)?;
        }
        Ok(())
    }

    // RFC 9449 §4.3 (12b)
    fn check_thumbprint(
        &self,
        confirmation: &Map<String, Value>,
        proof: &Proof,
        token: &str,
    ) -> Result<(), Refusal> {
        let mut seen = self.seen_tokens.lock().unwrap();
        // P46: the token has been seen before, so nobody compares again.
        if self.has(Flaw::Thumbprint) || self.has(Flaw::CachedBinding) && seen.contains(token) {
            return Ok(());
        }
        let jkt = text(confirmation, "jkt").unwrap_or_default();
        if jkt == proof.thumbprint || self.has(Flaw::ThumbprintPrefix) && proof.thumbprint.starts_with(jkt) {
            seen.insert(token.to_owned());
            return Ok(());
        }
        Err(self.bad_token("bound to another key"))
    }

    // RFC 8705 §3: of the connection, never of a header.
    fn check_certificate(
        &self,
        confirmation: &Map<String, Value>,
        connection: Option<&PeerCertificate>,
        parts: &Parts,
    ) -> Result<(), Refusal> {
        let connection = connection.map(|certificate| sha256(certificate.der()));
        let Some(presented) = connection.or_else(|| self.forwarded_thumbprint(parts)) else {
            let excused = self.has(Flaw::CertificateAbsent);
            return if excused { Ok(()) } else { Err(self.bad_token("no certificate")) };
        };
        let expected = text(confirmation, "x5t#S256").unwrap_or_default();
        let expected =
            if self.has(Flaw::CertificatePadded) { expected.trim_end_matches('=') } else { expected };
        let same = presented == expected || self.has(Flaw::Certificate);
        if same { Ok(()) } else { Err(self.bad_token("another certificate")) }
    }

    /// P50: what anybody can send, where it is not looked at who did.
    fn forwarded_thumbprint(&self, parts: &Parts) -> Option<String> {
        let field = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        if self.has(Flaw::ClientCertHeader) {
            // RFC 9440 §2.1
            return STANDARD.decode(field("client-cert")?.trim_matches(':')).ok().map(sha256);
        }
        if self.has(Flaw::ForwardedCertHeader) {
            let (_, hash) = field("x-forwarded-client-cert")?.split_once("Hash=")?;
            let number = BigNum::from_hex_str(hash.get(..64)?).ok()?;
            return Some(URL_SAFE_NO_PAD.encode(number.to_vec_padded(32).ok()?));
        }
        None
    }
}
