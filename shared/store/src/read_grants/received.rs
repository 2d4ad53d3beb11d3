use std::cmp::Reverse;

use domain::{ReceivedId, UploadId, upload::Reader};
use time::OffsetDateTime;

use super::{ReadGrants, ReaderGrant, item::read_reader_grant};
use crate::{
    StoreError,
    expression::names,
    row::{Row, s},
};

/// The attributes of the index: all but the address.
const ATTRIBUTES: &str = "#upload, #owner, deletions, granted_at, received_at";

/// A read grant in the list of those that a reader received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceivedGrant {
    /// Its place in the list.
    pub id: ReceivedId,
    /// The upload.
    pub upload: UploadId,
    /// Where the upload is, and until when the grant is valid.
    pub grant: ReaderGrant,
    /// When it was given.
    pub granted_at: OffsetDateTime,
}

impl ReadGrants {
    /// At most `limit` grants to these readers, newest first, of those before `before`. Grants whose upload was deleted may be
    /// among them. Eventually consistent: a grant that was given or revoked a moment ago may be missing or still there.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn received(
        &self,
        user: Reader,
        address: Option<Reader>,
        before: Option<ReceivedId>,
        limit: usize,
    ) -> Result<Vec<ReceivedGrant>, StoreError> {
        let by_address = async {
            match address {
                Some(address) => self.received_by(address, before, limit).await,
                None => Ok(Vec::new()),
            }
        };
        let (mut found, by_address) =
            tokio::try_join!(self.received_by(user, before, limit), by_address)?;
        found.extend(by_address);
        found.sort_unstable_by_key(|grant| Reverse(grant.id));
        found.truncate(limit);
        Ok(found)
    }

    /// One query: an item of the index has less than 300 bytes, so the largest page fits into its answer of 1 MB.
    async fn received_by(
        &self,
        reader: Reader,
        before: Option<ReceivedId>,
        limit: usize,
    ) -> Result<Vec<ReceivedGrant>, StoreError> {
        let condition = if before.is_some() {
            "reader = :reader AND received_at < :before"
        } else {
            "reader = :reader"
        };
        let mut values = vec![(":reader", s(reader.to_string()))];
        values.extend(before.map(|id| (":before", s(id.to_string()))));
        let page = self
            .0
            .query(condition, values)
            .index_name("received")
            .projection_expression(ATTRIBUTES)
            .set_expression_attribute_names(names([condition, ATTRIBUTES].into_iter()))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await?;
        let items = page.items.unwrap_or_default().into_iter();
        items.map(|item| read(Row(item))).collect()
    }
}

fn read(mut row: Row) -> Result<ReceivedGrant, StoreError> {
    Ok(ReceivedGrant {
        id: row.parsed("received_at", ReceivedId::parse)?,
        upload: row.parsed("upload", UploadId::parse)?,
        grant: read_reader_grant(&mut row)?,
        granted_at: row.time("granted_at")?,
    })
}
