//! JWT access tokens (RFC 9068 §4, RFC 8725): from text to verified facts, in three steps that cannot be reordered.
//!
//! `UnverifiedToken::parse` reads the text and checks what needs no key; its issuer may be looked at only to choose the
//! key set. `verify_signature` is the only way on to [`TokenFacts`]. Whose keys those are, and when they are fetched, is
//! decided in `issuer/`; to whom the token is bound, in `confirmation.rs`.

use crate::error::Error;
use crate::issuer::KeySet;
use crate::jose::json::Object;
use crate::jose::{Algorithm, CompactJws, Header};
use crate::profile::Profile;
use crate::token::claims::Claims;
use crate::token::encrypted::is_encrypted;

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
        // RFC 9068 §4, R95: none was agreed; or it is one inside of another, which nobody signed.
        if is_encrypted(text) {
            return Err(Error::TokenEncrypted);
        }
        let jws = CompactJws::parse(text).map_err(Error::TokenMalformed)?;
        let header = jws.decode_header().map_err(Error::TokenMalformed)?;
        let payload = jws.decode_payload().map_err(Error::TokenMalformed)?;
        let signature = jws.decode_signature().map_err(Error::TokenMalformed)?;
        // R106: jku, x5u, x5c and jwk in the header are never looked at.
        let header = Header::parse(&header).map_err(Error::TokenMalformed)?;
        check_type(header.typ(), profile)?;
        // RFC 8725 §3.1, SP 5.4.1-1, R7, R99: by allow-list, case-sensitively.
        let algorithm = Algorithm::from_name(header.alg())
            .filter(|algorithm| profile.token_algorithms().contains(algorithm))
            .ok_or(Error::TokenAlgorithm)?;
        Ok(Self { jws, algorithm, key_id: header.kid().map(Into::into), payload, signature })
    }

    pub(crate) fn claims(&self) -> Result<Claims<'_>, Error> {
        Object::parse(&self.payload).map(Claims::new).map_err(Error::TokenMalformed)
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
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

/// RFC 9068 §4, R90, P33: `at+jwt`, or what else the profile names; in any case (RFC 7515 §4.1.9).
fn check_type(typ: Option<&str>, profile: &Profile) -> Result<(), Error> {
    if profile.accepts_token_type(typ) { Ok(()) } else { Err(Error::TokenType) }
}
