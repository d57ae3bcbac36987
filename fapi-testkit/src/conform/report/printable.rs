//! Makes text safe to look at: an API under test chooses parts of a report, and must not thereby hide or reorder what a
//! reader sees, steer a terminal, or make XML invalid (XML 1.0 §2.2). Markup is for each writer to escape.

/// The text with a visible character for each that is not: control characters, those that reorder or take no room, and
/// those that XML does not have. Line breaks and tabs stay.
pub(in crate::conform) fn printable(text: &str) -> String {
    text.chars().map(visible).collect()
}

fn visible(character: char) -> char {
    match character {
        '\t' | '\n' | '\r' => character,
        // The block "Control Pictures" has a picture for each, in the same order.
        '\0'..='\u{1f}' => {
            char::from_u32(u32::from(character) | 0x2400).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => char::REPLACEMENT_CHARACTER,
        // Direction marks, embeddings, overrides and isolates.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            char::REPLACEMENT_CHARACTER
        }
        // Characters without width, and tags.
        '\u{ad}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}' => char::REPLACEMENT_CHARACTER,
        '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_made_visible() {
        assert_eq!(printable("a\0b\u{1b}[31m\u{7f}"), "a\u{2400}b\u{241b}[31m\u{2421}");
        assert_eq!(
            printable("\u{202e}txt\u{2066}\u{feff}\u{85}\u{ffff}"),
            "\u{fffd}txt\u{fffd}\u{fffd}\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn other_text_stays() {
        let text = "Ærlig talt:\r\n\t<b>&amp;</b> 日本 🦀";
        assert_eq!(printable(text), text);
    }
}
