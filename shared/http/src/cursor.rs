use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};

/// Long enough to detect a damaged cursor. A cursor is not a secret and gives no rights: it is a position in a list.
const CHECKSUM_BYTES: usize = 6;

/// The position in a list after which the next page starts: the id of the last item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub [u8; 16]);

impl Cursor {
    /// Creates a cursor after this many items, for lists whose items have no id.
    #[must_use]
    pub fn of_offset(offset: u32) -> Self {
        Self(u128::from(offset).to_be_bytes())
    }

    /// Returns the number of items before it, if it was created by [`Cursor::of_offset`].
    #[must_use]
    pub fn offset(self) -> Option<u32> {
        u128::from_be_bytes(self.0).try_into().ok()
    }

    /// Encodes it as opaque text.
    #[must_use]
    pub fn encode(self) -> String {
        let Self(id) = self;
        URL_SAFE_NO_PAD.encode([id.as_slice(), &checksum(&id)].concat())
    }

    /// Decodes the output of [`Cursor::encode`], and nothing else.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (id, check) = bytes.split_first_chunk::<16>()?;
        (check == checksum(id)).then_some(Self(*id))
    }
}

/// The position in a list that is sorted by a text: the text of the last item. A cursor of another list is not one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextCursor(pub String);

impl TextCursor {
    /// Encodes it as opaque text.
    #[must_use]
    pub fn encode(&self) -> String {
        let text = self.0.as_bytes();
        URL_SAFE_NO_PAD.encode([text, &text_checksum(text)].concat())
    }

    /// Decodes the output of [`TextCursor::encode`], and nothing else.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (text, check) = bytes.split_last_chunk::<CHECKSUM_BYTES>()?;
        let text = (*check == text_checksum(text)).then(|| text.to_vec())?;
        String::from_utf8(text).ok().map(Self)
    }
}

fn text_checksum(text: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = digest(&SHA256, &[b"text-cursor-1".as_slice(), text].concat());
    std::array::from_fn(|i| digest.as_ref()[i])
}

fn checksum(id: &[u8; 16]) -> [u8; CHECKSUM_BYTES] {
    let digest = digest(&SHA256, &[b"users-cursor-1".as_slice(), id].concat());
    std::array::from_fn(|i| digest.as_ref()[i])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_encoded_cursor_decodes_to_itself(id: [u8; 16]) {
            let cursor = Cursor(id);
            prop_assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        }

        #[test]
        fn an_offset_is_not_confused_with_an_id(offset: u32, id in (1_u128 << 32)..) {
            prop_assert_eq!(Cursor::of_offset(offset).offset(), Some(offset));
            prop_assert_eq!(Cursor(id.to_be_bytes()).offset(), None);
        }

        #[test]
        fn a_damaged_cursor_is_refused(id: [u8; 16], at in 0..30_usize, byte in "[A-Za-z0-9_-]") {
            let whole = Cursor(id).encode();
            let mut damaged = whole.clone();
            damaged.replace_range(at % whole.len()..=at % whole.len(), &byte);
            prop_assert_eq!(Cursor::decode(&damaged).is_some(), damaged == whole);
        }

        #[test]
        fn an_encoded_text_decodes_to_itself_and_is_no_cursor_of_an_id(text in ".{0,60}", id: [u8; 16]) {
            let cursor = TextCursor(text);
            let encoded = cursor.encode();
            prop_assert_eq!(TextCursor::decode(&encoded), Some(cursor));
            prop_assert_eq!(Cursor::decode(&encoded), None);
            prop_assert_eq!(TextCursor::decode(&Cursor(id).encode()), None);
        }

        #[test]
        fn a_damaged_cursor_of_a_text_is_refused(text in "[a-z]{1,20}", at in 0..100_usize, byte in "[A-Za-z0-9_-]") {
            let whole = TextCursor(text).encode();
            let at = at % whole.len();
            let mut damaged = whole.clone();
            damaged.replace_range(at..=at, &byte);
            prop_assert_eq!(TextCursor::decode(&damaged).is_some(), damaged == whole);
        }

        #[test]
        fn arbitrary_text_is_refused_without_a_panic(text in ".{0,60}") {
            prop_assert!(Cursor::decode(&text).is_none());
        }
    }
}
