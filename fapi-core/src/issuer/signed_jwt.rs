//! A JWT that an issuer signs and that is no access token: verified under the keys of that issuer alone (RFC 8725 §3.8).
//!
//! Decides form, `typ`, algorithm, key and signature, with the same key set and the same refresh as for access tokens
//! (R104, R118). What the claims must say is decided by whoever asked for the JWT.

use std::sync::Arc;

use thiserror::Error as ThisError;

use super::jwks::KeySet;
use super::keys::IssuerKeys;
use crate::clock::UnixTime;
use crate::jose::{Algorithm, CompactJws, Header, JoseError};

/// Why a JWT of an issuer is not accepted, in words for the operator.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
pub(crate) enum SignedJwtError {
    #[error("it is not a well-formed JWT: {0}")]
    Malformed(JoseError),
    #[error("its typ is not the one that was asked for")]
    Type,
    #[error("its alg is not one of the accepted token algorithms; register one of them for it at the issuer")]
    Algorithm,
    #[error("the issuer publishes no usable key with its kid and alg")]
    KeyUnknown,
    #[error("its signature does not verify")]
    Signature,
    #[error("the issuer's keys could not be loaded")]
    KeysUnavailable,
}

/// A well-formed JWT of the asked type and an accepted algorithm. Nothing in it is proved.
pub(crate) struct SignedJwt<'a> {
    jws: CompactJws<'a>,
    algorithm: Algorithm,
    key_id: Option<Box<str>>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> SignedJwt<'a> {
    pub(crate) fn parse(text: &'a str, typ: &str, algorithms: &[Algorithm]) -> Result<Self, SignedJwtError> {
        let jws = CompactJws::parse(text).map_err(SignedJwtError::Malformed)?;
        let header = jws.decode_header().map_err(SignedJwtError::Malformed)?;
        let payload = jws.decode_payload().map_err(SignedJwtError::Malformed)?;
        let signature = jws.decode_signature().map_err(SignedJwtError::Malformed)?;
        let header = Header::parse(&header).map_err(SignedJwtError::Malformed)?;
        if !header.typ().is_some_and(|own| is_type(own, typ)) {
            return Err(SignedJwtError::Type);
        }
        // RFC 8725 §3.1, R99: by allow-list, case-sensitively.
        let algorithm = Algorithm::from_name(header.alg())
            .filter(|algorithm| algorithms.contains(algorithm))
            .ok_or(SignedJwtError::Algorithm)?;
        Ok(Self { jws, algorithm, key_id: header.kid().map(Into::into), payload, signature })
    }

    /// The payload, of which nothing is proved: good for a better error, and for nothing else.
    pub(crate) fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload, once the signature has verified under a key of the issuer; one fetch settles whether there is a newer
    /// key (R118). Who sends such a JWT is known, or was asked for it: unlike a request, it may wait for that.
    pub(crate) async fn verify(
        self,
        keys: &Arc<IssuerKeys>,
        now: UnixTime,
    ) -> Result<Vec<u8>, SignedJwtError> {
        let current = keys.obtain(now).await.map_err(|_| SignedJwtError::KeysUnavailable)?;
        let error = match self.check(&current) {
            Ok(()) => return Ok(self.payload),
            Err(error) => error,
        };
        // Also where the key is known: another may have taken its place. No stranger has sent this, so that nothing is held
        // against the name of a key.
        match keys.refresh(now).await {
            Ok(newer) if Arc::ptr_eq(&newer, &current) => Err(error),
            Ok(newer) => self.check(&newer).map(|()| self.payload),
            Err(_) if error == SignedJwtError::KeyUnknown => Err(SignedJwtError::KeysUnavailable),
            Err(_) => Err(error),
        }
    }

    fn check(&self, keys: &KeySet) -> Result<(), SignedJwtError> {
        let mut result = Err(SignedJwtError::KeyUnknown);
        for key in keys.candidates(self.key_id.as_deref(), self.algorithm) {
            match key.verify(self.jws.signing_input().as_bytes(), &self.signature) {
                Ok(()) => return Ok(()),
                Err(_) => result = Err(SignedJwtError::Signature),
            }
        }
        result
    }
}

/// RFC 7515 §4.1.9: in any case, with or without `application/`.
fn is_type(own: &str, typ: &str) -> bool {
    const PREFIX: &str = "application/";
    let prefix = own.get(..PREFIX.len()).filter(|prefix| prefix.eq_ignore_ascii_case(PREFIX));
    let short = prefix.and_then(|prefix| own.get(prefix.len()..)).unwrap_or(own);
    short.eq_ignore_ascii_case(typ)
}
