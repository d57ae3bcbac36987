//! The floor: the signature verifications that the same proofs need at least.

use std::sync::Arc;

use fapi_core::crypto::{AwsLcProvider, CryptoProvider, VerifyingKey};
use fapi_core::jose::{CompactJws, Jwk};
use fapi_testkit::TestClient;

use crate::Call;

/// Signature verifications of the provider and nothing else: the key is prepared, the signatures are decoded.
#[derive(Debug)]
pub struct RawVerification {
    key: Arc<dyn VerifyingKey>,
    signed: Vec<(String, Vec<u8>)>,
    next: usize,
}

impl RawVerification {
    /// The verifications of the proofs in `calls`, all of them made by `client`.
    ///
    /// # Panics
    /// If there are no calls, or one of them has no proof.
    #[must_use]
    pub fn of(client: &TestClient, calls: &[Call]) -> Self {
        let algorithm = client.key().algorithm();
        let jwk = Jwk::parse(client.key().public_jwk().to_string().as_bytes()).expect("a public key");
        let key = AwsLcProvider.verifying_key(&jwk, algorithm).expect("a key of its algorithm");
        let signed: Vec<_> = calls.iter().map(|call| signed(call.proof().expect("a proof"))).collect();
        assert!(!signed.is_empty(), "a raw verification needs a proof");
        // Far from where the calls begin: a processor that has just seen a signature foresees its branches.
        let next = signed.len() / 2;
        Self { key, signed, next }
    }

    /// Copies of this many messages and signatures: the next ones, and the first ones again when all were taken.
    pub fn take(&mut self, count: usize) -> Vec<(String, Vec<u8>)> {
        let taken = self.signed.iter().cycle().skip(self.next).take(count).cloned().collect();
        self.next = (self.next + count) % self.signed.len();
        taken
    }

    /// Verifies these signatures.
    ///
    /// # Panics
    /// If one does not verify.
    pub fn verify(&self, signed: &[(String, Vec<u8>)]) {
        for (message, signature) in signed {
            assert!(self.key.verify(message.as_bytes(), signature).is_ok(), "a signature does not verify");
        }
    }
}

/// What is signed, and the signature.
fn signed(proof: &str) -> (String, Vec<u8>) {
    let jws = CompactJws::parse(proof).expect("a proof is a JWS");
    (jws.signing_input().to_owned(), jws.decode_signature().expect("a proof has a signature"))
}
