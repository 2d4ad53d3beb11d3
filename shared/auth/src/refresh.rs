//! Refresh tokens: opaque to the caller, and not stored. A session stores its family key, from which they can all be made,
//! and the generation that is current; the token proves that it was issued from that key.
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

/// The secret of one session, from which all its refresh tokens follow.
#[derive(Debug)]
pub struct FamilyKey(SecretBox<[u8; 32]>);

impl FamilyKey {
    /// A new one.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        random::bytes().map(Self::from_bytes)
    }

    /// The key of these bytes, as they were stored.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    /// The bytes, for the session's item alone.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }

    fn hmac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.expose())
    }
}

/// The text is no refresh token, or not one of that family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a refresh token of this session")]
pub struct NotARefreshToken;

/// A refresh token. One that came from outside proves nothing until it is [verified](Self::verify).
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    session_id: SessionId,
    generation: u32,
    tag: [u8; TAG_BYTES],
}

impl RefreshToken {
    /// The token of a new session.
    #[must_use]
    pub fn first(session_id: SessionId, key: &FamilyKey) -> Self {
        Self::of_generation(session_id, 0, key)
    }

    /// The token that follows this one: always the same, so a repeated request gets the same answer.
    #[must_use]
    pub fn successor(&self, key: &FamilyKey) -> Self {
        // At one rotation a second it would take 136 years to get here, and a session has 30 days.
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

    /// Reads the text of a token, strictly: one token has one text.
    ///
    /// # Errors
    /// When it has another form.
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

    /// Checks, in constant time, that the token was issued from this key.
    ///
    /// # Errors
    /// When it was not.
    pub fn verify(&self, key: &FamilyKey) -> Result<(), NotARefreshToken> {
        hmac::verify(&key.hmac(), &self.generation.to_be_bytes(), &self.tag)
            .map_err(|_| NotARefreshToken)
    }

    /// The session it says it belongs to.
    #[must_use]
    pub const fn session_id(&self) -> SessionId {
        self.session_id
    }

    /// How many tokens of its session came before it.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// The text, for the answer to its owner alone.
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
    fn generations_follow_from_the_key_alone() {
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
    fn a_raised_generation_is_noticed() {
        let key = FamilyKey::generate().unwrap();
        let mut token = RefreshToken::first(session([1; 16]), &key);
        token.generation = 1;
        assert_eq!(token.verify(&key), Err(NotARefreshToken));
    }

    #[test]
    fn secrets_never_show() {
        let key = FamilyKey::from_bytes([0xAB; 32]);
        let token = RefreshToken::first(session([1; 16]), &key);
        assert!(!format!("{key:?}").contains("171"));
        assert!(!format!("{token:?}").contains(&token.tag[0].to_string()));
        assert!(!format!("{:?}", token.to_text()).contains(token.to_text().expose_secret()));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(id: [u8; 16], key: [u8; 32], steps in 0..5_usize) {
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
        fn any_text_is_read_without_panic(text in ".{0,100}") {
            prop_assert!(RefreshToken::parse(&text).is_err());
        }

        #[test]
        fn a_changed_tag_is_no_longer_the_family_s(at in 0..TAG_BYTES, flip in 1..=255_u8) {
            let key = FamilyKey::from_bytes([7; 32]);
            let mut token = RefreshToken::first(session([1; 16]), &key);
            token.tag[at] ^= flip;
            prop_assert_eq!(token.verify(&key), Err(NotARefreshToken));
        }
    }
}
