//! Signatures, with OpenSSL: which algorithms count, which keys, and which forms of a signature (RFC 7518 §3, RFC 8037).

use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::memcmp;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer, Verifier};
use serde_json::{Map, Value};

use super::ReferenceServer;
use super::jws::{Jws, Kind, bytes, sha256, text};
use crate::flaw::Flaw;

/// The `y` coordinates of the points of small order on the curve of Ed25519 that are in canonical form, little-endian,
/// without the bit of the sign (RFC 8032 §5.1): 0, 1, -1 and the two of order 8.
const SMALL_ORDER: [&str; 5] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
];

impl ReferenceServer {
    /// Whether `jwk` verifies the signature of `jws` with the algorithm that its header names.
    pub(super) fn verifies(&self, jws: &Jws, jwk: &Map<String, Value>, kind: Kind) -> bool {
        let Some(algorithm) = text(&jws.header, "alg") else { return false };
        if !self.allows_algorithm(algorithm, kind) {
            return false;
        }
        if algorithm == "none" || jws.signature.is_empty() && self.has(Flaw::EmptySignature) {
            return true;
        }
        if algorithm == "HS256" {
            return hmac_secret(jwk).is_some_and(|secret| verifies_hmac(&secret, jws));
        }
        let Some(key) = self.public_key(algorithm, jwk) else { return false };
        self.verifies_with(algorithm, &key, jws).unwrap_or(false)
    }

    // FAPI 2.0 SP §5.4.1-1
    fn allows_algorithm(&self, algorithm: &str, kind: Kind) -> bool {
        let listed = match kind {
            Kind::Token => self.rules.token_algorithms,
            Kind::Proof => self.rules.proof_algorithms,
        };
        if kind == Kind::Token && (self.has(Flaw::OneAlgorithm) || self.has(Flaw::OneRsaAlgorithm)) {
            return listed.first() == Some(&algorithm);
        }
        match algorithm {
            _ if listed.contains(&algorithm) => true,
            "ES256" | "ES384" | "EdDSA" | "PS256" | "RS512"
                if kind == Kind::Token && self.has(Flaw::AnyAlgorithm) =>
            {
                true
            }
            "RS256" if kind == Kind::Token => self.has(Flaw::TokenRs256),
            "RS256" => self.has(Flaw::ProofRs256),
            "ES384" => self.has(Flaw::Es384),
            "HS256" if kind == Kind::Token => {
                self.has(Flaw::AlgorithmConfusion) || self.has(Flaw::SymmetricKey)
            }
            "HS256" => self.has(Flaw::ProofHs256),
            "none" if kind == Kind::Token => self.has(Flaw::TokenAlgNone),
            "none" => self.has(Flaw::ProofAlgNone),
            _ => false,
        }
    }

    fn verifies_with(&self, algorithm: &str, key: &PKey<Public>, jws: &Jws) -> Option<bool> {
        let (input, signature) = (jws.input.as_bytes(), &*jws.signature);
        match algorithm {
            "ES256" => self.verifies_ecdsa(key, MessageDigest::sha256(), 64, input, signature),
            "ES384" => self.verifies_ecdsa(key, MessageDigest::sha384(), 96, input, signature),
            "ES512" => self.verifies_ecdsa(key, MessageDigest::sha512(), 132, input, signature),
            "EdDSA" | "Ed25519" => {
                Verifier::new_without_digest(key).ok()?.verify_oneshot(signature, input).ok()
            }
            "RS256" | "RS384" | "RS512" => {
                Verifier::new(hash_of(algorithm), key).ok()?.verify_oneshot(signature, input).ok()
            }
            _ => self.verifies_pss(key, hash_of(algorithm), input, signature),
        }
    }

    // RFC 7518 §3.4: r and s, each of its full length.
    fn verifies_ecdsa(
        &self,
        key: &PKey<Public>,
        hash: MessageDigest,
        length: usize,
        input: &[u8],
        signature: &[u8],
    ) -> Option<bool> {
        // R175: OpenSSL refuses zeros; the flaw is that of arithmetic which does not.
        if self.has(Flaw::ZeroSignature) && signature.iter().all(|byte| *byte == 0) {
            return Some(true);
        }
        let signature = match EcdsaSig::from_der(signature) {
            Ok(signature) if self.has(Flaw::DerSignature) => signature,
            _ if signature.len() != length => return Some(false),
            _ => {
                let (r, s) = signature.split_at(length / 2);
                let number = |bytes| BigNum::from_slice(bytes).ok();
                EcdsaSig::from_private_components(number(r)?, number(s)?).ok()?
            }
        };
        let digest = openssl::hash::hash(hash, input).ok()?;
        signature.verify(&digest, &*key.ec_key().ok()?).ok()
    }

    // RFC 7518 §3.5
    fn verifies_pss(
        &self,
        key: &PKey<Public>,
        hash: MessageDigest,
        input: &[u8],
        signature: &[u8],
    ) -> Option<bool> {
        let mut verifier = Verifier::new(hash, key).ok()?;
        verifier.set_rsa_padding(Padding::PKCS1_PSS).ok()?;
        verifier.set_rsa_mgf1_md(hash).ok()?;
        // The maximum stands for any length when it comes to verifying.
        let any = self.has(Flaw::PssSalt);
        let salt = if any { RsaPssSaltlen::MAXIMUM_LENGTH } else { RsaPssSaltlen::DIGEST_LENGTH };
        verifier.set_rsa_pss_saltlen(salt).ok()?;
        verifier.verify_oneshot(signature, input).ok()
    }

    /// The key of a JWK, if it fits the algorithm and is strong and well-formed (R8, R68, R70).
    fn public_key(&self, algorithm: &str, jwk: &Map<String, Value>) -> Option<PKey<Public>> {
        match (algorithm, text(jwk, "kty")?, text(jwk, "crv")) {
            ("ES256", "EC", Some("P-256")) => self.ec_key(Nid::X9_62_PRIME256V1, 32, jwk),
            ("ES384", "EC", Some("P-384")) => self.ec_key(Nid::SECP384R1, 48, jwk),
            ("ES512", "EC", Some("P-521")) => self.ec_key(Nid::SECP521R1, 66, jwk),
            ("EdDSA" | "Ed25519", "OKP", Some("Ed25519")) => self.ed25519_key(jwk),
            (_, "RSA", None) if algorithm.starts_with("PS") || algorithm.starts_with("RS") => {
                self.rsa_key(jwk)
            }
            _ => None,
        }
    }

    // RFC 7518 §6.2.1.2: coordinates have their full length. OpenSSL checks that the point is on the curve.
    fn ec_key(&self, curve: Nid, length: usize, jwk: &Map<String, Value>) -> Option<PKey<Public>> {
        let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
        if !self.has(Flaw::CanonicalJwk) && (x.len() != length || y.len() != length) {
            return None;
        }
        let group = EcGroup::from_curve_name(curve).ok()?;
        let number = |bytes: Vec<u8>| BigNum::from_slice(&bytes).ok();
        let key = EcKey::from_public_key_affine_coordinates(&group, &*number(x)?, &*number(y)?).ok()?;
        PKey::from_ec_key(key).ok()
    }

    fn ed25519_key(&self, jwk: &Map<String, Value>) -> Option<PKey<Public>> {
        let mut x = bytes(jwk, "x")?;
        let key = PKey::public_key_from_raw_bytes(&x, Id::ED25519).ok()?;
        // R70, P30: without the bit of the sign.
        *x.last_mut()? &= 0x7f;
        let hex: String = x.iter().map(|byte| format!("{byte:02x}")).collect();
        (self.has(Flaw::SmallOrderKey) || !SMALL_ORDER.contains(&&*hex)).then_some(key)
    }

    // FAPI 2.0 SP §5.4.1-2
    fn rsa_key(&self, jwk: &Map<String, Value>) -> Option<PKey<Public>> {
        let (n, e) = (bytes(jwk, "n")?, bytes(jwk, "e")?);
        let leading_zero = [&n, &e].iter().any(|number| number.first() == Some(&0));
        if leading_zero && !self.has(Flaw::CanonicalJwk) {
            return None;
        }
        let number = |bytes: &[u8]| BigNum::from_slice(bytes).ok();
        let (n, e) = (number(&n)?, number(&e)?);
        let bits = n.num_bits();
        if bits > 8192 && !self.has(Flaw::HugeRsa) || bits < 2048 && !self.has(Flaw::WeakRsa) {
            return None;
        }
        let exponent_ok = e.is_odd() && e.num_bits() >= 2 && e.num_bits() <= 32;
        if !exponent_ok && !self.has(Flaw::RsaExponent) {
            return None;
        }
        PKey::from_rsa(Rsa::from_public_components(n, e).ok()?).ok()
    }
}

/// RFC 7518 §3.3, §3.5
fn hash_of(algorithm: &str) -> MessageDigest {
    match algorithm {
        "RS384" | "PS384" => MessageDigest::sha384(),
        "RS512" | "PS512" => MessageDigest::sha512(),
        _ => MessageDigest::sha256(),
    }
}

/// RFC 7638 §3.2: the required members in lexicographic order.
pub(super) fn thumbprint(jwk: &Map<String, Value>) -> Option<String> {
    let members: &[&str] = match text(jwk, "kty")? {
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "RSA" => &["e", "kty", "n"],
        "oct" => &["k", "kty"],
        _ => return None,
    };
    let members: Option<Vec<String>> =
        members.iter().map(|name| Some(format!("{name:?}:{}", jwk.get(*name)?))).collect();
    Some(sha256(format!("{{{}}}", members?.join(","))))
}

/// What a confused verifier takes for a secret: the key of an `oct` JWK, or the PEM of a public key.
fn hmac_secret(jwk: &Map<String, Value>) -> Option<Vec<u8>> {
    if text(jwk, "kty") == Some("oct") {
        return bytes(jwk, "k");
    }
    let number = |name| BigNum::from_slice(&bytes(jwk, name)?).ok();
    Rsa::from_public_components(number("n")?, number("e")?).ok()?.public_key_to_pem().ok()
}

fn verifies_hmac(secret: &[u8], jws: &Jws) -> bool {
    let mac = PKey::hmac(secret).and_then(|key| {
        Signer::new(MessageDigest::sha256(), &key)?.sign_oneshot_to_vec(jws.input.as_bytes())
    });
    mac.is_ok_and(|mac| mac.len() == jws.signature.len() && memcmp::eq(&mac, &jws.signature))
}
