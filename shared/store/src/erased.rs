//! Marks that a user is deleted, so that a late event or request stores nothing of the user again.

use auth::sha256;
use domain::UserId;
use time::{Duration, OffsetDateTime};

use crate::row::{item, n, s};
use crate::write::Item;

/// How long a mark is kept: longer than an event can be in a queue and then among its dead letters, 14 days each.
const LIFETIME: Duration = Duration::days(60);

/// The number of items of a user that are deleted at the same time.
pub(crate) const DELETED_AT_ONCE: usize = 16;

/// The beginning of the keys of marks.
const PREFIX: &str = "erased#";

/// The key of a user's mark. It has a digest: the id itself is erased.
pub(crate) fn mark_key(user: UserId) -> String {
    format!("{PREFIX}{}", sha256(user.to_string()))
}

/// Whether a key is that of a mark.
pub(crate) fn is_mark(key: &str) -> bool {
    key.starts_with(PREFIX)
}

/// The item of a mark, with these attributes as its key.
pub(crate) fn mark<const N: usize>(key: [(&str, String); N], now: OffsetDateTime) -> Item {
    let mut mark = item(key.map(|(name, value)| (name, s(value))));
    let expires_at = (now + LIFETIME).unix_timestamp();
    mark.insert("expires_at".to_owned(), n(expires_at));
    mark
}
