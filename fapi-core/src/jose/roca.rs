//! RSA moduli of the ROCA generator (CVE-2017-15361, R176): of a form that lets anyone compute the private key.
//!
//! Nemec, Sys, Svenda, Klinec, Matyas, "The Return of Coppersmith's Attack" (ACM CCS 2017), §2.2: such a modulus is a
//! power of 65537 modulo every small prime. A modulus of any other origin is so for all primes listed here once in
//! 2^28 keys.

/// The primes up to 167 modulo which not every number is a power of 65537.
const PRIMES: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];
const GENERATOR: u32 = 65_537;

/// Whether the big-endian `modulus` came from that generator. Almost every other modulus fails at the first primes.
pub(super) fn has_fingerprint(modulus: &[u8]) -> bool {
    PRIMES.into_iter().all(|prime| is_power_of_generator(remainder(modulus, prime), prime))
}

fn is_power_of_generator(number: u32, prime: u32) -> bool {
    let powers = std::iter::successors(Some(1), |power| Some(times_plus(*power, GENERATOR, 0, prime)));
    // Below the prime there are fewer distinct powers than numbers.
    powers.zip(0..prime).any(|(power, _)| power == number)
}

fn remainder(number: &[u8], prime: u32) -> u32 {
    number.iter().fold(0, |remainder, octet| times_plus(remainder, 256, u32::from(*octet), prime))
}

/// `a * b + c` modulo `prime`. With `a` below 157, `b` at most 65537 and `c` at most 255, 32 bits are enough.
fn times_plus(a: u32, b: u32, c: u32, prime: u32) -> u32 {
    a.wrapping_mul(b).wrapping_add(c).checked_rem(prime).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r176_powers_of_the_generator_have_the_fingerprint() {
        assert!(has_fingerprint(&[1]));
        assert!(has_fingerprint(&[1, 0, 1]));
        // 65537 squared: 2^32 + 2^17 + 1
        assert!(has_fingerprint(&[1, 0, 2, 0, 1]));
        // 3 is no power of 65537 modulo 11, where the only ones are 1 and 10.
        assert!(!has_fingerprint(&[3]));
        assert!(!has_fingerprint(&[1, 0, 3]));
    }
}
