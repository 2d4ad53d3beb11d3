use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::{Builder, NoContext, Timestamp, Uuid};

use crate::Invalid;

const NOT_AN_ID: Invalid = Invalid::new(
    "invalid_id",
    "The id is not valid. Send a UUID as the API returned it.",
);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new `UUIDv7` (RFC 9562): its first 48 bits are `now` in milliseconds, the rest is random.
            #[must_use]
            pub fn new(now: OffsetDateTime) -> Self {
                let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
                Self(Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.nanosecond())))
            }

            /// Parses the hyphenated form.
            ///
            /// # Errors
            /// When it is in any other form, so that an id has only one text.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                let id = Uuid::try_parse(text).map(Self).map_err(|_| NOT_AN_ID)?;
                if id.to_string() == text { Ok(id) } else { Err(NOT_AN_ID) }
            }

            /// The id of these 16 bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes of the id.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }
    };
}

id! {
    /// Identifies a user. Sorts by the time of sign-up.
    UserId
}
id! {
    /// Identifies a sign-in and its refresh tokens (a refresh token family). Ends with the end of the user's id.
    SessionId
}
id! {
    /// Identifies an upload. Sorts by the time when it was announced.
    UploadId
}

id! {
    /// Identifies an address that a file is shared with. It is derived from the address ([`AddressId::of_digest`]).
    AddressId
}
id! {
    /// Identifies a read grant among those that a reader received. Sorts by the time of the grant, and ends with the end of
    /// the upload's id.
    ReceivedId
}

id! {
    /// Identifies a product. Sorts by the time when it was created.
    ProductId
}
id! {
    /// The place of a product in the shop's list, which is sorted by the time of publication.
    ListingId
}
id! {
    /// Identifies an order. Sorts by the time when it was placed.
    OrderId
}
id! {
    /// Identifies an endpoint that receives webhooks. Sorts by the time when it was created.
    EndpointId
}
id! {
    /// Identifies an event between services. Its text in events is [`EventId::name`].
    EventId
}

impl EventId {
    /// The id of an event at this time with this SHA-256 of what makes it unique. The same event has the same id, however
    /// often it is derived.
    #[must_use]
    pub fn of_digest(at: OffsetDateTime, digest: [u8; 32]) -> Self {
        let milliseconds = u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        let mut random = [0; 10];
        random.copy_from_slice(&digest[..10]);
        Self(Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid())
    }

    /// The text of the id in events: `evt_` and the UUID.
    #[must_use]
    pub fn name(self) -> String {
        format!("{EVENT_PREFIX}{self}")
    }

    /// Parses [`EventId::name`].
    ///
    /// # Errors
    /// When it is not an id of an event.
    pub fn parse_name(name: &str) -> Result<Self, Invalid> {
        Self::parse(name.strip_prefix(EVENT_PREFIX).ok_or(NOT_AN_ID)?)
    }
}

const EVENT_PREFIX: &str = "evt_";

/// The first bit of an id is set for a thumbnail. That of a time in milliseconds is 0 until the year 6429, so the ids of
/// thumbnails sort after those of all files.
const THUMBNAIL: u8 = 0x80;

impl UploadId {
    /// The id of this upload's thumbnail.
    #[must_use]
    pub fn thumbnail(self) -> Self {
        let mut bytes = *self.as_bytes();
        bytes[0] |= THUMBNAIL;
        Self::from_bytes(bytes)
    }

    /// Whether this is the id of a thumbnail.
    #[must_use]
    pub const fn is_thumbnail(self) -> bool {
        self.as_bytes()[0] & THUMBNAIL != 0
    }

    /// The id of the upload that this thumbnail belongs to.
    #[must_use]
    pub fn of_thumbnail(self) -> Self {
        let mut bytes = *self.as_bytes();
        bytes[0] &= !THUMBNAIL;
        Self::from_bytes(bytes)
    }
}

/// How many bytes at the end of a session's id are those of the user's id. The 42 bits before them are random.
const OF_USER: usize = 4;

impl SessionId {
    /// A new id of a session of this user. The table of sessions is divided by its end, so that a session is found by its id,
    /// and the sessions of a user are found without an index.
    #[must_use]
    pub fn of_user(user: UserId, now: OffsetDateTime) -> Self {
        let mut bytes = *Self::new(now).as_bytes();
        let from = bytes.len() - OF_USER;
        bytes[from..].copy_from_slice(&user.as_bytes()[from..]);
        Self::from_bytes(bytes)
    }

    /// The end of the user's id, as text. Users with the same end are rare, but possible.
    #[must_use]
    pub fn user_part(self) -> String {
        user_part(self.as_bytes())
    }
}

impl UserId {
    /// The end of the id, which all ids of the user's sessions have.
    #[must_use]
    pub fn session_part(self) -> String {
        user_part(self.as_bytes())
    }
}

impl AddressId {
    /// The id of an address whose canonical form has this SHA-256: a `UUIDv8` of the digest's first 16 bytes (RFC 9562, appendix
    /// B.2). 122 bits of the digest are left, so that it fits into a cursor.
    #[must_use]
    pub fn of_digest(digest: [u8; 32]) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(Builder::from_custom_bytes(bytes).into_uuid())
    }
}

/// The bytes of a `UUIDv7` that are its time.
const TIME: usize = 6;

impl ReceivedId {
    /// The id of a grant for this upload. Grants of one reader have different ids, because each is for another upload.
    #[must_use]
    pub fn of_grant(granted_at: OffsetDateTime, upload: UploadId) -> Self {
        Self::from_bytes(at_another_time(granted_at, upload.as_bytes()))
    }
}

impl ListingId {
    /// The place of a product that was published at this time.
    #[must_use]
    pub fn of_product(published_at: OffsetDateTime, product: ProductId) -> Self {
        Self::from_bytes(at_another_time(published_at, product.as_bytes()))
    }
}

/// A `UUIDv7` with this time and the random part of another id.
fn at_another_time(time: OffsetDateTime, id: &[u8; 16]) -> [u8; 16] {
    let mut bytes = *ReceivedId::new(time).as_bytes();
    bytes[TIME..].copy_from_slice(&id[TIME..]);
    bytes
}

fn user_part(id: &[u8; 16]) -> String {
    let text = Uuid::from_bytes(*id).simple().to_string();
    // Two digits for each byte.
    text[text.len() - 2 * OF_USER..].to_owned()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn ids_sort_by_the_time_of_creation() {
        let earlier = UserId::new(datetime!(2026-01-01 00:00:00 UTC));
        let later = UserId::new(datetime!(2026-01-01 00:00:00.001 UTC));
        assert!(earlier < later && earlier.to_string() < later.to_string());
    }

    #[test]
    fn the_sessions_of_a_user_have_different_ids_with_the_same_end() {
        let now = datetime!(2026-01-01 00:00:00 UTC);
        let user = UserId::new(now);
        let ids = [(); 100].map(|()| SessionId::of_user(user, now));
        for id in ids {
            assert_eq!(id.user_part(), user.session_part());
            assert!(user.to_string().ends_with(&id.user_part()));
            assert!(id.to_string().ends_with(&id.user_part()));
        }
        let different: std::collections::HashSet<_> = ids.into_iter().collect();
        assert_eq!(different.len(), 100);
        let other = UserId::new(now);
        assert_ne!(
            SessionId::of_user(other, now).user_part(),
            user.session_part()
        );
    }

    #[test]
    fn an_address_id_is_the_beginning_of_the_digest_as_a_uuid_of_version_8() {
        let mut digest = [0xFF; 32];
        assert_eq!(
            AddressId::of_digest(digest).to_string(),
            "ffffffff-ffff-8fff-bfff-ffffffffffff"
        );
        digest[0] = 0;
        assert_ne!(
            AddressId::of_digest(digest),
            AddressId::of_digest([0xFF; 32])
        );
    }

    #[test]
    fn received_ids_sort_by_the_time_of_the_grant() {
        let now = datetime!(2026-01-01 00:00:00.5 UTC);
        let (older, newer) = (UploadId::new(now), UploadId::new(now));
        let first = ReceivedId::of_grant(now, newer);
        let second = ReceivedId::of_grant(datetime!(2026-01-01 00:00:00.501 UTC), older);
        assert!(first < second && first.to_string() < second.to_string());
        assert_eq!(first, ReceivedId::of_grant(now, newer), "not random");
        assert_ne!(first, ReceivedId::of_grant(now, older));
    }

    #[test]
    fn the_ids_of_thumbnails_sort_after_those_of_all_files() {
        let upload = UploadId::new(datetime!(2026-01-01 00:00:00 UTC));
        let thumbnail = upload.thumbnail();
        assert!(thumbnail.is_thumbnail() && !upload.is_thumbnail());
        assert_eq!(thumbnail.of_thumbnail(), upload);
        assert_eq!(UploadId::parse(&thumbnail.to_string()), Ok(thumbnail));
        let last = UploadId::new(datetime!(6000-01-01 00:00:00 UTC));
        assert!(last.to_string() < thumbnail.to_string());
    }

    #[test]
    fn the_id_of_an_event_is_derived_and_sorts_by_time() {
        let now = datetime!(2026-01-01 00:00:00.5 UTC);
        let id = EventId::of_digest(now, [7; 32]);
        assert_eq!(id, EventId::of_digest(now, [7; 32]));
        assert_ne!(id, EventId::of_digest(now, [8; 32]));
        assert!(id.name().starts_with("evt_019b76da-"), "{}", id.name());
        assert_eq!(EventId::parse_name(&id.name()), Ok(id));
        assert_eq!(EventId::parse_name(&id.to_string()), Err(NOT_AN_ID));
        let later = EventId::of_digest(datetime!(2026-01-01 00:00:00.501 UTC), [0; 32]);
        assert!(id.name() < later.name());
    }

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let id = UserId::new(datetime!(2026-01-01 00:00:00 UTC));
        assert_eq!(UserId::parse(&id.to_string()), Ok(id));
        for other in [
            id.to_string().to_uppercase(),
            id.to_string().replace('-', ""),
            format!("{{{id}}}"),
        ] {
            assert_eq!(UserId::parse(&other), Err(NOT_AN_ID), "{other}");
        }
    }
}
