//! What token and proof have in common before they are signed: a header, claims, and a key that may be replaced.

use serde_json::{Map, Value};

use crate::encoding::{base64url, from_base64url};
use crate::key::SigningKey;

/// A JWT before it is signed.
#[derive(Clone, Debug)]
pub(crate) struct UnsignedJwt {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    raw_payload: Option<Vec<u8>>,
    key: SigningKey,
}

impl UnsignedJwt {
    pub(crate) fn new(key: SigningKey, typ: &str) -> Self {
        let mut jwt = Self { header: Map::new(), claims: Map::new(), raw_payload: None, key };
        jwt.set_header("typ", typ);
        jwt.set_header("alg", jwt.key.algorithm().name());
        jwt
    }

    pub(crate) fn set_header(&mut self, name: &str, value: impl Into<Value>) {
        self.header.insert(name.to_owned(), value.into());
    }

    pub(crate) fn remove_header(&mut self, name: &str) {
        self.header.remove(name);
    }

    pub(crate) fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    pub(crate) fn set_claim(&mut self, name: &str, value: impl Into<Value>) {
        self.claims.insert(name.to_owned(), value.into());
    }

    pub(crate) fn remove_claim(&mut self, name: &str) {
        self.claims.remove(name);
    }

    pub(crate) fn set_raw_payload(&mut self, payload: impl Into<Vec<u8>>) {
        self.raw_payload = Some(payload.into());
    }

    pub(crate) fn set_key(&mut self, key: &SigningKey) {
        self.key = key.clone();
    }

    pub(crate) fn sign(self) -> String {
        let claims = Value::Object(self.claims).to_string();
        let payload = self.raw_payload.unwrap_or_else(|| claims.into_bytes());
        self.key.sign(&Value::Object(self.header), &payload)
    }
}

/// The same JWS with one bit of the signature flipped. The first bit: the last ones may be unused bits of base64url.
pub(crate) fn flip_signature(jws: &str) -> String {
    let (input, signature) = jws.rsplit_once('.').expect("a compact JWS has a signature");
    let mut signature = from_base64url(signature).expect("a signature is base64url");
    if let Some(first) = signature.first_mut() {
        *first ^= 0x80;
    }
    format!("{input}.{}", base64url(signature))
}
