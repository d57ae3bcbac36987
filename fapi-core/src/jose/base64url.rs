//! Strict base64url (RFC 7515 §2, RFC 4648 §5).
//!
//! No padding, no white space, no foreign characters, and zero trailing bits (R115): every value has exactly one
//! spelling, so that comparing text and comparing bytes give the same answer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::JoseError;

/// Length of 32 bytes in base64url: a SHA-256 thumbprint or an Ed25519 key.
const ENCODED_LEN_32: usize = 43;

/// The bytes that `text` spells.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, JoseError> {
    // R115: this engine refuses padding and non-zero trailing bits.
    URL_SAFE_NO_PAD.decode(text).map_err(|_| JoseError::Base64)
}

/// The 32 bytes that `text` spells; `None` if it spells anything else.
pub(crate) fn decode_32(text: &str) -> Option<[u8; 32]> {
    if text.len() != ENCODED_LEN_32 {
        return None;
    }
    let mut bytes = [0; 32];
    // R115, as above.
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    (length == bytes.len()).then_some(bytes)
}

/// The one spelling of `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether `text` consists of the base64url alphabet alone.
pub(crate) fn is_alphabet(text: &str) -> bool {
    // No early exit: the loop is then free of branches, and costs a warm request nothing that could be measured.
    text.bytes()
        .fold(true, |so_far, byte| so_far & (byte.is_ascii_alphanumeric() | (byte == b'-') | (byte == b'_')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn r115_one_value_has_one_spelling() {
        assert_eq!(decode("AQAB"), Ok(vec![1, 0, 1]));
        assert_eq!(decode("AQ"), Ok(vec![1]));
        let refused =
            ["AQ==", "AQ=", "AR", "AQA B", "AQAB\n", "AQ+B", "AQ/B", "A", "AQAB.", "\u{e9}AAA", "AQ\0B"];
        for text in refused {
            assert_eq!(decode(text), Err(JoseError::Base64), "{text:?}");
        }
    }

    #[test]
    fn thirty_two_bytes_are_forty_three_characters() {
        let text = encode(&[7; 32]);
        assert_eq!(decode_32(&text), Some([7; 32]));
        assert_eq!(decode_32(&encode(&[7; 31])), None);
        assert_eq!(decode_32(&encode(&[7; 33])), None);
        assert_eq!(decode_32(&format!("{text}=")), None);
        // RFC 8705 figure 2 prints a thumbprint with non-zero trailing bits.
        assert_eq!(decode_32("bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"), None);
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes(bytes: Vec<u8>) {
            let text = encode(&bytes);
            prop_assert!(is_alphabet(&text));
            prop_assert_eq!(decode(&text), Ok(bytes));
        }

        #[test]
        fn what_decodes_is_the_only_spelling(text in "[A-Za-z0-9_=. -]{0,12}") {
            if let Ok(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
