//! Public key material (RFC 7518 §6, RFC 8037), checked before any cryptography sees it.
//!
//! One spelling for every key (R68), sizes that neither weaken (R8) nor burden (R70), no key of a kind that makes
//! forgery possible. Whether an EC point lies on its curve is the `CryptoProvider`'s check.

use std::fmt;

use super::json::Object;
use super::{Algorithm, KeyError, base64url, roca};

/// SP 5.4.1-2, R8.
const MIN_RSA_BITS: usize = 2048;
/// A stranger's key of 8192 bits would cost four times the verification of one of 4096 (R70).
const MAX_RSA_BITS: usize = 4096;

/// The key material, in canonical form.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum PublicKey {
    /// `kty` `EC`.
    Ec {
        /// `crv`.
        curve: Curve,
        /// Big-endian, exactly as long as the curve's field.
        x: Vec<u8>,
        /// Big-endian, exactly as long as the curve's field.
        y: Vec<u8>,
    },
    /// `kty` `RSA`.
    Rsa {
        /// Modulus, big-endian without leading zeros, 2048 to 4096 bits.
        n: Vec<u8>,
        /// Exponent, big-endian without leading zeros, odd, 3 to 2^32.
        e: Vec<u8>,
    },
    /// `kty` `OKP`, `crv` `Ed25519`.
    Ed25519 {
        /// The encoded point (RFC 8032 §5.1.2), canonical and not of small order.
        x: [u8; 32],
    },
}

/// An elliptic curve of RFC 7518 §6.2.1.1.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

impl Curve {
    /// The registered `crv` value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521].into_iter().find(|curve| curve.name() == name)
    }

    /// Length of a coordinate, and of `r` and of `s` in a signature, in bytes.
    pub(crate) const fn coordinate_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

impl PublicKey {
    pub(super) fn from_object(jwk: &Object<'_>) -> Result<Self, KeyError> {
        match required(jwk, "kty")? {
            "EC" => ec(jwk),
            "RSA" => rsa(jwk),
            "OKP" => okp(jwk),
            _ => Err(KeyError::KeyType),
        }
    }

    /// RFC 7638 §3.2, RFC 8037 §2, R68: the required members in the order of their names, without white space.
    pub(super) fn canonical_json(&self) -> String {
        let encode = base64url::encode;
        match self {
            Self::Ec { curve, x, y } => [
                r#"{"crv":""#,
                curve.name(),
                r#"","kty":"EC","x":""#,
                &encode(x),
                r#"","y":""#,
                &encode(y),
                r#""}"#,
            ]
            .concat(),
            Self::Rsa { n, e } => {
                [r#"{"e":""#, &encode(e), r#"","kty":"RSA","n":""#, &encode(n), r#""}"#].concat()
            }
            Self::Ed25519 { x } => [r#"{"crv":"Ed25519","kty":"OKP","x":""#, &encode(x), r#""}"#].concat(),
        }
    }

    /// RFC 7518 §3.3-3.5, RFC 8037 §3.1, R109: `kty` and `crv` fit the algorithm.
    pub(super) fn has_type_of(&self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::Es256 => self.is_on(Curve::P256),
            Algorithm::Es384 => self.is_on(Curve::P384),
            Algorithm::Es512 => self.is_on(Curve::P521),
            Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512
            | Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512 => matches!(self, Self::Rsa { .. }),
            Algorithm::EdDsa | Algorithm::Ed25519 => matches!(self, Self::Ed25519 { .. }),
        }
    }

    fn is_on(&self, expected: Curve) -> bool {
        matches!(self, Self::Ec { curve, .. } if *curve == expected)
    }
}

/// Shows the type only.
impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ec { curve, .. } => {
                formatter.debug_struct("Ec").field("curve", curve).finish_non_exhaustive()
            }
            Self::Rsa { .. } => formatter.debug_struct("Rsa").finish_non_exhaustive(),
            Self::Ed25519 { .. } => formatter.debug_struct("Ed25519").finish_non_exhaustive(),
        }
    }
}

fn ec(jwk: &Object<'_>) -> Result<PublicKey, KeyError> {
    let curve = Curve::from_name(required(jwk, "crv")?).ok_or(KeyError::Curve)?;
    let coordinate = |name| {
        let octets = octets(jwk, name)?;
        // RFC 7518 §6.2.1.2, R68: the full length of the field, leading zeros included.
        if octets.len() == curve.coordinate_len() { Ok(octets) } else { Err(KeyError::MemberInvalid(name)) }
    };
    Ok(PublicKey::Ec { curve, x: coordinate("x")?, y: coordinate("y")? })
}

fn rsa(jwk: &Object<'_>) -> Result<PublicKey, KeyError> {
    let n = unsigned(jwk, "n")?;
    let e = unsigned(jwk, "e")?;
    let bits = bit_length(&n);
    // SP 5.4.1-2, R8, R70
    if bits < MIN_RSA_BITS {
        return Err(KeyError::TooSmall);
    }
    if bits > MAX_RSA_BITS {
        return Err(KeyError::TooLarge);
    }
    // A product of two odd primes is odd; Montgomery arithmetic relies on it.
    if !is_odd(&n) {
        return Err(KeyError::MemberInvalid("n"));
    }
    // R176
    if roca::has_fingerprint(&n) {
        return Err(KeyError::Roca);
    }
    // R70: with e = 1 every message is its own signature; a long e makes verification slow.
    if !is_odd(&e) || e == [1] || e.len() > 4 {
        return Err(KeyError::Exponent);
    }
    Ok(PublicKey::Rsa { n, e })
}

fn okp(jwk: &Object<'_>) -> Result<PublicKey, KeyError> {
    // RFC 8037 §2
    if required(jwk, "crv")? != "Ed25519" {
        return Err(KeyError::Curve);
    }
    let x = base64url::decode_array(required(jwk, "x")?).ok_or(KeyError::MemberInvalid("x"))?;
    if is_unsafe_ed25519(&x) { Err(KeyError::Point) } else { Ok(PublicKey::Ed25519 { x }) }
}

/// Whether this key's `y` is not reduced, or its point is of small order: under such a key one signature can be valid
/// for many messages (R70, pitfall P30).
///
/// The points of order 1, 2, 4 and 8 have five values of `y` between them, listed in "Taming the Many EdDSAs"
/// (Chalkias, Garillot, Nikolaenko, 2020), table 1. Either sign of `x` is refused.
fn is_unsafe_ed25519(point: &[u8; 32]) -> bool {
    /// 2^255 - 19, little-endian.
    const PRIME: [u8; 32] = little_endian(0xed, 0xff, 0x7f);
    const SMALL_ORDER: [[u8; 32]; 5] = [
        little_endian(0x00, 0x00, 0x00),
        little_endian(0x01, 0x00, 0x00),
        little_endian(0xec, 0xff, 0x7f),
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
            0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
            0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    let mut y = *point;
    if let Some(last) = y.last_mut() {
        *last &= 0x7f; // the highest bit is the sign of x
    }
    let reduced = y.iter().rev().lt(PRIME.iter().rev());
    !reduced || SMALL_ORDER.contains(&y)
}

/// The 32 bytes `first`, thirty times `middle`, `last`.
const fn little_endian(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

fn required<'o>(jwk: &'o Object<'_>, name: &'static str) -> Result<&'o str, KeyError> {
    optional(jwk, name)?.ok_or(KeyError::MemberMissing(name))
}

/// The string member of this name, if there is one.
pub(super) fn optional<'o>(jwk: &'o Object<'_>, name: &'static str) -> Result<Option<&'o str>, KeyError> {
    jwk.get(name).map(|value| value.as_str().ok_or(KeyError::MemberInvalid(name))).transpose()
}

fn octets(jwk: &Object<'_>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    base64url::decode(required(jwk, name)?).map_err(|_| KeyError::MemberInvalid(name))
}

/// RFC 7518 §2, R68: Base64urlUInt, the minimal number of octets.
fn unsigned(jwk: &Object<'_>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    let octets = octets(jwk, name)?;
    if octets.first().is_some_and(|octet| *octet != 0) {
        Ok(octets)
    } else {
        Err(KeyError::MemberInvalid(name))
    }
}

fn is_odd(octets: &[u8]) -> bool {
    octets.last().is_some_and(|octet| octet % 2 == 1)
}

/// Of a number without leading zero octets.
fn bit_length(octets: &[u8]) -> usize {
    let unused = octets.first().map_or(0, |octet| octet.leading_zeros());
    octets.len().saturating_mul(8).saturating_sub(usize::try_from(unused).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const X: &str = "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs";
    const Y: &str = "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA";

    fn parse(json: &str) -> Result<PublicKey, KeyError> {
        PublicKey::from_object(&Object::parse(json.as_bytes()).unwrap())
    }

    fn error(json: &str) -> Option<KeyError> {
        parse(json).err()
    }

    fn ec_of(crv: &str, x: &str, y: &str) -> String {
        format!(r#"{{"kty":"EC","crv":"{crv}","x":"{x}","y":"{y}"}}"#)
    }

    fn rsa_of(n: &[u8], e: &[u8]) -> Result<PublicKey, KeyError> {
        parse(&format!(r#"{{"kty":"RSA","n":"{}","e":"{}"}}"#, base64url::encode(n), base64url::encode(e)))
    }

    fn ed25519_of(x: &[u8]) -> Result<PublicKey, KeyError> {
        parse(&format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, base64url::encode(x)))
    }

    fn octets_of(hex: &str) -> Vec<u8> {
        let digits: Vec<_> = hex.chars().map(|digit| digit.to_digit(16).unwrap()).collect();
        digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
    }

    /// An odd number of this many bits.
    fn modulus(bits: usize) -> Vec<u8> {
        let mut n = vec![0xff; bits.div_ceil(8)];
        n[0] >>= n.len() * 8 - bits;
        n
    }

    #[test]
    fn r68_ec_coordinates_have_the_full_length() {
        let (short, long) = (base64url::encode(&[1; 31]), base64url::encode(&[1; 33]));
        let padded = format!("{X}=");
        for x in ["", &short, &long, &padded] {
            assert_eq!(error(&ec_of("P-256", x, Y)), Some(KeyError::MemberInvalid("x")), "{x}");
            assert_eq!(error(&ec_of("P-256", Y, x)), Some(KeyError::MemberInvalid("y")), "{x}");
        }
        assert_eq!(error(&ec_of("P-384", X, Y)), Some(KeyError::MemberInvalid("x")));
        for (crv, length) in [("P-256", 32), ("P-384", 48), ("P-521", 66)] {
            let octets = base64url::encode(&vec![0; length]);
            assert_eq!(error(&ec_of(crv, &octets, &octets)), None, "{crv}");
        }
    }

    #[test]
    fn r8_r70_rsa_moduli_have_2048_to_4096_bits() {
        for (bits, expected) in [
            (1024, Some(KeyError::TooSmall)),
            (2047, Some(KeyError::TooSmall)),
            (2048, None),
            (2049, None),
            (4096, None),
            (4097, Some(KeyError::TooLarge)),
            (16384, Some(KeyError::TooLarge)),
        ] {
            assert_eq!(rsa_of(&modulus(bits), &[1, 0, 1]).err(), expected, "{bits}");
        }
    }

    #[test]
    fn r68_rsa_numbers_are_odd_and_have_no_leading_zeros() {
        let n = modulus(2048);
        assert_eq!(rsa_of(&[&[0], n.as_slice()].concat(), &[3]).err(), Some(KeyError::MemberInvalid("n")));
        assert_eq!(rsa_of(&[], &[3]).err(), Some(KeyError::MemberInvalid("n")));
        let mut even = n.clone();
        even[255] = 0xfe;
        assert_eq!(rsa_of(&even, &[3]).err(), Some(KeyError::MemberInvalid("n")));
        assert_eq!(rsa_of(&n, &[0, 1, 0, 1]).err(), Some(KeyError::MemberInvalid("e")));
        assert_eq!(rsa_of(&n, &[0]).err(), Some(KeyError::MemberInvalid("e")));
        assert_eq!(rsa_of(&n, &[]).err(), Some(KeyError::MemberInvalid("e")));
    }

    #[test]
    fn r176_rsa_moduli_of_the_roca_generator() {
        // 65537^128 has 2049 bits; 65537 times x is x, plus x shifted by two octets.
        let mut n = vec![0; 257];
        n[256] = 1;
        for _ in 0..128 {
            let (x, mut carry) = (n.clone(), 0);
            for at in (0..257).rev() {
                let sum = u16::from(x[at]) + x.get(at + 2).map_or(0, |octet| u16::from(*octet)) + carry;
                (n[at], carry) = (sum.to_le_bytes()[0], sum >> 8);
            }
        }
        assert_eq!(rsa_of(&n, &[1, 0, 1]).err(), Some(KeyError::Roca));
    }

    #[test]
    fn r70_rsa_exponents_are_odd_from_3_to_2_to_the_32() {
        let n = modulus(2048);
        for e in [&[3][..], &[17], &[1, 0, 1], &[0xff; 4]] {
            assert_eq!(rsa_of(&n, e).err(), None, "{e:?}");
        }
        for e in [&[1][..], &[2], &[4], &[1, 0, 0], &[1, 0, 0, 0, 1], &[0xff; 256]] {
            assert_eq!(rsa_of(&n, e).err(), Some(KeyError::Exponent), "{e:?}");
        }
    }

    #[test]
    fn r70_p30_ed25519_keys_are_canonical_and_of_full_order() {
        for length in [0, 31, 33] {
            assert_eq!(ed25519_of(&vec![9; length]).err(), Some(KeyError::MemberInvalid("x")), "{length}");
        }
        let refused = [
            // the five values of y of small order
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            // not reduced: the prime, one more, and the largest
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ];
        for hex in refused {
            let mut x = octets_of(hex);
            assert_eq!(ed25519_of(&x).err(), Some(KeyError::Point), "{hex}");
            x[31] |= 0x80;
            assert_eq!(ed25519_of(&x).err(), Some(KeyError::Point), "{hex} with the sign bit");
        }
        // The largest y below the prime that is not of small order: p - 2.
        let mut x = [0xff; 32];
        (x[0], x[31]) = (0xeb, 0x7f);
        assert_eq!(ed25519_of(&x).err(), None);
    }

    #[test]
    fn the_type_and_the_required_members() {
        let refused = [
            ("{}", KeyError::MemberMissing("kty")),
            (r#"{"kty":1}"#, KeyError::MemberInvalid("kty")),
            (r#"{"kty":"ec"}"#, KeyError::KeyType),
            (r#"{"kty":"AKP"}"#, KeyError::KeyType),
            (r#"{"kty":"EC"}"#, KeyError::MemberMissing("crv")),
            (r#"{"kty":"EC","crv":"secp256k1"}"#, KeyError::Curve),
            (r#"{"kty":"EC","crv":"P-256"}"#, KeyError::MemberMissing("x")),
            (r#"{"kty":"OKP","crv":"Ed448","x":""}"#, KeyError::Curve),
            (r#"{"kty":"OKP","crv":"X25519","x":""}"#, KeyError::Curve),
            (r#"{"kty":"OKP","crv":"Ed25519"}"#, KeyError::MemberMissing("x")),
            (r#"{"kty":"RSA"}"#, KeyError::MemberMissing("n")),
            (r#"{"kty":"RSA","n":"AQAB"}"#, KeyError::MemberMissing("e")),
        ];
        for (json, expected) in refused {
            assert_eq!(error(json), Some(expected), "{json}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text: String, length in 0..70usize) {
            let _ = Object::parse(ec_of("P-256", &text, &text).as_bytes()).map(|jwk| PublicKey::from_object(&jwk));
            let _ = rsa_of(&vec![1; length], &vec![1; length]);
            let _ = ed25519_of(&vec![1; length]);
        }

        #[test]
        fn r68_ec_keys_have_one_spelling(x: [u8; 32], y: [u8; 32]) {
            let json = ec_of("P-256", &base64url::encode(&x), &base64url::encode(&y));
            let key = parse(&json).unwrap();
            let expected = PublicKey::Ec { curve: Curve::P256, x: x.to_vec(), y: y.to_vec() };
            prop_assert_eq!(&key, &expected);
            // The required members in the order of their names.
            let canonical = key.canonical_json();
            let start = r#"{"crv":"P-256","kty":"EC","x":""#;
            prop_assert!(canonical.starts_with(start), "{}", canonical);
            prop_assert_eq!(&parse(&canonical).unwrap(), &key);
        }
    }
}
