//! skyauth: its verifier of proofs and its validator of tokens, in the order of its own tower layer: the proof, the
//! token, and then the replay cache. `ath` is asked for as that layer does by default.

use std::error::Error;

use skyauth::{DPoPVerifier, JwkEc, JwtAccessTokenValidator, compute_access_token_hash};

use crate::data::{Data, Request, Setting};
use crate::peer::{Peer, Refusal, first_key};

pub struct Skyauth {
    setting: Setting,
    validator: JwtAccessTokenValidator,
}

impl Skyauth {
    pub fn new(data: &Data) -> Result<Self, Box<dyn Error>> {
        let jwk = first_key(&data.setting.jwks)?;
        let kid = jwk.get("kid").and_then(|kid| kid.as_str()).unwrap_or_default().to_owned();
        let key: JwkEc = serde_json::from_value(jwk)?;
        let validator = JwtAccessTokenValidator::new()
            .with_trusted_key(kid, key.to_verifying_key()?)
            .with_expected_issuer(&data.setting.issuer)
            .with_expected_audience(&data.setting.audience);
        Ok(Self { setting: data.setting.clone(), validator })
    }
}

impl Peer for Skyauth {
    type Server = DPoPVerifier;
    type Input = (String, String);

    fn server(&self) -> Result<DPoPVerifier, Box<dyn Error>> {
        Ok(DPoPVerifier::new())
    }

    /// These parts of it read no header fields.
    fn input(&self, request: &Request) -> Option<Self::Input> {
        Some((request.token.clone(), request.proof.clone()?))
    }

    fn verify(&self, verifier: &mut DPoPVerifier, (token, proof): &Self::Input) -> Result<(), Refusal> {
        let Setting { url, method, .. } = &self.setting;
        let ath = compute_access_token_hash(token);
        let verified = verifier.verify_proof_deferred(proof, method, url, None, Some(&ath), None);
        let (_, jwk, admission) = verified.map_err(|error| error.to_string())?;
        let user = self.validator.verify_token_sync(token, &jwk.thumbprint());
        user.map_err(|error| error.to_string())?;
        verifier.commit_replay_admission(&admission).map_err(|error| error.to_string())
    }
}
