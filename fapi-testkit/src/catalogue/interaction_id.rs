//! `x-fapi-interaction-id`, by which both sides find a request in their logs: a UUID.

/// The name of the header field.
pub(super) const INTERACTION_ID: &str = "x-fapi-interaction-id";

/// A random one (RFC 9562 §5.4).
pub(super) fn new_interaction_id() -> String {
    let random = josekit::util::random_bytes(16);
    let number = random.into_iter().fold(0_u128, |number, byte| (number << 8) | u128::from(byte));
    // The version, 4, and the variant.
    let number = (number & !(0xf << 76) & !(0b11 << 62)) | (4 << 76) | (0b10 << 62);
    let digits = format!("{number:032x}");
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
    groups.map(|group| digits.get(group).unwrap_or_default()).join("-")
}

/// RFC 9562 §4
pub(super) fn is_uuid(text: &str) -> bool {
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    // R24
    #[test]
    fn what_is_made_is_a_new_uuid_of_version_4() {
        let id = new_interaction_id();
        assert!(is_uuid(&id) && id != new_interaction_id(), "{id}");
        assert!(
            id.get(14..15) == Some("4") && id.get(19..20).is_some_and(|variant| "89ab".contains(variant)),
            "{id}"
        );
    }
}
