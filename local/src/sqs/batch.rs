//! Batches: each entry has its own outcome.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-batch-api-actions.html>

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{SqsError, request::Input};

/// The maximum number of entries.
const MAX_ENTRIES: usize = 10;

/// Runs an operation for each entry.
pub(super) fn run(
    input: &Input<'_>,
    operation: impl Fn(&Input<'_>) -> Result<Value, SqsError>,
) -> Result<Value, SqsError> {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries(input)? {
        match operation(&Input::new(entry)) {
            Ok(mut done) => {
                done["Id"] = entry["Id"].clone();
                successful.push(done);
            }
            Err(error) => failed.push(json!({
                "Id": entry["Id"], "SenderFault": true, "Code": error.code, "Message": error.message,
            })),
        }
    }
    let mut response = json!({ "Successful": successful });
    if !failed.is_empty() {
        response["Failed"] = json!(failed);
    }
    Ok(response)
}

/// Returns the entries of a batch. Their ids are valid and different.
pub(super) fn entries<'a>(input: &Input<'a>) -> Result<&'a [Value], SqsError> {
    let entries = input
        .get("Entries")
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if entries.is_empty() {
        return Err(SqsError::prefixed(
            "EmptyBatchRequest",
            "There should be at least one SendMessageBatchRequestEntry in the request.",
        ));
    }
    if entries.len() > MAX_ENTRIES {
        return Err(SqsError::prefixed(
            "TooManyEntriesInBatchRequest",
            format!(
                "Maximum number of entries per request are {MAX_ENTRIES}. You have sent {}.",
                entries.len()
            ),
        ));
    }
    let mut ids = BTreeSet::new();
    for entry in entries {
        let id = entry["Id"].as_str().unwrap_or_default();
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if id.is_empty() || id.len() > 80 || !id.bytes().all(is_valid) {
            return Err(SqsError::prefixed(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters \
                 long.",
            ));
        }
        if !ids.insert(id) {
            return Err(SqsError::prefixed(
                "BatchEntryIdsNotDistinct",
                format!("Id {id} repeated."),
            ));
        }
    }
    Ok(entries)
}
