use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};

/// Long enough that a damaged cursor is noticed. It is no secret and gives no rights: it is a place in a list.
const CHECKSUM_BYTES: usize = 6;

/// Where a page of a list ends and the next begins: after the item of this id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub [u8; 16]);

impl Cursor {
    /// After this many items, where items have no id of ours.
    #[must_use]
    pub fn at(place: u32) -> Self {
        Self(u128::from(place).to_be_bytes())
    }

    /// After how many items, if it is such a cursor.
    #[must_use]
    pub fn place(self) -> Option<u32> {
        u128::from_be_bytes(self.0).try_into().ok()
    }

    /// The opaque text.
    #[must_use]
    pub fn encode(self) -> String {
        let Self(id) = self;
        URL_SAFE_NO_PAD.encode([id.as_slice(), &checksum(&id)].concat())
    }

    /// Reads what [`Cursor::encode`] wrote, and nothing else.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (id, check) = bytes.split_first_chunk::<16>()?;
        (check == checksum(id)).then_some(Self(*id))
    }
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
        fn it_reads_what_it_wrote(id: [u8; 16]) {
            let cursor = Cursor(id);
            prop_assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        }

        #[test]
        fn a_place_is_told_from_an_id(place: u32, id in (1_u128 << 32)..) {
            prop_assert_eq!(Cursor::at(place).place(), Some(place));
            prop_assert_eq!(Cursor(id.to_be_bytes()).place(), None);
        }

        #[test]
        fn damage_is_noticed(id: [u8; 16], at in 0..30_usize, byte in "[A-Za-z0-9_-]") {
            let whole = Cursor(id).encode();
            let mut damaged = whole.clone();
            damaged.replace_range(at % whole.len()..=at % whole.len(), &byte);
            prop_assert_eq!(Cursor::decode(&damaged).is_some(), damaged == whole);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            prop_assert!(Cursor::decode(&text).is_none());
        }
    }
}
