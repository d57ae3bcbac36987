//! Signatures and keys that a signer refuses to make: wrong parameters, wrong encodings, wrong sizes.
//!
//! A forgery is right in everything else. A weak key really signs, so that only a check of its size can refuse it.

use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sha::sha256;
use openssl::sign::{RsaPssSaltlen, Signer};
use serde_json::{Value, json};

use crate::encoding::{base64url, from_base64url};

/// The order of P-256, big-endian (FIPS 186).
const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/// An RSA key pair of any size.
#[derive(Clone, Debug)]
pub(super) struct RsaKey(Rsa<Private>);

impl RsaKey {
    pub(super) fn generate(bits: u32) -> Self {
        Self(Rsa::generate(bits).expect("OpenSSL generates an RSA key"))
    }

    pub(super) fn public_jwk(&self) -> Value {
        json!({"kty": "RSA", "n": base64url(self.0.n().to_vec()), "e": base64url(self.0.e().to_vec())})
    }

    pub(super) fn private_jwk(&self) -> Value {
        let encode = |number: Option<&openssl::bn::BigNumRef>| {
            base64url(number.expect("a generated key has all its members").to_vec())
        };
        json!({
            "kty": "RSA", "n": base64url(self.0.n().to_vec()), "e": base64url(self.0.e().to_vec()),
            "d": base64url(self.0.d().to_vec()), "p": encode(self.0.p()), "q": encode(self.0.q()),
            "dp": encode(self.0.dmp1()), "dq": encode(self.0.dmq1()), "qi": encode(self.0.iqmp()),
        })
    }

    /// RSASSA-PSS with this hash and salt length, in bytes.
    pub(super) fn sign_pss(&self, input: &[u8], hash: MessageDigest, salt: i32) -> Vec<u8> {
        let key = PKey::from_rsa(self.0.clone()).expect("an RSA key is a key");
        let mut signer = Signer::new(hash, &key).expect("an RSA key can sign");
        signer.set_rsa_padding(Padding::PKCS1_PSS).expect("PSS is a padding of RSA");
        signer.set_rsa_pss_saltlen(RsaPssSaltlen::custom(salt)).expect("a salt that fits the key");
        signer.set_rsa_mgf1_md(hash).expect("a hash for MGF1");
        signer.sign_oneshot_to_vec(input).expect("an RSA key can sign")
    }

    /// RSASSA-PKCS1-v1_5 with this hash: RS256 and its kin.
    pub(super) fn sign_pkcs1(&self, input: &[u8], hash: MessageDigest) -> Vec<u8> {
        let key = PKey::from_rsa(self.0.clone()).expect("an RSA key is a key");
        let mut signer = Signer::new(hash, &key).expect("an RSA key can sign");
        signer.sign_oneshot_to_vec(input).expect("an RSA key can sign")
    }

    /// The public key in PEM, as it stands in files that programs take for a secret (RFC 8725 §2.1).
    pub(super) fn public_pem(&self) -> Vec<u8> {
        self.0.public_key_to_pem().expect("an RSA key has a PEM form")
    }
}

/// HMAC with SHA-256: HS256.
pub(super) fn hmac(secret: &[u8], input: &[u8]) -> Vec<u8> {
    let key = PKey::hmac(secret).expect("any bytes are an HMAC key");
    let mut signer = Signer::new(MessageDigest::sha256(), &key).expect("an HMAC key can sign");
    signer.sign_oneshot_to_vec(input).expect("an HMAC key can sign")
}

/// The same ES256 signature in DER, where RFC 7518 §3.4 has `r` and `s` one after the other.
pub(super) fn in_der(jws: &str) -> String {
    let signature = signature_of(jws);
    let (r, s) = signature.split_at(signature.len() / 2);
    let number = |bytes| BigNum::from_slice(bytes).expect("bytes are a number");
    let signature = EcdsaSig::from_private_components(number(r), number(s)).expect("two numbers");
    with_signature(jws, &signature.to_der().expect("a signature has a DER form"))
}

/// The same signature with the order of the curve as `r`, which a verifier must not reduce to zero (RFC 7518 §3.4).
pub(super) fn with_order_as_r(jws: &str) -> String {
    let order = BigNum::from_hex_str(P256_ORDER).expect("a number in hex").to_vec();
    let signature = signature_of(jws);
    with_signature(jws, &[&order, signature.get(32..).unwrap_or_default()].concat())
}

/// The same JWS with other bytes as its signature.
pub(super) fn with_signature(jws: &str, signature: &[u8]) -> String {
    let (input, _) = jws.rsplit_once('.').expect("a compact JWS has a signature");
    format!("{input}.{}", base64url(signature))
}

/// The bytes of the signature.
pub(super) fn signature_of(jws: &str) -> Vec<u8> {
    let (_, signature) = jws.rsplit_once('.').expect("a compact JWS has a signature");
    from_base64url(signature).expect("a signature is base64url")
}

/// The same JWS, the signature's last character replaced by one that decodes to the same bytes (RFC 4648 §3.5).
pub(super) fn with_trailing_bits(jws: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = jws.as_bytes().to_vec();
    if let Some(last) = text.last_mut() {
        let value = ALPHABET.iter().position(|character| character == last).unwrap_or_default();
        // A 64 byte signature leaves four unused bits: any of them will do.
        *last = ALPHABET.get(value ^ 1).copied().unwrap_or(b'B');
    }
    String::from_utf8(text).expect("base64url is text")
}

/// A JWS whose signature is written in base64 with `+` and `/`. It is signed until there is something to replace.
pub(super) fn in_standard_base64(sign: impl Fn() -> String) -> String {
    let signed = std::iter::repeat_with(sign).take(100);
    let mut parts = signed.filter_map(|jws| jws.rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())));
    let (input, signature) =
        parts.find(|(_, signature)| signature.contains(['-', '_'])).expect("one of a hundred signatures");
    format!("{input}.{}", signature.replace('-', "+").replace('_', "/"))
}

/// EMSA-PSS of `input` for a modulus of so many bits (RFC 8017 §9.1.1), with SHA-256 and a salt of zeros: under the
/// public exponent 1 it is its own signature.
pub(super) fn pss_encoding(input: &[u8], modulus_bits: u32) -> Vec<u8> {
    /// The lengths of the hash, the salt and two separators.
    const NOT_ZEROS: usize = 32 + 32 + 2;
    let bits = modulus_bits.saturating_sub(1);
    let length = usize::try_from(bits.div_ceil(8)).unwrap_or_default();
    let salt = [0; 32];
    let hash = sha256(&[&[0; 8][..], &sha256(input), &salt].concat());
    let mut block = vec![0; length.saturating_sub(NOT_ZEROS)];
    block.push(1);
    block.extend(salt);
    let mask = (0_u32..).flat_map(|counter| sha256(&[&hash[..], &counter.to_be_bytes()].concat()));
    let mut encoded: Vec<u8> = block.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    if let Some(first) = encoded.first_mut() {
        // The bits of the first byte beyond those of the number.
        *first &= 0xff_u8.checked_shr(bits.wrapping_neg() % 8).unwrap_or(0xff);
    }
    encoded.extend(hash);
    encoded.push(0xbc);
    encoded
}
