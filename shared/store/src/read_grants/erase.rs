use domain::{UploadId, upload::Reader};

use super::ReadGrants;
use crate::{
    StoreError,
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
            for grant in &page {
                self.remove(grant.upload, reader).await?;
            }
            before = page.last().map(|grant| grant.id);
            if page.len() < AT_ONCE {
                return Ok(());
            }
        }
    }
}

/// How many received grants one query returns.
const AT_ONCE: usize = 100;
