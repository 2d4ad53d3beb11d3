use secrecy::{ExposeSecret as _, SecretString};
use unicode_normalization::UnicodeNormalization as _;

use crate::Invalid;

/// NIST SP 800-63B, section 3.1.1.2.
const MIN_CHARS: usize = 8;
/// bcrypt reads 72 bytes and the last of them is the terminating NUL; it would silently truncate more.
const MAX_BYTES: usize = 71;
/// The bytes that bcrypt reads of its key, which it repeats with a NUL after each time.
const KEY_BYTES: usize = 72;

const EMPTY: Invalid = Invalid::new("empty", "The text is empty. Send at least one character.");
const TOO_SHORT: Invalid = Invalid::new(
    "password_too_short",
    "The password is too short. Send at least 8 characters.",
);
const TOO_LONG: Invalid = Invalid::new(
    "password_too_long",
    "The password is too long. Send at most 71 bytes in UTF-8; letters with accents count 2, emoji 4 or more.",
);
const COMMON: Invalid = Invalid::new(
    "password_too_common",
    "The password is one of the most common ones. Choose another.",
);

const REPEATS: Invalid = Invalid::new(
    "password_repeats",
    "The password repeats itself after a NUL character, so bcrypt takes it for its first part. Choose another.",
);

/// The most common passwords, lower-case, sorted, one a line.
static COMMON_PASSWORDS: &str = include_str!("common_passwords.txt");

/// A new password: NFKC, 8 characters to 71 bytes, not a common one.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

impl Password {
    /// Normalises the text (NFKC, so that every keyboard's `é` is the same) and applies the rules.
    ///
    /// # Errors
    /// When it is too short, too long for bcrypt, a repetition that bcrypt takes for a shorter one, or common.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let password = normalised(text);
        let text = password.expose_secret();
        if text.chars().count() < MIN_CHARS {
            Err(TOO_SHORT)
        } else if text.len() > MAX_BYTES {
            Err(TOO_LONG)
        } else if is_repetition(text.as_bytes()) {
            Err(REPEATS)
        } else if is_common(text) {
            Err(COMMON)
        } else {
            Ok(Self(password))
        }
    }

    /// The text, for the hash function alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A password that is to be checked. It may be any text, because newer rules must not lock out existing passwords.
#[derive(Debug, Clone)]
pub struct PasswordAttempt(SecretString);

impl PasswordAttempt {
    /// Normalises the text as [`Password::parse`] does.
    ///
    /// # Errors
    /// When it is empty.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() {
            Err(EMPTY)
        } else {
            Ok(Self(normalised(text)))
        }
    }

    /// Whether it can be the password of an account. If not, a matching hash means nothing.
    #[must_use]
    pub fn can_match(&self) -> bool {
        let text = self.expose().as_bytes();
        text.len() <= MAX_BYTES && !is_repetition(text)
    }

    /// The text, for the hash function alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// bcrypt repeats its key, with a NUL after each time, until it has 72 bytes: `ab` and `ab\0ab` are one password to it.
/// Of all that are equal to bcrypt, only the shortest is accepted.
fn is_repetition(password: &[u8]) -> bool {
    let key = |password: &[u8]| -> Vec<u8> {
        password
            .iter()
            .copied()
            .chain([0])
            .cycle()
            .take(KEY_BYTES)
            .collect()
    };
    let nuls = password.iter().enumerate().filter(|(_, byte)| **byte == 0);
    nuls.into_iter()
        .any(|(at, _)| key(&password[..at]) == key(password))
}

fn normalised(text: &str) -> SecretString {
    SecretString::from(text.nfkc().collect::<String>())
}

/// Binary search over the lines of the list: no table is built at start-up.
fn is_common(password: &str) -> bool {
    let wanted = password.to_lowercase();
    let (mut low, mut high) = (0, COMMON_PASSWORDS.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = COMMON_PASSWORDS[..middle]
            .rfind('\n')
            .map_or(0, |at| at + 1);
        let end = COMMON_PASSWORDS[start..]
            .find('\n')
            .map_or(COMMON_PASSWORDS.len(), |n| start + n);
        match COMMON_PASSWORDS[start..end].cmp(&wanted) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<Invalid> {
        Password::parse(text).err()
    }

    #[test]
    fn length_counts_characters_below_and_bytes_above() {
        assert_eq!(refused("s3ven-c"), Some(TOO_SHORT));
        assert_eq!(refused("8chars-ö"), None);
        assert_eq!(refused(&"x".repeat(71)), None);
        assert_eq!(refused(&"x".repeat(72)), Some(TOO_LONG));
        assert_eq!(refused(&"é".repeat(36)), Some(TOO_LONG));
        // 17 * 4 = 68 bytes, 18 * 4 = 72
        assert_eq!(refused(&"🗝".repeat(17)), None);
        assert_eq!(refused(&"🗝".repeat(18)), Some(TOO_LONG));
    }

    #[test]
    fn a_password_that_bcrypt_takes_for_a_shorter_one_is_refused() {
        let cut = format!("{}\0{}", "a".repeat(31), "b".repeat(7));
        // 39 bytes and a NUL, then 31 more up to another, the 72nd: where bcrypt stops reading the repeated key.
        let same = format!("{cut}\0{}", "a".repeat(31));
        assert_eq!((cut.len(), same.len()), (39, 71));
        for (password, repeats) in [
            ("password\0password", true),
            ("nul\0nul\0nul", true),
            ("\0\0\0\0\0\0\0\0", true),
            ("nul\0nul\0null", false),
            ("trailing nul\0", false),
            ("\0leading nul", false),
            (&cut, false),
            (&same, true),
            (&same[..70], false),
        ] {
            let refused = refused(password) == Some(REPEATS);
            assert_eq!(refused, repeats, "{password:?}");
            assert_eq!(
                PasswordAttempt::parse(password).unwrap().can_match(),
                !repeats,
                "{password:?}"
            );
        }
    }

    #[test]
    fn composed_and_decomposed_are_one_password() {
        let (nfc, nfd) = ("caf\u{e9} au lait", "cafe\u{301} au lait");
        assert_eq!(
            Password::parse(nfc).unwrap().expose(),
            Password::parse(nfd).unwrap().expose()
        );
        assert_eq!(PasswordAttempt::parse(nfd).unwrap().expose(), nfc);
    }

    #[test]
    fn common_passwords_are_refused_in_any_case() {
        for common in [
            "password",
            "PassWord",
            "12345678",
            "qwertyuiop",
            "password123",
            "iloveyou",
        ] {
            assert_eq!(refused(common), Some(COMMON), "{common}");
        }
        assert_eq!(refused("correct horse battery staple"), None);
    }

    #[test]
    fn the_list_of_common_passwords_is_sorted_and_every_entry_is_found() {
        let lines: Vec<_> = COMMON_PASSWORDS.lines().collect();
        assert!(lines.is_sorted() && lines.len() > 1_000);
        for line in lines {
            assert!(is_common(line), "{line}");
            assert!(!is_common(&format!("{line}\u{1}")), "{line}");
        }
    }

    #[test]
    fn a_password_is_redacted_in_debug() {
        let password = Password::parse("hunter2-hunter2").unwrap();
        assert!(!format!("{password:?}").contains("hunter2"));
    }
}
