use aws_sdk_dynamodb::{
    operation::update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    types::ReturnValuesOnConditionCheckFailure,
};
use uuid::Uuid;

use crate::{
    StoreError,
    row::{Row, s},
    transaction::retry_conflicts,
};

/// How an update with a mark ended.
pub(crate) enum Marked {
    /// It happened.
    Done,
    /// Its condition failed; the item as it is, if there is one.
    Refused(Option<Row>),
}

/// Sends an update with a mark of its own, by which it knows its work when the reply to the first try got lost
/// (docs/adr/0007-an-update-knows-its-own-work.md). The update sets `write_id` to `:write_id`.
pub(crate) async fn marked(update: UpdateItemFluentBuilder) -> Result<Marked, StoreError> {
    let write_id = s(Uuid::new_v4().to_string());
    let update = update
        .expression_attribute_values(":write_id", write_id.clone())
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let Err(error) = retry_conflicts(|| update.clone().send()).await else {
        return Ok(Marked::Done);
    };
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
            let item = failed.item().filter(|item| !item.is_empty());
            match item.and_then(|item| item.get("write_id")) {
                Some(mark) if *mark == write_id => Ok(Marked::Done),
                _ => Ok(Marked::Refused(item.cloned().map(Row))),
            }
        }
        _ => Err(error.into()),
    }
}
