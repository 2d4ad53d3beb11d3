use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::{ConditionCheck, Put, TransactWriteItem},
};
use domain::{Upload, UploadId, UserId, upload::Reader};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError, Uploads,
    row::{Row, at, n, s},
    table::Table,
    transaction::{Outcome, retry_conflicts, transact},
};

/// Who may read whose upload: upload and reader -> its owner.
#[derive(Debug, Clone)]
pub struct ReadGrants(Table);

/// The permission to read one upload. It ends when the upload is deleted, also if the upload is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadGrant {
    /// Who may read it.
    pub reader: Reader,
    /// When it was given.
    pub granted_at: OffsetDateTime,
}

/// Grants that are deleted in one run after the deletion of their upload; those that are left have no effect.
const MAX_REMOVED: usize = 500;

impl ReadGrants {
    /// The table that `READ_GRANTS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "READ_GRANTS_TABLE").map(Self)
    }

    /// Lets a reader read an upload that is pending or stored; says whether it still is. A second grant to the same reader
    /// replaces the first.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn grant(
        &self,
        uploads: &Uploads,
        upload: &Upload,
        grant: ReadGrant,
    ) -> Result<bool, StoreError> {
        let put = Put::builder()
            .table_name(&self.0.name)
            .item("upload", s(upload.id.to_string()))
            .item("reader", s(grant.reader.to_string()))
            .item("owner", s(upload.owner.to_string()))
            .item("deletions", n(upload.deletions))
            .item("granted_at", at(grant.granted_at))
            .build()?;
        let is_there = ConditionCheck::builder()
            .table_name(&uploads.records.table.name)
            .key("owner", s(upload.owner.to_string()))
            .key("id", s(upload.id.to_string()))
            .condition_expression("#status IN (:pending, :stored) AND deletions = :deletions")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":pending", s("pending"))
            .expression_attribute_values(":stored", s("stored"))
            .expression_attribute_values(":deletions", n(upload.deletions))
            .build()?;
        let parts = vec![
            TransactWriteItem::builder()
                .condition_check(is_there)
                .build(),
            TransactWriteItem::builder().put(put).build(),
        ];
        let outcome = transact(&self.0.client, parts).await?;
        Ok(matches!(outcome, Outcome::Committed))
    }

    /// Takes a grant back. One that does not exist is taken back already.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn revoke(&self, upload: UploadId, reader: Reader) -> Result<(), StoreError> {
        let Table { client, name } = &self.0;
        let delete = client
            .delete_item()
            .table_name(name)
            .set_key(Some(key(upload, reader)));
        retry_conflicts(|| delete.clone().send()).await?;
        Ok(())
    }

    /// Deletes the grants of an upload that was deleted.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn remove_all(&self, upload: UploadId) -> Result<(), StoreError> {
        let Table { client, name } = &self.0;
        let page = client
            .query()
            .table_name(name)
            .key_condition_expression("upload = :upload")
            .expression_attribute_values(":upload", s(upload.to_string()))
            .limit(i32::try_from(MAX_REMOVED).unwrap_or(i32::MAX))
            .send()
            .await?;
        for item in page.items.unwrap_or_default() {
            self.revoke(upload, Row(item).parsed("reader", Reader::parse)?)
                .await?;
        }
        Ok(())
    }

    /// The owner of an upload that this user may read, by a grant of their own or to everyone, and how often the upload
    /// had been deleted when the grant was given: it is valid while the upload still has that number. Strongly
    /// consistent: a grant that was taken back does not count.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn owner(
        &self,
        upload: UploadId,
        user: UserId,
    ) -> Result<Vec<(UserId, u32)>, StoreError> {
        let (own, everyone) = tokio::try_join!(
            self.find(upload, Reader::User(user)),
            self.find(upload, Reader::Everyone)
        )?;
        Ok(own.into_iter().chain(everyone).collect())
    }

    async fn find(
        &self,
        upload: UploadId,
        reader: Reader,
    ) -> Result<Option<(UserId, u32)>, StoreError> {
        let key = [
            ("upload", upload.to_string()),
            ("reader", reader.to_string()),
        ];
        let found = self.0.find(key).await?;
        found
            .map(|mut row| {
                let owner = row.parsed("owner", UserId::parse)?;
                Ok((owner, row.number("deletions")?))
            })
            .transpose()
    }

    /// At most `limit` valid grants of an upload, by reader, of those after `after`.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn list(
        &self,
        upload: &Upload,
        mut after: Option<Reader>,
        limit: usize,
    ) -> Result<Vec<ReadGrant>, StoreError> {
        let mut found = Vec::new();
        loop {
            let (page, last) = self.page(upload, after, limit).await?;
            found.extend(page);
            after = last;
            if found.len() >= limit || after.is_none() {
                found.truncate(limit);
                return Ok(found);
            }
        }
    }

    /// The valid grants of one query, and the reader it ended at if there may be more.
    async fn page(
        &self,
        upload: &Upload,
        after: Option<Reader>,
        limit: usize,
    ) -> Result<(Vec<ReadGrant>, Option<Reader>), StoreError> {
        let Table { client, name } = &self.0;
        let page = client
            .query()
            .table_name(name)
            .key_condition_expression("upload = :upload")
            .filter_expression("deletions = :deletions")
            .expression_attribute_values(":upload", s(upload.id.to_string()))
            .expression_attribute_values(":deletions", n(upload.deletions))
            .set_exclusive_start_key(after.map(|reader| key(upload.id, reader)))
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await?;
        let last = match page.last_evaluated_key {
            Some(key) => Some(Row(key).parsed("reader", Reader::parse)?),
            None => None,
        };
        let items = page.items.unwrap_or_default().into_iter();
        let grants: Result<_, _> = items.map(|item| read(Row(item))).collect();
        Ok((grants?, last))
    }
}

fn key(
    upload: UploadId,
    reader: Reader,
) -> HashMap<String, aws_sdk_dynamodb::types::AttributeValue> {
    HashMap::from([
        ("upload".to_owned(), s(upload.to_string())),
        ("reader".to_owned(), s(reader.to_string())),
    ])
}

fn read(mut row: Row) -> Result<ReadGrant, StoreError> {
    Ok(ReadGrant {
        reader: row.parsed("reader", Reader::parse)?,
        granted_at: row.time("granted_at")?,
    })
}
