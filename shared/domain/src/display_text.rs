//! The rule for short texts that other people see: names of people, cities and files.
//!
//! Such a text must not move or reverse the text around it, and it must not look empty. Joiners (U+200C, U+200D), variation
//! selectors and tags are allowed beside visible characters: Persian, Indic scripts, Mongolian, Japanese and emoji need
//! them.

use unicode_normalization::char::is_combining_mark;

/// Why a text cannot be shown to other people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DisplayTextError {
    /// It contains a control character, a line separator or a bidirectional control.
    Control,
    /// It contains no visible character.
    Invisible,
}

/// Checks a text that other people see.
pub(crate) fn check(text: &str) -> Result<(), DisplayTextError> {
    if text.chars().any(is_control) {
        Err(DisplayTextError::Control)
    } else if !text.chars().any(is_visible) {
        Err(DisplayTextError::Invisible)
    } else {
        Ok(())
    }
}

/// Whether a character ends a line, controls a terminal, or changes the direction of text: `General_Category` `Cc`, `Zl` and
/// `Zp`, and the property `Bidi_Control` (UAX #9, section 2).
pub(crate) fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || is_bidi_control(c)
}

const fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The property `Default_Ignorable_Code_Point`: characters that show nothing of their own (Unicode Standard, section 5.21;
/// `DerivedCoreProperties.txt`). The ranges include the code points that are reserved for it.
pub(crate) const fn is_default_ignorable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character shows something when it stands alone. A combining mark does not: it changes the character before it.
fn is_visible(c: char) -> bool {
    !(c.is_whitespace()
        || is_control(c)
        || is_default_ignorable(c)
        || is_combining_mark(c)
        || is_blank_symbol(c))
}

/// Symbols whose glyph is empty, although no property says so: the blank Braille pattern, the null notehead, and two
/// Egyptian blanks.
const fn is_blank_symbol(c: char) -> bool {
    matches!(c, '\u{2800}' | '\u{1d159}' | '\u{13441}'..='\u{13442}')
}

#[cfg(test)]
mod tests {
    use icu_properties::{
        CodePointSetData,
        props::{BidiControl, DefaultIgnorableCodePoint},
    };
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_in_all_scripts_can_be_shown() {
        for text in [
            "Ada Lovelace",
            "O\u{2019}Brien-Ng",
            "\u{1f469}\u{200d}\u{1f4bb}",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{915}\u{94d}\u{200d}\u{937}",
            "\u{d28}\u{d4d}\u{200d}",
            "\u{1820}\u{180b}\u{1828}",
            "\u{8fbb}\u{e0100}",
            "\u{e2a}\u{e21}\u{e0a}\u{e32}\u{e22}",
            "\u{5d0}\u{5b8}\u{5d3}\u{5b8}\u{5dd}",
            "\u{41b}\u{435}\u{432}",
            "\u{660e}\u{3000}\u{5b50}",
            "Screenshot 3.45\u{202f}PM.png",
        ] {
            assert_eq!(check(text), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn text_without_a_visible_character_is_refused() {
        for text in [
            "",
            " ",
            "\u{a0}",
            "\u{3000}",
            "\u{ad}",
            "\u{200b}",
            "\u{200c}\u{200d}",
            " \u{200b} \u{feff}",
            "\u{2060}",
            "\u{2800}",
            "\u{3164}",
            "\u{ffa0}",
            "\u{115f}\u{1160}",
            "\u{301}",
            "\u{fe0f}",
            "\u{e0041}",
            "\u{1d173}",
        ] {
            assert_eq!(check(text), Err(DisplayTextError::Invisible), "{text:?}");
        }
    }

    #[test]
    fn the_ranges_are_those_of_unicode() {
        let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        let bidi = CodePointSetData::new::<BidiControl>();
        for c in '\0'..=char::MAX {
            assert_eq!(is_default_ignorable(c), ignorable.contains(c), "{c:?}");
            assert_eq!(is_bidi_control(c), bidi.contains(c), "{c:?}");
        }
    }

    const CONTROLS: &str =
        "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{61c}\u{200e}\u{200f}\u{2028}-\u{202e}\u{2066}-\u{2069}]";

    proptest! {
        #[test]
        fn a_control_is_refused_wherever_it_is(before in ".{0,10}", control in CONTROLS, after in ".{0,10}") {
            let text = format!("{before}{control}{after}");
            prop_assert_eq!(check(&text), Err(DisplayTextError::Control));
        }

        #[test]
        fn joiners_are_allowed_beside_letters(text in "[\u{200c}\u{200d}]{0,3}\\p{L}[\u{200c}\u{200d}\\p{L}\\p{M}]{0,10}") {
            // Some letters show nothing: the Hangul fillers.
            let visible = text.chars().any(|c| c.is_alphabetic() && is_visible(c));
            prop_assert_eq!(check(&text).is_ok(), visible);
        }

        #[test]
        fn invisible_characters_do_not_add_up_to_a_text(text in "[ \u{a0}\u{ad}\u{34f}\u{200b}-\u{200d}\u{2060}-\u{2064}\u{2800}\u{3000}\u{3164}\u{fe00}-\u{fe0f}\u{feff}\u{300}-\u{36f}\u{e0100}-\u{e01ef}]{0,20}") {
            prop_assert_eq!(check(&text), Err(DisplayTextError::Invisible));
        }
    }
}
