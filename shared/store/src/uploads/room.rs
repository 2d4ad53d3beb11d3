use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::{Upload, upload::Size};
use time::OffsetDateTime;

use super::{Uploads, due, item};
use crate::{
    Idempotency, Quotas, Record, StoreError,
    row::{n, s},
    transaction::{Outcome, transact},
};

/// How taking room for an upload ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announced {
    /// It is there, and its bytes are taken from the owner's quota.
    Created,
    /// The owner has no room for it.
    QuotaExceeded,
    /// Somebody else was quicker: a request with this idempotency key was here before, or the upload changed.
    KeyUsed,
}

// What takes room in an owner's quota: the record and the number of bytes change in one transaction.
impl Uploads {
    /// Makes a pending upload: the record, its bytes in the quota, and the answer for a repeated request.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn announce(
        &self,
        (quotas, idempotency): (&Quotas, &Idempotency),
        upload: &Upload,
        record: Option<&Record>,
    ) -> Result<Announced, StoreError> {
        let Some(reserve) = quotas.take(upload.owner, upload.size)? else {
            return Ok(Announced::QuotaExceeded);
        };
        let put = Put::builder()
            .table_name(&self.0.name)
            .set_item(Some(item::write(upload)))
            .condition_expression("attribute_not_exists(id)")
            .build()?;
        let mut parts = vec![TransactWriteItem::builder().put(put).build(), reserve];
        if let Some(record) = record {
            parts.push(idempotency.put_new(record, upload.created_at)?);
        }
        self.take_room(parts, 2).await
    }

    /// Says how many bytes a pending upload will have that nobody announced the size of, and takes room for them.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn measure(
        &self,
        quotas: &Quotas,
        upload: &Upload,
        size: Size,
    ) -> Result<Announced, StoreError> {
        if size == upload.size {
            return Ok(Announced::Created);
        }
        let Some(reserve) = quotas.exchange(upload.owner, upload.size, size)? else {
            return Ok(Announced::QuotaExceeded);
        };
        let update = self
            .update(upload)
            .update_expression("SET #size = :size")
            .condition_expression("#status = :pending AND #size = :charged")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#size", "size")
            .expression_attribute_values(":pending", s("pending"))
            .expression_attribute_values(":charged", n(upload.size.bytes()))
            .expression_attribute_values(":size", n(size.bytes()))
            .build()?;
        let parts = vec![TransactWriteItem::builder().update(update).build(), reserve];
        self.take_room(parts, 0).await
    }

    /// Takes the room that a version of `size` bytes needs beyond what is charged, if it does, before it becomes the current
    /// one. The upload is due until S3 was looked at: the copy may fail, or its event be lost.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn widen(
        &self,
        quotas: &Quotas,
        upload: &Upload,
        size: Size,
        now: OffsetDateTime,
    ) -> Result<Announced, StoreError> {
        let reserve = if size == upload.size {
            None
        } else {
            let reserve = quotas.exchange(upload.owner, upload.size, size)?;
            let Some(reserve) = reserve else {
                return Ok(Announced::QuotaExceeded);
            };
            Some(reserve)
        };
        let update = self
            .update(upload)
            .update_expression("SET #size = :size, due_shard = :shard, due_at = :due")
            .condition_expression(
                "#status = :status AND #size = :charged \
                 AND (attribute_not_exists(locked_until) OR locked_until <= :now)",
            )
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#size", "size")
            .expression_attribute_values(":status", s(upload.status.as_str()))
            .expression_attribute_values(":charged", n(upload.size.bytes()))
            .expression_attribute_values(":size", n(size.bytes()))
            .expression_attribute_values(":shard", s(due::shard(upload.id)))
            .expression_attribute_values(":due", n((now + due::FIRST_LOOK).unix_timestamp()))
            .expression_attribute_values(":now", n(now.unix_timestamp()))
            .build()?;
        let mut parts = vec![TransactWriteItem::builder().update(update).build()];
        parts.extend(reserve);
        self.take_room(parts, 0).await
    }

    /// Deleted -> pending: a version of `size` bytes is about to become the current one, and has room in the quota. Not
    /// before S3 was told of the deletion: that would hide the version again.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn bring_back(
        &self,
        quotas: &Quotas,
        upload: &Upload,
        size: Size,
        now: OffsetDateTime,
    ) -> Result<Announced, StoreError> {
        let Some(reserve) = quotas.take(upload.owner, size)? else {
            return Ok(Announced::QuotaExceeded);
        };
        let update = self
            .update(upload)
            .update_expression(
                "SET #status = :pending, #size = :size, \
                 due_shard = :shard, due_at = :due REMOVE expires_at",
            )
            .condition_expression("#status = :deleted AND attribute_not_exists(hiding)")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#size", "size")
            .expression_attribute_values(":pending", s("pending"))
            .expression_attribute_values(":deleted", s("deleted"))
            .expression_attribute_values(":size", n(size.bytes()))
            .expression_attribute_values(":shard", s(due::shard(upload.id)))
            .expression_attribute_values(":due", n((now + due::FIRST_LOOK).unix_timestamp()))
            .build()?;
        let parts = vec![TransactWriteItem::builder().update(update).build(), reserve];
        self.take_room(parts, 0).await
    }

    /// Does all `parts`. If their transaction is refused, it is because somebody was quicker when the condition of the
    /// part number `rival` failed, and for want of room when it did not.
    async fn take_room(
        &self,
        parts: Vec<TransactWriteItem>,
        rival: usize,
    ) -> Result<Announced, StoreError> {
        Ok(match transact(&self.0.client, parts).await? {
            Outcome::Committed => Announced::Created,
            Outcome::Refused(failed) if failed.get(rival) == Some(&true) => Announced::KeyUsed,
            Outcome::Refused(_) => Announced::QuotaExceeded,
        })
    }
}
