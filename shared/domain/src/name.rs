use unicode_normalization::UnicodeNormalization as _;

use crate::{
    Invalid,
    display_text::{self, DisplayTextError},
};

/// Enough for known names, and short enough for a list.
const MAX_CHARS: usize = 100;

const EMPTY: Invalid = Invalid::new("empty", "At least one visible character is required.");
const TOO_LONG: Invalid = Invalid::new(
    "too_long",
    "The text is too long. Send at most 100 characters.",
);
const CONTROL: Invalid = Invalid::new(
    "control_character",
    "Line breaks, other control characters and characters that change the direction of text are not allowed.",
);

/// One line of text about a user, such as a name or a city: 1 to 100 characters, at least one of them visible, trimmed and
/// in NFC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Parses a name.
    ///
    /// # Errors
    /// When no character is visible, it is too long, or contains control characters or bidirectional controls.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let name: String = text.trim().nfc().collect();
        if name.chars().count() > MAX_CHARS {
            return Err(TOO_LONG);
        }
        match display_text::check(&name) {
            Ok(()) => Ok(Self(name)),
            Err(DisplayTextError::Control) => Err(CONTROL),
            Err(DisplayTextError::Invisible) => Err(EMPTY),
        }
    }

    /// A name from the table. It is not parsed again, because newer rules must not make existing users unreadable.
    #[must_use]
    pub fn stored(name: String) -> Self {
        Self(name)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_of_limited_length() {
        assert_eq!(
            Name::parse(" Ada\u{301} ").map(|n| n.0),
            Ok("Ad\u{e1}".to_owned())
        );
        assert_eq!(
            Name::parse(&"\u{1f600}".repeat(100)).map(|n| n.0.len()),
            Ok(400)
        );
        assert_eq!(Name::parse(&"a".repeat(101)), Err(TOO_LONG));
        assert_eq!(Name::parse(" \t"), Err(EMPTY));
        assert_eq!(Name::parse("Ada\nLovelace"), Err(CONTROL));
        assert_eq!(Name::parse("Ada\0"), Err(CONTROL));
    }

    #[test]
    fn a_name_is_visible_and_does_not_reverse_text() {
        for empty in ["\u{200b}", "\u{200b} \u{feff}", "\u{2029}", "\u{3164}"] {
            assert_eq!(Name::parse(empty), Err(EMPTY), "{empty:?}");
        }
        for control in [
            "\u{202e}adA",
            "Ada\u{2029}Lovelace",
            "\u{2066}Ada\u{2069}",
            "Ada\u{200f}",
        ] {
            assert_eq!(Name::parse(control), Err(CONTROL), "{control:?}");
        }
        let name = "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}";
        assert_eq!(Name::parse(name).map(|name| name.0), Ok(name.to_owned()));
    }
}
