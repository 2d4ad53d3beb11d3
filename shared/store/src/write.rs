use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::{
        delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError,
    },
    types::{
        AttributeValue, ConditionCheck, Delete, Put, ReturnValue,
        ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
    },
};
use uuid::Uuid;

use crate::{
    StoreError,
    expression::Expression,
    row::{Row, s},
    table::Table,
    transaction::retry_conflicts,
};

/// The condition of a write, with its names and values.
macro_rules! conditional {
    ($write:expr, $expression:expr) => {
        $write
            .set_condition_expression($expression.condition())
            .set_expression_attribute_names($expression.names())
            .set_expression_attribute_values($expression.values())
    };
}

/// The attributes of an item, or of its key.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A write of one item, on a condition: sent alone, or as a part of a [`crate::transaction::Transaction`].
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub table: Table,
    operation: Operation,
    expression: Expression,
}

/// A part of a transaction that writes nothing: the condition on an item that another part depends on.
#[derive(Debug, Clone)]
pub(crate) struct Check {
    table: Table,
    key: Item,
    expression: Expression,
}

#[derive(Debug, Clone)]
enum Operation {
    Put(Item),
    Update(Item),
    Delete(Item),
}

/// How a write of one item ended.
#[derive(Debug)]
pub(crate) enum Written {
    /// The item is written. The attributes that the write returns, if it returns any.
    Done(Option<Row>),
    /// The condition failed. The item as it is, if the write asked for it and there is one.
    ConditionFailed(Option<Row>),
}

impl Written {
    /// Whether the item is written.
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}

impl Write {
    pub fn put(table: &Table, item: Item) -> Self {
        Self::new(table, Operation::Put(item))
    }

    pub fn update(table: &Table, key: Item) -> Self {
        Self::new(table, Operation::Update(key))
    }

    pub fn delete(table: &Table, key: Item) -> Self {
        Self::new(table, Operation::Delete(key))
    }

    fn new(table: &Table, operation: Operation) -> Self {
        Self {
            table: table.clone(),
            operation,
            expression: Expression::default(),
        }
    }

    /// As [`Expression::set`].
    pub fn set(mut self, assignments: impl Into<String>) -> Self {
        self.expression.set(assignments);
        self
    }

    /// As [`Expression::remove`].
    pub fn remove(mut self, attributes: impl Into<String>) -> Self {
        self.expression.remove(attributes);
        self
    }

    /// As [`Expression::add`].
    pub fn add(mut self, numbers: impl Into<String>) -> Self {
        self.expression.add(numbers);
        self
    }

    /// As [`Expression::only_if`].
    pub fn only_if(mut self, condition: impl Into<String>) -> Self {
        self.expression.only_if(condition);
        self
    }

    /// As [`Expression::bind`].
    pub fn bind<P: Into<String>>(
        mut self,
        values: impl IntoIterator<Item = (P, AttributeValue)>,
    ) -> Self {
        self.expression.bind(values);
        self
    }

    /// Sends the write alone, and again while a transaction has the item.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn send(self) -> Result<Written, StoreError> {
        let no_item = ReturnValuesOnConditionCheckFailure::None;
        self.send_returning(ReturnValue::None, no_item).await
    }

    /// Sends an update alone, and returns the attributes that `returned` names.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn send_for(self, returned: ReturnValue) -> Result<Written, StoreError> {
        let no_item = ReturnValuesOnConditionCheckFailure::None;
        self.send_returning(returned, no_item).await
    }

    /// Sends an update alone with a mark of its own in `write_id`, by which it finds its own work when the reply to the first
    /// try got lost (docs/adr/0007-an-update-knows-its-own-work.md).
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn send_marked(self, returned: ReturnValue) -> Result<Written, StoreError> {
        let write_id = s(Uuid::new_v4().to_string());
        let update = self
            .set("write_id = :write_id")
            .only_if("NOT write_id = :write_id")
            .bind([(":write_id", write_id.clone())]);
        let item = ReturnValuesOnConditionCheckFailure::AllOld;
        Ok(match update.send_returning(returned, item).await? {
            Written::ConditionFailed(Some(Row(item)))
                if item.get("write_id") == Some(&write_id) =>
            {
                Written::Done(Some(Row(item)))
            }
            written => written,
        })
    }

    async fn send_returning(
        self,
        returned: ReturnValue,
        on_failure: ReturnValuesOnConditionCheckFailure,
    ) -> Result<Written, StoreError> {
        let (table, expression) = (&self.table, &self.expression);
        match self.operation {
            Operation::Put(item) => put(table, item, expression).await,
            Operation::Update(key) => update(table, key, expression, returned, on_failure).await,
            Operation::Delete(key) => delete(table, key, expression).await,
        }
    }

    /// The write as a part of a transaction.
    pub fn into_part(self) -> Result<TransactWriteItem, StoreError> {
        let (expression, name) = (&self.expression, self.table.name);
        let part = TransactWriteItem::builder();
        let part = match self.operation {
            Operation::Put(item) => {
                let put = Put::builder().table_name(name).set_item(Some(item));
                part.put(conditional!(put, expression).build()?)
            }
            Operation::Update(key) => {
                let update = Update::builder()
                    .table_name(name)
                    .set_key(Some(key))
                    .set_update_expression(expression.update());
                part.update(conditional!(update, expression).build()?)
            }
            Operation::Delete(key) => {
                let delete = Delete::builder().table_name(name).set_key(Some(key));
                part.delete(conditional!(delete, expression).build()?)
            }
        };
        Ok(part.build())
    }
}

async fn put(table: &Table, item: Item, expression: &Expression) -> Result<Written, StoreError> {
    let put = table.client.put_item().table_name(&table.name);
    let put = conditional!(put.set_item(Some(item)), expression);
    let Err(error) = retry_conflicts(|| put.clone().send()).await else {
        return Ok(Written::Done(None));
    };
    match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(_)) => {
            Ok(Written::ConditionFailed(None))
        }
        _ => Err(error.into()),
    }
}

async fn update(
    table: &Table,
    key: Item,
    expression: &Expression,
    returned: ReturnValue,
    on_failure: ReturnValuesOnConditionCheckFailure,
) -> Result<Written, StoreError> {
    let update = table.client.update_item().table_name(&table.name);
    let update = conditional!(update.set_key(Some(key)), expression)
        .set_update_expression(expression.update())
        .return_values(returned)
        .return_values_on_condition_check_failure(on_failure);
    let error = match retry_conflicts(|| update.clone().send()).await {
        Ok(output) => return Ok(Written::Done(output.attributes.map(Row))),
        Err(error) => error,
    };
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
            let item = failed.item().filter(|item| !item.is_empty());
            Ok(Written::ConditionFailed(item.cloned().map(Row)))
        }
        _ => Err(error.into()),
    }
}

async fn delete(table: &Table, key: Item, expression: &Expression) -> Result<Written, StoreError> {
    let delete = table.client.delete_item().table_name(&table.name);
    let delete = conditional!(delete.set_key(Some(key)), expression);
    let Err(error) = retry_conflicts(|| delete.clone().send()).await else {
        return Ok(Written::Done(None));
    };
    match error.as_service_error() {
        Some(DeleteItemError::ConditionalCheckFailedException(_)) => {
            Ok(Written::ConditionFailed(None))
        }
        _ => Err(error.into()),
    }
}

impl Check {
    pub fn new(table: &Table, key: Item, condition: impl Into<String>) -> Self {
        let mut expression = Expression::default();
        expression.only_if(condition);
        Self {
            table: table.clone(),
            key,
            expression,
        }
    }

    /// As [`Expression::bind`].
    pub fn bind<P: Into<String>>(
        mut self,
        values: impl IntoIterator<Item = (P, AttributeValue)>,
    ) -> Self {
        self.expression.bind(values);
        self
    }

    /// The check as a part of a transaction.
    pub fn into_part(self) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(self.table.name)
            .set_key(Some(self.key));
        let check = conditional!(check, self.expression).build()?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }
}
