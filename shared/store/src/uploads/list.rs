use std::collections::HashSet;

use domain::{Upload, UploadId, UploadStatus, UserId};

use super::{UploadRecords, Uploads, item::read};
use crate::{
    StoreError,
    row::{Row, item, s},
};

/// The most items of one query; as many fit into its answer of 1 MB.
const MOST_AT_ONCE: usize = 1_000;
/// Sorts after the ids of all files and before those of all thumbnails ([`UploadId::thumbnail`]).
const FIRST_THUMBNAIL: &str = "8";

impl Uploads {
    /// At most `limit` uploads of an owner, newest first, of those announced before `before`; without deleted ones and without
    /// thumbnails, whose ids sort after all others.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn list(
        &self,
        owner: UserId,
        before: Option<UploadId>,
        limit: usize,
    ) -> Result<Vec<Upload>, StoreError> {
        let mut found = Vec::new();
        let before = before.filter(|id| !id.is_thumbnail());
        let mut before =
            Some(before.map_or_else(|| FIRST_THUMBNAIL.to_owned(), |id| id.to_string()));
        // Deleted uploads are skipped. They stay in the table until they are deleted for good, and then until their TTL.
        // An owner may have many, so each page is larger than the one before.
        let mut at_once = limit;
        while found.len() < limit
            && let Some(end) = before
        {
            let (page, last) = self.page(owner, end, at_once).await?;
            at_once = (at_once * 10).min(MOST_AT_ONCE);
            found.extend(page);
            before = last;
        }
        found.truncate(limit);
        Ok(found)
    }

    /// One query, and the id it ended at if there may be more.
    async fn page(
        &self,
        owner: UserId,
        before: String,
        limit: usize,
    ) -> Result<(Vec<Upload>, Option<String>), StoreError> {
        let values = [
            (":owner", s(owner.to_string())),
            (":deleted", s(UploadStatus::Deleted.as_str())),
            (":before", s(before)),
        ];
        let condition = "#owner = :owner AND id < :before";
        let table = &self.records.table;
        let page = table
            .query_filtered(condition, "#status <> :deleted", values)
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await?;
        let last = page
            .last_evaluated_key
            .and_then(|key| Row(key).optional_text("id"));
        let items = page.items.unwrap_or_default().into_iter();
        let uploads = items
            .map(|item| read(Row(item)))
            .collect::<Result<_, _>>()?;
        Ok((uploads, last))
    }

    /// Up to 100 uploads of any owners, by owner and id, in any order. Those without a record are missing. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find_all(
        &self,
        keys: impl IntoIterator<Item = (UserId, UploadId)>,
    ) -> Result<Vec<Upload>, StoreError> {
        let keys: HashSet<_> = keys.into_iter().collect();
        let key = |(owner, id): (UserId, UploadId)| {
            item([("owner", s(owner.to_string())), ("id", s(id.to_string()))])
        };
        let keys = keys.into_iter().map(key).collect();
        let rows = self.records.table.find_batch(keys, None, true).await?;
        rows.into_iter().map(read).collect()
    }

    /// All uploads of an owner, deleted ones included. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn all_of(&self, owner: UserId) -> Result<Vec<Upload>, StoreError> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let values = [(":owner", s(owner.to_string()))];
            let table = &self.records.table;
            let page = table
                .query("#owner = :owner", values)
                .set_exclusive_start_key(after)
                .consistent_read(true)
                .send()
                .await?;
            for item in page.items.unwrap_or_default() {
                found.push(read(Row(item))?);
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(found);
            }
        }
    }
}

impl UploadRecords {
    /// The uploads of an owner after `after` that are not erased yet, thumbnails included, by id: at most `limit` if there is one.
    /// Also returns where the next page begins, if there may be one. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn not_erased_of(
        &self,
        owner: UserId,
        after: Option<UploadId>,
        limit: Option<usize>,
    ) -> Result<(Vec<Upload>, Option<UploadId>), StoreError> {
        let key = |after: UploadId| {
            item([
                ("owner", s(owner.to_string())),
                ("id", s(after.to_string())),
            ])
        };
        let values = [(":owner", s(owner.to_string()))];
        let query =
            self.table
                .query_filtered("#owner = :owner", "attribute_not_exists(erased)", values);
        let limit = limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX));
        let query = query.consistent_read(true).set_limit(limit);
        let page = query.set_exclusive_start_key(after.map(key)).send().await?;
        let last = match page.last_evaluated_key {
            Some(key) => Some(Row(key).parsed("id", UploadId::parse)?),
            None => None,
        };
        let items = page.items.unwrap_or_default().into_iter();
        let uploads: Result<_, _> = items.map(|item| read(Row(item))).collect();
        Ok((uploads?, last))
    }
}
