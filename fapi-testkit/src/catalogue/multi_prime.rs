//! An RSA key that is larger than any server should verify with, and that really signs.
//!
//! Two primes of that size would take minutes to find. A modulus of many small primes is as valid to whoever verifies, who
//! sees the modulus only (RFC 8017 §3.1), and takes a moment.

use std::fmt;

use openssl::bn::{BigNum, BigNumContext};
use openssl::error::ErrorStack;
use serde_json::{Value, json};

use super::forge::pss_encoding;
use crate::encoding::base64url;

/// How many primes there are, and of how many bits each: about 10240 bits.
const PRIMES: usize = 10;
const PRIME_BITS: i32 = 1024;
const PUBLIC_EXPONENT: u32 = 65_537;

/// The key: a prime and the private exponent for it, as often as there are primes.
pub(super) struct MultiPrimeKey {
    modulus: BigNum,
    primes: Vec<(BigNum, BigNum)>,
}

impl MultiPrimeKey {
    pub(super) fn generate() -> Self {
        Self::try_generate().expect("OpenSSL generates primes")
    }

    fn try_generate() -> Result<Self, ErrorStack> {
        let (one, exponent) = (BigNum::from_u32(1)?, BigNum::from_u32(PUBLIC_EXPONENT)?);
        let mut context = BigNumContext::new()?;
        let mut key = Self { modulus: BigNum::from_u32(1)?, primes: vec![] };
        while key.primes.len() < PRIMES {
            let (mut prime, mut order, mut private) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
            prime.generate_prime(PRIME_BITS, false, None, None)?;
            order.checked_sub(&prime, &one)?;
            // One in 65537 primes has no such inverse: it is passed over.
            if private.mod_inverse(&exponent, &order, &mut context).is_ok() {
                let mut modulus = BigNum::new()?;
                modulus.checked_mul(&key.modulus, &prime, &mut context)?;
                key.modulus = modulus;
                key.primes.push((prime, private));
            }
        }
        Ok(key)
    }

    pub(super) fn public_jwk(&self) -> Value {
        let exponent = PUBLIC_EXPONENT.to_be_bytes();
        let exponent = exponent.strip_prefix(&[0]).unwrap_or(&exponent);
        json!({"kty": "RSA", "n": base64url(self.modulus.to_vec()), "e": base64url(exponent)})
    }

    /// PS256: RSASSA-PSS with SHA-256 and a salt of 32 zeros.
    pub(super) fn sign(&self, input: &[u8]) -> Vec<u8> {
        self.try_sign(input).expect("OpenSSL calculates")
    }

    /// The root of the message modulo each prime, put together one by one (Garner's algorithm).
    fn try_sign(&self, input: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let mut context = BigNumContext::new()?;
        let message = BigNum::from_slice(&pss_encoding(input, self.modulus.num_bits().unsigned_abs()))?;
        let (mut signature, mut product) = (BigNum::new()?, BigNum::from_u32(1)?);
        for (prime, private) in &self.primes {
            let (mut root, mut missing, mut inverse) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
            root.mod_exp(&message, private, prime, &mut context)?;
            missing.mod_sub(&root, &signature, prime, &mut context)?;
            inverse.mod_inverse(&product, prime, &mut context)?;
            let (mut factor, mut step) = (BigNum::new()?, BigNum::new()?);
            factor.mod_mul(&missing, &inverse, prime, &mut context)?;
            step.checked_mul(&factor, &product, &mut context)?;
            let (mut sum, mut next) = (BigNum::new()?, BigNum::new()?);
            sum.checked_add(&signature, &step)?;
            next.checked_mul(&product, prime, &mut context)?;
            (signature, product) = (sum, next);
        }
        signature.to_vec_padded(self.modulus.num_bytes())
    }
}

/// Shows that there is a key, never which.
impl fmt::Debug for MultiPrimeKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MultiPrimeKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use openssl::hash::MessageDigest;
    use openssl::pkey::PKey;
    use openssl::rsa::{Padding, Rsa};
    use openssl::sign::{RsaPssSaltlen, Verifier};

    use super::*;

    // OpenSSL itself verifies what the many primes have signed: only the size of the key is wrong.
    #[test]
    fn it_signs_as_any_other_rsa_key() {
        let key = MultiPrimeKey::generate();
        assert!(key.modulus.num_bits() > 8192, "{}", key.modulus.num_bits());
        let exponent = BigNum::from_u32(PUBLIC_EXPONENT).unwrap();
        let public = Rsa::from_public_components(key.modulus.to_owned().unwrap(), exponent).unwrap();
        let public = PKey::from_rsa(public).unwrap();
        let mut verifier = Verifier::new(MessageDigest::sha256(), &public).unwrap();
        verifier.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
        verifier.set_rsa_pss_saltlen(RsaPssSaltlen::custom(32)).unwrap();
        assert!(verifier.verify_oneshot(&key.sign(b"input"), b"input").unwrap());
    }
}
