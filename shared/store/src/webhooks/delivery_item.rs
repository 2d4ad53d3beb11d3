use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    EndpointId, EventId,
    webhook::{Attempt, AttemptResult, Delivery, DeliveryStatus, FailureKind},
};
use time::Duration;

use super::due;
use crate::{
    StoreError,
    row::{Row, item, milliseconds, n, s},
    write::Item,
};

/// How long a delivery is kept.
pub(super) const LIFETIME: Duration = Duration::days(30);

/// The item of a new delivery.
pub(super) fn write(delivery: &Delivery) -> Item {
    let mut item = item([
        ("endpoint", s(delivery.endpoint.to_string())),
        ("event", s(delivery.event.to_string())),
        ("event_type", s(&delivery.event_type)),
        ("status", s(delivery.status.as_str())),
        ("made", n(delivery.made)),
        ("attempts", attempts(&delivery.attempts)),
        ("erase_at_end", AttributeValue::Bool(delivery.erase_at_end)),
        ("created_at", milliseconds(delivery.created_at)),
        (
            "expires_at",
            n((delivery.created_at + LIFETIME).unix_timestamp()),
        ),
    ]);
    if let Some(payload) = &delivery.payload {
        item.insert("payload".to_owned(), s(payload));
    }
    if let Some(next_at) = delivery.next_at {
        item.insert("next_at".to_owned(), milliseconds(next_at));
        item.insert("due_shard".to_owned(), s(due::shard(delivery.event)));
        let due_at = due::due_at(next_at, delivery.created_at);
        item.insert("due_at".to_owned(), n(due_at.unix_timestamp()));
    }
    item
}

pub(super) fn attempts(attempts: &[Attempt]) -> AttributeValue {
    AttributeValue::L(attempts.iter().map(write_attempt).collect())
}

fn write_attempt(attempt: &Attempt) -> AttributeValue {
    let result = match attempt.result {
        AttemptResult::Status(status) => ("status", n(status)),
        AttemptResult::Failed(kind) => ("failure", s(kind.as_str())),
    };
    AttributeValue::M(item([
        ("at", milliseconds(attempt.at)),
        result,
        ("ms", n(attempt.duration_ms)),
    ]))
}

pub(super) fn read(mut row: Row) -> Result<Delivery, StoreError> {
    let status = |word: &str| DeliveryStatus::parse(word).ok_or(());
    let attempts = row.list("attempts")?;
    Ok(Delivery {
        endpoint: row.parsed("endpoint", EndpointId::parse)?,
        event: row.parsed("event", EventId::parse)?,
        event_type: row.text("event_type")?,
        status: row.parsed("status", status)?,
        made: row.number("made")?,
        attempts: attempts
            .into_iter()
            .map(read_attempt)
            .collect::<Result<_, _>>()?,
        next_at: row.optional_milliseconds("next_at"),
        payload: row.optional_text("payload"),
        erase_at_end: row.flag("erase_at_end")?,
        created_at: row
            .optional_milliseconds("created_at")
            .ok_or(StoreError::Corrupt("created_at"))?,
    })
}

fn read_attempt(value: AttributeValue) -> Result<Attempt, StoreError> {
    const UNREADABLE: StoreError = StoreError::Corrupt("attempts");
    let AttributeValue::M(map) = value else {
        return Err(UNREADABLE);
    };
    let mut row = Row(HashMap::from_iter(map));
    let status = row.optional_number("status").map(AttemptResult::Status);
    let failure = row.optional_text("failure");
    let failure = failure.and_then(|word| FailureKind::parse(&word));
    Ok(Attempt {
        at: row.optional_milliseconds("at").ok_or(UNREADABLE)?,
        result: status
            .or(failure.map(AttemptResult::Failed))
            .ok_or(UNREADABLE)?,
        duration_ms: row.number("ms")?,
    })
}
