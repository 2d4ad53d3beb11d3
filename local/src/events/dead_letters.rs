//! Sends what failed for good to dead-letter queues, in the formats of Lambda and `EventBridge`.

use bytes::Bytes;
use clock::Clock;
use sam_template::{Rule, RuleTarget};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::{
    function::Failure,
    function::Pool,
    iam::Principals,
    lambda::describe,
    sqs::{NewMessage, Queues},
};

/// The service that sends events.
pub(super) const EVENTS: &str = "events.amazonaws.com";

/// Why an event was not delivered to the target of a rule.
pub(super) struct Undelivered {
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// An invocation that failed for good.
pub(super) struct FailedInvocation<'a> {
    pub(super) id: &'a str,
    pub(super) tries: u32,
    /// `None` when the function reported failed records.
    pub(super) failure: Option<&'a Failure>,
}

/// Sends the record of a failed invocation to the queue with the ARN `destination`, with the function's role. Returns what
/// happened, for a warning.
pub(super) fn send_record(
    queues: &Queues,
    principals: &Principals,
    pool: &Pool,
    destination: Option<&str>,
    record: &Value,
) -> String {
    let Some(arn) = destination else {
        return "is lost: there is no dead-letter queue".to_owned();
    };
    let role = principals.role_of(&pool.function().logical_id);
    if let Some(Err(denied)) = role.map(|role| role.check("sqs:SendMessage", arn)) {
        return format!("is lost: {denied}");
    }
    let Some(queue) = queues.find_arn(arn) else {
        return format!("is lost: {arn} is not a queue of the template");
    };
    let message = NewMessage::of(&pool.function().role, record.to_string());
    match queues.send(queue, &message) {
        Ok(_) => format!("is now in the dead-letter queue {}", queue.name),
        Err(error) => format!("is lost: {error}"),
    }
}

/// Returns the record of an asynchronous invocation
/// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>).
pub(super) fn async_record(
    pool: &Pool,
    failed: &FailedInvocation<'_>,
    event: &Bytes,
    clock: &Clock,
) -> Value {
    let mut record = context(pool, failed, "RetriesExhausted", clock);
    record["requestPayload"] = serde_json::from_slice(event).unwrap_or_default();
    if let Some(failure) = failed.failure {
        let payload = describe(failure, failed.id);
        record["responsePayload"] = serde_json::from_str(&payload).unwrap_or_default();
    }
    record
}

/// Returns the record of a batch of a stream, which has the positions of the records in place of the records
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>).
pub(super) fn stream_record(
    pool: &Pool,
    failed: &FailedInvocation<'_>,
    (stream, shard): (&str, &str),
    records: &[Value],
    clock: &Clock,
) -> Value {
    let part = |record: Option<&Value>, name: &str| {
        record.map_or(Value::Null, |record| record["dynamodb"][name].clone())
    };
    let time = |record: Option<&Value>| {
        let seconds = part(record, "ApproximateCreationDateTime").as_f64();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a fraction of a second is dropped"
        )]
        let seconds = seconds.unwrap_or_default() as i64;
        let time = ::time::OffsetDateTime::from_unix_timestamp(seconds).ok();
        time.and_then(|time| time.format(&Rfc3339).ok())
    };
    let (first, last) = (records.first(), records.last());
    let mut record = context(pool, failed, "RetryAttemptsExhausted", clock);
    record["DDBStreamBatchInfo"] = json!({
        "shardId": shard,
        "startSequenceNumber": part(first, "SequenceNumber"),
        "endSequenceNumber": part(last, "SequenceNumber"),
        "approximateArrivalOfFirstRecord": time(first),
        "approximateArrivalOfLastRecord": time(last),
        "batchSize": records.len(),
        "streamArn": stream,
    });
    record
}

fn context(pool: &Pool, failed: &FailedInvocation<'_>, condition: &str, clock: &Clock) -> Value {
    let mut response = json!({"statusCode": 200, "executedVersion": "$LATEST"});
    if failed.failure.is_some() {
        response["functionError"] = json!("Unhandled");
    }
    json!({
        "version": "1.0",
        "timestamp": clock.now().format(&Rfc3339).unwrap_or_default(),
        "requestContext": {
            "requestId": failed.id,
            "functionArn": format!("{}:$LATEST", pool.function().arn),
            "condition": condition,
            "approximateInvokeCount": failed.tries,
        },
        "responseContext": response,
    })
}

/// Sends an event that a rule did not deliver to the dead-letter queue of the target. Returns what happened, for a warning
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>).
pub(super) fn send_undelivered(
    queues: &Queues,
    rule: &Rule,
    target: &RuleTarget,
    event: &Value,
    why: &Undelivered,
) -> String {
    let Some(arn) = &target.dead_letters else {
        return "is lost: the target has no dead-letter queue".to_owned();
    };
    let Some(queue) = queues.find_arn(arn) else {
        return format!("is lost: {arn} is not a queue of the template");
    };
    if !queue.allows_service(EVENTS, &rule.arn) {
        return format!("is lost: the policy of {} does not allow it", queue.name);
    }
    let message = NewMessage::of(EVENTS, event.to_string())
        .with_text("RULE_ARN", &rule.arn)
        .with_text("TARGET_ARN", &target.arn)
        .with_text("ERROR_CODE", why.code)
        .with_text("ERROR_MESSAGE", &why.message);
    match queues.send(queue, &message) {
        Ok(_) => format!("is now in the dead-letter queue {}", queue.name),
        Err(error) => format!("is lost: {error}"),
    }
}
