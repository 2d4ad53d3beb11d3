use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::{Invalid, Name, UserId, display_text::is_default_ignorable};

/// The number of characters at the beginning of a name that divide the index. A prefix has at least as many.
const HEAD_CHARS: usize = 2;
/// The longest part of a normalised name that is compared: the length of a name. Some characters become several.
const MAX_CHARS: usize = 100;
/// Comes between a normalised name and the id. It sorts before every character of a normalised name, so that a name sorts before
/// the longer names that begin with it.
const SEPARATOR: char = '\t';

const TOO_SHORT: Invalid = Invalid::new(
    "too_short",
    "The beginning of the name is too short. Send at least 2 characters.",
);
const TOO_LONG: Invalid = Invalid::new(
    "too_long",
    "The beginning of the name is too long. Send at most 100 characters.",
);

/// The key by which a user is found by name: the normalised name, then the id.
///
/// Normalised names are compatibility-normalised (NFKC), without case, without the accents of Latin, Greek and Cyrillic letters
/// (U+0300 to U+036F), without characters that show nothing, and with single spaces: "José", "JOSE" and "Ｊｏｓé" are the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NameKey {
    text: String,
    head: String,
    id: UserId,
}

/// The beginning of a normalised name, of at least two characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePrefix(String);

impl NameKey {
    /// The key of a user with this name. `None` if nothing of the name is left, as of "´": such a name is not found.
    #[must_use]
    pub fn of(name: &Name, id: UserId) -> Option<Self> {
        Self::of_normalized(&normalize(name.as_str()), id)
    }

    /// Parses what [`NameKey::as_str`] returned.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, id) = text.rsplit_once(SEPARATOR)?;
        let key = Self::of_normalized(name, UserId::parse(id).ok()?)?;
        (key.text == text).then_some(key)
    }

    fn of_normalized(name: &str, id: UserId) -> Option<Self> {
        let name = name.chars().take(MAX_CHARS).collect::<String>();
        (!name.is_empty()).then(|| Self {
            text: format!("{name}{SEPARATOR}{id}"),
            head: head(&name),
            id,
        })
    }

    /// The key as text; sorts by name, then by the time of sign-up.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first two characters of the normalised name, or the only one: the partition of the index.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The user.
    #[must_use]
    pub const fn id(&self) -> UserId {
        self.id
    }
}

impl NamePrefix {
    /// Parses the beginning of a name.
    ///
    /// # Errors
    /// When less than two or more than 100 characters are left of it.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let prefix = normalize(text);
        match prefix.chars().count() {
            ..HEAD_CHARS => Err(TOO_SHORT),
            HEAD_CHARS..=MAX_CHARS => Ok(Self(prefix)),
            _ => Err(TOO_LONG),
        }
    }

    /// The normalised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition of the index with all names that begin with it.
    #[must_use]
    pub fn head(&self) -> String {
        head(&self.0)
    }

    /// Whether a user with this key has a name that begins with it.
    #[must_use]
    pub fn matches(&self, key: &NameKey) -> bool {
        key.text.starts_with(&self.0)
    }
}

fn head(normalized: &str) -> String {
    normalized.chars().take(HEAD_CHARS).collect()
}

/// Upper case folds letters such as the final sigma and `ß`. Lower case comes before it, because the capital `ẞ` has no other
/// upper case.
fn normalize(text: &str) -> String {
    let folded: String = text
        .nfkd()
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfkd()
        .filter(|c| !is_accent(*c) && !is_default_ignorable(*c))
        .nfkc()
        .collect();
    let words: Vec<_> = folded.split_whitespace().collect();
    words.join(" ")
}

/// Whether a character is a mark of a Latin, Greek or Cyrillic letter. Marks of other scripts are vowels or tones, which are
/// parts of a name.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}') && is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    fn key(name: &str) -> NameKey {
        let id = UserId::new(datetime!(2026-01-01 00:00:00 UTC));
        NameKey::of(&Name::stored(name.to_owned()), id).unwrap()
    }

    fn finds(prefix: &str, name: &str) -> bool {
        let (prefix, key) = (NamePrefix::parse(prefix).unwrap(), key(name));
        assert!(!prefix.matches(&key) || prefix.head() == key.head());
        prefix.matches(&key)
    }

    #[test]
    fn case_accents_and_forms_of_letters_do_not_matter() {
        for (prefix, name) in [
            ("ad", "Ada Lovelace"),
            ("ADA  love", "Ada Lovelace"),
            ("jose", "Jos\u{e9}"),
            ("JOS\u{c9}", "Jose\u{301}"),
            ("\u{ff2a}\u{ff4f}se", "Jos\u{e9}"),
            ("muller", "M\u{fc}ller"),
            ("stras", "Stra\u{df}er"),
            ("STRASSER", "Stra\u{df}er"),
            ("stra\u{df}", "STRA\u{1e9e}ER"),
            ("strasser", "STRA\u{1e9e}ER"),
            ("ist", "\u{130}stanbul"),
            (
                "\u{3a3}\u{39f}\u{3a6}",
                "\u{3c3}\u{3bf}\u{3c6}\u{3cc}\u{3c2}",
            ),
            ("\u{674e}\u{660e}", "\u{674e}\u{660e}\u{534e}"),
            // With and without the joiner that Persian has between these letters.
            (
                "\u{645}\u{6cc}\u{62e}",
                "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}",
            ),
            ("\u{930}\u{93e}", "\u{930}\u{93e}\u{927}\u{93e}"),
        ] {
            assert!(finds(prefix, name), "{prefix:?} {name:?}");
        }
    }

    #[test]
    fn other_names_do_not_match() {
        for (prefix, name) in [
            ("da", "Ada"),
            ("adab", "Ada"),
            // The vowel of this name is a mark.
            ("\u{930}\u{93e}", "\u{930}\u{940}\u{924}\u{93e}"),
        ] {
            assert!(!finds(prefix, name), "{prefix:?} {name:?}");
        }
    }

    #[test]
    fn a_name_sorts_before_the_longer_names_that_begin_with_it() {
        let mut keys = ["Ada B", "Adab", "ada", "Ada\u{21}", "Ad"].map(key);
        keys.sort();
        let names = keys.map(|key| key.as_str().split_once('\t').unwrap().0.to_owned());
        assert_eq!(names, ["ad", "ada", "ada b", "ada!", "adab"]);
    }

    #[test]
    fn a_prefix_has_at_least_two_characters_that_count() {
        for short in ["", "a", " a ", "\u{301}\u{301}a", "\u{200b}\u{200b}"] {
            assert_eq!(NamePrefix::parse(short), Err(TOO_SHORT), "{short:?}");
        }
        assert_eq!(NamePrefix::parse(&"a".repeat(101)), Err(TOO_LONG));
        assert!(NamePrefix::parse(&"a".repeat(100)).is_ok());
    }

    #[test]
    fn a_name_of_one_character_has_a_key_and_a_name_of_none_has_not() {
        assert_eq!(key("\u{674e}").head(), "\u{674e}");
        let nothing = Name::parse("\u{b4}").unwrap();
        let id = UserId::new(datetime!(2026-01-01 00:00:00 UTC));
        assert_eq!(NameKey::of(&nothing, id), None);
    }

    /// Characters after these have no case.
    #[test]
    fn normalisation_of_every_character_with_a_case_is_a_fixed_point() {
        for c in '\0'..='\u{1ffff}' {
            let once = normalize(&format!("a{c}a"));
            assert_eq!(normalize(&once), once, "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn a_user_is_found_by_every_prefix_of_the_name(name in "\\PC{2,110}", chars in 2..110_usize) {
            let Ok(name) = Name::parse(&name) else { return Ok(()) };
            let id = UserId::new(datetime!(2026-01-01 00:00:00 UTC));
            let Some(key) = NameKey::of(&name, id) else { return Ok(()) };
            prop_assert_eq!(NameKey::parse(key.as_str()), Some(key.clone()));
            // DynamoDB allows 1,024 bytes for the key.
            prop_assert!(key.as_str().len() <= 4 * MAX_CHARS + 37);
            let (normalized, _) = key.as_str().rsplit_once('\t').unwrap();
            let prefix: String = normalized.chars().take(chars).collect();
            if let Ok(prefix) = NamePrefix::parse(&prefix) {
                prop_assert!(prefix.matches(&key) && prefix.head() == key.head(), "{prefix:?} {key:?}");
            }
        }

        #[test]
        fn no_text_makes_it_panic_and_normalisation_is_a_fixed_point(text in ".{0,120}") {
            let once = normalize(&text);
            prop_assert_eq!(normalize(&once), once);
            let _ = NameKey::parse(&text);
        }
    }
}
