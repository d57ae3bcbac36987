//! What all JWTs of the kit have in common before they are signed: a header, claims, and a key that may be replaced.

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
    flipped_signature: bool,
}

impl UnsignedJwt {
    pub(crate) fn new(key: SigningKey, typ: &str) -> Self {
        let mut jwt = Self {
            header: Map::new(),
            claims: Map::new(),
            raw_header: None,
            raw_payload: None,
            key,
            flipped_signature: false,
        };
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

    pub(crate) fn flip_signature(&mut self) {
        self.flipped_signature = true;
    }

    /// The claims as the payload has them; nothing if the payload is not a JSON object.
    pub(crate) fn into_claims(self) -> Option<Map<String, Value>> {
        match self.raw_payload {
            Some(payload) => serde_json::from_slice(&payload).ok(),
            None => Some(self.claims),
        }
    }

    pub(crate) fn sign(self) -> String {
        let key = self.key.clone();
        let flipped = self.flipped_signature;
        let jws = self.sign_with(|input| key.signature(input));
        if flipped { flip_signature(&jws) } else { jws }
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

/// The setters that every builder of a JWT has, for a builder with the field `jwt: UnsignedJwt`.
macro_rules! jwt_setters {
    ($builder:ident) => {
        impl $builder {
            /// Sets any claim to any value.
            pub fn claim(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
                self.jwt.set_claim(name, value);
                self
            }

            /// Leaves out a claim.
            pub fn without_claim(mut self, name: &str) -> Self {
                self.jwt.remove_claim(name);
                self
            }

            /// Sets any header parameter to any value.
            pub fn header(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
                self.jwt.set_header(name, value);
                self
            }

            /// Leaves out a header parameter.
            pub fn without_header(mut self, name: &str) -> Self {
                self.jwt.remove_header(name);
                self
            }

            /// Replaces all claims by these bytes: for duplicate members and payloads that are not JSON.
            pub fn raw_payload(mut self, payload: impl Into<Vec<u8>>) -> Self {
                self.jwt.set_raw_payload(payload);
                self
            }

            /// Changes the text of the JSON header, after all other changes to it: for duplicate members and escapes.
            pub fn edit_header(mut self, edit: impl FnOnce(String) -> String) -> Self {
                self.jwt.edit_header(edit);
                self
            }

            /// Changes the text of the JSON payload, after all other changes to it: for duplicate members and numbers
            /// that JSON values cannot hold.
            pub fn edit_payload(mut self, edit: impl FnOnce(String) -> String) -> Self {
                self.jwt.edit_payload(edit);
                self
            }

            /// Signs with another key; the header, its `alg` and its `kid` or `jwk` stay as they are.
            pub fn signed_by(mut self, key: &crate::key::SigningKey) -> Self {
                self.jwt.set_key(key);
                self
            }

            /// Flips one bit of the signature.
            pub fn with_flipped_signature(mut self) -> Self {
                self.jwt.flip_signature();
                self
            }

            /// The JWT in compact form.
            #[must_use]
            pub fn sign(self) -> String {
                self.jwt.sign()
            }

            /// The JWT with whatever `signature` makes of the signing input (RFC 7515 §5.1).
            #[must_use]
            pub fn sign_with(self, signature: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
                self.jwt.sign_with(signature)
            }
        }
    };
}
pub(crate) use jwt_setters;
