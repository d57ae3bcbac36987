//! What token and proof have in common before they are signed: a header, claims, and a key that may be replaced.

use serde_json::{Map, Value};

use crate::encoding::{base64url, from_base64url};
use crate::key::SigningKey;

/// A JWT before it is signed.
#[derive(Clone, Debug)]
pub(crate) struct UnsignedJwt {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    raw_header: Option<Vec<u8>>,
    raw_payload: Option<Vec<u8>>,
    key: SigningKey,
}

impl UnsignedJwt {
    pub(crate) fn new(key: SigningKey, typ: &str) -> Self {
        let mut jwt =
            Self { header: Map::new(), claims: Map::new(), raw_header: None, raw_payload: None, key };
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

    pub(crate) fn edit_header(&mut self, edit: impl FnOnce(String) -> String) {
        self.raw_header = Some(edit(text(&self.header)).into_bytes());
    }

    pub(crate) fn edit_payload(&mut self, edit: impl FnOnce(String) -> String) {
        self.raw_payload = Some(edit(text(&self.claims)).into_bytes());
    }

    pub(crate) fn set_key(&mut self, key: &SigningKey) {
        self.key = key.clone();
    }

    pub(crate) fn sign(self) -> String {
        let key = self.key.clone();
        self.sign_with(|input| key.signature(input))
    }

    /// Over the signing input (RFC 7515 §5.1), `signature` may return anything.
    pub(crate) fn sign_with(self, signature: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
        let header = self.raw_header.unwrap_or_else(|| text(&self.header).into_bytes());
        let payload = self.raw_payload.unwrap_or_else(|| text(&self.claims).into_bytes());
        let input = format!("{}.{}", base64url(header), base64url(payload));
        let signature = signature(input.as_bytes());
        format!("{input}.{}", base64url(signature))
    }
}

fn text(members: &Map<String, Value>) -> String {
    Value::Object(members.clone()).to_string()
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
