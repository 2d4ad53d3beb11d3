use domain::Upload;
use time::OffsetDateTime;

use super::Uploads;
use crate::{
    StoreError,
    row::{n, s},
    table::{Table, is_conditional_check},
    transaction::when_free,
};

impl Uploads {
    /// Removes the lock from the record of an upload, if it still ends at `until`: a lock that was set meanwhile stays.
    ///
    /// Returns whether the record has no lock of that end any more. Idempotent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn unlock(&self, upload: &Upload, until: OffsetDateTime) -> Result<bool, StoreError> {
        let Table { client, name } = &self.0;
        let update = client
            .update_item()
            .table_name(name)
            .key("owner", s(upload.owner.to_string()))
            .key("id", s(upload.id.to_string()))
            .update_expression("REMOVE locked_until")
            // Without a record, an update would make one; without a lock, this one is done.
            .condition_expression(
                "attribute_exists(id) AND (attribute_not_exists(locked_until) OR locked_until = :until)",
            )
            .expression_attribute_values(":until", n(until.unix_timestamp()));
        match when_free(|| update.clone().send()).await {
            Ok(_) => Ok(true),
            Err(error) if is_conditional_check(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
