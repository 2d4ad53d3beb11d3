use unicode_normalization::UnicodeNormalization as _;

use crate::Invalid;

/// Enough for every name we know of, and little enough for a list to stay a list.
const MAX_CHARS: usize = 100;

const EMPTY: Invalid = Invalid::new("empty", "must not be empty");
const TOO_LONG: Invalid = Invalid::new("too_long", "must have at most 100 characters");
const CONTROL: Invalid = Invalid::new(
    "control_character",
    "must not contain line breaks or other control characters",
);

/// One line of text about a person, 1 to 100 characters, trimmed and in NFC: a name, a city.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    /// When nothing is left after trimming, it is too long, or holds control characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let name: String = text.trim().nfc().collect();
        match name.chars().count() {
            0 => Err(EMPTY),
            n if n > MAX_CHARS => Err(TOO_LONG),
            _ if name.chars().any(char::is_control) => Err(CONTROL),
            _ => Ok(Self(name)),
        }
    }

    /// A name as our own table keeps it. Not parsed again: today's rules must not lose yesterday's users.
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
    fn a_name_is_one_line_of_some_length() {
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
}
