//! What can be wrong with a JOSE object or a key. No variant holds text from the input.

use thiserror::Error as ThisError;

/// Why bytes are not an acceptable JWS, JWE or JSON object.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum JoseError {
    /// RFC 7515 §7.1: not exactly three parts, none of them empty.
    #[error("it is not a compact JWS of three parts")]
    NotCompact,
    /// RFC 7516 §7.1: not exactly five parts, or without header or ciphertext.
    #[error("it is not a compact JWE of five parts")]
    NotCompactJwe,
    /// RFC 7518 §4, §5: an `alg` or `enc` of a JWE that is not accepted.
    #[error("its alg or enc is not one that is accepted for encryption")]
    EncryptionAlgorithm,
    /// RFC 8725 §3.6: a JWE with `zip`.
    #[error("its content is compressed, which is not accepted")]
    Compressed,
    /// RFC 7518 §4, §5.3: the encrypted key, the initialization vector or the tag has not the length that it must have.
    #[error("a part has not the length that its algorithm demands")]
    PartLength,
    /// RFC 7515 §2: padding, white space, non-zero trailing bits or foreign characters.
    #[error("a part is not strict base64url")]
    Base64,
    /// RFC 8725 §3.7: not UTF-8.
    #[error("a part is not UTF-8")]
    Utf8,
    /// RFC 8259: not JSON.
    #[error("a part is not JSON")]
    Json,
    /// RFC 7515 §4, RFC 7519 §4: a member name occurs twice.
    #[error("a JSON member name occurs twice")]
    DuplicateMember,
    /// Nested more deeply than this crate reads.
    #[error("the JSON is nested too deeply")]
    TooDeep,
    /// Larger, or of more members, than this crate reads.
    #[error("the JSON is too large")]
    TooLarge,
    /// RFC 7515 §4, RFC 7519 §4: the root is not an object.
    #[error("the JSON is not an object")]
    NotObject,
    /// RFC 7515 §4.1.11: `crit` lists extensions; none is understood here.
    #[error("the header has crit, and no extension is understood")]
    Critical,
    /// RFC 7797 §7: JWTs must not use `b64`.
    #[error("the header has b64, which JWTs must not use")]
    UnencodedPayload,
    /// A header parameter is missing.
    #[error("the header has no {0}")]
    HeaderMissing(&'static str),
    /// A header parameter has the wrong type or is out of bounds.
    #[error("the header's {0} has the wrong type or is out of bounds")]
    HeaderInvalid(&'static str),
}

/// Why a JSON Web Key cannot be used to verify signatures.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum KeyError {
    /// It is not there at all.
    #[error("it is missing")]
    Missing,
    /// Not a JSON object, or not strict JSON.
    #[error("it is not a JSON object")]
    NotObject,
    /// RFC 9449 §4.3 (7): it has a private or secret member (`d`, `p`, `q`, `dp`, `dq`, `qi`, `oth`, `k`).
    #[error("it has a private or secret member")]
    Private,
    /// `kty` is not `EC`, `RSA` or `OKP`.
    #[error("its kty is not supported")]
    KeyType,
    /// `crv` is not supported for its `kty`.
    #[error("its crv is not supported")]
    Curve,
    /// A required member is missing.
    #[error("its member {0} is missing")]
    MemberMissing(&'static str),
    /// A member has the wrong type, encoding or length.
    #[error("its member {0} has the wrong type, encoding or length")]
    MemberInvalid(&'static str),
    /// SP 5.4.1: RSA of less than 2048 bits.
    #[error("its RSA modulus is shorter than 2048 bits")]
    TooSmall,
    /// RSA of more than 4096 bits: too costly to verify for strangers.
    #[error("its RSA modulus is longer than 4096 bits")]
    TooLarge,
    /// CVE-2017-15361: made by a generator whose private keys can be computed from the public ones.
    #[error("its RSA modulus has the ROCA weakness (CVE-2017-15361)")]
    Roca,
    /// RSA exponent even, below 3, or of more than 32 bits.
    #[error("its RSA exponent is not an odd number from 3 to 2^32")]
    Exponent,
    /// RFC 8725 §3.4: not a point of its curve, or an Ed25519 key of small order.
    #[error("it is not a valid point of its curve")]
    Point,
    /// The key's type, curve, `alg`, `use` or `key_ops` does not fit the algorithm.
    #[error("it is not meant for this algorithm or for verifying signatures")]
    Unfit,
}
