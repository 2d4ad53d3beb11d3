use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::{NoContext, Timestamp, Uuid};

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
    /// Identifies a sign-in and its refresh tokens (a refresh token family).
    SessionId
}
id! {
    /// Identifies an upload. Sorts by the time when it was announced.
    UploadId
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
