//! Tokens in mailed links: 32 random bytes, of which only a digest is stored.
//!
//! The digest needs no salt and no slow hash, because 256 random bits cannot be guessed.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

use crate::{
    random::{self, NoRandomness},
    sha256,
};

const BYTES: usize = 32;

/// The text is not an email token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token from a mail")]
pub struct NotAnEmailToken;

/// A token as it is mailed.
pub struct EmailToken(SecretBox<[u8; BYTES]>);

impl EmailToken {
    /// Generates a random token.
    ///
    /// # Errors
    /// When the operating system returns no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        random::bytes().map(|bytes| Self(SecretBox::new(Box::new(bytes))))
    }

    /// Parses the text of a token. Each token has exactly one valid text.
    ///
    /// # Errors
    /// When the text is not 32 bytes of unpadded base64url.
    pub fn parse(text: &str) -> Result<Self, NotAnEmailToken> {
        let mut bytes = [0; BYTES];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(BYTES) => Ok(Self(SecretBox::new(Box::new(bytes)))),
            _ => Err(NotAnEmailToken),
        }
    }

    /// Returns the text. It is secret: use it only in the mail.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        URL_SAFE_NO_PAD.encode(self.0.expose_secret()).into()
    }

    /// Returns the digest that is stored: the SHA-256 in base64url.
    #[must_use]
    pub fn digest(&self) -> String {
        sha256(self.0.expose_secret())
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
    fn a_token_survives_a_round_trip_and_is_unique() {
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
