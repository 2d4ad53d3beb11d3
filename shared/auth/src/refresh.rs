//! Refresh tokens: opaque, and not stored. A session stores its family key, from which all its tokens are derived, and the
//! current generation. The tag of a token proves that it was derived from that key.
//!
//! `base64url(session id, 16 bytes ‖ generation, 4 bytes big-endian ‖ HMAC-SHA256(family key, generation), 32 bytes)`

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::SessionId;
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

use crate::random::{self, NoRandomness};

const ID_BYTES: usize = 16;
const GENERATION_BYTES: usize = 4;
const TAG_BYTES: usize = 32;
const TOKEN_BYTES: usize = ID_BYTES + GENERATION_BYTES + TAG_BYTES;

/// The secret key of a session, from which all its refresh tokens are derived.
#[derive(Debug)]
pub struct FamilyKey(SecretBox<[u8; 32]>);

impl FamilyKey {
    /// Generates a random key.
    ///
    /// # Errors
    /// When the operating system returns no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        random::bytes().map(Self::from_bytes)
    }

    /// Creates the key from its stored bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    /// Returns the bytes. They are secret: use them only for the session's item.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }

    fn hmac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.expose())
    }
}

/// The text is not a refresh token, or not one of this session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a refresh token of this session")]
pub struct NotARefreshToken;

/// A refresh token. A parsed token is not trusted until it is [verified](Self::verify).
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    session_id: SessionId,
    generation: u32,
    tag: [u8; TAG_BYTES],
}

impl RefreshToken {
    /// Returns the first token of a session.
    #[must_use]
    pub fn first(session_id: SessionId, key: &FamilyKey) -> Self {
        Self::of_generation(session_id, 0, key)
    }

    /// Returns the next token. It is always the same, so a repeated request gets the same response.
    #[must_use]
    pub fn successor(&self, key: &FamilyKey) -> Self {
        // At one rotation a second, an overflow takes 136 years, and a session lasts 30 days.
        Self::of_generation(self.session_id, self.generation.saturating_add(1), key)
    }

    fn of_generation(session_id: SessionId, generation: u32, key: &FamilyKey) -> Self {
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(hmac::sign(&key.hmac(), &generation.to_be_bytes()).as_ref());
        Self {
            session_id,
            generation,
            tag,
        }
    }

    /// Parses the text of a token. Each token has exactly one valid text.
    ///
    /// # Errors
    /// When the text does not have the form of a token.
    pub fn parse(text: &str) -> Result<Self, NotARefreshToken> {
        let mut bytes = [0; TOKEN_BYTES];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(TOKEN_BYTES) => {}
            _ => return Err(NotARefreshToken),
        }
        let (id, rest) = bytes
            .split_first_chunk::<ID_BYTES>()
            .ok_or(NotARefreshToken)?;
        let (generation, tag) = rest
            .split_first_chunk::<GENERATION_BYTES>()
            .ok_or(NotARefreshToken)?;
        Ok(Self {
            session_id: SessionId::from_bytes(*id),
            generation: u32::from_be_bytes(*generation),
            tag: tag.try_into().map_err(|_| NotARefreshToken)?,
        })
    }

    /// Verifies, in constant time, that the token was derived from this key.
    ///
    /// # Errors
    /// When it was not.
    pub fn verify(&self, key: &FamilyKey) -> Result<(), NotARefreshToken> {
        hmac::verify(&key.hmac(), &self.generation.to_be_bytes(), &self.tag)
            .map_err(|_| NotARefreshToken)
    }

    /// Returns the session that the token names.
    #[must_use]
    pub const fn session_id(&self) -> SessionId {
        self.session_id
    }

    /// Returns the number of earlier tokens of the session.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// Returns the text. It is secret: use it only in the response to its owner.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        let mut bytes = [0; TOKEN_BYTES];
        let (id, rest) = bytes.split_at_mut(ID_BYTES);
        let (generation, tag) = rest.split_at_mut(GENERATION_BYTES);
        id.copy_from_slice(self.session_id.as_bytes());
        generation.copy_from_slice(&self.generation.to_be_bytes());
        tag.copy_from_slice(&self.tag);
        URL_SAFE_NO_PAD.encode(bytes).into()
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken")
            .field("session_id", &self.session_id)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn session(bytes: [u8; 16]) -> SessionId {
        SessionId::from_bytes(bytes)
    }

    #[test]
    fn tokens_are_derived_from_the_key_and_the_generation() {
        let key = FamilyKey::from_bytes([7; 32]);
        let first = RefreshToken::first(session([1; 16]), &key);
        let second = first.successor(&key);
        assert_eq!((first.generation(), second.generation()), (0, 1));
        assert_eq!(first.successor(&key), second);
        assert_ne!(first.tag, second.tag);
        assert_eq!(second.verify(&key), Ok(()));
        assert_eq!(
            second.verify(&FamilyKey::from_bytes([8; 32])),
            Err(NotARefreshToken)
        );
    }

    #[test]
    fn a_changed_generation_is_refused() {
        let key = FamilyKey::generate().unwrap();
        let mut token = RefreshToken::first(session([1; 16]), &key);
        token.generation = 1;
        assert_eq!(token.verify(&key), Err(NotARefreshToken));
    }

    #[test]
    fn debug_output_contains_no_secrets() {
        let key = FamilyKey::from_bytes([0xAB; 32]);
        let token = RefreshToken::first(session([1; 16]), &key);
        assert!(!format!("{key:?}").contains("171"));
        assert!(!format!("{token:?}").contains(&token.tag[0].to_string()));
        assert!(!format!("{:?}", token.to_text()).contains(token.to_text().expose_secret()));
    }

    proptest! {
        #[test]
        fn a_token_survives_a_round_trip(id: [u8; 16], key: [u8; 32], steps in 0..5_usize) {
            let key = FamilyKey::from_bytes(key);
            let mut token = RefreshToken::first(session(id), &key);
            for _ in 0..steps {
                token = token.successor(&key);
            }
            let read = RefreshToken::parse(token.to_text().expose_secret()).unwrap();
            prop_assert_eq!(&read, &token);
            prop_assert_eq!(read.verify(&key), Ok(()));
        }

        #[test]
        fn one_token_has_one_text(text in "[A-Za-z0-9_-]{70}") {
            if let Ok(token) = RefreshToken::parse(&text) {
                let written = token.to_text();
                prop_assert_eq!(written.expose_secret(), &text);
            }
        }

        #[test]
        fn arbitrary_text_is_refused_without_a_panic(text in ".{0,100}") {
            prop_assert!(RefreshToken::parse(&text).is_err());
        }

        #[test]
        fn a_changed_tag_is_refused(at in 0..TAG_BYTES, flip in 1..=255_u8) {
            let key = FamilyKey::from_bytes([7; 32]);
            let mut token = RefreshToken::first(session([1; 16]), &key);
            token.tag[at] ^= flip;
            prop_assert_eq!(token.verify(&key), Err(NotARefreshToken));
        }
    }
}
