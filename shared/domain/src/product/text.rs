use unicode_normalization::UnicodeNormalization as _;

use crate::{
    Invalid,
    display_text::{self, DisplayTextError},
};

const MAX_TITLE_CHARS: usize = 200;
const MAX_DESCRIPTION_CHARS: usize = 5_000;

const EMPTY: Invalid = Invalid::new(
    "empty",
    "At least one visible character is required. Enter a text.",
);
const TITLE_TOO_LONG: Invalid = Invalid::new(
    "too_long",
    "The title is too long. Enter at most 200 characters.",
);
const DESCRIPTION_TOO_LONG: Invalid = Invalid::new(
    "too_long",
    "The description is too long. Enter at most 5000 characters.",
);
const CONTROL: Invalid = Invalid::new(
    "control_character",
    "The text contains a control character or one that changes the direction of text. Remove it.",
);

/// The title of a product: one line of 1 to 200 characters, at least one of them visible, trimmed and in NFC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title(String);

impl Title {
    /// Parses a title.
    ///
    /// # Errors
    /// When no character is visible, it is too long, or contains control characters or bidirectional controls.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let title: String = text.trim().nfc().collect();
        if title.chars().count() > MAX_TITLE_CHARS {
            return Err(TITLE_TOO_LONG);
        }
        match display_text::check(&title) {
            Ok(()) => Ok(Self(title)),
            Err(DisplayTextError::Control) => Err(CONTROL),
            Err(DisplayTextError::Invisible) => Err(EMPTY),
        }
    }

    /// A title from a table or an event. It is not parsed again.
    #[must_use]
    pub fn stored(title: String) -> Self {
        Self(title)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The description of a product: up to 5,000 characters in any number of lines, trimmed and in NFC. It may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    /// Parses a description.
    ///
    /// # Errors
    /// When it is too long, or contains control characters other than line breaks and tabs, or bidirectional controls.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text: String = text.trim().replace("\r\n", "\n").nfc().collect();
        if text.chars().count() > MAX_DESCRIPTION_CHARS {
            return Err(DESCRIPTION_TOO_LONG);
        }
        let is_allowed = |c: char| matches!(c, '\n' | '\t') || !display_text::is_control(c);
        if text.chars().all(is_allowed) {
            Ok(Self(text))
        } else {
            Err(CONTROL)
        }
    }

    /// A description from a table. It is not parsed again.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
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
    fn a_title_is_one_visible_line() {
        assert_eq!(
            Title::parse(" Tea & Cake ").map(|title| title.0),
            Ok("Tea & Cake".to_owned())
        );
        assert_eq!(Title::parse(&"a".repeat(201)), Err(TITLE_TOO_LONG));
        assert_eq!(Title::parse("\u{200b}"), Err(EMPTY));
        assert_eq!(Title::parse("a\nb"), Err(CONTROL));
        assert_eq!(Title::parse("a\u{202e}b"), Err(CONTROL));
    }

    #[test]
    fn a_description_may_have_lines_and_may_be_empty() {
        let parse = |text: &str| Description::parse(text).map(|it| it.0);
        assert_eq!(parse("One\r\n\r\ntwo\tx\n"), Ok("One\n\ntwo\tx".to_owned()));
        assert_eq!(parse(" "), Ok(String::new()));
        assert_eq!(parse("a\u{7}"), Err(CONTROL));
        assert_eq!(parse("a\u{202e}b"), Err(CONTROL));
        assert_eq!(parse(&"é".repeat(5_001)), Err(DESCRIPTION_TOO_LONG));
    }
}
