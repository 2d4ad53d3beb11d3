use aws_sdk_dynamodb::{
    Client, operation::update_item::UpdateItemError, types::ReturnValuesOnConditionCheckFailure,
};

use super::Table;
use crate::{
    Edit, Error, Item,
    lock::Lock,
    send::{Failed, send, try_of},
    steps::Change,
};

/// How often an item is read again that changes before it is written.
const MAX_CONFLICTS: usize = 50;

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// It has the new shape now.
    Changed,
    /// It had the new shape, or it was deleted.
    Unchanged,
    /// The step cannot change it.
    Unusable,
}

impl Table {
    /// Changes an item that was read. If it has changed since then, the change is made for the item as it is now.
    pub(super) async fn change(
        &self,
        client: &Client,
        lock: &Lock,
        change: &Change,
        mut item: Item,
    ) -> Result<Written, Error> {
        let mut may_be_written = false;
        for _ in 0..MAX_CONFLICTS {
            let edit = match change(&item) {
                Ok(Some(edit)) => edit,
                // An earlier try was executed, but its reply got lost.
                Ok(None) if may_be_written => return Ok(Written::Changed),
                Ok(None) => return Ok(Written::Unchanged),
                Err(_) => return Ok(Written::Unusable),
            };
            match self.write(client, lock, &edit, &item).await? {
                Outcome::Written => return Ok(Written::Changed),
                Outcome::Deleted => return Ok(Written::Unchanged),
                Outcome::Conflict(current, is_ambiguous) => {
                    item = current;
                    may_be_written |= is_ambiguous;
                }
            }
        }
        Err(Error::KeepsChanging(self.name.clone()))
    }

    async fn write(
        &self,
        client: &Client,
        lock: &Lock,
        edit: &Edit,
        item: &Item,
    ) -> Result<Outcome, Error> {
        let update = edit.update(item, &self.keys);
        let values = (!update.values.is_empty()).then_some(update.values);
        let request = client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(self.key(item)))
            .update_expression(update.changes)
            .condition_expression(update.condition)
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let sent = send(|| lock.check(), try_of!(request));
        let Err(Failed {
            error,
            is_ambiguous,
        }) = sent.await?
        else {
            return Ok(Outcome::Written);
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                let current = failed.item().filter(|item| !item.is_empty());
                Ok(current.map_or(Outcome::Deleted, |item| {
                    Outcome::Conflict(item.clone(), is_ambiguous)
                }))
            }
            _ => Err(Error::aws("dynamodb:UpdateItem", &self.name, &error)),
        }
    }
}

/// How a write ended.
enum Outcome {
    Written,
    /// The item is as it is now. The flag says whether an earlier try of this write may have been executed.
    Conflict(Item, bool),
    Deleted,
}
