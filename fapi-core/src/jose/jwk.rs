//! JSON Web Keys (RFC 7517, RFC 7518 §6, RFC 8037) and their thumbprints (RFC 7638): public signature keys only.
//!
//! A key is checked before any cryptography sees it: no private member (R46), canonical encodings (R68), sizes that
//! neither weaken (R8) nor burden (R70). Whether an EC point lies on its curve is the `CryptoProvider`'s check; whose
//! key it is, and which algorithms are accepted, is for the callers.

use std::fmt;
use std::str::FromStr;

use subtle::ConstantTimeEq as _;

use super::base64url;
use super::json::{Object, Value};
use super::jws::MAX_KID_LEN;
use super::{Algorithm, JoseError, KeyError, roca};
use crate::crypto::CryptoProvider;

/// RFC 7518 §6.2.2, §6.3.2, §6.4: the members of private and secret keys.
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/// SP 5.4.1-2, R8.
const MIN_RSA_BITS: usize = 2048;
/// A stranger's key of 8192 bits would cost four times the verification of one of 4096 (R70).
const MAX_RSA_BITS: usize = 4096;

/// A public signature key with what its owner says about it.
///
/// ```
/// use fapi_core::crypto::AwsLcProvider;
/// use fapi_core::jose::{Algorithm, Jwk, KeyError};
///
/// // RFC 8037 appendix A.2 and A.3
/// let jwk = Jwk::parse(br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
/// assert_eq!(jwk.thumbprint(&AwsLcProvider).to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
/// assert_eq!(jwk.check_fits(Algorithm::Es256), Err(KeyError::Unfit));
/// # Ok::<(), KeyError>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Jwk {
    key: PublicKey,
    kid: Option<String>,
    alg: Option<String>,
    verifies: bool,
}

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

impl Jwk {
    /// Reads a key from its JSON.
    ///
    /// # Errors
    /// [`KeyError`], for the first rule the key fails.
    pub fn parse(json: &[u8]) -> Result<Self, KeyError> {
        Self::from_object(&Object::parse(json).map_err(|_| KeyError::NotObject)?)
    }

    pub(crate) fn from_value(value: &Value<'_>) -> Result<Self, KeyError> {
        Self::from_object(value.as_object().ok_or(KeyError::NotObject)?)
    }

    pub(crate) fn from_object(jwk: &Object<'_>) -> Result<Self, KeyError> {
        // RFC 9449 §4.3 (7), R46: before anything else, so that a leaked private key is named as such.
        if PRIVATE_MEMBERS.iter().any(|name| jwk.get(name).is_some()) {
            return Err(KeyError::Private);
        }
        let key = match required(jwk, "kty")? {
            "EC" => ec(jwk)?,
            "RSA" => rsa(jwk)?,
            "OKP" => okp(jwk)?,
            _ => return Err(KeyError::KeyType),
        };
        let kid = optional(jwk, "kid")?;
        // RFC 8725 §3.10, R106
        if kid.is_some_and(|kid| kid.len() > MAX_KID_LEN) {
            return Err(KeyError::MemberInvalid("kid"));
        }
        Ok(Self {
            key,
            kid: kid.map(str::to_owned),
            alg: optional(jwk, "alg")?.map(str::to_owned),
            verifies: optional(jwk, "use")?.is_none_or(|usage| usage == "sig") && key_ops_verify(jwk)?,
        })
    }

    /// The key material.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// RFC 7517 §4.5: the key id, at most 256 bytes.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Checks that this key is one for verifying signatures of `algorithm`.
    ///
    /// # Errors
    /// [`KeyError::Unfit`] if `kty` or `crv` belong to another algorithm (R109), if `alg` names another one (R99), if
    /// `use` is not `sig`, or if `key_ops` lacks `verify`.
    pub fn check_fits(&self, algorithm: Algorithm) -> Result<(), KeyError> {
        // RFC 8725 §3.1, R99: a key is for one algorithm. `EdDSA` and `Ed25519` name the same one (RFC 9864).
        let named =
            self.alg.as_deref().is_none_or(|alg| alg == algorithm.name() || is_ed25519(alg, algorithm));
        if named && self.verifies && self.key.has_type_of(algorithm) { Ok(()) } else { Err(KeyError::Unfit) }
    }

    /// RFC 7638, R68: SHA-256 of the key's required members in their canonical form.
    #[must_use]
    pub fn thumbprint(&self, crypto: &dyn CryptoProvider) -> JwkThumbprint {
        let encode = base64url::encode;
        let canonical = match &self.key {
            PublicKey::Ec { curve, x, y } => {
                format!(r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#, curve.name(), encode(x), encode(y))
            }
            PublicKey::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n)),
            PublicKey::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(x)),
        };
        JwkThumbprint(crypto.sha256(canonical.as_bytes()))
    }
}

/// Shows the type only: a key can identify a person.
impl fmt::Debug for Jwk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Jwk").field("key", &self.key).finish_non_exhaustive()
    }
}

impl PublicKey {
    /// RFC 7518 §3.3-3.5, RFC 8037 §3.1, R109: `kty` and `crv` fit the algorithm.
    fn has_type_of(&self, algorithm: Algorithm) -> bool {
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

/// Whether both are names of Ed25519. `EdDSA` in a JWK with `crv` `Ed448` does not get here: no such key is read.
fn is_ed25519(alg: &str, algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::EdDsa | Algorithm::Ed25519) && matches!(alg, "EdDSA" | "Ed25519")
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
    let x = base64url::decode_32(required(jwk, "x")?).ok_or(KeyError::MemberInvalid("x"))?;
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

/// RFC 7517 §4.3, R109: absent, or a list of distinct operations with `verify` among them.
fn key_ops_verify(jwk: &Object<'_>) -> Result<bool, KeyError> {
    const INVALID: KeyError = KeyError::MemberInvalid("key_ops");
    let Some(value) = jwk.get("key_ops") else { return Ok(true) };
    let operations = value.as_array().ok_or(INVALID)?;
    if operations.iter().any(|operation| operation.as_str().is_none()) {
        return Err(INVALID);
    }
    Ok(operations.iter().any(|operation| operation.as_str() == Some("verify")))
}

fn required<'o>(jwk: &'o Object<'_>, name: &'static str) -> Result<&'o str, KeyError> {
    optional(jwk, name)?.ok_or(KeyError::MemberMissing(name))
}

fn optional<'o>(jwk: &'o Object<'_>, name: &'static str) -> Result<Option<&'o str>, KeyError> {
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

/// RFC 7638: the SHA-256 thumbprint of a key, `jkt` of RFC 9449.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct JwkThumbprint([u8; 32]);

impl JwkThumbprint {
    /// The thumbprint with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are the same, in a time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// Reads 43 characters of base64url, with zero trailing bits.
impl FromStr for JwkThumbprint {
    type Err = JoseError;

    fn from_str(text: &str) -> Result<Self, JoseError> {
        base64url::decode_32(text).map(Self).ok_or(JoseError::Base64)
    }
}

/// 43 characters of base64url, as in `cnf.jkt`.
impl fmt::Display for JwkThumbprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&base64url::encode(&self.0))
    }
}

impl fmt::Debug for JwkThumbprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "JwkThumbprint({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const X: &str = "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs";
    const Y: &str = "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA";

    /// An RFC 9449 key with these members more, or instead.
    fn ec_with(members: &str) -> String {
        format!(r#"{{"kty":"EC","crv":"P-256","x":"{X}","y":"{Y}"{members}}}"#)
    }

    fn ec_of(crv: &str, x: &str, y: &str) -> String {
        format!(r#"{{"kty":"EC","crv":"{crv}","x":"{x}","y":"{y}"}}"#)
    }

    fn rsa_of(n: &[u8], e: &[u8]) -> Result<Jwk, KeyError> {
        let (n, e) = (base64url::encode(n), base64url::encode(e));
        Jwk::parse(format!(r#"{{"kty":"RSA","n":"{n}","e":"{e}"}}"#).as_bytes())
    }

    /// An odd number of this many bits.
    fn modulus(bits: usize) -> Vec<u8> {
        let mut n = vec![0xff; bits.div_ceil(8)];
        n[0] >>= n.len() * 8 - bits;
        n
    }

    fn ed25519_of(x: &[u8]) -> Result<Jwk, KeyError> {
        Jwk::parse(format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, base64url::encode(x)).as_bytes())
    }

    fn error(json: &str) -> Option<KeyError> {
        Jwk::parse(json.as_bytes()).err()
    }

    #[test]
    fn r46_p30_private_members_are_refused_before_all_else() {
        for name in PRIVATE_MEMBERS {
            assert_eq!(error(&ec_with(&format!(r#","{name}":"AQAB""#))), Some(KeyError::Private), "{name}");
            assert_eq!(
                error(&format!(r#"{{"kty":"oct","{name}":null}}"#)),
                Some(KeyError::Private),
                "{name}"
            );
        }
        assert_eq!(error(r#"{"kty":"oct"}"#), Some(KeyError::KeyType));
    }

    #[test]
    fn the_type_and_the_required_members() {
        let refused = [
            ("[]", KeyError::NotObject),
            ("{", KeyError::NotObject),
            (r#"{"kty":"EC","kty":"EC"}"#, KeyError::NotObject),
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
        assert_eq!(Jwk::from_value(&Value::Null).err(), Some(KeyError::NotObject));
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
            let mut x: Vec<u8> =
                (0..64).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
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
    fn r109_the_type_fits_the_algorithm() {
        let coordinate = |length| base64url::encode(&vec![1; length]);
        let ec = |crv, length| {
            Jwk::parse(ec_of(crv, &coordinate(length), &coordinate(length)).as_bytes()).unwrap()
        };
        use Algorithm::*;
        let keys = [
            (ec("P-256", 32), vec![Es256]),
            (ec("P-384", 48), vec![Es384]),
            (ec("P-521", 66), vec![Es512]),
            (rsa_of(&modulus(2048), &[3]).unwrap(), vec![Ps256, Ps384, Ps512, Rs256, Rs384, Rs512]),
            (ed25519_of(&[9; 32]).unwrap(), vec![EdDsa, Ed25519]),
        ];
        for (jwk, fitting) in keys {
            for algorithm in Algorithm::ALL {
                let expected = if fitting.contains(&algorithm) { Ok(()) } else { Err(KeyError::Unfit) };
                assert_eq!(jwk.check_fits(algorithm), expected, "{jwk:?} {algorithm}");
            }
        }
    }

    #[test]
    fn r99_c11_alg_names_this_algorithm() {
        let ec = |alg: &str| Jwk::parse(ec_with(&format!(r#","alg":"{alg}""#)).as_bytes()).unwrap();
        assert_eq!(ec("ES256").check_fits(Algorithm::Es256), Ok(()));
        for alg in ["ES384", "es256", "ES521", "ECDH-ES", "EdDSA", ""] {
            assert_eq!(ec(alg).check_fits(Algorithm::Es256), Err(KeyError::Unfit), "{alg}");
        }
        let x = base64url::encode(&[9; 32]);
        for alg in ["EdDSA", "Ed25519"] {
            let json = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","alg":"{alg}"}}"#);
            let jwk = Jwk::parse(json.as_bytes()).unwrap();
            assert_eq!(jwk.check_fits(Algorithm::EdDsa), Ok(()), "{alg}");
            assert_eq!(jwk.check_fits(Algorithm::Ed25519), Ok(()), "{alg}");
        }
        assert_eq!(error(&ec_with(r#","alg":1"#)), Some(KeyError::MemberInvalid("alg")));
    }

    #[test]
    fn r109_use_and_key_ops_are_for_verifying() {
        let fits = |members: &str| {
            Jwk::parse(ec_with(members).as_bytes()).and_then(|jwk| jwk.check_fits(Algorithm::Es256)).err()
        };
        for members in
            [r#","use":"sig""#, r#","key_ops":["verify"]"#, r#","use":"sig","key_ops":["sign","verify"]"#]
        {
            assert_eq!(fits(members), None, "{members}");
        }
        for members in [r#","use":"enc""#, r#","use":"""#, r#","key_ops":[]"#, r#","key_ops":["sign"]"#] {
            assert_eq!(fits(members), Some(KeyError::Unfit), "{members}");
        }
        assert_eq!(fits(r#","use":["sig"]"#), Some(KeyError::MemberInvalid("use")));
        for operations in [r#""verify""#, "null", r#"["verify",1]"#, r#"{"verify":true}"#] {
            let members = format!(r#","key_ops":{operations}"#);
            assert_eq!(fits(&members), Some(KeyError::MemberInvalid("key_ops")), "{members}");
        }
    }

    #[test]
    fn r106_kid_is_bounded() {
        let kid = |length: usize| ec_with(&format!(r#","kid":"{}""#, "k".repeat(length)));
        assert_eq!(Jwk::parse(kid(256).as_bytes()).unwrap().kid().map(str::len), Some(256));
        assert_eq!(error(&kid(257)), Some(KeyError::MemberInvalid("kid")));
        assert_eq!(error(&ec_with(r#","kid":1"#)), Some(KeyError::MemberInvalid("kid")));
    }

    #[test]
    fn debug_shows_no_key_material() {
        let jwk = Jwk::parse(ec_with(r#","kid":"somebody""#).as_bytes()).unwrap();
        assert_eq!(format!("{jwk:?}"), "Jwk { key: Ec { curve: P256, .. }, .. }");
    }

    #[test]
    fn a_thumbprint_has_one_spelling() {
        let text = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
        let thumbprint: JwkThumbprint = text.parse().unwrap();
        assert_eq!(thumbprint.to_string(), text);
        assert_eq!(JwkThumbprint::from_bytes(*thumbprint.as_bytes()), thumbprint);
        assert!(thumbprint.matches(&thumbprint.clone()));
        assert!(!thumbprint.matches(&JwkThumbprint::from_bytes([0; 32])));
        // The last one has non-zero trailing bits.
        for refused in [
            "",
            "0ZcO",
            &format!("{text}="),
            &format!("{text}A"),
            &format!(" {text}"),
            &text.replace("4I", "4J"),
        ] {
            assert_eq!(refused.parse::<JwkThumbprint>(), Err(JoseError::Base64), "{refused}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(json: Vec<u8>, x: String, length in 0..70usize) {
            let _ = Jwk::parse(&json);
            let _ = error(&ec_of("P-256", &x, &x));
            let _ = rsa_of(&vec![1; length], &vec![1; length]);
            let _ = ed25519_of(&vec![1; length]);
        }

        #[test]
        fn ec_keys_round_trip(x: [u8; 32], y: [u8; 32]) {
            let json = ec_of("P-256", &base64url::encode(&x), &base64url::encode(&y));
            let key = PublicKey::Ec { curve: Curve::P256, x: x.to_vec(), y: y.to_vec() };
            prop_assert!(Jwk::parse(json.as_bytes()).unwrap().key() == &key);
        }
    }
}
