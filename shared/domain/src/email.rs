use std::fmt;

use idna::AsciiDenyList;
use unicode_normalization::UnicodeNormalization as _;

use crate::{Invalid, display_text};

/// RFC 5321, section 4.5.3.1: a path has at most 256 octets, two of them the angle brackets.
const MAX_BYTES: usize = 254;
/// RFC 5321, section 4.5.3.1.1.
const MAX_LOCAL_BYTES: usize = 64;

const INVALID: Invalid = Invalid::new(
    "invalid_email",
    "The e-mail address is not valid. Send one like name@example.com.",
);

/// An e-mail address: as it was typed, and in the canonical form that it is compared by.
///
/// Internationalised addresses (RFC 6531) are accepted; quoted local parts and address literals are not.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    display: String,
    canonical: String,
}

impl Email {
    /// Parses an address and its canonical form: NFC, local part without case, domain in IDNA's ASCII form.
    ///
    /// # Errors
    /// When no mail can be sent to it.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let display: String = text.trim().nfc().collect();
        let (local, domain) = display.rsplit_once('@').ok_or(INVALID)?;
        let canonical = format!("{}@{}", canonical_local(local)?, canonical_domain(domain)?);
        if display.len() > MAX_BYTES || canonical.len() > MAX_BYTES {
            return Err(INVALID);
        }
        Ok(Self { display, canonical })
    }

    /// An address from the table. It is not parsed again, because newer rules must not make existing users unreadable.
    #[must_use]
    pub fn stored(display: String, canonical: String) -> Self {
        Self { display, canonical }
    }

    /// As the owner typed it.
    #[must_use]
    pub fn display(&self) -> &str {
        &self.display
    }

    /// The form that must be unique.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The mailbox that mail to the address probably arrives in, to count mail by: the canonical form without the subaddress
    /// `+tag` (RFC 5233, section 1). Dots stay, because most providers do not ignore them.
    #[must_use]
    pub fn mailbox(&self) -> String {
        let (local, domain) = self
            .canonical
            .rsplit_once('@')
            .unwrap_or((&self.canonical, ""));
        let user = local.split_once('+').map_or(local, |(user, _)| user);
        // With nothing before it, the plus is part of the name.
        let user = if user.is_empty() { local } else { user };
        format!("{user}@{domain}")
    }
}

/// Upper and then lower case, letter by letter: a fold that also makes final and medial sigma equal.
fn fold_case(text: &str) -> String {
    text.chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfc()
        .collect()
}

/// As [`fold`], for the part before the `@`. Letters that only look like ASCII letters, such as `ſ` and `ﬁ`, are not folded:
/// mail to the look-alike never reaches the mailbox of the ASCII address.
fn fold_local(local: &str) -> String {
    let fold = |c: char| {
        let folded = fold_case(c.encode_utf8(&mut [0; 4]));
        if folded.is_ascii() && !c.is_ascii() {
            c.to_string()
        } else {
            folded
        }
    };
    local.chars().map(fold).collect::<String>().nfc().collect()
}

fn canonical_local(local: &str) -> Result<String, Invalid> {
    let dots_well = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    let folded = fold_local(local);
    let fits =
        !local.is_empty() && local.len() <= MAX_LOCAL_BYTES && folded.len() <= MAX_LOCAL_BYTES;
    if fits && dots_well && local.chars().all(is_local_char) {
        Ok(folded)
    } else {
        Err(INVALID)
    }
}

/// RFC 5322 `atext` and the dot, and beyond ASCII every visible character (RFC 6531).
fn is_local_char(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c)
    } else {
        !c.is_whitespace() && !is_invisible(c)
    }
}

/// Whether a character shows nothing or changes the direction of text: two addresses that differ only in such characters
/// look the same to a person. U+FFF9 to U+FFFB enclose annotations, which are not shown.
fn is_invisible(c: char) -> bool {
    display_text::is_control(c)
        || display_text::is_default_ignorable(c)
        || matches!(c, '\u{fff9}'..='\u{fffb}')
}

fn canonical_domain(domain: &str) -> Result<String, Invalid> {
    let ascii =
        idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::STD3).map_err(|_| INVALID)?;
    let labels_fit = ascii.split('.').all(|label| {
        (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    });
    let top_level = ascii.rsplit('.').next().unwrap_or_default();
    let is_name = ascii.contains('.') && !top_level.bytes().all(|b| b.is_ascii_digit());
    if labels_fit && is_name && ascii.len() <= 253 {
        Ok(ascii.into_owned())
    } else {
        Err(INVALID)
    }
}

/// Redacted, because an address is personal data and `{:?}` may end up in a log.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(text: &str) -> String {
        Email::parse(text).unwrap().canonical().to_owned()
    }

    #[test]
    fn variants_of_one_address_are_the_same() {
        for (one, other) in [
            ("Ada@Example.COM", " ada@example.com\n"),
            ("jose\u{301}@example.com", "JOS\u{c9}@example.com"),
            ("ada@b\u{fc}cher.example", "ada@xn--bcher-kva.example"),
            ("ada@BU\u{308}CHER.example", "ada@b\u{fc}cher.example"),
            (
                "\u{3a3}\u{391}\u{3a3}@example.com",
                "\u{3c3}\u{3b1}\u{3c2}@example.com",
            ),
        ] {
            assert_eq!(canonical(one), canonical(other), "{one} {other}");
        }
    }

    /// Mail to a look-alike address never reaches the other one, so they must be different addresses.
    #[test]
    fn a_look_alike_of_an_ascii_address_is_another_address() {
        for (one, other) in [
            ("\u{17f}am@example.com", "sam@example.com"),
            ("stra\u{df}e@example.com", "strasse@example.com"),
            ("\u{fb01}n@example.com", "fin@example.com"),
            ("d\u{131}na@example.com", "dina@example.com"),
        ] {
            assert_ne!(canonical(one), canonical(other), "{one} {other}");
        }
        for c in ('\u{80}'..=char::MAX).filter(|c| c.is_alphabetic()) {
            let Ok(email) = Email::parse(&format!("{c}@example.com")) else {
                continue;
            };
            let sent_to = email.display().nfc().collect::<String>();
            assert_eq!(email.canonical().is_ascii(), sent_to.is_ascii(), "{c}");
        }
    }

    #[test]
    fn an_address_is_shown_as_typed() {
        assert_eq!(
            Email::parse(" Ada@Example.COM ").unwrap().display(),
            "Ada@Example.COM"
        );
    }

    #[test]
    fn an_undeliverable_address_is_refused() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long = format!("a@{}com", "abcdefghi.".repeat(26));
        for bad in [
            "",
            "@",
            "a@",
            "@b.c",
            "a",
            "a b@example.com",
            "a@b",
            "a@exa mple.com",
            "a..b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a@-b.example",
            "a@b..example",
            "a@1.2.3.4",
            "a@[1.2.3.4]",
            "\"a b\"@example.com",
            "a\u{200b}@example.com",
            "a\0@example.com",
            "a@exam\u{0}ple.com",
            "a,b@example.com",
            "a@b@example.com",
            "a\r\nBcc: x@example.com",
            &long_local,
            &long,
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn subaddresses_share_a_mailbox() {
        let mailbox = |text: &str| Email::parse(text).unwrap().mailbox();
        for (address, expected) in [
            ("Ada@Example.com", "ada@example.com"),
            ("ada+shop@example.com", "ada@example.com"),
            ("ada+a+b@example.com", "ada@example.com"),
            ("ada+@example.com", "ada@example.com"),
            ("a.d.a@example.com", "a.d.a@example.com"),
            ("ada-shop@example.com", "ada-shop@example.com"),
            ("+ada@example.com", "+ada@example.com"),
        ] {
            assert_eq!(mailbox(address), expected, "{address}");
        }
    }

    proptest! {
        #[test]
        fn a_tag_changes_no_mailbox(local in "[a-z0-9.]{1,20}", tag in "[a-z0-9+]{0,20}") {
            let tagged = Email::parse(&format!("{local}+{tag}@example.com"));
            if let (Ok(email), Ok(tagged)) = (Email::parse(&format!("{local}@example.com")), tagged) {
                prop_assert_eq!(email.mailbox(), tagged.mailbox());
            }
        }

        #[test]
        fn no_text_makes_it_panic_and_canonical_is_a_fixed_point(text in ".{0,80}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(canonical(email.canonical()), email.canonical());
            }
        }

        #[test]
        fn case_never_matters(local in "[a-z\u{e0}-\u{f6}0-9]{1,20}", domain in "[a-z]{1,10}\\.[a-z]{2,5}") {
            let typed = format!("{local}@{domain}");
            prop_assert_eq!(canonical(&typed), canonical(&typed.to_uppercase()));
        }
    }
}
