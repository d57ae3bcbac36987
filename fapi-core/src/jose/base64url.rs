//! Strict base64url (RFC 7515 §2, RFC 4648 §5).
//!
//! No padding, no white space, no foreign characters, and zero trailing bits (R115): every value has exactly one
//! spelling, so that comparing text and comparing bytes give the same answer.

use base64_simd::{Out, URL_SAFE_NO_PAD};

use super::JoseError;

/// The bytes that `text` spells.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, JoseError> {
    // R108, R115: this codec refuses padding, foreign characters and non-zero trailing bits.
    URL_SAFE_NO_PAD.decode_to_vec(text).map_err(|_| JoseError::Base64)
}

/// The `N` bytes that `text` spells; `None` if it spells anything else.
pub(crate) fn decode_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    // The codec panics if there is no room for what it decodes.
    if text.len() != N.saturating_mul(4).div_ceil(3) {
        return None;
    }
    let mut bytes = [0; N];
    // R115, as above.
    URL_SAFE_NO_PAD.decode(text.as_bytes(), Out::from_slice(&mut bytes)).ok()?;
    Some(bytes)
}

/// The one spelling of `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
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

    // R108: the codec reads many characters at a time, so that where one stands might matter.
    #[test]
    fn r108_a_foreign_octet_is_refused_wherever_it_stands() {
        let text = encode(&[0xa5; 98]);
        for (at, octet) in (0..text.len()).flat_map(|at| (0..=0x7f).map(move |octet: u8| (at, octet))) {
            let mut octets = text.clone().into_bytes();
            octets[at] = octet;
            let changed = String::from_utf8(octets).unwrap();
            let foreign = !octet.is_ascii_alphanumeric() && !b"-_".contains(&octet);
            // The last character has two trailing bits.
            let spells = decode(&changed).is_ok_and(|bytes| encode(&bytes) == changed);
            assert!(!foreign || !spells, "{octet:#x} at {at}");
            assert_eq!(decode(&changed).is_ok(), spells, "{octet:#x} at {at}");
            assert!(foreign || spells || at == text.len() - 1, "{octet:#x} at {at}");
        }
    }

    #[test]
    fn thirty_two_bytes_are_forty_three_characters() {
        let text = encode(&[7; 32]);
        assert_eq!(decode_array(&text), Some([7; 32]));
        assert_eq!(decode_array::<32>(&encode(&[7; 31])), None);
        assert_eq!(decode_array::<32>(&encode(&[7; 33])), None);
        assert_eq!(decode_array::<32>(&format!("{text}=")), None);
        // RFC 8705 figure 2 prints a thumbprint with non-zero trailing bits.
        assert_eq!(decode_array::<32>("bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"), None);
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes(bytes: Vec<u8>) {
            let text = encode(&bytes);
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
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
