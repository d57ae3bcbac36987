//! JWK thumbprints (RFC 7638), as `cnf.jkt` holds them (RFC 9449 §6.1).
//!
//! Form only: 32 bytes, and their one spelling. How a key's thumbprint is computed is in `jwk.rs`.

use std::fmt;
use std::str::FromStr;

use super::{JoseError, base64url};
use crate::crypto::same_hash;

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
        same_hash(&self.0, &other.0)
    }
}

/// Reads 43 characters of base64url, with zero trailing bits.
impl FromStr for JwkThumbprint {
    type Err = JoseError;

    fn from_str(text: &str) -> Result<Self, JoseError> {
        base64url::decode_array(text).map(Self).ok_or(JoseError::Base64)
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
    use super::*;

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
}
