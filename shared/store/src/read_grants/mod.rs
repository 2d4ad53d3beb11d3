use aws_sdk_dynamodb::Client;
use domain::{
    Email, Upload, UploadId, UploadStatus, UserId,
    upload::{Grantee, ReadGrant, Reader},
};
use settings::{Env, EnvError};

use crate::{
    StoreError, Uploads,
    row::{Row, item, n, s},
    table::Table,
    transaction::{Outcome, Transaction},
    write::Item,
};

mod erase;
mod item;
mod received;

pub(crate) use self::item::{read, read_reader_grant};
pub use self::{
    item::{reader_of, received_at, verified_address_id},
    received::ReceivedGrant,
};

/// The read grants: upload and reader -> owner of the upload. The index `received` has those to a user or an address, by
/// reader and time.
#[derive(Debug, Clone)]
pub struct ReadGrants(pub(crate) Table);

/// A read grant as one of its readers finds it: where the upload is, and until when the grant is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderGrant {
    /// The owner of the upload.
    pub owner: UserId,
    /// How often the upload had been deleted when the grant was given ([`Upload::is_readable_with`]).
    pub deletions: u32,
}

/// The parts of giving a read grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Upload,
    Grant,
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

    /// Lets a reader read an upload, if it still accepts grants and was not deleted since it was read. Says whether it did. A
    /// second grant to the same reader replaces the first.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn grant(
        &self,
        uploads: &Uploads,
        upload: &Upload,
        grant: &ReadGrant,
    ) -> Result<bool, StoreError> {
        let put = self.0.put(self::item::write(upload, grant));
        // The statuses of an upload that accepts grants (`Upload::accepts_read_grants`).
        let (pending, stored) = (UploadStatus::Pending, UploadStatus::Stored);
        let key = [
            ("owner", upload.owner.to_string()),
            ("id", upload.id.to_string()),
        ];
        let condition = "#status IN (:pending, :stored) AND deletions = :deletions";
        let check = uploads.records.table.check(key, condition).bind([
            (":pending", s(pending.as_str())),
            (":stored", s(stored.as_str())),
            (":deletions", n(upload.deletions)),
        ]);
        let grant = Transaction::of_checked((Part::Upload, check), (Part::Grant, put))?;
        Ok(grant.commit().await? == Outcome::Committed)
    }

    /// Revokes a grant. Idempotent: revoking one that does not exist changes nothing.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn revoke(&self, upload: UploadId, grantee: &Grantee) -> Result<(), StoreError> {
        self.remove(upload, reader_of(grantee)).await
    }

    pub(super) async fn remove(&self, upload: UploadId, reader: Reader) -> Result<(), StoreError> {
        let delete = self.0.delete([
            ("upload", upload.to_string()),
            ("reader", reader.to_string()),
        ]);
        delete.send().await.map(|_| ())
    }

    /// Deletes the grants of an upload that was deleted.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn remove_all(&self, upload: UploadId) -> Result<(), StoreError> {
        let values = [(":upload", s(upload.to_string()))];
        let page = self
            .0
            .query("upload = :upload", values)
            .limit(i32::try_from(MAX_REMOVED).unwrap_or(i32::MAX))
            .send()
            .await?;
        for item in page.items.unwrap_or_default() {
            self.remove(upload, Row(item).parsed("reader", Reader::parse)?)
                .await?;
        }
        Ok(())
    }

    /// The grants by which a user may read an upload: one to the user, and one to all users. Strongly consistent: a revoked
    /// grant is not found.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn of_reader(
        &self,
        upload: UploadId,
        user: UserId,
    ) -> Result<Vec<ReaderGrant>, StoreError> {
        let (own, everyone) = tokio::try_join!(
            self.find(upload, Reader::User(user)),
            self.find(upload, Reader::Everyone)
        )?;
        Ok(own.into_iter().chain(everyone).collect())
    }

    /// The grant by which the user with this verified address may read an upload. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn of_address(
        &self,
        upload: UploadId,
        email: &Email,
    ) -> Result<Option<ReaderGrant>, StoreError> {
        let grantee = Grantee::Email(email.clone());
        self.find(upload, reader_of(&grantee)).await
    }

    async fn find(
        &self,
        upload: UploadId,
        reader: Reader,
    ) -> Result<Option<ReaderGrant>, StoreError> {
        let key = [
            ("upload", upload.to_string()),
            ("reader", reader.to_string()),
        ];
        let found = self.0.find(key).await?;
        found.map(|mut row| read_reader_grant(&mut row)).transpose()
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
        let values = [
            (":upload", s(upload.id.to_string())),
            (":deletions", n(upload.deletions)),
        ];
        let page = self
            .0
            .query_filtered("upload = :upload", "deletions = :deletions", values)
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

fn key(upload: UploadId, reader: Reader) -> Item {
    item([
        ("upload", s(upload.to_string())),
        ("reader", s(reader.to_string())),
    ])
}
