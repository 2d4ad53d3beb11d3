use domain::UserId;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use time::OffsetDateTime;

use super::Entitlements;
use crate::{StoreError, erased, erased::DELETED_AT_ONCE, write::Check};

/// The sort key of the mark that a user is deleted.
const MARK: &str = "~erased";

/// How many rights one query returns.
const AT_ONCE: usize = 100;

impl Entitlements {
    /// Deletes the rights of a deleted user, and stores none from now on.
    ///
    /// # Errors
    /// When the table does not answer. A repeated call continues.
    pub async fn erase(&self, user: UserId, now: OffsetDateTime) -> Result<(), StoreError> {
        // First the mark: what is stored afterwards finds it.
        let mark = self.0.put(erased::mark(mark_key(user), now));
        mark.send().await?;
        loop {
            let rights = self.of_user(user, None, AT_ONCE).await?;
            if rights.is_empty() {
                return Ok(());
            }
            stream::iter(rights)
                .map(Ok)
                .try_for_each_concurrent(DELETED_AT_ONCE, |right| self.remove(user, right.product))
                .await?;
        }
    }

    /// The condition that a user is not deleted.
    pub(super) fn not_erased(&self, user: UserId) -> Check {
        self.0
            .check(mark_key(user), "attribute_not_exists(product)")
    }
}

fn mark_key(user: UserId) -> [(&'static str, String); 2] {
    [
        ("user", erased::mark_key(user)),
        ("product", MARK.to_owned()),
    ]
}
