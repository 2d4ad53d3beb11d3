use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, ReturnValue, TransactWriteItem, Update},
};
use domain::{Upload, UploadId, UploadStatus, UserId, upload::Size};
use settings::{Env, EnvError};
use time::{Duration, OffsetDateTime};

use crate::{
    Quotas, StoreError,
    row::{at, n, s},
    table::{Table, is_conditional_check},
    transaction::{Outcome, transact, when_free},
};

mod due;
mod item;
mod list;
mod room;
mod unlock;

use self::item::read;
pub use self::{
    due::{Due, SHARDS},
    room::Announced,
};

/// How long the record of an upload is kept that failed or was deleted: far longer than S3 keeps its versions by default.
const TOMBSTONE: Duration = Duration::days(90);
const STORED: &str =
    "SET #status = :stored, #size = :size, stored_at = :stored_at, version_id = :version";
/// `hiding`: S3 is still to be told, by whoever made the change or by the reconciler.
const OVER: &str =
    "SET #status = :over, expires_at = :expires, due_shard = :shard, due_at = :now, hiding = :true";

/// Who brings what: owner and upload id -> upload. An index holds those that somebody has to look at.
#[derive(Debug, Clone)]
pub struct Uploads(pub(crate) Table);

/// How a step in an upload's life ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It is taken, now or by an earlier try of the same.
    Done(Box<Upload>),
    /// The upload is past it, or may not take it: this is how it stands.
    Refused(Box<Upload>),
    /// There is no such upload.
    Gone,
}

/// What S3 has, as far as it changes an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Bytes.
    pub size: Size,
    /// S3's name of the version.
    pub version_id: Option<String>,
    /// When S3 had all of it.
    pub at: OffsetDateTime,
}

impl Uploads {
    /// The table that `UPLOADS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "UPLOADS_TABLE").map(Self)
    }

    /// An upload of this owner. Strongly consistent: people see what they just did.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, owner: UserId, id: UploadId) -> Result<Option<Upload>, StoreError> {
        let key = [("owner", owner.to_string()), ("id", id.to_string())];
        self.0.find(key).await?.map(read).transpose()
    }

    /// Pending -> stored, or another version of a stored one, unless that is locked. What a form or a restored version
    /// does not need of the bytes that were set aside for it goes back to the quota; what it has beyond them is charged,
    /// room or not, because S3 has it.
    ///
    /// A form works until it expires, so an upload that came by one stays due until then.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn store(
        &self,
        quotas: &Quotas,
        upload: &Upload,
        received: &Received,
        now: OffsetDateTime,
    ) -> Result<Step, StoreError> {
        let version = received.version_id.as_ref().map(s);
        let mut update = self
            .update(upload)
            // The size is what the quota was charged with: nobody else may have changed it meanwhile.
            .condition_expression(
                "#status IN (:pending, :stored) AND #size = :charged AND (attribute_not_exists(locked_until) \
                 OR locked_until <= :now OR version_id = :version)",
            )
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#size", "size")
            .expression_attribute_values(":stored", s("stored"))
            .expression_attribute_values(":pending", s("pending"))
            .expression_attribute_values(":size", n(received.size.bytes()))
            .expression_attribute_values(":charged", n(upload.size.bytes()))
            .expression_attribute_values(":now", n(now.unix_timestamp()))
            .expression_attribute_values(":stored_at", at(received.at))
            .expression_attribute_values(":version", version.unwrap_or(AttributeValue::Null(true)));
        update = if upload.may_be_replaced(now) {
            update
                .update_expression(format!("{STORED}, due_shard = :shard, due_at = :due"))
                .expression_attribute_values(":shard", s(due::shard(upload.id)))
                .expression_attribute_values(":due", n(upload.given_up_at().unix_timestamp()))
        } else {
            update.update_expression(format!("{STORED} REMOVE due_shard, due_at"))
        };
        let charge = quotas.change(upload.owner, upload.size, received.size)?;
        self.step(upload, update, charge).await
    }

    /// Pending -> failed, or deleted again if it was stored once and did not come back. The bytes go back to the quota.
    /// It stays due until [`Uploads::settled`].
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn fail(
        &self,
        quotas: &Quotas,
        upload: &Upload,
        now: OffsetDateTime,
    ) -> Result<Step, StoreError> {
        let over = if upload.was_stored() {
            UploadStatus::Deleted
        } else {
            UploadStatus::Failed
        };
        let update = self
            .update(upload)
            .update_expression(OVER)
            .condition_expression("#status = :pending AND #size = :charged")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#size", "size")
            .expression_attribute_values(":over", s(over.as_str()))
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":shard", s(due::shard(upload.id)))
            .expression_attribute_values(":now", n(now.unix_timestamp()))
            .expression_attribute_values(":pending", s("pending"))
            .expression_attribute_values(":charged", n(upload.size.bytes()))
            .expression_attribute_values(":expires", n((now + TOMBSTONE).unix_timestamp()));
        self.step(upload, update, quotas.give_back(upload.owner, upload.size)?)
            .await
    }

    /// Pending or stored -> deleted, unless it is locked. The bytes go back to the quota. It stays due until
    /// [`Uploads::settled`]: S3 is told after this, and the reconciler does it if nobody else can.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn delete(
        &self,
        quotas: &Quotas,
        upload: &Upload,
        now: OffsetDateTime,
    ) -> Result<Step, StoreError> {
        let update = self
            .update(upload)
            .update_expression(OVER)
            .condition_expression(
                "#status IN (:pending, :stored) AND #size = :charged \
                 AND (attribute_not_exists(locked_until) OR locked_until <= :now)",
            )
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#size", "size")
            .expression_attribute_values(":over", s("deleted"))
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":pending", s("pending"))
            .expression_attribute_values(":stored", s("stored"))
            .expression_attribute_values(":charged", n(upload.size.bytes()))
            .expression_attribute_values(":shard", s(due::shard(upload.id)))
            .expression_attribute_values(":now", n(now.unix_timestamp()))
            .expression_attribute_values(":expires", n((now + TOMBSTONE).unix_timestamp()));
        self.step(upload, update, quotas.give_back(upload.owner, upload.size)?)
            .await
    }

    /// Locks a stored upload until `until`; never for less than it is locked already.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn lock(&self, upload: &Upload, until: OffsetDateTime) -> Result<Step, StoreError> {
        let update = self
            .update(upload)
            .update_expression("SET locked_until = :until")
            .condition_expression(
                "#status = :stored AND (attribute_not_exists(locked_until) OR locked_until <= :until)",
            )
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":stored", s("stored"))
            .expression_attribute_values(":until", n(until.unix_timestamp()));
        self.step(upload, update, None).await
    }

    fn update(&self, upload: &Upload) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        Update::builder()
            .table_name(&self.0.name)
            .key("owner", s(upload.owner.to_string()))
            .key("id", s(upload.id.to_string()))
    }

    /// One step of the record, with what it changes in the quota. Refused, it is read again: it may have been taken
    /// by the same event, which S3 may send more than once, or by a try whose reply got lost.
    async fn step(
        &self,
        upload: &Upload,
        update: aws_sdk_dynamodb::types::builders::UpdateBuilder,
        charge: Option<TransactWriteItem>,
    ) -> Result<Step, StoreError> {
        let mut parts = vec![TransactWriteItem::builder().update(update.build()?).build()];
        parts.extend(charge);
        let outcome = transact(&self.0.client, parts).await?;
        let now = self.find(upload.owner, upload.id).await?.map(Box::new);
        Ok(match (outcome, now) {
            (_, None) => Step::Gone,
            (Outcome::Committed, Some(upload)) => Step::Done(upload),
            (Outcome::Refused(_), Some(upload)) => Step::Refused(upload),
        })
    }

    /// S3 was told. Nobody has to look at it any more, but once when nothing of it can come any more: until then
    /// somebody with its URL can still send it, and the event that tells of it may be lost.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn settled(&self, upload: &Upload, now: OffsetDateTime) -> Result<(), StoreError> {
        let end = upload.given_up_at();
        self.due_again(upload, (now < end).then_some(end)).await
    }

    async fn due_again(
        &self,
        upload: &Upload,
        next: Option<OffsetDateTime>,
    ) -> Result<(), StoreError> {
        let Table { client, name } = &self.0;
        let update = client
            .update_item()
            .table_name(name)
            .key("owner", s(upload.owner.to_string()))
            .key("id", s(upload.id.to_string()))
            // Only while it is as it was looked at.
            .condition_expression("#status = :status AND attribute_exists(due_at)")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", s(upload.status.as_str()))
            .return_values(ReturnValue::None);
        let update = match next {
            Some(next) => update
                .update_expression("SET due_at = :next REMOVE hiding")
                .expression_attribute_values(":next", n(next.unix_timestamp())),
            None => update.update_expression("REMOVE due_shard, due_at, hiding"),
        };
        match when_free(|| update.clone().send()).await {
            Err(error) if !is_conditional_check(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }
}
