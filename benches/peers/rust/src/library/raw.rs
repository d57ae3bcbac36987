//! The floor: aws-lc-rs verifies the signature of the proof; key and signature are decoded before.

use std::error::Error;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::data::{Data, Request};
use crate::peer::{Peer, Refusal};

pub struct Raw(ParsedPublicKey);

impl Raw {
    pub fn new(data: &Data) -> Result<Self, Box<dyn Error>> {
        let coordinate = |name: &str| -> Result<Vec<u8>, Box<dyn Error>> {
            let text = data.setting.client_jwk.get(name).and_then(|value| value.as_str());
            Ok(BASE64_URL_SAFE_NO_PAD.decode(text.ok_or("a key without coordinates")?)?)
        };
        // SEC 1 §2.3.3: an uncompressed point.
        let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
        Ok(Self(ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)?))
    }
}

impl Peer for Raw {
    type Server = ();
    type Input = (String, Vec<u8>);

    fn server(&self) -> Result<(), Box<dyn Error>> {
        Ok(())
    }

    fn input(&self, request: &Request) -> Option<Self::Input> {
        let (input, signature) = request.proof.as_deref()?.rsplit_once('.')?;
        Some((input.to_owned(), BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?))
    }

    fn verify(&self, (): &mut (), (input, signature): &Self::Input) -> Result<(), Refusal> {
        self.0.verify_sig(input.as_bytes(), signature).map_err(|error| error.to_string())
    }
}
