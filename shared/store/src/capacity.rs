//! Counts the capacity units that `DynamoDB` consumes.

use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef},
    },
    error::BoxError,
    operation::{
        batch_get_item::{BatchGetItemInput, BatchGetItemOutput},
        delete_item::{DeleteItemError, DeleteItemInput, DeleteItemOutput},
        get_item::{GetItemInput, GetItemOutput},
        put_item::{PutItemError, PutItemInput, PutItemOutput},
        query::{QueryInput, QueryOutput},
        scan::{ScanInput, ScanOutput},
        transact_write_items::{
            TransactWriteItemsError, TransactWriteItemsInput, TransactWriteItemsOutput,
        },
        update_item::{UpdateItemError, UpdateItemInput, UpdateItemOutput},
    },
    types::{ConsumedCapacity, ReturnConsumedCapacity},
};
use aws_smithy_runtime_api::client::interceptors::context::Error;
use metrics::Metric;

/// Requests the consumed capacity with each operation of this crate, and counts it.
///
/// `DynamoDB` does not report the capacity of a write whose condition fails, although it consumes as much as a write
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html>, "Conditional writes"). It is
/// counted as one unit, and as two units for each part of a transaction: the capacity of items of up to 1 KB.
#[derive(Debug)]
pub(crate) struct CountCapacity;

impl Intercept for CountCapacity {
    fn name(&self) -> &'static str {
        "CountCapacity"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        macro_rules! request_capacity {
            ($($input:ty,)+) => {
                $(if let Some(input) = input.downcast_mut::<$input>() {
                    input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
                })else+
            };
        }
        request_capacity!(
            BatchGetItemInput,
            GetItemInput,
            QueryInput,
            ScanInput,
            PutItemInput,
            UpdateItemInput,
            DeleteItemInput,
            TransactWriteItemsInput,
        );
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match context.output_or_error() {
            Some(Ok(output)) => {
                if let Some(output) = output.downcast_ref::<GetItemOutput>() {
                    count(Metric::ReadUnits, output.consumed_capacity());
                } else if let Some(output) = output.downcast_ref::<BatchGetItemOutput>() {
                    for table in output.consumed_capacity() {
                        count(Metric::ReadUnits, Some(table));
                    }
                } else if let Some(output) = output.downcast_ref::<QueryOutput>() {
                    count(Metric::ReadUnits, output.consumed_capacity());
                } else if let Some(output) = output.downcast_ref::<ScanOutput>() {
                    count(Metric::ReadUnits, output.consumed_capacity());
                } else if let Some(output) = output.downcast_ref::<PutItemOutput>() {
                    count(Metric::WriteUnits, output.consumed_capacity());
                } else if let Some(output) = output.downcast_ref::<UpdateItemOutput>() {
                    count(Metric::WriteUnits, output.consumed_capacity());
                } else if let Some(output) = output.downcast_ref::<DeleteItemOutput>() {
                    count(Metric::WriteUnits, output.consumed_capacity());
                } else if let Some(output) = output.downcast_ref::<TransactWriteItemsOutput>() {
                    for table in output.consumed_capacity() {
                        count_transaction(table);
                    }
                }
            }
            Some(Err(error)) => {
                let refused = error.as_operation_error().map_or(0, refused_units);
                metrics::add(Metric::WriteUnits, refused);
            }
            None => {}
        }
        Ok(())
    }
}

fn count(metric: Metric, consumed: Option<&ConsumedCapacity>) {
    if let Some(units) = consumed.and_then(ConsumedCapacity::capacity_units) {
        metrics::add_units(metric, units);
    }
}

/// Counts the capacity of one table. A repeated transaction with the same token is a read.
fn count_transaction(consumed: &ConsumedCapacity) {
    match (
        consumed.read_capacity_units(),
        consumed.write_capacity_units(),
    ) {
        (None, None) => count(Metric::WriteUnits, Some(consumed)),
        (read, write) => {
            metrics::add_units(Metric::ReadUnits, read.unwrap_or_default());
            metrics::add_units(Metric::WriteUnits, write.unwrap_or_default());
        }
    }
}

/// Returns the units of a write that was refused because of a condition.
fn refused_units(error: &Error) -> u64 {
    let is_refused = matches!(
        error.downcast_ref(),
        Some(PutItemError::ConditionalCheckFailedException(_))
    ) || matches!(
        error.downcast_ref(),
        Some(UpdateItemError::ConditionalCheckFailedException(_))
    ) || matches!(
        error.downcast_ref(),
        Some(DeleteItemError::ConditionalCheckFailedException(_))
    );
    match error.downcast_ref() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            let reasons = cancelled.cancellation_reasons();
            let is_refused = reasons
                .iter()
                .any(|reason| reason.code() == Some("ConditionalCheckFailed"));
            let parts = u64::try_from(reasons.len()).unwrap_or_default();
            if is_refused { 2 * parts } else { 0 }
        }
        _ => u64::from(is_refused),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{
        CancellationReason,
        error::{ConditionalCheckFailedException, TransactionCanceledException},
    };

    use super::*;

    fn refused(reasons: &[&str]) -> u64 {
        let reasons = reasons
            .iter()
            .map(|code| CancellationReason::builder().code(*code).build())
            .collect();
        let cancelled = TransactionCanceledException::builder()
            .set_cancellation_reasons(Some(reasons))
            .build();
        refused_units(&Error::erase(
            TransactWriteItemsError::TransactionCanceledException(cancelled),
        ))
    }

    #[test]
    fn a_failed_condition_consumes_as_much_as_a_write() {
        let failed = || ConditionalCheckFailedException::builder().build();
        let put = PutItemError::ConditionalCheckFailedException(failed());
        assert_eq!(refused_units(&Error::erase(put)), 1);
        let update = UpdateItemError::ConditionalCheckFailedException(failed());
        assert_eq!(refused_units(&Error::erase(update)), 1);
        let delete = DeleteItemError::ConditionalCheckFailedException(failed());
        assert_eq!(refused_units(&Error::erase(delete)), 1);
        assert_eq!(refused(&["None", "ConditionalCheckFailed", "None"]), 6);
    }

    #[test]
    fn a_conflict_or_a_throttle_consumes_nothing() {
        assert_eq!(refused(&["None", "TransactionConflict"]), 0);
        assert_eq!(refused(&["ThrottlingError", "None"]), 0);
    }
}
