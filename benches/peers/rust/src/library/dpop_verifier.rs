//! dpop-verifier for the proof, jsonwebtoken for the token. What joins them is the application's, here as there: the
//! replay store, and the comparison of `cnf.jkt` with the thumbprint that the proof yields.

use std::collections::HashSet;
use std::error::Error;

use async_trait::async_trait;
use dpop_verifier::{DpopError, ReplayContext, ReplayStore};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

use crate::data::{Data, Request, Setting};
use crate::library::poll_once;
use crate::peer::{Peer, Refusal, first_key};

pub struct DpopVerifier {
    setting: Setting,
    key: DecodingKey,
    validation: Validation,
    verifier: dpop_verifier::DpopVerifier,
}

#[derive(Default)]
pub struct SeenHashes(HashSet<[u8; 32]>);

#[async_trait]
impl ReplayStore for SeenHashes {
    async fn insert_once(&mut self, jti_hash: [u8; 32], _: ReplayContext<'_>) -> Result<bool, DpopError> {
        Ok(self.0.insert(jti_hash))
    }
}

#[derive(Deserialize)]
struct Claims {
    cnf: Confirmation,
}

#[derive(Deserialize)]
struct Confirmation {
    jkt: String,
}

impl DpopVerifier {
    pub fn new(data: &Data) -> Result<Self, Box<dyn Error>> {
        let jwk = serde_json::from_value(first_key(&data.setting.jwks)?)?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[&data.setting.issuer]);
        validation.set_audience(&[&data.setting.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        Ok(Self {
            setting: data.setting.clone(),
            key: DecodingKey::from_jwk(&jwk)?,
            validation,
            verifier: dpop_verifier::DpopVerifier::new(),
        })
    }
}

impl Peer for DpopVerifier {
    type Server = SeenHashes;
    type Input = (String, String);

    fn server(&self) -> Result<SeenHashes, Box<dyn Error>> {
        Ok(SeenHashes::default())
    }

    /// Neither library reads header fields.
    fn input(&self, request: &Request) -> Option<Self::Input> {
        Some((request.token.clone(), request.proof.clone()?))
    }

    fn verify(&self, seen: &mut SeenHashes, (token, proof): &Self::Input) -> Result<(), Refusal> {
        let decoded =
            decode::<Claims>(token, &self.key, &self.validation).map_err(|error| error.to_string())?;
        let Setting { url, method, .. } = &self.setting;
        let verified = poll_once(self.verifier.verify(seen, proof, url, method, Some(token)));
        let verified = verified.ok_or("it waits")?.map_err(|error| error.to_string())?;
        if verified.jkt == decoded.claims.cnf.jkt { Ok(()) } else { Err("cnf.jkt".to_owned()) }
    }
}
