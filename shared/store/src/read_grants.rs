use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::{ConditionCheck, Delete, Put, TransactWriteItem},
};
use domain::{UploadId, UserId, upload::Reader};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError, Uploads,
    row::{Row, at, s},
    table::Table,
    transaction::{Outcome, transact},
};

/// Who may read whose upload: upload and reader -> its owner.
#[derive(Debug, Clone)]
pub struct ReadGrants(Table);

/// Leave to read one upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadGrant {
    /// Who may read it.
    pub reader: Reader,
    /// Since when.
    pub granted_at: OffsetDateTime,
}

impl ReadGrants {
    /// The table that `READ_GRANTS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "READ_GRANTS_TABLE").map(Self)
    }

    /// Lets somebody read an upload, if it is this owner's and not deleted; says whether it is. A second grant to the
    /// same reader is the first one again.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn grant(
        &self,
        uploads: &Uploads,
        (owner, upload): (UserId, UploadId),
        grant: ReadGrant,
    ) -> Result<bool, StoreError> {
        let put = Put::builder()
            .table_name(&self.0.name)
            .item("upload", s(upload.to_string()))
            .item("reader", s(grant.reader.to_string()))
            .item("owner", s(owner.to_string()))
            .item("granted_at", at(grant.granted_at))
            .build()?;
        let put = TransactWriteItem::builder().put(put).build();
        self.change(uploads, (owner, upload), put).await
    }

    /// Takes the leave back, if the upload is this owner's and not deleted; says whether it is.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn revoke(
        &self,
        uploads: &Uploads,
        (owner, upload): (UserId, UploadId),
        reader: Reader,
    ) -> Result<bool, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.0.name)
            .set_key(Some(key(upload, reader)))
            .build()?;
        let delete = TransactWriteItem::builder().delete(delete).build();
        self.change(uploads, (owner, upload), delete).await
    }

    async fn change(
        &self,
        uploads: &Uploads,
        (owner, upload): (UserId, UploadId),
        change: TransactWriteItem,
    ) -> Result<bool, StoreError> {
        let is_theirs = ConditionCheck::builder()
            .table_name(&uploads.0.name)
            .key("owner", s(owner.to_string()))
            .key("id", s(upload.to_string()))
            .condition_expression("#status IN (:pending, :stored)")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":pending", s("pending"))
            .expression_attribute_values(":stored", s("stored"))
            .build()?;
        let is_theirs = TransactWriteItem::builder()
            .condition_check(is_theirs)
            .build();
        let outcome = transact(&self.0.client, vec![is_theirs, change]).await?;
        Ok(matches!(outcome, Outcome::Committed))
    }

    /// The owner of an upload that this user may read, by a grant of their own or to everyone. Strongly consistent: a
    /// grant that was taken back counts no more.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn owner(
        &self,
        upload: UploadId,
        user: UserId,
    ) -> Result<Option<UserId>, StoreError> {
        let (own, everyone) = tokio::try_join!(
            self.find(upload, Reader::User(user)),
            self.find(upload, Reader::Everyone)
        )?;
        Ok(own.or(everyone))
    }

    async fn find(&self, upload: UploadId, reader: Reader) -> Result<Option<UserId>, StoreError> {
        let key = [
            ("upload", upload.to_string()),
            ("reader", reader.to_string()),
        ];
        let found = self.0.find(key).await?;
        found
            .map(|mut row| row.parsed("owner", UserId::parse))
            .transpose()
    }

    /// At most `limit` grants of an upload, by reader, of those after `after`.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn list(
        &self,
        upload: UploadId,
        after: Option<Reader>,
        limit: usize,
    ) -> Result<Vec<ReadGrant>, StoreError> {
        let Table { client, name } = &self.0;
        let page = client
            .query()
            .table_name(name)
            .key_condition_expression("upload = :upload")
            .expression_attribute_values(":upload", s(upload.to_string()))
            .set_exclusive_start_key(after.map(|reader| key(upload, reader)))
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await?;
        let items = page.items.unwrap_or_default().into_iter();
        items.map(|item| read(Row(item))).collect()
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
