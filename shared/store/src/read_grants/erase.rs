use domain::{UploadId, upload::Reader};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::ReadGrants;
use crate::{
    StoreError,
    erased::DELETED_AT_ONCE,
    row::{Row, s},
};

impl ReadGrants {
    /// Deletes all grants of an upload, those that ended with a deletion included.
    ///
    /// # Errors
    /// When the table does not answer. A repeated call continues.
    pub async fn erase_upload(&self, upload: UploadId) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let values = [(":upload", s(upload.to_string()))];
            let query = self.0.query("upload = :upload", values);
            let query = query.consistent_read(true).set_exclusive_start_key(after);
            let page = query.send().await?;
            for item in page.items.unwrap_or_default() {
                let reader = Row(item).parsed("reader", Reader::parse)?;
                self.remove(upload, reader).await?;
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Deletes all grants to a reader. The index is eventually consistent: a grant of this moment may stay, and then has no
    /// effect.
    ///
    /// # Errors
    /// When the table does not answer. A repeated call continues.
    pub async fn erase_reader(&self, reader: Reader) -> Result<(), StoreError> {
        let mut before = None;
        loop {
            let page = self.received(reader, None, before, AT_ONCE).await?;
            before = page.last().map(|grant| grant.id);
            let is_last = page.len() < AT_ONCE;
            stream::iter(page)
                .map(Ok)
                .try_for_each_concurrent(DELETED_AT_ONCE, |grant| self.remove(grant.upload, reader))
                .await?;
            if is_last {
                return Ok(());
            }
        }
    }
}

/// How many received grants one query returns.
const AT_ONCE: usize = 100;
