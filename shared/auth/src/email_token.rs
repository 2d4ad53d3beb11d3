//! Tokens that go by mail: 32 random bytes, of which only a digest is stored.
//!
//! No salt and no slow hash: nobody guesses 256 bits.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

use crate::random::{self, NoRandomness};

const BYTES: usize = 32;

/// The text is no token of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token from a mail")]
pub struct NotAnEmailToken;

/// A token as its holder has it.
pub struct EmailToken(SecretBox<[u8; BYTES]>);

impl EmailToken {
    /// A new one.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        random::bytes().map(|bytes| Self(SecretBox::new(Box::new(bytes))))
    }

    /// Reads the text of a token, strictly: one token has one text.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(text: &str) -> Result<Self, NotAnEmailToken> {
        let mut bytes = [0; BYTES];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(BYTES) => Ok(Self(SecretBox::new(Box::new(bytes)))),
            _ => Err(NotAnEmailToken),
        }
    }

    /// The text, for the mail to its holder alone.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        URL_SAFE_NO_PAD.encode(self.0.expose_secret()).into()
    }

    /// What is stored of it: the base64url of its SHA-256.
    #[must_use]
    pub fn digest(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.0.expose_secret()))
    }
}

impl fmt::Debug for EmailToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailToken(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read_and_no_two_are_the_same() {
        let token = EmailToken::generate().unwrap();
        let text = token.to_text();
        let read = EmailToken::parse(text.expose_secret()).unwrap();
        assert_eq!(read.digest(), token.digest());
        assert_eq!(text.expose_secret().len(), 43);
        assert_ne!(EmailToken::generate().unwrap().digest(), token.digest());
    }

    #[test]
    fn neither_debug_nor_the_digest_shows_the_token() {
        let token = EmailToken::generate().unwrap();
        let text = token.to_text();
        assert!(!format!("{token:?}").contains(text.expose_secret()));
        assert_ne!(token.digest(), text.expose_secret());
    }

    proptest! {
        #[test]
        fn one_token_has_one_text(text in "[A-Za-z0-9_=-]{40,46}") {
            if let Ok(token) = EmailToken::parse(&text) {
                let written = token.to_text();
                prop_assert_eq!(written.expose_secret(), &text);
            }
        }
    }
}
